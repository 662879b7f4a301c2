//! What the arguments of calls close, and what runs on a loop of its own: the priority and the chain that a user reads.

use perfaudit::finding::{Finding, Priority};
use perfaudit::{Config, audit_texts};

fn findings(rule: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let texts = files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect();
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
    assert_eq!(found.priority, Priority::P2);
    assert!(!found.message.contains("request"), "{}", found.message);
    let alone = text.replace("await asyncio.gather(brew(), brew())", "await brew()");
    assert_eq!(findings("blocking-call-in-async", &[("app.py", &alone)]), []);
    let served = text.replace("def route():\n    asyncio.run(brew_all())", "async def route():\n    await brew()");
    assert_eq!(only("blocking-call-in-async", &[("app.py", &served)]).priority, Priority::P0);
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
    assert_eq!(only("blocking-call-in-async", &files).priority, Priority::P0);
}
