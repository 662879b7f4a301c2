//! What recognisers of TypeScript queries share: object arguments read with their spreads and conditions, and the filters in them.

mod changes;
mod filters;
mod lists;
mod literals;
mod returned;

use crate::ir::{ExprId, ExprKind, Module, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{ColumnUse, Filter, FilterKind, TableUse};
use changes::collect_changes;
pub use filters::{FilterGrammar, Filters, Op, like_kind, object_filters};
pub use lists::items;
pub use literals::literal;
use returned::collect_returned;

/// Bound on nesting of objects and conditions.
pub const MAX_DEPTH: u32 = 12;

/// A place in the project.
pub type ExprPlace = (FileId, ExprId);

/// One entry of an object argument.
#[derive(Clone, Debug)]
pub struct ObjectField {
    /// Its key; for a computed key, the dotted name in brackets (`Op.in`).
    pub key: String,
    /// Its value.
    pub value: ExprPlace,
    /// It is only there under a condition.
    pub optional: bool,
}

/// The entries of an object argument.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// In source order.
    pub items: Vec<ObjectField>,
    /// More can come from what was not understood.
    pub open: bool,
}

impl Fields {
    /// The last entry of a key.
    pub fn get(&self, key: &str) -> Option<&ObjectField> {
        self.items.iter().rev().find(|field| field.key == key)
    }
}

/// Reads an object argument through names, spreads and conditions.
pub fn fields(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Fields {
    let mut out = Fields::default();
    collect_fields(resolver, (file, expr), false, MAX_DEPTH, &mut out);
    out
}

fn collect_fields(resolver: &dyn Resolver, place: ExprPlace, optional: bool, depth: u32, out: &mut Fields) {
    let (file, expr) = place;
    if depth == 0 || !resolver.afford(file, 1) {
        out.open = true;
        return;
    }
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::Object(entries) => {
            for entry in entries {
                let Some(key) = entry.key else {
                    let inner = match module.kind(entry.value) {
                        ExprKind::Spread(inner) => *inner,
                        _ => entry.value,
                    };
                    collect_fields(resolver, (file, inner), optional, depth - 1, out);
                    continue;
                };
                match module.string(key).map(ToOwned::to_owned).or_else(|| module.dotted(key)) {
                    Some(key) => out.items.push(ObjectField {
                        key,
                        value: (file, entry.value),
                        optional,
                    }),
                    None => out.open = true,
                }
            }
        }
        ExprKind::Cond { then, orelse, .. } => {
            for side in [*then, *orelse] {
                collect_fields(resolver, (file, side), true, depth - 1, out);
            }
        }
        ExprKind::Binary { op, right, .. } if module.str(*op) == "and" => {
            collect_fields(resolver, (file, *right), true, depth - 1, out);
        }
        ExprKind::Binary { op, left, right } if matches!(module.str(*op), "or" | "??") => {
            for side in [*left, *right] {
                collect_fields(resolver, (file, side), true, depth - 1, out);
            }
        }
        ExprKind::Null | ExprKind::Bool(false) => {}
        ExprKind::Await(inner) => collect_fields(resolver, (file, *inner), optional, depth - 1, out),
        ExprKind::Call { .. } => collect_from_call(resolver, place, optional, depth, out),
        ExprKind::Name(_) | ExprKind::Attr { .. } => match resolver.definition(file, expr) {
            Some(definition) if definition != place => {
                collect_fields(resolver, definition, optional, depth - 1, out);
                collect_changes(resolver, place, definition, out);
            }
            _ => collect_from_value(resolver, place, optional, depth, out),
        },
        _ => out.open = true,
    }
}

fn collect_from_call(resolver: &dyn Resolver, place: ExprPlace, optional: bool, depth: u32, out: &mut Fields) {
    let (file, expr) = place;
    let Some(call) = resolver.module(file).call(expr) else { return };
    // `Prisma.validator<T>()({ … })`: the object is the argument.
    let is_validator = call
        .module
        .call(call.callee)
        .is_some_and(|inner| matches!(inner.method(), Some("validator" | "satisfies")));
    match call.arg(0) {
        Some(object) if is_validator => collect_fields(resolver, (file, object), optional, depth - 1, out),
        _ if collect_returned(resolver, (file, call.callee), optional, depth, out) => {}
        _ => collect_from_value(resolver, place, optional, depth, out),
    }
}

fn collect_from_value(resolver: &dyn Resolver, place: ExprPlace, optional: bool, depth: u32, out: &mut Fields) {
    match resolver.value(place.0, place.1) {
        Value::Literal(at, object) if (at, object) != place => {
            let module = resolver.module(at);
            match module.kind(object) {
                ExprKind::Object(_) => collect_fields(resolver, (at, object), optional, depth - 1, out),
                _ => out.open = true,
            }
        }
        _ => out.open = true,
    }
}

/// Whether an offset argument skips anything.
pub fn skips(resolver: &dyn Resolver, place: ExprPlace) -> bool {
    let module = resolver.module(place.0);
    !matches!(module.kind(place.1), ExprKind::Null) && module.number(place.1) != Some(0.0)
}

/// A table in a statement that has no alias and was named by a text.
pub fn table(name: impl Into<String>) -> TableUse {
    TableUse {
        name: name.into(),
        alias: None,
    }
}

/// A column of the statement's first table.
pub fn first_column(column: impl Into<String>) -> ColumnUse {
    ColumnUse {
        table: Some(0),
        column: column.into(),
    }
}

/// The condition that names rows by their key.
pub fn by_key(kind: FilterKind, optional: bool) -> Filter {
    Filter::new(first_column("id"), kind, None, optional)
}

/// What a lambda or function argument returns.
pub fn returned(resolver: &dyn Resolver, place: ExprPlace) -> Option<ExprPlace> {
    let module = resolver.module(place.0);
    let ExprKind::Lambda(function) = module.kind(place.1) else {
        return None;
    };
    let last = module.function(*function).body.last()?;
    match module.stmt(*last).kind {
        StmtKind::Return(Some(value)) => Some((place.0, value)),
        _ => None,
    }
}

/// The last name of an expression: `c` for `a.b.c`, `f` for `a.f()`.
pub fn last_name(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        ExprKind::Call { callee, .. } => last_name(module, *callee),
        ExprKind::Await(inner) => last_name(module, *inner),
        _ => None,
    }
}
