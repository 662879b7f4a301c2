//! Where code reads a collection, and so runs the lazy query that the collection may be.

use crate::ir::{ExprId, ExprKind, Language, Module, StmtKind};
use crate::libraries::registry;
use crate::libraries::shared::collections::{gone_over, handed_on, made_one};

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

/// All places of a file, loops first: the collection, and what runs there.
pub(super) fn find(module: &Module) -> Vec<(ExprId, Runs)> {
    let mut out = Vec::new();
    let is_python = module.language == Language::Python;
    for stmt in &module.stmts {
        match stmt.kind {
            StmtKind::Loop {
                iterable: Some(iterable), ..
            } => out.push((iterable, Runs::Any)),
            // An asynchronous function waits for what it gives back.
            StmtKind::Return(Some(value))
                if !is_python && matches!(module.kind(value), ExprKind::Name(_)) && module.function(module.owner(value)).is_async =>
            {
                out.push((value, Runs::Promise));
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
    for (index, expr) in module.exprs.iter().enumerate() {
        match &expr.kind {
            ExprKind::Comp(comp) => out.extend(comp.clauses.iter().map(|clause| (clause.iterable, Runs::Any))),
            ExprKind::Await(inner) if !matches!(module.kind(*inner), ExprKind::Call { .. }) => out.push((*inner, Runs::Any)),
            ExprKind::Await(inner) if !is_python => out.push((*inner, Runs::Promise)),
            ExprKind::Call { .. } => {
                let Some(call) = module.call(ExprId(index as u32)) else { continue };
                let read = made_one(&call).or_else(|| handed_on(&call));
                out.extend(read.map(|collection| (collection, Runs::Any)));
                if is_python {
                    let shown = registry::shown(&call);
                    out.extend(
                        gone_over(&call)
                            .into_iter()
                            .chain(shown)
                            .map(|collection| (collection, Runs::Iterable)),
                    );
                }
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
    out
}
