//! Every line that a run prints is its own: no name, text or message of the repository steers a terminal, a CI service, a code host
//! or a browser, in any format.

mod names;

use std::collections::BTreeMap;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

use comrak::nodes::NodeValue;
use perfaudit::config::Details;
use perfaudit::engine::baseline::Baseline;
use perfaudit::engine::places::Places;
use perfaudit::finding::Priority;
use perfaudit::report::calls::CallList;
use perfaudit::report::groups::{self, By};
use perfaudit::report::queries::QueryList;
use perfaudit::report::schema::{self, SchemaReport, dbml, mermaid};
use perfaudit::report::sources::Sources;
use perfaudit::report::{
    RuleTexts, audit as reviewers, concise, full, github, gitlab, json, junit, pr, queries_table, sarif, screen, table,
};
use perfaudit::{Config, Error, Report, audit, escape, understand};
use proptest::prelude::*;
use serde_json::Value;

/// What terminals, CI services, code hosts, browsers and our own formats give a meaning to.
const DANGEROUS: [&str; 76] = [
    "::error file=a::x",
    "::stop-commands::t",
    " \u{a0}::add-mask::a",
    "::",
    ":",
    "##[error]x",
    "##[",
    "##vso[task.setvariable variable=a]b",
    "##VSO[x]",
    "##teamcity[message text='x']",
    "##",
    "#",
    "section_start:1:a\r\u{1b}[0K",
    "travis_fold:start:a",
    "--- fold",
    "+++ open",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "    ",
    " ",
    "\u{1b}[31m",
    "\u{1b}[2J",
    "\u{1b}]8;;http://evil.example\u{7}",
    "\u{9b}2J",
    "\u{85}",
    "\u{0}",
    "\u{7f}",
    "\u{2028}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{ad}",
    "\u{fe0f}",
    "\u{61c}",
    "\u{e0041}",
    "\u{fffe}",
    "@org/team",
    "@",
    "#12",
    "!7",
    "GH-1",
    "deadbeef1",
    "http://evil.example",
    "www.evil.example",
    "a@evil.example",
    "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    "<!--",
    "</details>",
    "]]>",
    "&amp;",
    "&#64;org",
    "\"",
    "'",
    "`",
    "``",
    "```\n",
    "~~~",
    "|",
    "[x](http://evil.example)",
    "![x](y)",
    "[x]: http://evil.example",
    "*",
    "_",
    "$a$",
    "\\",
    "1. ",
    "- [ ] ",
    "{{ x }}",
    "{% if %}",
    "%0A::error::x",
    "\u{1f600}",
    "日本",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => proptest::sample::select(DANGEROUS.as_slice()).prop_map(str::to_owned),
        2 => "[a-z]{1,8}",
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// Hands out the texts in turn; a number keeps them apart.
struct Supply {
    texts: Vec<String>,
    given: usize,
}

impl Supply {
    fn next(&mut self) -> String {
        self.given += 1;
        format!("{}{}", self.texts[self.given % self.texts.len()], self.given)
    }
}

/// Puts other texts in the place of all that comes from a repository; `own` are the keys of words that are ours.
fn poison(value: &mut Value, key: &str, own: &[&str], supply: &mut Supply) {
    match value {
        Value::String(text) if !own.contains(&key) && !text.is_empty() => *text = supply.next(),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key, own, supply)),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| poison(value, key, own, supply)),
        _ => {}
    }
}

fn fixture(name: &str) -> Config {
    Config {
        root: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name),
        details: Details::All,
        ..Config::default()
    }
}

/// What the tool found in a fixture: the shape that all the reports here have.
struct Model {
    report: Value,
    schema: Value,
    queries: QueryList,
    calls: CallList,
}

impl Model {
    fn read() -> Model {
        let config = fixture("shop-fastapi");
        let mut report = audit(&config).expect("a report");
        report.findings.truncate(14);
        report.inventory.queries.truncate(6);
        report.inventory.endpoints.truncate(6);
        report.inventory.tables.truncate(3);
        let note = |text: &str| text.to_owned();
        report.coverage.notes = vec![note("a note")];
        report.coverage.not_utf8.add("a file");
        report
            .coverage
            .skipped
            .entry(perfaudit::coverage::Reason::TooLarge)
            .or_default()
            .add("a file");
        report.coverage.statements.not_understood.add("a statement");
        report.fixed = Baseline::of(&report.findings[..2]).findings;
        report.failures = vec![note("the rule")];
        report.commit = Some(note("a commit"));
        let suppression = serde_json::json!({"file": "a", "line": 1, "rules": ["r"], "scope": "line", "reason": "because", "used": 0});
        report.suppressions = vec![serde_json::from_value(suppression).expect("a suppression")];
        let (schema, queries, calls) = understand(&config, |project, coverage| {
            let schema = SchemaReport::new("a", project, coverage.clone());
            (
                schema,
                QueryList::of(project, "a", &Places::default()),
                CallList::of(project, "a", None, &Places::default()).expect("a list"),
            )
        })
        .expect("understood");
        let mut schema = schema;
        schema.tables.truncate(3);
        Model {
            report: serde_json::to_value(&report).expect("JSON"),
            schema: serde_json::to_value(&schema).expect("JSON"),
            queries,
            calls,
        }
    }

    fn report(&self, texts: &[String]) -> Report {
        const OWN: [&str; 14] = [
            "rule",
            "priority",
            "confidence",
            "effort",
            "status",
            "role",
            "fingerprint",
            "identity",
            "category",
            "unit",
            "origin",
            "tool",
            "version",
            "kind",
        ];
        let mut supply = Supply {
            texts: texts.to_vec(),
            given: 0,
        };
        let mut value = self.report.clone();
        poison(&mut value, "", &OWN, &mut supply);
        let mut report: Report = serde_json::from_value(value).expect("a report");
        report.tool = perfaudit::report::MadeBy::default();
        let code: Vec<String> = (0..400).map(|_| supply.next()).collect();
        report.sources = Sources::collect(&report.findings, |_| Some(code.join("\n")));
        report
    }

    fn schema(&self, texts: &[String]) -> SchemaReport {
        const OWN: [&str; 8] = ["source", "declared_in", "kind", "part", "version", "removed_by", "origin", "rows"];
        let mut supply = Supply {
            texts: texts.to_vec(),
            given: 0,
        };
        let mut value = self.schema.clone();
        poison(&mut value, "", &OWN, &mut supply);
        serde_json::from_value(value).expect("a schema")
    }

    fn lists(&self, texts: &[String]) -> (QueryList, CallList) {
        let mut supply = Supply {
            texts: texts.to_vec(),
            given: 0,
        };
        let (mut queries, mut calls) = (self.queries.clone(), self.calls.clone());
        queries.queries.truncate(20);
        for row in &mut queries.queries {
            (row.location.file, row.function, row.limit) = (supply.next(), supply.next(), supply.next());
            row.tables = vec![supply.next(), supply.next()];
            row.order = vec![supply.next()];
            row.eager = vec![supply.next()];
            row.entry.iter_mut().for_each(|entry| entry.label = supply.next());
            row.filters.iter_mut().for_each(|filter| filter.column = supply.next());
            row.index
                .iter_mut()
                .for_each(|index| (index.name, index.keys) = (supply.next(), supply.next()));
        }
        calls.functions.truncate(20);
        for row in &mut calls.functions {
            (row.location.symbol, row.location.file) = (supply.next(), supply.next());
            row.entry = Some(supply.next());
            for call in &mut row.calls {
                call.targets = vec![supply.next()];
                call.external = Some(supply.next());
            }
        }
        (queries, calls)
    }
}

/// Whether a character has no business in a line: written down once more, so that a hole in the tool's own list is seen.
fn steers(character: char) -> bool {
    let code = u32::from(character);
    character.is_control()
        || [0xAD, 0x61C, 0x180E, 0xFEFF].contains(&code)
        || (0x200B..=0x200F).contains(&code)
        || (0x2028..=0x202E).contains(&code)
        || (0x2060..=0x206F).contains(&code)
        || (0xFE00..=0xFE0F).contains(&code)
        || (0xE0000..=0xE0FFF).contains(&code)
}

/// Whether a CI service that searches the whole line finds a command in it.
fn holds_a_command(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let is_named = |rest: &str| {
        rest.find('[')
            .is_some_and(|end| rest[..end].bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    lower.match_indices("##").any(|(at, _)| is_named(&lower[at + 2..]))
        || ["section_start:", "section_end:", "travis_fold:"]
            .iter()
            .any(|mark| line.contains(mark))
}

/// Fails where a line steers its reader; `own` are the starts of lines that are commands by intent.
fn check_lines(format: &str, text: &str, own: &[&str]) {
    for line in text.split('\n') {
        let bad = line.chars().find(|&character| steers(character) && character != '\t');
        assert_eq!(bad, None, "{format} has a character that steers: {line:?}");
        assert!(!holds_a_command(line), "{format} has a command: {line:?}");
        let start = line.trim_start();
        let is_command = ["::", "--- ", "+++ "].iter().any(|command| start.starts_with(command));
        assert!(
            !is_command || own.iter().any(|own| line.starts_with(own)),
            "{format} has a line that is a command: {line:?}"
        );
    }
}

/// The elements of an HTML page and how often each stands there; those that backticks make are left out.
fn elements(page: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for tag in page.split('<').skip(1) {
        let name = tag.split([' ', '>', '\n']).next().unwrap_or_default();
        // Which words are marked in code depends on the words, and how many values there are to filter by on which names are the same.
        if !matches!(name, "code" | "/code" | "option" | "/option" | "span" | "/span") {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// What of a text a code host makes a mention, a reference or a link of.
fn live(text: &str) -> Option<&str> {
    let next = |sign: &str, wanted: fn(char) -> bool| text.match_indices(sign).find(|(at, _)| text[at + sign.len()..].starts_with(wanted));
    let found = next("@", char::is_alphanumeric).or_else(|| next("#", |next| next.is_ascii_digit()));
    let found = found
        .or_else(|| text.match_indices("://").next())
        .or_else(|| text.match_indices("www.").next());
    found.map(|(at, _)| &text[at..])
}

/// The blocks of a Markdown text by kind; fails on links, images, mentions and HTML that is not the template's.
fn blocks(text: &str) -> BTreeMap<&'static str, usize> {
    let mut options = comrak::Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    let arena = comrak::Arena::new();
    let document = comrak::parse_document(&arena, text, &options);
    let mut counts = BTreeMap::new();
    let mut words = String::new();
    for node in document.descendants() {
        let data = node.data();
        if let NodeValue::Text(part) = &data.value {
            words.push_str(part);
            continue;
        }
        assert_eq!(live(&words), None, "live in Markdown");
        words.clear();
        match &data.value {
            NodeValue::HtmlBlock(block) => {
                let outside: String = block
                    .literal
                    .split("<code>")
                    .map(|part| part.rsplit("</code>").next().unwrap_or_default())
                    .collect();
                assert_eq!(live(&outside), None, "live in the HTML of Markdown: {outside}");
                let names = elements(&block.literal);
                let is_own = |name: &String| ["details", "/details", "summary", "/summary"].contains(&name.as_str());
                assert!(names.keys().all(is_own), "HTML in Markdown: {}", block.literal);
            }
            // Where a text begins with a blank, what should be bold is not; that is all.
            NodeValue::Code(_) | NodeValue::SoftBreak | NodeValue::Strong => continue,
            NodeValue::Link(_)
            | NodeValue::Image(_)
            | NodeValue::HtmlInline(_)
            | NodeValue::Math(_)
            | NodeValue::Strikethrough
            | NodeValue::Emph
            | NodeValue::FootnoteReference(_)
            | NodeValue::FootnoteDefinition(_) => panic!("{:?} in Markdown", data.value),
            _ => {}
        }
        *counts.entry(data.value.xml_node_name()).or_default() += 1;
    }
    counts
}

fn reviewers(report: &Report, form: reviewers::AuditFormat) -> String {
    let options = reviewers::AuditOptions {
        form,
        ..reviewers::AuditOptions::default()
    };
    reviewers::render(report, &RuleTexts::new(), &options).expect("the built-in template")
}

fn check_data(report: &Report) {
    let text = json::render(report);
    check_lines("json", &text, &[]);
    let read: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        read,
        serde_json::to_value(report).expect("JSON"),
        "the JSON says what the report says"
    );

    let baseline = Baseline::of(&report.findings);
    check_lines("baseline", &baseline.render(), &[]);
    assert_eq!(Baseline::parse(&baseline.render()).expect("a baseline"), baseline);

    let text = gitlab::render(report);
    check_lines("gitlab", &text, &[]);
    let read: Value = serde_json::from_str(&text).expect("JSON");
    for (issue, finding) in read.as_array().expect("issues").iter().zip(&report.findings) {
        assert_eq!(issue["location"]["path"], finding.location.file.as_str());
    }

    let text = sarif::render(report, &RuleTexts::new());
    check_lines("sarif", &text, &[]);
    let read: Value = serde_json::from_str(&text).expect("JSON");
    for result in read["runs"][0]["results"].as_array().expect("results") {
        let message = result["message"]["text"].as_str().expect("a message");
        assert!(!message.contains("]("), "a link in SARIF: {message}");
    }

    let text = junit::render(report, Some(Priority::P3));
    check_lines("junit", &text, &[]);
    let read = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let cases = read.descendants().filter(|node| node.has_tag_name("testcase")).count();
    assert_eq!(cases, report.findings.len(), "a case a finding");
}

/// A text without the styles and links of a terminal.
fn unstyled(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match after.strip_prefix("]8;;") {
            Some(link) => link.split_once("\u{1b}\\").expect("a link ends").1,
            None => after.split_once('m').expect("a style ends").1,
        };
    }
    out + rest
}

fn check_texts(report: &Report, harmless: &Report) {
    for width in [40, 120] {
        let options = table::TableOptions {
            width,
            least: Priority::P3,
            is_terminal: true,
            all: true,
            fail_on: Some(Priority::P3),
            ..table::TableOptions::default()
        };
        check_lines("table", &escape::printed(&table::render(report, options), false), &[]);
        let mut options = screen::ScreenOptions {
            table: options,
            top: Some(usize::MAX),
            links: None,
        };
        check_lines("screen", &escape::printed(&screen::render(report, &options), false), &[]);
        options.table.color = true;
        options.links = Some("/".into());
        let text = escape::printed(&screen::render(report, &options), true);
        check_lines("screen in colour", &unstyled(&text), &[]);
    }
    for by in [By::Rule, By::File, By::Route, By::Table, By::Cause] {
        let options = groups::GroupOptions {
            width: Some(60),
            most: None,
            all: true,
            fail_on: Some(Priority::P3),
        };
        check_lines("groups", &escape::printed(&groups::render(report, by, options), false), &[]);
    }
    let text = concise::render(report, Priority::P3, true, None);
    check_lines("concise", &escape::printed(&text, false), &[]);
    assert_eq!(text.lines().count(), report.findings.len(), "a line a finding: {text}");
    let text = full::render(report, false, true, Some(Priority::P3));
    check_lines("full", &escape::printed(&text, false), &[]);

    let text = github::render(report, Some(Priority::P3));
    check_lines("github", &text, &["::error ", "::warning ", "::notice "]);
    let lines = report.findings.len().min(10) + 2;
    assert!(text.lines().count() <= lines, "a command a finding, and two of the run: {text}");

    let comment = |report: &Report| escape::printed(&pr::render(report, Some(Priority::P3)), false);
    check_lines("pr", &comment(report), &[]);
    blocks(&comment(report));
    assert!(comment(report).chars().count() < 65_000);

    let text = escape::printed(&reviewers(report, reviewers::AuditFormat::Html), false);
    check_lines("html", &text, &[]);
    assert_eq!(
        elements(&text),
        elements(&reviewers(harmless, reviewers::AuditFormat::Html)),
        "elements of the page"
    );

    let text = escape::printed(&reviewers(report, reviewers::AuditFormat::Markdown), false);
    check_lines("markdown", &text, &[]);
    assert_eq!(
        blocks(&text),
        blocks(&reviewers(harmless, reviewers::AuditFormat::Markdown)),
        "blocks of the Markdown"
    );
}

fn check_lists(model: &Model, texts: &[String]) {
    let schema = model.schema(texts);
    for (format, text) in [
        ("schema", schema::table::render(&schema)),
        ("dbml", dbml::render(&schema)),
        ("mermaid", mermaid::render(&schema)),
    ] {
        check_lines(format, &escape::printed(&text, false), &[]);
    }
    check_lines("schema as JSON", &schema::json(&schema), &[]);
    assert_eq!(serde_json::from_str::<SchemaReport>(&schema::json(&schema)).expect("JSON"), schema);
    let (queries, calls) = model.lists(texts);
    check_lines(
        "queries",
        &escape::printed(&queries_table::render(&queries, 120, false), false),
        &[],
    );
    check_lines("queries as JSON", &queries.json(), &[]);
    check_lines("calls", &escape::printed(&calls.text(), false), &[]);
    check_lines("calls as JSON", &calls.json(), &[]);
}

fn check_errors(texts: &[String]) {
    for text in texts {
        let errors = [
            Error::new(text, text).hint(text),
            Error::unknown(text, "rule", text, &["a"]),
            Error::unknown("", "rule", text, &[text]),
        ];
        for error in errors {
            let line = escape::printed(&error.to_string(), false);
            assert!(!line.contains('\n'), "{line}");
            check_lines("an error", &line, &[]);
        }
    }
}

#[test]
fn no_text_of_a_repository_steers_the_reader_of_any_format() {
    let model = Model::read();
    let harmless: Vec<String> = ["alpha", "beta"].map(str::to_owned).to_vec();
    let plain = model.report(&harmless);
    assert!(plain.findings.len() > 10 && !plain.inventory.queries.is_empty() && !plain.inventory.tables.is_empty());
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(texts in proptest::collection::vec(hostile(), 7))| {
        let report = model.report(&texts);
        check_data(&report);
        check_texts(&report, &plain);
        check_lists(&model, &texts);
        check_errors(&texts);
    });
}
