//! What libraries mean: per-file facts, the vocabulary of values and queries, and one recogniser a library.

use crate::ir::Language::{self, TypeScript};

pub mod data;
pub mod drizzle;
pub mod facts;
pub mod models;
pub mod prisma;
pub mod shape;
#[cfg(test)]
pub(crate) mod testing;
pub mod value;

/// The recognisers of queries, most telling first.
pub const RECOGNISERS: &[(Language, value::Recognise)] = &[(TypeScript, prisma::recognise), (TypeScript, drizzle::recognise)];
