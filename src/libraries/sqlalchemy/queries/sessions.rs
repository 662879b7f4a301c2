//! What a session or connection runs.

use super::draft::{self, SelectDraft, write};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::chain;
use crate::libraries::shared::handles;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::libraries::sqlalchemy::TOOL;
use crate::statement::{ColumnUse, Operation, Projection, RowLimit};

/// Which kind of session or connection a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionKind {
    /// A session or connection that blocks.
    Sync,
    /// One that is awaited.
    Async,
    /// Nothing known.
    Unknown,
    /// Something else.
    Other,
}

pub(super) fn session_kind(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> SessionKind {
    match resolver.value(file, receiver) {
        Value::Unknown => SessionKind::Unknown,
        Value::ExternalInstance(name) | Value::External(name) => library_kind(&name),
        Value::Instance(at, class) => {
            let ancestors = resolver.ancestors(at, class);
            ancestors
                .iter()
                .map(|name| library_kind(name))
                .find(|kind| matches!(kind, SessionKind::Sync | SessionKind::Async))
                .unwrap_or(SessionKind::Other)
        }
        Value::Query(..) | Value::Many(_) | Value::Row(..) | Value::Class(..) | Value::Literal(..) => SessionKind::Other,
        Value::Module(_) | Value::Function(..) => SessionKind::Unknown,
    }
}

fn library_kind(name: &str) -> SessionKind {
    let ours = [
        "sqlalchemy.",
        "sqlmodel.",
        "flask_sqlalchemy.",
        "sqlalchemy_utils.",
        "fastapi_async_sqlalchemy.",
        "fastapi_sqlalchemy.",
    ];
    if name.contains("AsyncSession") || name.contains("async_sessionmaker") || name.contains(".asyncio.") || name.starts_with("databases.")
    {
        return SessionKind::Async;
    }
    if ours.iter().any(|prefix| name.starts_with(prefix)) {
        return SessionKind::Sync;
    }
    if name.starts_with("builtins.") || name.starts_with("contextlib.") || name.starts_with("typing.") {
        return SessionKind::Unknown;
    }
    SessionKind::Other
}

/// `session`, `self.db`, `db.session`: how sessions are called.
pub(super) fn is_session_name(module: &Module, receiver: ExprId) -> bool {
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        ExprKind::Call { .. } => module.call(receiver).and_then(|call| call.method()).unwrap_or(""),
        _ => return false,
    };
    handles::may_be_database(name)
}

/// The query of a call on a session that runs a statement (`session.execute(…)`) or writes what was added (`session.flush()`, `commit()`).
pub(super) fn run(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let awaited = chain::is_awaited(call.module, call.id);
    let Some(receiver) = call.receiver() else {
        return paged(resolver, file, call, awaited);
    };
    let blocking = |kind: SessionKind| !awaited && kind != SessionKind::Async;
    match method {
        "execute" | "exec" | "scalars" | "scalar" | "stream" | "stream_scalars" | "fetch_all" | "fetch_one" | "fetch_val" | "iterate"
        | "paginate" => {
            let statement = ["statement", "query", "stmt", "clause", "select", "selectable"];
            let by_name = || statement.iter().find_map(|name| call.keyword(name));
            let mut query = call
                .args
                .iter()
                .filter(|arg| arg.name.is_none())
                .take(if method == "paginate" { 2 } else { 1 })
                .map(|arg| arg.value)
                .chain(by_name())
                .find_map(|arg| {
                    resolver
                        .query(file, arg)
                        .filter(|query| !query.executed && query.library == "sqlalchemy")
                })?;
            query.blocking = blocking(session_kind(resolver, file, receiver));
            execute(&mut query, method);
            Some(query)
        }
        "get" | "get_one" => {
            let class = call.arg(0)?;
            let Value::Class(at, id) = resolver.value(file, class) else {
                return None;
            };
            if resolver.model_library(at, id) != Some(TOOL) || call.args.len() < 2 {
                return None;
            }
            let kind = session_kind(resolver, file, receiver);
            if kind == SessionKind::Other {
                return None;
            }
            let mut draft = SelectDraft::new(resolver);
            draft.project(file, &[class]);
            by_key(&mut draft);
            if let Some(options) = call.keyword("options") {
                draft.option(file, options, 0);
            }
            let mut query = draft.query;
            query.blocking = blocking(kind);
            query.executed = true;
            query.outcome = Outcome::One;
            Some(query)
        }
        "commit" | "flush" | "refresh" | "bulk_save_objects" | "bulk_insert_mappings" | "bulk_update_mappings" => {
            let kind = session_kind(resolver, file, receiver);
            if kind == SessionKind::Other || kind == SessionKind::Unknown && !is_session_name(call.module, receiver) {
                return None;
            }
            let mut query = unit_of_work(resolver, file, call, method);
            query.blocking = blocking(kind);
            Some(query)
        }
        _ => None,
    }
}

/// `paginate(session, select(Order))` of `fastapi_pagination`.
fn paged(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, awaited: bool) -> Option<Query> {
    let is_paginator = matches!(resolver.value(file, call.callee), Value::External(name) if name.starts_with("fastapi_pagination."));
    if !is_paginator {
        return None;
    }
    let mut given = call.args.iter().filter_map(|arg| resolver.query(file, arg.value));
    let mut query = given.find(|query| !query.executed && query.library == "sqlalchemy")?;
    let session = call
        .args
        .first()
        .map_or(SessionKind::Unknown, |arg| session_kind(resolver, file, arg.value));
    query.blocking = !awaited && session != SessionKind::Async;
    execute(&mut query, "paginate");
    Some(query)
}

fn unit_of_work(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Query {
    let mut draft = SelectDraft::new(resolver);
    draft.query.executed = true;
    if method == "refresh" {
        draft.query.outcome = Outcome::One;
        draft.query.statement.limit = RowLimit::One;
        if let Some(Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class)) =
            call.arg(0).map(|arg| resolver.value(file, arg))
            && let Some(name) = resolver.module(at).class(class).name
        {
            let name = resolver.module(at).str(name).to_owned();
            draft.query.model = Some(RowModel::Class(at, class));
            draft.table(&draft::Entity {
                name,
                alias: None,
                model: None,
            });
        }
    } else {
        let operation = if method == "bulk_insert_mappings" { "insert" } else { "update" };
        write(&mut draft.query, operation);
        if let Some(entity) = call
            .arg(0)
            .filter(|_| method.ends_with("mappings"))
            .and_then(|arg| draft.entity(file, arg))
        {
            draft.table(&entity);
        }
    }
    draft.query
}

pub(super) fn by_key(draft: &mut SelectDraft<'_>) {
    let column = ColumnUse {
        table: Some(0),
        column: "id".to_owned(),
    };
    draft.filter(column, crate::statement::FilterKind::Equality, None, false);
    draft.query.statement.limit = RowLimit::One;
}

fn execute(query: &mut Query, method: &str) {
    query.executed = true;
    if query.statement.operation != Operation::Select {
        return;
    }
    query.outcome = match method {
        "scalar" | "fetch_val" => Outcome::Scalar,
        "fetch_one" => Outcome::One,
        "stream" | "stream_scalars" | "iterate" => Outcome::Stream,
        _ if query.outcome == Outcome::Stream => Outcome::Stream,
        _ => Outcome::Rows,
    };
    if method == "paginate" {
        query.statement.limit = RowLimit::Value;
        query.statement.offset = true;
    }
    if method == "scalar" && query.model.is_some() {
        query.outcome = Outcome::One;
    }
    if matches!(query.outcome, Outcome::One | Outcome::Scalar) && query.statement.limit == RowLimit::None {
        query.statement.limit = RowLimit::One;
    }
    one_aggregate(query);
}

/// An aggregate without groups is one row.
pub(super) fn one_aggregate(query: &mut Query) {
    let statement = &mut query.statement;
    if statement.projection == Projection::Aggregate && !statement.grouped {
        statement.limit = RowLimit::One;
        query.outcome = Outcome::Scalar;
    }
}
