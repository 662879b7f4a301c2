//! `unbatched-write`: a write that goes to the database once for each row.

use crate::advice::texts::{Advised, Write, in_python};
use crate::analysis::Analyses;
use crate::analysis::repeats::per_row::Access;
use crate::finding::{Confidence, Finding};
use crate::judge::cost::{Cost, Unit};
use crate::judge::scale::{Rows, Scale};
use crate::judge::{evidence, priority, reach};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::rules::shared::per_row;
use crate::statement::Operation;

/// The findings, of all writes that run once a row, and of bulk methods that are none.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = per_row::findings(project, run.per_row(), "unbatched-write", Access::Write);
    let taken: Vec<_> = findings.iter().map(|finding| finding.location.clone()).collect();
    let sites = project.graph.sites.iter().filter(|site| site.query.row_by_row);
    let one_by_one = sites.map(|site| row_by_row(project, site));
    findings.extend(one_by_one.filter(|finding| !taken.contains(&finding.location)));
    findings
}

/// A driver's bulk method that is none: it runs the statement for each row of its argument.
fn row_by_row(project: &Project, site: &QuerySite) -> Finding {
    let reach = reach::at(project, site.function, site.expr);
    // Nobody writes `executemany` for a few rows.
    let cost = Cost::Each {
        times: 1,
        what: Unit::Statement,
        rows: Rows::new(Scale::OfParent, "the rows of its argument"),
    };
    let judgement = priority::judge(&cost, &reach, Confidence::High, 0);
    let label = reach.label;
    let mut finding = Finding::new(
        "unbatched-write",
        judgement,
        Confidence::High,
        project.place_in(site.function, site.span),
    );
    let what = match site.query.statement.operation {
        Operation::Other => "the statement".to_owned(),
        _ => evidence::describe(&site.query),
    };
    finding.title = format!("`executemany` of psycopg2 runs {what} once for each row");
    finding.message = "psycopg2's `executemany` is a loop: each row of its argument is a statement and a round trip of its own.".to_owned();
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!("n round trips for n rows{}", evidence::reach_words(label.as_deref()));
    finding.subject = format!("executemany {}", evidence::essence(&site.query));
    finding.related = evidence::path_to_place(project, site.function, site.expr);
    finding.fix = in_python(Advised::Write(Write::Many), &[]);
    finding
}
