//! `MikroORM`: queries and entities.

pub mod entities;
mod index;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[
        Trait::RunsWhenAwaited,
        Trait::AnswersFromMemory,
        Trait::HasIdentityMap,
        Trait::FollowsNamingStrategy,
        Trait::IndexesForeignKeys,
        Trait::KeysNameModels,
    ],
    index: Some(index::FORM),
    ..Profile::named("mikroorm")
};

/// `MikroORM`.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, entities::declared)],
    ..Library::of(&PROFILE)
};

/// `MikroORM`'s entities and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
