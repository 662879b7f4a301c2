//! Front ends: bytes to [`crate::ir`], to statements and to schema changes. The only code that knows node kinds of grammars.

mod builder;
pub mod comments;
pub mod component;
pub mod config_entry;
pub mod facts;
mod flat;
pub mod graphql;
mod indent;
pub mod json;
pub(crate) mod large;
pub mod manifest;
mod nesting;
mod parse;
pub mod prisma;
pub mod python;
pub mod settings;
pub mod sql;
mod tagged;
pub mod template;
pub mod typescript;
pub mod yaml;

use crate::ir::{Language, Module};

/// A module of a language with nothing in it.
pub fn empty(language: Language) -> Module {
    builder::Builder::new(language, 0).finish(Vec::new())
}
