//! How many rows a limit that code gives lets through: its number, or the one that stands where nobody asks for another.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::objects::ExprPlace;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::RowLimit;

/// Names and calls that are followed to a number, by design: further on it is a value of the code.
const MAX_STEPS: u32 = 6;

/// The row limit that an argument stands for: `limit(20)`, `limit(PAGE_SIZE)`, `limit(size)` with `size=20`, `limit(Number(q.size) || 20)`.
pub fn of(resolver: &dyn Resolver, place: ExprPlace) -> RowLimit {
    limit(resolver, place, 0)
}

fn limit(resolver: &dyn Resolver, place: ExprPlace, steps: u32) -> RowLimit {
    if steps > MAX_STEPS {
        return RowLimit::Value;
    }
    let (file, expr) = place;
    let module = resolver.module(file);
    if let Some(number) = module.number(expr) {
        return rows(number);
    }
    let or_else = |other: ExprId| usual(&limit(resolver, (file, other), steps + 1));
    match *module.kind(expr) {
        ExprKind::Null => RowLimit::None,
        ExprKind::Binary { op, left, right } if matches!(module.str(op), "or" | "??") => match or_else(right) {
            RowLimit::Value => or_else(left),
            known => known,
        },
        ExprKind::Cond { then, orelse, .. } => match or_else(orelse) {
            RowLimit::Value => or_else(then),
            known => known,
        },
        ExprKind::Name(_) | ExprKind::Attr { .. } => named(resolver, place, steps),
        ExprKind::Call { .. } => module
            .call(expr)
            .map_or(RowLimit::Value, |call| called(resolver, file, &call, steps)),
        _ => RowLimit::Value,
    }
}

/// What a name stands for: a constant, or the default of a parameter.
fn named(resolver: &dyn Resolver, place: ExprPlace, steps: u32) -> RowLimit {
    let (file, expr) = place;
    if let Some((place, default)) = default_of(resolver.module(file), expr) {
        // It bounds only the calls that leave it out.
        if resolver.is_chosen_size(file, resolver.module(file).owner(expr), place) {
            return RowLimit::Value;
        }
        return usual(&limit(resolver, (file, default), steps + 1));
    }
    let defined = resolver.definition(file, expr).filter(|&definition| definition != place);
    let held = || match resolver.value(file, expr) {
        Value::Literal(at, literal) if (at, literal) != place => Some((at, literal)),
        _ => None,
    };
    defined
        .or_else(held)
        .map_or(RowLimit::Value, |found| limit(resolver, found, steps + 1))
}

/// The parameter that a name is, of the function it stands in, by its place, and its default.
fn default_of(module: &Module, name: ExprId) -> Option<(usize, ExprId)> {
    let ExprKind::Name(sym) = *module.kind(name) else { return None };
    let params = &module.function(module.owner(name)).params;
    let place = params.iter().position(|param| param.name == Some(sym))?;
    Some((place, params[place].default?))
}

/// `int(size)`, `Number(size)`, `args.get("size", 20)`, `FastAPI`'s `Query(20)`, `max(size, 1)`.
fn called(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, steps: u32) -> RowLimit {
    let of = |expr: Option<ExprId>| expr.map_or(RowLimit::Value, |expr| limit(resolver, (file, expr), steps + 1));
    match call.method().or(call.module.name(call.callee)) {
        Some("int" | "Number" | "parseInt" | "max") if call.arg(0).is_some() => converted(of(call.arg(0))),
        Some("get") if call.receiver().is_some() => usual(&of(call.arg(1).or_else(|| call.keyword("default")))),
        Some("Query") if call.receiver().is_none() => usual(&of(call.arg(0).or_else(|| call.keyword("default")))),
        _ => RowLimit::Value,
    }
}

/// What is a number only where nobody asks for another.
fn usual(limit: &RowLimit) -> RowLimit {
    match limit {
        RowLimit::Rows(rows) | RowLimit::Usual(rows) => RowLimit::Usual(*rows),
        _ => RowLimit::Value,
    }
}

/// A conversion gives a number, also of what is none.
fn converted(limit: RowLimit) -> RowLimit {
    match limit {
        RowLimit::None | RowLimit::One => RowLimit::Value,
        known => known,
    }
}

/// Prisma's `take: -5` are the last five.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn rows(number: f64) -> RowLimit {
    if number.is_finite() {
        RowLimit::Rows(number.abs().min(1e15) as u64)
    } else {
        RowLimit::None
    }
}
