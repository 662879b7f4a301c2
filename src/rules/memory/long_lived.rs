//! What objects that outlive a request keep: `per-request-cache`, `unbounded-cache` and `unbounded-growth`, whose search for where
//! each class is instantiated runs once for all three.

use super::{per_request_cache, unbounded_cache, unbounded_growth};
use crate::analysis::growth::{self, lifetime};
use crate::finding::Finding;
use crate::project::Project;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let lifetimes = lifetime::of(project);
    let growing = growth::find(project, &lifetimes);
    let mut findings = per_request_cache::findings(project, &lifetimes);
    findings.extend(unbounded_cache::findings(project, &lifetimes, &growing));
    findings.extend(unbounded_growth::findings(&growing));
    findings
}
