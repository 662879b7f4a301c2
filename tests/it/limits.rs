//! How many rows a page has, where code says it: a number, or the default of a parameter.

use perfaudit::finding::{Finding, Priority};

use crate::doors::found;

/// The one finding on a route that reads the owner of each boat which `rows` gives.
fn of_page(head: &str, rows: &str) -> Finding {
    let app = format!(
        "from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
{head}

class Boat(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Trip(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    boat_id = db.Column(db.Integer, db.ForeignKey('boat.id'), index=True)


@app.post('/boats')
def add():
    db.session.add(Boat())
    db.session.commit()


def last_trip(boat):
    return Trip.query.filter_by(boat_id=boat.id).order_by(Trip.id.desc()).first()


@app.get('/boats')
def boats():
    page = int(request.args.get('page', 1))
    return [last_trip(boat).id for boat in {rows}]
"
    );
    let mut all = found("n-plus-one", &[("boats.py", &app)]);
    assert_eq!(all.len(), 1, "{rows}: {all:#?}");
    all.remove(0)
}

#[test]
fn a_page_is_as_long_as_the_code_says() {
    let all = of_page("", "Boat.query.all()");
    assert_eq!(all.priority, Priority::P2, "{}", all.reason);
    for (head, rows, wanted, priority) in [
        (
            "SIZE = 5\n",
            "Boat.query.paginate(page=page, per_page=SIZE).items",
            "at most 5 rows",
            Priority::P3,
        ),
        (
            "SIZE = 40\n",
            "Boat.query.paginate(page=page, per_page=SIZE).items",
            "at most 40 rows",
            Priority::P2,
        ),
        (
            "",
            "Boat.query.limit(int(request.args.get('size', 8)))",
            "a page of 8 rows",
            Priority::P3,
        ),
        (
            "",
            "Boat.query.limit(int(request.args.get('size', 50)))",
            "a page of 50 rows",
            Priority::P2,
        ),
        (
            "",
            "Boat.query.limit(request.args.get('size', type=int) or 25)",
            "a page of 25 rows",
            Priority::P2,
        ),
        (
            "",
            "Boat.query.limit(request.args.get('size', type=int))",
            "a page of rows",
            Priority::P2,
        ),
    ] {
        let one = of_page(head, rows);
        assert!(one.reason.contains(wanted), "{rows}: {}", one.reason);
        assert_eq!(one.priority, priority, "{rows}: {}", one.reason);
    }
}

/// The code that is advised for a request of a class with this constructor, beside one that is given `limit`, in a file with this head.
fn advised(head: &str, init: &str, limit: &str) -> String {
    let text = format!(
        "import requests\n\n{head}\n\nclass Ferry:\n    def __init__(self, timeout):\n        {init}\n\n    def places(self):\n        return requests.get('https://ferry.example/places', timeout={limit}).json()\n\n    def times(self):\n        return requests.get('https://ferry.example/times').json()\n"
    );
    let app = "from flask import Flask\n\nfrom ferry import Ferry\n\napp = Flask(__name__)\n\n\n@app.get('/times')\ndef times():\n    return Ferry(3).times()\n";
    let mut all = found("missing-timeout", &[("ferry.py", &text), ("app.py", app)]);
    assert_eq!(all.len(), 1, "{head} {init}: {all:#?}");
    all.remove(0).fix.code.unwrap_or_default()
}

#[test]
fn a_request_is_given_the_limit_that_its_neighbours_have() {
    let plain = "self.url = ''";
    assert!(advised("", plain, "5").contains("timeout=10"));
    assert!(advised("", "self._timeout = timeout", "self._timeout").contains("timeout=self._timeout"));
    assert!(advised("FERRY_TIMEOUT = 20", plain, "FERRY_TIMEOUT").contains("timeout=FERRY_TIMEOUT"));
    // How long a cache keeps something, what is no number, and another class's.
    let cache = "from django.core.cache import cache\n\nCACHE_TIMEOUT = 300\ncache.set('ferries', 3, timeout=CACHE_TIMEOUT)\n";
    assert!(advised(cache, plain, "5").contains("timeout=10"));
    assert!(advised("FERRY_TIMEOUT = build()", plain, "FERRY_TIMEOUT").contains("timeout=10"));
    let other = "class Bus:\n    def __init__(self):\n        self.timeout = 5\n\n    def stops(self):\n        return requests.get('https://bus.example', timeout=self.timeout)\n";
    assert!(advised(other, plain, "5").contains("timeout=10"));
}

#[test]
fn workers_end_what_does_not_answer() {
    let app = "import { Hono } from 'hono';\nconst app = new Hono();\napp.get('/tides', async (c) => c.json(await (await fetch('https://tides.example')).json()));\nexport default app;\n";
    let of = |manifest: &str| found("missing-timeout", &[("src/app.ts", app), ("package.json", manifest)]).len();
    assert_eq!(of("{\"dependencies\": {\"hono\": \"4\"}}"), 1);
    assert_eq!(
        of("{\"dependencies\": {\"hono\": \"4\"}, \"devDependencies\": {\"wrangler\": \"4\"}}"),
        0
    );
}

#[test]
fn one_function_that_walks_all_keys_twice_is_one_finding() {
    let text = "import redis\nfrom flask import Flask\n\napp = Flask(__name__)\nstore = redis.Redis()\n\n\n@app.get('/goats')\ndef goats():\n    return [store.keys('goat:*') + store.keys('kid:*')]\n\n\n@app.get('/sheep')\ndef sheep():\n    return store.keys('sheep:*')\n";
    let all = found("redis-keys-command", &[("app.py", text)]);
    assert_eq!(all.len(), 2, "{all:#?}");
}
