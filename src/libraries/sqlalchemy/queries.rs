//! `SQLAlchemy` (1.x queries, 2.0 statements, sync and async), `SQLModel`, `Flask-SQLAlchemy`.

mod conditions;
mod draft;
mod options;
#[cfg(test)]
mod tests;

use crate::ir::{Arg, Call, ExprId, ExprKind, Module, StmtKind};
use crate::libraries::shared::chain::{self, Chain, Grammar, Link, Step};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::statement::{ColumnUse, Limit, Operation, Projection};
use conditions::Sense;
use draft::Draft;

/// The query at a call.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_known(method) && builder(resolver, file, &call).is_none() {
        return None;
    }
    let start = |file: FileId, expr: ExprId| start(resolver, file, expr);
    let helper = |file: FileId, expr: ExprId, found: Option<Query>| repository_query(resolver, file, expr, found);
    let grammar = Grammar {
        start: &start,
        known: &is_known,
        helper: &helper,
    };
    let call = resolver.module(file).call(call.id)?;
    let chain = chain::walk(resolver, file, call, &grammar)?;
    if chain.start.library != "sqlalchemy" {
        return None;
    }
    Some(apply(resolver, chain))
}

/// Methods that a chain of this library can have.
fn is_known(method: &str) -> bool {
    is_start(method) || is_build(method) || is_fetch(method)
}

fn is_start(method: &str) -> bool {
    matches!(
        method,
        "query"
            | "select"
            | "insert"
            | "update"
            | "delete"
            | "exists"
            | "union"
            | "union_all"
            | "get"
            | "get_one"
            | "get_by_id"
            | "execute"
            | "exec"
            | "scalars"
            | "scalar"
            | "stream"
            | "stream_scalars"
            | "commit"
            | "flush"
            | "refresh"
            | "bulk_save_objects"
            | "bulk_insert_mappings"
            | "bulk_update_mappings"
            | "fetch_all"
            | "fetch_one"
            | "fetch_val"
            | "iterate"
            | "paginate"
    )
}

/// The library's function that begins a statement behind another name: `from sqlalchemy import select as sa_select`.
fn builder(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<&'static str> {
    if call.receiver().is_some() {
        return None;
    }
    let Value::External(name) = resolver.value(file, call.callee) else {
        return None;
    };
    if !name.starts_with("sqlalchemy.") && !name.starts_with("sqlmodel.") {
        return None;
    }
    let last = name.rsplit('.').next()?;
    ["select", "insert", "update", "delete", "exists", "union", "union_all"]
        .into_iter()
        .find(|known| *known == last)
}

fn is_build(method: &str) -> bool {
    matches!(
        method,
        "filter"
            | "where"
            | "filter_by"
            | "join"
            | "outerjoin"
            | "join_from"
            | "outerjoin_from"
            | "select_from"
            | "order_by"
            | "group_by"
            | "having"
            | "distinct"
            | "limit"
            | "offset"
            | "slice"
            | "options"
            | "with_entities"
            | "with_only_columns"
            | "add_columns"
            | "values"
            | "returning"
            | "on_conflict_do_update"
            | "on_conflict_do_nothing"
            | "with_for_update"
            | "execution_options"
            | "yield_per"
            | "subquery"
            | "cte"
            | "alias"
            | "lateral"
            | "scalar_subquery"
            | "as_scalar"
            | "label"
            | "correlate"
            | "enable_eagerloads"
            | "populate_existing"
            | "params"
            | "prefix_with"
            | "with_hint"
            | "from_statement"
            | "reset_joinpoint"
            | "set_"
            | "unique"
            | "tuples"
            | "mappings"
            | "columns"
            | "intersect"
            | "except_"
    )
}

fn is_fetch(method: &str) -> bool {
    matches!(
        method,
        "all"
            | "first"
            | "one"
            | "one_or_none"
            | "scalar_one"
            | "scalar_one_or_none"
            | "fetchall"
            | "fetchone"
            | "fetchmany"
            | "partitions"
            | "count"
            | "first_or_404"
            | "get_or_404"
            | "one_or_404"
            | "freeze"
            | "keys"
            | "scalar_or_none"
    )
}

/// The query that starts at an expression.
fn start(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    match module.kind(expr) {
        // Flask-SQLAlchemy's `User.query`.
        ExprKind::Attr { base, name } if module.str(*name) == "query" => {
            let mut draft = Draft::new(resolver);
            let Value::Class(at, class) = resolver.value(file, *base) else {
                return None;
            };
            if resolver.model_library(at, class) != Some("sqlalchemy") {
                return None;
            }
            draft.project(file, &[*base]);
            draft.query.blocking = true;
            Some(draft.query)
        }
        // A parameter of a statement's type: what it holds is not known.
        ExprKind::Name(_) => match resolver.value(file, expr) {
            Value::ExternalInstance(name) if name.starts_with("sqlalchemy.") && (name.ends_with(".Select") || name.ends_with(".Query")) => {
                let mut query = Draft::new(resolver).query;
                query.statement.open = true;
                query.blocking = name.ends_with(".Query");
                Some(query)
            }
            _ => None,
        },
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let method = call.method().filter(|method| is_start(method));
            let method = method.or_else(|| builder(resolver, file, &call))?;
            built(resolver, file, &call, method).or_else(|| run(resolver, file, &call, method))
        }
        _ => None,
    }
}

/// The statement that a repository's method begins for its own model: `select(self.model)` in a base class, with
/// `model = User` in the class at hand.
fn repository_query(resolver: &dyn Resolver, file: FileId, expr: ExprId, found: Option<Query>) -> Option<Query> {
    if found
        .as_ref()
        .is_some_and(|query| query.library != "sqlalchemy" || !query.statement.tables.is_empty())
    {
        return found;
    }
    let call = resolver.module(file).call(expr)?;
    let telling = ["statement", "query", "select"]
        .iter()
        .any(|word| call.method().unwrap_or("").contains(word));
    if found.is_none() && !telling {
        return None;
    }
    let Some(receiver) = call.receiver() else { return found };
    let Value::Instance(at, class) = resolver.value(file, receiver) else {
        return found;
    };
    let inside = resolver.module(at);
    let model = inside.class(class).body.iter().find_map(|&stmt| match &inside.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if inside.name(*target) == Some("model") => Some(*value),
        _ => None,
    });
    let mut draft = Draft::new(resolver);
    let Some(entity) = model.and_then(|model| draft.entity(at, model)) else {
        return found;
    };
    draft.query = found.unwrap_or(draft.query);
    draft.query.statement.open = true;
    draft.table(&entity);
    draft.query.model = entity.model;
    Some(draft.query)
}

/// Calls that begin a statement.
fn built(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let positional = || -> Vec<ExprId> { call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value).collect() };
    let mut draft = Draft::new(resolver);
    match method {
        "query" => {
            let receiver = call.receiver()?;
            let first = call.args.first()?.value;
            let known = session_kind(resolver, file, receiver);
            let about_model = is_model(resolver, file, first);
            if known == Kind::Other && !about_model {
                return None;
            }
            if !about_model && known == Kind::Unknown && !(is_session_name(call.module, receiver) && names_column(call.module, first)) {
                return None;
            }
            draft.project(file, &positional());
            draft.query.blocking = known != Kind::Async;
            Some(draft.query)
        }
        "select" => {
            let whole = table_receiver(&draft, file, call);
            if whole.is_none() && !is_library_function(resolver, file, call) {
                return None;
            }
            match whole {
                Some(table) => draft.project(file, &[table]),
                None => match positional().as_slice() {
                    // 1.x: `select([a, b])`.
                    [only] => match call.module.kind(*only) {
                        ExprKind::List(items) => draft.project(file, items),
                        _ => draft.project(file, &[*only]),
                    },
                    many => draft.project(file, many),
                },
            }
            Some(draft.query)
        }
        "insert" | "update" | "delete" => {
            let table = table_receiver(&draft, file, call);
            if table.is_none() && !is_library_function(resolver, file, call) {
                return None;
            }
            let target = table.or_else(|| call.arg(0))?;
            if let Some(entity) = draft.entity(file, target) {
                draft.table(&entity);
            }
            write(&mut draft.query, method);
            Some(draft.query)
        }
        "exists" if call.receiver().is_none() || is_library_function(resolver, file, call) => {
            if !is_library_function(resolver, file, call) {
                return None;
            }
            match call.arg(0).and_then(|arg| resolver.query(file, arg)) {
                Some(inner) => draft.query = inner,
                None => draft.project(file, &positional()),
            }
            draft.query.model = None;
            draft.query.statement.projection = Projection::Aggregate;
            Some(draft.query)
        }
        "union" | "union_all" if is_library_function(resolver, file, call) => {
            draft.query = call.arg(0).and_then(|arg| resolver.query(file, arg)).unwrap_or(draft.query);
            draft.query.statement.open = true;
            Some(draft.query)
        }
        _ => None,
    }
}

fn write(query: &mut Query, method: &str) {
    query.statement.operation = match method {
        "insert" => Operation::Insert,
        "update" => Operation::Update,
        _ => Operation::Delete,
    };
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
    query.model = None;
}

/// The table that `table.select()` is called on, when it is one.
fn table_receiver(draft: &Draft<'_>, file: FileId, call: &Call<'_>) -> Option<ExprId> {
    let receiver = call.receiver()?;
    let entity = draft.entity(file, receiver)?;
    let is_dunder = |(at, expr): (FileId, ExprId)| {
        let module = draft.resolver.module(at);
        matches!(module.kind(expr), ExprKind::Attr { name, .. } if module.str(*name) == "__table__")
    };
    let dunder = is_dunder((file, receiver)) || draft.resolver.definition(file, receiver).is_some_and(is_dunder);
    (dunder || matches!(entity.model, Some(Model::Table(_)))).then_some(receiver)
}

/// Whether what is called is `SQLAlchemy`'s own function.
fn is_library_function(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> bool {
    matches!(resolver.value(file, call.callee), Value::External(name) if ["sqlalchemy.", "sqlmodel.", "flask_sqlalchemy."].iter().any(|library| name.starts_with(library)))
}

/// Whether an argument is a mapped class or an attribute of one.
fn is_model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let module = resolver.module(file);
    let mut at = expr;
    for _ in 0..6 {
        if let Value::Class(class_file, class) = resolver.value(file, at) {
            return resolver.model_library(class_file, class) == Some("sqlalchemy");
        }
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Call { args, callee, .. } => match args.first() {
                Some(arg) => arg.value,
                None => *callee,
            },
            _ => return false,
        };
    }
    false
}

/// Whether an argument looks like a class, a column of one, or a function of columns.
fn names_column(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    for _ in 0..6 {
        at = match module.kind(at) {
            ExprKind::Name(name) => {
                let text = module.str(*name);
                return text == "func" || text.starts_with(|first: char| first.is_ascii_uppercase());
            }
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Spread(_) => return true,
            _ => return false,
        };
    }
    false
}

/// What is known of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A session or connection that blocks.
    Sync,
    /// One that is awaited.
    Async,
    /// Nothing known.
    Unknown,
    /// Something else.
    Other,
}

fn session_kind(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> Kind {
    match resolver.value(file, receiver) {
        Value::Unknown => Kind::Unknown,
        Value::ExternalInstance(name) | Value::External(name) => library_kind(&name),
        Value::Instance(at, class) => {
            let ancestors = resolver.ancestors(at, class);
            ancestors
                .iter()
                .map(|name| library_kind(name))
                .find(|kind| matches!(kind, Kind::Sync | Kind::Async))
                .unwrap_or(Kind::Other)
        }
        Value::Query(..) | Value::Many(_) | Value::Row(..) | Value::Class(..) | Value::Literal(..) => Kind::Other,
        Value::Module(_) | Value::Function(..) => Kind::Unknown,
    }
}

fn library_kind(name: &str) -> Kind {
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
        return Kind::Async;
    }
    if ours.iter().any(|prefix| name.starts_with(prefix)) {
        return Kind::Sync;
    }
    if name.starts_with("builtins.") || name.starts_with("contextlib.") || name.starts_with("typing.") {
        return Kind::Unknown;
    }
    Kind::Other
}

/// `session`, `self.db`, `db.session`: how sessions are called.
fn is_session_name(module: &Module, receiver: ExprId) -> bool {
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        ExprKind::Call { .. } => module.call(receiver).and_then(|call| call.method()).unwrap_or(""),
        _ => return false,
    };
    let name = name.trim_start_matches('_').to_ascii_lowercase();
    matches!(name.as_str(), "db" | "s" | "sess" | "database" | "tx") || name.ends_with("session") || name.ends_with("_db")
}

/// Calls that run a statement, or the work that a session has gathered.
fn run(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let awaited = chain::is_awaited(call.module, call.id);
    let Some(receiver) = call.receiver() else {
        return paged(resolver, file, call, awaited);
    };
    let blocking = |kind: Kind| !awaited && kind != Kind::Async;
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
            if resolver.model_library(at, id) != Some("sqlalchemy") || call.args.len() < 2 {
                return None;
            }
            let kind = session_kind(resolver, file, receiver);
            if kind == Kind::Other {
                return None;
            }
            let mut draft = Draft::new(resolver);
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
            if kind == Kind::Other || kind == Kind::Unknown && !is_session_name(call.module, receiver) {
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
        .map_or(Kind::Unknown, |arg| session_kind(resolver, file, arg.value));
    query.blocking = !awaited && session != Kind::Async;
    execute(&mut query, "paginate");
    Some(query)
}

fn unit_of_work(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Query {
    let mut draft = Draft::new(resolver);
    draft.query.executed = true;
    if method == "refresh" {
        draft.query.outcome = Outcome::One;
        draft.query.statement.limit = Limit::One;
        if let Some(Value::Row(Model::Class(at, class), _) | Value::Instance(at, class)) = call.arg(0).map(|arg| resolver.value(file, arg))
            && let Some(name) = resolver.module(at).class(class).name
        {
            let name = resolver.module(at).str(name).to_owned();
            draft.query.model = Some(Model::Class(at, class));
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

fn by_key(draft: &mut Draft<'_>) {
    let column = ColumnUse {
        table: Some(0),
        column: "id".to_owned(),
    };
    draft.filter(column, crate::statement::FilterKind::Equality, None, false);
    draft.query.statement.limit = Limit::One;
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
        query.statement.limit = Limit::Value;
        query.statement.offset = true;
    }
    if method == "scalar" && query.model.is_some() {
        query.outcome = Outcome::One;
    }
    if matches!(query.outcome, Outcome::One | Outcome::Scalar) && query.statement.limit == Limit::None {
        query.statement.limit = Limit::One;
    }
    one_aggregate(query);
}

/// An aggregate without groups is one row.
fn one_aggregate(query: &mut Query) {
    let statement = &mut query.statement;
    if statement.projection == Projection::Aggregate && !statement.grouped {
        statement.limit = Limit::One;
        query.outcome = Outcome::Scalar;
    }
}

/// Applies the steps of a chain to its start.
fn apply(resolver: &dyn Resolver, chain: Chain<'_>) -> Query {
    let mut draft = Draft::new(resolver);
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

fn step(draft: &mut Draft<'_>, link: &Link<'_>, call: &Call<'_>) {
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
            Some(rows) => draft.query.statement.limit = chain::limit(draft.resolver, file, rows),
            None => {}
        },
        "offset" => draft.query.statement.offset |= call.arg(0).is_some_and(|arg| !matches!(call.module.kind(arg), ExprKind::Null)),
        "slice" => chain::slice(call.module, &mut draft.query.statement, call.arg(0), call.arg(1)),
        "options" => call.args.iter().for_each(|arg| draft.option(file, arg.value, 0)),
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
fn finish(draft: &mut Draft<'_>, link: &Link<'_>, call: &Call<'_>, method: &str) {
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
            query.statement.limit = Limit::One;
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
            query.statement.limit = Limit::Value;
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
    query.statement.limit = Limit::One;
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
            if query.statement.operation == Operation::Select && query.statement.limit == Limit::None {
                query.statement.limit = Limit::One;
            }
        }
        "scalar" => {
            query.outcome = if query.model.is_some() { Outcome::One } else { Outcome::Scalar };
            if query.statement.operation == Operation::Select && query.statement.limit == Limit::None {
                query.statement.limit = Limit::One;
            }
        }
        "fetchmany" | "partitions" | "yield_per" => query.outcome = Outcome::Stream,
        // Mappings and tuples are no instances.
        "mappings" | "tuples" | "keys" => query.model = None,
        _ => {}
    }
}

fn filter_by(draft: &mut Draft<'_>, link: &Link<'_>, args: &[Arg]) {
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

fn join(draft: &mut Draft<'_>, link: &Link<'_>, call: &Call<'_>, method: &str) {
    let file = link.file;
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
fn related(draft: &Draft<'_>, file: FileId, expr: ExprId) -> Option<draft::Entity> {
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

fn order(draft: &mut Draft<'_>, link: &Link<'_>, call: &Call<'_>) {
    if matches!(call.arg(0).map(|arg| call.module.kind(arg)), Some(ExprKind::Null)) {
        draft.query.statement.order.clear();
        return;
    }
    for arg in call.args {
        let text = call.module.expr(arg.value);
        let descending = match &text.kind {
            ExprKind::Call { .. } => call
                .module
                .call(arg.value)
                .is_some_and(|inner| inner.chain().iter().any(|step| step.method() == Some("desc"))),
            ExprKind::Unary { op, .. } => call.module.str(*op) == "-",
            _ => false,
        };
        if let Some((column, false)) = draft.column(link.file, arg.value) {
            draft.query.statement.order.push((column, descending));
        }
    }
}
