//! Words that a configuration adds: what names mean in a project.

use perfaudit::config::Settings;
use perfaudit::finding::Priority;
use perfaudit::{Config, audit_texts};

use crate::doors;

const SCHEMA: &str = "CREATE TABLE region (id bigint PRIMARY KEY, name varchar(80));\n";

/// A page of regions, by OFFSET.
const PAGE: &str = "import psycopg2\n\n\ndef page(cursor, number):\n    cursor.execute(\"SELECT id, name FROM region ORDER BY id LIMIT 20 OFFSET %s\", (number * 20,))\n    return cursor.fetchall()\n";

/// A query for each region.
const LOOP: &str = "import psycopg2\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/regions')\ndef load(cursor: psycopg2.extensions.cursor):\n    found = []\n    cursor.execute(\"SELECT id FROM region\")\n    for (key,) in cursor.fetchall():\n        cursor.execute(\"SELECT name FROM region WHERE id = %s\", (key,))\n        found.append(cursor.fetchone())\n    return found\n";

/// The priorities of a rule's findings, with a configuration, and how many tests were left out.
fn priorities(rule: &str, path: &str, text: &str, configuration: &str) -> (Vec<Priority>, usize) {
    let settings = Settings::parse("perfaudit.toml", configuration, false).expect("valid");
    let config = Config {
        words: settings.words.unwrap_or_default(),
        ..Config::default()
    };
    let files = [("schema.sql", SCHEMA), (path, text)].map(|(path, text)| (path.to_owned(), text.to_owned()));
    let report = audit_texts(&config, files.into_iter().chain([doors::file()]).collect()).expect("a report");
    let of_rule = report.findings.iter().filter(|finding| finding.rule == rule);
    (of_rule.map(|finding| finding.priority).collect(), report.coverage.tests)
}

#[test]
fn a_folder_of_scripts_or_tests_is_one() {
    let found = |configuration: &str| priorities("n-plus-one", "ops/load.py", LOOP, configuration);
    assert_eq!(found(""), (vec![Priority::P2], 0));
    assert_eq!(found("[words]\nscript-folders = ['ops']\n"), (vec![Priority::P3], 0));
    assert_eq!(found("[words]\ntest-folders = ['ops']\n"), (vec![], 1));
    assert_eq!(found("[words]\ntest-folders = ['op']\n"), (vec![], 1));
    assert_eq!(found("[words]\ntest-folders = ['load']\n"), (vec![Priority::P2], 0));
}

#[test]
fn a_table_of_few_rows_is_one() {
    let found = |configuration: &str| priorities("offset-pagination", "shop/regions.py", PAGE, configuration).0;
    assert_eq!(found("[words]\nfew-tables = ['city']\n"), [Priority::P3]);
    assert_eq!(found("[words]\nfew-tables = ['region']\n"), []);
}

#[test]
fn a_place_for_staff_is_one() {
    let found = |configuration: &str| priorities("n-plus-one", "back_office/regions.py", LOOP, configuration).0;
    assert_eq!(found(""), [Priority::P2]);
    assert_eq!(found("[words]\nstaff-paths = ['back-office']\n"), [Priority::P3]);
}

#[test]
fn facts_that_were_kept_by_a_run_with_other_words_say_nothing_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("ops")).expect("a folder");
    std::fs::write(folder.path().join("ops/load.py"), LOOP).expect("written");
    std::fs::write(folder.path().join("schema.sql"), SCHEMA).expect("written");
    let scan = || {
        let mut command = assert_cmd::Command::cargo_bin("perfaudit").expect("the binary");
        let command = command.current_dir(folder.path()).env("XDG_CACHE_HOME", cache.path());
        let output = command.args(["scan", "--format", "json"]).output().expect("runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let before = scan();
    std::fs::write(folder.path().join("perfaudit.toml"), "[words]\nscript-folders = ['ops']\n").expect("written");
    let (cold, warm) = (scan(), scan());
    let is_p1 = |report: &str| report.contains("\"priority\": \"P1\"");
    assert!(is_p1(&before) && !is_p1(&cold), "{cold}");
    assert_eq!(cold, warm);
    std::fs::remove_file(folder.path().join("perfaudit.toml")).expect("removed");
    assert_eq!(before, scan());
}
