//! Broken input is read for what it still says: files of the fixtures, cut, torn and spliced, never end a run or lose a rule.
//!
//! The seed is fixed, so that a failure repeats; the fuzz targets in `fuzz/` look further.

use std::path::Path;

use perfaudit::syntax::facts;
use perfaudit::walk::FileKind;
use perfaudit::{Config, audit_texts};

/// Words at which front ends turn; torn into a file, they open what nothing closes.
const TORN_IN: [&str; 24] = [
    "(",
    ")",
    "[",
    "{",
    "}",
    "'",
    "\"",
    "\"\"\"",
    "`",
    "${",
    "$$",
    "/*",
    "--",
    "#",
    ";",
    ":",
    "\\",
    "\r",
    "\u{0}",
    "\u{feff}",
    "async ",
    "for x in ",
    "=> ",
    "SELECT * FROM ",
];

fn fixtures() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().flatten();
    let texts = files.filter_map(|entry| {
        let path = entry.path().strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
        FileKind::of(&path)?;
        let text = String::from_utf8_lossy(&std::fs::read(entry.path()).ok()?).into_owned();
        Some((path, text))
    });
    texts.collect()
}

/// A place in a text that is no part of a character.
fn place(text: &str, random: &mut fastrand::Rng) -> usize {
    let at = random.usize(..=text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn range(text: &str, random: &mut fastrand::Rng) -> (usize, usize) {
    let (one, other) = (place(text, random), place(text, random));
    (one.min(other), one.max(other))
}

/// One text, torn once to four times; `other` is spliced in.
fn torn(text: &str, other: &str, random: &mut fastrand::Rng) -> String {
    let mut text = text.to_owned();
    for _ in 0..random.u8(1..=4) {
        let (start, end) = range(&text, random);
        match random.u8(..6) {
            0 => text.truncate(end),
            1 => text.replace_range(start..end, ""),
            2 => text.insert_str(
                end,
                &text[start..end.min(start + 2000).max(start)]
                    .to_owned()
                    .chars()
                    .take(500)
                    .collect::<String>(),
            ),
            3 => {
                let (from, to) = range(other, random);
                text.insert_str(start, &other[from..to]);
            }
            _ => text.insert_str(start, TORN_IN[random.usize(..TORN_IN.len())]),
        }
    }
    text
}

#[test]
fn each_front_end_survives_torn_files() {
    let files = fixtures();
    assert!(files.len() > 40, "{} files", files.len());
    let mut random = fastrand::Rng::with_seed(7);
    for (path, text) in &files {
        let Some(kind) = FileKind::of(path) else { continue };
        for round in 0..12 {
            let other = &files[random.usize(..files.len())].1;
            let torn = torn(text, other, &mut random);
            let run = std::panic::catch_unwind(|| facts::extract(path, kind, &torn));
            assert!(run.is_ok(), "round {round} of {path} panics on:\n{torn}");
        }
    }
}

#[test]
fn a_project_with_torn_files_loses_no_rule() {
    let files = fixtures();
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..6 {
        let mut texts = Vec::new();
        for (path, text) in &files {
            let other = &files[random.usize(..files.len())].1;
            let text = if random.u8(..3) == 0 {
                torn(text, other, &mut random)
            } else {
                text.clone()
            };
            texts.push((path.clone(), text));
        }
        let report = audit_texts(&Config::default(), texts).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let failed: Vec<_> = report
            .coverage
            .notes
            .iter()
            .filter(|note| note.contains("internal error"))
            .collect();
        assert!(failed.is_empty(), "round {round}: {failed:?}");
        let skipped = format!("{:?}", report.coverage);
        assert!(!skipped.contains("InternalError"), "round {round}: {skipped}");
    }
}

#[test]
fn no_fixture_makes_a_rule_fail() {
    let report = audit_texts(&Config::default(), fixtures()).expect("a report");
    let notes = &report.coverage.notes;
    assert!(!notes.iter().any(|note| note.contains("internal error")), "{notes:?}");
    assert_eq!(report.failures, Vec::<String>::new());
}

/// Deep blocks are where the grammar's scanner writes past its own memory, and ends the process.
#[test]
fn a_file_indented_too_deeply_is_left_out_and_counted() {
    let deep: String = (0..600)
        .map(|level| format!("{}if x:\n", " ".repeat(level)))
        .collect::<Vec<_>>()
        .concat();
    let texts = [
        ("deep.py", format!("{deep}{}y = \"a\"\n", " ".repeat(600))),
        ("app.py", "x = 1\n".to_owned()),
    ];
    let texts = texts.map(|(path, text)| (path.to_owned(), text));
    let report = audit_texts(&Config::default(), texts.to_vec()).expect("a report");
    assert_eq!(report.coverage.files(), 1);
    let skipped = &report.coverage.skipped[&perfaudit::coverage::Reason::TooDeep];
    assert_eq!(skipped.examples, ["deep.py"]);
}

/// Every path between files that re-export each other would be walked: 60 of them have more paths than a run has time.
#[test]
fn files_that_re_export_each_other_are_searched_once() {
    let count = 60;
    let others = |at: usize| (0..count).filter(move |other| *other != at);
    let typescript = |at: usize| {
        let stars: String = others(at)
            .map(|other| format!("export * from './m{other}';\n"))
            .collect::<Vec<_>>()
            .concat();
        let (head, body) = if at == count - 1 {
            ("export const found = (x) => fetch('/' + x);\n", "")
        } else {
            ("import { found, missing } from './m1';\n", "missing(); await found(1);")
        };
        let text = format!("{stars}{head}export async function f{at}() {{ {body} }}\n");
        (format!("m{at}.ts"), text)
    };
    let python = |at: usize| {
        let stars: String = others(at)
            .map(|other| format!("from m{other} import *\n"))
            .collect::<Vec<_>>()
            .concat();
        (format!("m{at}.py"), format!("{stars}def f{at}():\n    return missing(1)\n"))
    };
    let texts = (0..count).flat_map(|at| [typescript(at), python(at)]).collect();
    let start = std::time::Instant::now();
    let report = audit_texts(&Config::default(), texts).expect("a report");
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    assert!(report.coverage.calls.resolved >= count - 1, "{:?}", report.coverage.calls);
}
