//! Kysely: queries and migrations.

pub(crate) mod migrations;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool};

const PROFILE: Profile = Profile::named("kysely");

/// Kysely.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    ..Library::of(&PROFILE)
};

/// Kysely's migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
