//! Indexes: which ones queries need, which ones they use, and which one to make.

pub mod advisor;
pub mod foreign_keys;
pub mod needs;
pub mod relations;
pub mod serving;
pub mod uses;
pub mod wanted;
