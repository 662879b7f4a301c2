//! What constants close: branches that they leave out, loops that have no turns, what stands after a return.

use super::{Constant, Ends, MAX_NESTING, constant, decide};
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::{callbacks, collections};

/// Whether the constants keep an expression of a function from being reached. Where blocks end is kept for the next question about
/// the same constants.
pub(super) fn is_closed(module: &Module, function: FunctionId, expr: ExprId, known: &[(Sym, Constant)], ends: &mut Ends) -> bool {
    if known.is_empty() {
        return false;
    }
    let mut below: Option<StmtId> = None;
    let mut child = expr;
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        match at {
            Parent::Expr(id) => {
                if is_cut(module, id, child, known) {
                    return true;
                }
                child = id;
                at = module.expr(id).parent;
            }
            Parent::Stmt(id) => {
                if let Some(below) = below
                    && (is_left_out(module, id, below, known) || is_left_before(module, at, below, known, ends))
                {
                    return true;
                }
                below = Some(id);
                at = module.stmt(id).parent;
            }
            Parent::Function(id) => {
                let definition = module.function(id);
                if let Some(below) = below
                    && is_left_before(module, at, below, known, ends)
                {
                    return true;
                }
                if id == function {
                    return false;
                }
                below = None;
                match definition.definition {
                    Parent::Expr(lambda) => {
                        child = lambda;
                        at = module.expr(lambda).parent;
                    }
                    _ => return false,
                }
            }
            Parent::Class(_) | Parent::None => return false,
        }
    }
    false
}

/// `flag and load()`, `load() if flag else None`.
fn is_cut(module: &Module, at: ExprId, child: ExprId, known: &[(Sym, Constant)]) -> bool {
    match module.kind(at) {
        ExprKind::Cond { test, then, orelse } => match decide(module, *test, known, 0) {
            Some(true) => *orelse == child,
            Some(false) => *then == child,
            None => false,
        },
        ExprKind::Comp(comp) => {
            let is_empty = |iterable: ExprId| is_without_elements(module, iterable, known);
            let first = comp.clauses.first().map(|clause| clause.iterable);
            first.is_some_and(|first| first != child && is_empty(first))
        }
        // `lines.forEach((line) => …)`.
        ExprKind::Call { .. } => {
            let call = module
                .call(at)
                .filter(|call| call.callee != child && call.method().is_some_and(callbacks::is_iteration));
            let receiver = call.and_then(|call| call.receiver());
            receiver.is_some_and(|receiver| is_without_elements(module, receiver, known))
        }
        ExprKind::Binary { op, left, right } if *right == child => {
            let left = decide(module, *left, known, 0);
            match module.str(*op) {
                "and" => left == Some(false),
                "or" => left == Some(true),
                _ => false,
            }
        }
        _ => false,
    }
}

/// A loop over what is an empty list, or nothing, has no turns: `lines`, `lines or []`, `(lines or {}).items()`.
fn is_without_elements(module: &Module, iterable: ExprId, known: &[(Sym, Constant)]) -> bool {
    let is_empty = |expr: ExprId| constant(module, expr, known, 0).is_some_and(|value| value.is_empty);
    let mut at = iterable;
    for _ in 0..MAX_NESTING {
        at = match module.kind(at) {
            ExprKind::Name(_) => return is_empty(at),
            ExprKind::Binary { op, left, right } if collections::is_empty_literal(module, *right) => {
                let nothing = match module.str(*op) {
                    "or" => decide(module, *left, known, 0).map(|truth| !truth),
                    "??" => constant(module, *left, known, 0).and_then(|value| value.is_null),
                    _ => return false,
                };
                return nothing == Some(true) || is_empty(*left);
            }
            ExprKind::Call { .. } => {
                let Some(call) = module.call(at) else { return false };
                let parts = call.method().is_some_and(collections::gives_parts) && call.args.is_empty();
                let Some(whole) = call.receiver().filter(|_| parts).or_else(|| collections::handed_on(&call)) else {
                    return false;
                };
                whole
            }
            _ => return false,
        };
    }
    false
}

fn is_left_out(module: &Module, at: StmtId, below: StmtId, known: &[(Sym, Constant)]) -> bool {
    let (block, _) = module.place_in_block(below);
    match &module.stmt(at).kind {
        // Its first block is what runs where the test holds.
        StmtKind::If { test, .. } => decide(module, *test, known, 0).is_some_and(|truth| block == usize::from(truth)),
        StmtKind::Loop {
            iterable: Some(iterable), ..
        } => block == 1 && is_without_elements(module, *iterable, known),
        _ => false,
    }
}

/// `if not flag: return` stands before it, in the same block.
fn is_left_before(module: &Module, holder: Parent, below: StmtId, known: &[(Sym, Constant)], ends: &mut Ends) -> bool {
    let (block, place) = module.place_in_block(below);
    let end = ends.entry((holder, block)).or_insert_with(|| {
        let stmts: &[StmtId] = match holder {
            Parent::Stmt(id) => module.stmt_blocks(id).get(block).copied().unwrap_or_default(),
            Parent::Function(id) => &module.function(id).body,
            _ => &[],
        };
        stmts.iter().position(|&stmt| leaves(module, stmt, known))
    });
    end.is_some_and(|end| end < place)
}

/// Whether a statement leaves its block: `if not flag: return`.
fn leaves(module: &Module, stmt: StmtId, known: &[(Sym, Constant)]) -> bool {
    let StmtKind::If { test, then, orelse } = &module.stmt(stmt).kind else {
        return false;
    };
    let ends = |block: &[StmtId]| {
        block.last().is_some_and(|&last| {
            matches!(
                module.stmt(last).kind,
                StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Continue | StmtKind::Break
            )
        })
    };
    match decide(module, *test, known, 0) {
        Some(true) => ends(then),
        Some(false) => ends(orelse),
        None => false,
    }
}
