//! Objection.js: models on top of Knex.

pub mod classes;
pub mod models;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenAwaited, Trait::FollowsNamingStrategy, Trait::DeclaresNoIndexes],
    ..Profile::named("objection")
};

/// Objection.js.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, models::declared)],
    ..Library::of(&PROFILE)
};

/// Objection's models.
pub const TOOL: Tool = Tool::of(&PROFILE);
