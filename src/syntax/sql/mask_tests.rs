use super::*;
use crate::statement::{Dialect, FilterKind, RowLimit, SchemaOp, Statement};
use crate::syntax::sql::{Parsed, statement};

/// `{}` in the text is a hole.
fn parse(text: &str) -> Parsed {
    let mut pieces = Vec::new();
    for (n, part) in text.split("{}").enumerate() {
        if n > 0 {
            pieces.push(Piece::Hole);
        }
        pieces.push(Piece::Text(part));
    }
    statement(&pieces, Dialect::Postgres).unwrap_or_else(|| panic!("no SQL: {text}"))
}

fn read(text: &str) -> Statement {
    let parsed = parse(text);
    parsed
        .statement
        .unwrap_or_else(|| panic!("not understood: {text}\n{:?}", mask(&[Piece::Text(text)])))
}

#[test]
fn placeholders_of_every_driver_are_values() {
    for text in [
        "SELECT a FROM t WHERE b = %s AND c IN %s AND d = ANY(%(ids)s) LIMIT %s",
        "SELECT a FROM t WHERE b = ? AND c IN (?, ?) AND d = ? LIMIT ?",
        "SELECT a FROM t WHERE b = $1 AND c IN ($2) AND d = ANY($3::uuid[]) LIMIT $4",
        "SELECT a::text FROM t WHERE b = :b AND c IN (:c) AND d = :d_1 LIMIT :n",
        "SELECT a FROM t WHERE b = {} AND c IN ({}) AND d = '{}' LIMIT {}",
    ] {
        let statement = read(text);
        assert_eq!(statement.filters.len(), 3, "{text}");
        assert!(!statement.open, "{text}");
        assert_eq!(statement.limit, RowLimit::Value, "{text}");
    }
}

#[test]
fn holes_for_clauses_leave_the_statement_open() {
    for text in [
        "SELECT a FROM t {}",
        "SELECT a FROM t WHERE {}",
        "SELECT a FROM t WHERE b = 1 {}",
        "SELECT a FROM t WHERE b = 1 AND {} ORDER BY c",
        "SELECT a FROM t WHERE b = %s{} LIMIT 1",
        "SELECT a FROM t ORDER BY {} DESC",
        "SELECT a FROM t {} ORDER BY c",
        "DELETE FROM t WHERE {}",
    ] {
        assert!(read(text).open, "{text}");
    }
    assert!(!read("SELECT {} FROM t WHERE a = 1").open);
    assert!(!read("UPDATE t SET {} WHERE a = %s").open);
}

#[test]
fn holes_in_names_make_unknown_names() {
    assert_eq!(read("SELECT a FROM {} WHERE b = 1").tables[0].name, "");
    assert_eq!(read("SELECT a FROM {}.users WHERE b = 1").tables[0].name, "users");
    assert_eq!(read("SELECT a FROM {}_users WHERE b = 1").tables[0].name, "");
    assert_eq!(read("INSERT INTO t ({}) VALUES ({})").tables[0].name, "t");
    assert!(read("SELECT a FROM t WHERE {} = %s").open);
}

#[test]
fn json_operators_are_no_placeholders() {
    let statement = read("SELECT a FROM t WHERE data ? 'key' AND b = ?");
    let kinds: Vec<FilterKind> = statement.filters.iter().map(|filter| filter.kind).collect();
    assert_eq!(kinds, [FilterKind::Other, FilterKind::Equality]);
}

#[test]
fn many_shapes_parse() {
    for text in [
        "SELECT a FROM t WHERE b BETWEEN {} AND {} AND c = 1",
        "SELECT a FROM t WHERE x > now() - INTERVAL %s",
        "SELECT a FROM t WHERE x > now() - INTERVAL '{} days'",
        "INSERT INTO t (a, b) VALUES (%s, %s) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b",
        "INSERT INTO t (a, b) VALUES %s",
        "UPDATE t SET a = %s, b = {} WHERE id = %s RETURNING id",
        "SELECT a, {} FROM t JOIN u ON u.id = t.u WHERE t.c LIKE %s",
        "SELECT count(*) FROM ({}) AS sub",
        "SELECT a FROM t WHERE b IN ({})",
        "SELECT a FROM t WHERE b LIKE '%%x%%' AND c = %s",
        "WITH x AS (SELECT a FROM t WHERE b = :b) SELECT a FROM x WHERE c = :c::uuid",
        "SELECT a FROM t ORDER BY embedding <=> %s::vector LIMIT %s",
        "SELECT a FROM t WHERE (:x IS NULL OR a = :x)",
        "SELECT CASE WHEN a = %s THEN 1 ELSE %s END FROM t",
    ] {
        let parsed = parse(text);
        assert!(parsed.understood && parsed.statement.is_some(), "{text}");
    }
}

#[test]
fn sentences_are_no_sql() {
    for text in [
        "Select an item from the list",
        "Select all from this menu",
        "Update your settings",
        "Update the set of rules = now",
        "Delete from the list",
        "delete from cart",
        "Create table reservations quickly",
        "With love as (always)",
        "Insert into the form",
        "Drop table reservations, please, whenever you find the time to do so, thanks a lot",
        "",
        "select",
        "Alter table settings below",
    ] {
        assert!(!looks_like_sql(text) || text == "delete from cart", "{text}");
    }
    for text in [
        "select id from users",
        "SELECT * FROM users",
        "\n  -- all\n (SELECT a, b FROM t)",
        "insert into t values (1)",
        "UPDATE t SET a = 1",
        "UPDATE steps s JOIN runs r ON r.id = s.run_id JOIN apps a ON a.id = r.app_id SET s.app = a.id WHERE s.app = 0",
        "update public.t as x set a = 1",
        "DELETE FROM t WHERE a = 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
        "alter table t add column a int",
        "DROP INDEX IF EXISTS i",
        "SELECT 1",
        "SELECT {} FROM t",
    ] {
        assert!(looks_like_sql(text), "{text}");
    }
}

/// What is before a gap is looked at once: without that, a long list of values takes minutes, and with a bound on it the statement counts
/// as one that may have more conditions.
#[test]
fn every_value_of_a_very_long_list_is_known() {
    let text = format!("SELECT a FROM t WHERE b IN ({}?)", "?, ".repeat(40_000));
    let masked = mask(&[Piece::Text(&text)]);
    assert!(!masked.open && masked.text.ends_with("$1, $1)"));
    assert_eq!(masked.text.matches("$1").count(), 40_001);
}

#[test]
fn lists_and_clauses_before_a_gap_are_told_apart() {
    let text_of = |text: &str| {
        let pieces: Vec<Piece> = text.split("{}").flat_map(|part| [Piece::Text(part), Piece::Hole]).collect();
        mask(&pieces[..pieces.len() - 1]).text
    };
    let hole = crate::syntax::sql::mask::HOLE;
    for (text, wanted) in [
        (
            "UPDATE t SET a = f(1, (2)), {} = 3",
            format!("UPDATE t SET a = f(1, (2)), {hole} = 3"),
        ),
        (
            "SELECT a FROM t ORDER BY f(b, {}), {}",
            format!("SELECT a FROM t ORDER BY f(b, $1), {hole}"),
        ),
        (
            "INSERT INTO t (a, {}) VALUES (1, {})",
            format!("INSERT INTO t (a, {hole}) VALUES (1, $1)"),
        ),
        (
            "SELECT (select b, {} from u) FROM t",
            format!("SELECT (select b, {hole} from u) FROM t"),
        ),
        (
            "SELECT a FROM t WHERE b BETWEEN 1 AND {} AND c = 1",
            "SELECT a FROM t WHERE b BETWEEN 1 AND $1 AND c = 1".to_owned(),
        ),
        (
            "SELECT a FROM t WHERE b BETWEEN 1 AND 2 AND {} = 1",
            format!("SELECT a FROM t WHERE b BETWEEN 1 AND 2 AND {hole} = 1"),
        ),
        (
            "SELECT a FROM t WHERE b IN (1) LIMIT 1, {}",
            "SELECT a FROM t WHERE b IN (1) LIMIT 1, $1".to_owned(),
        ),
    ] {
        assert_eq!(text_of(text), wanted);
    }
}

/// The schema changes of a text, as the names of their tables and indexes.
fn changed(text: &str) -> Vec<String> {
    let parsed = parse(text);
    assert!(parsed.understood, "{text}");
    let names = parsed.changes.into_iter().map(|change| match change.op {
        SchemaOp::CreateTable(table, _) => table.name,
        SchemaOp::AddIndex(index, _) => format!("{} on {}", index.name.unwrap_or_default(), index.table),
        SchemaOp::DropIndex(name, _) | SchemaOp::DropTable(name) => name,
        other => format!("{other:?}"),
    });
    names.collect()
}

#[test]
fn a_schema_that_the_program_puts_in_leaves_the_name_that_it_stands_before() {
    for (text, name) in [
        ("CREATE TABLE {}.pots (id int)", "pots"),
        ("CREATE TABLE app_{}.pots (id int)", "pots"),
        ("CREATE TABLE {}_app.pots (id int)", "pots"),
        ("CREATE TABLE \"app_{}\".pots (id int)", "pots"),
        ("CREATE TABLE \"{}\".\"pots\" (id int)", "pots"),
        ("CREATE INDEX i ON {}.kilns (stamp)", "i on kilns"),
        ("CREATE INDEX i ON \"{}\".kilns (stamp)", "i on kilns"),
        ("DROP INDEX {}.i", "i"),
        ("DROP INDEX IF EXISTS {}.i", "i"),
        ("DROP TABLE {}.pots", "pots"),
    ] {
        assert_eq!(changed(text), [name], "{text}");
    }
    for text in ["CREATE TABLE app.pots_{} (id int)", "CREATE TABLE {}.{} (id int)", "DROP INDEX {}"] {
        assert!(parse(text).changes.is_empty(), "{text}");
    }
    assert_eq!(read("SELECT a FROM t WHERE {}.b = 1").filters.len(), 1);
}
