//! perfaudit
pub mod config;
pub mod coverage;
pub mod error;
pub mod finding;
pub mod ir;
pub mod libraries;
pub mod project;
pub mod source;
pub mod statement;
pub mod walk;
