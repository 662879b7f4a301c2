//! Tables as rows, each with its indexes and how many query sites they serve.

use rustc_hash::FxHashMap;

use crate::analysis::Analyses;
use crate::analysis::indexes::needs::by_table;
use crate::analysis::indexes::wanted::NeedsByColumn;
use crate::inventory::rows::{IndexRow, TableRow};
use crate::judge::scale::{self, Scale};
use crate::project::Project;
use crate::project::schema::{Index, IndexOrigin, SchemaPlace, Table};
use crate::statement::Dialect;

/// The tables.
pub fn build(run: &Analyses<'_>) -> Vec<TableRow> {
    let project = run.project;
    let by_table = by_table(project, run.index_needs());
    let position: FxHashMap<*const Table, usize> = project
        .schema
        .tables
        .iter()
        .enumerate()
        .map(|(at, table)| (&raw const *table, at))
        .collect();
    let mut queries = vec![0_usize; project.schema.tables.len()];
    for site in project.graph.sites.iter().filter(|site| !site.query.fetch) {
        let table = project.table_of(&site.query);
        let at = table.and_then(|table| position.get(&(&raw const *table)).copied());
        if let Some(count) = at.and_then(|at| queries.get_mut(at)) {
            *count += 1;
        }
    }
    let mut rows = Vec::new();
    for (at, ((table, wanted), queries)) in project.schema.tables.iter().zip(&by_table).zip(queries).enumerate() {
        if table.phantom {
            continue;
        }
        let size = scale::of_table(project, at);
        rows.push(TableRow {
            scale: class(size.scale).to_owned(),
            scale_reason: size.why,
            ..row(project, table, &NeedsByColumn::of(wanted), queries)
        });
    }
    rows
}

/// The databases that the tables are in, each once; one that holds a few tables of an example only is none of the project's.
pub fn databases(project: &Project) -> Vec<String> {
    /// Of the tables of the largest one, the part that another one has at least.
    const SHARE: usize = 10;
    let tables = || project.schema.tables.iter().filter(|table| !table.phantom);
    let known = [
        (Dialect::MySql, "mysql"),
        (Dialect::Postgres, "postgres"),
        (Dialect::Sqlite, "sqlite"),
    ];
    let counted = known.map(|(dialect, name)| (tables().filter(|table| table.dialect == dialect).count(), name));
    let most = counted.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let is_own = |(count, _): &(usize, &str)| *count > 0 && count * SHARE >= most;
    counted.into_iter().filter(is_own).map(|(_, name)| name.to_owned()).collect()
}

/// A class of row counts by its name in JSON.
fn class(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "one",
        Scale::Few => "few",
        Scale::Given => "given",
        Scale::OfParent => "of-parent",
        Scale::Page => "page",
        Scale::Unknown => "unknown",
        Scale::Many => "many",
        Scale::Stream => "stream",
    }
}

fn row(project: &Project, table: &Table, wanted: &NeedsByColumn<'_>, queries: usize) -> TableRow {
    let indexes = table.indexes.iter().map(|index| IndexRow {
        name: index.name.clone().unwrap_or_default(),
        keys: keys(index),
        kind: kind(index),
        serves: wanted.sites(index).len(),
        location: place(project, index.places.first()),
    });
    TableRow {
        indexes: indexes.collect(),
        name: table.name.clone(),
        location: place(project, table.places.first()),
        columns: table.columns.len(),
        queries,
        ..TableRow::default()
    }
}

fn keys(index: &Index) -> String {
    let keys = index.keys.iter().map(|key| {
        let order = if key.descending { " desc" } else { "" };
        format!("{}{order}", key.column)
    });
    keys.collect::<Vec<_>>().join(", ")
}

fn kind(index: &Index) -> String {
    let mut kind = match index.origin {
        IndexOrigin::Primary => "primary key".to_owned(),
        IndexOrigin::Unique => "unique".to_owned(),
        IndexOrigin::ForeignKey => "foreign key".to_owned(),
        IndexOrigin::Declared if index.unique => "unique index".to_owned(),
        IndexOrigin::Declared => "index".to_owned(),
    };
    if let Some(method) = index.method.as_deref().filter(|_| !index.is_btree()) {
        kind.push_str(&format!(", {method}"));
    }
    if index.predicate.is_some() {
        kind.push_str(", partial");
    }
    kind
}

fn place(project: &Project, place: Option<&SchemaPlace>) -> crate::finding::Location {
    place.map(|place| project.schema_place(place)).unwrap_or_default()
}
