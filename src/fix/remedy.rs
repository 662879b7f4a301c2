//! What a rule knows of a finding that a fixer needs, and that the finding's texts do not say. It is not printed.

use crate::source::Span;

/// What would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// An index that a table lacks.
    Index(LackingIndex),
    /// Expressions that are to be written otherwise, each by itself.
    Calls(Vec<Rewrite>),
}

/// An index that a table lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LackingIndex {
    /// The table: an index into the schema's tables.
    pub table: usize,
    /// Columns in order.
    pub columns: Vec<String>,
    /// How many of the columns go up; those after them go down.
    pub ascending: usize,
    /// Conditions on columns that make it a partial index.
    pub only: Vec<(String, String)>,
    /// Columns that it carries.
    pub include: Vec<String>,
    /// The keys of the indexes that are needless beside it.
    pub needless: Vec<String>,
}

/// An expression that is to be written otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rewrite {
    /// Path relative to the root.
    pub file: String,
    /// The expression.
    pub span: Span,
    /// What is to become of the expression.
    pub how: RewriteKind,
}

/// How an expression is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RewriteKind {
    /// A call with one more argument.
    Argument {
        /// Its name: a keyword, or a key of the options.
        name: String,
        /// Its value, as code.
        value: String,
        /// Where the options stand among the arguments, for languages whose arguments have no names.
        position: Option<usize>,
    },
    /// A pause that blocks, as one that does not.
    Sleep,
    /// A call that blocks, on a thread.
    Thread,
    /// A call whose name says that it blocks, as its sister that is waited for.
    Sister,
    /// A count that is only compared with 0, as the question whether there is a row.
    Exists {
        /// The library of the query.
        library: String,
    },
    /// A query of rows, with what is read of each row loaded along.
    Eager(Eager),
}

/// A relation that is read of each row of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eager {
    /// The library of the query.
    pub library: String,
    /// From the row, with dots between.
    pub path: String,
    /// It leads to many rows.
    pub is_many: bool,
    /// The model that has the last relation of the path, and its name there: `Line.order`.
    pub label: String,
    /// Where the relation is read: the file and the expression.
    pub read: (String, Span),
}
