//! `non-sargable-predicate`: conditions that no plain index can serve.

use rayon::prelude::*;

use super::{site_finding, statement_text};
use crate::advice::index::create_expression_index;
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::judge::columns::{is_few_valued, is_searchable, is_small, is_time};
use crate::judge::cost::Cost;
use crate::judge::scale;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::Table;
use crate::statement::{Dialect, Filter, FilterKind, Operation};

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project.graph.sites.par_iter().filter_map(|site| finding(project, site)).collect()
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let (query, statement) = (&site.query, &site.query.statement);
    if query.opaque || query.fetch || matches!(statement.operation, Operation::Insert | Operation::Other) {
        return None;
    }
    let wrapped = statement.filters.iter().find(|filter| is_wrapped(project, site, filter))?;
    if is_narrowed(project, site) {
        return None;
    }
    let name = statement
        .tables
        .get(wrapped.column.table.unwrap_or(0))
        .map_or("the table", |table| table.name.as_str());
    let table = project.schema.table(name);
    if table.is_some_and(|table| is_small(project, table)) {
        return None;
    }
    let column = table.map_or(wrapped.column.column.as_str(), |table| table.column_name(&wrapped.column.column));
    let by_function = wrapped.kind.is_wrapped();
    let defeated = table.filter(|table| by_function && table.leads(column));
    let rows = scale::unpaged(project, &site.query);
    // An index that is there and not used: as if it were missing for all that ask.
    let cost = if defeated.is_some() && !wrapped.optional {
        Cost::Waste(rows)
    } else {
        Cost::Search(rows)
    };
    let confidence = if table.is_some() { Confidence::High } else { Confidence::Medium };
    let (mut finding, _) = site_finding::start(project, site, "non-sargable-predicate", &cost, confidence);
    let what = if by_function {
        format!("The condition puts `{column}` inside a function or cast")
    } else {
        format!("The condition looks for a part of `{column}`, or ignores case")
    };
    finding.title = format!("A condition on `{name}.{column}` cannot use a plain index");
    finding.message = format!("{what}: no B-tree index on the column serves the condition, and no other index was found that does.");
    finding.impact = format!("each run looks at all rows of `{name}` that other conditions leave");
    // Which function it is changes no identity.
    let kind = if by_function { FilterKind::Function } else { wrapped.kind };
    finding.subject = format!("{name}.{column} {kind:?}");
    statement_text::relate(project, site, &wrapped_in(wrapped), &mut finding);
    let unused = defeated.and_then(|table| table.index_leading_with(&[column]));
    if let Some((index, place)) = unused.and_then(|index| Some((index, index.place()?))) {
        let text = format!("the index on ({}) that is not used", index.key_list());
        finding.relate(project.schema_place(place), Role::Index, text);
    }
    let postgres = table.filter(|table| matches!(table.dialect, Dialect::Postgres | Dialect::Generic));
    let is_time = table.and_then(|table| table.column(column)).is_some_and(is_time);
    finding.fix = if by_function && is_time {
        times(column)
    } else {
        fix(by_function, postgres, column)
    };
    Some(finding)
}

fn times(column: &str) -> Fix {
    Fix {
        summary: "Compare the bare column with a range: from the start of the first day to before the start of the day after the last."
            .to_owned(),
        code: Some(format!("{column} >= :first_day AND {column} < :day_after_last")),
        ..Fix::default()
    }
}

fn fix(by_function: bool, postgres: Option<&Table>, column: &str) -> Fix {
    if by_function {
        return Fix {
            summary:
                "Compare the bare column, as with a value that is stored in lower case. Or add an index on the expression that is compared."
                    .to_owned(),
            ddl: postgres.map(|table| create_expression_index(table, column, ("", "lower({})")) + "  -- the expression that is compared"),
            ..Fix::default()
        };
    }
    Fix {
        summary: "Where an exact or prefix match is meant, compare so. For a search inside text, add a trigram or full-text index."
            .to_owned(),
        ddl: postgres.map(|table| create_expression_index(table, column, (" USING gin", "{} gin_trgm_ops"))),
        ..Fix::default()
    }
}

/// How the condition is written: the column after an opening bracket, or the column alone.
fn wrapped_in(filter: &Filter) -> String {
    match filter.kind {
        kind if kind.is_wrapped() => format!("({}", filter.column.column),
        _ => filter.column.column.clone(),
    }
}

/// A filter in a form that no index of the table serves.
fn is_wrapped(project: &Project, site: &QuerySite, filter: &Filter) -> bool {
    if !(filter.kind.is_wrapped() || filter.kind == FilterKind::Pattern) || filter.column.column.is_empty() {
        return false;
    }
    let name = site
        .query
        .statement
        .tables
        .get(filter.column.table.unwrap_or(0))
        .map(|table| table.name.as_str());
    let Some(table) = name.and_then(|name| project.schema.table(name)) else {
        return filter.kind.is_wrapped();
    };
    // No B-tree serves JSON, arrays or vectors however they are compared.
    let Some(column) = table.column(&filter.column.column).filter(|column| is_searchable(column)) else {
        return false;
    };
    let lower = column.name.to_lowercase();
    !table.indexes.iter().any(|index| {
        let special = !index.is_btree() && index.method.as_deref() != Some("hash");
        index
            .keys
            .iter()
            .any(|key| (key.expression || special) && key.column.to_lowercase().contains(&lower))
    })
}

/// Whether a plain equality leaves few rows for the condition.
fn is_narrowed(project: &Project, site: &QuerySite) -> bool {
    let statement = &site.query.statement;
    let firm = statement
        .filters
        .iter()
        .filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In) && !filter.optional);
    // A flag or a kind leaves a part of the table that grows with it.
    let is_few = |table: &Table, column: &str| table.column(column).is_some_and(is_few_valued);
    let leads = |table: &Table, column: &str| (table.leads(column) && !is_few(table, column)) || matches!(column, "id" | "pk");
    let mut tables = firm.map(|filter| {
        let name = statement
            .tables
            .get(filter.column.table.unwrap_or(0))
            .map(|table| table.name.as_str());
        name.and_then(|name| project.schema.table(name))
            .is_some_and(|table| leads(table, &filter.column.column))
    });
    tables.any(|narrow| narrow)
}
