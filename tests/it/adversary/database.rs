//! `perfaudit verify` runs a database: neither that one nor what it is sent is the scanned tree's to choose.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::baseline::{Run, perfaudit_with, write};

const SCHEMA: &str = "CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE, name text, state text);\n\
    CREATE TABLE orders (id bigserial PRIMARY KEY, user_id bigint REFERENCES users (id), code text);\n";

const PROGRAM: &str = "import psycopg\n\n\ndef find(db: psycopg.Connection, user):\n    \
    db.execute(\"SELECT * FROM orders WHERE user_id = %s\", (user,))\n";

fn verify(folder: &Path, path: &str) -> Run {
    perfaudit_with(folder, &["verify", "--no-cache", "--format", "json"], &[("PATH", path)])
}

/// Programs with the names of `PostgreSQL`'s that leave a mark.
fn programs(folder: &Path, mark: &Path) {
    for name in ["initdb", "postgres"] {
        write(folder, name, &format!("#!/bin/sh\n: > '{}'\nexit 1\n", mark.display()));
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    }
}

#[test]
fn a_database_that_the_tree_brings_is_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tree, mark) = (folder.path().join("tree"), folder.path().join("mark"));
    write(&tree, "schema.sql", SCHEMA);
    write(&tree, "app.py", PROGRAM);
    for within in [".venv/bin", "node_modules/.bin"] {
        programs(&tree.join(within), &mark);
        for path in [tree.join(within).display().to_string(), within.to_owned()] {
            verify(&tree, &format!("{path}:/usr/bin:/bin"));
            assert!(!mark.exists(), "{path}");
        }
    }
    // The same programs of the machine are run.
    let own = folder.path().join("bin");
    programs(&own, &mark);
    let run = verify(&tree, &format!("{}:/usr/bin:/bin", own.display()));
    assert!(mark.exists(), "{}", run.err);
}

/// What a text of the tree becomes on its way through the planner: a literal of the code, a value of a row, the start of one.
fn hostile(mark: &Path) -> String {
    let command = format!("COPY users TO PROGRAM ''touch {}''", mark.display());
    let texts = [
        format!("x\\\\''; {command} --"),
        format!("''; {command}; --"),
        format!("x''); RESET ROLE; {command}; --"),
        format!("\\\\''; {command}; --%_\\\\"),
    ];
    let mut out = "import psycopg\n\n\ndef find(db: psycopg.Connection, start, user):\n".to_owned();
    for text in texts {
        out.push_str(&format!("    db.execute(\"SELECT * FROM users WHERE name = '{text}'\")\n"));
        out.push_str(&format!(
            "    db.execute(\"SELECT * FROM orders WHERE code = '{text}' AND user_id = %s\", (user,))\n"
        ));
        out.push_str(&format!(
            "    db.execute(\"SELECT * FROM users WHERE state = '{text}' ORDER BY name\")\n"
        ));
    }
    out.push_str("    db.execute(\"SELECT * FROM users WHERE name LIKE 'x%%'\")\n");
    out.push_str("    db.execute(\"SELECT * FROM orders WHERE code LIKE 'x%%'\")\n");
    out
}

/// Whether a database can be started here: there are programs, and the user is not the one that they refuse.
fn can_start() -> Result<(), &'static str> {
    let folder = tempfile::tempdir().map_err(|_| "there is no temporary folder")?;
    write(folder.path(), "schema.sql", SCHEMA);
    write(folder.path(), "app.py", PROGRAM);
    let run = perfaudit_with(folder.path(), &["verify", "--no-cache"], &[]);
    match run.code {
        Some(0) => Ok(()),
        _ if run.err.contains("is not there") => Err("there is no PostgreSQL"),
        _ if run.err.contains("root") => Err("PostgreSQL does not start as root"),
        _ => panic!("{}", run.err),
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "who runs the tests must see that one of them did nothing")]
fn no_text_of_the_tree_becomes_a_command_of_the_database() {
    if let Err(why) = can_start() {
        eprintln!("skipped: {why}; src/verify/tests.rs tries such texts without a database");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mark = folder.path().join("mark");
    let tree = folder.path().join("tree");
    write(&tree, "schema.sql", SCHEMA);
    write(&tree, "app.py", &hostile(&mark));
    let run = perfaudit_with(&tree, &["verify", "--no-cache", "--format", "json"], &[]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let proof: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert!(
        proof["engines"][0].as_str().is_some_and(|engine| engine.starts_with("PostgreSQL")),
        "{proof:#}"
    );
    let asked = proof["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter(|one| one["statement"].is_string());
    assert!(asked.count() > 1, "{proof:#}");
    assert!(!mark.exists(), "{proof:#}");
}
