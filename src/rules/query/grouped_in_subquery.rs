//! `grouped-in-subquery`: `IN (SELECT … GROUP BY … HAVING …)`.

use rayon::prelude::*;

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix};
use crate::judge::columns;
use crate::judge::cost::{self, Cost};
use crate::judge::scale;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::rules::shared::site_finding;
use crate::rules::shared::statement_text;
use crate::statement::{Filter, FilterKind, Subquery, SubqueryPlace};

const ID: &str = "grouped-in-subquery";

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project.graph.sites.par_iter().filter_map(|site| finding(project, site)).collect()
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let query = &site.query;
    let silent = |why: &str| project.silent(ID, site.file, site.span, || why);
    if query.opaque || query.fetch {
        silent("the statement is not understood whole, or only reads on what was asked before");
        return None;
    }
    let grouped = query
        .statement
        .subqueries
        .iter()
        .find(|subquery| subquery.place == SubqueryPlace::In && subquery.grouped && subquery.statement.grouped);
    let Some(grouped) = grouped else {
        silent("no IN of it is over a subquery that groups");
        return None;
    };
    // DISTINCT over the rows of one user is no grouping of all.
    if grouped.statement.filters.iter().any(|filter| is_narrow(project, grouped, filter)) {
        silent("a value that the subquery is given leaves few rows to group");
        return None;
    }
    let inner = grouped.statement.tables.first().map_or("a table", |table| table.name.as_str());
    let outer = query.table().unwrap_or("the outer table");
    let cost = Cost::Walk {
        what: cost::statement(project),
        rows: scale::of_name(project, inner),
        asks: 1,
        is_declared: false,
        of_people: false,
    };
    let (mut finding, _) = site_finding::start(project, site, ID, &cost, Confidence::Medium);
    finding.title = format!("`{outer}` is filtered by an IN over groups of `{inner}`");
    finding.message =
        format!("The statement groups `{inner}` as a whole to find the keys, before a filter on `{outer}` can narrow it down.");
    finding.impact = format!("all of `{inner}` that the subquery selects is grouped each time");
    finding.subject = format!("{outer} {inner}");
    statement_text::relate(project, site, "group by", &mut finding);
    finding.fix = Fix {
        summary: format!("Join `{inner}` and group the joined rows, or use EXISTS once for each value, so that other filters apply first."),
        ..Fix::default()
    };
    Some(finding)
}

/// Whether a condition of the subquery itself leaves the rows of one value that the code gives.
fn is_narrow(project: &Project, grouped: &Subquery, filter: &Filter) -> bool {
    let name = grouped.statement.tables.first().map_or("", |table| table.name.as_str());
    let is_few = project.schema.table(name).is_some_and(|table| {
        let column = table.column_in_code(&filter.column.column);
        column.is_some_and(|column| columns::is_few_valued(table, column))
    });
    if columns::is_tenant(&filter.column.column) || is_few {
        return false;
    }
    filter.kind == FilterKind::Equality && filter.literal.is_none() && !filter.optional
}
