//! What several rules ask of the linked code: needs of indexes, rows that are read, repeated queries, waits, growth.

pub mod growth;
pub mod indexes;
pub mod redis;
pub mod repeats;
pub mod rows;
pub mod waits;
