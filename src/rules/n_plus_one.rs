//! `n-plus-one`: a query that runs once for each row.

use super::per_row::{PerRow, What};
use super::{per_row_admin, per_row_components, per_row_hooks, per_row_report, per_row_serializer, per_row_template};
use crate::finding::Finding;
use crate::project::Project;

/// The findings, of all queries and writes that run once a row, and of what frameworks run once a row.
pub fn findings(project: &Project, rows: &[PerRow<'_>]) -> Vec<Finding> {
    let mut findings = per_row_report::findings(project, rows, "n-plus-one", What::Query);
    findings.extend(per_row_serializer::findings(project));
    findings.extend(per_row_hooks::findings(project));
    findings.extend(per_row_admin::findings(project));
    findings.extend(per_row_template::findings(project));
    findings.extend(per_row_components::findings(project));
    findings
}
