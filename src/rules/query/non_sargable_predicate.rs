//! `non-sargable-predicate`: conditions that no plain index can serve.

use rayon::prelude::*;

use crate::advice::index::create_expression_index;
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::judge::columns::{is_few_valued, is_searchable, is_time};
use crate::judge::cost::Cost;
use crate::judge::scale;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::Table;
use crate::rules::shared::{site_finding, statement_text};
use crate::statement::{Dialect, Filter, FilterKind, Operation, Statement, SubqueryPlace};
use crate::vocabulary::List;

const ID: &str = "non-sargable-predicate";

/// How deep statements inside statements are looked through.
const MAX_DEPTH: u32 = 4;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project.graph.sites.par_iter().filter_map(|site| finding(project, site)).collect()
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let (query, statement) = (&site.query, &site.query.statement);
    let silent = |why: &str| project.silent(ID, site.file, site.span, || why);
    if query.opaque || query.fetch || matches!(statement.operation, Operation::Insert | Operation::Other) {
        silent("the statement is not understood whole, or looks for no rows by itself");
        return None;
    }
    let Some((statement, wrapped)) = in_statement(project, statement, 0) else {
        silent(
            "no condition puts a column inside a function or looks for a part of it, an index serves it, or another condition leaves few rows",
        );
        return None;
    };
    let name = statement
        .tables
        .get(wrapped.column.table.unwrap_or(0))
        .map_or("the table", |table| table.name.as_str());
    let table = project.schema.table(name);
    if table.is_some_and(|table| scale::is_small(project, table)) {
        silent("its table is small");
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
    let (mut finding, _) = site_finding::start(project, site, ID, &cost, confidence);
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
    // One index serves all of them, unless they stand in different functions.
    if wrapped.kind != FilterKind::Function {
        finding.cause.clone_from(&finding.subject);
    }
    statement_text::relate_condition(project, site, wrapped, &mut finding);
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

/// The first condition that no index serves, in a statement or in one that it reads from (`FROM (SELECT …)`, `WITH seen AS (…)`).
fn in_statement<'s>(project: &Project, statement: &'s Statement, depth: u32) -> Option<(&'s Statement, &'s Filter)> {
    // Inside, a name may be that of another part of the statement: the schema must know it.
    let is_known = |filter: &&Filter| {
        let table = statement.tables.get(filter.column.table.unwrap_or(0));
        depth == 0 || table.is_some_and(|table| project.schema.table(&table.name).is_some())
    };
    let mut wrapped = statement.filters.iter().filter(|filter| is_wrapped(project, statement, filter));
    if let Some(wrapped) = wrapped.find(is_known) {
        return (!is_narrowed(project, statement)).then_some((statement, wrapped));
    }
    let inner = statement.subqueries.iter().filter(|subquery| subquery.place == SubqueryPlace::From);
    let mut inner = inner.filter(|_| depth < MAX_DEPTH);
    inner.find_map(|subquery| in_statement(project, &subquery.statement, depth + 1))
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

/// A filter in a form that no index of the table serves.
fn is_wrapped(project: &Project, statement: &Statement, filter: &Filter) -> bool {
    if !(filter.kind.is_wrapped() || filter.kind == FilterKind::Pattern) || filter.column.column.is_empty() {
        return false;
    }
    let name = statement
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
fn is_narrowed(project: &Project, statement: &Statement) -> bool {
    let firm = statement
        .filters
        .iter()
        .filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In) && !filter.optional);
    // A flag or a kind leaves a part of the table that grows with it.
    let is_few = |table: &Table, column: &str| table.column(column).is_some_and(|column| is_few_valued(table, column));
    let leads = |table: &Table, column: &str| (table.leads(column) && !is_few(table, column)) || List::PrimaryKeys.has(column);
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
