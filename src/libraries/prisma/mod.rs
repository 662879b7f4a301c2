//! Prisma: queries of its client; its schema files are read in `syntax`.

mod index;
pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PROFILE: Profile = Profile {
    traits: &[Trait::DropsWhatIsNotDeclared, Trait::DeclaresForEachDatabase, Trait::KeysNameModels],
    index: Some(index::FORM),
    ..Profile::named("prisma")
};

/// Prisma, whose schema has a language of its own: `syntax/prisma` reads it.
pub static LIBRARY: Library = Library {
    queries: &[(Language::TypeScript, queries::recognise)],
    ..Library::of(&PROFILE)
};

/// Prisma's models and migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
