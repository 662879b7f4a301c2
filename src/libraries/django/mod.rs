//! Django: querysets, models and migrations.

mod custom_fields;
pub(crate) mod fields;
mod index;
pub mod migrations;
pub mod models;
pub mod queries;
pub mod rows;

use crate::ir::Language;
use crate::libraries::shared::library::{BaseName, Library, ModelClasses};
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[
        Trait::RunsWhenIterated,
        Trait::KeepsRows,
        Trait::RefusesEventLoops,
        Trait::CountsQuerysets,
        Trait::RowsKnowTheirOwner,
        Trait::KeysNameModels,
        Trait::RelationsAreManagers,
        Trait::DeclaresPartialIndexes,
        Trait::SettingsNameDatabase,
    ],
    index: Some(index::FORM),
    ..Profile::named("django")
};

/// Django's ORM.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise)],
    declarations: &[(Language::Python, migrations::declared), (Language::Python, models::declared)],
    models: ModelClasses {
        bases: &[
            BaseName::Is("django.db.models.Model"),
            BaseName::Is("models.Model"),
            BaseName::StartsWith("django.db.models."),
            BaseName::Within("django.contrib.", ".models."),
            BaseName::StartsWith("model_utils."),
            BaseName::StartsWith("mptt."),
            BaseName::StartsWith("polymorphic."),
            BaseName::StartsWith("treebeard."),
        ],
        by_marks: None,
        by_fields: Some(models::has_fields),
    },
    loaded_row: Some(rows::loaded),
    ..Library::of(&PROFILE)
};

/// Django's models and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
