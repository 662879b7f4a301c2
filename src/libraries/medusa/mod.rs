//! Medusa: its models.

mod index;
pub mod models;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool, Trait};

/// Medusa's models, which `MikroORM` stores.
pub static LIBRARY: Library = Library {
    words: "mikroorm",
    declarations: &[(Language::TypeScript, models::declared)],
    traits: &[Trait::FollowsNamingStrategy, Trait::IndexesForeignKeys, Trait::KeysNameModels],
    index: Some(index::FORM),
    ..Library::named("medusa")
};

/// Medusa's models.
pub const TOOL: Tool = Tool::of(&LIBRARY);
