//! Whether the passes of a loop wait for each other, and whether anybody waits for them.

use super::{Loop, LoopForm, body};
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind};

/// Expressions around a call among which what becomes of it is looked for.
const MAX_AROUND_CALL: usize = 12;

/// Statements of a loop that are looked at for what a pass waits for, by design: a longer one counts as one that waits.
const MOST_STATEMENTS: usize = 200;

/// How the passes of a loop follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassOrder {
    /// One after the other.
    InTurn,
    /// They may overlap, and something may wait for all of them.
    Together,
    /// All are started, and nobody waits for them: `rows.forEach(async (row) => …)`, a call without an `await`.
    Left,
}

/// What becomes of a promise in its own function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Awaited,
    /// The function gives it back.
    Returned,
    /// It is a statement.
    Dropped,
    /// Something else has it.
    Kept,
}

/// How the passes of a loop follow each other, by a call in it that gives a promise.
pub fn of(module: &Module, around: &Loop, place: ExprId) -> PassOrder {
    if around.parallel {
        return PassOrder::Together;
    }
    if !module.language.passes_promises_on() {
        return PassOrder::InTurn;
    }
    let LoopForm::Callback(method) = &around.kind else {
        return match fate(module, place) {
            // What else a pass waits for keeps the calls apart.
            Fate::Dropped if waits(module, around, place) => PassOrder::Together,
            Fate::Dropped => PassOrder::Left,
            _ => PassOrder::InTurn,
        };
    };
    if !starts_all(method) {
        return PassOrder::InTurn;
    }
    // What the loop calls is the outermost function between the two.
    let mut at = place;
    for _ in 0..MAX_AROUND_CALL {
        match (fate(module, at), passes_on(module, around, at)) {
            (Fate::Dropped, _) => return PassOrder::Left,
            (Fate::Kept, _) | (_, None) => return PassOrder::Together,
            (_, Some((_, call))) if module.expr(call).span == around.span => {
                return match (method.as_str(), fate(module, call)) {
                    ("forEach", _) | (_, Fate::Dropped) => PassOrder::Left,
                    _ => PassOrder::Together,
                };
            }
            (_, Some((_, call))) => at = call,
        }
    }
    PassOrder::Together
}

/// Whether the function that a place stands in waits for something in a loop around it.
fn waits(module: &Module, around: &Loop, place: ExprId) -> bool {
    let function = module.owner(place);
    let is_await = |id: ExprId| matches!(module.kind(id), ExprKind::Await(_)) && module.owner(id) == function;
    let awaits = |stmt: StmtId| {
        let exprs = module.stmt_exprs(stmt).into_iter();
        exprs.flat_map(|expr| body::inner(module, expr)).any(is_await)
    };
    let mut stmts = module.stmts_in(around.span);
    stmts.by_ref().take(MOST_STATEMENTS).any(awaits) || stmts.next().is_some()
}

/// Methods that call what they are given once for each element and go on at once, whatever it gives back.
fn starts_all(method: &str) -> bool {
    matches!(method, "forEach" | "map" | "flatMap")
}

/// The function around a place, where it stands in the loop, and the call that it is given to.
fn passes_on(module: &Module, around: &Loop, place: ExprId) -> Option<(ExprId, ExprId)> {
    let Parent::Expr(lambda) = module.function(module.owner(place)).definition else {
        return None;
    };
    let Parent::Expr(call) = module.expr(lambda).parent else {
        return None;
    };
    let is_inside = around.span.encloses(module.expr(lambda).span);
    (is_inside && module.call(call).is_some()).then_some((lambda, call))
}

/// What becomes of what an expression gives, up to the end of its statement.
fn fate(module: &Module, place: ExprId) -> Fate {
    let mut at = place;
    for _ in 0..MAX_AROUND_CALL {
        match module.expr(at).parent {
            Parent::Expr(parent) => match module.kind(parent) {
                ExprKind::Await(_) => return Fate::Awaited,
                ExprKind::Attr { .. } | ExprKind::Unary { .. } => at = parent,
                // `save(row).catch(report)`.
                ExprKind::Call { callee, .. } if *callee == at => at = parent,
                _ => return Fate::Kept,
            },
            Parent::Stmt(stmt) => {
                return match module.stmt(stmt).kind {
                    StmtKind::Expr(_) => Fate::Dropped,
                    StmtKind::Return(_) => Fate::Returned,
                    _ => Fate::Kept,
                };
            }
            _ => return Fate::Kept,
        }
    }
    Fate::Kept
}
