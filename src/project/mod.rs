//! The whole code base, linked: names across files, values, calls, effects, queries, schema.

pub mod eval;
pub mod imports;
pub mod loops;
pub mod scope;
