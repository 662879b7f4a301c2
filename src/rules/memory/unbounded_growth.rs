//! `unbounded-growth`: a collection that lives as long as the process and only grows.

use crate::analysis::Analyses;
use crate::finding::Finding;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let found = run.growing().iter().filter(|growing| !growing.is_cache);
    found.map(|growing| growing.finding("unbounded-growth")).collect()
}
