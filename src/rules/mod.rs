//! Rules over the whole project.
pub mod blocking_index_creation;
pub mod invalid_index_definition;
pub mod redundant_index;
mod schema_fix;
#[cfg(test)]
mod schema_tests;
pub mod unindexed_foreign_key;
