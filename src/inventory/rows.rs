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
}

impl Inventory {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty() && self.endpoints.is_empty() && self.tables.is_empty()
    }
}

/// A query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryRow {
    /// Where, and in which function.
    pub location: Location,
    /// `select`, `insert`, `update`, `delete` or `other`.
    pub operation: String,
    /// The tables it names, the one it reads or writes first.
    pub tables: Vec<String>,
    /// The library that runs it.
    pub library: String,
    /// Compared columns with the comparison: `user_id =`, `created_at range`.
    pub filters: Vec<String>,
    /// Columns it sorts by.
    pub order: Vec<String>,
    /// How many rows it can bring: `one row`, `limited`, `by key`, `by parent`, `unbounded`, `unknown`; empty for writes.
    pub rows: String,
    /// How often it runs: `once`, or what the loop around it means: `per row`, `constant`, `chunks`, …
    pub repeats: String,
    /// The entry point that reaches it; empty where none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entry: String,
    /// The columns of the index that serves it; empty where none does, or none is needed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub index: String,
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

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRow {
    /// Name.
    pub name: String,
    /// Where it is defined.
    pub location: Location,
    /// How many columns are known.
    pub columns: usize,
    /// Query sites that name it first.
    pub queries: usize,
    /// Its indexes.
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
