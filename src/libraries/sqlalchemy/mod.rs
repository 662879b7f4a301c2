//! `SQLAlchemy`: queries, models, and Alembic's migrations.

pub mod alembic;
mod classes;
pub(crate) mod columns;
mod index;
pub mod models;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{BaseName, Library, ModelClasses};
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[
        Trait::RunsWhenIterated,
        Trait::HasIdentityMap,
        Trait::LoadsLazilyWhereItBlocks,
        Trait::BeginsWithFirstStatement,
        Trait::StoresWhatIsMade,
        Trait::DropsWhatIsNotDeclared,
        Trait::RelationsAreMapped,
        Trait::DeclaresPartialIndexes,
        Trait::DeclaresIncludedColumns,
    ],
    from_memory: Some("get"),
    index: Some(index::FORM),
    ..Profile::named("sqlalchemy")
};

/// `SQLAlchemy`.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise)],
    declarations: &[(Language::Python, models::declared)],
    models: ModelClasses {
        bases: &[BaseName::EndsWith("db.Model"), BaseName::Within("flask_sqlalchemy.", ".Model")],
        by_marks: Some(classes::has_table),
        by_fields: Some(classes::has_columns),
    },
    ..Library::of(&PROFILE)
};

const SQLMODEL_PROFILE: Profile = Profile {
    words: "sqlalchemy",
    traits: &[
        Trait::BeginsWithFirstStatement,
        Trait::StoresWhatIsMade,
        Trait::DropsWhatIsNotDeclared,
        Trait::RelationsAreMapped,
        Trait::DeclaresPartialIndexes,
    ],
    index: Some(index::FORM),
    ..Profile::named("sqlmodel")
};

/// `SQLModel`, whose statements are `SQLAlchemy`'s.
pub static SQLMODEL_LIBRARY: Library = Library::of(&SQLMODEL_PROFILE);

const ALEMBIC_PROFILE: Profile = Profile {
    words: "sqlalchemy",
    ..Profile::named("alembic")
};

/// Alembic.
pub static ALEMBIC_LIBRARY: Library = Library {
    declarations: &[(Language::Python, alembic::declared)],
    ..Library::of(&ALEMBIC_PROFILE)
};

/// `SQLAlchemy`'s models.
pub const TOOL: Tool = Tool::of(&PROFILE);
/// `SQLModel`'s models.
pub const SQLMODEL: Tool = Tool::of(&SQLMODEL_PROFILE);
/// Alembic's migrations.
pub const ALEMBIC: Tool = Tool::of(&ALEMBIC_PROFILE);
