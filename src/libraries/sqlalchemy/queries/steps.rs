//! What each method of a chain adds to its query, and what is taken from a result.

use super::conditions::Sense;
use super::draft::{self, SelectDraft, write};
use super::methods::is_build;
use super::sessions::{by_key, one_aggregate};
use crate::ir::{Arg, Call, ExprId, ExprKind};
use crate::libraries::shared::chain::{self, Chain, Link, Step};
use crate::libraries::shared::limits;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::FileId;
use crate::statement::{ColumnUse, Operation, Projection, RowLimit};

/// Applies the steps of a chain to its start.
pub(super) fn apply(resolver: &dyn Resolver, chain: Chain<'_>) -> Query {
    let mut draft = SelectDraft::new(resolver);
    draft.query = chain.start;
    let mut ran_before = draft.query.executed && !chain.inline;
    for link in &chain.links {
        let before = draft.query.executed;
        match link.step {
            Step::Slice(lower, upper) => chain::slice(resolver.module(link.file), &mut draft.query.statement, lower, upper),
            Step::Call(call) => step(&mut draft, link, &call),
        }
        ran_before |= !before && draft.query.executed && !link.inline;
    }
    draft.query.fetch |= ran_before;
    draft.query
}

/// The parameter of `if columns: query = query.with_entities(*columns)` that callers may leave out.
fn narrowing(call: &Call<'_>) -> Option<usize> {
    let module = call.module;
    let [only] = call.args else { return None };
    let ExprKind::Spread(inner) = module.kind(only.value) else {
        return None;
    };
    let ExprKind::Name(name) = module.kind(*inner) else { return None };
    let params = &module.function(module.owner(call.id)).params;
    let index = params.iter().position(|param| param.name == Some(*name))?;
    let is_left_out = params[index]
        .default
        .is_some_and(|default| matches!(module.kind(default), ExprKind::Null));
    (is_left_out && module.is_chosen(call.id)).then_some(index)
}

fn step(draft: &mut SelectDraft<'_>, link: &Link<'_>, call: &Call<'_>) {
    let method = call.method().unwrap_or("");
    if draft.query.executed {
        fetch(&mut draft.query, method);
        return;
    }
    let file = link.file;
    match method {
        "filter" | "where" | "having" => {
            if method != "having" {
                for arg in call.args {
                    draft.condition(file, arg.value, Sense::new(link.optional));
                }
            }
        }
        "filter_by" => filter_by(draft, link, call.args),
        "join" | "outerjoin" | "join_from" | "outerjoin_from" | "select_from" => join(draft, link, call, method),
        "order_by" => order(draft, link, call),
        "group_by" => {
            draft.query.statement.grouped = true;
            for arg in call.args {
                if let Some((column, _)) = draft.column(file, arg.value) {
                    draft.query.statement.group.push(column);
                }
            }
        }
        "distinct" => {
            draft.query.statement.grouped = true;
            if draft.query.statement.group.is_empty() {
                let columns = call.args.iter().map(|arg| Some(draft.column(file, arg.value)?.0));
                draft.query.statement.group = columns.collect::<Option<_>>().unwrap_or_default();
            }
        }
        "limit" => match call.arg(0) {
            Some(_) if link.optional => draft.query.statement.open = true,
            Some(rows) => draft.query.statement.limit = limits::of(draft.resolver, (file, rows)),
            None => {}
        },
        "offset" => draft.query.statement.offset |= call.arg(0).is_some_and(|arg| !matches!(call.module.kind(arg), ExprKind::Null)),
        "slice" => chain::slice(call.module, &mut draft.query.statement, call.arg(0), call.arg(1)),
        "options" => call.args.iter().for_each(|arg| draft.option(file, arg.value, 0)),
        "with_entities" | "with_only_columns" if let Some(index) = narrowing(call) => {
            draft.query.statement.open = true;
            draft.query.narrowed_by = Some((file, call.module.owner(call.id), index));
        }
        "with_entities" | "with_only_columns" => {
            let args: Vec<ExprId> = call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value).collect();
            draft.project(file, &args);
        }
        "add_columns" => draft.query.model = None,
        "returning" => {
            draft.query.outcome = Outcome::Rows;
            draft.query.model = call.arg(0).and_then(|arg| draft.entity(file, arg)).and_then(|entity| entity.model);
        }
        "yield_per" => draft.query.outcome = Outcome::Stream,
        "execution_options" => {
            if call.keyword("yield_per").is_some() || call.keyword("stream_results").is_some() {
                draft.query.outcome = Outcome::Stream;
            }
        }
        "from_statement" => {
            draft.query.statement.open = true;
            draft.query.opaque = true;
        }
        "union" | "union_all" | "intersect" | "except_" => draft.query.statement.open = true,
        _ if is_build(method) => {}
        _ => finish(draft, link, call, method),
    }
}

/// Methods that run a 1.x query.
fn finish(draft: &mut SelectDraft<'_>, link: &Link<'_>, call: &Call<'_>, method: &str) {
    let query = &mut draft.query;
    match method {
        "all" | "fetchall" | "partitions" => {
            query.executed = true;
            one_aggregate(query);
        }
        "first" | "one" | "one_or_none" | "first_or_404" | "one_or_404" => at_most_one(query),
        "scalar" | "scalar_one" | "scalar_one_or_none" => {
            at_most_one(query);
            if query.model.is_none() {
                query.outcome = Outcome::Scalar;
            }
        }
        "get" | "get_or_404" => {
            by_key(draft);
            at_most_one(&mut draft.query);
        }
        "count" => {
            query.executed = true;
            query.outcome = Outcome::Scalar;
            query.statement.projection = Projection::Aggregate;
            query.statement.limit = RowLimit::One;
            query.model = None;
        }
        "delete" | "update" => {
            write(query, method);
            query.executed = true;
        }
        "exists" => {
            query.statement.projection = Projection::Aggregate;
            query.model = None;
        }
        "paginate" => {
            query.executed = true;
            query.statement.limit = page_size(draft.resolver, link.file, call);
            query.statement.offset = true;
        }
        _ => query.statement.open = true,
    }
    if draft.query.executed {
        draft.query.blocking &= !chain::is_awaited(draft.resolver.module(link.file), call.id);
    }
}

fn at_most_one(query: &mut Query) {
    query.executed = true;
    query.outcome = Outcome::One;
    query.statement.limit = RowLimit::One;
}

/// What is taken from a result that is there.
fn fetch(query: &mut Query, method: &str) {
    if query.outcome == Outcome::Nothing {
        return;
    }
    match method {
        "first" | "one" | "one_or_none" | "scalar_one" | "scalar_one_or_none" | "fetchone" => {
            query.outcome = if query.model.is_some() {
                Outcome::One
            } else if method.starts_with("scalar") {
                Outcome::Scalar
            } else {
                Outcome::One
            };
            if query.statement.operation == Operation::Select && query.statement.limit == RowLimit::None {
                query.statement.limit = RowLimit::One;
            }
        }
        "scalar" => {
            query.outcome = if query.model.is_some() { Outcome::One } else { Outcome::Scalar };
            if query.statement.operation == Operation::Select && query.statement.limit == RowLimit::None {
                query.statement.limit = RowLimit::One;
            }
        }
        "fetchmany" | "partitions" | "yield_per" => query.outcome = Outcome::Stream,
        // Mappings and tuples are no instances.
        "mappings" | "tuples" | "keys" => query.model = None,
        _ => {}
    }
}

fn filter_by(draft: &mut SelectDraft<'_>, link: &Link<'_>, args: &[Arg]) {
    let module = draft.resolver.module(link.file);
    let table = draft.query.statement.tables.len().checked_sub(1);
    for arg in args {
        let Some(name) = arg.name else {
            let passed = match module.kind(arg.value) {
                ExprKind::Spread(inner) => draft.resolver.passed_keywords(link.file, *inner),
                _ => None,
            };
            draft.query.statement.open |= passed.is_none();
            for (column, (at, value)) in passed.unwrap_or_default() {
                let literal = draft.literal(at, value);
                draft.filter(
                    ColumnUse { table, column },
                    crate::statement::FilterKind::Equality,
                    literal,
                    link.optional,
                );
            }
            continue;
        };
        let column = ColumnUse {
            table,
            column: module.str(name).to_owned(),
        };
        let literal = draft.literal(link.file, arg.value);
        draft.filter(column, crate::statement::FilterKind::Equality, literal, link.optional);
    }
}

fn join(draft: &mut SelectDraft<'_>, link: &Link<'_>, call: &Call<'_>, method: &str) {
    let file = link.file;
    // What a parameter's query asks stands elsewhere: the table that is joined to it is not the one it reads.
    if draft.query.statement.tables.is_empty() && draft.query.statement.open && !method.ends_with("_from") {
        return;
    }
    let positional: Vec<ExprId> = call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value).collect();
    let targets = if method.ends_with("_from") { 2 } else { 1 };
    for (index, &arg) in positional.iter().enumerate() {
        if let Some(entity) = draft.entity(file, arg) {
            draft.table(&entity);
        } else if let Some(related) = related(draft, file, arg) {
            draft.table(&related);
        } else if index >= targets {
            draft.condition(file, arg, Sense::new(link.optional));
        } else if let Some(inner) = draft.resolver.query(file, arg).filter(|inner| !inner.executed) {
            draft.subquery(inner, crate::statement::SubqueryPlace::From);
        }
    }
    if let Some(on) = call.keyword("onclause") {
        draft.condition(file, on, Sense::new(link.optional));
    }
}

/// The class at the other end of `.join(User.orders)`.
fn related(draft: &SelectDraft<'_>, file: FileId, expr: ExprId) -> Option<draft::Entity> {
    let module = draft.resolver.module(file);
    let ExprKind::Attr { .. } = module.kind(expr) else {
        return None;
    };
    let (at, definition) = draft.resolver.definition(file, expr)?;
    let inside = draft.resolver.module(at);
    let call = inside.call(definition)?;
    if !matches!(call.method(), Some("relationship" | "Relationship")) {
        return None;
    }
    let target = call.arg(0)?;
    match inside.string(target) {
        Some(name) => Some(draft::Entity {
            name: name.rsplit('.').next().unwrap_or(name).to_owned(),
            alias: None,
            model: None,
        }),
        None => draft.entity(at, target),
    }
}

fn order(draft: &mut SelectDraft<'_>, link: &Link<'_>, call: &Call<'_>) {
    if matches!(call.arg(0).map(|arg| call.module.kind(arg)), Some(ExprKind::Null)) {
        draft.query.statement.order.clear();
        return;
    }
    for arg in call.args {
        let given = chain::either(call.module, arg.value);
        let descending = match call.module.kind(given) {
            ExprKind::Call { .. } => call
                .module
                .call(given)
                .is_some_and(|inner| inner.chain().iter().any(|step| step.method() == Some("desc"))),
            ExprKind::Unary { op, .. } => call.module.str(*op) == "-",
            _ => false,
        };
        if let Some((column, false)) = draft.column(link.file, given) {
            draft.query.statement.order.push((column, descending));
        }
    }
}

/// How many rows a page has, as `paginate(page, per_page)` says.
fn page_size(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> RowLimit {
    call.keyword("per_page")
        .or_else(|| call.arg(1))
        .map_or(RowLimit::Value, |size| limits::of(resolver, (file, size)))
}
