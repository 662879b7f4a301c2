//! The inventory of a project: every query, entry point and index, with what is known of its use.

use super::{endpoints, indexes, queries};
use crate::analysis::Analyses;
use crate::inventory::rows::Inventory;

/// Takes the inventory.
pub fn build(run: &Analyses<'_>) -> Inventory {
    let reached = endpoints::StepsToQueries::of(run.project);
    Inventory {
        queries: queries::build(run),
        endpoints: reached.rows(run),
        tables: indexes::build(run),
        databases: indexes::databases(run.project),
    }
}
