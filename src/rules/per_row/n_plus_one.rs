//! `n-plus-one`: a query that runs once for each row.

mod admin;
mod components;
mod hooks;
mod response;
mod serializer;
mod template;

use crate::analysis::Analyses;
use crate::analysis::repeats::per_row::Access;
use crate::finding::Finding;
use crate::rules::shared::per_row;

/// The findings, of all queries that run once a row, and of what frameworks run once a row.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = per_row::findings(project, run.per_row(), "n-plus-one", Access::Read);
    findings.extend(serializer::findings(project));
    findings.extend(response::findings(project));
    findings.extend(hooks::findings(project));
    findings.extend(admin::findings(project));
    findings.extend(template::findings(project));
    findings.extend(components::findings(project));
    findings
}
