//! `SQLAlchemy`: queries, models, and Alembic's migrations.

pub mod alembic;
mod classes;
pub(crate) mod columns;
mod index;
pub mod models;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{BaseName, Library, ModelClasses, Tool, Trait};

/// `SQLAlchemy`.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise)],
    declarations: &[(Language::Python, models::declared)],
    models: ModelClasses {
        bases: &[BaseName::EndsWith("db.Model"), BaseName::Within("flask_sqlalchemy.", ".Model")],
        by_marks: Some(classes::has_table),
        by_fields: Some(classes::has_columns),
    },
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
    ..Library::named("sqlalchemy")
};

/// `SQLModel`, whose statements are `SQLAlchemy`'s.
pub static SQLMODEL_LIBRARY: Library = Library {
    words: "sqlalchemy",
    traits: &[
        Trait::BeginsWithFirstStatement,
        Trait::StoresWhatIsMade,
        Trait::DropsWhatIsNotDeclared,
        Trait::RelationsAreMapped,
        Trait::DeclaresPartialIndexes,
    ],
    index: Some(index::FORM),
    ..Library::named("sqlmodel")
};

/// Alembic.
pub static ALEMBIC_LIBRARY: Library = Library {
    words: "sqlalchemy",
    declarations: &[(Language::Python, alembic::declared)],
    ..Library::named("alembic")
};

/// `SQLAlchemy`'s models.
pub const TOOL: Tool = Tool::of(&LIBRARY);
/// `SQLModel`'s models.
pub const SQLMODEL: Tool = Tool::of(&SQLMODEL_LIBRARY);
/// Alembic's migrations.
pub const ALEMBIC: Tool = Tool::of(&ALEMBIC_LIBRARY);
