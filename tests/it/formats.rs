//! Formats that other tools read keep to those tools' schemas, on every fixture and on hostile names.

use std::collections::BTreeMap;
use std::path::Path;

use crate::baseline::{perfaudit, write};
use boon::{Compiler, Schemas};
use perfaudit::config::Details;
use perfaudit::engine::pages::Pages;
use perfaudit::finding::{Confidence, Finding, Location, Priority, Role};
use perfaudit::report::{RuleText, RuleTexts, audit as reviewers, full, github, gitlab, json, junit, sarif, shown};
use perfaudit::{Config, Report, audit, audit_texts};

/// What a schema of `tests/schemas` says against a JSON text.
fn violations(schema: &str, text: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas").join(schema);
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let id = compiler.compile(&file.to_string_lossy(), &mut schemas).expect("a valid schema");
    let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    schemas.validate(&value, id).err().map(|error| format!("{error:#}"))
}

fn texts() -> RuleTexts {
    let pages = Pages::built_in().expect("valid pages");
    let texts = pages.iter().map(|page| {
        let text = RuleText {
            title: page.title.clone(),
            help: page.body.clone(),
            category: page.category.clone(),
            is_built_in: true,
        };
        (page.id.clone(), text)
    });
    texts.collect()
}

/// A path, a function and a table whose names would break out of every format.
fn hostile() -> Report {
    let name = "a\u{1b}[31m|`<b>&\"'\n::error::x\u{202e}]]>.py";
    let code = "import psycopg2\n\n\ndef f(cursor, ids):\n    for one in ids:\n        cursor.execute(\"SELECT a FROM \\\"x|`<i>\\\" WHERE id = %s -- ]]> <b>\", (one,))\n        cursor.fetchone()\n";
    let config = Config {
        details: Details::All,
        ..Config::default()
    };
    let report = audit_texts(&config, vec![(name.to_owned(), code.to_owned())]).expect("a report");
    assert!(!report.findings.is_empty(), "the hostile file has a finding");
    report
}

/// The report of each fixture, of a hostile project, and of nothing.
fn reports() -> Vec<(String, Report)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = walkdir::WalkDir::new(root).min_depth(1).max_depth(1).sort_by_file_name();
    let folders = folders
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_dir());
    let mut reports: Vec<(String, Report)> = folders
        .map(|entry| {
            let config = Config {
                root: entry.path().to_owned(),
                details: Details::All,
                ..Config::default()
            };
            (entry.file_name().to_string_lossy().into_owned(), audit(&config).expect("a report"))
        })
        .collect();
    reports.push(("hostile names".to_owned(), hostile()));
    reports.push(("nothing".to_owned(), Report::default()));
    reports
}

#[test]
fn every_format_is_what_its_readers_take() {
    let rules = texts();
    for (name, report) in reports() {
        assert_eq!(
            violations("sarif-2.1.0.json", &sarif::render(&report, &rules)),
            None,
            "SARIF of {name}"
        );
        assert_eq!(
            violations("gitlab-code-quality.json", &gitlab::render(&report)),
            None,
            "GitLab of {name}"
        );
        for fail_on in [None, Some(Priority::P1), Some(Priority::P3)] {
            check_junit(&name, &junit::render(&report, fail_on), &report, fail_on);
        }
        let read: Report = serde_json::from_str(&json::render(&report)).expect("the JSON reads back");
        assert_eq!(read.findings.len(), report.findings.len(), "JSON of {name}");
        let annotations = github::render(&report, Some(Priority::P3));
        assert!(
            annotations.lines().filter(|line| line.starts_with("::error ")).count() <= 10,
            "GitHub of {name}"
        );
        for line in annotations.lines() {
            let is_command = ["::error ", "::warning ", "::notice "].iter().any(|start| line.starts_with(start));
            assert!(is_command, "GitHub of {name}: {line}");
        }
        for color in [false, true] {
            let text = full::render(&report, color, true, None);
            let plain = text.replace("\u{1b}[", "");
            let steering = plain.chars().any(|character| character == '\u{202e}' || (character == '\u{1b}'));
            assert!(!steering && !text.contains("\u{1b}[31m|"), "full of {name}");
        }
    }
}

#[test]
fn a_schema_notices_what_is_wrong() {
    let text = sarif::render(&hostile(), &texts());
    assert!(violations("sarif-2.1.0.json", &text.replace("\"ruleId\"", "\"rule_id\"")).is_some());
    let text = gitlab::render(&hostile());
    assert!(violations("gitlab-code-quality.json", &text.replace("\"fingerprint\"", "\"print\"")).is_some());
}

#[test]
fn sarif_carries_chains_help_and_two_fingerprints() {
    let log: serde_json::Value = serde_json::from_str(&sarif::render(&hostile(), &texts())).expect("JSON");
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert!(
        !result["codeFlows"][0]["threadFlows"][0]["locations"]
            .as_array()
            .expect("a flow")
            .is_empty()
    );
    let prints = result["partialFingerprints"].as_object().expect("fingerprints");
    assert!(
        prints.contains_key("perfaudit/v1") && prints.contains_key("perfauditIdentity/v1"),
        "{prints:?}"
    );
    let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
    assert_eq!(rule["id"], result["ruleId"]);
    assert!(rule["help"]["markdown"].as_str().expect("help").contains("## How to fix it"));
}

/// What `JUnit` readers (Jenkins, GitLab, Azure) require: elements, attributes, and sums that hold.
fn check_junit(name: &str, text: &str, report: &Report, fail_on: Option<Priority>) {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("JUnit of {name}: {error}"));
    let number = |node: roxmltree::Node<'_, '_>, attribute: &str| -> usize {
        let value = node
            .attribute(attribute)
            .unwrap_or_else(|| panic!("{name}: <{}> has no {attribute}", node.tag_name().name()));
        value.parse().expect("a number")
    };
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let elements = |node: roxmltree::Node<'_, '_>| {
        node.children()
            .filter(roxmltree::Node::is_element)
            .map(|child| child.id())
            .collect::<Vec<_>>()
    };
    let (mut tests, mut failures) = (0, 0);
    for suite in elements(root) {
        let suite = document.get_node(suite).expect("a node");
        assert!(suite.tag_name().name() == "testsuite" && suite.attribute("name").is_some_and(|name| !name.is_empty()));
        let mut failed = 0;
        let cases = elements(suite);
        for case in &cases {
            let case = document.get_node(*case).expect("a node");
            assert_eq!(case.tag_name().name(), "testcase");
            assert!(
                ["name", "classname", "time"]
                    .iter()
                    .all(|attribute| case.attribute(*attribute).is_some()),
                "{name}"
            );
            for child in case.children().filter(roxmltree::Node::is_element) {
                assert!(child.tag_name().name() == "failure" && child.attribute("type").is_some());
                failed += 1;
            }
        }
        assert_eq!(
            (number(suite, "tests"), number(suite, "failures"), number(suite, "errors")),
            (cases.len(), failed, 0),
            "{name}"
        );
        tests += cases.len();
        failures += failed;
    }
    assert_eq!((number(root, "tests"), number(root, "failures")), (tests, failures), "{name}");
    assert_eq!(failures, shown::failing(report, fail_on).len() + report.not_judged.len(), "{name}");
    let names: Vec<(&str, &str)> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .filter_map(|case| Some((case.attribute("classname")?, case.attribute("name")?)))
        .collect();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{name}: a reader tells cases apart by their names");
}

/// Every place lies in its file, and the code that a report shows for it is what stands there.
fn check_places(name: &str, root: &Path, report: &Report) {
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let related = report
        .findings
        .iter()
        .flat_map(|finding| &finding.related)
        .map(|related| &related.location);
    let own = report.findings.iter().map(|finding| &finding.location);
    let well = report.strengths.iter().map(|strength| &strength.location);
    // Code is shown of findings only.
    let shown = own.chain(related).map(|place| (place, report.sources.excerpt(place)));
    for (place, excerpt) in shown.chain(well.map(|place| (place, None))) {
        let lines = texts.entry(&place.file).or_insert_with(|| {
            let text = std::fs::read_to_string(root.join(&place.file)).unwrap_or_default();
            text.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect()
        });
        // What is not UTF-8 has other lines here than where it was read with replacement characters.
        if lines.is_empty() {
            continue;
        }
        let columns = |line: u32| lines.get(line as usize - 1).map(|line| line.chars().count() as u32 + 1);
        let at = format!("{name}: {place:?}");
        assert!(1 <= place.start_line && place.start_line <= place.end_line, "{at}");
        let start = columns(place.start_line).unwrap_or_else(|| panic!("{at} starts after the end of its file"));
        let end = columns(place.end_line).unwrap_or_else(|| panic!("{at} ends after the end of its file"));
        assert!(1 <= place.start_column && place.start_column <= start, "{at}: {start} columns");
        assert!(1 <= place.end_column && place.end_column <= end, "{at}: {end} columns");
        if place.start_line == place.end_line {
            assert!(place.start_column <= place.end_column, "{at}");
        }
        let Some(excerpt) = excerpt else { continue };
        for (line, number) in excerpt.lines.iter().zip(excerpt.first..) {
            let whole = &lines[number as usize - 1];
            let is_same = line.contains('…') || line == whole.trim_end();
            assert!(is_same, "{at}: line {number} is shown as {line:?}");
        }
    }
}

/// Offsets of the file of a mixin mean nothing in the file of the model that has its columns.
#[test]
fn what_a_model_inherits_stands_at_its_class() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "# A long file.\n".repeat(40);
    let django = "from django.db import models\nfrom .base import Stamped\n\n\nclass Post(Stamped):\n    title = models.TextField()\n";
    let mixin = "from django.db import models\nclass Stamped(models.Model):\n    created_at = models.DateTimeField(db_index=True)\n    class Meta:\n        abstract = True\n        indexes = [models.Index(fields=['created_at'])]\n";
    write(folder.path(), "blog/base.py", &format!("{long}{mixin}"));
    write(folder.path(), "blog/models.py", django);
    let alchemy = "from sqlalchemy import Column, Integer\nfrom core.base import Base, Dated\n\n\nclass Note(Dated, Base):\n    __tablename__ = 'notes'\n    id = Column(Integer, primary_key=True)\n";
    let mixin = "from sqlalchemy import Column, DateTime\nfrom sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase):\n    pass\nclass Dated:\n    dated_at = Column(DateTime, index=True)\n";
    write(folder.path(), "core/base.py", &format!("{long}{mixin}"));
    write(folder.path(), "core/notes.py", alchemy);
    let run = perfaudit(folder.path(), &["schema", "--format", "json"]);
    let schema: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    for column in ["created_at", "dated_at"] {
        let tables = schema["tables"].as_array().expect("tables").iter();
        let parts = tables.flat_map(|table| [&table["columns"], &table["indexes"]]);
        let parts: Vec<_> = parts.flat_map(|parts| parts.as_array().expect("a list")).collect();
        let of_column = |part: &&&serde_json::Value| part["name"] == column || part["keys"][0]["column"] == column;
        let found: Vec<_> = parts.iter().filter(of_column).map(|part| &part["places"][0]["line"]).collect();
        assert!(found.len() >= 2 && found.iter().all(|line| **line == 5), "{column}: {found:?}");
    }
}

#[test]
fn places_lie_in_their_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for (name, report) in reports() {
        if root.join(&name).is_dir() {
            check_places(&name, &root.join(&name), &report);
        }
    }
}

/// The same of real trees: `ci/formats.sh TREE…`.
#[test]
#[ignore = "needs trees, which ci/formats.sh names"]
fn formats_of_real_trees_are_what_their_readers_take() {
    let trees = std::env::var("PERFAUDIT_TREES").expect("PERFAUDIT_TREES: folders, one a line");
    let trees = trees.lines().filter(|tree| !tree.is_empty());
    // Each says what is wrong with it, and the next one is looked at.
    let wrong: Vec<&str> = trees
        .filter(|tree| std::panic::catch_unwind(|| check_tree(tree)).is_err())
        .collect();
    assert_eq!(wrong, [""; 0]);
}

fn check_tree(tree: &str) {
    let config = Config {
        root: tree.into(),
        details: Details::Code,
        cache: false,
        ..Config::default()
    };
    let report = audit(&config).expect("a report");
    let sarif = sarif::render(&report, &texts());
    assert_eq!(violations("sarif-2.1.0.json", &sarif), None, "SARIF of {tree}");
    let gitlab = gitlab::render(&report);
    assert_eq!(violations("gitlab-code-quality.json", &gitlab), None, "GitLab of {tree}");
    check_junit(tree, &junit::render(&report, Some(Priority::P2)), &report, Some(Priority::P2));
    check_places(tree, Path::new(tree), &report);
}

#[test]
fn the_page_for_reviewers_is_whole_and_calls_nothing() {
    for (name, report) in reports() {
        for form in [reviewers::AuditFormat::Markdown, reviewers::AuditFormat::Html] {
            // What is read as a whole counts most of them; asked for, all are there.
            let sections: &[&str] = match form {
                reviewers::AuditFormat::Markdown => &["summary", "themes", "backlog", "findings", "queries", "endpoints", "strengths"],
                reviewers::AuditFormat::Html => &[],
            };
            let options = reviewers::AuditOptions {
                form,
                sections: sections.iter().map(|&name| name.to_owned()).collect(),
                max_findings: Some(usize::MAX),
                ..reviewers::AuditOptions::default()
            };
            let text = reviewers::render(&report, &texts(), &options).expect("the built-in template");
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{name}");
            for finding in &report.findings {
                let id = &finding.fingerprint[..8];
                assert!(text.contains(id), "{name}: {id} is not in the {form:?}");
            }
            if form == reviewers::AuditFormat::Html {
                check_html(&name, &text);
            } else {
                let open = text.matches("<details>").count();
                assert_eq!(open, text.matches("</details>").count(), "{name}");
                assert!(!text.contains("\n\n\n\n"), "{name} has holes");
            }
        }
    }
}

#[test]
fn the_audit_is_short_and_tells_every_cause() {
    for (name, report) in reports() {
        let text = reviewers::render(&report, &texts(), &reviewers::AuditOptions::default()).expect("the built-in template");
        assert!(text.lines().count() <= 600, "{name}: {} lines", text.lines().count());
        assert!(!text.contains("\n\n\n\n"), "{name} has holes");
        let themes = text.lines().filter(|line| line.starts_with("### PERF-")).count();
        let rules: std::collections::BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert!(themes <= 12 && (themes == 0) == rules.is_empty(), "{name}: {themes} themes");
    }
}

/// Which theme a loop belongs to rests on what its rule knows, not on what an inventory lacks.
#[test]
fn every_loop_says_what_it_repeats() {
    for (name, report) in reports() {
        let silent = report
            .findings
            .iter()
            .filter(|finding| finding.rule == "n-plus-one" && finding.repeats.is_none());
        let places: Vec<String> = silent.map(|finding| finding.location.file.clone()).collect();
        assert!(places.is_empty() || name == "hostile names", "{name}: {places:?}");
    }
}

/// The page's script takes apart only what the page puts together: a value a line.
#[test]
fn names_of_a_repository_are_whole_values_of_the_pages_filters() {
    let odd = ["[locale]/shop", "[\"a\"]", "a\nb", "x\" onload=\"y"];
    let mut report = Report::default();
    for (folder, line) in odd.iter().zip(1..) {
        let location = Location {
            file: format!("{folder}/deep/page.ts"),
            start_line: line,
            ..Location::default()
        };
        let mut finding = Finding::new("n-plus-one", Priority::P1, Confidence::High, location.clone());
        finding.fingerprint = format!("{line:016x}");
        finding.relate(location.clone(), Role::Endpoint, format!("GET /{folder}"));
        finding.relate(location, Role::Endpoint, "GET /b");
        report.findings.push(finding);
    }
    let options = reviewers::AuditOptions {
        form: reviewers::AuditFormat::Html,
        ..reviewers::AuditOptions::default()
    };
    let page = reviewers::render(&report, &texts(), &options).expect("the built-in template");
    for value in [
        "data-folder=\"[locale]/shop\"",
        "data-route=\"GET /[locale]/shop&#10;GET /b\"",
        "data-folder=\"[&quot;a&quot;]/deep\"",
        "data-folder=\"a b/deep\"",
        "data-route=\"GET /a b&#10;GET /b\"",
        "<option value=\"GET /b\">GET /b (4)</option>",
        "<option value=\"[locale]/shop\">[locale]/shop (1)</option>",
    ] {
        assert!(page.contains(value), "{value} is missing");
    }
    assert!(!page.contains(" onload=\"y"));
}

/// The page holds the first findings only; its headings and filters say how many the run found.
#[test]
fn what_the_page_leaves_out_counts_in_its_totals() {
    let mut report = Report::default();
    for line in 1..=40_u32 {
        let location = Location {
            file: "app/a.py".to_owned(),
            start_line: line,
            ..Location::default()
        };
        let mut finding = Finding::new("n-plus-one", Priority::P1, Confidence::High, location);
        finding.category = "query".to_owned();
        finding.fingerprint = format!("{line:016x}");
        report.findings.push(finding);
    }
    report.summary.findings = report.findings.len();
    let options = reviewers::AuditOptions {
        form: reviewers::AuditFormat::Html,
        max_findings: Some(5),
        ..reviewers::AuditOptions::default()
    };
    let page = reviewers::render(&report, &texts(), &options).expect("the built-in template");
    assert_eq!(page.matches("data-thing=\"finding\" ").count(), 5);
    for part in [
        "<h2 id=\"findings\" data-counts=\"finding\" data-total=\"40\">Findings<span class=\"count\"> (40)</span>",
        "<h3 data-counts=\"finding\" data-total=\"40\">Query<span class=\"count\"> (40)</span>",
        "<option value=\"n-plus-one\">n-plus-one (40)</option>",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
}

#[test]
fn the_pages_policy_lets_only_its_own_script_and_style_run() {
    use sha2::Digest as _;
    let (_, report) = reports().into_iter().next().expect("a report");
    let options = reviewers::AuditOptions {
        form: reviewers::AuditFormat::Html,
        ..reviewers::AuditOptions::default()
    };
    let text = reviewers::render(&report, &texts(), &options).expect("the built-in template");
    let between = |start: &str, end: &str| {
        text.split_once(start)
            .and_then(|(_, rest)| rest.split_once(end))
            .expect("an element")
            .0
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    for element in ["style", "script"] {
        let content = between(&format!("<{element}>"), &format!("</{element}>"));
        let digest = sha2::Sha256::digest(content.as_bytes());
        let listed = policy
            .split(&format!("{element}-src 'sha256-"))
            .nth(1)
            .and_then(|rest| rest.split('\'').next());
        let listed = listed.expect("a hash").to_owned();
        assert_eq!(decoded(&listed), digest.to_vec(), "{element}");
    }
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert!(
        !text.contains(" style=\"") && !text.contains(" onclick"),
        "what the policy would stop"
    );
}

/// The bytes of a text in base 64.
fn decoded(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = String::new();
    for letter in text.trim_end_matches('=').chars() {
        bits.push_str(&format!("{:06b}", letters.find(letter).expect("a letter")));
    }
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).expect("bits"), 2).expect("a byte"))
        .collect()
}

/// Every element that must be closed is, in order, and nothing is loaded from elsewhere.
fn check_html(name: &str, text: &str) {
    for load in [
        "<img",
        "<link",
        "<iframe",
        "<object",
        "<embed",
        "<script src",
        "http-equiv=\"refresh",
    ] {
        assert!(!text.contains(load), "{name}: the page has {load}");
    }
    let body = text
        .split_once("<body>")
        .expect("a body")
        .1
        .split_once("<script>")
        .expect("a script")
        .0;
    let mut open: Vec<&str> = Vec::new();
    for tag in body.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or_default();
        let element = inside.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        if ["input", "br", "meta"].contains(&element) {
            continue;
        }
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(element), "{name}: </{element}> closes another element");
        } else {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: not closed: {open:?}");
}
