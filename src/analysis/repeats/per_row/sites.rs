//! Statements that stand in the loop themselves.

use super::{Access, PerRow, Search};
use crate::analysis::repeats::shape::{is_another_table, is_batched, is_bulk, is_kept};
use crate::project::graph::{FnId, QuerySite};
use crate::project::{held, rows};
use crate::statement::Operation;

impl<'p> Search<'p, '_> {
    pub(super) fn site(&mut self, function: FnId, site: &'p QuerySite) {
        let access = match site.query.statement.operation {
            Operation::Select => Access::Read,
            Operation::Insert | Operation::Update | Operation::Delete => Access::Write,
            Operation::Other => return,
        };
        if site.held || self.is_prefetched(site) {
            return self.silent(access, site.expr, || "it reads a relation that a query of the project loads along");
        }
        if is_bulk(&self.eval, site) {
            return self.silent(access, site.expr, || "it is one statement for many rows");
        }
        let Some((around, outer, chunked)) = self.around(access, site.expr) else {
            return;
        };
        if around.parallel && is_batched(self.module, site) {
            return self.silent(
                access,
                site.expr,
                || "its client makes one statement of all that is asked in one tick",
            );
        }
        if is_another_table(&self.eval, &around, site) {
            return self.silent(access, site.expr, || "each pass of the loop asks another table");
        }
        if is_kept(self.module, &around, site) {
            return self.silent(
                access,
                site.expr,
                || "what was built before the loop keeps its rows after the first pass",
            );
        }
        let key = format!("site {}", site.expr.0);
        let row = PerRow {
            access,
            site: Some(site),
            ..PerRow::read(function, site.expr, (around, outer, chunked))
        };
        self.push(key, row);
    }

    /// `order.items.all()` and `order.items.count()` read what a prefetch loaded; a filter, an order or a limit ask again.
    fn is_prefetched(&self, site: &QuerySite) -> bool {
        let Some((instance, name)) = &site.query.relation else {
            return false;
        };
        if !held::reads_all(self.module, site) {
            return false;
        }
        let Some(row) = rows::row_of(self.project, &self.eval, instance.0, instance.1, 0) else {
            return false;
        };
        let Some((at, expr)) = row.source else { return false };
        self.eval
            .query_at(at, expr)
            .is_some_and(|query| rows::is_loaded(&query.eager, &row.path_to(name)))
    }
}
