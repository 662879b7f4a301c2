//! What libraries mean: per-file facts, the vocabulary of values and queries, and one recogniser a library.

use crate::ir::Language;

pub mod context;
pub mod data;
pub mod entries;
pub mod facts;
pub mod models;
pub mod value;

/// The recognisers of queries, most telling first.
pub const RECOGNISERS: &[(Language, value::Recognise)] = &[];
