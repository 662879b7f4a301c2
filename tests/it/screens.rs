//! What people see of the findings: the first screen, the whole list, counts, one line each, and what of it is new.

use std::path::Path;

use crate::baseline::{Run, function, module, perfaudit, perfaudit_with, write};

/// A folder with findings in several files, and what scans it.
fn laid_out(files: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for at in 0..files {
        let functions = [
            function("load", &format!("table{at}"), "id"),
            function("find", &format!("table{at}"), "id"),
        ];
        write(folder.path(), &format!("app/part{at}/store.py"), &module(&functions));
    }
    folder
}

fn scan(folder: &Path, more: &[&str]) -> Run {
    perfaudit(folder, &[&["scan", "--no-cache", "--rule", "n-plus-one"], more].concat())
}

#[test]
fn the_first_ones_are_shown_and_the_rest_is_counted() {
    let folder = laid_out(8);
    let run = scan(folder.path(), &["--top", "3"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.starts_with("What to fix first (3 of 16)\n"), "{}", run.out);
    assert_eq!(run.out.lines().filter(|line| line.starts_with("P3 ")).count(), 3, "{}", run.out);
    assert!(
        run.out.contains("And 13 more\n   n-plus-one  13 P3  in app/part2 (2)"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("All of them: --all · of a rule: --all --rule n-plus-one"),
        "{}",
        run.out
    );
    let all = scan(folder.path(), &["--all"]);
    assert_eq!(all.out, scan(folder.path(), &[]).out, "in a pipe everything is listed anyway");
}

#[test]
fn findings_are_counted_by_what_is_asked_for() {
    let folder = laid_out(2);
    let first = |arguments: &[&str]| scan(folder.path(), arguments).out.lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(&["--statistics"]), "4 P3  n-plus-one");
    assert_eq!(first(&["--group-by", "rule"]), "4 P3  n-plus-one");
    assert_eq!(first(&["--group-by", "file"]), "2 P3  app/part0/store.py");
    assert_eq!(
        first(&["--group-by", "route"]),
        "4 P3  (none known)  n-plus-one app/part0/store.py:7"
    );
    assert_eq!(first(&["--group-by", "table"]), "2 P3  table0  n-plus-one app/part0/store.py:7");
    assert!(first(&["--group-by", "cause"]).starts_with("1 P3  app/part0/store.py:"));
    for wrong in [
        &["--statistics", "--format", "json"] as &[&str],
        &["--top", "1", "--format", "sarif"],
        &["--top", "1", "--all"],
        &["--group-by", "colour"],
    ] {
        assert_eq!(scan(folder.path(), wrong).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn a_line_a_finding_is_what_editors_read() {
    let folder = laid_out(1);
    let run = scan(folder.path(), &["--format", "concise", "--fail-on", "p3"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(run.out.lines().count(), 2, "{}", run.out);
    assert!(run.out.starts_with("app/part0/store.py:7:9: P3 n-plus-one "), "{}", run.out);
}

#[test]
fn colour_is_where_it_is_wanted() {
    let folder = laid_out(1);
    let has_color = |arguments: &[&str], environment: &[(&str, &str)]| {
        let all = [&["scan", "--no-cache"], arguments].concat();
        perfaudit_with(folder.path(), &all, environment).out.contains('\u{1b}')
    };
    assert!(!has_color(&[], &[]), "a pipe gets none");
    assert!(has_color(&["--color", "always"], &[("NO_COLOR", "1")]), "what is asked for wins");
    assert!(!has_color(&["--color", "never"], &[]));
    assert!(!has_color(&["--color", "always", "-o", "out.txt"], &[]));
    let written = std::fs::read_to_string(folder.path().join("out.txt")).expect("the report");
    assert!(!written.contains('\u{1b}'), "a file gets none");
}

#[test]
fn only_what_is_new_is_listed() {
    let folder = laid_out(1);
    let at = folder.path();
    assert_eq!(perfaudit(at, &["baseline"]).code, Some(0));
    write(at, "app/other.py", &module(&[function("fresh", "goats", "id")]));
    let compared = ["--baseline", "perfaudit-baseline.json", "--fail-on", "p3"];
    for format in ["table", "full", "concise"] {
        let with = |more: &[&str]| scan(at, &[&compared as &[&str], &["--format", format], more].concat());
        let new = with(&[]);
        assert_eq!(new.code, Some(1), "{format}: {}", new.err);
        assert!(
            new.out.contains("app/other.py") && !new.out.contains("app/part0"),
            "{format}: {}",
            new.out
        );
        let all = with(&["--all"]);
        assert!(
            all.out.contains("app/other.py") && all.out.contains("app/part0"),
            "{format}: {}",
            all.out
        );
        if format != "concise" {
            assert!(new.out.contains("2 known findings not shown: --all"), "{format}: {}", new.out);
            let why = "Failed (exit code 1) because of this new finding at or over P3: n-plus-one app/other.py:7";
            assert!(new.out.contains(why) && all.out.contains(why), "{format}: {}", new.out);
        }
    }
}

#[test]
fn a_comment_says_what_is_new_what_is_fixed_and_why_it_failed() {
    let folder = laid_out(1);
    let at = folder.path();
    assert_eq!(perfaudit(at, &["baseline"]).code, Some(0));
    write(at, "app/part0/store.py", &module(&[function("load", "table0", "id")]));
    write(at, "app/other.py", &module(&[function("fresh", "goats", "id")]));
    let run = scan(at, &["--baseline", "perfaudit-baseline.json", "--fail-on", "p3", "--format", "pr"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(
        run.out.starts_with("### perfaudit: failed, 1 new finding, 1 fixed\n"),
        "{}",
        run.out
    );
    for part in [
        "- **P3** `n-plus-one` `app/other.py:7`: ",
        "cursor.execute(\"SELECT",
        "**Fix:** ",
        "If it is well as it is: `perfaudit: ignore[n-plus-one] why`",
        "<details><summary>1 finding is fixed</summary>",
        "<details><summary>What was read</summary>",
    ] {
        assert!(run.out.contains(part), "{part} is missing in {}", run.out);
    }
}

#[test]
fn in_ci_a_scan_of_nothing_does_not_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |ci: &str, more: &[&str]| {
        let run = perfaudit_with(folder.path(), &[&["scan"], more].concat(), &[("CI", ci)]);
        (run.code, run.err)
    };
    assert_eq!(code("", &[]), (Some(0), String::new()));
    assert_eq!(code("false", &[]), (Some(0), String::new()));
    let (failed, why) = code("true", &[]);
    assert_eq!(failed, Some(2));
    assert!(
        why.starts_with("perfaudit: Nothing was checked: ") && why.contains("--allow-empty"),
        "{why}"
    );
    assert_eq!(code("true", &["--allow-empty"]), (Some(0), String::new()));
    write(folder.path(), "a.py", "x = 1\n");
    assert_eq!(code("true", &[]), (Some(0), String::new()));
}

#[test]
fn an_audit_is_not_written_under_the_name_of_another_format() {
    let folder = laid_out(1);
    let refused = perfaudit(folder.path(), &["report", "-o", "audit.pdf"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .err
            .contains("audit.pdf: not a format that is written; name it .md, .html or .json"),
        "{}",
        refused.err
    );
    assert!(!folder.path().join("audit.pdf").exists());
    for named in [&["audit.pdf", "--format", "markdown"] as &[&str], &["AUDIT"], &["audit.HTM"]] {
        assert_eq!(
            perfaudit(folder.path(), &[&["report", "-o"], named].concat()).code,
            Some(0),
            "{named:?}"
        );
    }
}
