//! Tortoise: models and aerich's migrations. Its querysets are those of Django, which it took over, and are read with them.

pub mod migrations;
pub mod models;

use crate::ir::Language;
use crate::libraries::shared::library::{BaseName, Library, ModelClasses};
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenIterated, Trait::KeysNameModels, Trait::ModelsAreManagers],
    ..Profile::named("tortoise")
};

/// Tortoise ORM.
pub static LIBRARY: Library = Library {
    declarations: &[(Language::Python, migrations::declared), (Language::Python, models::declared)],
    models: ModelClasses {
        bases: &[BaseName::Is("tortoise.Model"), BaseName::Is("tortoise.models.Model")],
        by_marks: None,
        by_fields: None,
    },
    ..Library::of(&PROFILE)
};

/// Tortoise's models and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
