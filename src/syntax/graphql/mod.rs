//! GraphQL documents: what clients ask (operations and fragments), and what servers offer (the schema language).
//!
//! Texts of files and of tagged templates in code. What comes after a mistake is not read, and the document says so.

mod document;
mod embedded;
mod lex;

pub use document::{Document, FieldDef, Fragment, GraphqlOperation, Selection, TypeDef, parse};
pub use embedded::{Embedded, of_module};

#[cfg(test)]
mod tests;
