//! What to do about a finding: the text, the declaration and the DDL that fit the operation and the library.

pub mod collection;
pub mod index;
pub mod per_row;
pub mod texts;
