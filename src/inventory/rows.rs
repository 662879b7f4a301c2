//! What there is, beside what is wrong: queries, endpoints, tables with their indexes. Plain data, for reviewers.

use serde::{Deserialize, Serialize};

use crate::finding::Location;

/// All that was found of each kind, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Places where a statement reaches a database.
    pub queries: Vec<QueryRow>,
    /// Entry points: routes, jobs, resolvers.
    pub endpoints: Vec<EndpointRow>,
    /// Tables by name.
    pub tables: Vec<TableRow>,
    /// The databases of the tables: `postgres`, `mysql`, `sqlite`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<String>,
}

impl Inventory {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty() && self.endpoints.is_empty() && self.tables.is_empty()
    }
}

/// A place where a statement reaches a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryRow {
    /// Where; its symbol is the function with its module.
    pub location: Location,
    /// The function's name in its module; empty for what runs when the module is loaded.
    pub function: String,
    /// The library that runs it.
    pub library: String,
    /// What it does: `select`, `insert`, `update`, `delete`, `other`.
    pub operation: String,
    /// Tables, the one it reads or writes first: by their names in the schema where that knows them, else as written.
    pub tables: Vec<String>,
    /// Whether the schema knows the first table.
    pub known_table: bool,
    /// The entry point that reaches it.
    pub entry: Option<EntryAt>,
    /// The loop around it in its own function: one that runs it for each row where there is one, else the innermost.
    #[serde(rename = "loop")]
    pub repeated: Option<LoopAt>,
    /// Conditions on columns.
    pub filters: Vec<FilterRow>,
    /// Order, `column` or `column desc`.
    pub order: Vec<String>,
    /// `none`, `one`, a number, or `value` for a number that the code gives.
    pub limit: String,
    /// It skips rows by OFFSET.
    pub offset: bool,
    /// What comes back of each row: `all`, `aggregate`, `none`, or columns.
    pub projection: Vec<String>,
    /// Relations that are loaded along.
    pub eager: Vec<String>,
    /// The index of the schema that its conditions can use; `None` where there is none, or none that is needed.
    pub index: Option<ServedBy>,
    /// How many rows it may bring: `one row`, `limited`, `by key`, `by parent`, `by window`, `unbounded`, `open`, `write`,
    /// `not understood`.
    pub rows: String,
    /// The statement as SQL, where it can be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<SqlText>,
    /// Its number among the project's sites.
    #[serde(skip)]
    pub site: usize,
}

/// A statement as SQL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlText {
    /// One statement, with `$1` where a value is given.
    pub text: String,
    /// It is what the program sends, but for the values.
    pub exact: bool,
    /// Otherwise, what is not: a word each.
    pub approximated: Vec<String>,
}

/// The entry point that reaches a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryAt {
    /// `GET /orders`, `task send_mail`.
    pub label: String,
    /// Calls between the entry point and the place's function.
    pub calls: u32,
}

/// A loop around a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopAt {
    /// 1-based line.
    pub line: u32,
    /// What the loop means: `per row`, `constant`, `retry`, `first match`, `cursor`, `chunk`, `worker`, `dependent`, `cached`.
    pub verdict: String,
}

/// A condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterRow {
    /// Table, where it is not the first one.
    pub table: Option<String>,
    /// The column that is compared, as the schema or the code names it.
    pub column: String,
    /// `equality`, `in`, `range`, `prefix`, `pattern`, `negative`, `function`, `other`.
    pub kind: String,
    /// It applies under a condition only.
    pub optional: bool,
}

/// An index that serves a query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedBy {
    /// Name of the table that it is an index of.
    pub table: String,
    /// Name; without one, what made it: `primary key`, `unique`, `foreign key`, `index`.
    pub name: String,
    /// Its keys as they would be written.
    pub keys: String,
}

/// An entry point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRow {
    /// For people: `GET /orders/{id}`.
    pub label: String,
    /// `route`, `page`, `action`, `resolver`, `job`, `socket`, `startup` or `command`.
    pub kind: String,
    /// The function.
    pub location: Location,
    /// Query sites that it reaches and that run once.
    pub fixed: usize,
    /// Query sites that it reaches and that run once for each row of something.
    pub per_row: usize,
    /// Of all of them, those that write.
    pub writes: usize,
    /// For one that can answer with a list: `yes` where every list is limited, `no` where one is not; else empty.
    pub paged: String,
    /// Which of the repository's own clients asks it: `polled every 5 s by OrderStatus`; empty where nothing is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asked_by: String,
    /// All that it calls was followed: otherwise the counts are the least that there is.
    pub is_complete: bool,
}

impl EndpointRow {
    /// Whether somebody waits for its answer: nobody does for a job, and who starts a command or the program expects that to take its time.
    pub fn is_waited_for(&self) -> bool {
        !matches!(self.kind.as_str(), "command" | "job" | "startup")
    }
}

/// A table of the schema, for reviewers: its rows, its indexes, and who uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRow {
    /// Its name in the database.
    pub name: String,
    /// Where it is defined.
    pub location: Location,
    /// How many columns are known.
    pub columns: usize,
    /// Query sites that name it first.
    pub queries: usize,
    /// How many rows it has, as a class: `one`, `few`, `of-parent`, `page`, `unknown`, `many`, `stream`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scale: String,
    /// Why it is of that class: `orders, written by POST /orders`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scale_reason: String,
    /// Indexes that models or migrations give it, those of keys among them.
    pub indexes: Vec<IndexRow>,
}

/// An index that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRow {
    /// Name; empty where the database makes one up.
    pub name: String,
    /// Columns and expressions in order.
    pub keys: String,
    /// `primary key`, `unique`, `index`, `foreign key`, with the method where it is not a B-tree.
    pub kind: String,
    /// Query sites whose conditions or order it serves.
    pub serves: usize,
    /// Where it is defined.
    pub location: Location,
}
