//! Whether a query's result can grow without end.

use crate::judge::columns::is_small;
use crate::libraries::shared::query::{Outcome, Query};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::statement::{FilterKind, Limit, Operation, Projection};
use crate::vocabulary::{List, Open};

/// How a read is bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A limit, one row, an aggregate, a stream: by the query itself.
    Limited,
    /// A unique key, or a list of keys that the caller gives.
    Keyed,
    /// Equality on these columns: as many rows as one parent has.
    Filtered(Vec<String>),
    /// No filter that bounds it.
    Open,
    /// Not understood.
    Unknown,
}

/// Judges a site.
pub fn bound(project: &Project, site: &QuerySite) -> Bound {
    judge(project, &site.query)
}

/// Judges a query.
pub fn judge(project: &Project, query: &Query) -> Bound {
    let statement = &query.statement;
    if query.opaque {
        return Bound::Unknown;
    }
    if statement.operation != Operation::Select || statement.limit != Limit::None || !matches!(query.outcome, Outcome::Rows) {
        return Bound::Limited;
    }
    if matches!(statement.projection, Projection::Aggregate) && !statement.grouped {
        return Bound::Limited;
    }
    if statement.tables.first().is_none_or(|table| table.name.is_empty()) {
        return Bound::Limited;
    }
    let firm = statement.filters.iter().filter(|filter| !filter.optional);
    // A filter on a joined table bounds the rows too, but is no key of the first table.
    let is_own = |table: Option<usize>| table.is_none_or(|table| table == 0);
    let mut joined: Vec<String> = Vec::new();
    let mut equal: Vec<String> = Vec::new();
    let mut listed: Vec<String> = Vec::new();
    for filter in firm {
        match filter.kind {
            FilterKind::Equality if is_own(filter.column.table) => equal.push(filter.column.column.clone()),
            FilterKind::In if is_own(filter.column.table) => listed.push(filter.column.column.clone()),
            FilterKind::Equality | FilterKind::In => joined.push(filter.column.column.clone()),
            _ => {}
        }
    }
    if is_key(project, query, &equal) {
        return Bound::Keyed;
    }
    for column in &listed {
        let mut with = equal.clone();
        with.push(column.clone());
        if is_key(project, query, &with) {
            return Bound::Keyed;
        }
    }
    let filtered = |column: &str| equal.iter().chain(&listed).any(|known| known == column);
    if statement.grouped && !statement.group.is_empty() && statement.group.iter().all(|column| filtered(&column.column)) {
        return Bound::Keyed;
    }
    // Clauses or conditions that were not read may bound it: an absence proves nothing.
    if statement.open || query.open_filters {
        return if equal.is_empty() { Bound::Unknown } else { Bound::Filtered(equal) };
    }
    equal.retain(|column| !is_flag(column));
    equal.extend(listed);
    joined.retain(|column| !is_flag(column));
    equal.extend(joined);
    // `order.items.all()`: one parent's rows.
    equal.extend(query.relation.as_ref().map(|(_, name)| format!("the owner of `{name}`")));
    if equal.is_empty() { Bound::Open } else { Bound::Filtered(equal) }
}

/// Whether the columns hold a unique key of the first table, by the schema or, where there is none, by name.
fn is_key(project: &Project, query: &Query, columns: &[String]) -> bool {
    if columns.is_empty() {
        return false;
    }
    let Some(table) = project.table_of(query) else {
        return columns.iter().any(|column| matches!(column.as_str(), "id" | "pk" | "uuid" | "_id"));
    };
    let names: Vec<&str> = columns
        .iter()
        .map(|column| if column == "pk" { "id" } else { table.column_name(column) })
        .collect();
    table.is_unique(&names)
}

/// A column that only splits a table in few parts: a filter by it bounds nothing.
fn is_flag(column: &str) -> bool {
    List::FlagColumns.has(column)
}

/// Whether a table is a small list that people edit: kept in an admin site, or small by its name.
pub fn is_reference(project: &Project, query: &Query) -> bool {
    match project.table_of(query) {
        Some(table) => is_kept_by_staff(project, &table.name) || is_small(project, table),
        None => query.table().is_some_and(|name| project.words.has(Open::FewTables, name)),
    }
}

/// Whether staff keep a table's rows in an admin site: see [`crate::project::staff_tables`].
pub fn is_kept_by_staff(project: &Project, table: &str) -> bool {
    project
        .schema
        .table_index(table)
        .is_some_and(|index| project.kept_by_staff.contains(&index))
}
