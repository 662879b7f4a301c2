//! Functions that a library keeps for its models and their rows, as a file says of the schemas that hold them.

use super::value::FileId;
use crate::ir::{ExprId, FunctionId};

/// A function that a schema keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFunction {
    /// The expression that makes the schema.
    pub schema: (FileId, ExprId),
    /// What it is called on a model, or on a document.
    pub name: String,
    /// The function.
    pub function: (FileId, FunctionId),
    /// It is called on documents.
    pub is_row: bool,
}

/// What a file says of schemas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schemas {
    /// The functions that they keep.
    pub functions: Vec<SchemaFunction>,
    /// A schema, and a model that it is for.
    pub models: Vec<((FileId, ExprId), String)>,
    /// A model of some of another one's rows, and the schema of that: it has the functions of both.
    pub parts: Vec<(String, (FileId, ExprId))>,
}
