//! `MongoDB`: Mongoose, `PyMongo` and what follows it, and the operators that they share.

mod index;
pub mod kept;
pub mod models;
pub mod mongoose;
pub mod operators;
pub mod pymongo;
pub mod schema;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool, Trait};

const PYMONGO_PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenIterated],
    ..Profile::named("pymongo")
};

/// `PyMongo` and Motor.
pub static PYMONGO: Library = Library {
    queries: &[(Language::Python, pymongo::recognise)],
    ..Library::of(&PYMONGO_PROFILE)
};

const BEANIE_PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenIterated],
    ..Profile::named("beanie")
};

/// Beanie, whose queries are read with those of `PyMongo`.
pub static BEANIE: Library = Library::of(&BEANIE_PROFILE);

const MONGOOSE_PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenAwaited, Trait::StoresDocuments],
    index: Some(index::FORM),
    ..Profile::named("mongoose")
};

/// Mongoose.
pub static MONGOOSE: Library = Library {
    queries: &[(Language::TypeScript, mongoose::recognise)],
    declarations: &[(Language::TypeScript, schema::declared)],
    ..Library::of(&MONGOOSE_PROFILE)
};

/// Mongoose's schemas.
pub const TOOL: Tool = Tool::of(&MONGOOSE_PROFILE);
