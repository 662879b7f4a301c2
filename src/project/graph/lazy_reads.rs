//! Where code reads a collection, and so runs the lazy query that the collection may be.

use crate::ir::{ExprId, ExprKind, FunctionId, Language, Module, StmtKind};
use crate::libraries::registry;
use crate::libraries::shared::collections::{gone_over, handed_on, made_one};
use crate::libraries::shared::row_methods::is_shown_field;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;

/// Which queries run at such a place, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// Any lazy one.
    Any,
    /// One that is run by being gone over: a builder that is spread or looked into is not.
    Iterable,
    /// Such a one, for one row: `rows[0]`.
    First,
    /// A builder that is a promise.
    Promise,
}

/// All places of a file, as the text has them: the collection, and what runs there.
pub(super) fn find(eval: &Evaluator<'_>, file: FileId) -> Vec<(ExprId, Runs)> {
    let module = eval.code.module(file);
    let stmts = module.stmts.iter().map(|stmt| &stmt.kind);
    let exprs = (0..module.exprs.len()).map(|index| ExprId(index as u32));
    of(eval, file, stmts, exprs)
}

/// Those of one function.
pub(super) fn find_in(eval: &Evaluator<'_>, file: FileId, function: FunctionId) -> Vec<(ExprId, Runs)> {
    let module = eval.code.module(file);
    let node = module.function(function);
    let stmts = module.stmts_in(node.span).map(|stmt| &module.stmt(stmt).kind);
    let exprs = (node.exprs.0.0..node.exprs.1.0).map(ExprId);
    let mut found = of(eval, file, stmts, exprs);
    found.retain(|&(place, _)| module.owner(place) == function);
    found
}

fn of<'m>(
    eval: &Evaluator<'m>,
    file: FileId,
    stmts: impl Iterator<Item = &'m StmtKind>,
    exprs: impl Iterator<Item = ExprId>,
) -> Vec<(ExprId, Runs)> {
    let module = eval.code.module(file);
    let mut out = Vec::new();
    let is_python = module.language == Language::Python;
    for stmt in stmts {
        match *stmt {
            StmtKind::Loop {
                iterable: Some(iterable), ..
            } => out.push((iterable, Runs::Any)),
            // An asynchronous function waits for what it gives back.
            StmtKind::Return(Some(value))
                if !is_python && matches!(module.kind(value), ExprKind::Name(_)) && module.function(module.owner(value)).is_async =>
            {
                out.push((value, Runs::Promise));
            }
            // What a serializer's method gives is written out.
            StmtKind::Return(Some(value)) if is_python && is_shown_field(eval, file, module.owner(value)) => {
                out.extend(either(module, value).map(|value| (value, Runs::Iterable)));
            }
            // `first, *others = rows`.
            StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } if is_python && matches!(module.kind(target), ExprKind::Tuple(_) | ExprKind::List(_)) => out.push((value, Runs::Iterable)),
            _ => {}
        }
    }
    for id in exprs {
        match module.kind(id) {
            ExprKind::Comp(comp) => out.extend(comp.clauses.iter().map(|clause| (clause.iterable, Runs::Any))),
            ExprKind::Await(inner) if !matches!(module.kind(*inner), ExprKind::Call { .. }) => out.push((*inner, Runs::Any)),
            ExprKind::Await(inner) if !is_python => out.push((*inner, Runs::Promise)),
            ExprKind::Call { .. } => {
                let Some(call) = module.call(id) else { continue };
                let read = made_one(&call).or_else(|| handed_on(&call));
                let over = if is_python { gone_over(&call) } else { Vec::new() };
                let is_read = (read.is_some() || !over.is_empty()) && !eval.is_own(file, &call);
                let shown = registry::shown(&call).filter(|_| is_python);
                out.extend(read.filter(|_| is_read).map(|collection| (collection, Runs::Any)));
                let over = over.into_iter().filter(|_| is_read).chain(shown);
                out.extend(over.map(|collection| (collection, Runs::Iterable)));
            }
            ExprKind::Spread(inner) if is_python => out.push((*inner, Runs::Iterable)),
            ExprKind::Binary { op, right, .. } if is_python && matches!(module.str(*op), "in" | "not in") => {
                out.push((*right, Runs::Iterable));
            }
            ExprKind::Index { base, index } if is_python && !matches!(module.kind(*index), ExprKind::Slice(_)) => {
                out.push((*base, Runs::First));
            }
            _ => {}
        }
    }
    out.sort_by_key(|&(collection, _)| module.expr(collection).span.start);
    out
}

/// A value, or the two that it may be.
fn either(module: &Module, value: ExprId) -> impl Iterator<Item = ExprId> {
    let (one, other) = match *module.kind(value) {
        ExprKind::Cond { then, orelse, .. } => (then, Some(orelse)),
        _ => (value, None),
    };
    std::iter::once(one).chain(other)
}
