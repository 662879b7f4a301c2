//! The inventory of a project: every query, entry point and index, with what is known of its use.

use super::{endpoints, indexes, queries};
use crate::inventory::rows::Inventory;
use crate::project::Project;

/// Takes the inventory.
pub fn build(project: &Project) -> Inventory {
    let (tables, served) = indexes::build(project);
    let reached = endpoints::Reached::of(project);
    Inventory {
        queries: queries::build(project, &served),
        endpoints: reached.rows(project),
        tables,
    }
}
