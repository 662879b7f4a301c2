//! `perfaudit verify`: what is proven, what it leaves behind, and whom it obeys.

use std::fs;
use std::path::Path;

use crate::baseline::perfaudit;

const SCHEMA: &str = "PRAGMA foreign_keys = on;\n\
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE, name TEXT);\n\
    CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER REFERENCES users (id), code TEXT);\n";
const PROGRAM: &str = "import sqlite3\n\n\
    def find(db: sqlite3.Connection, name, user):\n    \
        db.execute(\"SELECT * FROM users WHERE name = ?\", (name,))\n    \
        db.execute(\"SELECT * FROM orders WHERE user_id = ?\", (user,))\n";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("schema.sql"), SCHEMA).expect("written");
    fs::write(folder.path().join("app.py"), PROGRAM).expect("written");
    folder
}

fn files(at: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(at).sort_by_file_name().into_iter().filter_map(Result::ok);
    all.map(|entry| entry.path().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_schema_of_sqlite_is_proven_in_memory_the_same_each_time() {
    let folder = project();
    let before = files(folder.path());
    let run = || perfaudit(folder.path(), &["verify", "--no-cache", "--format", "json"]);
    let first = run();
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    let proof: serde_json::Value = serde_json::from_str(&first.out).expect("JSON");
    assert!(
        proof["engines"][0].as_str().is_some_and(|engine| engine.starts_with("SQLite 3.")),
        "{proof:#}"
    );
    assert_eq!(proof["summary"]["proven"], 2, "{proof:#}");
    assert!(
        proof["results"][0]["statements"][0]["ratio"]
            .as_f64()
            .is_some_and(|ratio| ratio > 1.5),
        "{proof:#}"
    );
    assert_eq!(first.out, run().out);
    assert_eq!(files(folder.path()), before);
    let table = perfaudit(folder.path(), &["verify", "--no-cache"]);
    assert!(
        table.out.contains("Proven (2)") && table.out.contains("before: SCAN"),
        "{}",
        table.out
    );
}

#[test]
fn who_asks_for_what_cannot_be_is_told() {
    let folder = project();
    let error = |arguments: &[&str]| {
        let run = perfaudit(folder.path(), arguments);
        assert_eq!(run.code, Some(2), "{}", run.out);
        run.err
    };
    assert!(error(&["verify", "--database", "mysql://me@here/scratch"]).contains("no URL of a PostgreSQL"));
    assert!(error(&["verify", "--database", "postgres://me@127.0.0.1:1/scratch"]).contains("cannot be reached"));
    assert!(error(&["verify", "--rule", "n-plus-one"]).contains("none that a planner can judge"));
}
