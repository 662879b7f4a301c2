//! Loops that do work for each element.

use super::{Access, PerRow};
use crate::libraries::shared::effects::Effects;
use crate::project::Project;
use crate::project::graph::{EffectStep, FnId, WRITE_SLOT};
use crate::vocabulary::List;

/// Whether what is called for each element changes something as well. Then it is work of its own for each (saving, copying, sending), of
/// which what it reads is the least, and is seldom to be had for all at once: of some thirty such loops that were read, maintainers would act on a few.
pub fn is_work(project: &Project, row: &PerRow<'_>) -> bool {
    row.access == Access::Read
        && row.remote.is_none()
        && row.relation.is_none()
        && row
            .target
            .is_some_and(|target| project.graph.function(target).effects.any(Effects::SPAWN) || changes_rows(project, target))
}

/// Whether a function sends a statement that changes rows, or tells its session to: to open or end a transaction changes none.
fn changes_rows(project: &Project, function: FnId) -> bool {
    let Some(&(at, EffectStep::Direct(edge))) = project.graph.chain(function, WRITE_SLOT).last() else {
        return project.graph.function(function).effects.has(Effects::WRITE);
    };
    let called = project.graph.function(at).edges.get(edge).and_then(|edge| edge.external.as_deref());
    !called.is_some_and(|name| List::TransactionCalls.has(name.rsplit('.').next().unwrap_or(name)))
}
