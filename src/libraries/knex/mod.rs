//! Knex: queries and migrations.

pub(crate) mod migrations;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenAwaited],
    ..Profile::named("knex")
};

/// Knex.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    ..Library::of(&PROFILE)
};

/// Knex' migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
