//! Which rows are read, by what key, where the key comes from, and whether two of them are the same.

pub mod equivalence;
pub mod figures;
pub mod keys;
pub mod origin;
pub mod reads;
