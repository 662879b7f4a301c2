//! A part of a project is reported on as in the scan of the whole, wherever one stands.

use std::fs;
use std::path::Path;

use crate::baseline::{function, module, perfaudit, write};

/// A copy of the shop, in which findings of one folder rest on what others declare, call and ask.
fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop-fastapi");
    for entry in walkdir::WalkDir::new(&from).into_iter().filter_map(Result::ok) {
        let to = folder.path().join("shop").join(entry.path().strip_prefix(&from).expect("below"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).expect("a folder");
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
    folder
}

/// What a scan finds: identity, weight and place of each finding.
fn found(at: &Path, arguments: &[&str]) -> Vec<[String; 4]> {
    let all = [&["scan", "--no-cache", "--format", "json", "--fail-on", "never"], arguments].concat();
    let run = perfaudit(at, &all);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
    let row = |finding: &serde_json::Value| {
        [
            finding["fingerprint"].to_string(),
            finding["priority"].to_string(),
            finding["reason"].to_string(),
            finding["location"].to_string(),
        ]
    };
    report["findings"].as_array().expect("findings").iter().map(row).collect()
}

#[test]
fn a_part_has_the_findings_that_the_whole_has_there() {
    let folder = shop();
    let at = folder.path().join("shop");
    let whole = found(&at, &[]);
    for part in ["server/routes", "server/routes/orders.py", "client", "alembic"] {
        let expected: Vec<_> = whole.iter().filter(|row| row[3].contains(&format!("\"{part}"))).cloned().collect();
        assert!(!expected.is_empty(), "{part} has findings");
        assert_eq!(found(&at, &[part]), expected, "{part} from the root");
        assert_eq!(found(&at.join("server"), &[&format!("../{part}")]), expected, "{part} from beside");
        assert_eq!(found(folder.path(), &[&format!("shop/{part}")]), expected, "{part} from outside");
        if at.join(part).is_dir() {
            assert_eq!(found(&at.join(part), &[]), expected, "{part} from within");
        }
    }
    assert_eq!(found(folder.path(), &["shop"]), whole);
    assert_eq!(found(&at.join("server"), &[".."]), whole);
    let several: Vec<_> = whole
        .iter()
        .filter(|row| row[3].contains("\"client") || row[3].contains("\"alembic"))
        .cloned()
        .collect();
    assert_eq!(found(&at, &["client", "alembic"]), several);
    let alone = found(&at, &["server/routes", "--isolated"]);
    assert!(
        alone.len() < whole.iter().filter(|row| row[3].contains("\"server/routes")).count(),
        "{alone:?}"
    );
}

#[test]
fn what_was_read_and_what_is_reported_on_is_said() {
    let folder = shop();
    let at = folder.path().join("shop");
    let run = perfaudit(&at.join("client"), &["scan", "--no-cache", "--fail-on", "never"]);
    let line = run
        .out
        .lines()
        .find(|line| line.starts_with("Read: "))
        .unwrap_or_else(|| panic!("{}", run.out));
    assert!(
        line.starts_with("Read: the whole project, 32 files; reported on: client ("),
        "{line}"
    );
    assert!(line.contains("; elsewhere: "), "{line}");
    assert!(
        !perfaudit(&at, &["scan", "--no-cache"]).out.contains("Read: "),
        "all is reported on"
    );
    fs::create_dir(at.join("papers")).expect("a folder");
    let none = perfaudit(&at.join("papers"), &["scan", "--no-cache"]);
    assert!(
        none.out
            .starts_with("Nothing was checked: no file of papers was read, of the project 32 files."),
        "{}",
        none.out
    );
}

#[test]
fn a_folder_in_no_project_is_read_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "one/a.py", &module(&[function("load", "users", "id")]));
    write(at, "two/b.py", &module(&[function("load", "users", "id")]));
    let run = perfaudit(at, &["scan", "--no-cache", "one"]);
    assert!(run.out.contains("in 1 of 1 file read"), "{}", run.out);
    write(at, "pyproject.toml", "[project]\nname = 'x'\n");
    let run = perfaudit(at, &["scan", "--no-cache", "one"]);
    assert!(run.out.contains("in 1 of 2 files read"), "{}", run.out);
}

#[test]
fn tests_that_are_asked_for_are_read_with_their_project_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "pyproject.toml", "[project]\nname = 'x'\n");
    write(at, "app/a.py", &module(&[function("load", "users", "id")]));
    for tests in ["app/tests", "tests"] {
        write(at, &format!("{tests}/test_a.py"), &module(&[function("load", "goats", "id")]));
    }
    let run = perfaudit(at, &["scan", "--no-cache", "tests"]);
    assert!(run.out.contains("tests/test_a.py") && !run.out.contains("app/"), "{}", run.out);
    assert!(
        run.out.contains("in 1 of 2 files read") && run.out.contains("1 test file left out"),
        "{}",
        run.out
    );
}

#[test]
fn a_baseline_of_the_whole_holds_for_a_part() {
    let folder = shop();
    let at = folder.path().join("shop");
    assert_eq!(perfaudit(&at, &["baseline", "--no-cache"]).code, Some(0));
    let arguments = ["scan", "--no-cache", "--baseline", "../perfaudit-baseline.json", "--fail-on", "p3"];
    let run = perfaudit(&at.join("server"), &arguments);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(run.out.contains("(0 new, ") && run.out.contains(" 0 fixed)"), "{}", run.out);
}
