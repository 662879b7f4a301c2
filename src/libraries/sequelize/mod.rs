//! Sequelize: queries, models and migrations.

pub mod entities;
mod index;
pub mod queries;
pub mod schema;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[
        Trait::RemovesByMarking,
        Trait::FollowsNamingStrategy,
        Trait::KeysNameModels,
        Trait::DatesAreMoments,
    ],
    index: Some(index::FORM),
    ..Profile::named("sequelize")
};

/// Sequelize.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    declarations: &[(Language::TypeScript, entities::declared), (Language::TypeScript, schema::declared)],
    ..Library::of(&PROFILE)
};

/// Sequelize's models and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);

/// Whether a dotted name is what a connection keeps its models in: `sequelize.models`, and from a model `this.sequelize.models`.
pub fn keeps_models(path: &str) -> bool {
    path.starts_with("sequelize") && path.ends_with(".models")
}
