//! `n-plus-one`: a query that runs once for each row.

use super::per_row::{self, What};
use crate::finding::Finding;
use crate::project::Project;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    per_row::findings(project, "n-plus-one", What::Query)
}
