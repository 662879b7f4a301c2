//! Files with many of one thing that a rule or the schema looks at: what is looked up for each must not be all of them. A run ends,
//! finds each, and says which bound was reached and where.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;

use super::work;

const FASTAPI: &str = "import asyncio\nimport time\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n";
const PRISMA: &str = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"URL\")\n}\n\n";

/// Looks for each byte that a run may take: growth by the square takes five times as many at these sizes, and more.
const MOST_LOOKS_A_BYTE: u64 = 120;
/// Seconds of computing, of all threads, after which a run counts as hung: what it may do is held by [`work`].
const SECONDS: &str = "300";

/// What a command prints about a few files, as JSON.
fn run(command: &[&str], files: &[(&str, &str)]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    let mut perfaudit = Command::new("sh");
    perfaudit.args(["-c", "ulimit -t \"$1\"; shift; exec \"$@\"", "sh", SECONDS]);
    perfaudit.arg(assert_cmd::cargo::cargo_bin("perfaudit")).current_dir(folder.path());
    perfaudit.args(command).args(["--no-cache", "--format", "json"]);
    let is_counted = command[0] == "scan";
    if is_counted {
        perfaudit.arg(work::TOLD_BY);
    }
    let output = perfaudit.output().expect("it runs");
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{:?} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    if is_counted {
        let bytes = files.iter().map(|(_, text)| text.len()).sum();
        work::assert_bounded(&String::from_utf8_lossy(&output.stderr), bytes, MOST_LOOKS_A_BYTE);
    }
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn scan(files: &[(&str, &str)]) -> Value {
    run(&["scan", "--fail-on", "never"], files)
}

/// The bounds that a run told, each with its first place.
fn limits(report: &Value) -> Vec<String> {
    let told = report["coverage"]["limits"].as_object();
    told.into_iter()
        .flatten()
        .map(|(name, group)| format!("{name} {}", group["examples"][0].as_str().unwrap_or("")))
        .collect()
}

/// How many findings of a rule there are.
fn count(report: &Value, rule: &str) -> usize {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| finding["rule"] == rule).count()
}

/// `head`, then a line for each number.
fn lines(head: &str, count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(head.to_owned(), |text, at| text + &line(at))
}

/// Each sleep asked the whole file for a `yield`, a handler of errors and a call of its own function.
#[test]
fn sleeps_in_one_function() {
    let head = format!("{FASTAPI}@app.get('/a')\nasync def refresh():\n");
    let sleeps = lines(&head, 20_000, |_| "    await asyncio.sleep(2)\n".to_owned());
    let report = scan(&[("app.py", &sleeps)]);
    assert_eq!((count(&report, "fixed-delay"), limits(&report)), (20_000, Vec::new()));
    // What gives the first of them a reason is found as before.
    let handled =
        format!("{head}    try:\n        work()\n    except OSError:\n        await asyncio.sleep(2)\n    await asyncio.sleep(3)\n");
    assert_eq!(count(&scan(&[("app.py", &handled)]), "fixed-delay"), 1);
    // Each sleep that is measured asked all statements for those beside it.
    let measured = "    before = time.time()\n    await asyncio.sleep(2)\n    late(time.time() - before)\n";
    let report = scan(&[("app.py", &lines(&head, 8_000, |_| measured.to_owned()))]);
    assert_eq!((count(&report, "fixed-delay"), limits(&report)), (0, Vec::new()));
}

/// Each transaction asked all calls of its file for what it runs.
#[test]
fn transactions_in_one_function() {
    let head = "import { PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\nexport async function all(work: () => Promise<unknown>) {\n";
    let one = "  await prisma.$transaction(async () => { await work(); await fetch('https://a.example/'); });\n";
    let report = scan(&[("a.ts", &format!("{}}}\n", lines(head, 5_000, |_| one.to_owned())))]);
    assert_eq!(limits(&report), Vec::<String>::new());
    assert!(count(&report, "long-transaction") > 0);
}

/// Each session asked all names of the file for an adapter, and all statements for what becomes of it.
#[test]
fn clients_in_one_function() {
    let session = |at: usize| format!("    s{at} = requests.Session()\n    s{at}.get('https://a.b/{at}')\n");
    let sessions = lines("import requests\n\n\ndef load():\n", 8_000, session);
    let report = scan(&[("app.py", &sessions)]);
    assert_eq!((places(&report, "missing-timeout"), limits(&report)), (8_000, Vec::new()));
}

/// Each request asked the whole file whether it touches the window.
#[test]
fn requests_in_one_function() {
    let request = |at: usize| format!("  await fetch(\"https://a.b/{at}\");\n");
    let text = lines("export async function load() {\n", 40_000, request) + "}\n";
    let report = scan(&[("load.ts", &text)]);
    assert_eq!((places(&report, "missing-timeout"), limits(&report)), (40_000, Vec::new()));
    assert_eq!(
        places(
            &scan(&[("load.ts", &format!("{text}export const where = window.location;\n"))]),
            "missing-timeout"
        ),
        0
    );
}

/// The places of a rule's findings: those of one cause are one finding.
fn places(report: &Value, rule: &str) -> usize {
    let findings = report["findings"].as_array().expect("findings");
    let others = |finding: &Value| {
        let related = finding["related"].as_array().into_iter().flatten();
        let here = |related: &&Value| related["role"] == "place";
        related.filter(here).count()
    };
    let of_rule = findings.iter().filter(|finding| finding["rule"] == rule);
    of_rule.map(|finding| 1 + others(finding)).sum()
}

/// Each finding asked each comment of its file.
#[test]
fn comments_that_suppress() {
    let comments = lines("import requests\n", 20_000, |at| {
        format!("x = {at}  # perfaudit: ignore[missing-timeout] why\n")
    });
    let load = |at: usize| format!("    requests.get('https://a.b/{at}')\n");
    let text = lines(&format!("{comments}\n\ndef load():\n"), 20_000, load);
    let report = scan(&[("app.py", &text)]);
    assert_eq!(places(&report, "missing-timeout"), 20_000);
    assert_eq!(count(&report, "unused-suppression"), 20_000);
}

/// Each query asked all tables for another of its table's name; each inverse relation asked all models.
#[test]
fn models_with_queries() {
    let model = |at: usize| format!("model M{at} {{\n  id Int @id\n  a String\n}}\n");
    let models = lines(PRISMA, 50_000, model);
    let query =
        |at: usize| format!("export async function f{at}(a: string) {{\n  return prisma.m{at}.findMany({{ where: {{ a }} }});\n}}\n");
    let head = "import { PrismaClient } from \"@prisma/client\";\nconst prisma = new PrismaClient();\n";
    let report = scan(&[("schema.prisma", &models), ("load.ts", &lines(head, 25_000, query))]);
    assert_eq!((count(&report, "missing-index"), limits(&report)), (25_000, Vec::new()));
}

/// As many ways as endpoints times blocking calls: they are followed up to a bound, which is told.
#[test]
fn endpoints_times_blocking_calls() {
    let sink = |at: usize| format!("def s{at}():\n    time.sleep(1)\n\n\n");
    let calls = lines("def all_of_them():\n", 1_200, |at| format!("    s{at}()\n"));
    let route = |at: usize| format!("@app.get('/{at}')\nasync def h{at}():\n    all_of_them()\n\n\n");
    let text = lines(&format!("{}{calls}\n\n", lines(FASTAPI, 1_200, sink)), 1_200, route);
    let report = scan(&[("app.py", &text)]);
    // Each way starts at one place of an endpoint: they are mended there together.
    assert_eq!(count(&report, "blocking-call-in-async"), 1);
    let told = limits(&report);
    assert!(told.iter().any(|told| told.starts_with("blocking-callers app.py:")), "{told:?}");
}

/// Each change of a table that nothing creates asked all tables for one of its name.
#[test]
fn changes_of_unknown_tables() {
    let change = |at: usize| format!("ALTER TABLE t{at} ADD COLUMN c int;\n");
    let report = scan(&[("migrations/001_a.sql", &lines("", 45_000, change))]);
    assert_eq!(limits(&report), Vec::<String>::new());
    let rename = |at: usize| format!("ALTER TABLE t{at} RENAME TO t{};\n", at + 1);
    let renamed = lines("CREATE TABLE t0 (id int PRIMARY KEY);\n", 5_000, rename);
    let schema = run(&["schema"], &[("migrations/001_a.sql", &renamed)]);
    assert_eq!(schema["tables"].as_array().map(Vec::len), Some(1));
    assert_eq!(schema["tables"][0]["name"], "t5000");
}

/// What is left out of a migration is told with its line.
#[test]
fn a_migration_with_too_many_changes() {
    let head = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'a'\ndown_revision = None\n\n\ndef upgrade():\n";
    let change = |at: usize| format!("    op.drop_column('t', 'c{at}')\n");
    let report = scan(&[("alembic/versions/a.py", &lines(head, 20_001, change))]);
    assert_eq!(limits(&report), ["changes alembic/versions/a.py:20009"]);
    let items = lines("", 201, |at| format!("'t{at}', "));
    let looped = format!("{head}    for table in [{items}]:\n        op.drop_column(table, 'c')\n");
    assert_eq!(
        limits(&scan(&[("alembic/versions/a.py", &looped)])),
        ["loop-items alembic/versions/a.py:9"]
    );
}

/// Mixins that inherit from two others, which inherit from one again: as many ways up as powers of two.
#[test]
fn mixins_in_diamonds() {
    let head = "from django.db import models\n\n\nclass A0(models.Model):\n    x = models.IntegerField()\n\n    class Meta:\n        abstract = True\n\n\n";
    let diamond = |at: usize| {
        let next = at + 1;
        let class = |name: String, bases: String| format!("class {name}({bases}):\n    class Meta:\n        abstract = True\n\n\n");
        class(format!("L{at}"), format!("A{at}"))
            + &class(format!("R{at}"), format!("A{at}"))
            + &class(format!("A{next}"), format!("L{at}, R{at}"))
    };
    let text = lines(head, 60, diamond) + "class Order(A60):\n    y = models.IntegerField()\n";
    let report = scan(&[("shop/models.py", &text)]);
    let bound = text.lines().position(|line| line.starts_with("class Order")).expect("the model") + 1;
    // Columns come from the first bases, and so do members.
    let told = limits(&report);
    assert!(told.contains(&format!("bases shop/models.py:{bound}")), "{told:?}");
    assert!(told.iter().any(|told| told.starts_with("ancestors shop/models.py:")), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
    let few = lines(head, 10, diamond) + "class Order(A10):\n    y = models.IntegerField()\n";
    let schema = run(&["schema"], &[("shop/models.py", &few)]);
    assert_eq!(schema["tables"][0]["columns"].as_array().map(Vec::len), Some(3), "{schema}");
}
