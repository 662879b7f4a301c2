//! Objection.js: models on top of Knex.

pub mod classes;
pub mod models;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool, Trait};

/// Objection.js.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, models::declared)],
    traits: &[Trait::RunsWhenAwaited, Trait::FollowsNamingStrategy, Trait::DeclaresNoIndexes],
    ..Library::named("objection")
};

/// Objection's models.
pub const TOOL: Tool = Tool::of(&LIBRARY);
