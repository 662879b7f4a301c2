//! `perfaudit why` and `perfaudit ir`: what they say to who wonders about a line.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::doors;
use perfaudit::Config;
use perfaudit::engine::registry::NOTED;
use perfaudit::finding::Priority;

/// Models for the small programs.
const MODELS: &str = "\
from sqlalchemy import ForeignKey, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
class Base(DeclarativeBase): pass
class Buyer(Base):
    __tablename__ = 'buyers'
    id: Mapped[int] = mapped_column(primary_key=True)
class Order(Base):
    __tablename__ = 'orders'
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    buyer_id: Mapped[int] = mapped_column(ForeignKey('buyers.id'), index=True)  # key
";

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (doors, routes) = doors::file();
    for (path, text) in files.iter().chain([&(doors.as_str(), routes.as_str())]) {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }
    folder
}

fn config(root: &Path) -> Config {
    Config {
        root: root.to_owned(),
        cache: false,
        ..Config::default()
    }
}

/// The line of a text that holds a mark.
fn line_of(text: &str, mark: &str) -> u32 {
    let at = text.lines().position(|line| line.contains(mark)).expect("the mark");
    u32::try_from(at + 1).expect("a line")
}

fn why(config: &Config, rule: &str, file: &str, line: u32) -> String {
    perfaudit::why(config, rule, file, line).expect("an answer").text()
}

/// What is said of the line of a one-file program that ends in `here`.
fn here(file: &str, text: &str, rule: &str) -> String {
    let folder = project(&[(file, text)]);
    why(&config(folder.path()), rule, file, line_of(text, "here"))
}

fn with_models(code: &str) -> String {
    format!("{MODELS}{code}")
}

/// A rule, the file and text of a near miss of it, and what it says of the line that ends in `here`.
type NearMiss = (&'static str, &'static str, String, &'static str);

/// Each rule that keeps notes, a near miss of it, and the condition that it names.
fn near_misses() -> Vec<NearMiss> {
    let python = |rule, code: &str, said| (rule, "app/a.py", with_models(code), said);
    let script = |rule, code: &str, said| (rule, "src/a.ts", code.to_owned(), said);
    vec![
        python(
            "n-plus-one",
            "def both(db: Session):\n    for kind in ('a', 'b'):\n        db.scalars(select(Order).where(Order.kind == kind)).all()  # here\n",
            "no loop around it runs once a row: constant",
        ),
        python(
            "unbatched-write",
            "from sqlalchemy import update\ndef close(db: Session, key: int):\n    db.execute(update(Order).where(Order.id == key).values(kind='b'))  # here\n",
            "no loop of its function is around it",
        ),
        python(
            "unbounded-query",
            "def one(db: Session, key: int):\n    return db.scalars(select(Order).where(Order.id == key)).all()  # here\n",
            "a unique key",
        ),
        python(
            "missing-index",
            "def of_buyer(db: Session, buyer: int):\n    return db.scalars(select(Order).where(Order.buyer_id == buyer)).all()  # here\n",
            "orders (buyer_id): the index on (buyer_id) serves it",
        ),
        python(
            "missing-composite-index",
            "def of_kind(db: Session):\n    return db.scalars(select(Order)).all()  # here\n",
            "it asks no index for anything",
        ),
        (
            "unindexed-foreign-key",
            "app/a.py",
            MODELS.replace("# key", "# here"),
            "the index on (buyer_id) leads with it",
        ),
        python(
            "list-endpoint-without-pagination",
            "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/orders')\ndef orders(db: Session):  # here\n    return db.scalars(select(Order).limit(20)).all()\n",
            "no query that it is seen to return is without a bound",
        ),
        python(
            "aggregate-in-memory",
            "def kinds(db: Session):\n    rows = db.scalars(select(Order)).all()  # here\n    return [row.kind for row in rows]\n",
            "its rows are used for something else than figures",
        ),
        python(
            "count-for-existence",
            "def kinds(db: Session):\n    rows = db.scalars(select(Order)).all()  # here\n    return [row.kind for row in rows]\n",
            "its rows are used for something else than their number",
        ),
        python(
            "offset-pagination",
            "def page(db: Session):\n    return db.scalars(select(Order).order_by(Order.id).limit(20)).all()  # here\n",
            "it skips no rows, or gives one",
        ),
        python(
            "overfetch-large-column",
            "def kinds(db: Session):\n    rows = db.scalars(select(Order)).all()  # here\n    return [row.kind for row in rows]\n",
            "no heavy column comes along that nothing reads",
        ),
        python(
            "missing-timeout",
            "import requests\ndef load(url):\n    return requests.get(url, timeout=5)  # here\n",
            "the call says how long it may take",
        ),
        python(
            "blocking-call-in-async",
            "import requests\ndef load(url):\n    return requests.get(url, timeout=5)  # here\n",
            "no async function that runs on an event loop is known to call it",
        ),
        python(
            "client-per-call",
            "import httpx\nCLIENT = httpx.Client()  # here\n",
            "it outlives the call",
        ),
        python(
            "unbounded-cache",
            "from functools import cache\n@cache\ndef rate():  # here\n    return 1\n",
            "no name of a parameter says that its values are ever new ones",
        ),
        python(
            "unbounded-growth",
            "SEEN = []\ndef add(item):\n    SEEN.append(item)  # here\ndef take():\n    return SEEN.pop()\nif __name__ == '__main__':\n    take()\n",
            "elements are taken away, in this file",
        ),
        script(
            "polling-without-backoff",
            "export function start(delay: number) {\n  setInterval(() => fetch('/state'), delay); // here\n}\n",
            "the delay is no constant",
        ),
        script(
            "sequential-await-in-loop",
            "export async function one(id: string) {\n  return await fetch(`/items/${id}`); // here\n}\n",
            "no loop of its function is around it",
        ),
        script(
            "sequential-awaits",
            "export async function both(id: string) {\n  const one = await fetch(`/items/${id}`); // here\n  return await fetch(one.url);\n}\n",
            "no wait beside it could run at the same time",
        ),
    ]
    .into_iter()
    .chain(misses_of_statements())
    .chain(misses_of_schemas())
    .chain(misses_of_waits_and_caches())
    .collect()
}

/// Of rules that look at statements.
fn misses_of_statements() -> Vec<NearMiss> {
    let python = |rule, code: &str, said| (rule, "app/a.py", with_models(code), said);
    let all = "def kinds(db: Session):\n    return db.scalars(select(Order)).all()  # here\n";
    let by_key = "def one(db: Session, key: int):\n    return db.scalars(select(Order).where(Order.id == key)).all()  # here\n";
    vec![
        python(
            "correlated-subquery",
            all,
            "no subquery of it names a column of the statement around it",
        ),
        python("correlated-subquery", by_key, "few outer rows are looked at"),
        python("grouped-in-subquery", all, "no IN of it is over a subquery that groups"),
        python("non-sargable-predicate", all, "no condition puts a column inside a function"),
        python(
            "non-sargable-predicate",
            "def add(db: Session):\n    db.execute(insert(Order).values(kind='a'))  # here\n",
            "looks for no rows by itself",
        ),
        python(
            "duplicate-query",
            all,
            "nothing that is sure to run before it in its function reads the same",
        ),
        python("unclamped-user-limit", all, "it has no limit"),
        python(
            "unclamped-user-limit",
            "def page(db: Session):\n    return db.scalars(select(Order).limit(20)).all()  # here\n",
            "its limit is not known to come from a client",
        ),
    ]
}

/// Of rules that look at the schema.
fn misses_of_schemas() -> Vec<NearMiss> {
    let keyed = MODELS.replace("# key", "# here");
    let build = |table: &str, how: &str| {
        format!("CREATE TABLE parts (id int PRIMARY KEY, kind text);\nCREATE INDEX {how} parts_kind ON {table} (kind); -- here\n")
    };
    vec![
        (
            "redundant-index",
            "app/a.py",
            keyed.clone(),
            "no other index of the table begins with the same columns",
        ),
        (
            "redundant-index",
            "db/a.sql",
            "CREATE TABLE parts (id int PRIMARY KEY); -- here\n".to_owned(),
            "it is the primary key",
        ),
        (
            "schema-drift",
            "app/a.py",
            keyed.clone(),
            "its table does not stand whole in both the models and the migrations",
        ),
        (
            "invalid-index-definition",
            "app/a.py",
            keyed,
            "its table has all the columns that it names",
        ),
        (
            "blocking-index-creation",
            "migrations/001_a.sql",
            build("parts", ""),
            "the same migration makes its table",
        ),
    ]
}

/// Of rules that look at waits, caches and settings.
fn misses_of_waits_and_caches() -> Vec<NearMiss> {
    let python = |rule, code: &str, said| (rule, "app/a.py", code.to_owned(), said);
    let script = |rule, code: &str, said| (rule, "src/a.tsx", code.to_owned(), said);
    vec![
        python(
            "fixed-delay",
            "import time\ndef wait(pause):\n    time.sleep(pause)  # here\n",
            "the time that it waits is no constant",
        ),
        python(
            "fixed-delay",
            "import time\ndef wait():\n    time.sleep(600)  # here\n",
            "so long that it is a schedule",
        ),
        python(
            "fixed-delay",
            "import time\ndef ask(load):\n    while not load():\n        time.sleep(2)  # here\n",
            "it is in a loop",
        ),
        python(
            "long-transaction",
            "from django.db import transaction\ndef keep(order):\n    with transaction.atomic():  # here\n        order.save()\n",
            "nothing that runs in the transaction is known to wait",
        ),
        python(
            "cache-without-ttl",
            "import redis\nclient = redis.Redis()\ndef keep(key, text):\n    client.set(key, text, ex=60)  # here\n",
            "it says when the entry ends",
        ),
        python(
            "cache-without-ttl",
            "import redis\nclient = redis.Redis()\ndef keep(text):\n    client.set('state', text)  # here\n",
            "its key is one that is written in the code",
        ),
        python(
            "redis-keys-command",
            "def all_of(table):\n    return table.keys('a*')  # here\n",
            "it is not known to be called on a client of Redis",
        ),
        python(
            "per-request-cache",
            "class Rates:\n    def __init__(self):\n        self.cache = {}  # here\n    def get(self, key):\n        return self.cache.get(key)\n",
            "nothing in its class speaks of an age of entries",
        ),
        python("small-batch-size", "BATCH_SIZE = 500  # here\n", "more than 10 are no small batch"),
        python(
            "pool-not-configured",
            "from sqlalchemy import create_engine\nengine = create_engine('postgresql://db/app', pool_size=20)  # here\n",
            "an option says how large it is",
        ),
        script(
            "polling-never-stops",
            "export function start() {\n  setInterval(() => fetch('/state'), 5000); // here\n}\n",
            "it is not started when a component appears",
        ),
        script(
            "polling-never-stops",
            "export function start() {\n  setInterval(() => console.log(1), 5000); // here\n}\n",
            "is not known to ask a server",
        ),
    ]
}

#[test]
fn a_rule_that_keeps_notes_names_the_condition_that_kept_it_silent() {
    let mut wrong = Vec::new();
    for (rule, file, text, said) in near_misses() {
        let answer = here(file, &text, rule);
        let has_note = answer.contains("silent") && answer.contains(said);
        if !has_note || !answer.contains("none at this line") {
            wrong.push(format!("{rule} should say \"{said}\":\n{answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shown: BTreeSet<&str> = near_misses().iter().map(|(rule, ..)| *rule).collect();
    let kept: BTreeSet<&str> = NOTED.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(shown, kept, "each rule that keeps notes is shown to");
}

#[test]
fn a_rule_without_notes_says_so_and_gives_the_facts() {
    let code = "def all_of(db: Session):\n    return db.scalars(select(Order)).all()  # here\n";
    let answer = here("app/a.py", &with_models(code), "no-metrics");
    assert!(answer.contains("the rule keeps no notes; these are the facts"), "{answer}");
    assert!(
        answer.contains("query      SELECT on `Order` (sqlalchemy); rows: unbounded"),
        "{answer}"
    );
    let built = here(
        "app/a.py",
        &with_models("def all_of():\n    return select(Order)  # here\n"),
        "unbounded-query",
    );
    assert!(
        built.contains("SELECT on `Order` (sqlalchemy), built here and not run here"),
        "{built}"
    );
    let nothing = here("app/a.py", "x = 1  # here\n", "n-plus-one");
    assert!(nothing.contains("no condition of the rule left a note on this line"), "{nothing}");
}

/// A loop with a finding, a call whose target is not known, and a comment's place above.
const LOOP: &str = "\
from fastapi import APIRouter
router = APIRouter()
@router.get('/orders')
def orders(db: Session, ids: list[int], hook):
    found = []
    for key in ids:  # loop
        found.append(db.scalars(select(Order).where(Order.id == key)).one())  # here
    hook.run(found)  # call
    return found
";

#[test]
fn a_finding_is_told_with_its_sum_and_what_becomes_of_it() {
    let text = with_models(LOOP);
    let folder = project(&[("app/a.py", &text)]);
    let (root, line) = (folder.path(), line_of(&text, "here"));
    let plain = config(root);
    let answer = why(&plain, "n+1", "app/a.py", line);
    for part in [
        "n-plus-one at app/a.py:",
        "is read; source of the program",
        "rule       is on",
        "because    a statement for each of",
        "each time GET /orders is asked",
        "priority   cost whole × use read = P3",
        "becomes    it is reported",
        "function   orders (from line ",
        "loop       line ",
        "per row",
    ] {
        assert!(answer.contains(part), "no \"{part}\" in\n{answer}");
    }
    let header = why(&plain, "n-plus-one", "app/a.py", line_of(&text, "# loop"));
    assert!(header.contains("part of    the finding at app/a.py:"), "{header}");
    let call = why(&plain, "n-plus-one", "app/a.py", line_of(&text, "# call"));
    assert!(
        call.contains("hook.run: what it runs is not known: a call on a parameter that says no type"),
        "{call}"
    );

    let fate = |config: &Config| why(config, "n-plus-one", "app/a.py", line);
    let urgent = Config {
        min_priority: Some(Priority::P1),
        ..plain.clone()
    };
    assert!(fate(&urgent).contains("under the least priority of this run, P1"));
    let off = Config {
        skip: vec!["n-plus-one".to_owned()],
        ..plain.clone()
    };
    assert!(fate(&off).contains("rule       is off") && fate(&off).contains("becomes    it is left out: the rule is off"));
    let given = Config {
        priorities: [("n-plus-one".to_owned(), Some(Priority::P1))].into(),
        ..plain.clone()
    };
    assert!(fate(&given).contains("the configuration gives its findings P1"), "{}", fate(&given));
    assert!(
        fate(&given).contains("= P3; the configuration says P1 of the rule"),
        "{}",
        fate(&given)
    );

    let suppressed = text.replace("# here", "# perfaudit: ignore[n-plus-one] a few keys; here");
    fs::write(root.join("app/a.py"), &suppressed).expect("written");
    assert!(fate(&plain).contains("becomes    a comment suppresses it"), "{}", fate(&plain));
}

/// The loop is often not where the statement stands.
#[test]
fn the_callers_of_the_function_are_named_with_their_loops() {
    let code = "def one(db: Session, key: int):\n    return db.get(Order, key)  # here\ndef both(db: Session):\n    for key in (1, 2):\n        one(db, key)\n";
    let answer = here("app/a.py", &with_models(code), "n-plus-one");
    assert!(answer.contains("no loop of its function is around it"), "{answer}");
    assert!(answer.contains("called by  both (app/a.py:16), in a loop: constant"), "{answer}");
}

#[test]
fn what_a_baseline_knows_is_told_so() {
    let text = with_models(LOOP);
    let folder = project(&[("app/a.py", &text)]);
    let plain = config(folder.path());
    let report = perfaudit::audit(&plain).expect("a report");
    let known = perfaudit::engine::baseline::Baseline::of(&report.findings);
    fs::write(folder.path().join("known.json"), known.render()).expect("written");
    let with = Config {
        baseline: Some("known.json".into()),
        ..plain
    };
    let answer = why(&with, "n-plus-one", "app/a.py", line_of(&text, "here"));
    assert!(answer.contains("it is reported; the baseline knows it"), "{answer}");
}

#[test]
fn a_file_that_is_not_read_has_its_reason() {
    let files = [
        ("tests/test_a.py", "x = 1\n"),
        ("gen/a_pb2.py", "x = 1\n"),
        ("secret/a.py", "x = 1\n"),
        ("notes.txt", "x\n"),
        ("scripts/run.py", "x = 1\n"),
        ("a.py", "x = 1\n"),
    ];
    let folder = project(&files);
    let plain = Config {
        exclude: vec!["secret/".to_owned()],
        ..config(folder.path())
    };
    for (file, part) in [
        ("tests/test_a.py", "is not read: it is a test"),
        ("gen/a_pb2.py", "is not read: generated"),
        ("secret/a.py", "`exclude`"),
        ("notes.txt", "it is of no kind that is"),
        ("scripts/run.py", "is read; a script: its findings are P3"),
    ] {
        let answer = why(&plain, "n-plus-one", file, 1);
        assert!(answer.contains(part), "{file}: {answer}");
    }
    let error = |file: &str, line| perfaudit::why(&plain, "n-plus-one", file, line).expect_err("a mistake").to_string();
    assert!(error("nowhere.py", 1).contains("no such file below the root"));
    assert!(
        error("a.py", 99).contains("a.py:99: the file ends before that line"),
        "{}",
        error("a.py", 99)
    );
    let unknown = perfaudit::why(&plain, "n-plus-on", "a.py", 1).expect_err("no such rule");
    assert!(unknown.to_string().contains("did you mean `n-plus-one`?"));
}

/// What is asked changes nothing for who does not ask.
#[test]
fn the_answer_agrees_with_the_scan() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop-fastapi");
    let config = config(&fixture);
    let report = perfaudit::audit(&config).expect("a report");
    assert!(report.findings.len() > 20);
    for finding in report.findings.iter().step_by(7) {
        let place = &finding.location;
        let answer = why(&config, &finding.rule, &place.file, place.start_line);
        assert!(
            answer.contains(&format!("finding    {:?}, ", finding.priority)),
            "{}:\n{answer}",
            finding.rule
        );
        assert!(answer.contains("becomes    it is reported"), "{answer}");
    }
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = assert_cmd::Command::cargo_bin("perfaudit").expect("the binary");
    let output = command.current_dir(folder).args(arguments).output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_ir_of_a_file_is_a_tree_with_lines() {
    let folder = project(&[(
        "a.py",
        "import os\n\nasync def load(db, *keys, limit=5):\n    for key in keys:\n        if key > limit:\n            await db.get(key, name='x')\n    return [k for k in keys]\n",
    )]);
    let (code, out, err) = run(folder.path(), &["ir", "a.py"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let expected = "\
a.py: python, 2 functions, 0 classes, 5 statements, 16 expressions
    1  import os as os
    1  function #0 (the module), to line 8
    1    binds: load, os
    3    function #1 load async, to line 7
    3      parameter: db
    3      parameter: keys (rest)
    3      parameter: limit (keyword only)
    3        default: number 5
    3      binds: db, k, key, keys, limit
    4      loop for each
    4        target: name key
    4        iterable: name keys
    5        body
    5          if
    5            test: binary >
    5              name key
    5              name limit
    6            then
    6              do: await
    6                call
    6                  callee: attribute .get
    6                    of: name db
    6                  argument: name key
    6                  argument name: text \"x\"
    7      return
    7        comprehension list
    7          element: name k
    7          for
    7            target: name k
    7            iterable: name keys
";
    assert_eq!(out, expected);
    fs::write(folder.path().join("a.sql"), "SELECT 1;\n").expect("written");
    let (code, _, err) = run(folder.path(), &["ir", "a.sql"]);
    assert!(code == Some(2) && err.contains("holds no program"), "{err}");
    let (code, _, err) = run(folder.path(), &["ir", "."]);
    assert!(code == Some(2) && err.contains("give one file"), "{err}");
}

/// Chains of any length are no deep recursion and no endless line.
#[test]
fn the_ir_of_a_deep_file_ends() {
    let elif = "elif a:\n    x()\n".repeat(30_000);
    let sum = vec!["a"; 30_000].join(" + ");
    let files = [
        ("elif.py", format!("if a:\n    x()\n{elif}"), "else if"),
        ("sum.py", format!("x = {sum}\n"), "deeper levels are not shown"),
    ];
    for (file, text, part) in files {
        let folder = project(&[(file, &text)]);
        let (code, out, err) = run(folder.path(), &["ir", file]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{file}");
        assert!(out.contains(part), "{file}");
        let longest = out.lines().map(str::len).max().unwrap_or_default();
        assert!(longest < 1_000, "{file}: a line of {longest} bytes");
    }
}

#[test]
fn a_place_may_be_given_as_it_is_called_from_here_or_as_a_report_has_it() {
    let text = with_models(LOOP);
    let folder = project(&[("app/a.py", &text), ("perfaudit.toml", "")]);
    let line = line_of(&text, "here");
    let (_, from_root, _) = run(folder.path(), &["why", "n-plus-one", &format!("app/a.py:{line}"), "--no-cache"]);
    assert!(from_root.starts_with(&format!("n-plus-one at app/a.py:{line}\n")), "{from_root}");
    let inside = folder.path().join("app");
    let (_, from_inside, err) = run(&inside, &["why", "n-plus-one", &format!("a.py:{line}"), "--no-cache"]);
    assert_eq!(from_root, from_inside, "{err}");
    let (code, _, err) = run(folder.path(), &["why", "n-plus-one", "app/a.py"]);
    assert!(code == Some(2) && err.contains("write FILE:LINE"), "{err}");
}
