//! Raw SQL in Python: DB-API cursors and connections, asyncpg, aiosqlite, `SQLAlchemy`'s `text`, Django's cursor, pandas.

use crate::budget::Limit as BudgetLimit;
use crate::ir::{Call, ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::shared::chain::{self, ChainGrammar, Step};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::sql_text::{self, runs_parameter};
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{Operation, Projection, RowLimit, TableUse};

/// The query that a call makes or runs, as far as the library's chain around it says; `None` where the call is not the library's.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_run(method) && !is_fetch(method) {
        return helper(resolver, file, &call, method);
    }
    let start = |file: FileId, expr: ExprId| {
        let call = resolver.module(file).call(expr)?;
        run(resolver, file, &call)
    };
    let known = |method: &str| is_run(method) || is_fetch(method);
    let grammar = ChainGrammar {
        start: &start,
        known: &|call| call.method().is_some_and(known),
        helper: &|_, _, found| found,
    };
    let call = resolver.module(file).call(call.id)?;
    let Some(found) = chain::walk(resolver, file, call, &grammar) else {
        return helper(resolver, file, &call, method);
    };
    let mut query = found.start;
    if query.library != "sql" || !query.executed {
        return None;
    }
    query.fetch |= !found.inline;
    for link in &found.links {
        if let Step::Call(call) = link.step {
            taken(&mut query, call.method().unwrap_or(""));
        }
    }
    Some(query)
}

fn is_run(method: &str) -> bool {
    matches!(
        method,
        "execute"
            | "executemany"
            | "executescript"
            | "exec"
            | "exec_driver_sql"
            | "execute_sql"
            | "execute_async"
            | "execute_fetchall"
            | "execute_insert"
            | "scalars"
            | "scalar"
            | "fetch"
            | "fetchrow"
            | "fetchval"
            | "fetch_all"
            | "fetch_one"
            | "fetch_val"
            | "iterate"
            | "stream"
            | "stream_scalars"
            | "cursor"
            | "execute_values"
            | "execute_batch"
            | "read_sql"
            | "read_sql_query"
            | "copy_expert"
    )
}

fn is_fetch(method: &str) -> bool {
    matches!(
        method,
        "fetchall"
            | "fetchone"
            | "fetchmany"
            | "all"
            | "first"
            | "one"
            | "one_or_none"
            | "scalar"
            | "scalars"
            | "scalar_one"
            | "scalar_one_or_none"
            | "mappings"
            | "unique"
            | "tuples"
            | "partitions"
            | "keys"
    )
}

/// What is known of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Sync,
    Async,
    Unknown,
    /// Another kind of thing, or a database of another language.
    Other,
}

fn driver(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> Driver {
    match resolver.value(file, receiver) {
        Value::External(name) | Value::ExternalInstance(name) => named_driver(&name),
        Value::Instance(at, class) => {
            let ancestors = resolver.ancestors(at, class);
            ancestors
                .iter()
                .map(|name| named_driver(name))
                .find(|driver| matches!(driver, Driver::Sync | Driver::Async))
                .unwrap_or(Driver::Other)
        }
        Value::Unknown | Value::Function(..) | Value::Module(_) => Driver::Unknown,
        Value::Query(..) | Value::Many(_) | Value::Row(..) | Value::Class(..) | Value::Literal(..) => Driver::Other,
    }
}

fn named_driver(name: &str) -> Driver {
    const ASYNC: [&str; 8] = [
        "asyncpg.",
        "aiosqlite.",
        "aiomysql.",
        "aiopg.",
        "asyncmy.",
        "databases.",
        "sqlalchemy.ext.asyncio.",
        "psycopg.AsyncConnection",
    ];
    const SYNC: [&str; 16] = [
        "sqlite3.",
        "psycopg.",
        "psycopg2.",
        "psycopg_pool.",
        "mysql.",
        "MySQLdb.",
        "pymysql.",
        "sqlalchemy.",
        "sqlmodel.",
        "flask_sqlalchemy.",
        "django.db.",
        "pyodbc.",
        "oracledb.",
        "cx_Oracle.",
        "pymssql.",
        "pandas.",
    ];
    if name.contains("Async") || name.contains("async_sessionmaker") || ASYNC.iter().any(|prefix| name.starts_with(prefix)) {
        return Driver::Async;
    }
    if SYNC.iter().any(|prefix| name.starts_with(prefix)) {
        return Driver::Sync;
    }
    if name.starts_with("builtins.") || name.starts_with("contextlib.") || name.starts_with("typing.") {
        return Driver::Unknown;
    }
    Driver::Other
}

/// Whether a receiver of unknown type is called as cursors are.
fn is_cursor_name(module: &Module, receiver: ExprId) -> bool {
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return false,
    };
    matches!(name.trim_start_matches('_'), "cursor" | "cur" | "crsr")
}

/// The query that a call runs.
fn run(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_run(method) {
        return None;
    }
    let place = usize::from(matches!(method, "execute_values" | "execute_batch"));
    let text = call.arg(place).or_else(|| {
        ["query", "sql", "statement", "operation", "stmt"]
            .iter()
            .find_map(|name| call.keyword(name))
    })?;
    let receiver = call.receiver();
    let kind = match (receiver, place) {
        (Some(receiver), 0) => driver(resolver, file, receiver),
        _ => Driver::Unknown,
    };
    if receiver.is_none() && place == 0 && !method.starts_with("read_sql") {
        return None;
    }
    let found = sql_text::query(resolver, file, text);
    let mut query = match found {
        // An object of another library that takes a text like SQL: other databases, search engines, shells.
        Some(_) if kind == Driver::Other && !matches!(method, "execute" | "executemany" | "fetch_all" | "fetch_one") => return None,
        Some(query) => query,
        None => {
            let known = matches!(kind, Driver::Sync | Driver::Async)
                || kind == Driver::Unknown
                    && method.starts_with("execute")
                    && receiver.is_some_and(|receiver| is_cursor_name(call.module, receiver));
            if !known
                || matches!(method, "cursor" | "stream" | "stream_scalars")
                || resolver.query(file, text).is_some_and(|inner| inner.library != "sql")
            {
                return None;
            }
            sql_text::unknown("sql")
        }
    };
    if is_foreign(resolver, file, receiver) {
        query.opaque = true;
    }
    query.executed = true;
    query.blocking = kind != Driver::Async && !chain::is_awaited(call.module, call.id) && !matches!(method, "fetchrow" | "fetchval");
    query.row_by_row = method == "executemany" && receiver.is_some_and(|receiver| is_psycopg2(resolver, file, receiver));
    ran(&mut query, method);
    if matches!(method, "execute") && query.outcome == Outcome::Rows {
        fetched_later(&mut query, call);
        if taken_as_one(call) {
            one(&mut query, Outcome::One);
        }
    }
    Some(query)
}

/// psycopg2, whose `executemany` is a loop over `execute`: by type, or a cursor in a file that imports no other driver.
fn is_psycopg2(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> bool {
    let module = resolver.module(file);
    if let Some(name) = resolver.value(file, receiver).library_name() {
        name.starts_with("psycopg2.")
    } else {
        let others = [
            "psycopg",
            "sqlite3",
            "MySQLdb",
            "pymysql",
            "mysql",
            "pyodbc",
            "asyncpg",
            "oracledb",
            "cx_Oracle",
            "snowflake",
            "duckdb",
        ];
        let first = |import: &crate::ir::Import| module.str(import.module).split('.').next().unwrap_or_default().to_owned();
        is_cursor_name(module, receiver)
            && module.imports.iter().any(|import| first(import) == "psycopg2")
            && !module.imports.iter().any(|import| others.contains(&first(import).as_str()))
    }
}

/// Databases whose SQL is another language.
fn is_foreign(resolver: &dyn Resolver, file: FileId, receiver: Option<ExprId>) -> bool {
    let Some(receiver) = receiver else { return false };
    let value = resolver.value(file, receiver);
    let name = value.library_name().unwrap_or("").to_ascii_lowercase();
    ["clickhouse", "bigquery", "snowflake", "pyspark", "duckdb", "neo4j", "trino"]
        .iter()
        .any(|foreign| name.contains(foreign))
}

fn ran(query: &mut Query, method: &str) {
    if query.statement.operation != Operation::Select {
        return;
    }
    match method {
        "fetchrow" | "fetch_one" => one(query, Outcome::One),
        "fetchval" | "fetch_val" | "scalar" => one(query, Outcome::Scalar),
        "iterate" | "stream" | "stream_scalars" | "cursor" => query.outcome = Outcome::Stream,
        _ => {}
    }
}

fn taken(query: &mut Query, method: &str) {
    if query.outcome == Outcome::Nothing {
        return;
    }
    match method {
        "fetchone" | "first" | "one" | "one_or_none" => one(query, Outcome::One),
        "scalar" | "scalar_one" | "scalar_one_or_none" => one(query, Outcome::Scalar),
        "fetchmany" | "partitions" => query.outcome = Outcome::Stream,
        _ => {}
    }
}

fn one(query: &mut Query, outcome: Outcome) {
    if query.outcome != Outcome::Scalar {
        query.outcome = outcome;
    }
    if query.statement.operation == Operation::Select && query.statement.limit == RowLimit::None {
        query.statement.limit = RowLimit::One;
    }
}

/// `cursor.execute(…)` as a statement of its own: what is then taken from the cursor.
fn fetched_later(query: &mut Query, call: &Call<'_>) {
    let module = call.module;
    let mut parent = module.expr(call.id).parent;
    if let Parent::Expr(outer) = parent
        && matches!(module.kind(outer), ExprKind::Await(_))
    {
        parent = module.expr(outer).parent;
    }
    if !module.mentions(&["fetchone", "fetchmany"]) {
        return;
    }
    let (Parent::Stmt(_), Some(receiver)) = (parent, call.receiver()) else {
        return;
    };
    let Some(cursor) = module.dotted(receiver) else { return };
    let owner = module.owner(call.id);
    let after = module.expr(call.id).span.end;
    let next = module
        .call_ids_in(owner)
        .filter(|&id| module.expr(id).span.start >= after)
        .filter_map(|id| module.call(id))
        .filter(|next| matches!(next.method(), Some("fetchone" | "fetchmany" | "fetchall" | "execute")))
        .filter(|next| next.receiver().and_then(|base| module.dotted(base)).as_deref() == Some(cursor.as_str()))
        .filter(|next| module.owner(next.id) == owner)
        .min_by_key(|next| module.expr(next.id).span.start);
    match next.and_then(|next| next.method()) {
        Some("fetchone") => one(query, Outcome::One),
        Some("fetchmany") => query.outcome = Outcome::Stream,
        _ => {}
    }
}

/// Uses of a result that are looked at, by design: of one with more it is not said that each takes a row.
const MOST_USES: usize = 64;

/// `result = conn.execute(…)`, of which each use takes one row: `result.mappings().first()`, `result.fetchone()`.
fn taken_as_one(call: &Call<'_>) -> bool {
    let module = call.module;
    let mut parent = module.expr(call.id).parent;
    if let Parent::Expr(outer) = parent
        && matches!(module.kind(outer), ExprKind::Await(_))
    {
        parent = module.expr(outer).parent;
    }
    let Parent::Stmt(stmt) = parent else { return false };
    let StmtKind::Assign { target, .. } = module.stmt(stmt).kind else {
        return false;
    };
    let ExprKind::Name(name) = module.kind(target) else { return false };
    let after = module.expr(call.id).span.end;
    let mut uses = module.named_after(*name, module.owner(call.id), call.id, MOST_USES);
    uses.retain(|&used| used != target && module.expr(used).span.start >= after);
    let takes_one = |&used: &ExprId| takes_one(module, used) && !is_repeated(module, used);
    !uses.is_empty() && uses.len() < MOST_USES && uses.iter().all(takes_one)
}

/// Whether what is asked of a result, over all its calls, is one row.
fn takes_one(module: &Module, result: ExprId) -> bool {
    let mut at = result;
    let mut last = None;
    while let Parent::Expr(outer) = module.expr(at).parent {
        match module.kind(outer) {
            ExprKind::Attr { name, .. } => last = Some(module.str(*name)),
            ExprKind::Call { callee, .. } if *callee == at => {}
            _ => break,
        }
        at = outer;
        if matches!(
            last,
            Some("fetchone" | "first" | "one" | "one_or_none" | "scalar" | "scalar_one" | "scalar_one_or_none")
        ) {
            return true;
        }
    }
    matches!(last, Some("rowcount" | "close"))
}

/// Whether a loop of the function stands around an expression: one row after the other may be taken there.
fn is_repeated(module: &Module, expr: ExprId) -> bool {
    let mut holders = module.holders(expr).take(BudgetLimit::Holders.count());
    // What is nested deeper than that may stand in one.
    let outermost = holders.find(|holder| match holder.at {
        Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, StmtKind::Loop { .. }),
        Parent::Expr(_) => false,
        _ => true,
    });
    outermost.is_none_or(|holder| matches!(holder.at, Parent::Stmt(_)))
}

/// A helper of the project that runs the text it is given: `self._execute_query("SELECT …")`; or one that writes the statement
/// on the table that it is given.
fn helper(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let lower = method.to_ascii_lowercase();
    let is_called_so = ["query", "execute", "fetch", "sql"].iter().any(|word| lower.contains(word));
    let first = call.arg(0)?;
    let text = match call.module.kind(first) {
        ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Binary { .. } => first,
        ExprKind::Name(_) if is_called_so && call.arg(1).is_none_or(|next| !sql_text::begins_as_sql(resolver, file, next)) => first,
        // A function that is given texts by name does more than run one, as a rule.
        _ if sql_text::begins_as_sql(resolver, file, first) => return None,
        _ => sql_text::statement_argument(resolver, file, call)?,
    };
    let Value::Function(at, function) = resolver.value(file, call.callee) else {
        return None;
    };
    let is_async = resolver.module(at).function(function).is_async;
    if let Some(mut query) = on_table(resolver, call, &lower) {
        query.blocking = !is_async;
        return Some(query);
    }
    let mut query = sql_text::query(resolver, file, text)?;
    if !is_called_so && !runs_parameter(resolver.module(at), function, (call, text), is_run) {
        return None;
    }
    query.executed = true;
    query.blocking = !is_async;
    if ["one", "row", "first"].iter().any(|word| lower.contains(word)) && query.outcome == Outcome::Rows {
        one(&mut query, Outcome::One);
    }
    Some(query)
}

/// `exists("users", where="email = %s")`, `count_rows("users")`, `db.update("users", user)`: a known table as a text, and what is done
/// with it in the helper's name.
fn on_table(resolver: &dyn Resolver, call: &Call<'_>, method: &str) -> Option<Query> {
    let name = call.arg(0).and_then(|first| call.module.string(first))?.to_owned();
    if !resolver.knows_table(name.rsplit('.').next().unwrap_or(&name)) {
        return None;
    }
    let words: Vec<&str> = method.split('_').collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let (operation, outcome) = match () {
        () if has(&["insert", "upsert"]) => (Operation::Insert, Outcome::Nothing),
        () if has(&["update"]) => (Operation::Update, Outcome::Nothing),
        () if has(&["delete"]) => (Operation::Delete, Outcome::Nothing),
        () if has(&["exists", "count"]) => (Operation::Select, Outcome::Scalar),
        () => return None,
    };
    let mut query = Query {
        library: "sql",
        executed: true,
        outcome,
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.tables.push(TableUse { name, alias: None });
    if outcome == Outcome::Scalar {
        query.statement.limit = RowLimit::One;
        query.statement.projection = Projection::Aggregate;
    } else {
        query.statement.projection = Projection::None;
    }
    match call.keyword("where").map(|text| call.module.string(text).map(ToOwned::to_owned)) {
        Some(Some(text)) => {
            let text = text.replace("%s", "?");
            let condition = text.trim_start().strip_prefix("WHERE ").unwrap_or(&text);
            query.open_filters = !query_builder::condition(&mut query.statement, condition, false);
        }
        Some(None) => query.open_filters = true,
        None => {}
    }
    Some(query)
}

#[cfg(test)]
mod tests;
