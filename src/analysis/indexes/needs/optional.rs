//! Conditions that hold only sometimes, and then are all that finds rows.

use super::{IndexNeed, StatementView};
use crate::statement::{Filter, FilterKind};

impl StatementView<'_> {
    /// Whether a condition through a function asks for all that an index could find: one on the expression finds its rows, whatever their
    /// order, so that only other conditions are asked for here.
    pub(super) fn is_left_to_a_function(&self, at: usize, need: &mut IndexNeed) -> bool {
        let mut filters = self.statement.filters.iter();
        if !filters.any(|filter| filter.kind == FilterKind::Function && self.place(&filter.column) == Some(at)) {
            return false;
        }
        need.order.clear();
        need.equal.is_empty()
    }

    /// A condition that applies only sometimes, and no other with it: it stands alone, not in an OR.
    pub(super) fn is_lone(&self, filter: &Filter) -> bool {
        matches!(filter.kind, FilterKind::Equality | FilterKind::In) && self.statement.filters.len() == 1
    }

    /// One of two conditions, each of which may stand alone: it then is all that finds rows.
    pub(super) fn is_of_two(&self, filter: &Filter) -> bool {
        let filters = &self.statement.filters;
        let is_it = |one: &Filter| {
            matches!(one.kind, FilterKind::Equality | FilterKind::In) && one.optional && !one.hindered && one.literal.is_none()
        };
        filters.len() == 2 && filters.iter().all(is_it) && filters.iter().all(|one| self.place(&one.column) == self.place(&filter.column))
    }
}
