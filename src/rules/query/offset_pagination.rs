//! `offset-pagination`: pages found by skipping rows.

use rayon::prelude::*;

use crate::advice::texts::{Advised, Select, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::scale::{self, Scale};
use crate::libraries::entries::Often;
use crate::libraries::shared::query::Query;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::rules::shared::{site_finding, statement_text};
use crate::statement::{Operation, RowLimit, SubqueryPlace};

const ID: &str = "offset-pagination";

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project.graph.sites.par_iter().filter_map(|site| finding(project, site)).collect()
}

/// Whether the pages are of rows whose keys the code gives: no more is skipped than it has in memory.
fn is_of_known_keys(project: &Project, query: &Query) -> bool {
    let mut whole = query.clone();
    whole.statement.limit = RowLimit::None;
    let is_given = whole.statement.subqueries.iter().all(|inner| inner.place != SubqueryPlace::In);
    is_given && bounds::judge(project, &whole) == ReadBound::Keyed
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let (query, statement) = (&site.query, &site.query.statement);
    let pages = statement.offset
        && statement.operation == Operation::Select
        && matches!(statement.limit, RowLimit::Value | RowLimit::Usual(_) | RowLimit::Rows(2..));
    let silent = |why: &str| -> Option<Finding> {
        project.silent(ID, site.file, site.span, || why);
        None
    };
    if !pages {
        return silent("it skips no rows, or gives one");
    }
    if query.opaque || query.fetch {
        return silent("what the statement says is not read whole");
    }
    let Some(name) = query.table().filter(|name| !name.is_empty()) else {
        return silent("its table is not known");
    };
    if project.schema.table(name).is_some_and(|table| scale::is_small(project, table)) {
        return silent("its table is small: skipping its rows costs little");
    }
    if is_of_known_keys(project, query) {
        return silent("the code gives the keys of all rows: no more is skipped than it has in memory");
    }
    let rows = scale::unpaged(project, query);
    // Staff search and filter a list, and turn few of its pages.
    let reach = reach::at(project, site.function, site.expr);
    if rows.scale < Scale::Stream && reach.level == Reached::Request && reach.often == Some(Often::Seldom) {
        project.silent(ID, site.file, site.span, || {
            format!("few turn its pages: {}, {}", rows.why, reach.words())
        });
        return None;
    }
    let cost = Cost::Skip(rows);
    let (mut finding, label) = site_finding::start(project, site, ID, &cost, Confidence::Medium);
    finding.title = format!("Pages of `{name}` are found by OFFSET");
    finding.message = format!(
        "The statement skips rows of `{name}` to reach a page{}. The database reads and drops every row that is skipped.",
        label.map(|label| format!(" ({label})")).unwrap_or_default()
    );
    finding.impact = format!("page n reads n pages of `{name}`; rows that are added meanwhile shift the pages");
    finding.subject = format!("offset {name}");
    statement_text::relate(project, site, "offset", &mut finding);
    finding.fix = advice(Advised::Select(Select::Offset), query.library, &[]);
    Some(finding)
}
