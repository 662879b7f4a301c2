//! What libraries mean: per-file facts, the vocabulary of values and queries, and one recogniser a library.

use crate::ir::Language;

pub mod context;
pub mod data;
pub mod entries;
pub mod facts;
pub mod models;
pub mod polling;
pub mod alembic;
pub mod data;
pub mod ddl;
pub mod django_models;
pub mod drizzle_schema;
pub mod facts;
pub mod models;
pub mod sqlalchemy_models;
mod sqlalchemy_parts;
pub mod value;

/// The recognisers of queries, most telling first.
pub const RECOGNISERS: &[(Language, value::Recognise)] = &[];
