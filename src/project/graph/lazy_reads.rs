//! Where code reads a collection, and so runs the lazy query that the collection may be.

use crate::ir::{Call, ExprId, ExprKind, Language, Module, StmtKind};
use crate::libraries::shared::collections::handed_on;

/// One such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The collection.
    pub collection: ExprId,
    /// Only one element is read: `rows[0]`.
    pub is_one: bool,
    /// Only a query that is run by being gone over runs here: a builder that is spread or looked into does not.
    pub only_iterable: bool,
    /// Only a builder that is a promise runs here.
    pub only_promise: bool,
}

/// All places of a file, loops first.
pub(super) fn find(module: &Module) -> Vec<Read> {
    let mut out = Vec::new();
    let read = |collection: ExprId| Read {
        collection,
        is_one: false,
        only_iterable: false,
        only_promise: false,
    };
    let awaited = |collection: ExprId| Read {
        only_promise: true,
        ..read(collection)
    };
    let gone_over = |collection: ExprId| Read {
        only_iterable: true,
        ..read(collection)
    };
    let is_python = module.language == Language::Python;
    for stmt in &module.stmts {
        match stmt.kind {
            StmtKind::Loop {
                iterable: Some(iterable), ..
            } => out.push(read(iterable)),
            // An asynchronous function waits for what it gives back.
            StmtKind::Return(Some(value))
                if !is_python && matches!(module.kind(value), ExprKind::Name(_)) && module.function(module.owner(value)).is_async =>
            {
                out.push(awaited(value));
            }
            // `first, *others = rows`.
            StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } if is_python && matches!(module.kind(target), ExprKind::Tuple(_) | ExprKind::List(_)) => out.push(gone_over(value)),
            _ => {}
        }
    }
    for (index, expr) in module.exprs.iter().enumerate() {
        match &expr.kind {
            ExprKind::Comp(comp) => out.extend(comp.clauses.iter().map(|clause| read(clause.iterable))),
            ExprKind::Await(inner) if !matches!(module.kind(*inner), ExprKind::Call { .. }) => out.push(read(*inner)),
            ExprKind::Await(inner) if !is_python => out.push(awaited(*inner)),
            ExprKind::Call { .. } => {
                let Some(call) = module.call(ExprId(index as u32)) else { continue };
                out.extend(read_by(&call).or_else(|| handed_on(&call)).map(read));
                if is_python {
                    out.extend(gone_over_by(&call).into_iter().map(gone_over));
                }
            }
            ExprKind::Spread(inner) if is_python => out.push(gone_over(*inner)),
            ExprKind::Binary { op, right, .. } if is_python && matches!(module.str(*op), "in" | "not in") => out.push(gone_over(*right)),
            ExprKind::Index { base, index } if is_python && !matches!(module.kind(*index), ExprKind::Slice(_)) => out.push(Read {
                is_one: true,
                ..gone_over(*base)
            }),
            _ => {}
        }
    }
    out
}

/// The collection that a function of the language makes one value of.
fn read_by(call: &Call<'_>) -> Option<ExprId> {
    let is_it = matches!(call.method()?, "len" | "sum" | "dict" | "bool" | "next" | "any" | "all") && call.receiver().is_none();
    call.arg(0).filter(|_| is_it && call.args.len() == 1)
}

/// The collections that a call goes over: `", ".join(rows)`, `map(f, rows)`, a serializer's `Rows(rows, many=True)`.
fn gone_over_by(call: &Call<'_>) -> Vec<ExprId> {
    let is_plain = call.receiver().is_none();
    let given = call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value);
    match call.method() {
        Some("join" | "extend" | "update") if !is_plain => given.take(1).collect(),
        Some("map" | "filter") if is_plain => given.skip(1).collect(),
        Some("zip" | "chain") if is_plain => given.collect(),
        _ => {
            let many = call.keyword("many");
            let is_many = many.is_some_and(|many| matches!(call.module.kind(many), ExprKind::Bool(true)));
            let rows = call.arg(0).or_else(|| call.keyword("instance"));
            rows.filter(|_| is_many && call.keyword("data").is_none()).into_iter().collect()
        }
    }
}
