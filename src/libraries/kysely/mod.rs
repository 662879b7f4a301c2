//! Kysely: queries and migrations.

pub(crate) mod migrations;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool};

/// Kysely.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    ..Library::named("kysely")
};

/// Kysely's migrations.
pub const TOOL: Tool = Tool::of(&LIBRARY);
