//! Where a loop ends after a call.

use super::body::statements;
use super::{LoopParts, owner};
use crate::budget::Limit;
use crate::ir::{ExprId, Language, Module, Parent, StmtId, StmtKind};

/// Whether the expression stands in a `try` of the loop whose success ends the loop.
pub fn ends_in_try(module: &Module, parts: &LoopParts) -> bool {
    let Some(stop) = parts.stmt else { return false };
    let mut node = module.expr(parts.anchor).parent;
    loop {
        node = match node {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) if id == stop => return false,
            Parent::Stmt(id) => {
                if let StmtKind::Try {
                    body, handlers, orelse, ..
                } = &module.stmt(id).kind
                {
                    let ends = |block: &[StmtId]| {
                        block
                            .iter()
                            .any(|&stmt| matches!(module.stmt(stmt).kind, StmtKind::Return(_) | StmtKind::Break))
                    };
                    let inside = body
                        .iter()
                        .any(|&stmt| module.stmt(stmt).span.encloses(module.expr(parts.anchor).span));
                    if inside && !handlers.is_empty() && (ends(body) || ends(orelse)) {
                        return true;
                    }
                }
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
}

/// Whether the loop always ends after the call: the statement of the call, or one that follows it in its block,
/// returns or breaks, and nothing between goes on with the next element.
pub fn ends_after(module: &Module, anchor: ExprId, stop: StmtId) -> bool {
    let Some(mut at) = holder(module, anchor) else { return false };
    let loop_owner = owner(module, stop);
    for _ in 0..Limit::Holders.count() {
        if at == stop {
            return false;
        }
        if owner(module, at) != loop_owner {
            return false;
        }
        let Some(rest) = following(module, at) else { return false };
        for &stmt in rest {
            match module.stmt(stmt).kind {
                StmtKind::Return(_) | StmtKind::Raise(_) => return true,
                StmtKind::Break => {
                    if break_leaves(module, at, stop) {
                        return true;
                    }
                    break;
                }
                StmtKind::Continue => return false,
                _ => {}
            }
            // What is tested after the call may go on with the next element.
            if stmt != at && goes_on(module, stmt) {
                return false;
            }
        }
        let Parent::Stmt(outer) = module.stmt(at).parent else {
            return false;
        };
        // An error caught inside the loop goes on with the next element.
        if let StmtKind::Try { body, handlers, .. } = &module.stmt(outer).kind
            && body.contains(&at)
            && !handlers.is_empty()
            && outer == stop
        {
            return false;
        }
        at = outer;
    }
    false
}

/// Whether a `break` beside a statement leaves the loop, and not an inner loop or a `switch`.
fn break_leaves(module: &Module, at: StmtId, stop: StmtId) -> bool {
    let mut node = module.stmt(at).parent;
    while let Parent::Stmt(outer) = node {
        if outer == stop {
            return true;
        }
        match module.stmt(outer).kind {
            StmtKind::Loop { .. } => return false,
            StmtKind::Switch { .. } if module.language == Language::TypeScript => return false,
            _ => node = module.stmt(outer).parent,
        }
    }
    false
}

/// The statement that an expression stands in.
pub fn holder(module: &Module, expr: ExprId) -> Option<StmtId> {
    let mut node = module.expr(expr).parent;
    loop {
        node = match node {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => return Some(id),
            _ => return None,
        };
    }
}

/// A statement and those after it in its block.
fn following(module: &Module, stmt: StmtId) -> Option<&[StmtId]> {
    let blocks = match module.stmt(stmt).parent {
        Parent::Stmt(outer) => module.stmt_blocks(outer),
        Parent::Function(function) => vec![module.function(function).body.as_ref()],
        _ => return None,
    };
    blocks.into_iter().find_map(|block| {
        let at = block.iter().position(|&other| other == stmt)?;
        block.get(at..)
    })
}

fn goes_on(module: &Module, stmt: StmtId) -> bool {
    statements(module, &[stmt])
        .iter()
        .any(|&inner| matches!(module.stmt(inner).kind, StmtKind::Continue))
}
