//! Knex: `knex('users').where({ id }).first()`, `db.select('*').from('users')`.

use crate::ir::{Call, ExprKind};
use crate::libraries::shared::objects::{self, Filters, Fluent, Grammar, Op, Step};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, Model};
use crate::statement::{FilterKind, Limit, Operation, Projection};

const FLUENT: Fluent = Fluent {
    runs: &["then", "stream", "pipe"],
    ends: &["as", "toSQL", "toString", "toQuery", "clone"],
    takes: &[
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
        "on",
        "insert",
        "update",
        "raw",
    ],
};

const GRAMMAR: Grammar = Grammar {
    key: |_| Op::Field,
    call: |_| Op::Field,
    list_is_in: false,
    compound_keys: false,
    relations: false,
};

/// The query at a call of a Knex chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let method = call.method()?;
    let may_start = match call.receiver() {
        None => is_handle_name(method) && call.arg(0).is_some(),
        Some(_) => is_method(method),
    };
    if !may_start {
        return None;
    }
    let steps = objects::steps(resolver, file, call);
    let first = steps.first()?;
    let (start, name) = table(resolver, &steps)?;
    if !is_handle(resolver, first) {
        return None;
    }
    let mut query = Query {
        library: "knex",
        ..Query::default()
    };
    query.statement.tables.push(query_builder::table(&name));
    for (index, step) in steps.iter().enumerate() {
        if index != start {
            read(resolver, *step, &mut query);
        }
    }
    query_builder::name_with(resolver, &steps, &mut query.statement);
    if matches!(query.outcome, Outcome::Rows | Outcome::One) {
        query.model = query
            .table()
            .filter(|name| !name.is_empty())
            .map(|name| Model::Table(name.to_owned()));
    }
    query.executed = objects::runs(call, FLUENT);
    Some(query)
}

/// The step that names the table.
fn table(resolver: &dyn Resolver, steps: &[Step<'_>]) -> Option<(usize, String)> {
    steps.iter().enumerate().find_map(|(index, step)| {
        let names = match step.call.method() {
            Some("from" | "into" | "table" | "queryBuilder") => step.call.receiver().is_some(),
            _ => index == 0 && (step.call.receiver().is_none() || is_handle_call(resolver, step)),
        };
        let arg = step.call.arg(0).filter(|_| names)?;
        let text = match step.call.module.kind(arg) {
            // `knex({ u: 'users' })`.
            ExprKind::Object(entries) => {
                let [entry] = entries.as_ref() else { return None };
                let name = step.call.module.string(entry.value)?;
                let alias = entry.key.and_then(|key| step.call.module.string(key))?;
                if matches!(alias, "client" | "connection") {
                    return None;
                }
                format!("{name} as {alias}")
            }
            _ => query_builder::text(resolver, (step.file, arg))?,
        };
        Some((index, text))
    })
}

fn is_handle_call(resolver: &dyn Resolver, step: &Step<'_>) -> bool {
    query_builder::comes_from(resolver, step.file, step.call.callee, "knex")
}

/// Names that a handle called with a table's name has.
fn is_handle_name(name: &str) -> bool {
    name.to_ascii_lowercase().contains("knex") || matches!(name, "trx" | "db" | "conn" | "connection" | "qb" | "tx" | "database")
}

fn is_handle(resolver: &dyn Resolver, first: &Step<'_>) -> bool {
    let handle = first.call.receiver().unwrap_or(first.call.callee);
    if query_builder::comes_from(resolver, first.file, handle, "knex") || is_handle_call(resolver, first) {
        return true;
    }
    let module = first.call.module;
    objects::last_name(module, handle).is_some_and(is_handle_name) && query_builder::imports(module, &["knex"])
}

fn is_method(method: &str) -> bool {
    matches!(
        method,
        "select"
            | "from"
            | "into"
            | "table"
            | "first"
            | "insert"
            | "update"
            | "del"
            | "delete"
            | "count"
            | "countDistinct"
            | "sum"
            | "min"
            | "max"
            | "avg"
            | "limit"
            | "offset"
            | "orderBy"
            | "orderByRaw"
            | "groupBy"
            | "groupByRaw"
            | "join"
            | "leftJoin"
            | "innerJoin"
            | "rightJoin"
            | "leftOuterJoin"
            | "joinRaw"
            | "returning"
            | "pluck"
            | "distinct"
            | "having"
            | "onConflict"
            | "merge"
            | "ignore"
            | "increment"
            | "decrement"
            | "column"
            | "columns"
            | "forUpdate"
            | "transacting"
            | "as"
            | "clone"
            | "modify"
            | "stream"
            | "then"
            | "catch"
            | "truncate"
            | "with"
            | "union"
            | "unionAll"
    ) || is_where(method)
}

fn is_where(method: &str) -> bool {
    let lower = method.to_ascii_lowercase();
    lower.starts_with("where") || lower.starts_with("andwhere") || lower.starts_with("orwhere")
}

fn read(resolver: &dyn Resolver, step: Step<'_>, query: &mut Query) {
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
            statement.limit = Limit::One;
        }
        "limit" => {
            if let Some(place) = first {
                statement.limit = objects::limit(resolver, place);
            }
        }
        "offset" => statement.offset |= first.is_some_and(|place| objects::skips(resolver, place)),
        "select" | "column" | "columns" | "pluck" => {
            let names: Vec<String> = call
                .args
                .iter()
                .flat_map(|arg| query_builder::strings(resolver, (step.file, arg.value)))
                .collect();
            if !names.is_empty() && names.iter().all(|name| !name.ends_with('*')) {
                statement.projection = Projection::Columns(names.iter().map(|name| query_builder::column(statement, name)).collect());
            }
        }
        "count" | "countDistinct" | "sum" | "min" | "max" | "avg" => {
            statement.projection = Projection::Aggregate;
            if !statement.grouped {
                statement.limit = Limit::One;
                query.outcome = Outcome::Scalar;
            }
        }
        "groupBy" | "groupByRaw" | "distinct" => {
            statement.grouped = true;
            if query.outcome == Outcome::Scalar {
                query.outcome = Outcome::Rows;
                statement.limit = Limit::None;
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

fn write(query: &mut Query, operation: Operation) {
    query.statement.operation = operation;
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
}

fn filter(resolver: &dyn Resolver, step: Step<'_>, method: &str, query: &mut Query) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    const HEAD: &str = "import knex from 'knex';\nconst db = knex({ client: 'pg' });\n";

    #[test]
    fn reads_a_chain() {
        let query = query(
            &format!(
                "{HEAD}const rows = await db('users as u').join('posts', 'posts.user_id', 'u.id').where({{ 'u.org_id': org }}).whereIn('posts.status', s)
                   .andWhere('posts.at', '>', t).orderBy('posts.id', 'desc').limit(5);"
            ),
            &[],
        );
        let kinds: Vec<_> = query.statement.filters.iter().map(|f| (f.column.table, f.kind)).collect();
        assert_eq!(
            kinds,
            [
                (Some(0), FilterKind::Equality),
                (Some(1), FilterKind::In),
                (Some(1), FilterKind::Range)
            ]
        );
        assert_eq!(
            (query.table(), query.executed, query.statement.joins.len()),
            (Some("users"), true, 1)
        );
    }

    #[test]
    fn named_queries_and_fragments() {
        let found = queries(
            &format!("{HEAD}const rows = await db.with('recent', db('visits').where('guest_id', id)).select('*').from('recent');"),
            &[],
        );
        let is_named = |query: &Query| query.table() == Some("") && query.statement.subqueries.len() == 1;
        assert!(found.iter().any(|query| query.executed && is_named(query)));
        let raw = query(
            &format!("{HEAD}const rows = await db('users').whereRaw('id = ANY(?)', [ids]);"),
            &[],
        );
        assert_eq!((raw.statement.filters[0].kind, raw.open_filters), (FilterKind::In, false));
        let open = query(&format!("{HEAD}const rows = await db('users').whereRaw(condition);"), &[]);
        assert!(open.open_filters);
    }

    #[test]
    fn first_writes_and_near_misses() {
        let one = query(&format!("{HEAD}const row = await db('users').where('id', 1).first();"), &[]);
        assert_eq!(
            (one.outcome, one.statement.filters[0].literal.as_deref()),
            (Outcome::One, Some("1"))
        );
        let write = query(&format!("{HEAD}await db.from('users').where('id', id).del();"), &[]);
        assert_eq!(write.statement.operation, Operation::Delete);
        let other = "import knex from 'knex'; $('div').first(); describe('users').select(); t('users.title'); list.from('x').first();";
        assert_eq!(queries(other, &[]), []);
    }
}
