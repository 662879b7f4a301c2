//! What is known stays known while code moves, and what is new is never taken for known.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use perfaudit::engine::baseline::Baseline;
use perfaudit::finding::Status;
use perfaudit::{Config, Report, audit_texts, audit_texts_since};
use proptest::prelude::*;

/// A function with a query in a loop.
pub(crate) fn function(name: &str, table: &str, column: &str) -> String {
    format!(
        "def {name}(cursor, keys):\n    found = []\n    for key in keys:\n        cursor.execute(\"SELECT name FROM {table} WHERE {column} = %s\", (key,))\n        found.append(cursor.fetchone())\n    return found\n"
    )
}

/// A module that holds them.
pub(crate) fn module(functions: &[String]) -> String {
    let mut text = "import psycopg2\n\n\n".to_owned();
    text.push_str(&functions.join("\n\n"));
    text
}

type Files = Vec<(String, String)>;

fn file(path: &str, text: String) -> Files {
    vec![(path.to_owned(), text)]
}

fn config() -> Config {
    Config {
        threads: 1,
        rules: vec!["n-plus-one".to_owned()],
        ..Config::default()
    }
}

fn scan(files: Files) -> Report {
    audit_texts(&config(), files).expect("a report")
}

/// New, known and fixed findings of a tree against an earlier one.
fn compare(before: Files, after: Files) -> (usize, usize, usize) {
    let baseline = Baseline::of(&scan(before).findings);
    // As a file holds it.
    let baseline = Baseline::parse(&baseline.render()).expect("reads back");
    let report = audit_texts_since(&config(), after, Some(baseline)).expect("a report");
    let known = report.findings.iter().filter(|finding| finding.status == Status::Known).count();
    (report.summary.new, known, report.summary.fixed)
}

/// Places of one cause are told as one, and each is known for itself: a new one is new, one that takes another's place is new too.
#[test]
fn a_new_place_of_a_known_cause_is_new() {
    let call = |name: &str, what: &str| format!("def {name}():\n    requests.{what}('https://herd.example')\n\n\n");
    let tree = |calls: &[String]| file("app/herd.py", format!("import requests\n\n\n{}", calls.concat()));
    let config = Config {
        rules: vec!["missing-timeout".to_owned()],
        ..config()
    };
    let counts = |before: &[String], after: &[String]| {
        let known = audit_texts(&config, tree(before)).expect("a report");
        let report = audit_texts_since(&config, tree(after), Some(Baseline::of(&known.findings))).expect("a report");
        (report.findings.len(), report.summary.new, report.summary.fixed)
    };
    let (one, two, three) = (call("one", "get"), call("two", "get"), call("three", "post"));
    let all = [one, two, three];
    assert_eq!(counts(&all[..2], &all[..2]), (1, 0, 0));
    assert_eq!(counts(&all[..1], &all), (2, 1, 0));
    assert_eq!(counts(&all[..2], &all[1..2]), (1, 0, 1));
    assert_eq!(counts(&all[..1], &all[2..]), (1, 1, 1));
}

/// Names of functions with the tables that they query.
fn parts() -> impl Strategy<Value = Vec<(String, String)>> {
    let part = (0..20_u8, 0..4_u8);
    proptest::collection::btree_map(0..20_u8, part, 1..5).prop_map(|map| {
        let named = map
            .into_iter()
            .map(|(name, (_, table))| (format!("load_{name}"), format!("table_{table}")));
        named.collect()
    })
}

fn functions(parts: &[(String, String)]) -> Vec<String> {
    parts.iter().map(|(name, table)| function(name, table, "id")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn inserted_lines_bring_nothing_new(parts in parts(), at in 0..60_usize, number in 1..40_usize) {
        let text = module(&functions(&parts));
        let mut lines: Vec<&str> = text.lines().collect();
        let at = at.min(lines.len());
        lines.splice(at..at, vec!["# a note"; number]);
        let moved = lines.join("\n") + "\n";
        prop_assert_eq!(compare(file("app/a.py", text.clone()), file("app/a.py", moved)), (0, parts.len(), 0));
    }

    #[test]
    fn moved_functions_and_renamed_files_bring_nothing_new(parts in parts(), turn in 0..5_usize) {
        let text = module(&functions(&parts));
        let mut turned = functions(&parts);
        let by = turn % turned.len();
        turned.rotate_left(by);
        let before = || file("app/store/a.py", text.clone());
        prop_assert_eq!(compare(before(), file("app/store/a.py", module(&turned))), (0, parts.len(), 0));
        prop_assert_eq!(compare(before(), file("core/b.py", module(&turned))), (0, parts.len(), 0));
        // One of them moves to another file.
        let (one, others) = turned.split_at(1);
        let mut after = file("app/store/a.py", module(others));
        after.extend(file("app/store/c.py", module(one)));
        prop_assert_eq!(compare(before(), after), (0, parts.len(), 0));
    }

    #[test]
    fn reformatted_code_brings_nothing_new(parts in parts()) {
        let text = module(&functions(&parts));
        let spread = text
            .replace("cursor.execute(\"", "cursor.execute(\n            \"")
            .replace("SELECT name FROM", "SELECT name\\\n                FROM")
            .replace("(key,))", "(key,),\n        )");
        prop_assert_eq!(compare(file("a.py", text), file("a.py", spread)), (0, parts.len(), 0));
    }

    #[test]
    fn a_swap_in_the_same_file_is_new_and_fixed(parts in parts(), which in 0..5_usize) {
        let which = which % parts.len();
        let before = functions(&parts);
        let (name, table) = &parts[which];
        // Another function, another table in the same function, another column of the same table: each is another defect.
        let others = [function("fresh", table, "id"), function(name, "another", "id"), function(name, table, "email")];
        for other in others {
            let mut after = before.clone();
            after[which] = other;
            let counts = compare(file("a.py", module(&before)), file("a.py", module(&after)));
            prop_assert_eq!(counts, (1, parts.len() - 1, 1));
        }
    }

    #[test]
    fn the_same_function_in_two_files_is_two_findings(parts in parts()) {
        let text = module(&functions(&parts));
        let mut both = file("a.py", text.clone());
        both.extend(file("b.py", text.clone()));
        prop_assert_eq!(compare(file("a.py", text), both), (parts.len(), parts.len(), 0));
    }
}

#[test]
fn two_equal_findings_of_one_function_are_two() {
    let once = function("load", "users", "id");
    let body: Vec<&str> = once.lines().skip(2).take(3).collect();
    let body = body.join("\n") + "\n";
    let twice = once.replace("    return found\n", &format!("{body}    return found\n"));
    let prints: BTreeSet<String> = scan(file("a.py", module(std::slice::from_ref(&twice))))
        .findings
        .into_iter()
        .map(|finding| finding.fingerprint)
        .collect();
    assert_eq!(prints.len(), 2);
    let (one, two) = (file("a.py", module(&[once])), file("a.py", module(&[twice])));
    assert_eq!(compare(one.clone(), two.clone()), (1, 1, 0));
    assert_eq!(compare(two, one), (0, 1, 1));
}

#[test]
fn a_rule_that_did_not_run_has_fixed_nothing() {
    let known = Baseline::of(&scan(file("a.py", module(&[function("load", "users", "id")]))).findings);
    let other = Config {
        rules: vec!["fixed-delay".to_owned()],
        ..config()
    };
    let report = audit_texts_since(&other, file("a.py", "x = 1\n".to_owned()), Some(known)).expect("a report");
    assert_eq!(report.summary.fixed, 0);
}

/// How a run ended, and what it said.
pub(crate) struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the program in a folder.
pub(crate) fn perfaudit(folder: &Path, arguments: &[&str]) -> Run {
    perfaudit_with(folder, arguments, &[])
}

/// As [`perfaudit`], with variables of the environment.
pub(crate) fn perfaudit_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = assert_cmd::Command::cargo_bin("perfaudit").expect("the binary");
    // What a CI service that runs the tests says is not what they ask about.
    command.env_remove("GITHUB_ACTIONS").env_remove("GITLAB_CI");
    command.envs(environment.iter().copied());
    let output = command.current_dir(folder).args(arguments).output().expect("runs");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Writes a file and the folders that it is in.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, text).expect("written");
}

#[test]
fn the_gate_fails_only_on_what_is_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "app/a.py", &module(&[function("load", "users", "id")]));
    let scan = |more: &[&str]| {
        let mut arguments = vec!["scan", ".", "--fail-on", "p3", "--rule", "n-plus-one"];
        arguments.extend(more);
        perfaudit(at, &arguments)
    };
    assert_eq!(scan(&[]).code, Some(1));
    let written = perfaudit(at, &["baseline"]);
    assert!(
        written.code == Some(0) && written.out.contains("in perfaudit-baseline.json"),
        "{}{}",
        written.out,
        written.err
    );
    let again = fs::read(at.join("perfaudit-baseline.json")).expect("a baseline");
    perfaudit(at, &["baseline", "-q", "-o", "other.json"]);
    assert_eq!(
        again,
        fs::read(at.join("other.json")).expect("a baseline"),
        "the same bytes every time"
    );
    let known = scan(&["--baseline", "perfaudit-baseline.json"]);
    assert!(
        known.code == Some(0) && known.out.contains("(0 new, 1 known, 0 fixed)"),
        "{}",
        known.out
    );
    // The old one is fixed, another of the same rule stands in the same file.
    write(at, "app/a.py", &module(&[function("load", "orders", "id")]));
    let swapped = scan(&["--baseline", "perfaudit-baseline.json"]);
    assert!(
        swapped.code == Some(1) && swapped.out.contains("(1 new, 0 known, 1 fixed)"),
        "{}",
        swapped.out
    );
    write(at, "perfaudit.toml", "baseline = 'other.json'\n");
    assert!(scan(&[]).out.contains("1 fixed"), "the configuration names it, too");
    for (text, what) in [
        ("{", "not a baseline"),
        ("{\"version\": 9, \"findings\": []}", "a baseline of version 9, not 1"),
    ] {
        write(at, "bad.json", text);
        let failed = scan(&["--baseline", "bad.json"]);
        assert!(
            failed.code == Some(2) && failed.err.contains(what) && failed.err.lines().count() == 1,
            "{}",
            failed.err
        );
    }
    let none = scan(&["--baseline", "nowhere.json"]);
    assert!(
        none.code == Some(2) && none.err.contains("write one with `perfaudit baseline`"),
        "{}",
        none.err
    );
}

/// Whether a git command worked; its output is nobody's.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> bool {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(identity)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn two_revisions_are_compared_without_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    if !git(at, &["init", "-q"]) {
        return;
    }
    write(at, "server/a.py", &module(&[function("load", "users", "id")]));
    write(at, "with space/é.py", "x = 1\n");
    assert!(git(at, &["add", "."]) && git(at, &["commit", "-q", "-m", "one"]));
    fs::rename(at.join("server"), at.join("core")).expect("renamed");
    write(at, "core/b.py", &module(&[function("fresh", "orders", "id")]));
    let scan = |folder: &Path, more: &[&str]| {
        let mut arguments = vec!["scan", "--fail-on", "p3", "--rule", "n-plus-one"];
        arguments.extend(more);
        perfaudit(folder, &arguments)
    };
    let status = || {
        Command::new("git")
            .current_dir(at)
            .args(["status", "--porcelain"])
            .output()
            .expect("runs")
            .stdout
    };
    let before = status();
    let since = scan(at, &["--since", "HEAD"]);
    assert!(
        since.code == Some(1) && since.out.contains("(1 new, 1 known, 0 fixed)"),
        "{}{}",
        since.out,
        since.err
    );
    assert_eq!(before, status(), "nothing of the repository is changed");
    // What moved into a folder that was not there yet is known of the folder that it was in.
    let moved = scan(&at.join("core"), &["--since", "HEAD"]);
    assert!(moved.out.contains("(1 new, 1 known, 0 fixed)"), "{}", moved.out);
    let named = scan(at, &["core/a.py", "--since", "HEAD"]);
    assert!(named.out.contains("(0 new, 1 known, 0 fixed)"), "{}", named.out);
    let alone = scan(at, &["core/a.py", "--isolated", "--since", "HEAD"]);
    assert!(
        alone.out.contains("(1 new, 0 known, 0 fixed)"),
        "what is read alone was not there: {}",
        alone.out
    );
    let none = scan(at, &["--since", "nowhere"]);
    assert!(
        none.code == Some(2) && none.err.starts_with("perfaudit: --since nowhere: no such revision"),
        "{}",
        none.err
    );
    let option = scan(at, &["--since=--output=x"]);
    assert!(
        option.code == Some(2) && !at.join("x").exists(),
        "a revision is no option: {}",
        option.err
    );
    let outside = tempfile::tempdir().expect("a folder");
    write(outside.path(), "a.py", "x = 1\n");
    let failed = scan(outside.path(), &["--since", "HEAD"]);
    assert!(
        failed.code == Some(2) && failed.err.contains("not a git repository"),
        "{}",
        failed.err
    );
}

/// A service looks for the file of an annotation from the folder of the run.
#[test]
fn annotations_name_files_from_the_folder_of_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "backend/perfaudit.toml", "");
    write(at, "backend/app/a.py", &module(&[function("load", "users", "id")]));
    for (format, wanted) in [
        ("github", "file=backend/app/a.py,"),
        ("gitlab", "\"path\": \"backend/app/a.py\""),
        ("sarif", "\"uri\": \"backend/app/a.py\""),
    ] {
        let run = perfaudit(at, &["scan", "backend", "--fail-on", "p3", "--format", format]);
        assert!(run.out.contains(wanted), "{format}: {}{}", run.out, run.err);
    }
}

/// The baseline is the project's: one that only knew a part would make the rest new.
#[test]
fn a_baseline_from_a_subfolder_is_that_of_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "perfaudit.toml", "");
    write(at, "app/a.py", &module(&[function("load", "users", "id")]));
    write(at, "web/b.py", &module(&[function("fill", "orders", "id")]));
    perfaudit(at, &["baseline", "-q"]);
    let whole = fs::read(at.join("perfaudit-baseline.json")).expect("a baseline");
    let below = perfaudit(&at.join("app"), &["baseline", "-q"]);
    assert_eq!(below.code, Some(0), "{}", below.err);
    assert_eq!(whole, fs::read(at.join("perfaudit-baseline.json")).expect("a baseline"));
}
