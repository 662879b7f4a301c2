//! Front ends: bytes to [`crate::ir`], to statements and to schema changes. The only code that knows node kinds of grammars.

mod builder;
pub mod comments;
pub mod component;
mod flat;
pub mod json;
pub mod manifest;
pub mod prisma;
pub mod python;
pub mod settings;
pub mod sql;
mod tagged;
pub mod template;
pub mod typescript;
pub mod yaml;
