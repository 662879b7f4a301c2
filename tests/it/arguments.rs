//! What the arguments of calls close, and what runs on a loop of its own: the priority and the chain that a user reads.

use perfaudit::finding::{Confidence, Finding, Priority};
use perfaudit::{Config, audit_texts};

use crate::doors;

fn findings(rule: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let texts = files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
    let texts = texts.chain([doors::file()]).collect();
    let report = audit_texts(&Config::default(), texts).expect("a report");
    report.findings.into_iter().filter(|finding| finding.rule == rule).collect()
}

#[track_caller]
fn only(rule: &str, files: &[(&str, &str)]) -> Finding {
    let mut found = findings(rule, files);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

const STORE: &str = "import psycopg

URL = 'postgresql://db/farm'


def load(key):
    with psycopg.connect(URL) as connection:
        return connection.execute('SELECT id FROM trees WHERE id = %s', (key,)).fetchone()


def rebuild(keys):
    return [load(key) for key in keys]


def refresh(keys, full=False, wide=None):
    everything = full and bool(keys)
    if everything:
        rebuild(keys)
    return len(keys)
";

fn app(call: &str) -> String {
    format!(
        "from fastapi import FastAPI\n\nfrom store import refresh\n\napp = FastAPI()\n\n\n@app.post('/refresh')\ndef route(keys: list[int], full: bool):\n    return {call}\n"
    )
}

#[test]
fn a_route_reaches_only_what_its_arguments_leave_open() {
    let reached = |call: &str| only("n-plus-one", &[("app.py", &app(call)), ("store.py", STORE)]);
    for open in ["refresh(keys, full=True)", "refresh(keys, full)", "refresh(keys, **{'full': full})"] {
        let found = reached(open);
        assert!(found.impact.contains("POST /refresh"), "{open}: {}", found.impact);
    }
    for closed in ["refresh(keys)", "refresh(keys, full=False)", "refresh(keys, 0, True)"] {
        let found = reached(closed);
        assert!(!found.impact.contains("POST /refresh"), "{closed}: {}", found.impact);
    }
}

#[test]
fn a_second_entry_point_with_other_arguments_is_the_one_that_is_named() {
    let cli = "import click\n\nfrom store import refresh\n\n\n@click.command()\ndef grow():\n    refresh([1, 2], full=True)\n";
    let found = only(
        "n-plus-one",
        &[("app.py", &app("refresh(keys)")), ("cli.py", cli), ("store.py", STORE)],
    );
    assert!(!found.impact.contains("POST /refresh"), "{}", found.impact);
    assert_eq!(found.priority, Priority::P3);
    let calls: Vec<&str> = found.related.iter().map(|related| related.location.file.as_str()).collect();
    assert!(calls.contains(&"cli.py") && !calls.contains(&"app.py"), "{calls:?}");
}

#[test]
fn the_chain_is_one_that_can_run() {
    let text = "import psycopg
from fastapi import FastAPI

app = FastAPI()
connection = psycopg.connect('postgresql://db/farm')


def by_owner(owner=None):
    return connection.execute('SELECT id FROM owners WHERE id = %s', (owner,)).fetchone()


def by_host():
    return connection.execute('SELECT id FROM hosts WHERE name = %s', ('here',)).fetchone()


def settings(tree=None, owner=None):
    if owner is None and tree is not None:
        owner = tree.owner
    if owner is not None:
        by_owner(owner)
    return by_host()


def label(tree, **rest):
    return settings(**rest)


@app.post('/labels')
def labels(trees: list[int]):
    return [label(tree) for tree in trees]
";
    let found = only("n-plus-one", &[("app.py", text)]);
    let messages: Vec<&str> = found.related.iter().map(|related| related.message.as_str()).collect();
    assert!(messages.iter().any(|message| message.contains("hosts")), "{messages:?}");
    assert!(!messages.iter().any(|message| message.contains("owners")), "{messages:?}");
}

#[test]
fn a_loop_of_its_own_keeps_no_request_waiting() {
    let text = "import asyncio
import time

from fastapi import FastAPI

app = FastAPI()


async def brew():
    time.sleep(2)


async def brew_all():
    await asyncio.gather(brew(), brew())


@app.post('/brew')
def route():
    asyncio.run(brew_all())
";
    let found = only("blocking-call-in-async", &[("app.py", text)]);
    assert_eq!(found.priority, Priority::P3);
    assert!(!found.message.contains("request"), "{}", found.message);
    let alone = text.replace("await asyncio.gather(brew(), brew())", "await brew()");
    assert_eq!(findings("blocking-call-in-async", &[("app.py", &alone)]), []);
    let served = text.replace("def route():\n    asyncio.run(brew_all())", "async def route():\n    await brew()");
    assert_eq!(only("blocking-call-in-async", &[("app.py", &served)]).priority, Priority::P2);
}

#[test]
fn methods_that_only_call_each_other_say_nothing_of_their_loop() {
    let text = "import time\n\n\nclass Note:\n    async def send(self):\n        time.sleep(2)\n\n\nclass Mail(Note):\n    async def send(self):\n        await super().send()\n";
    let found = only("blocking-call-in-async", &[("notes.py", text)]);
    assert_eq!(found.priority, Priority::P3);
}

#[test]
fn django_refuses_rather_than_blocks() {
    let models = "from django.db import models\n\n\nclass Tree(models.Model):\n    name = models.TextField()\n";
    let views = "from garden.models import Tree\n\n\nasync def trees(request):\n    return Tree.objects.filter(name='oak').count()\n";
    let urls = "from django.urls import path\n\nfrom garden import views\n\nurlpatterns = [path('trees/', views.trees)]\n";
    let files = [("garden/models.py", models), ("garden/views.py", views), ("garden/urls.py", urls)];
    let found = only("blocking-call-in-async", &files);
    assert_eq!(found.priority, Priority::P2);
    assert!(found.message.contains("SynchronousOnlyOperation"), "{}", found.message);
    let settings = "import os\n\nos.environ['DJANGO_ALLOW_ASYNC_UNSAFE'] = 'true'\n";
    let mut files = files.to_vec();
    files.push(("garden/settings.py", settings));
    assert_eq!(only("blocking-call-in-async", &files).priority, Priority::P2);
}

/// A list of orders whose lines are read in a further loop.
fn lines(inner: &str) -> String {
    format!(
        "from fastapi import FastAPI\nfrom sqlalchemy import create_engine, select\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker\n\nSession = sessionmaker(create_engine('postgresql://db/farm'))\napp = FastAPI()\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\nclass Owner(Base):\n    __tablename__ = 'owners'\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n\nclass Tree(Base):\n    __tablename__ = 'trees'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    owner: Mapped[Owner] = relationship()\n    fruits: Mapped[list[Owner]] = relationship()\n\n\n@app.get('/trees')\ndef trees(tags: list[str]):\n    with Session() as session:\n        trees = session.scalars(select(Tree).limit(50)).all()\n{inner}        return out\n"
    )
}

#[test]
fn a_relation_of_the_same_rows_is_loaded_once_whatever_loop_is_around() {
    let again =
        "        out = []\n        for tag in tags:\n            for tree in trees:\n                out.append((tag, len(tree.fruits)))\n";
    let found = only("n-plus-one", &[("app.py", &lines(again))]);
    assert!(found.impact.starts_with("1 + n queries"), "{}", found.impact);
    assert!(!found.message.contains("further loop"), "{}", found.message);
    let anew = again.replace(
        "            for tree in trees:",
        "            for tree in session.scalars(select(Tree).where(Tree.id > len(tag)).limit(50)).all():",
    );
    let found = findings("n-plus-one", &[("app.py", &lines(&anew))]);
    let relation = found
        .iter()
        .find(|found| found.message.contains("Tree.fruits"))
        .expect("the relation");
    assert!(relation.message.contains("further loop"), "{}", relation.message);
}

#[test]
fn a_session_loads_each_parent_once_and_says_so() {
    let one = "        out = []\n        for tree in trees:\n            out.append(tree.owner)\n";
    let found = only("n-plus-one", &[("app.py", &lines(one))]);
    assert_eq!(found.confidence, Confidence::Medium);
    assert!(found.message.contains("each distinct one"), "{}", found.message);
    let many = one.replace("tree.owner", "tree.fruits");
    let found = only("n-plus-one", &[("app.py", &lines(&many))]);
    assert_eq!(found.confidence, Confidence::High);
    assert!(!found.message.contains("each distinct one"), "{}", found.message);
}

#[test]
fn branches_that_exclude_each_other_are_not_added_up() {
    let text = |second: &str| {
        format!(
            "import psycopg\n\nconnection = psycopg.connect('postgresql://db/farm')\n\n\ndef grow(keys):\n    for key, kind in keys:\n        if kind == tall():\n            connection.execute('SELECT id FROM trees WHERE id = %s', (key,)).fetchone()\n        {second}\n            connection.execute('SELECT id FROM bushes WHERE id = %s', (key,)).fetchone()\n"
        )
    };
    let found = only("n-plus-one", &[("app.py", &text("else:"))]);
    assert!(
        found.message.contains("2 places") && found.message.contains("one of them in each pass"),
        "{}",
        found.message
    );
    assert!(found.impact.starts_with("1 + n queries"), "{}", found.impact);
    let found = only("n-plus-one", &[("app.py", &text("if kind == wide():"))]);
    assert!(
        found.message.ends_with("2 places in this loop go to the database."),
        "{}",
        found.message
    );
    assert!(found.impact.starts_with("1 + 2·n queries"), "{}", found.impact);
}

#[test]
fn a_task_of_the_projects_own_decorator_is_reached_as_a_job() {
    let queue = "from huey import RedisHuey\n\nhuey = RedisHuey()\n\n\ndef background():\n    def decorate(work):\n        return huey.task(retries=2)(work)\n\n    return decorate\n";
    let app = "import requests\nfrom fastapi import FastAPI\n\nfrom queued import background\n\napp = FastAPI()\n\n\n@background()\ndef load(url):\n    return requests.get(url).content\n\n\n@app.post('/load')\ndef route(url: str):\n    load(url)\n";
    let found = only("missing-timeout", &[("app.py", app), ("queued.py", queue)]);
    assert!(
        found.message.contains("task load") && !found.message.contains("POST /load"),
        "{}",
        found.message
    );
    let direct = app.replace("@background()\n", "");
    let found = only("missing-timeout", &[("app.py", &direct), ("queued.py", queue)]);
    assert!(found.message.contains("POST /load"), "{}", found.message);
}

#[test]
fn calls_that_start_together_take_no_connections_of_a_synchronous_driver() {
    let raw = "import Database from 'better-sqlite3';\nconst db = new Database('farm.db');\nexport async function names(ids: number[]) {\n  return Promise.all(ids.map(async (id) => db.prepare('SELECT name FROM trees WHERE id = ?').get(id)));\n}\n";
    let drizzle = |driver: &str| {
        format!(
            "import {{ drizzle }} from 'drizzle-orm/{driver}';\nimport {{ eq }} from 'drizzle-orm';\nimport {{ trees }} from './schema';\nconst db = drizzle('farm');\nexport async function names(ids: number[]) {{\n  return Promise.all(ids.map(async (id) => await db.query.trees.findMany({{ where: eq(trees.owner, id) }})));\n}}\n"
        )
    };
    for text in [raw.to_owned(), drizzle("better-sqlite3")] {
        let found = only("n-plus-one", &[("src/names.ts", &text)]);
        assert!(
            found.message.contains("synchronous") && !found.message.contains("pool"),
            "{}",
            found.message
        );
    }
    let found = only("n-plus-one", &[("src/names.ts", &drizzle("node-postgres"))]);
    assert!(found.message.contains("pool"), "{}", found.message);
}

/// What is under a test of a key runs for those who pass that key.
#[test]
fn a_test_of_a_key_closes_what_is_below_it() {
    let reached = |test: &str| {
        let text = format!(
            "const express = require('express');\nconst bcrypt = require('bcrypt');\nconst app = express();\n\nasync function change(id, fields) {{\n  if ({test}) {{\n    fields.pin = bcrypt.hashSync(fields.pin, 10);\n  }}\n  return fields;\n}}\n\napp.post('/picture', async (req, res) => res.json(await change(req.params.id, {{ picture: req.body.picture }})));\napp.post('/pin', async (req, res) => res.json(await change(req.params.id, {{ pin: req.body.pin }})));\n"
        );
        only("blocking-call-in-async", &[("app.js", &text)]).reason
    };
    for test in ["fields.hasOwnProperty('pin')", "Object.hasOwn(fields, 'pin')", "'pin' in fields"] {
        let reason = reached(test);
        assert!(
            reason.contains("POST /pin") && !reason.contains("POST /picture"),
            "{test}: {reason}"
        );
    }
    assert!(reached("fields.hasOwnProperty('picture')").contains("POST /picture"));
}
