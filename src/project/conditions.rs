//! Whether a call stands under a condition: whoever comes to its function comes to it sometimes.

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind};
use crate::vocabulary::List;

/// How deep a test is read for what it asks.
const MAX_DEPTH: u32 = 6;

/// Whether an expression of a function runs under a condition: below `if`, `case`, `except`, behind `and` or `?`. What a handler asks of
/// every request is none: `if request.method == "POST"`, `if form.is_valid()`.
pub fn stands_under_one(module: &Module, expr: ExprId) -> bool {
    let mut below: Option<StmtId> = None;
    let mut child = expr;
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        match at {
            Parent::Expr(id) => {
                if is_behind(module, id, child) {
                    return true;
                }
                child = id;
                at = module.expr(id).parent;
            }
            Parent::Stmt(id) => {
                if below.is_some_and(|below| is_branch(module, id, below)) {
                    return true;
                }
                below = Some(id);
                at = module.stmt(id).parent;
            }
            Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
        }
    }
    false
}

/// The second part of `flag and load()`, a part of `load() if flag else None`.
fn is_behind(module: &Module, at: ExprId, child: ExprId) -> bool {
    match *module.kind(at) {
        ExprKind::Cond { test, .. } => child != test && !is_usual(module, test, 0),
        ExprKind::Binary { op, left, right } => right == child && module.str(op) == "and" && !is_usual(module, left, 0),
        _ => false,
    }
}

fn is_branch(module: &Module, at: StmtId, below: StmtId) -> bool {
    let (block, _) = module.place_in_block(below);
    match &module.stmt(at).kind {
        StmtKind::If { test, .. } => !is_usual(module, *test, 0),
        StmtKind::Switch { .. } => true,
        StmtKind::Try { handlers, .. } => (1..=handlers.len()).contains(&block),
        _ => false,
    }
}

/// Whether a test asks what nearly every caller passes.
fn is_usual(module: &Module, test: ExprId, depth: u32) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match *module.kind(test) {
        ExprKind::Unary { operand, .. } => is_usual(module, operand, depth + 1),
        ExprKind::Binary { left, right, .. } => is_usual(module, left, depth + 1) || is_usual(module, right, depth + 1),
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => List::UsualTests.has(module.str(name)),
        ExprKind::Call { .. } => module
            .call(test)
            .and_then(|call| call.method().or(module.name(call.callee)))
            .is_some_and(|name| List::UsualTests.has(name)),
        _ => false,
    }
}
