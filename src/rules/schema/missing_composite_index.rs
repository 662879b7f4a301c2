//! `missing-composite-index`: groups of columns that no index serves together.

use super::missing_index;
use crate::analysis::Analyses;
use crate::finding::Finding;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    missing_index::findings(run, "missing-composite-index", |proposal| proposal.columns.len() > 1)
}
