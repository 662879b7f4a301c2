//! Peewee: queries, models and migrations.

mod index;
pub mod migrations;
pub mod models;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{BaseName, Library, ModelClasses, Tool, Trait};

/// Peewee.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise)],
    declarations: &[(Language::Python, migrations::declared), (Language::Python, models::declared)],
    models: ModelClasses {
        bases: &[BaseName::Is("peewee.Model")],
        by_marks: None,
        by_fields: None,
    },
    traits: &[Trait::RunsWhenIterated, Trait::KeysNameModels],
    index: Some(index::FORM),
    ..Library::named("peewee")
};

/// Peewee's models and migrations.
pub const TOOL: Tool = Tool::of(&LIBRARY);
