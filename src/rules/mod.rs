//! The rules: one file each, in folders by what they are about, with a folder of its own where a rule has parts; `shared/` is what several
//! of them find alike.

pub(crate) mod deployment;
pub(crate) mod memory;
pub mod own;
pub(crate) mod per_row;
pub(crate) mod query;
pub(crate) mod schema;
pub(crate) mod shared;
pub(crate) mod waiting;

/// The largest rule page that is read.
pub(crate) const LARGEST_PAGE: u64 = 1_000_000;
