//! The same input gives the same bytes: threads, the order of files, the locale, the place of the checkout make no difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use perfaudit::{Config, audit_texts};

const FORMATS: [&str; 11] = [
    "table", "full", "concise", "json", "markdown", "html", "pr", "sarif", "github", "gitlab", "junit",
];

/// All fixtures, and files that import, call and inherit from each other in a circle.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().flatten();
    let mut texts: Vec<_> = files
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
            Some((path, fs::read_to_string(entry.path()).ok()?))
        })
        .collect();
    for at in 0..12 {
        let next = (at + 1) % 12;
        let python = format!(
            "from cycle.m{next} import *\nfrom cycle.m{next} import run{next}, Base{next}\nimport requests\n\n\
             class Base{at}(Base{next}):\n    def go(self, rows):\n        return [self.go(row) for row in rows]\n\n\
             def run{at}(rows, seen={{}}):\n    seen[rows] = run{next}(rows)\n    for row in rows:\n        requests.get(row)\n    return Base{at}().go(rows)\n"
        );
        texts.push((format!("cycle/m{at}.py"), python));
        let typescript = format!(
            "export * from './m{next}';\nimport {{ run{next} }} from './m{next}';\n\
             export async function run{at}(rows) {{ for (const row of rows) {{ await fetch(row); await run{next}([row]); }} }}\n"
        );
        texts.push((format!("cycle/m{at}.ts"), typescript));
    }
    texts
}

fn write(texts: &[(String, String)], folder: &Path) {
    for (path, text) in texts {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("written");
    }
}

/// What a scan from a folder prints.
fn scan(root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::cargo_bin("perfaudit").expect("the binary");
    command.current_dir(root).timeout(Duration::from_secs(120));
    command.args(["scan", "--fail-on", "never"]).args(arguments);
    command.envs(environment.iter().copied());
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Where two texts part, for a message that can be read.
fn assert_same(one: &str, other: &str, what: &str) {
    if let Some((line, other)) = one.lines().zip(other.lines()).find(|(one, other)| one != other) {
        panic!("{what}:\n{line}\n{other}");
    }
    assert_eq!(one.len(), other.len(), "{what}");
}

#[test]
fn threads_place_and_surroundings_change_no_byte() {
    let (here, elsewhere, packs) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let texts = texts();
    let other: PathBuf = elsewhere.path().join("deep er/checkout");
    write(&texts, here.path());
    write(&texts, &other);
    let packs = packs.path().to_string_lossy().into_owned();
    for format in FORMATS {
        let base = ["--format", format];
        let first = scan(here.path(), &[&base[..], &["--no-cache", "--threads", "1"]].concat(), &[]);
        assert!(first.contains("n-plus-one") || first.len() > 5000, "{format}");
        let counts: &[&str] = if format == "json" {
            &["2", "3", "8", "8", "3", "2"]
        } else {
            &["8"]
        };
        for threads in counts {
            let again = scan(here.path(), &[&base[..], &["--no-cache", "--threads", threads]].concat(), &[]);
            assert_same(&first, &again, &format!("{format} with {threads} threads"));
        }
        let odd = [
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "Pacific/Kiritimati"),
            ("HOME", "/nonexistent"),
            ("PERFAUDIT_CACHE_DIR", packs.as_str()),
        ];
        for what in ["a cold cache", "a warm cache"] {
            assert_same(&first, &scan(&other, &base, &odd), &format!("{format} elsewhere with {what}"));
        }
    }
}

#[test]
fn the_order_of_files_changes_nothing() {
    let mut texts = texts();
    let render = |texts: &[(String, String)]| {
        let report = audit_texts(&Config::default(), texts.to_vec()).expect("a report");
        perfaudit::report::json::render(&report)
    };
    let first = render(&texts);
    let mut random = fastrand::Rng::with_seed(3);
    for round in 0..3 {
        random.shuffle(&mut texts);
        assert_same(&first, &render(&texts), &format!("round {round}"));
    }
}
