//! The schema: indexes that are missing, of no use or built in a way that blocks, and drift.

pub mod blocking_index_creation;
pub mod invalid_index_definition;
pub mod missing_composite_index;
pub mod missing_index;
pub mod redundant_index;
pub mod schema_drift;
#[cfg(test)]
mod tests;
pub mod unindexed_foreign_key;
