//! `unbounded-growth`: a collection that lives as long as the process and only grows.

use crate::advice::collection;
use crate::analysis::Analyses;
use crate::finding::Finding;

const ID: &str = "unbounded-growth";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let (caches, found): (Vec<_>, Vec<_>) = run.growing().iter().partition(|growing| growing.is_cache);
    for growing in caches {
        growing.silent(ID, "it only grows and is a cache: unbounded-cache tells it");
    }
    found.iter().map(|growing| collection::finding(growing, ID)).collect()
}
