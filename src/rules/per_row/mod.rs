//! What runs once a row: `n-plus-one` and `unbatched-write`, whose search runs once for both.

pub mod admin;
pub mod components;
pub mod hooks;
pub mod n_plus_one;
pub mod report;
pub mod response;
pub mod serializer;
pub mod template;
pub mod unbatched_write;

use crate::analysis::repeats::per_row;
use crate::finding::Finding;
use crate::project::Project;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let rows = per_row::find(project);
    let mut findings = n_plus_one::findings(project, &rows);
    findings.extend(unbatched_write::findings(project, &rows));
    findings
}
