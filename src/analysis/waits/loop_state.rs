//! State that a loop carries from turn to turn: what one turn changes decides whether the next one does the same.

use super::FileIo;
use crate::ir::{ExprId, ExprKind, Module, Stmt, StmtId, StmtKind, Sym};
use crate::source::Span;

/// Names that a loop changes after it waits.
const MOST_NAMES: usize = 40;

/// Whether a wait in a loop hangs on a variable from outside the loop that changes once the wait is over: a size that
/// remains, a number of failures.
pub fn decides(module: &Module, io: &FileIo<'_>, around: Span, at: ExprId) -> bool {
    let owner = module.owner(at);
    let wait = module.expr(at).span;
    let inside: Vec<&Stmt> = module
        .stmts
        .iter()
        .filter(|stmt| around.encloses(stmt.span) && stmt.span != around && module.owner_of(stmt.parent) == owner)
        .collect();
    let changed = inside
        .iter()
        .filter(|stmt| stmt.span.end >= wait.end)
        .filter_map(|stmt| set_name(module, stmt));
    let mut seen: Vec<Sym> = Vec::new();
    for (name, _) in changed {
        if seen.contains(&name) || seen.len() > MOST_NAMES {
            continue;
        }
        seen.push(name);
        let is_read = inside.iter().any(|stmt| {
            let StmtKind::If { test, then, orelse } = &stmt.kind else {
                return false;
            };
            let test = module.expr(*test).span;
            let guards = stmt.span.encloses(wait) || [then, orelse].into_iter().any(|block| leaves(module, block));
            guards && test.start < wait.start && io.names(test).any(|read| read == name) && !is_fresh(module, &inside, name, test)
        });
        if is_read && is_from_outside(module, around, name) {
            return true;
        }
    }
    false
}

/// The variable that a statement sets, and whether from what it was.
fn set_name(module: &Module, stmt: &Stmt) -> Option<(Sym, bool)> {
    match stmt.kind {
        StmtKind::Assign { target, op, .. } => match module.kind(target) {
            ExprKind::Name(name) => Some((*name, op.is_some())),
            _ => None,
        },
        _ => None,
    }
}

/// Each turn sets it anew before it is read.
fn is_fresh(module: &Module, inside: &[&Stmt], name: Sym, test: Span) -> bool {
    inside
        .iter()
        .any(|stmt| stmt.span.end <= test.start && set_name(module, stmt) == Some((name, false)))
}

fn is_from_outside(module: &Module, around: Span, name: Sym) -> bool {
    module
        .stmts
        .iter()
        .any(|stmt| stmt.span.end <= around.start && set_name(module, stmt) == Some((name, false)))
}

fn leaves(module: &Module, block: &[StmtId]) -> bool {
    block.last().is_some_and(|&last| {
        matches!(
            module.stmt(last).kind,
            StmtKind::Continue | StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise(_)
        )
    })
}
