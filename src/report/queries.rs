//! Every query site as plain data: where it is, who reaches it, what it reads or writes, and what bounds and serves it.

use serde::Serialize;

use super::{Tool, VERSION};
use crate::escape;
use crate::finding::Location;
use crate::judge::bounds::{self, Bound};
use crate::libraries::shared::query::{Outcome, Query};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::QuerySite;
use crate::project::loops::{self, Verdict};
use crate::project::schema::{Index, Origin, Table};
use crate::statement::{ColumnUse, FilterKind, Limit, Operation, Projection, Statement, SubqueryPlace};

/// Derived tables within derived tables that are looked into.
const MAX_DEPTH: u32 = 6;

/// The list of a project, in the order of files and places.
#[derive(Clone, Debug, Serialize)]
pub struct QueryList {
    /// Version of the form.
    pub version: u32,
    /// What made it.
    pub tool: Tool,
    /// The folder that paths are relative to, as it was given.
    pub root: String,
    /// Sites whose statement was not understood.
    pub not_understood: usize,
    /// The sites.
    pub queries: Vec<QueryRow>,
}

/// One site.
#[derive(Clone, Debug, Serialize)]
pub struct QueryRow {
    /// Where; its symbol is the function with its module.
    pub location: Location,
    /// The function's name in its module; empty for what runs when the module is loaded.
    pub function: String,
    /// The library that runs it.
    pub library: String,
    /// What it does: `select`, `insert`, `update`, `delete`, `other`.
    pub operation: &'static str,
    /// Tables, the one it reads or writes first: by their names in the schema where that knows them, else as written.
    pub tables: Vec<String>,
    /// Whether the schema knows the first table.
    pub known_table: bool,
    /// The entry point that reaches it.
    pub entry: Option<EntryRow>,
    /// The innermost loop around it in its own function.
    #[serde(rename = "loop")]
    pub repeated: Option<LoopRow>,
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
    /// The index of its first table that serves its conditions.
    pub index: Option<IndexRow>,
    /// How far it is bounded.
    pub verdict: QueryVerdict,
}

/// The entry point that reaches a site.
#[derive(Clone, Debug, Serialize)]
pub struct EntryRow {
    /// `GET /orders`, `task send_mail`.
    pub label: String,
    /// Calls between the entry point and the site's function.
    pub calls: u32,
}

/// A loop around a site.
#[derive(Clone, Debug, Serialize)]
pub struct LoopRow {
    /// 1-based line.
    pub line: u32,
    /// What the loop means: `per row`, `constant`, `retry`, `first match`, `cursor`, `chunk`, `worker`, `dependent`, `cached`.
    pub verdict: &'static str,
}

/// A condition.
#[derive(Clone, Debug, Serialize)]
pub struct FilterRow {
    /// Table, where it is not the first one.
    pub table: Option<String>,
    /// Column.
    pub column: String,
    /// `equality`, `in`, `range`, `prefix`, `pattern`, `negative`, `function`, `other`.
    pub kind: &'static str,
    /// It applies under a condition only.
    pub optional: bool,
}

/// An index.
#[derive(Clone, Debug, Serialize)]
pub struct IndexRow {
    /// Name; without one, what made it: `primary key`, `unique`, `foreign key`, `index`.
    pub name: String,
    /// Its keys as they would be written.
    pub keys: String,
}

/// How far a site is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryVerdict {
    /// At most one row, or one value.
    OneRow,
    /// A limit, a list of keys, a stream.
    Bounded,
    /// As many rows as one parent has.
    Filtered,
    /// All rows of a table.
    Unbounded,
    /// More clauses may apply than the code shows.
    Open,
    /// A write.
    Write,
    /// The statement was not understood.
    NotUnderstood,
}

impl QueryVerdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            QueryVerdict::OneRow => "one row",
            QueryVerdict::Bounded => "bounded",
            QueryVerdict::Filtered => "filtered",
            QueryVerdict::Unbounded => "unbounded",
            QueryVerdict::Open => "open",
            QueryVerdict::Write => "write",
            QueryVerdict::NotUnderstood => "not understood",
        }
    }
}

impl QueryList {
    /// Lists the sites of a project.
    pub fn of(project: &Project, root: &str) -> QueryList {
        let mut queries = Vec::with_capacity(project.graph.sites.len());
        let mut eval = Evaluator::new(&project.code);
        let mut file = None;
        for site in &project.graph.sites {
            // What is remembered of one file is of no use for the next, and would only pile up.
            if file.replace(site.file) != Some(site.file) {
                eval = Evaluator::new(&project.code);
            }
            queries.push(row(project, &eval, site));
        }
        queries.sort_by(|left: &QueryRow, right| left.location.cmp(&right.location));
        QueryList {
            version: VERSION,
            tool: Tool::default(),
            root: root.to_owned(),
            not_understood: queries.iter().filter(|row| row.verdict == QueryVerdict::NotUnderstood).count(),
            queries,
        }
    }

    /// As JSON.
    pub fn json(&self) -> String {
        escape::json(self)
    }
}

fn row(project: &Project, eval: &Evaluator<'_>, site: &QuerySite) -> QueryRow {
    let query = &*site.query;
    let statement = &query.statement;
    let table = project.table_of(query);
    let name = |at: usize| -> Option<String> {
        let written = statement.tables.get(at)?;
        let known = if at == 0 { table } else { project.schema.table(&written.name) };
        Some(known.map_or_else(|| written.name.clone(), Table::full_name))
    };
    let column = |used: &ColumnUse| match used.table.and_then(|at| (at > 0).then(|| name(at)).flatten()) {
        Some(table) => format!("{table}.{}", used.column),
        None => used.column.clone(),
    };
    let named = (0..statement.tables.len()).filter_map(name).filter(|name| !name.is_empty());
    let mut tables: Vec<String> = named.collect();
    if tables.is_empty() {
        derived(project, statement, 0, &mut tables);
    }
    QueryRow {
        location: project.place_in(site.function, site.span),
        function: project.code.module(site.file).qualified(project.graph.function(site.function).id),
        library: query.library.to_owned(),
        operation: operation(statement.operation),
        tables,
        known_table: table.is_some(),
        entry: entry(project, site),
        repeated: innermost(project, eval, site),
        filters: statement
            .filters
            .iter()
            .map(|filter| FilterRow {
                table: filter.column.table.and_then(|at| (at > 0).then(|| name(at)).flatten()),
                column: filter.column.column.clone(),
                kind: kind(filter.kind),
                optional: filter.optional,
            })
            .collect(),
        order: statement
            .order
            .iter()
            .map(|(used, descending)| format!("{}{}", column(used), if *descending { " desc" } else { "" }))
            .collect(),
        limit: limit(&statement.limit),
        offset: statement.offset,
        projection: match &statement.projection {
            Projection::All => vec!["all".to_owned()],
            Projection::Aggregate => vec!["aggregate".to_owned()],
            Projection::None => vec!["none".to_owned()],
            Projection::Columns(columns) => columns.iter().map(column).collect(),
        },
        eager: query.eager.clone(),
        index: table.and_then(|table| serving(table, query)).map(|index| IndexRow {
            name: index.name.clone().unwrap_or_else(|| made_by(index.origin).to_owned()),
            keys: index.key_list(),
        }),
        verdict: verdict(project, site),
    }
}

/// The tables that a statement reads through its derived tables.
fn derived(project: &Project, statement: &Statement, depth: u32, out: &mut Vec<String>) {
    if depth > MAX_DEPTH {
        return;
    }
    for subquery in statement.subqueries.iter().filter(|inner| inner.place == SubqueryPlace::From) {
        for written in subquery.statement.tables.iter().filter(|table| !table.name.is_empty()) {
            let name = project
                .schema
                .table(&written.name)
                .map_or_else(|| written.name.clone(), Table::full_name);
            if !out.contains(&name) {
                out.push(name);
            }
        }
        derived(project, &subquery.statement, depth + 1, out);
    }
}

fn entry(project: &Project, site: &QuerySite) -> Option<EntryRow> {
    let reach = project.graph.reach.get(site.function.index()).copied().flatten()?;
    let entry = project.graph.entries.get(reach.entry)?;
    Some(EntryRow {
        label: entry.label.clone(),
        calls: reach.distance,
    })
}

fn innermost(project: &Project, eval: &Evaluator<'_>, site: &QuerySite) -> Option<LoopRow> {
    let innermost = loops::around(eval, site.file, site.expr).into_iter().next()?;
    let facts = project.code.files.get(site.file.index())?;
    Some(LoopRow {
        line: facts.lines.line(innermost.header.start),
        verdict: repeated(innermost.verdict),
    })
}

fn repeated(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::PerRow => "per row",
        Verdict::Constant { .. } => "constant",
        Verdict::Retry => "retry",
        Verdict::FirstMatch => "first match",
        Verdict::Cursor => "cursor",
        Verdict::Chunk => "chunk",
        Verdict::Worker => "worker",
        Verdict::Dependent => "dependent",
        Verdict::CacheGuarded => "cached",
    }
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Select => "select",
        Operation::Insert => "insert",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Other => "other",
    }
}

fn kind(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::Equality => "equality",
        FilterKind::In => "in",
        FilterKind::Range => "range",
        FilterKind::Prefix => "prefix",
        FilterKind::Pattern => "pattern",
        FilterKind::Negative => "negative",
        FilterKind::Function => "function",
        FilterKind::Other => "other",
    }
}

fn limit(limit: &Limit) -> String {
    match limit {
        Limit::None => "none".to_owned(),
        Limit::One => "one".to_owned(),
        Limit::Value => "value".to_owned(),
        Limit::Rows(rows) => rows.to_string(),
    }
}

fn verdict(project: &Project, site: &QuerySite) -> QueryVerdict {
    let query = &*site.query;
    match query.statement.operation {
        _ if query.opaque => return QueryVerdict::NotUnderstood,
        Operation::Insert | Operation::Update | Operation::Delete => return QueryVerdict::Write,
        Operation::Select | Operation::Other => {}
    }
    let is_one =
        matches!(query.outcome, Outcome::One | Outcome::Scalar) || matches!(query.statement.limit, Limit::One | Limit::Rows(0 | 1));
    match bounds::bound(project, site) {
        _ if is_one => QueryVerdict::OneRow,
        Bound::Limited | Bound::Keyed => QueryVerdict::Bounded,
        Bound::Filtered(_) | Bound::Window(_) => QueryVerdict::Filtered,
        Bound::Open => QueryVerdict::Unbounded,
        Bound::Unknown => QueryVerdict::Open,
    }
}

fn made_by(origin: Origin) -> &'static str {
    match origin {
        Origin::Primary => "primary key",
        Origin::Unique => "unique",
        Origin::ForeignKey => "foreign key",
        Origin::Declared => "index",
    }
}

/// The index whose first keys are most of the columns that the first table is compared by; after equal ones, one range.
fn serving<'t>(table: &'t Table, query: &Query) -> Option<&'t Index> {
    let named = |kinds: &[FilterKind]| -> Vec<&str> {
        let filters = query.statement.filters.iter().filter(|filter| !filter.optional);
        let own = filters.filter(|filter| filter.column.table.is_none_or(|at| at == 0) && kinds.contains(&filter.kind));
        own.map(|filter| match filter.column.column.as_str() {
            "pk" if !table.primary_key.is_empty() => table.primary_key.first().map_or("pk", String::as_str),
            column => table.column_name(column),
        })
        .collect()
    };
    let equal = named(&[FilterKind::Equality, FilterKind::In]);
    let range = named(&[FilterKind::Range, FilterKind::Prefix]);
    let has = |list: &[&str], key: &str| list.iter().any(|column| column.eq_ignore_ascii_case(key));
    let used = |index: &Index| -> usize {
        if !index.is_btree() || index.only || !index.holds_for(&equal) {
            return 0;
        }
        let keys: Vec<&str> = index.columns().collect();
        let lead = keys.iter().take_while(|key| has(&equal, key)).count();
        lead + usize::from(keys.get(lead).is_some_and(|key| has(&range, key)))
    };
    let best = table
        .indexes
        .iter()
        .map(|index| (used(index), index))
        .filter(|(used, _)| *used > 0)
        // Of equal ones the first declared.
        .min_by_key(|(used, index)| (usize::MAX - used, index.keys.len()));
    best.map(|(_, index)| index)
}
