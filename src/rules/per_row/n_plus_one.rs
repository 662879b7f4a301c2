//! `n-plus-one`: a query that runs once for each row.

use super::{admin, components, hooks, report, response, serializer, template};
use crate::analysis::repeats::per_row::{PerRow, What};
use crate::finding::Finding;
use crate::project::Project;

/// The findings, of all queries and writes that run once a row, and of what frameworks run once a row.
pub fn findings(project: &Project, rows: &[PerRow<'_>]) -> Vec<Finding> {
    let mut findings = report::findings(project, rows, "n-plus-one", What::Query);
    findings.extend(serializer::findings(project));
    findings.extend(response::findings(project));
    findings.extend(hooks::findings(project));
    findings.extend(admin::findings(project));
    findings.extend(template::findings(project));
    findings.extend(components::findings(project));
    findings
}
