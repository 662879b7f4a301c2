//! Drizzle: queries and tables.

mod index;
pub mod queries;
pub mod schema;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[
        Trait::RunsWhenAwaited,
        Trait::ModelsAreConstants,
        Trait::FollowsNamingStrategy,
        Trait::DeclaresForEachDatabase,
        Trait::DeclaresPartialIndexes,
        Trait::DeclaresNoDirections,
    ],
    index: Some(index::FORM),
    ..Profile::named("drizzle")
};

/// Drizzle.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, schema::declared)],
    ..Library::of(&PROFILE)
};

/// Drizzle's tables.
pub const TOOL: Tool = Tool::of(&PROFILE);
