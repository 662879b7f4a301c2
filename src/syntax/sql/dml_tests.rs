#![allow(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use super::*;

fn read(text: &str) -> Statement {
    parse(text, Dialect::Postgres, 0).unwrap_or_else(|| panic!("{text}"))
}

fn filters(statement: &Statement) -> Vec<(&str, FilterKind)> {
    statement
        .filters
        .iter()
        .map(|filter| (filter.column.column.as_str(), filter.kind))
        .collect()
}

#[test]
fn filters_carry_their_kind_and_literal() {
    use FilterKind::*;
    let statement = read(
        "SELECT * FROM t WHERE a = 1 AND b IN (1, 2) AND c > $1 AND d LIKE 'x%' AND e ILIKE '%y' AND f <> 2 AND lower(g) = 'h' AND i IS NULL \
         AND j = ANY($2) AND k BETWEEN 1 AND 2 AND l->>'m' = 'n' AND (o = 1 OR p = 2) AND NOT q AND r @> '{}'",
    );
    assert_eq!(
        filters(&statement),
        [
            ("a", Equality),
            ("b", In),
            ("c", Range),
            ("d", Prefix),
            ("e", Pattern),
            ("f", Negative),
            ("g", Function),
            ("i", Equality),
            ("j", In),
            ("k", Range),
            ("l", Other),
            ("o", Equality),
            ("p", Equality),
            ("q", Equality),
            ("r", Other)
        ]
    );
    assert_eq!(statement.filters[0].literal.as_deref(), Some("1"));
    assert_eq!(statement.filters[2].literal, None);
    assert!(statement.filters[11].optional && !statement.filters[0].optional);
    assert_eq!(statement.filters[0].column.table, Some(0));
    assert_eq!(statement.projection, Projection::All);
}

#[test]
fn joins_orders_and_limits_are_kept() {
    let statement = read(
        "SELECT u.id, o.x FROM users u JOIN public.orders o ON o.user_id = u.id AND o.kind = 'a' WHERE u.org = $1 ORDER BY o.created DESC, u.id LIMIT 10 OFFSET $2",
    );
    assert_eq!(
        statement.tables[1],
        TableUse {
            name: "public.orders".into(),
            alias: Some("o".into())
        }
    );
    assert_eq!(
        statement.joins[0].left,
        ColumnUse {
            table: Some(1),
            column: "user_id".into()
        }
    );
    assert_eq!(filters(&statement), [("kind", FilterKind::Equality), ("org", FilterKind::Equality)]);
    assert_eq!(
        statement.order,
        [
            (
                ColumnUse {
                    table: Some(1),
                    column: "created".into()
                },
                true
            ),
            (
                ColumnUse {
                    table: Some(0),
                    column: "id".into()
                },
                false
            )
        ]
    );
    assert_eq!((statement.limit, statement.offset), (RowLimit::Rows(10), true));
}

#[test]
fn aggregates_return_one_row_unless_grouped() {
    assert_eq!(read("SELECT COUNT(*), COALESCE(MAX(x), 0) + 1 FROM t").limit, RowLimit::One);
    let grouped = read("SELECT kind, COUNT(*) FROM t GROUP BY kind");
    assert_eq!(grouped.limit, RowLimit::None);
    assert!(grouped.grouped);
    assert_eq!(grouped.group[0].column, "kind");
    assert_eq!(
        read("SELECT EXISTS (SELECT 1 FROM t WHERE a = 1)").subqueries[0].place,
        SubqueryPlace::Exists
    );
}

#[test]
fn subqueries_know_what_they_depend_on() {
    let statement = read(
        "SELECT u.id, (SELECT COUNT(*) FROM orders o WHERE o.user_id = u.id) FROM users u WHERE u.id IN (SELECT user_id FROM x GROUP BY user_id HAVING COUNT(*) > 1)",
    );
    let by_place = |place| statement.subqueries.iter().find(|sub| sub.place == place).unwrap();
    let select = by_place(SubqueryPlace::Select);
    assert!(select.correlated && !select.grouped);
    assert_eq!(filters(&select.statement), [("user_id", FilterKind::Equality)]);
    let within = by_place(SubqueryPlace::In);
    assert!(!within.correlated && within.grouped);
}

#[test]
fn names_of_common_table_expressions_are_no_tables() {
    let statement =
        read("WITH recent AS (SELECT * FROM orders WHERE day > $1) SELECT r.a FROM recent r JOIN users ON users.id = r.user_id");
    assert_eq!(
        statement.tables[0],
        TableUse {
            name: String::new(),
            alias: Some("r".into())
        }
    );
    assert_eq!(statement.subqueries[0].statement.tables[0].name, "orders");
}

#[test]
fn writes_keep_their_tables_and_filters() {
    let update = read("UPDATE t SET a = 1 FROM u WHERE u.id = t.u_id AND t.b = 2 RETURNING *");
    assert_eq!(
        (update.operation, update.tables.len(), update.joins.len()),
        (Operation::Update, 2, 1)
    );
    let delete = read("DELETE FROM t WHERE a = 1");
    assert_eq!(
        (delete.operation, filters(&delete)),
        (Operation::Delete, vec![("a", FilterKind::Equality)])
    );
    let insert = read("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2");
    assert_eq!((insert.operation, insert.tables[0].name.as_str()), (Operation::Insert, "t"));
}

#[test]
fn hostile_text_neither_hangs_nor_overflows() {
    let ors = format!("SELECT * FROM t WHERE {}", vec!["a = 1"; 100_000].join(" OR "));
    assert_eq!(parse(&ors, Dialect::Generic, 0), None);
    let deep = format!("SELECT {}1{}", "(".repeat(30_000), ")".repeat(30_000));
    assert_eq!(parse(&deep, Dialect::Generic, 0), None);
    let plus = format!("SELECT {}1 FROM t", "1 + ".repeat(1_000));
    assert!(parse(&plus, Dialect::Generic, 0).is_some());
}

/// Each level was parsed twice by each of three dialects: 60 levels, of 600 bytes, would never have ended.
#[test]
fn positions_in_positions_end() {
    let nested = |levels: usize| format!("SELECT {}a{} FROM t", "position (".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(6), Dialect::Postgres, 0).is_some());
    let (found, told) = crate::budget::hearing(|| parse(&nested(50), Dialect::Postgres, 7));
    assert_eq!((found, told), (None, vec![(crate::budget::Limit::SqlNesting, 7)]));
    let beside = format!("SELECT {} FROM t", "position('a' in b), ".repeat(20) + "1");
    assert!(parse(&beside, Dialect::Postgres, 0).is_some());
}

#[test]
fn a_limit_inside_bounds_what_is_selected_from_it() {
    for (text, limit) in [
        ("SELECT x.id FROM (SELECT id FROM orders LIMIT 100) x", RowLimit::Rows(100)),
        (
            "SELECT * FROM (SELECT id FROM orders LIMIT 100) x ORDER BY id LIMIT 5",
            RowLimit::Rows(5),
        ),
        (
            "WITH latest AS (SELECT id FROM orders ORDER BY id DESC LIMIT 20) SELECT l.id FROM latest l",
            RowLimit::Rows(20),
        ),
        (
            "WITH a AS (SELECT id FROM orders LIMIT 20), b AS (SELECT id FROM a WHERE id > 1) SELECT id FROM b",
            RowLimit::Rows(20),
        ),
        ("SELECT * FROM (SELECT id FROM orders) x", RowLimit::None),
        (
            "SELECT * FROM (SELECT id FROM orders LIMIT 100) x JOIN lines ON lines.order_id = x.id",
            RowLimit::None,
        ),
        (
            "SELECT id FROM (SELECT id FROM orders LIMIT 9) x UNION ALL SELECT id FROM lines",
            RowLimit::None,
        ),
    ] {
        let statement = parse(text, Dialect::Postgres, 0).expect("a statement");
        assert_eq!(statement.limit, limit, "{text}");
    }
}
