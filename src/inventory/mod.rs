//! What there is, beside what is wrong: the rows that reviewers read, and what was checked and is well.

pub mod build;
pub(crate) mod endpoints;
pub(crate) mod indexes;
pub(crate) mod queries;
pub mod rows;
pub mod strengths;
