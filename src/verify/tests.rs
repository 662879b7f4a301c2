use super::engine::{LoadOutcome, RowValue, TableLoad};
use super::*;
use crate::config::Config;
use crate::engine::run::verify;
use crate::progress::Silent;
use crate::verify::sqlite::Sqlite;

/// What is proven of a project of one schema and one program.
fn proof(schema: &str, program: &str, engine: &mut (dyn Engine + Send)) -> Proof {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("schema.sql"), schema).expect("written");
    std::fs::write(folder.path().join("app.py"), program).expect("written");
    let config = Config {
        root: folder.path().to_owned(),
        rules: RULES.iter().map(|&rule| rule.to_owned()).collect(),
        ..Config::default()
    };
    let (_, proof) = verify(&config, &Silent, |project, findings| prove(project, findings, &mut [engine])).expect("a run");
    proof.expect("a proof")
}

const SQLITE: &str = "PRAGMA foreign_keys = on;\n\
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE, name TEXT);\n\
    CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER REFERENCES users (id), code TEXT);\n\
    CREATE INDEX orders_code ON orders (code);\nCREATE INDEX orders_code_again ON orders (code);\n";

fn verdicts(proof: &Proof) -> Vec<(&str, Verdict)> {
    proof.results.iter().map(|result| (result.rule.as_str(), result.verdict)).collect()
}

#[test]
fn what_pays_is_proven_with_both_plans() {
    let program = "import sqlite3\n\ndef find(db: sqlite3.Connection, name, user, code):\n    \
        db.execute(\"SELECT * FROM users WHERE name = ?\", (name,))\n    \
        db.execute(\"SELECT * FROM orders WHERE code = ?\", (code,))\n    \
        db.execute(\"SELECT * FROM orders WHERE user_id = ?\", (user,))\n";
    let proof = proof(SQLITE, program, &mut Sqlite::new().expect("an engine"));
    let mut found = verdicts(&proof);
    found.sort();
    let all = [
        ("missing-index", Verdict::Proven),
        ("redundant-index", Verdict::Proven),
        ("unindexed-foreign-key", Verdict::Proven),
    ];
    assert_eq!(found, all, "{proof:#?}");
    let missing = proof.results.iter().find(|result| result.rule == "missing-index").expect("one");
    assert!(missing.ratio.is_some_and(|ratio| ratio > 10.0), "{missing:?}");
    assert!(
        missing.before.as_deref().is_some_and(|plan| plan.starts_with("SCAN users")),
        "{missing:?}"
    );
    assert!(
        missing.after.as_deref().is_some_and(|plan| plan.contains("perfaudit_advised")),
        "{missing:?}"
    );
}

#[test]
fn what_is_not_exact_proves_nothing() {
    let program = "import sqlite3\n\ndef find(db: sqlite3.Connection, name, more):\n    \
        db.execute(\"SELECT * FROM users WHERE name = ? AND id IN (SELECT user_id FROM orders WHERE lower(code) = ?)\", (name, more))\n";
    let proof = proof(SQLITE, program, &mut Sqlite::new().expect("an engine"));
    let missing: Vec<&Proven> = proof.results.iter().filter(|result| result.rule == "missing-index").collect();
    assert!(missing.iter().all(|result| result.verdict == Verdict::NotVerifiable), "{proof:#?}");
}

/// Gives each plan the same cost and keeps what it is sent.
struct Flat {
    sent: Vec<String>,
    dialect: Dialect,
    value: Option<RowValue>,
}

impl Flat {
    fn new(value: Option<&str>) -> Flat {
        Flat {
            sent: Vec::new(),
            dialect: Dialect::Sqlite,
            value: value.map(|text| RowValue::Text(text.to_owned())),
        }
    }
}

impl Engine for Flat {
    fn version(&self) -> String {
        "flat".to_owned()
    }
    fn dialect(&self) -> Dialect {
        self.dialect
    }
    fn load(&mut self, schemas: &[String], loads: &[TableLoad]) -> Result<LoadOutcome, EngineFailure> {
        self.sent.extend(schemas.iter().cloned());
        let mut made = LoadOutcome::default();
        for load in loads {
            self.sent.extend([load.create.clone(), load.fill.clone()]);
            self.sent.extend(load.indexes.iter().map(|index| index.create.clone()));
            made.indexes
                .extend(load.indexes.iter().map(|index| (load.table, index.name.clone())));
        }
        Ok(made)
    }
    fn clear(&mut self) -> Result<(), EngineFailure> {
        Ok(())
    }
    fn value(&mut self, select: &str) -> Result<Option<RowValue>, EngineFailure> {
        self.sent.push(select.to_owned());
        Ok(self.value.clone())
    }
    fn plan(&mut self, statement: &str) -> Result<engine::QueryPlan, EngineFailure> {
        self.sent.push(statement.to_owned());
        Ok(engine::QueryPlan {
            cost: 100.0,
            steps: "Scan".to_owned(),
        })
    }
    fn change(&mut self, statement: &str) -> Result<(), EngineFailure> {
        self.sent.push(statement.to_owned());
        Ok(())
    }
    fn undo(&mut self) -> Result<(), EngineFailure> {
        Ok(())
    }
}

#[test]
fn what_never_gains_is_refuted() {
    let program =
        "import sqlite3\n\ndef find(db: sqlite3.Connection, name):\n    db.execute(\"SELECT * FROM users WHERE name = ?\", (name,))\n";
    let proof = proof(SQLITE, program, &mut Flat::new(Some("1")));
    assert!(verdicts(&proof).contains(&("missing-index", Verdict::Refuted)), "{proof:#?}");
    assert!(
        verdicts(&proof).contains(&("unindexed-foreign-key", Verdict::Refuted)),
        "{proof:#?}"
    );
}

#[test]
fn what_cannot_be_asked_is_not_refuted() {
    let program =
        "import sqlite3\n\ndef find(db: sqlite3.Connection, name):\n    db.execute(\"SELECT * FROM users WHERE name = ?\", (name,))\n";
    let proof = proof(SQLITE, program, &mut Flat::new(None));
    let all = proof.results.iter();
    assert!(
        all.clone().count() == 3 && all.clone().all(|result| result.verdict == Verdict::NotVerifiable),
        "{proof:#?}"
    );
}

#[test]
fn nothing_of_the_project_reaches_the_database_but_names_and_values() {
    let schema = "PRAGMA foreign_keys = on;\n\
        CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, \"b\"\"); SELECT 1; --\" TEXT, kind TEXT DEFAULT (evil('x')));\n\
        CREATE TABLE lines (id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER REFERENCES orders (id), kind TEXT);\n\
        CREATE INDEX i ON lines (evil(kind));\nCREATE INDEX j ON lines (kind) WHERE evil(kind) = 1;\n";
    let program = "import sqlite3\n\ndef find(db: sqlite3.Connection, name):\n    \
        db.execute(\"SELECT * FROM orders WHERE name = ? AND kind = 'it''s; DROP TABLE x --'\", (name,))\n";
    let mut engine = Flat::new(Some("1"));
    let _ = proof(schema, program, &mut engine);
    assert!(engine.sent.iter().any(|text| text.contains("it''s; DROP")), "{:?}", engine.sent);
    engine.sent.iter().for_each(|text| nothing_ends_a_quotation(text));
}

/// Outside of quotation marks nothing of the project is left.
fn nothing_ends_a_quotation(text: &str) {
    assert!(!text.contains("evil"), "{text}");
    let mut outside = String::new();
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => outside.push(c),
            Some(_) => {}
        }
    }
    let is_left = ["DROP", "COPY", "--", ";", "\\"].iter().any(|piece| outside.contains(piece));
    assert!(quote.is_none() && !is_left, "{text}");
}

#[test]
fn no_value_of_a_row_ends_its_literal() {
    let schema = "CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE, name text);\n\
        CREATE TABLE orders (id bigserial PRIMARY KEY, user_id bigint REFERENCES users (id), code text);\n";
    let program = "import psycopg\n\ndef find(db: psycopg.Connection, name, start, user):\n    \
        db.execute(\"SELECT * FROM users WHERE name = %s\", (name,))\n    \
        db.execute(\"SELECT id FROM orders WHERE code LIKE 'a%%' AND user_id = %s\", (user,))\n";
    // What a database gives for a text with quotation marks and backslashes, bare and as a literal of its own.
    for value in [
        "\\'; COPY users TO PROGRAM 'x' --",
        "E'\\\\''; COPY users TO PROGRAM 'x' --'",
        "it's; DROP",
    ] {
        let mut engine = Flat::new(Some(value));
        engine.dialect = Dialect::Postgres;
        let proof = proof(schema, program, &mut engine);
        assert!(proof.results.len() > 1, "{proof:#?}");
        let asked = engine.sent.iter().filter(|text| text.starts_with("SELECT"));
        assert!(asked.count() > 1, "{:?}", engine.sent);
        engine.sent.iter().for_each(|text| nothing_ends_a_quotation(text));
    }
}

#[test]
fn a_database_is_asked_where_a_table_is_for_it_and_not_else() {
    let schema = "CREATE TABLE `orders` (`id` int NOT NULL AUTO_INCREMENT, `code` varchar(20), PRIMARY KEY (`id`)) ENGINE=InnoDB;\n";
    let program = "import pymysql\n\ndef find(db, code):\n    cursor = pymysql.connect().cursor()\n    \
        cursor.execute(\"SELECT * FROM orders WHERE code = %s\", (code,))\n";
    let mut engine = Flat::new(Some("1"));
    let proof = proof(schema, program, &mut engine);
    assert_eq!(verdicts(&proof), [("missing-index", Verdict::NotVerifiable)], "{proof:#?}");
    assert!(engine.sent.is_empty(), "{:?}", engine.sent);
}

#[test]
fn what_a_schema_says_makes_no_work_without_end() {
    let schema = "PRAGMA foreign_keys = on;\n\
        CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);\n\
        CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER REFERENCES users (id), state TEXT);\n\
        CREATE INDEX bomb ON orders (length(replace(state, 'v', 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv')));\n";
    let long = "x".repeat(5_000);
    let program = format!(
        "import sqlite3\n\ndef find(db: sqlite3.Connection, user):\n    \
        db.execute(\"SELECT * FROM orders WHERE user_id = ?\", (user,))\n    \
        db.execute(\"SELECT * FROM orders WHERE user_id = ? AND state = '{long}'\", (user,))\n"
    );
    let mut engine = Flat::new(Some("1"));
    let _ = proof(schema, &program, &mut engine);
    let made = |text: &&String| text.starts_with("CREATE") || text.starts_with("INSERT");
    let sent: Vec<&String> = engine.sent.iter().filter(made).collect();
    assert!(sent.len() > 1, "{:?}", engine.sent);
    for text in sent {
        assert!(!text.contains("replace") && !text.contains(&long), "{text}");
    }
}
