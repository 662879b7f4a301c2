//! `TypeORM`: queries, entities and migrations.

mod active_record;
pub mod entities;
mod index;
pub(crate) mod migrations;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[
        Trait::FollowsNamingStrategy,
        Trait::KeysNameModels,
        Trait::DeclaresPartialIndexes,
        Trait::DeclaresNoDirections,
        Trait::OrdersStepsByTime,
    ],
    index: Some(index::FORM),
    ..Profile::named("typeorm")
};

/// `TypeORM`.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, entities::declared)],
    ..Library::of(&PROFILE)
};

/// `TypeORM`'s entities and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
