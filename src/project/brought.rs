//! Places that stand in for what an object may bring already: after `if (order.items) return order.items`, in `order.items ?? load(order)`.

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, Sym};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::project::loops::body;
use crate::project::once::{self, Guard, Slot};
use crate::project::scope::{Bound, Scope};

/// Whether an expression of a function runs only for objects that lack what it brings: those that the function is given, and that others
/// may have filled before.
pub fn stands_in(code: &Code, (file, function): (FileId, FunctionId), expr: ExprId) -> bool {
    let Some(scope) = code.scopes.get(file.index()) else {
        return false;
    };
    let given = Given {
        module: code.module(file),
        scope,
        function,
    };
    if given.module.function(function).params.is_empty() {
        return false;
    }
    // What stands too far above is not seen, and the place counts as reached each time: nothing is left out.
    given.is_fallback(expr) || once::is_guarded(given.module, expr, &|guard| given.keeps(guard), &|| {})
}

/// The parameters of one function.
struct Given<'c> {
    module: &'c Module,
    scope: &'c Scope,
    function: FunctionId,
}

impl Given<'_> {
    /// `order.items`, or `items` of `({ items }) => …`.
    fn has(&self, slot: Slot) -> bool {
        match slot.class {
            Some(object) => self.is_given(object, false),
            None => self.is_given(slot.name, true),
        }
    }

    /// Whether a name is a parameter, or a part of one, and never anything else; what a method is called on keeps what it found itself.
    fn is_given(&self, name: Sym, is_part: bool) -> bool {
        let mut bindings = self.scope.bindings_of(self.function, name).peekable();
        let is_param = |bound: &Bound| match bound {
            Bound::Param(owner, at, steps) => steps.is_empty() != is_part && !(*at == 0 && self.module.takes_receiver(*owner)),
            _ => false,
        };
        bindings.peek().is_some() && bindings.all(|binding| is_param(&binding.bound))
    }

    /// A test that asks whether an object has something, and what is given back or set for it.
    fn keeps(&self, guard: &Guard) -> bool {
        if !self.has(guard.slot) {
            return false;
        }
        match guard.returned {
            Some(returned) => self.mentions(returned, guard.slot),
            // In `order.items ??= load()` the test is the place that sets it.
            None => guard.upto == guard.test || self.is_set(guard),
        }
    }

    fn is_set(&self, guard: &Guard) -> bool {
        let range = crate::source::Span {
            start: guard.from,
            end: guard.upto,
        };
        self.module
            .stmts_in(range)
            .take(Limit::Holders.count())
            .any(|stmt| match self.module.stmt(stmt).kind {
                StmtKind::Assign { target, .. } => once::name(self.module, target) == Some(guard.slot),
                _ => false,
            })
    }

    fn mentions(&self, expr: ExprId, slot: Slot) -> bool {
        let names_it =
            |&inner: &ExprId| !matches!(self.module.kind(inner), ExprKind::Call { .. }) && once::name(self.module, inner) == Some(slot);
        body::inner(self.module, expr).iter().any(names_it)
    }

    /// The right side of `order.items ?? load()`, the last part of `order.items ? order.items : load()`.
    fn is_fallback(&self, expr: ExprId) -> bool {
        let mut below = expr;
        let mut at = self.module.expr(expr).parent;
        for _ in 0..Limit::Holders.count() {
            let Parent::Expr(outer) = at else { return false };
            let found = match *self.module.kind(outer) {
                ExprKind::Binary { op, left, right } if right == below && matches!(self.module.str(op), "??" | "||" | "or") => {
                    once::name(self.module, left)
                }
                ExprKind::Cond { test, then, orelse } if orelse == below => {
                    once::present(self.module, test).filter(|&slot| self.mentions(then, slot))
                }
                ExprKind::Lambda(_) => return false,
                _ => None,
            };
            if found.is_some_and(|slot| self.has(slot)) {
                return true;
            }
            below = outer;
            at = self.module.expr(outer).parent;
        }
        false
    }
}
