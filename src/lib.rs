//! perfaudit: reads a codebase and its database schema and says, with evidence, where it will get slow.
pub mod finding;
pub mod ir;
pub mod libraries;
pub mod project;
pub mod rules;
pub mod source;
pub mod statement;
pub mod syntax;
