//! `correlated-subquery`: a subquery that runs once for each outer row.

use rayon::prelude::*;

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::Cost;
use crate::judge::scale::{self, Rows, Scale};
use crate::libraries::shared::query::{Outcome, Query};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::rules::shared::{site_finding, statement_text};
use crate::statement::{Operation, Projection, RowLimit, Statement, Subquery, SubqueryPlace};

const ID: &str = "correlated-subquery";

const MAX_DEPTH: u32 = 4;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project.graph.sites.par_iter().filter_map(|site| finding(project, site)).collect()
}

/// The correlated subquery of a statement, also inside its derived tables.
fn correlated(statement: &Statement, depth: u32) -> Option<&Subquery> {
    if depth > MAX_DEPTH || statement.operation == Operation::Insert {
        return None;
    }
    statement.subqueries.iter().find_map(|subquery| match subquery.place {
        // In FROM it is LATERAL.
        SubqueryPlace::Select | SubqueryPlace::Where | SubqueryPlace::From if subquery.correlated => Some(subquery),
        SubqueryPlace::From => correlated(&subquery.statement, depth + 1),
        _ => None,
    })
}

/// Whether the outer statement has few rows, so that the subquery runs seldom.
fn is_few(project: &Project, query: &Query) -> bool {
    if query.statement.projection != Projection::Aggregate {
        return matches!(query.statement.limit, RowLimit::One | RowLimit::Rows(0..=10))
            || bounds::judge(project, query) == ReadBound::Keyed;
    }
    // One figure is made of all the rows.
    let mut rows = query.clone();
    rows.statement.projection = Projection::All;
    rows.statement.limit = RowLimit::None;
    rows.outcome = Outcome::Rows;
    bounds::judge(project, &rows) == ReadBound::Keyed
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let query = &site.query;
    let silent = |why: &str| project.silent(ID, site.file, site.span, || why);
    if query.opaque || query.fetch {
        silent("the statement is not understood whole, or only reads on what was asked before");
        return None;
    }
    if is_few(project, query) {
        silent("few outer rows are looked at: a key or a small limit leaves a handful");
        return None;
    }
    let Some(subquery) = correlated(&query.statement, 0) else {
        silent("no subquery of it names a column of the statement around it");
        return None;
    };
    let lateral = subquery.place == SubqueryPlace::From;
    let table = subquery.statement.tables.first().map_or("its table", |table| table.name.as_str());
    let outer = query.table().filter(|name| !name.is_empty()).unwrap_or("the outer table");
    // A LATERAL look-up of one row is cheap by an index, as long as the limit comes first.
    let rows = if lateral {
        Rows::new(Scale::Few, "a look-up by an index")
    } else {
        scale::of_query(project, query)
    };
    let (mut finding, _) = site_finding::start(project, site, ID, &Cost::Waste(rows), Confidence::Medium);
    finding.title = format!("A subquery on `{table}` runs for each row of `{outer}`");
    finding.message = if lateral {
        format!(
            "The LATERAL subquery on `{table}` is evaluated for each row of `{outer}` that is joined, before a sort and a limit leave a page of them."
        )
    } else {
        format!(
            "The subquery on `{table}` names a column of the outer statement, so it is evaluated for each row of `{outer}` that the statement looks at."
        )
    };
    finding.impact = format!("n look-ups in `{table}` inside one statement; with a sort or a group, for rows that are never returned too");
    finding.subject = format!("{outer} {table}");
    statement_text::relate(project, site, table, &mut finding);
    finding.fix = Fix {
        summary: if lateral {
            format!("Take the page of `{outer}` in a derived table first and join the look-up to it.")
        } else {
            format!(
                "Group `{table}` once in a derived table or CTE and join it, or take the figure by a window function or LATERAL after the limit."
            )
        },
        ..Fix::default()
    };
    Some(finding)
}
