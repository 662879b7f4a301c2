//! Annotated applications under `fixtures/`: what is expected on a line is found there, and nothing else is.
//!
//! `expect: rule` and `ok: rule` (several rules with a space or a comma between) stand in a comment at the end of the line, or alone
//! on the line above.

use std::collections::BTreeSet;
use std::path::Path;

use perfaudit::engine::registry::ids;
use perfaudit::{Config, audit};

const SIGNS: [&str; 5] = ["#", "//", "--", "/*", "<!--"];

type Mark = (String, u32, String);
/// Lines and rules of `expect:`, those of `ok:`, and typos.
type Annotations = (Vec<(u32, String)>, Vec<(u32, String)>, Vec<String>);

/// What the comments of one text say: (line, rule) pairs for `expect:` and for `ok:`, and the typos among the rules.
fn annotations(text: &str) -> Annotations {
    let (mut expected, mut passing, mut typos) = (Vec::new(), Vec::new(), Vec::new());
    let mut waiting: Vec<(bool, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index as u32 + 1;
        let mut here = Vec::new();
        let mut is_alone = false;
        if let Some((at, is_expected, rules)) = annotation(line) {
            is_alone = line[..at].trim().is_empty() || line[..at].trim() == "{";
            for rule in rules {
                if !ids().contains(&rule.as_str()) {
                    // A rule that is not built yet is no mistake; one that almost is, is.
                    typos.extend(perfaudit::error::nearest(&rule, &ids()).map(|near| format!("{number}: `{rule}`, not `{near}`")));
                }
                here.push((is_expected, rule));
            }
        }
        if is_alone {
            waiting.append(&mut here);
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        for (is_expected, rule) in waiting.drain(..).chain(here) {
            let list = if is_expected { &mut expected } else { &mut passing };
            list.push((number, rule));
        }
    }
    (expected, passing, typos)
}

/// An annotation in a line: where its comment starts, whether it is `expect:`, and its rules.
fn annotation(line: &str) -> Option<(usize, bool, Vec<String>)> {
    for (word, is_expected) in [("expect:", true), ("ok:", false)] {
        for (at, _) in line.match_indices(word) {
            let before = line[..at].trim_end();
            let Some(sign) = SIGNS.iter().find(|sign| before.ends_with(**sign)) else {
                continue;
            };
            let words = line[at + word.len()..].split([' ', ',', '\t']).filter(|word| !word.is_empty());
            let is_rule = |word: &&str| word.contains('-') && word.starts_with(|first: char| first.is_ascii_lowercase());
            let rules = words
                .take_while(is_rule)
                .map(|word| word.trim_end_matches([';', '.', ':']).to_owned())
                .collect();
            return Some((before.len() - sign.len(), is_expected, rules));
        }
    }
    None
}

/// What is wrong with one fixture.
fn mistakes(folder: &Path) -> Vec<String> {
    let report = audit(&Config {
        root: folder.to_owned(),
        ..Config::default()
    })
    .expect("a report");
    // A finding of several places stands at each of them.
    let places = report.findings.iter().flat_map(|finding| {
        let others = finding
            .related
            .iter()
            .filter(|related| related.role == perfaudit::finding::Role::Place);
        let locations = others.map(|related| &related.location).chain([&finding.location]);
        locations.map(|location| (location.file.clone(), location.start_line, finding.rule.clone()))
    });
    let found: BTreeSet<Mark> = places.collect();
    let (mut wanted, mut passing, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let path = entry.path();
        let Some(kind) = perfaudit::walk::FileKind::of(&path.to_string_lossy()).filter(|_| path.is_file()) else {
            continue;
        };
        // Read as the tool reads: a file in another encoding has its annotations too.
        let file = perfaudit::walk::SourceFile {
            path: String::new(),
            absolute: path.to_owned(),
            kind,
        };
        let read = perfaudit::walk::read(&file).and_then(|bytes| perfaudit::walk::decode(&file.path, file.kind, bytes));
        let Ok(perfaudit::walk::Text { text, .. }) = read else {
            continue;
        };
        let file = entry
            .path()
            .strip_prefix(folder)
            .expect("inside")
            .to_string_lossy()
            .replace('\\', "/");
        let (marks, near_misses, typos) = annotations(&text);
        let known = |all: Vec<(u32, String)>| all.into_iter().filter(|(_, rule)| ids().contains(&rule.as_str()));
        wanted.extend(known(marks).map(|(line, rule)| (file.clone(), line, rule)));
        passing.extend(known(near_misses).map(|(line, rule)| (file.clone(), line, rule)));
        wrong.extend(typos.into_iter().map(|typo| format!("{file}:{typo}")));
    }
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let say = |(file, line, rule): &Mark, what: &str| format!("fixtures/{name}/{file}:{line}: {rule} {what}");
    wrong.extend(wanted.difference(&found).map(|mark| say(mark, "is expected and not found")));
    wrong.extend(found.difference(&wanted).map(|mark| {
        let is_near_miss = passing.contains(mark);
        let message = report
            .findings
            .iter()
            .find(|finding| (&finding.location.file, finding.location.start_line, &finding.rule) == (&mark.0, mark.1, &mark.2));
        let what = if is_near_miss {
            "is found on a line marked ok"
        } else {
            "is found and not expected"
        };
        say(mark, &format!("{what}: {}", message.map_or("", |finding| finding.message.as_str())))
    }));
    wrong
}

#[test]
fn fixtures_have_the_findings_they_say_and_no_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = walkdir::WalkDir::new(&root)
        .min_depth(1)
        .max_depth(1)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok);
    let wrong: Vec<String> = folders
        .filter(|entry| entry.file_type().is_dir())
        .flat_map(|entry| mistakes(entry.path()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn annotations_are_read_in_every_comment_style() {
    let text = "a()  # expect: n-plus-one other-rule (why)\n\n// ok: n-plus-one\n\nb()\nc /* expect: n-plus-one */\n{/* expect: n-plus-one */}\n<A/>\n-- expect: n-plus-one\nd\nlet ok: x\n";
    let (expected, passing, typos) = annotations(text);
    let one = |line| (line, "n-plus-one".to_owned());
    assert_eq!(expected, [one(1), (1, "other-rule".to_owned()), one(6), one(8), one(10)]);
    assert_eq!(passing, [one(5)]);
    assert!(typos.is_empty());
    assert_eq!(annotations("x # expect: n-plus-on\n").2, ["1: `n-plus-on`, not `n-plus-one`"]);
}
