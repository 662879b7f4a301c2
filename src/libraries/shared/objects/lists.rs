//! The items of list arguments, with what is pushed to them.

use super::changes::changes;
use super::{ExprPlace, MAX_DEPTH};
use crate::ir::{ExprId, ExprKind, Parent, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// The items of a list argument, through names, spreads, `push` and Python's `append`; each with whether it is conditional.
pub fn items(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> (Vec<(ExprPlace, bool)>, bool) {
    let mut out = (Vec::new(), false);
    collect_items(resolver, (file, expr), false, MAX_DEPTH, &mut out);
    out
}

fn collect_items(resolver: &dyn Resolver, place: ExprPlace, optional: bool, depth: u32, out: &mut (Vec<(ExprPlace, bool)>, bool)) {
    let (file, expr) = place;
    if depth == 0 || !resolver.afford(file, 1) {
        out.1 = true;
        return;
    }
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::List(items) => {
            for &item in items {
                match module.kind(item) {
                    ExprKind::Spread(inner) => collect_items(resolver, (file, *inner), optional, depth - 1, out),
                    _ => out.0.push(((file, item), optional)),
                }
            }
        }
        ExprKind::Cond { then, orelse, .. } => {
            for side in [*then, *orelse] {
                collect_items(resolver, (file, side), true, depth - 1, out);
            }
        }
        ExprKind::Binary { right, op, .. } if module.str(*op) == "and" => {
            collect_items(resolver, (file, *right), true, depth - 1, out);
        }
        ExprKind::Call { .. } => match module.call(expr).map(|call| (call.method(), call.receiver())) {
            // `[a, b].filter(Boolean)`, `[…].concat(…)`.
            Some((Some("filter" | "flat"), Some(receiver))) => collect_items(resolver, (file, receiver), true, depth - 1, out),
            _ => out.1 = true,
        },
        ExprKind::Null | ExprKind::Bool(false) => {}
        ExprKind::Name(_) | ExprKind::Attr { .. } => match resolver.definition(file, expr) {
            Some(definition) if definition != place => {
                collect_items(resolver, definition, optional, depth - 1, out);
                collect_pushes(resolver, place, definition, out);
            }
            _ => out.1 = true,
        },
        _ => out.1 = true,
    }
}

fn collect_pushes(resolver: &dyn Resolver, used: ExprPlace, definition: ExprPlace, out: &mut (Vec<(ExprPlace, bool)>, bool)) {
    let (file, expr) = used;
    let module = resolver.module(file);
    let Some(name) = module.name(expr) else { return };
    let Some(stmts) = changes(resolver, used, definition) else {
        out.1 = true;
        return;
    };
    for stmt in stmts.into_iter().map(|stmt| module.stmt(stmt)) {
        let StmtKind::Expr(pushed) = stmt.kind else { continue };
        let Some(call) = module.call(pushed) else { continue };
        if !matches!(call.method(), Some("push" | "append")) || call.receiver().and_then(|receiver| module.name(receiver)) != Some(name) {
            continue;
        }
        let conditional = !matches!(stmt.parent, Parent::Function(_));
        for arg in call.args {
            match module.kind(arg.value) {
                ExprKind::Spread(_) => out.1 = true,
                _ => out.0.push(((file, arg.value), conditional)),
            }
        }
    }
}
