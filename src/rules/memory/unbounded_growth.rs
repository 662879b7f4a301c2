//! `unbounded-growth`: a collection that lives as long as the process and only grows.

use crate::analysis::growth::Growing;
use crate::finding::Finding;

/// The findings, of all collections that only grow.
pub fn findings(growing: &[Growing<'_>]) -> Vec<Finding> {
    let found = growing.iter().filter(|growing| !growing.is_cache);
    found.map(|growing| growing.finding("unbounded-growth")).collect()
}
