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
