use rustc_hash::FxHashSet;

use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Code, Evaluator};
use crate::source::Span;
use crate::statement::{FilterKind, Operation, RowLimit};
use crate::syntax::facts::extract;
use crate::walk::FileKind;

fn query_in(text: &str, needle: &str) -> Option<Query> {
    let files = vec![
        extract("app.py", FileKind::Python, text),
        extract("texts.py", FileKind::Python, "BY_ID = 'SELECT id, name FROM users WHERE id = %s'\n"),
    ];
    let code = Code::new(files, LibraryData::built_in(), FxHashSet::default());
    let file = FileId(0);
    let start = text.find(needle).expect("the text");
    let span = Span::new(start, start + needle.len());
    let module = code.module(file);
    let (call, _) = module
        .expr_ids()
        .find(|(id, expr)| expr.span == span && module.call(*id).is_some())
        .expect("a call");
    let eval = Evaluator::new(&code);
    Resolver::query(&eval, file, call)
}

#[test]
fn a_constant_of_another_module() {
    let text = "from texts import BY_ID\ndef f(cursor, x):\n    cursor.execute(BY_ID, (x,))\n    return cursor.fetchone()\n";
    let query = query_in(text, "cursor.execute(BY_ID, (x,))").expect("a query");
    assert_eq!(query.table(), Some("users"));
    assert_eq!(query.statement.filters[0].kind, FilterKind::Equality);
    assert_eq!(query.outcome, Outcome::One);
    assert!(query.executed && query.blocking && !query.opaque);
}

#[test]
fn text_that_grows() {
    let text = "def f(conn, a, n):\n    q = 'SELECT * FROM users WHERE active = 1'\n    if a:\n        q += ' AND email = %s'\n    if n:\n        q += ' LIMIT 10'\n    return conn.execute(q).fetchall()\n";
    let query = query_in(text, "conn.execute(q).fetchall()").expect("a query");
    let filters: Vec<_> = query
        .statement
        .filters
        .iter()
        .map(|filter| (filter.column.column.as_str(), filter.optional))
        .collect();
    assert_eq!(filters, [("active", false), ("email", true)]);
    assert_eq!(query.statement.limit, RowLimit::None);
    assert!(query.statement.open);
}

#[test]
fn lists_of_conditions() {
    let text = "def f(cur, a):\n    where = ['tenant = %s']\n    if a:\n        where.append('kind = %s')\n    cur.execute('SELECT id FROM items WHERE ' + ' AND '.join(where))\n";
    let query = query_in(text, "cur.execute('SELECT id FROM items WHERE ' + ' AND '.join(where))").expect("a query");
    let filters: Vec<_> = query
        .statement
        .filters
        .iter()
        .map(|filter| (filter.column.column.as_str(), filter.optional))
        .collect();
    assert_eq!(filters, [("tenant", false), ("kind", true)]);
}

#[test]
fn awaited_drivers_do_not_block() {
    let text = "async def f(pool, x):\n    return await pool.fetchrow(f'SELECT * FROM users WHERE id = {x}')\n";
    let query = query_in(text, "pool.fetchrow(f'SELECT * FROM users WHERE id = {x}')").expect("a query");
    assert!(!query.blocking);
    assert_eq!(query.outcome, Outcome::One);
}

#[test]
fn sqlalchemy_text_in_a_session() {
    let text = "from sqlalchemy import text\nfrom sqlalchemy.orm import Session\ndef f(db: Session, q):\n    rows = db.execute(text('DELETE FROM users WHERE id = :id'), {})\n    other = db.execute(q)\n    return other.fetchall()\n";
    let query = query_in(text, "db.execute(text('DELETE FROM users WHERE id = :id'), {})").expect("a query");
    assert_eq!(query.statement.operation, Operation::Delete);
    assert!(query_in(text, "db.execute(q)").expect("a query").opaque);
    assert!(query_in(text, "other.fetchall()").expect("the fetch").fetch);
}

#[test]
fn what_is_no_sql_is_no_query() {
    let text = "def f(executor, command, job):\n    executor.execute('Select a thing from the list')\n    command.execute(job)\n";
    assert_eq!(query_in(text, "executor.execute('Select a thing from the list')"), None);
    assert_eq!(query_in(text, "command.execute(job)"), None);
}

/// Table, operation and filter columns of the sites of a file's function `f`, beside a schema with `parcels`.
fn sites_of_f(text: &str) -> Vec<(Option<String>, Operation, Vec<String>)> {
    let files = vec![
        extract("app.py", FileKind::Python, text),
        extract("schema.sql", FileKind::Sql, "CREATE TABLE parcels (id int PRIMARY KEY, code text);"),
    ];
    let project = crate::project::Project::link(files);
    let sites = project.graph.sites.iter().filter(|site| project.short_name(site.function) == "f");
    sites
        .map(|site| {
            let filters = site.query.statement.filters.iter().map(|filter| filter.column.column.clone());
            (
                site.query.table().map(str::to_owned),
                site.query.statement.operation,
                filters.collect(),
            )
        })
        .collect()
}

#[test]
fn helpers_that_are_given_a_table_or_a_text() {
    let helpers = "def exists(table, where=None, params=None):\n    with pool.cursor() as cursor:\n        cursor.execute(f'SELECT 1 FROM {table} WHERE {where}', params)\n\ndef rows(text, params):\n    cursor = connect()\n    return cursor.execute(text, params)\n\ndef show(text):\n    print(text)\n\n";
    let parcels = Some("parcels".to_owned());
    for (body, expected) in [
        (
            "exists('parcels', where='code = %s', params=(c,))",
            vec![(parcels.clone(), Operation::Select, vec!["code".to_owned()])],
        ),
        (
            "rows('SELECT * FROM parcels WHERE id = %s', (i,))",
            vec![(parcels, Operation::Select, vec!["id".to_owned()])],
        ),
        ("show('SELECT * FROM parcels')", Vec::new()),
        ("exists('no_such_table')", Vec::new()),
    ] {
        assert_eq!(
            sites_of_f(&format!("{helpers}def f(c, i):\n    return {body}\n")),
            expected,
            "{body}"
        );
    }
}

#[test]
fn a_named_result_that_is_taken_as_one_row() {
    let text = "from sqlalchemy import text\nfrom sqlalchemy.orm import Session\ndef f(db: Session, q):\n    row = db.execute(text('SELECT * FROM users WHERE lower(email) = :q'), {})\n    return row.mappings().first()\ndef g(db: Session):\n    rows = db.execute(text('SELECT * FROM users'))\n    return rows.mappings().all()\n";
    let one = query_in(text, "db.execute(text('SELECT * FROM users WHERE lower(email) = :q'), {})").expect("a query");
    assert_eq!(one.outcome, Outcome::One);
    let rows = query_in(text, "db.execute(text('SELECT * FROM users'))").expect("a query");
    assert_eq!(rows.outcome, Outcome::Rows);
}
