//! A change that makes the tool look away must not pass the gate.

use std::fs;
use std::path::Path;

use crate::baseline::{Run, git, perfaudit};

/// A repository whose one commit has a small file, a generated one, and one over the bound of size.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("small.py"), "x = 1\n").expect("written");
    fs::write(at.join("made.py"), "# @generated\nx = 1\n").expect("written");
    fs::write(at.join("large.py"), "# a\n".repeat(800_000)).expect("written");
    assert!(git(at, &["init", "-q"]) && git(at, &["add", "."]) && git(at, &["commit", "-q", "-m", "one"]));
    folder
}

fn scan(at: &Path, more: &[&str]) -> Run {
    let arguments = [&["scan", "--since", "HEAD"], more].concat();
    perfaudit(at, &arguments)
}

#[test]
fn a_changed_file_that_is_too_large_fails_the_run_and_is_named() {
    let folder = repository();
    let at = folder.path();
    let before = scan(at, &[]);
    assert_eq!(before.code, Some(0), "what the revision has, too, is no news: {}", before.err);
    fs::write(at.join("small.py"), "# a\n".repeat(800_000)).expect("written");
    let after = scan(at, &[]);
    assert_eq!(after.code, Some(1), "{}{}", after.out, after.err);
    assert!(
        after.err.contains("1 file could not be judged whole") && after.err.contains("small.py (too large)"),
        "{}",
        after.err
    );
    let json: serde_json::Value = serde_json::from_str(&scan(at, &["--format", "json"]).out).expect("JSON");
    assert_eq!(json["not_judged"], serde_json::json!([{ "file": "small.py", "why": "too large" }]));
    for accepted in ["--fail-on-unread=false", "--fail-on=never"] {
        assert_eq!(scan(at, &[accepted]).code, Some(0), "{accepted}");
    }
}

#[test]
fn a_new_file_that_is_read_in_part_fails_the_run() {
    let folder = repository();
    let at = folder.path();
    let deep = format!("x = {}1{}\n", "[".repeat(600), "]".repeat(600));
    fs::write(at.join("deep.py"), deep).expect("written");
    let run = scan(at, &[]);
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
    assert!(run.err.contains("deep.py (Nesting of code: "), "{}", run.err);
}

#[test]
fn a_header_that_says_generated_does_not_hide_a_file_that_was_read() {
    let folder = repository();
    let at = folder.path();
    fs::write(at.join("new.py"), "# @generated\ny = 1\n").expect("written");
    fs::write(at.join("made.py"), "# @generated\nx = 2\n").expect("written");
    assert_eq!(scan(at, &[]).code, Some(0), "generated code is not judged, new or old");
    fs::write(at.join("small.py"), "# @generated\nx = 2\n").expect("written");
    let run = scan(at, &[]);
    assert!(run.code == Some(1) && run.err.contains("small.py (generated)"), "{}", run.err);
}

#[test]
fn without_a_revision_the_option_asks_for_every_file() {
    let folder = repository();
    let at = folder.path();
    assert_eq!(perfaudit(at, &["scan"]).code, Some(0));
    let run = perfaudit(at, &["scan", "--fail-on-unread"]);
    assert!(run.code == Some(1) && run.err.contains("large.py (too large)"), "{}", run.err);
}

/// At 38 KB it was the machine's load that decided, at 60 KB the file was left out and the run passed.
#[test]
fn lines_that_open_comments_do_not_hide_a_file() {
    let folder = repository();
    let at = folder.path();
    fs::write(at.join("small.ts"), "export const x = 1;\n").expect("written");
    assert!(git(at, &["add", "."]) && git(at, &["commit", "-q", "-m", "two"]));
    fs::write(at.join("small.ts"), "/* x\n".repeat(12_000)).expect("written");
    let run = scan(at, &[]);
    assert!(run.code == Some(1) && run.err.contains("small.ts ("), "{}{}", run.out, run.err);
    let again = scan(at, &[]);
    assert_eq!((again.out, again.err), (run.out, run.err), "the clock decides nothing");
}
