//! Query sites as rows.

use crate::analysis::Analyses;
use crate::analysis::queries::SiteFacts;
use crate::inventory::rows::{EntryAt, FilterRow, LoopAt, QueryRow, ServedBy};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::{IndexOrigin, Table};
use crate::statement::{ColumnUse, FilterKind, Projection, RowLimit, Statement, SubqueryPlace};

/// Derived tables within derived tables that are looked into.
const MAX_DEPTH: u32 = 6;

/// One row a site, in the order of files and places.
pub fn build(run: &Analyses<'_>) -> Vec<QueryRow> {
    let sites = run.project.graph.sites.iter().zip(run.queries()).enumerate();
    let sent = sites.filter(|(_, (site, _))| !site.query.fetch);
    let numbered = |(at, (site, facts))| QueryRow {
        site: at,
        ..row(run.project, site, facts)
    };
    let mut rows: Vec<QueryRow> = sent.map(numbered).collect();
    rows.sort_by(|left, right| left.location.cmp(&right.location));
    rows
}

fn row(project: &Project, site: &QuerySite, facts: &SiteFacts<'_>) -> QueryRow {
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
        operation: statement.operation.word().to_owned(),
        tables,
        known_table: table.is_some(),
        entry: entry(project, site),
        repeated: facts.repeated.map(|one| LoopAt {
            line: one.line,
            verdict: one.verdict.words().to_owned(),
        }),
        filters: statement
            .filters
            .iter()
            .map(|filter| FilterRow {
                table: filter.column.table.and_then(|at| (at > 0).then(|| name(at)).flatten()),
                column: filter.column.column.clone(),
                kind: kind(filter.kind).to_owned(),
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
        index: facts.index.map(|(table, index)| ServedBy {
            table: table.full_name(),
            name: index.name.clone().unwrap_or_else(|| made_by(index.origin).to_owned()),
            keys: index.key_list(),
        }),
        rows: facts.rows.words().to_owned(),
        sql: None,
        site: 0,
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

fn entry(project: &Project, site: &QuerySite) -> Option<EntryAt> {
    let reach = project.graph.reach.get(site.function.index()).copied().flatten()?;
    let entry = project.graph.entries.get(reach.entry)?;
    Some(EntryAt {
        label: entry.label.clone(),
        calls: reach.distance,
    })
}

fn kind(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::Equality => "equality",
        FilterKind::In => "in",
        FilterKind::Range => "range",
        FilterKind::Prefix => "prefix",
        FilterKind::Pattern => "pattern",
        FilterKind::Negative => "negative",
        FilterKind::Function | FilterKind::Folded => "function",
        FilterKind::Other => "other",
    }
}

fn limit(limit: &RowLimit) -> String {
    match limit {
        RowLimit::None => "none".to_owned(),
        RowLimit::One => "one".to_owned(),
        RowLimit::Value | RowLimit::Usual(_) => "value".to_owned(),
        RowLimit::Rows(rows) => rows.to_string(),
    }
}

fn made_by(origin: IndexOrigin) -> &'static str {
    match origin {
        IndexOrigin::Primary => "primary key",
        IndexOrigin::Unique => "unique",
        IndexOrigin::ForeignKey => "foreign key",
        IndexOrigin::Declared => "index",
    }
}
