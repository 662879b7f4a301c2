//! `unbounded-growth`: a collection that lives as long as the process and only grows.

use super::growth;
use crate::finding::Finding;
use crate::project::Project;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let found = growth::find(project).into_iter().filter(|growing| !growing.is_cache);
    found.map(|growing| growing.finding("unbounded-growth")).collect()
}
