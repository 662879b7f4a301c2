//! `MongoDB`: Mongoose, `PyMongo` and what follows it, and the operators that they share.

mod index;
pub mod kept;
pub mod models;
pub mod mongoose;
pub mod operators;
pub mod pymongo;
pub mod schema;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool, Trait};

/// `PyMongo` and Motor.
pub static PYMONGO: Library = Library {
    queries: &[(Language::Python, pymongo::recognise)],
    traits: &[Trait::RunsWhenIterated],
    ..Library::named("pymongo")
};

/// Beanie, whose queries are read with those of `PyMongo`.
pub static BEANIE: Library = Library {
    traits: &[Trait::RunsWhenIterated],
    ..Library::named("beanie")
};

/// Mongoose.
pub static MONGOOSE: Library = Library {
    queries: &[(Language::TypeScript, mongoose::recognise)],
    declarations: &[(Language::TypeScript, schema::declared)],
    traits: &[Trait::RunsWhenAwaited, Trait::StoresDocuments],
    index: Some(index::FORM),
    ..Library::named("mongoose")
};

/// Mongoose's schemas.
pub const TOOL: Tool = Tool::of(&MONGOOSE);
