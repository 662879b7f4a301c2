//! Query sites as rows.

use rayon::prelude::*;

use crate::inventory::rows::QueryRow;
use crate::judge::bounds::{Bound, bound};
use crate::judge::reach;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::QuerySite;
use crate::project::loops::{self, Verdict};
use crate::statement::{FilterKind, Limit, Operation, Statement};

/// One row a site; `served` gives the index that serves each, by the site's place in the graph.
pub fn build(project: &Project, served: &[String]) -> Vec<QueryRow> {
    let sites: Vec<_> = project
        .graph
        .sites
        .iter()
        .enumerate()
        .filter(|(_, site)| !site.query.fetch)
        .collect();
    let rows = sites.into_par_iter().map(|(at, site)| {
        let index = served.get(at).cloned().unwrap_or_default();
        row(project, site, index)
    });
    let mut rows: Vec<QueryRow> = rows.collect();
    rows.sort_by(|left, right| left.location.cmp(&right.location));
    rows
}

fn row(project: &Project, site: &QuerySite, index: String) -> QueryRow {
    let statement = &site.query.statement;
    let named = statement
        .tables
        .iter()
        .map(|table| table.name.clone())
        .filter(|name| !name.is_empty());
    let mut tables: Vec<String> = named.collect();
    tables.dedup();
    QueryRow {
        location: project.place_in(site.function, site.span),
        operation: operation(statement.operation).to_owned(),
        tables,
        library: site.query.library.to_owned(),
        filters: filters(statement),
        order: statement
            .order
            .iter()
            .map(|(column, descending)| ordered(&column.column, *descending))
            .collect(),
        rows: rows(project, site).to_owned(),
        repeats: repeats(project, site).to_owned(),
        entry: reach::reached(project, site.function).1.unwrap_or_default(),
        index,
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

fn ordered(column: &str, descending: bool) -> String {
    format!("{column}{}", if descending { " desc" } else { "" })
}

fn filters(statement: &Statement) -> Vec<String> {
    let all = statement.filters.iter().map(|filter| {
        let kind = match filter.kind {
            FilterKind::Equality => "=",
            FilterKind::In => "in",
            FilterKind::Range => "range",
            FilterKind::Prefix => "prefix",
            FilterKind::Pattern => "pattern",
            FilterKind::Negative => "not",
            FilterKind::Function => "in a function",
            FilterKind::Other => "other",
        };
        let optional = if filter.optional { " (optional)" } else { "" };
        format!("{} {kind}{optional}", filter.column.column)
    });
    let mut all: Vec<String> = all.collect();
    all.dedup();
    all
}

fn rows(project: &Project, site: &QuerySite) -> &'static str {
    let statement = &site.query.statement;
    if statement.operation != Operation::Select {
        return "";
    }
    match bound(project, site) {
        Bound::Limited if statement.limit == Limit::One => "one row",
        Bound::Limited => "limited",
        Bound::Keyed => "by key",
        Bound::Filtered(_) => "by parent",
        Bound::Window(_) => "by time",
        Bound::Open => "unbounded",
        Bound::Unknown => "unknown",
    }
}

/// What the loops around a site mean for it: the one that counts most.
fn repeats(project: &Project, site: &QuerySite) -> &'static str {
    let around = loops::around(&Evaluator::new(&project.code), site.file, site.expr);
    let is_per_row = around.iter().any(|one| one.verdict == Verdict::PerRow);
    match around.first().map(|one| one.verdict) {
        None => "once",
        _ if is_per_row => "per row",
        Some(Verdict::PerRow) => "per row",
        Some(Verdict::Constant { .. }) => "constant",
        Some(Verdict::Retry) => "on retry",
        Some(Verdict::FirstMatch) => "until found",
        Some(Verdict::Cursor) => "per page",
        Some(Verdict::Chunk) => "per chunk",
        Some(Verdict::Worker) => "over time",
        Some(Verdict::Dependent) => "one after another",
        Some(Verdict::CacheGuarded) => "once per key",
    }
}
