//! The words of Knex's chains, which builders on top of it have, too.

use crate::ir::ExprKind;
use crate::libraries::shared::fluent::ChainedCall;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, FilterGrammar, Filters, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::statement::{FilterKind, Operation, Projection, RowLimit, Statement};

/// Methods that make what they are given, such as another query, a part of theirs, so that it does not run by itself.
pub const TAKES: &[&str] = &[
    "where",
    "andWhere",
    "orWhere",
    "whereIn",
    "whereNotIn",
    "whereExists",
    "whereNotExists",
    "from",
    "join",
    "leftJoin",
    "innerJoin",
    "union",
    "unionAll",
    "with",
    "select",
    "modify",
    "modifyGraph",
    "on",
    "insert",
    "update",
    "raw",
];

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: |_| Op::Field,
    call: |_| Op::Field,
    list_is_in: false,
    compound_keys: false,
    relations: false,
};

/// Whether a method adds a condition.
pub fn is_where(method: &str) -> bool {
    let lower = method.to_ascii_lowercase();
    lower.starts_with("where") || lower.starts_with("andwhere") || lower.starts_with("orwhere")
}

/// The columns that a step names: `.select("id", "name")`, `.first("id")`.
fn columns(resolver: &dyn Resolver, step: ChainedCall<'_>, statement: &mut Statement) {
    let given = step.call.args.iter();
    let names: Vec<String> = given
        .flat_map(|arg| query_builder::strings(resolver, (step.file, arg.value)))
        .collect();
    if !names.is_empty() && names.iter().all(|name| !name.ends_with('*')) {
        statement.projection = Projection::Columns(names.iter().map(|name| query_builder::column(statement, name)).collect());
    }
}

/// Reads one step of a chain.
pub fn read(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let call = step.call;
    let module = call.module;
    let first = call.arg(0).map(|arg| (step.file, arg));
    let text = first.and_then(|place| query_builder::text(resolver, place));
    let method = call.method().unwrap_or_default();
    if is_where(method) {
        return filter(resolver, step, method, query);
    }
    let statement = &mut query.statement;
    match method {
        "first" => {
            query.outcome = Outcome::One;
            statement.limit = RowLimit::One;
            columns(resolver, step, statement);
        }
        "limit" => {
            if let Some(place) = first {
                statement.limit = limits::of(resolver, place);
            }
        }
        "offset" => statement.offset |= first.is_some_and(|place| objects::skips(resolver, place)),
        "select" | "column" | "columns" | "pluck" => columns(resolver, step, statement),
        "count" | "countDistinct" | "sum" | "min" | "max" | "avg" => {
            statement.projection = Projection::Aggregate;
            if !statement.grouped {
                statement.limit = RowLimit::One;
                query.outcome = Outcome::Scalar;
            }
        }
        "groupBy" | "groupByRaw" | "distinct" => {
            statement.grouped = true;
            if query.outcome == Outcome::Scalar {
                query.outcome = Outcome::Rows;
                statement.limit = RowLimit::None;
            }
        }
        "orderBy" => {
            if let Some(name) = text {
                let descending = call
                    .arg(1)
                    .and_then(|order| module.string(order))
                    .is_some_and(|order| order.eq_ignore_ascii_case("desc"));
                let column = query_builder::column(statement, &name);
                statement.order.push((column, descending));
            }
        }
        "join" | "leftJoin" | "innerJoin" | "rightJoin" | "leftOuterJoin" => {
            if let Some(name) = text {
                statement.tables.push(query_builder::table(&name));
                let texts: Vec<&str> = call.args.iter().skip(1).filter_map(|arg| module.string(arg.value)).collect();
                match texts.as_slice() {
                    [left, right] | [left, "=", right] => query_builder::join(statement, left, right),
                    // A callback's conditions can compare with values.
                    _ => query.open_filters = true,
                }
            }
        }
        "insert" => write(query, Operation::Insert),
        "update" | "increment" | "decrement" => write(query, Operation::Update),
        "del" | "delete" | "truncate" => write(query, Operation::Delete),
        "returning" => query.outcome = Outcome::Rows,
        "stream" => query.outcome = Outcome::Stream,
        "modify" | "union" | "unionAll" | "joinRaw" => statement.open = true,
        _ => {}
    }
}

/// The chain writes.
pub fn write(query: &mut Query, operation: Operation) {
    query.statement.operation = operation;
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
}

/// Reads a condition in the words of a method.
pub fn filter(resolver: &dyn Resolver, step: ChainedCall<'_>, method: &str, query: &mut Query) {
    let call = step.call;
    let module = call.module;
    let lower = method.to_ascii_lowercase();
    let optional = step.conditional || lower.starts_with("or");
    let negative = lower.contains("not");
    let Some(first) = call.arg(0) else { return };
    let statement = &mut query.statement;
    if lower.ends_with("raw") {
        query.open_filters |= !query_builder::fragment(resolver, (step.file, first), statement, optional);
        return;
    }
    let kind = if negative {
        FilterKind::Negative
    } else if lower.ends_with("wherein") {
        FilterKind::In
    } else if lower.ends_with("between") {
        FilterKind::Range
    } else if lower.ends_with("like") {
        FilterKind::Pattern
    } else if lower.ends_with("where") || lower.ends_with("null") {
        FilterKind::Equality
    } else {
        query.open_filters = true;
        return;
    };
    if matches!(module.kind(first), ExprKind::Object(_)) {
        let mut filters = Filters::default();
        objects::object_filters(resolver, (step.file, first), GRAMMAR, None, optional, &mut filters);
        query.open_filters |= filters.open;
        for filter in filters.list {
            let text = filter.column.column.clone();
            query_builder::filter(
                statement,
                &text,
                if negative { FilterKind::Negative } else { filter.kind },
                filter.literal,
                filter.optional,
            );
        }
        return;
    }
    let Some(column) = query_builder::text(resolver, (step.file, first)) else {
        query.open_filters = true;
        return;
    };
    let (kind, value) = match (call.arg(1), call.arg(2)) {
        (Some(op), Some(value)) => (module.string(op).map_or(kind, query_builder::operator), Some(value)),
        (value, _) => (kind, value),
    };
    let literal = if lower.ends_with("null") {
        Some("NULL".to_owned())
    } else {
        value.and_then(|value| objects::literal(resolver, (step.file, value)))
    };
    query_builder::filter(statement, &column, kind, literal, optional);
}
