//! Indexes: which ones queries need, which ones they use, and which one to make.

pub mod advisor;
pub mod demand;
pub mod foreign_keys;
pub mod relations;
pub mod serving;
pub mod uses;
