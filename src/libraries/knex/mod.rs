//! Knex: queries and migrations.

pub(crate) mod migrations;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool, Trait};

/// Knex.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    traits: &[Trait::RunsWhenAwaited],
    ..Library::named("knex")
};

/// Knex' migrations.
pub const TOOL: Tool = Tool::of(&LIBRARY);
