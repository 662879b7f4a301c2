//! `missing-composite-index`: groups of columns that no index serves together.

pub use super::missing_index::check_composite as check;
