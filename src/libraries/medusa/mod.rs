//! Medusa: its models.

mod index;
pub mod models;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    words: "mikroorm",
    traits: &[Trait::FollowsNamingStrategy, Trait::IndexesForeignKeys, Trait::KeysNameModels],
    index: Some(index::FORM),
    ..Profile::named("medusa")
};

/// Medusa's models, which `MikroORM` stores.
pub static LIBRARY: Library = Library {
    declarations: &[(Language::TypeScript, models::declared)],
    ..Library::of(&PROFILE)
};

/// Medusa's models.
pub const TOOL: Tool = Tool::of(&PROFILE);
