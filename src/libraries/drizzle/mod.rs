//! Drizzle: queries and tables.

mod index;
pub mod queries;
pub mod schema;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool, Trait};

/// Drizzle.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, schema::declared)],
    traits: &[
        Trait::RunsWhenAwaited,
        Trait::ModelsAreConstants,
        Trait::FollowsNamingStrategy,
        Trait::DeclaresForEachDatabase,
        Trait::DeclaresPartialIndexes,
        Trait::DeclaresNoDirections,
    ],
    index: Some(index::FORM),
    ..Library::named("drizzle")
};

/// Drizzle's tables.
pub const TOOL: Tool = Tool::of(&LIBRARY);
