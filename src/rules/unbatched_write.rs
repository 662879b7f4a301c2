//! `unbatched-write`: a write that goes to the database once for each row.

use super::per_row::{self, What};
use crate::finding::Finding;
use crate::project::Project;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    per_row::findings(project, "unbatched-write", What::Write)
}
