//! What an expression holds, as far as it can be known without running, and the interface through which recognisers ask.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ir::{ClassId, ExprId, FunctionId};

/// A file of the project, by its place in the sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

impl FileId {
    /// The list index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an expression holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Not known.
    Unknown,
    /// A module of the project.
    Module(FileId),
    /// A module, function or class of a library, by its dotted name (`sqlalchemy.select`, `fs.readFileSync`,
    /// `redis.Redis.get`).
    External(Arc<str>),
    /// An instance of a library's class, or the result of a library's function, by the dotted name of what made it.
    ExternalInstance(Arc<str>),
    /// A class of the project.
    Class(FileId, ClassId),
    /// An instance of a class of the project.
    Instance(FileId, ClassId),
    /// A function of the project.
    Function(FileId, FunctionId),
    /// A literal (object, list, string, number …) or other expression that stands for itself.
    Literal(FileId, ExprId),
    /// A query that was built and not yet run: the expression that built it.
    Query(FileId, ExprId),
    /// One row (or model instance) that the query at an expression returned.
    Row(RowModel, Option<(FileId, ExprId)>),
    /// A collection of values.
    Many(Box<Value>),
}

impl Value {
    /// A library name.
    pub fn external(name: &str) -> Value {
        Value::External(Arc::from(name))
    }

    /// A library instance.
    pub fn instance(name: &str) -> Value {
        Value::ExternalInstance(Arc::from(name))
    }

    /// A collection of this value.
    #[must_use]
    pub fn many(self) -> Value {
        Value::Many(Box::new(self))
    }

    /// The dotted name of a library's thing or instance.
    pub fn library_name(&self) -> Option<&str> {
        match self {
            Value::External(name) | Value::ExternalInstance(name) => Some(name),
            _ => None,
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Value::Unknown
    }
}

/// The model or table that a row belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowModel {
    /// A class of the project (SQLAlchemy, Django, …).
    Class(FileId, ClassId),
    /// A table or model by name (Prisma, Drizzle, SQL).
    Table(String),
}
