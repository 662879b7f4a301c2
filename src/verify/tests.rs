use super::engine::{Load, Made};
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
    let (_, proof) = verify(&config, &Silent, |project, findings| prove(project, findings, engine)).expect("a run");
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
    has_values: bool,
}

impl Flat {
    fn new(has_values: bool) -> Flat {
        Flat {
            sent: Vec::new(),
            has_values,
        }
    }
}

impl Engine for Flat {
    fn version(&self) -> String {
        "flat".to_owned()
    }
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
    fn load(&mut self, schemas: &[String], loads: &[Load]) -> Result<Made, Failure> {
        self.sent.extend(schemas.iter().cloned());
        let mut made = Made::default();
        for load in loads {
            self.sent.extend([load.create.clone(), load.fill.clone()]);
            self.sent.extend(load.indexes.iter().map(|index| index.create.clone()));
            made.indexes
                .extend(load.indexes.iter().map(|index| (load.table, index.name.clone())));
        }
        Ok(made)
    }
    fn clear(&mut self) -> Result<(), Failure> {
        Ok(())
    }
    fn value(&mut self, select: &str) -> Result<Option<String>, Failure> {
        self.sent.push(select.to_owned());
        Ok(self.has_values.then(|| "'1'".to_owned()))
    }
    fn plan(&mut self, statement: &str) -> Result<engine::Plan, Failure> {
        self.sent.push(statement.to_owned());
        Ok(engine::Plan {
            cost: 100.0,
            steps: "Scan".to_owned(),
        })
    }
    fn change(&mut self, statement: &str) -> Result<(), Failure> {
        self.sent.push(statement.to_owned());
        Ok(())
    }
    fn undo(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn what_never_gains_is_refuted() {
    let program =
        "import sqlite3\n\ndef find(db: sqlite3.Connection, name):\n    db.execute(\"SELECT * FROM users WHERE name = ?\", (name,))\n";
    let proof = proof(SQLITE, program, &mut Flat::new(true));
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
    let proof = proof(SQLITE, program, &mut Flat::new(false));
    let of_rows = proof.results.iter().filter(|result| result.rule != "redundant-index");
    assert!(
        of_rows.clone().count() == 2 && of_rows.clone().all(|result| result.verdict == Verdict::NotVerifiable),
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
    let mut engine = Flat::new(true);
    let _ = proof(schema, program, &mut engine);
    assert!(engine.sent.iter().any(|text| text.contains("it''s; DROP")), "{:?}", engine.sent);
    for text in &engine.sent {
        assert!(!text.contains("evil"), "{text}");
        // Outside of quotation marks nothing of it is left.
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
        assert!(
            quote.is_none() && !outside.contains("DROP") && !outside.contains("--") && !outside.contains(';'),
            "{text}"
        );
    }
}
