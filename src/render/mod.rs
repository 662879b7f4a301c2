//! What is known, written as SQL: the schema as statements that make it, a statement of the model as a text that a planner reads.
//!
//! Names and values are those of strangers: every name is written by the one helper that quotes, and no piece of SQL of theirs is in
//! what a database is asked that was not read and written anew. What is only shown ([`text`]) can be the code's own text.

pub mod ddl;
pub mod statement;
pub mod text;
pub mod types;
