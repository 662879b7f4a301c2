//! Reads in a loop that ask for the same rows in each pass.

use super::DatabaseRead;
use crate::analysis::repeats::shape::is_kept;
use crate::analysis::rows::origin::Root;
use crate::analysis::rows::reads::Reads;
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Evaluator, Found};
use crate::project::graph::FnId;
use crate::project::loops::{self, Loop, LoopVerdict};
use crate::source::Span;
use crate::vocabulary::List;

/// The loop around a read that does not depend on it.
pub fn of(all: &Reads<'_>, eval: &Evaluator<'_>, function: FnId, read: DatabaseRead<'_>) -> Option<Loop> {
    let project = all.project;
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let around = loops::around(eval, node.file, read.expr).into_iter().next()?;
    let in_this_function = module.function(node.id).span.start <= around.span.start;
    let site = project.graph.site_at(node.file, read.expr);
    if read.edge.is_none() && site.is_some_and(|site| is_kept(module, &around, site)) {
        return None;
    }
    if around.verdict != LoopVerdict::PerRow || !in_this_function || is_tested_once(module, read.expr, around.span) {
        return None;
    }
    let is_bound_inside = |place: u32| around.span.start <= place && place <= around.span.end;
    let same = match read.edge {
        Some(_) => is_plain_getter(module.call(read.expr)?) && !reads_names_of(eval, node.file, read.expr, &is_bound_inside),
        None => all.of.get(function.index())?.iter().any(|row| {
            row.at == read.expr
                && row.via.is_none()
                && row.key.equals.iter().all(|(_, value)| match &value.root {
                    Root::Binding(file, place, _) => *file == node.file && !is_bound_inside(*place),
                    _ => true,
                })
        }),
    };
    (same && !all.may_have_it(read.edge) && !all.writes(function, around.span.start, around.span.end)).then_some(around)
}

/// A call that reads by what it is given: what it takes from a queue or a cursor is another thing each time.
fn is_plain_getter(call: Call<'_>) -> bool {
    let name = call.method().unwrap_or_default();
    let (takes, gets) = (List::Taking.has(name), List::Reading.has(name));
    !takes && gets && !call.args.is_empty() && !call.is_open()
}

/// Whether a name in a call is bound inside the loop, or anything in it is computed.
fn reads_names_of(eval: &Evaluator<'_>, file: FileId, expr: ExprId, is_bound_inside: &dyn Fn(u32) -> bool) -> bool {
    let module = eval.code.module(file);
    let mut open = module.children(expr);
    while let Some(id) = open.pop() {
        match module.kind(id) {
            ExprKind::Name(name) => {
                let found = eval.lookup(file, module.owner(id), *name, module.expr(id).span.start);
                if matches!(found, Some(Found::Binding(at, _, binding)) if at == file && is_bound_inside(binding.range.start)) {
                    return true;
                }
                // `page = page.next()` after the call: another one in the next pass.
                let scope = eval.code.scopes.get(file.index());
                let mut bound = scope.into_iter().flat_map(|scope| scope.bindings_of(module.owner(id), *name));
                if bound.any(|binding| is_bound_inside(binding.range.start)) {
                    return true;
                }
            }
            ExprKind::Call { .. } | ExprKind::Lambda(_) | ExprKind::Comp(_) | ExprKind::Yield(_) => return true,
            _ => {}
        }
        open.extend(module.children(id));
    }
    false
}

/// Whether the read stands under a condition that it settles itself: `if rows is None: rows = load()`.
fn is_tested_once(module: &Module, expr: ExprId, around: Span) -> bool {
    let mut held = None;
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => {
                let is_choice = match module.kind(id) {
                    ExprKind::Cond { .. } => true,
                    ExprKind::Binary { op, .. } => matches!(module.str(*op), "or" | "??" | "and"),
                    _ => false,
                };
                if is_choice {
                    return true;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                let stmt = module.stmt(id);
                match &stmt.kind {
                    _ if stmt.span.start <= around.start && around.end <= stmt.span.end => return false,
                    StmtKind::Assign { target, .. } => held = held.or(Some(*target)),
                    StmtKind::If { test, .. } if held.is_some_and(|target| mentions(module, *test, target)) => return true,
                    StmtKind::Switch { .. } => return true,
                    _ => {}
                }
                stmt.parent
            }
            _ => return false,
        };
    }
    false
}

/// Whether an expression reads what another one names.
fn mentions(module: &Module, expr: ExprId, target: ExprId) -> bool {
    let Some(name) = module.dotted(target) else { return true };
    let mut open = vec![expr];
    while let Some(id) = open.pop() {
        if module.dotted(id).as_deref() == Some(name.as_str()) {
            return true;
        }
        open.extend(module.children(id));
    }
    false
}
