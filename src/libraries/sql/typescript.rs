//! Raw SQL in TypeScript: drivers' `query` and `execute`, prepared statements, ``sql`…` `` templates, `$queryRaw`.

use crate::ir::{Call, ExprId, ExprKind, Module, Parent, TemplatePart};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, Value};
use crate::libraries::shared::{query_builder, sql_text};
use crate::statement::{Operation, RowLimit};

/// A template that is awaited runs; one that stands in another is a piece of it.
const FLUENT: Fluent = Fluent {
    runs: &["execute", "then", "cursor", "forEach", "stream"],
    ends: &["as", "mapWith", "compile", "inlineParams", "append"],
    takes: &[
        "sql",
        "join",
        "where",
        "select",
        "orderBy",
        "and",
        "or",
        "eq",
        "groupBy",
        "having",
        "set",
        "values",
        "default",
        "raw",
        "unsafe",
        "push",
        "execute",
        "query",
        "$queryRaw",
        "$executeRaw",
        "all",
        "get",
        "run",
        "check",
        "on",
    ],
};

/// Libraries whose template is only a piece of text until it is handed to a handle.
const PIECES: [&str; 6] = ["drizzle", "prisma", "kysely", "slonik", "typeorm", "knex"];

/// The query at a call that takes SQL text.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let method = call.method()?;
    match method {
        "$queryRaw" | "$executeRaw" | "$queryRawUnsafe" | "$executeRawUnsafe" | "$queryRawTyped" => {
            let mut query = prisma(resolver, file, &call, method);
            // It gives how many rows there were, and none of them.
            if method.starts_with("$execute") {
                query.outcome = Outcome::Nothing;
            }
            Some(query)
        }
        "query" | "execute" | "exec" | "run" | "all" | "get" | "each" | "unsafe" | "raw" | "any" | "one" | "oneOrNone" | "many"
        | "manyOrNone" | "none" | "queryObject" | "queryArray" | "maybeOne" | "oneFirst" | "anyFirst" | "manyFirst" | "maybeOneFirst"
        | "exists" | "$queryRawInternal" => handle(resolver, file, &call, method).or_else(|| prepared(resolver, file, call)),
        "prepare" | "bind" | "iterate" | "pluck" | "first" | "values" | "raw_all" => prepared(resolver, file, call),
        "sql" => template(resolver, file, call),
        _ if is_tag_of_driver(resolver, file, &call) => template(resolver, file, call),
        _ => None,
    }
    .or_else(|| helper(resolver, file, &call, method))
}

fn is_run(method: &str) -> bool {
    matches!(
        method,
        "query" | "execute" | "unsafe" | "all" | "get" | "run" | "exec" | "prepare" | "$queryRawUnsafe"
    )
}

/// A helper of the project that runs the text it is given: `fetchRows("SELECT …", [id])`.
fn helper(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let text = sql_text::statement_argument(resolver, file, call)?;
    let Value::Function(at, function) = resolver.value(file, call.callee) else {
        return None;
    };
    if !sql_text::runs_parameter(resolver.module(at), function, (call, text), is_run) {
        return None;
    }
    let mut query = sql_text::query(resolver, file, text)?;
    query.executed = true;
    let lower = method.to_ascii_lowercase();
    if ["one", "row", "first"].iter().any(|word| lower.ends_with(word)) && query.outcome == Outcome::Rows {
        row_count("one", &mut query);
    }
    Some(query)
}

/// Prisma's raw queries.
fn prisma(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Query {
    let text = call.arg(0).and_then(|text| sql_text::query(resolver, file, text));
    let mut query = text.unwrap_or_else(|| {
        let mut query = sql_text::unknown("sql");
        if method.starts_with("$query") {
            query.statement.operation = Operation::Select;
        }
        query
    });
    query.executed = true;
    query
}

/// `pool.query('SELECT …')`, `db.execute(sql`…`)`.
fn handle(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let receiver = call.receiver()?;
    // Kysely's ``sql`…`.execute(db)``.
    if let Some(inner) = call
        .module
        .call(receiver)
        .filter(|inner| method == "execute" && (inner.method() == Some("sql") || is_tag_of_kysely(resolver, file, inner)))
    {
        let text = inner.arg(0).filter(|_| inner.method() != Some("sql")).unwrap_or(inner.id);
        let mut query = sql_text::query(resolver, file, text)?;
        query.executed = true;
        return Some(query);
    }
    let text = text_argument(call)?;
    // Every map has a `get`: only what is written as a text there is read further.
    if !matches!(method, "query" | "execute" | "unsafe" | "raw") && !is_text(resolver, file, text) {
        return None;
    }
    let mut query = match sql_text::query(resolver, file, text) {
        Some(query) => query,
        // What a driver is given is SQL, known or not.
        None if matches!(method, "query" | "execute") && is_driver(resolver, file, receiver) => sql_text::unknown("sql"),
        None => return None,
    };
    query.executed = true;
    query.blocking = is_synchronous(resolver, file, receiver);
    row_count(method, &mut query);
    Some(query)
}

/// ``kyselySql`…` ``: the tag under a name of the project's own.
fn is_tag_of_kysely(resolver: &dyn Resolver, file: FileId, inner: &Call<'_>) -> bool {
    is_template(inner) && resolver.value(file, inner.callee).library_name() == Some("kysely.sql")
}

fn is_template(call: &Call<'_>) -> bool {
    call.arg(0)
        .is_some_and(|text| matches!(call.module.kind(text), ExprKind::Template(_)))
}

/// Whether a call is a template of a driver that runs its templates, whatever its handle is called: ``db`…` `` of `db = postgres()`,
/// ``tx`…` `` in `db.begin((tx) => …)`.
fn is_tag_of_driver(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> bool {
    let ExprKind::Name(name) = call.module.kind(call.callee) else {
        return false;
    };
    if !is_template(call) {
        return false;
    }
    if is_postgres(resolver, file, call.callee) {
        return true;
    }
    let module = call.module;
    let mut function = module.owner(call.id);
    while !module.function(function).params.iter().any(|param| param.name == Some(*name)) {
        match module.function(function).parent {
            Some(outer) => function = outer,
            None => return false,
        }
    }
    let Parent::Expr(callback) = module.function(function).definition else {
        return false;
    };
    let Parent::Expr(holder) = module.expr(callback).parent else {
        return false;
    };
    module.call(holder).is_some_and(|begin| {
        let is_begin = matches!(begin.method(), Some("begin" | "savepoint"));
        is_begin && begin.receiver().is_some_and(|handle| is_postgres(resolver, file, handle))
    })
}

fn is_postgres(resolver: &dyn Resolver, file: FileId, handle: ExprId) -> bool {
    let value = resolver.value(file, handle);
    value
        .library_name()
        .is_some_and(|name| matches!(name, "postgres" | "postgres.Sql" | "postgres.TransactionSql"))
}

/// The text, bare or in pg's `{ text, values }`.
fn text_argument(call: &Call<'_>) -> Option<ExprId> {
    let first = call.arg(0)?;
    // slonik's ``sql.type(row)`…` ``.
    if let Some(tagged) = call.module.call(first).filter(is_template)
        && let Some(tag) = call.module.call(tagged.callee)
        && matches!(tag.method(), Some("type" | "typeAlias"))
    {
        return tagged.arg(0);
    }
    if let ExprKind::Object(_) = call.module.kind(first) {
        return ["text", "sql", "query"].iter().find_map(|key| call.module.entry(first, key));
    }
    Some(first)
}

fn is_text(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::Str(_) | ExprKind::Template(_) => true,
        ExprKind::Binary { op, .. } => module.str(*op) == "+",
        ExprKind::Call { .. } => module.call(expr).and_then(|call| call.method()) == Some("sql"),
        ExprKind::Name(_) => resolver.definition(file, expr).is_some_and(|(at, text)| {
            matches!(
                resolver.module(at).kind(text),
                ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Binary { .. }
            )
        }),
        _ => false,
    }
}

fn is_driver(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> bool {
    resolver.value(file, receiver).library_name().is_some_and(|name| {
        [
            "pg.",
            "mysql2",
            "mysql.",
            "postgres.",
            "better-sqlite3",
            "@neondatabase",
            "@vercel/postgres",
            "mariadb",
            "sqlite",
        ]
        .iter()
        .any(|library| name.starts_with(library))
    })
}

fn is_synchronous(resolver: &dyn Resolver, file: FileId, handle: ExprId) -> bool {
    let library = resolver.value(file, handle);
    let known = library.library_name().is_some_and(|name| {
        ["better-sqlite3", "sqlite.DatabaseSync", "bun:sqlite"]
            .iter()
            .any(|library| name.starts_with(library))
    });
    known || library.is_unknown() && query_builder::imports(resolver.module(file), &["better-sqlite3", "bun:sqlite"])
}

/// `db.prepare('SELECT …').get(id)`.
fn prepared(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let steps: Vec<ChainedCall<'_>> = fluent::steps(resolver, file, call);
    let (start, step) = steps.iter().enumerate().find(|(_, step)| step.call.method() == Some("prepare"))?;
    let mut query = sql_text::query(resolver, step.file, step.call.arg(0)?)?;
    query.executed = false;
    for step in &steps[start + 1..] {
        let method = step.call.method().unwrap_or_default();
        if matches!(method, "all" | "get" | "run" | "iterate" | "first" | "values" | "raw") {
            query.executed = true;
            row_count(method, &mut query);
        }
    }
    query.blocking = query.executed
        && step
            .call
            .receiver()
            .is_some_and(|handle| is_synchronous(resolver, step.file, handle));
    Some(query)
}

fn row_count(method: &str, query: &mut Query) {
    if query.statement.operation != Operation::Select || query.outcome == Outcome::Scalar {
        return;
    }
    match method {
        "get" | "one" | "oneOrNone" | "first" | "maybeOne" => {
            query.outcome = Outcome::One;
            query.statement.limit = RowLimit::One;
        }
        "oneFirst" | "maybeOneFirst" | "exists" => {
            query.outcome = Outcome::Scalar;
            query.statement.limit = RowLimit::One;
        }
        "iterate" => query.outcome = Outcome::Stream,
        _ => {}
    }
}

/// ``await sql`SELECT …` `` of a driver that runs its templates.
fn template(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let text = call.arg(0)?;
    if !matches!(call.module.kind(text), ExprKind::Template(_) | ExprKind::Str(_)) {
        return None;
    }
    let tag = resolver.value(file, call.callee);
    let is_piece = |name: &str| PIECES.iter().any(|library| name.to_ascii_lowercase().contains(library));
    if tag.library_name().is_some_and(is_piece)
        || call
            .receiver()
            .is_some_and(|receiver| objects::last_name(call.module, receiver) == Some("Prisma"))
    {
        return None;
    }
    if !fluent::runs(call, FLUENT) {
        return None;
    }
    let mut query = sql_text::query(resolver, file, text).or_else(|| with_built_part(call.module, text))?;
    query.executed = true;
    Some(query)
}

/// ``sql`INSERT INTO users ${sql(user)}` ``: the handle writes the part that is put in, which is no value.
fn with_built_part(module: &Module, text: ExprId) -> Option<Query> {
    let ExprKind::Template(parts) = module.kind(text) else {
        return None;
    };
    let Some(TemplatePart::Text(first)) = parts.first() else {
        return None;
    };
    // A name that the text ends in goes on in what is put in: `log_${year}`.
    let text = module.str(*first);
    let text = if text.ends_with(char::is_whitespace) {
        text
    } else {
        text.rsplit_once(char::is_whitespace)?.0
    };
    let mut words = text.split_whitespace();
    let mut next = || words.next().map(str::to_ascii_lowercase);
    let operation = match next()?.as_str() {
        "insert" if next()? == "into" => Operation::Insert,
        "update" => Operation::Update,
        _ => return None,
    };
    let table = words.next()?;
    let mut query = Query {
        library: "sql",
        outcome: Outcome::Nothing,
        open_filters: true,
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.open = true;
    query.statement.tables.push(query_builder::table(table));
    Some(query)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    #[test]
    fn drivers() {
        let text = "import { Pool } from 'pg'; const pool = new Pool(); const r = await pool.query('SELECT id FROM users WHERE email = $1 LIMIT 5', [e]);";
        let one = query(text, &[]);
        assert_eq!(
            (one.table(), one.executed, one.statement.limit.clone()),
            (Some("users"), true, RowLimit::Rows(5))
        );
        assert_eq!(one.statement.filters[0].column.column, "email");
        let unknown = query(
            "import { Pool } from 'pg'; const pool = new Pool(); export const run = (text) => pool.query(text);",
            &[],
        );
        assert!(unknown.opaque && unknown.executed);
        let object = query("await client.query({ text: `SELECT * FROM a WHERE b = $1`, values: [b] });", &[]);
        assert_eq!(object.table(), Some("a"));
    }

    #[test]
    fn prepared_statements_block() {
        let text = "import Database from 'better-sqlite3'; const db = new Database('x.db'); const one = db.prepare('SELECT * FROM users WHERE id = ?'); one.get(id);";
        let found = queries(text, &[]);
        assert_eq!(
            found.iter().map(|q| (q.executed, q.blocking)).collect::<Vec<_>>(),
            [(false, false), (true, true)]
        );
        assert_eq!(found[1].outcome, Outcome::One);
    }

    #[test]
    fn templates() {
        let text = "import postgres from 'postgres'; const sql = postgres(url); const rows = await sql<User[]>`select * from users where id = ${id}`;";
        assert_eq!(query(text, &[]).table(), Some("users"));
        let raw = query(
            "const rows = await prisma.$queryRaw<{ id: string }[]>`SELECT id FROM \"User\" WHERE a = ${a}`;",
            &[],
        );
        assert_eq!((raw.table(), raw.executed), (Some("User"), true));
        let drizzle = queries(
            "import { sql } from 'drizzle-orm'; await db.execute(sql`select 1 from users where id = ${id}`);",
            &[],
        );
        assert_eq!(drizzle.len(), 1);
    }

    #[test]
    fn templates_by_other_names() {
        let head = "import postgres from 'postgres'; import { sql as text } from 'kysely'; const db = postgres(url);\n";
        let run = |text: &str| {
            let found = queries(&format!("{head}{text}"), &[]);
            let tables: Vec<_> = found.iter().map(|query| query.table().unwrap_or_default().to_owned()).collect();
            tables
        };
        assert_eq!(run("await db`SELECT id FROM kegs WHERE id = ${id}`;"), ["kegs"]);
        assert_eq!(
            run("await db.begin(async (tx) => { await tx`UPDATE kegs SET full = true`; });").len(),
            1
        );
        assert_eq!(run("await db`INSERT INTO kegs ${db(keg)}`;"), ["kegs"]);
        assert_eq!(run("await Promise.all([db`SELECT id FROM kegs`]);"), ["kegs"]);
        assert_eq!(run("await text`SELECT id FROM kegs`.execute(store);"), ["kegs"]);
        assert_eq!(run("await pool.one(sql.type(row)`SELECT id FROM kegs`);"), ["kegs"]);
        let others =
            "gql`select kegs`; css`SELECT id FROM kegs`; shelf.begin((tx) => { tx`SELECT id FROM kegs`; }); text`SELECT id FROM kegs`;";
        assert!(run(others).is_empty());
    }

    #[test]
    fn helpers_are_given_texts_by_name() {
        let head = "import { Pool } from 'pg'; const pool = new Pool(); async function fetchRows(text, values) { return pool.query(text, values); }\n";
        let found = queries(
            &format!("{head}const text = 'SELECT id FROM users'; await fetchRows(text, []);"),
            &[],
        );
        assert_eq!(found.last().and_then(|query| query.table()), Some("users"));
        let title = queries(&format!("{head}const text = 'Select a user'; show(text);"), &[]);
        assert!(title.iter().all(|query| query.table() != Some("user")));
    }

    #[test]
    fn helpers_of_the_project_run_the_text_they_are_given() {
        let head = "import { Pool } from 'pg'; const pool = new Pool(); async function fetchRow(text, values) { const r = await pool.query(text, values); return r.rows[0]; }\n";
        let found = queries(
            &format!("{head}const user = await fetchRow('SELECT id FROM users WHERE email = $1', [e]);"),
            &[],
        );
        let last = found.last().expect("a query");
        assert_eq!((last.table(), last.outcome), (Some("users"), Outcome::One));
        let shown = queries("function show(text) { console.log(text); }\nshow('SELECT id FROM users');", &[]);
        assert_eq!(shown, [], "a text that is only shown runs nowhere");
    }

    #[test]
    fn near_misses() {
        let text = "client.query({ query: GET_USERS }); axios.get('/select/from'); cache.get('select'); map.get('k'); q.all('x'); import { sql } from 'drizzle-orm';
            const part = sql`select * from users`; page.query('select a thing');";
        assert_eq!(queries(text, &[]), []);
    }
}
