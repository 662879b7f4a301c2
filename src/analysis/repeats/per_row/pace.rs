//! How what runs once a row follows what ran before.

use super::PerRow;
use crate::project::Project;
use crate::project::graph::{EffectStep, FnId, QUERY_SLOT, WRITE_SLOT};
use crate::project::loops::pace::{self, PassOrder};

impl PerRow<'_> {
    /// How the passes of the loop follow each other: what a synchronous driver does in them comes one after the other in any loop.
    pub fn pace(&self, project: &Project) -> PassOrder {
        let blocks = match (self.site, self.target) {
            (Some(site), _) => site.query.blocking,
            (None, Some(target)) => leads_to_blocking(project, target),
            (None, None) => self.relation.is_some(),
        };
        if blocks && !self.around.parallel {
            return PassOrder::InTurn;
        }
        let module = project.code.module(project.graph.function(self.function).file);
        pace::of(module, &self.around, self.expr)
    }
}

/// Whether a synchronous driver runs the statement that a function leads to.
fn leads_to_blocking(project: &Project, target: FnId) -> bool {
    [QUERY_SLOT, WRITE_SLOT]
        .into_iter()
        .any(|slot| match project.graph.chain(target, slot).last() {
            Some(&(_, EffectStep::Query(site))) => project.graph.sites.get(site).is_some_and(|site| site.query.blocking),
            _ => false,
        })
}
