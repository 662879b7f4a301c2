use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding};
use crate::rules::schema::{invalid_index_definition, missing_composite_index, missing_index, redundant_index, unindexed_foreign_key};
use crate::syntax::facts::extract;
use crate::walk::FileKind;

fn link(schema: &str, code: &str) -> Project {
    Project::link(vec![
        extract("app.py", FileKind::Python, code),
        extract("migrations/0001_start.sql", FileKind::Sql, schema),
    ])
}

fn index_findings(project: &Project) -> Vec<Finding> {
    let run = Analyses::new(project);
    let mut all = missing_index::check(&run);
    all.extend(missing_composite_index::check(&run));
    all.extend(unindexed_foreign_key::check(&run));
    all
}

/// One statement of many compares a further column: the index that all of them ask for serves it as well.
#[test]
fn a_column_that_few_statements_compare_is_left_out_of_an_index() {
    let schema = "CREATE TABLE seats (id bigint PRIMARY KEY, tenant_id bigint, hall_id bigint, row_number int, tariff int);";
    let advised = |with_tariff: usize| {
        let mut code = "import psycopg\n".to_owned();
        for number in 0..6 {
            let more = if number < with_tariff { " AND tariff = %s" } else { "" };
            let _ = writeln!(
                code,
                "def f{number}(cur, values):\n    cur.execute(\"SELECT id, row_number FROM seats WHERE hall_id = %s AND row_number = %s{more}\", values)"
            );
        }
        let project = link(schema, &code);
        let run = Analyses::new(&project);
        let all: Vec<Vec<String>> = run.index_proposals().iter().map(|proposal| proposal.columns.clone()).collect();
        all
    };
    assert_eq!(advised(1), [vec!["hall_id", "row_number"]]);
    assert_eq!(advised(3), [vec!["hall_id", "row_number", "tariff"]]);
}

fn columns() -> Vec<&'static str> {
    vec!["c0", "c1", "c2", "c3", "email", "workspace_id"]
}

fn some(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(columns(), 0..=most).prop_shuffle()
}

/// A table of these columns, with foreign keys and indexes of all kinds.
fn schema() -> impl Strategy<Value = String> {
    let index = (some(3), 0..6_u8, any::<bool>());
    (some(2), prop::collection::vec(index, 0..4)).prop_map(|(keys, indexes)| {
        let mut sql =
            "CREATE TABLE parents (id bigint PRIMARY KEY);\nCREATE TABLE things (id bigint PRIMARY KEY, removed_at timestamptz".to_owned();
        for column in columns() {
            let key = if keys.contains(&column) { " REFERENCES parents (id)" } else { "" };
            let _ = write!(sql, ", {column} bigint{key}");
        }
        sql.push_str(");\n");
        for (number, (keys, kind, down)) in indexes.into_iter().enumerate().filter(|(_, (keys, ..))| !keys.is_empty()) {
            let unique = if kind == 0 { "UNIQUE " } else { "" };
            let partial = if kind == 1 { " WHERE removed_at IS NULL" } else { "" };
            let method = if kind == 2 && keys.len() == 1 { "USING gin " } else { "" };
            let down = if down && method.is_empty() { " DESC" } else { "" };
            let _ = writeln!(
                sql,
                "CREATE {unique}INDEX i{number} ON things {method}({}{down}){partial};",
                keys.join(", ")
            );
        }
        sql
    })
}

/// Functions with one query each.
fn code() -> impl Strategy<Value = String> {
    let query = (some(3), some(1), some(2), any::<[bool; 5]>(), some(2));
    prop::collection::vec(query, 1..7).prop_map(|queries| {
        let mut code = "import psycopg\n".to_owned();
        for (number, (equal, range, order, [live, limited, down, both, many], read)) in queries.into_iter().enumerate() {
            let mut terms: Vec<String> = equal.iter().map(|column| format!("{column} = %s")).collect();
            if let (true, Some(first)) = (many, terms.first_mut()) {
                *first = format!("{} = ANY(%s)", equal[0]);
            }
            terms.extend(range.iter().map(|column| format!("{column} > %s")));
            terms.extend(live.then(|| "removed_at IS NULL".to_owned()));
            let read = if read.is_empty() { "*".to_owned() } else { read.join(", ") };
            let _ = write!(code, "def f{number}(cur, values):\n    cur.execute(\"SELECT {read} FROM things");
            if !terms.is_empty() {
                let _ = write!(code, " WHERE {}", terms.join(" AND "));
            }
            let ordered: Vec<String> = order
                .iter()
                .enumerate()
                .map(|(at, column)| format!("{column}{}", if down && (at == 0 || both) { " DESC" } else { "" }))
                .collect();
            if !ordered.is_empty() {
                let _ = write!(code, " ORDER BY {}", ordered.join(", "));
            }
            let _ = writeln!(code, "{}\", values)", if limited { " LIMIT 20" } else { "" });
        }
        code
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a user gets who runs all the advised statements: indexes that are new, valid, and needed side by side.
    #[test]
    fn advised_indexes_are_new_valid_and_not_redundant((schema, code) in (schema(), code())) {
        let before = link(&schema, &code);
        let advised = index_findings(&before);
        let statements: Vec<&str> = advised.iter().filter_map(|finding| finding.fix.ddl.as_deref()).collect();
        prop_assert_eq!(statements.len(), advised.len(), "advice without a statement");
        let changed = format!("{schema}{}\n", statements.join("\n"));
        let after = link(&changed, &code);
        let seen = format!("{changed}\n{code}");
        let count = |project: &Project| project.schema.tables.iter().map(|table| table.indexes.len()).sum::<usize>();
        prop_assert_eq!(count(&after), count(&before) + statements.len(), "an index exists, or a name is taken twice: {}", seen);
        prop_assert!(invalid_index_definition::check(&Analyses::new(&after)).is_empty(), "a column that does not exist: {}", seen);
        for finding in redundant_index::check(&Analyses::new(&after)) {
            let is_new = finding.location.symbol.contains(".ix_");
            prop_assert!(!is_new, "{}: {}", finding.title, seen);
        }
        prop_assert!(unindexed_foreign_key::check(&Analyses::new(&after)).is_empty(), "a key without an index: {}", seen);
        for finding in index_findings(&after) {
            prop_assert!(advised.iter().all(|old| old.subject != finding.subject), "advised again: {}, {}", finding.title, seen);
        }
    }
}

/// The statements that are advised for a table of things.
fn advised(schema: &str, queries: &[&str]) -> Vec<String> {
    let mut code = "import psycopg\n".to_owned();
    for (number, query) in queries.iter().enumerate() {
        let _ = writeln!(code, "def f{number}(cur, values):\n    cur.execute(\"{query}\", values)");
    }
    let found = index_findings(&link(schema, &code));
    found.into_iter().filter_map(|finding| finding.fix.ddl).collect()
}

const THINGS: &str = "CREATE TABLE owners (id bigint PRIMARY KEY);
CREATE TABLE things (id bigint PRIMARY KEY, owner_id bigint REFERENCES owners (id), workspace_id bigint, email varchar(200), made_at timestamptz, removed_at timestamptz, size int, body text);
";

#[test]
fn one_index_serves_several_statements() {
    let queries = [
        "SELECT * FROM things WHERE workspace_id = %s",
        "SELECT * FROM things WHERE workspace_id = %s AND made_at > %s",
        "SELECT * FROM things WHERE workspace_id = %s ORDER BY made_at DESC LIMIT 5",
    ];
    let keys = format!("{THINGS}CREATE INDEX o ON things (owner_id);");
    assert_eq!(
        advised(&keys, &queries),
        ["CREATE INDEX CONCURRENTLY ix_things_workspace_id_made_at ON things (workspace_id, made_at DESC);"]
    );
}

/// A row that its key finds gives what joins compare: an index on that finds the rows, whatever else is asked.
#[test]
fn the_row_of_a_key_finds_what_joins_it() {
    let schema = "CREATE TABLE builds (id bigint PRIMARY KEY, platform text, file text, made_by text);
CREATE TABLE counts (id bigint PRIMARY KEY, platform text, file text, name text, made_at timestamptz);
";
    let query = |found: &str| {
        format!(
            "SELECT c.* FROM counts c JOIN builds b ON b.platform = c.platform AND b.file = c.file WHERE {found} = %s AND c.name = %s ORDER BY c.made_at"
        )
    };
    let indexed = |columns: &str| format!("{schema}CREATE INDEX b ON builds (made_by);\nCREATE INDEX x ON counts ({columns});");
    assert_eq!(advised(&indexed("made_at"), &[&query("b.id")]).len(), 1);
    assert!(advised(&indexed("platform, file, name"), &[&query("b.id")]).is_empty());
    assert!(advised(&indexed("file"), &[&query("b.id")]).is_empty());
    // Of many builds of one maker that index may give more rows than the name does.
    assert_eq!(advised(&indexed("file"), &[&query("b.made_by")]).len(), 1);
}

/// No index of columns serves a condition through a function: the others want theirs. One on the expression may serve all.
#[test]
fn what_stands_beside_a_function_wants_its_index() {
    let asked = |condition: &str| advised(THINGS, &[&format!("SELECT id FROM things WHERE {condition} AND workspace_id = %s")]);
    let plain = asked("size > %s");
    assert!(plain.iter().any(|ddl| ddl.contains("(workspace_id")), "{plain:?}");
    for condition in ["made_at::date >= %s", "date_trunc('day', made_at) = %s", "coalesce(size, 0) > %s"] {
        let found = asked(condition);
        assert!(found.iter().any(|ddl| ddl.contains("(workspace_id)")), "{condition}: {found:?}");
    }
    let schema = format!("{THINGS}CREATE INDEX d ON things ((made_at::date));");
    let query = "SELECT id FROM things WHERE made_at::date = %s AND workspace_id = %s";
    assert!(advised(&schema, &[query]).iter().all(|ddl| !ddl.contains("workspace_id")));
}

#[test]
fn a_longer_index_serves_the_foreign_key_that_it_starts_with() {
    let query = "SELECT * FROM things WHERE owner_id = %s ORDER BY made_at DESC LIMIT 5";
    // A parent has few rows: its key's index is enough for one statement.
    assert_eq!(
        advised(THINGS, &[query]),
        ["CREATE INDEX CONCURRENTLY ix_things_owner_id ON things (owner_id);"]
    );
    assert_eq!(
        advised(THINGS, &[query, query, query]),
        ["CREATE INDEX CONCURRENTLY ix_things_owner_id_made_at ON things (owner_id, made_at DESC);"]
    );
}

#[test]
fn a_condition_that_all_statements_have_makes_the_index_partial() {
    let schema = format!("{THINGS}CREATE INDEX o ON things (owner_id);");
    let live = "SELECT * FROM things WHERE workspace_id = %s AND removed_at IS NULL";
    assert_eq!(
        advised(&schema, &[live, live]),
        ["CREATE INDEX CONCURRENTLY ix_things_workspace_id ON things (workspace_id) WHERE removed_at IS NULL;"]
    );
    assert_eq!(
        advised(&schema, &[live, "SELECT * FROM things WHERE workspace_id = %s"]),
        ["CREATE INDEX CONCURRENTLY ix_things_workspace_id ON things (workspace_id);"]
    );
}

#[test]
fn a_small_projection_is_carried_along() {
    let schema = format!("{THINGS}CREATE INDEX o ON things (owner_id);");
    assert_eq!(
        advised(&schema, &["SELECT size FROM things WHERE workspace_id = %s"]),
        ["CREATE INDEX CONCURRENTLY ix_things_workspace_id ON things (workspace_id) INCLUDE (size);"]
    );
    assert_eq!(
        advised(&schema, &["SELECT body FROM things WHERE workspace_id = %s"]),
        ["CREATE INDEX CONCURRENTLY ix_things_workspace_id ON things (workspace_id);"]
    );
}

#[test]
fn several_values_of_a_column_give_no_order() {
    let schema = format!("{THINGS}CREATE INDEX o ON things (owner_id);");
    assert_eq!(
        advised(
            &schema,
            &["SELECT * FROM things WHERE workspace_id = ANY(%s) ORDER BY made_at LIMIT 5"]
        ),
        ["CREATE INDEX CONCURRENTLY ix_things_workspace_id ON things (workspace_id);"]
    );
}

#[test]
fn a_column_that_tells_rows_apart_needs_no_company() {
    let schema = format!("{THINGS}CREATE INDEX o ON things (owner_id);");
    assert_eq!(
        advised(
            &schema,
            &["SELECT * FROM things WHERE email = %s AND workspace_id = %s ORDER BY made_at LIMIT 1"]
        ),
        ["CREATE INDEX CONCURRENTLY ix_things_email ON things (email);"]
    );
}

#[test]
fn an_order_that_starts_after_equality_is_one_index() {
    let need = |equal: &[&str], order: &[&str], site| IndexNeed {
        equal: equal.iter().map(|&name| name.to_owned()).collect(),
        order: order.iter().map(|&name| (name.to_owned(), true)).collect(),
        limited: true,
        confidence: Confidence::High,
        ..IndexNeed::equality(site, 0, String::new())
    };
    let project = link("CREATE TABLE things (id int PRIMARY KEY, c0 int, c1 int, c2 int, c3 int);", "");
    let asked = vec![
        need(&["c0"], &[], 0),
        need(&["c0", "c1"], &[], 1),
        need(&["c0", "c1"], &["c2", "c3"], 2),
    ];
    let proposal = for_table(&project.schema.tables[0], &asked);
    assert_eq!(
        proposal.iter().map(|one| one.columns.join(",")).collect::<Vec<_>>(),
        ["c0,c1,c2,c3"]
    );
    assert_eq!(proposal[0].sites(), [0, 1, 2]);
    assert!(proposal[0].descending);
}

#[test]
fn an_or_finds_rows_where_all_of_its_sides_do() {
    let looks_up = |condition: &str| {
        let code = format!("import psycopg\ndef f(cur, values):\n    cur.execute(\"SELECT * FROM things WHERE {condition}\", values)\n");
        let project = link(THINGS, &code);
        let things = project.schema.table_index("things").expect("the table");
        !Analyses::new(&project).index_uses().of_column(things, "owner_id").is_empty()
    };
    assert!(looks_up("owner_id = %s"));
    assert!(looks_up("owner_id = %s OR workspace_id = %s"));
    assert!(!looks_up(
        "owner_id = %s OR EXISTS (SELECT 1 FROM owners WHERE owners.id = things.workspace_id)"
    ));
    assert!(!looks_up("owner_id = %s OR body LIKE '%%a%%'"));
    // Rows without a parent are not looked up by it.
    assert!(!looks_up("owner_id IS NULL"));
}
