//! Peewee: queries, models and migrations.

mod index;
pub mod migrations;
pub mod models;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{BaseName, Library, ModelClasses};
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenIterated, Trait::KeysNameModels],
    index: Some(index::FORM),
    ..Profile::named("peewee")
};

/// Peewee.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise)],
    declarations: &[(Language::Python, migrations::declared), (Language::Python, models::declared)],
    models: ModelClasses {
        bases: &[BaseName::Is("peewee.Model")],
        by_marks: None,
        by_fields: None,
    },
    ..Library::of(&PROFILE)
};

/// Peewee's models and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
