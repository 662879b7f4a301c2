//! Whether a call stands under a condition: whoever comes to its function comes to it sometimes.

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Holder, Module, Parent, StmtId, StmtKind, Sym};
use crate::project::branches::constants::{Constant, decide};
use crate::vocabulary::List;

/// How deep a test is read for what it asks.
const MAX_DEPTH: u32 = 6;

/// Whether an expression of a function runs under a condition: below `if`, `case`, `except`, behind `and` or `?`. What a handler asks of
/// every request is none: `if request.method == "POST"`, `if form.is_valid()`; nor is what the names decide that are known on the way.
pub fn stands_under_one(module: &Module, expr: ExprId, known: &[(Sym, Constant)]) -> bool {
    let is_open = |test: ExprId| !is_usual(module, test, 0) && decide(module, test, known, 0).is_none();
    let mut holders = module.holders(expr).take(Limit::Holders.count());
    holders.any(|Holder { at, child, below }| match at {
        Parent::Expr(at) => is_behind(module, at, child, &is_open),
        Parent::Stmt(at) => below.is_some_and(|below| is_branch(module, at, below, &is_open)),
        Parent::Function(_) | Parent::Class(_) | Parent::None => false,
    })
}

/// Whether an expression runs for some of the things its function is called for: below an `if` without `else`, behind `and`, in a handler
/// of errors. A test of whether a thing is there at all is none: mostly it is.
pub fn is_optional(module: &Module, expr: ExprId) -> bool {
    let asks = |test: ExprId| !is_usual(module, test, 0) && !is_presence(module, test, 0);
    let mut holders = module.holders(expr).take(Limit::Holders.count());
    holders.any(|Holder { at, child, below }| match at {
        Parent::Expr(at) => match *module.kind(at) {
            ExprKind::Binary { op, left, right } => right == child && module.str(op) == "and" && asks(left),
            _ => false,
        },
        Parent::Stmt(at) => below.is_some_and(|below| match &module.stmt(at).kind {
            StmtKind::If { test, orelse, .. } => orelse.is_empty() && asks(*test),
            StmtKind::Try { handlers, .. } => (1..=handlers.len()).contains(&module.place_in_block(below).0),
            _ => false,
        }),
        Parent::Function(_) | Parent::Class(_) | Parent::None => false,
    })
}

/// Whether a test asks only whether something is there: `if owner`, `if (page.parent != null)`, `if isinstance(pool, Pool)`.
fn is_presence(module: &Module, test: ExprId, depth: u32) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match *module.kind(test) {
        ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Index { .. } | ExprKind::Await(_) => true,
        ExprKind::Unary { operand, .. } => is_presence(module, operand, depth + 1),
        ExprKind::Binary { op, left, right } => match module.str(op) {
            "and" | "or" => is_presence(module, left, depth + 1) && is_presence(module, right, depth + 1),
            "instanceof" => true,
            _ => matches!(module.kind(right), ExprKind::Null),
        },
        _ => false,
    }
}

/// The second part of `flag and load()`, a part of `load() if flag else None`.
fn is_behind(module: &Module, at: ExprId, child: ExprId, is_open: &dyn Fn(ExprId) -> bool) -> bool {
    match *module.kind(at) {
        ExprKind::Cond { test, .. } => child != test && is_open(test),
        ExprKind::Binary { op, left, right } => right == child && module.str(op) == "and" && is_open(left),
        _ => false,
    }
}

fn is_branch(module: &Module, at: StmtId, below: StmtId, is_open: &dyn Fn(ExprId) -> bool) -> bool {
    let (block, _) = module.place_in_block(below);
    match &module.stmt(at).kind {
        StmtKind::If { test, .. } => is_open(*test),
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
