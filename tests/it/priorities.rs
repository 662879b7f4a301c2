//! What a priority says: how many rows, who waits and how often, and the sum that a user reads.

use perfaudit::finding::{Finding, Priority};
use perfaudit::{Config, audit_texts};

use crate::doors;

const MODELS: &str = "\
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

session = Session(create_engine('postgresql://db/farm'))


class Base(DeclarativeBase):
    pass


class Keeper(Base):
    __tablename__ = 'keepers'
    id: Mapped[int] = mapped_column(primary_key=True)


class Barn(Base):
    __tablename__ = 'barns'
    id: Mapped[int] = mapped_column(primary_key=True)


class Goat(Base):
    __tablename__ = 'goats'
    id: Mapped[int] = mapped_column(primary_key=True)
    keeper_id: Mapped[int] = mapped_column(ForeignKey('keepers.id'), index=True)
    barn_id: Mapped[int] = mapped_column(ForeignKey('barns.id'), index=True)


class Visit(Base):
    __tablename__ = 'checkups'
    id: Mapped[int] = mapped_column(primary_key=True)
    goat_id: Mapped[int] = mapped_column(ForeignKey('goats.id'), index=True)
";

/// An application that stores goats, and asks for the check-ups of each goat of a list.
fn app(route: &str, rows: &str) -> String {
    format!(
        "\
from fastapi import FastAPI

from farm.models import Goat, Visit, select, session

app = FastAPI()


@app.post('/goats')
def store(keeper: int, barn: int):
    session.add(Goat(keeper_id=keeper, barn_id=barn))
    session.commit()


@app.{route}
def checkups(keeper: int, barn: int):
    goats = session.scalars({rows}).all()
    return [session.scalars(select(Visit).where(Visit.goat_id == goat.id)).first() for goat in goats]
"
    )
}

fn found(config: &Config, rule: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let (path, text) = doors::file();
    found_alone(config, rule, &[files, &[(&path, &text)]].concat())
}

/// What is found in a program of these files and no others.
fn found_alone(config: &Config, rule: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let texts = files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect();
    let report = audit_texts(config, texts).expect("a report");
    report.findings.into_iter().filter(|finding| finding.rule == rule).collect()
}

/// The priority of the loop, and the sum behind it.
#[track_caller]
fn of_loop(route: &str, rows: &str) -> (Priority, String) {
    let app = app(route, rows);
    let all = found(
        &Config::default(),
        "n-plus-one",
        &[("farm/models.py", MODELS), ("farm/app.py", &app)],
    );
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    (one.priority, one.reason.clone())
}

#[test]
fn a_loop_weighs_what_its_rows_and_its_callers_make_of_it() {
    let (priority, reason) = of_loop("get('/checkups')", "select(Goat)");
    assert_eq!(priority, Priority::P2);
    assert_eq!(
        reason,
        "a statement for each of goats, written by POST /goats, each time GET /checkups is asked"
    );
    // The rows of one parent, and those that two parents share.
    assert_eq!(
        of_loop("get('/checkups')", "select(Goat).where(Goat.keeper_id == keeper)").0,
        Priority::P2
    );
    let both = "select(Goat).where(Goat.keeper_id == keeper, Goat.barn_id == barn)";
    assert_eq!(of_loop("get('/checkups')", both).0, Priority::P3);
    assert_eq!(of_loop("get('/checkups')", "select(Goat).limit(5)").0, Priority::P3);
    // Whoever exports everything expects it to take as long as there are rows.
    assert_eq!(of_loop("get('/checkups/export')", "select(Goat)").0, Priority::P3);
    // An action, and what staff alone or hardly anybody does.
    assert_eq!(of_loop("post('/checkups')", "select(Goat)").0, Priority::P2);
    assert_eq!(of_loop("get('/admin/checkups')", "select(Goat)").0, Priority::P3);
    assert_eq!(of_loop("get('/checkups', deprecated=True)", "select(Goat)").0, Priority::P3);
}

#[test]
fn what_a_database_counted_holds_in_every_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    let stats = folder.path().join("stats.csv");
    std::fs::write(
        &stats,
        "table_schema,table_name,row_count,index_name,index_scans\npublic,goats,12,,\n",
    )
    .expect("written");
    let config = Config {
        stats: Some(stats.into()),
        ..Config::default()
    };
    let app = app("get('/checkups')", "select(Goat)");
    let all = found(&config, "n-plus-one", &[("farm/models.py", MODELS), ("farm/app.py", &app)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(one.priority, Priority::P3);
    assert!(one.reason.contains("goats, 12 rows by the statistics"), "{}", one.reason);
}

#[test]
fn the_first_test_of_a_handler_can_turn_all_but_staff_away() {
    let views = |guard: &str| {
        format!(
            "from django.shortcuts import redirect\nfrom herd.models import Goat\n\n\ndef goats(request):\n    if {guard}:\n        return redirect('/')\n    return [goat.barn.name for goat in Goat.objects.all()]\n"
        )
    };
    let models = "from django.db import models\n\n\nclass Barn(models.Model):\n    name = models.TextField()\n\n\nclass Goat(models.Model):\n    barn = models.ForeignKey(Barn, on_delete=models.CASCADE)\n";
    let urls = "from django.urls import path\n\nfrom herd import views\n\nurlpatterns = [path('goats/', views.goats)]\n";
    let priority = |guard: &str| {
        let views = views(guard);
        let files = [
            ("herd/models.py", models),
            ("herd/urls.py", urls),
            ("herd/views.py", views.as_str()),
        ];
        let all = found(&Config::default(), "n-plus-one", &files);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.priority
    };
    // No code here adds goats: another program does, and there are many.
    assert_eq!(priority("not request.user.is_authenticated"), Priority::P2);
    assert_eq!(priority("not request.user.is_superuser"), Priority::P3);
    assert_eq!(priority("request.user.is_superuser"), Priority::P2);
}

#[test]
fn rows_that_were_reached_from_their_parent_know_it() {
    let models = "from django.db import models\n\n\nclass Barn(models.Model):\n    name = models.TextField()\n\n\nclass Goat(models.Model):\n    barn = models.ForeignKey(Barn, on_delete=models.CASCADE)\n    mother = models.ForeignKey('self', null=True, on_delete=models.CASCADE)\n";
    let urls = "from django.urls import path\n\nfrom herd import views\n\nurlpatterns = [path('goats/<int:barn>/', views.goats)]\n";
    let count = |read: &str| {
        let views = format!(
            "from herd.models import Barn\n\n\ndef goats(request, pk):\n    barn = Barn.objects.get(pk=pk)\n    return [goat.{read} for goat in barn.goat_set.all()]\n"
        );
        let files = [
            ("herd/models.py", models),
            ("herd/urls.py", urls),
            ("herd/views.py", views.as_str()),
        ];
        found(&Config::default(), "n-plus-one", &files).len()
    };
    assert_eq!(count("barn.name"), 0);
    assert_eq!(count("mother.barn_id"), 1);
}

#[test]
fn a_view_that_several_addresses_lead_to_is_one_finding() {
    let app = app("get('/checkups')", "select(Goat)").replace(
        "@app.get('/checkups')\ndef checkups(keeper: int, barn: int):",
        "@app.get('/all')\n@app.get('/goats')\ndef listed():\n    return session.scalars(select(Goat)).all()\n\n\n@app.get('/checkups')\ndef checkups(keeper: int, barn: int):",
    );
    let files = [("farm/models.py", MODELS), ("farm/app.py", app.as_str())];
    let all = found(&Config::default(), "list-endpoint-without-pagination", &files);
    let mut listed = all.iter().filter(|finding| finding.location.symbol.ends_with("listed"));
    let (Some(one), None) = (listed.next(), listed.next()) else {
        panic!("{all:#?}")
    };
    let places = one
        .related
        .iter()
        .filter(|related| related.role == perfaudit::finding::Role::Endpoint);
    assert_eq!(places.count(), 2);
}

/// What a job does one after the other keeps nobody waiting: it is told, and not urgent.
#[test]
fn waits_in_a_row_weigh_where_somebody_waits() {
    let priority = |head: &str| {
        let text = format!(
            "{head}\nasync function all(ids: string[]) {{\n  const out = [];\n  for (const id of ids) {{\n    const answer = await fetch('https://tides.example/' + id, {{ signal: AbortSignal.timeout(900) }});\n    out.push(await answer.json());\n  }}\n  return out;\n}}\n"
        );
        let all = found(&Config::default(), "sequential-await-in-loop", &[("src/tides.ts", text.as_str())]);
        all.first().map(|one| one.priority)
    };
    let route = "import express from 'express';\nconst app = express();\napp.get('/tides', async (req, res) => { res.json(await all(String(req.query.ids).split(','))); });";
    let cron = "import cron from 'node-cron';\ncron.schedule('0 * * * *', async () => { await all(process.env.PORTS!.split(',')); });";
    assert_eq!(priority(route), Some(Priority::P2));
    assert_eq!(priority(cron), Some(Priority::P3));
}

/// A link table is read from its parents, by the key that starts with their column, or by what the caller gives.
#[test]
fn a_foreign_key_that_another_column_spares_is_not_looked_up() {
    let text = "\
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Reader(Base):
    __tablename__ = \"readers\"
    id: Mapped[int] = mapped_column(primary_key=True)


class Shelf(Base):
    __tablename__ = \"shelves\"
    id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(index=True)


class ShelfRead(Base):
    __tablename__ = \"shelves_read\"
    reader_id: Mapped[int] = mapped_column(ForeignKey(\"readers.id\"), primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey(\"shelves.id\"), primary_key=True)


def read(session: Session, reader_id: int, row: int):
    query = select(Shelf, ShelfRead).join(ShelfRead, (ShelfRead.shelf_id == Shelf.id) & (ShelfRead.reader_id == reader_id))
    return session.execute(query.where(Shelf.row == row)).all()
";
    let all = found(&Config::default(), "unindexed-foreign-key", &[("shelves.py", text)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(one.priority, Priority::P3);
    assert!(one.message.contains("No statement"), "{}", one.message);
    let by_shelf = text.replace(
        "(ShelfRead.shelf_id == Shelf.id) & (ShelfRead.reader_id == reader_id)",
        "ShelfRead.shelf_id == Shelf.id",
    );
    let all = found(&Config::default(), "unindexed-foreign-key", &[("shelves.py", &by_shelf)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert!(!one.message.contains("No statement"), "{}", one.message);
}

/// The priority and the sum of the loops over what `body` gives them, with a handler that asks for it.
fn of_list(head: &str, body: &str) -> Vec<(Priority, String)> {
    let app = format!(
        "
from fastapi import FastAPI

from farm.models import Goat, Visit, select, session

app = FastAPI()
{head}


def latest(goat):
    return session.scalars(select(Visit).where(Visit.goat_id == goat)).first()


def check(goat):
    visit = latest(goat)
    session.add(Visit(goat_id=goat))
    session.commit()
    return visit


{body}
"
    );
    let all = found(
        &Config::default(),
        "n-plus-one",
        &[("farm/models.py", MODELS), ("farm/app.py", &app)],
    );
    all.into_iter().map(|one| (one.priority, one.reason)).collect()
}

#[test]
fn a_list_that_a_constant_or_the_callers_fix_is_short() {
    let handler = |body: &str| format!("@app.get('/checkups')\ndef checkups(goats: list[int]):\n    return {body}\n");
    let unknown = of_list("", &handler("[latest(goat) for goat in goats]"));
    assert!(
        matches!(unknown.as_slice(), [(Priority::P3, sum)] if sum.contains("how many is not known")),
        "{unknown:?}"
    );
    let fixed = of_list(
        "BILLY_GOATS = read('billy-goats')",
        &handler("[latest(goat) for goat in sorted(BILLY_GOATS)]"),
    );
    assert!(
        matches!(fixed.as_slice(), [(Priority::P3, sum)] if sum.contains("the constant `BILLY_GOATS`")),
        "{fixed:?}"
    );
    let helper = "def all_of(goats):\n    return [latest(goat) for goat in goats]\n\n\n";
    let given = of_list("", &format!("{helper}{}", handler("all_of([1, 4]) + all_of([2, 3, 5])")));
    assert!(
        matches!(given.as_slice(), [(Priority::P3, sum)] if sum.contains("that are given, 3 at most")),
        "{given:?}"
    );
    // One caller of which nothing is known makes it any number.
    let given = of_list("", &format!("{helper}{}", handler("all_of([1, 4]) + all_of(goats)")));
    assert!(
        matches!(given.as_slice(), [(Priority::P3, sum)] if sum.contains("how many is not known")),
        "{given:?}"
    );
}

/// What saves something for each has work of its own to do for each; what it reads is the least of it.
#[test]
fn a_read_of_what_changes_something_for_each_weighs_less() {
    let head = "@app.post('/goats')\ndef goats():\n    session.add(Goat())\n    session.commit()\n\n\n";
    let handler = |call: &str| {
        format!(
            "{head}@app.post('/checkups')\ndef checkups():\n    return [{call}(goat.id) for goat in session.scalars(select(Goat)).all()]\n"
        )
    };
    assert!(matches!(of_list("", &handler("latest")).as_slice(), [(Priority::P2, _)]));
    let found = of_list("", &handler("check"));
    assert!(matches!(found.as_slice(), [(Priority::P3, _)]), "{found:?}");
}

#[test]
fn what_a_handler_starts_and_does_not_wait_for_goes_on_in_the_background() {
    let head = "import express from 'express';\nimport pg from 'pg';\nconst pool = new pg.Pool();\nconst app = express();\n
async function track(goats) { for (const goat of goats) { await pool.query('UPDATE goats SET seen = now() WHERE id = $1', [goat]); } }
async function seen(goats) { const out = []; for (const goat of goats) { out.push(await pool.query('SELECT * FROM goats WHERE id = $1', [goat])); } return out; }\n";
    let sum = |call: &str| {
        let text = format!("{head}app.get('/goats', async (req, res) => {{ {call} res.send('ok'); }});\n");
        let found = found(&Config::default(), "n-plus-one", &[("server.js", &text)]);
        found.into_iter().map(|one| one.reason).collect::<String>()
    };
    assert!(sum("await seen(req.body);").contains("each time GET /goats is asked"));
    for dropped in ["seen(req.body);", "void seen(req.body);", "seen(req.body).catch(log);"] {
        let sum = sum(dropped);
        assert!(sum.contains("in the background: GET /goats"), "{dropped} {sum}");
    }
    // The answer goes through what it is given.
    assert!(sum("seen(req.body, res);").contains("each time GET /goats is asked"));
}

/// What a driver answers are rows of the statement, however they come to the loop.
#[test]
fn rows_that_a_driver_answers_are_those_of_the_statement() {
    let sums = |file: &str, text: &str| {
        let found = found(&Config::default(), "n-plus-one", &[(file, text)]);
        found.into_iter().map(|one| one.reason).collect::<String>()
    };
    let python = |body: &str| {
        let text = format!(
            "import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\npg = psycopg2.connect('x')\n
def toll(bell):\n    with pg.cursor() as cur:\n        cur.execute('SELECT at FROM tolls WHERE bell = %s', (bell,))\n        return cur.fetchone()\n
def all_bells():\n    cur = pg.cursor()\n    cur.execute('SELECT id FROM bells')\n    return cur.fetchall()\n
@app.get('/tolls')\ndef tolls(given):\n{body}"
        );
        sums("bells.py", &text)
    };
    let sent = "    cur = pg.cursor()\n    cur.execute('SELECT id FROM bells')\n";
    for body in [
        format!("{sent}    return [toll(row[0]) for row in cur.fetchall()]\n"),
        format!("{sent}    return [toll(row[0]) for row in cur]\n"),
        format!("{sent}    rows = cur.fetchall()\n    ids = [row[0] for row in rows]\n    return [toll(bell) for bell in ids]\n"),
        "    with pg.cursor() as cur:\n        cur.execute('SELECT id FROM bells')\n        return [toll(row[0]) for row in cur]\n"
            .to_owned(),
        "    return [toll(row[0]) for row in all_bells()]\n".to_owned(),
    ] {
        let sum = python(&body);
        assert!(sum.contains("a statement for each of bells"), "{body} {sum}");
    }
    let unknown = python("    return [toll(bell) for bell in given]\n");
    assert!(unknown.contains("how many is not known"), "{unknown}");
    let typescript = |body: &str| {
        let text = format!(
            "import express from 'express';\nimport {{ Pool }} from 'pg';\nimport Database from 'better-sqlite3';\nconst pool = new Pool();\nconst lite = new Database('x');\nconst app = express();
async function toll(bell) {{ return (await pool.query('SELECT at FROM tolls WHERE bell = $1', [bell])).rows[0]; }}
async function allBells() {{ const {{ rows }} = await pool.query('SELECT id FROM bells'); return rows; }}
app.get('/tolls', async (req, res) => {{ {body} }});\n"
        );
        sums("bells.ts", &text)
    };
    for body in [
        "const { rows } = await pool.query('SELECT id FROM bells'); for (const row of rows) { await toll(row.id); }",
        "const found = await pool.query('SELECT id FROM bells'); for (const row of found.rows) { await toll(row.id); }",
        "for (const row of lite.prepare('SELECT id FROM bells').all()) { await toll(row.id); }",
        "for (const row of await allBells()) { await toll(row.id); }",
        "const ids = (await allBells()).map((row) => row.id); await Promise.all(ids.map((id) => toll(id)));",
    ] {
        let sum = typescript(body);
        assert!(sum.contains("a statement for each of bells"), "{body} {sum}");
    }
    let unknown = typescript("for (const bell of req.body.bells) { await toll(bell); }");
    assert!(unknown.contains("how many is not known"), "{unknown}");
}

/// What is called for one (`load(case["case_no"])`) does not go through all of them.
#[test]
fn what_is_called_for_one_leaves_the_loop_over_all_to_others() {
    let sums = |given: &str| {
        let text = format!(
            "import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\npg = psycopg2.connect('x')\n
def documents(no):\n    with pg.cursor() as cur:\n        cur.execute('SELECT name FROM documents WHERE case_no = %s', (no,))\n        return cur.fetchone()\n
def load(only_case_no=None):\n    if only_case_no is None:\n        cur = pg.cursor()\n        cur.execute('SELECT case_no FROM cases')\n        return [documents(row[0]) for row in cur.fetchall()]\n    return [documents(only_case_no)]\n
@app.get('/changes')\ndef changes(changed):\n    for row in changed:\n        load({given})\n"
        );
        let found = found(&Config::default(), "n-plus-one", &[("cases.py", &text)]);
        let of_all = found.into_iter().filter(|one| one.reason.contains("each of cases"));
        of_all.map(|one| one.reason).collect::<String>()
    };
    for one in ["row[\"case_no\"]", "row.case_no", "only_case_no=row.case_no"] {
        assert!(sums(one).contains("who calls it was not found"), "{one} {}", sums(one));
    }
    for all in ["", "row.parent", "None"] {
        assert!(
            sums(all).contains(if all == "row.parent" {
                "sometimes when GET /changes is asked"
            } else {
                "each time GET /changes is asked"
            }),
            "{all} {}",
            sums(all)
        );
    }
}

/// Folders say what is no longer used, unless somebody calls it all the same.
#[test]
fn what_is_left_behind_weighs_little() {
    let request = "import requests\n\n\ndef tides(port):\n    return requests.get('https://tides.example/' + port).json()\n";
    let priority = |path: &str, app: &str| {
        let all = found(&Config::default(), "missing-timeout", &[(path, request), ("app.py", app)]);
        all.first().map(|one| one.priority)
    };
    assert_eq!(priority("plugins/deprecated/tides.py", ""), Some(Priority::P3));
    assert_eq!(priority("plugins/public/tides.py", ""), Some(Priority::P2));
    let app = "from flask import Flask\nfrom plugins.deprecated.tides import tides\napp = Flask(__name__)\n\n\n@app.get('/tides')\ndef all_tides():\n    return tides('Brest')\n";
    assert_ne!(priority("plugins/deprecated/tides.py", app), Some(Priority::P3));
}

/// A pause between two looks that is written to be short is no pause of the loop.
#[test]
fn a_short_pause_blocks_for_a_moment() {
    let priority = |seconds: &str| {
        let text = format!(
            "import time\nfrom fastapi import FastAPI\napp = FastAPI()\n\n\n@app.get('/job')\nasync def job():\n    while not is_done():\n        time.sleep({seconds})\n"
        );
        let all = found(&Config::default(), "blocking-call-in-async", &[("app.py", &text)]);
        all.first().map(|one| one.priority)
    };
    assert_eq!((priority("5"), priority("0.01")), (Some(Priority::P2), Some(Priority::P3)));
}

/// What people write all day outgrows what they set up: a look-up that reads all of it is urgent, one of their settings is not yet.
#[test]
fn an_index_on_what_everybody_writes_is_urgent() {
    let priority = |table: &str| {
        let model = format!(
            "from sqlalchemy import ForeignKey, create_engine, select\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\nfrom fastapi import FastAPI\n\nengine = create_engine('postgresql://db')\nsession = Session(engine)\napp = FastAPI()\n\n\nclass Base(DeclarativeBase): ...\n\n\nclass Boat(Base):\n    __tablename__ = 'boats'\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n\nclass Row(Base):\n    __tablename__ = '{table}'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    boat_id: Mapped[int] = mapped_column(ForeignKey('boats.id'))\n\n\n@app.post('/rows')\ndef add(boat: int):\n    session.add(Row(boat_id=boat))\n    session.commit()\n\n\n@app.get('/rows')\ndef rows(boat: int):\n    return session.scalars(select(Row).where(Row.boat_id == boat).limit(20)).all()\n\n\n@app.get('/first')\ndef first(boat: int):\n    return session.scalars(select(Row).where(Row.boat_id == boat)).first()\n"
        );
        let all = found(&Config::default(), "unindexed-foreign-key", &[("harbour/app.py", &model)]);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.priority
    };
    assert_eq!(priority("boat_comments"), Priority::P1);
    assert_eq!(priority("sails"), Priority::P2);
    assert_eq!(priority("boat_categories"), Priority::P3);
}

/// Of two keys that the same statements compare, the index that most of them ask for finds the few rows: the other one is told as what it is.
#[test]
fn of_keys_that_are_compared_together_one_is_urgent() {
    let app = r"
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from fastapi import FastAPI

engine = create_engine('postgresql://db')
session = Session(engine)
app = FastAPI()


class Base(DeclarativeBase): ...


class Club(Base):
    __tablename__ = 'clubs'
    id: Mapped[int] = mapped_column(primary_key=True)


class Sailor(Base):
    __tablename__ = 'sailors'
    id: Mapped[int] = mapped_column(primary_key=True)


class Ban(Base):
    __tablename__ = 'bans'
    id: Mapped[int] = mapped_column(primary_key=True)
    club_id: Mapped[int] = mapped_column(ForeignKey('clubs.id'))
    sailor_id: Mapped[int] = mapped_column(ForeignKey('sailors.id'))


@app.post('/bans')
def ban(club: int, sailor: int):
    session.add(Ban(club_id=club, sailor_id=sailor))
    session.commit()


@app.get('/bans')
def bans(club: int):
    return session.scalars(select(Ban).where(Ban.club_id == club).limit(20)).all()


@app.get('/banned')
def banned(club: int, sailor: int):
    return session.scalars(select(Ban).where(Ban.club_id == club, Ban.sailor_id == sailor)).first()
";
    let all = found(&Config::default(), "unindexed-foreign-key", &[("club/app.py", app)]);
    let told: Vec<(&str, Priority)> = all.iter().map(|one| (one.subject.as_str(), one.priority)).collect();
    assert_eq!(told, [("bans.club_id", Priority::P2), ("bans.sailor_id", Priority::P3)]);
}

/// The validators of a serializer's fields: what a class holds is no variable of its methods.
#[test]
fn what_a_class_holds_is_reached_by_its_name_on_the_class() {
    let app = |use_: &str| {
        format!(
            "import requests\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef check(goats):\n    return requests.get('http://herd')\n\n\nclass Form:\n    goats = Field(validators=[check])\n\n    def show(self, herd):\n        goats = [goat for goat in herd]\n        return {use_}\n\n\n@app.get('/goats')\ndef shown(herd: list):\n    return Form().show(herd)\n"
        )
    };
    let reason = |use_: &str| {
        let all = found(&Config::default(), "missing-timeout", &[("herd/app.py", &app(use_))]);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.reason.clone()
    };
    assert!(reason("goats").contains("who calls it was not found"), "{}", reason("goats"));
    assert!(reason("self.goats").contains("GET /goats"), "{}", reason("self.goats"));
}

#[test]
fn settings_of_a_server_that_nothing_starts_end_no_wait() {
    let app = "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/goats')\ndef goats():\n    return requests.get('http://herd').text\n";
    let reason = |command: &str| {
        let docker = format!("FROM python\nCMD {command}\n");
        let files = [
            ("herd/app.py", app),
            ("uwsgi.ini", "[uwsgi]\nharakiri = 60\n"),
            ("Dockerfile", docker.as_str()),
        ];
        let all = found(&Config::default(), "missing-timeout", &files);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.reason.clone()
    };
    assert!(reason("uwsgi --ini uwsgi.ini").contains("until uwsgi ends it after 60 s"));
    assert!(reason("granian --interface wsgi herd.app:app").contains("for ever"));
}

/// A serializer that drops what nobody asks for reads that of nobody's list.
#[test]
fn a_serializer_of_chosen_fields_weighs_less() {
    let api = |init: &str| {
        format!(
            "from rest_framework import serializers, viewsets\n\nfrom kennel.models import Dog\n\n\nclass Base(serializers.ModelSerializer):\n    def __init__(self, *args, **kwargs):\n        asked = kwargs.pop('fields', None)\n        super().__init__(*args, **kwargs)\n        {init}\n\n\nclass DogSerializer(Base):\n    owner = serializers.CharField(source='owner.name')\n\n    class Meta:\n        model = Dog\n        fields = ['name', 'owner']\n\n\nclass Dogs(viewsets.ReadOnlyModelViewSet):\n    queryset = Dog.objects.all()\n    serializer_class = DogSerializer\n"
        )
    };
    let models = "from django.db import models\n\n\nclass Owner(models.Model):\n    name = models.TextField()\n\n\nclass Dog(models.Model):\n    name = models.TextField()\n    owner = models.ForeignKey(Owner, on_delete=models.CASCADE)\n";
    let priority = |init: &str| {
        let api = api(init);
        let all = found(
            &Config::default(),
            "n-plus-one",
            &[("kennel/models.py", models), ("kennel/api.py", &api)],
        );
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.priority
    };
    assert_eq!(priority("self.asked = asked"), Priority::P2);
    assert_eq!(
        priority("[self.fields.pop(name) for name in set(self.fields) - set(asked or [])]"),
        Priority::P3
    );
}

/// A pause that only comes after an error is rare.
#[test]
fn a_pause_before_the_next_try_weighs_less() {
    let priority = |body: &str| {
        let text = format!(
            "import time\nfrom fastapi import FastAPI\napp = FastAPI()\n\n\ndef connect():\n{body}\n\n\n@app.get('/job')\nasync def job():\n    return connect()\n"
        );
        let all = found(&Config::default(), "blocking-call-in-async", &[("app.py", &text)]);
        all.first().map(|one| one.priority)
    };
    assert_eq!(priority("    time.sleep(5)\n    return open_port()"), Some(Priority::P2));
    let retried = "    try:\n        return open_port()\n    except OSError:\n        time.sleep(5)\n        return open_port()";
    assert_eq!(priority(retried), Some(Priority::P3));
}

/// What a view shows of one object, and not in its list, is asked for once.
#[test]
fn a_serializer_of_single_objects_is_none_of_a_list() {
    const DETAIL: &str = "QuarryDetailSerializer";
    const ROW: &str = "QuarryRowSerializer";
    let priority = |method: &str, test: &str, shown: &str| {
        let other = if shown == DETAIL { ROW } else { DETAIL };
        let api = format!(
            "from rest_framework import serializers, viewsets\n\nfrom quarry.models import Blast, Quarry\n\n\nclass QuarryRowSerializer(serializers.ModelSerializer):\n    class Meta:\n        model = Quarry\n        fields = ['name']\n\n\nclass QuarryDetailSerializer(serializers.ModelSerializer):\n    last = serializers.SerializerMethodField()\n\n    class Meta:\n        model = Quarry\n        fields = ['name', 'last']\n\n    def get_last(self, quarry):\n        return Blast.objects.filter(quarry=quarry).first()\n\n\nclass Quarries(viewsets.ReadOnlyModelViewSet):\n    queryset = Quarry.objects.all()\n\n    serializer_class = {other}\n\n    def {method}(self):\n        if self.action {test}:\n            return {shown}\n        return {other}\n"
        );
        let models = "from django.db import models\n\n\nclass Quarry(models.Model):\n    name = models.TextField()\n\n\nclass Blast(models.Model):\n    quarry = models.ForeignKey(Quarry, related_name='blasts', on_delete=models.CASCADE)\n";
        let all = found(
            &Config::default(),
            "n-plus-one",
            &[("quarry/models.py", models), ("quarry/api.py", &api)],
        );
        all.first().map(|one| one.priority)
    };
    for method in ["get_serializer_class", "get_versioned_serializer_class"] {
        assert_eq!(priority(method, "== 'list'", DETAIL), Some(Priority::P2), "{method}");
        assert_eq!(priority(method, "== 'list'", ROW), None, "{method}");
        assert_eq!(priority(method, "in ('list', 'approve')", DETAIL), Some(Priority::P2), "{method}");
        assert_eq!(priority(method, "in ('retrieve', 'approve')", DETAIL), None, "{method}");
    }
}

/// In a program of two routes each is what it is there for; beside nine others the same loop is one feature's.
#[test]
fn what_a_small_program_is_asked_weighs_more() {
    let app = app("get('/checkups')", "select(Goat)");
    let files = [("farm/models.py", MODELS), ("farm/app.py", app.as_str())];
    let priority = |all: Vec<Finding>| all.first().map(|one| one.priority);
    let alone = found_alone(&Config::default(), "n-plus-one", &files);
    assert_eq!(priority(alone), Some(Priority::P1));
    assert_eq!(priority(found(&Config::default(), "n-plus-one", &files)), Some(Priority::P2));
}

/// Of those who ask for what a cache keeps, few wait.
#[test]
fn what_runs_when_a_cache_has_nothing_weighs_less() {
    let told = |body: &str| {
        let app = format!(
            "import requests\nfrom flask import Flask\n\nfrom farm.store import cache\n\napp = Flask(__name__)\n\n\n@app.get('/tides')\ndef tides():\n{body}\n"
        );
        let all = found(&Config::default(), "missing-timeout", &[("farm/app.py", &app)]);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        (one.priority, one.reason.clone())
    };
    let ask = "requests.get('https://tides.example').json()";
    let (priority, reason) = told(&format!("    return {ask}"));
    assert_eq!(priority, Priority::P2, "{reason}");
    for body in [
        format!(
            "    found = cache.get('tides')\n    if not found:\n        found = {ask}\n        cache.set('tides', found, 60)\n    return found"
        ),
        format!("    found = cache.get('tides')\n    if found is not None:\n        return found\n    return {ask}"),
    ] {
        let (priority, reason) = told(&body);
        assert_eq!(priority, Priority::P3, "{reason}");
        assert!(reason.contains("only when a cache has nothing for GET /tides"), "{reason}");
    }
    // A ban, a lock or a flag that is asked for is no result that is kept.
    let (priority, reason) = told(&format!(
        "    banned = cache.get('banned')\n    if banned:\n        return 'no'\n    return {ask}"
    ));
    assert_eq!(priority, Priority::P2, "{reason}");
    let (priority, reason) = told(&format!(
        "    busy = cache.get('busy')\n    if not busy:\n        return {ask}\n    return 'later'"
    ));
    assert_eq!(priority, Priority::P2, "{reason}");
    let (priority, reason) = told(&format!(
        "    found = json.loads(cache.get('tides'))\n    if found:\n        return found\n    return {ask}"
    ));
    assert_eq!(priority, Priority::P3, "{reason}");
    // What the process keeps, but where requests take it away again.
    let kept = format!(
        "    global known\n    if known is None:\n        known = {ask}\n    return known\n\n\nknown = None\n\n\ndef forget():\n    global known\n    known = None"
    );
    let (priority, reason) = told(&kept);
    assert_eq!(priority, Priority::P3, "{reason}");
    let (priority, reason) = told(&kept.replace("def forget", "@app.post('/forget')\ndef forget"));
    assert_eq!(priority, Priority::P2, "{reason}");
    // A list that is empty is no cache, and what was set before is no answer of one.
    let (priority, reason) = told(&format!(
        "    found = cache.get('tides')\n    found = []\n    if not found:\n        found = {ask}\n    return found"
    ));
    assert_eq!(priority, Priority::P2, "{reason}");
}

/// A route that only developers have is seldom asked.
#[test]
fn what_only_developers_have_weighs_less() {
    let priority = |before: &str, indent: &str, first: &str| {
        let app = format!(
            "import os\nimport requests\nfrom flask import Flask\n\napp = Flask(__name__)\n{before}\n\n{indent}@app.get('/tides')\n{indent}def tides():\n{first}{indent}    return requests.get('https://tides.example').json()\n"
        );
        let all = found(&Config::default(), "missing-timeout", &[("farm/app.py", &app)]);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.priority
    };
    assert_eq!(priority("", "", ""), Priority::P2);
    assert_eq!(priority("if os.environ.get('LOCAL_DEV'):", "    ", ""), Priority::P3);
    assert_eq!(priority("if os.environ.get('TIDES'):", "    ", ""), Priority::P2);
    let leaves = "    if os.environ.get('STAGE') == 'production':\n        return {}\n";
    assert_eq!(priority("", "", leaves), Priority::P3);
    let stays = "    if os.environ.get('STAGE') != 'production':\n        return {}\n";
    assert_eq!(priority("", "", stays), Priority::P2);
    // What a row is called says nothing of the program.
    for own in [
        "herd.in_production",
        "kind == 'production_order'",
        "kind == 'production'",
        "herd.stage == 'production'",
    ] {
        let first = format!("    if {own}:\n        return {{}}\n");
        assert_eq!(priority("", "", &first), Priority::P2, "{own}");
    }
    for setting in ["settings.IS_PRODUCTION", "IN_PRODUCTION", "settings.ENV == 'production'"] {
        let first = format!("    if {setting}:\n        return {{}}\n");
        assert_eq!(priority("", "", &first), Priority::P3, "{setting}");
    }
}

/// The system gives up a connection that nobody answers.
#[test]
fn a_connection_to_a_database_without_a_timeout_weighs_little() {
    let app = "import psycopg2\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/goats')\ndef goats():\n    with psycopg2.connect('dbname=farm').cursor() as cursor:\n        cursor.execute('SELECT 1')\n        return cursor.fetchone()\n";
    let all = found(&Config::default(), "missing-timeout", &[("farm/app.py", app)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(one.priority, Priority::P3, "{}", one.reason);
    assert!(one.message.contains("after some two minutes"), "{}", one.message);
}

/// A join of all orders finds each customer by its primary key, and no order by its customer.
#[test]
fn a_join_to_a_parent_is_no_look_up_by_the_key() {
    let reads = |statement: &str| {
        let schema = "CREATE TABLE farms (id bigint PRIMARY KEY, place text);\nCREATE TABLE herds (id bigint PRIMARY KEY, place text, farm_id bigint);\nCREATE TABLE goats (id bigint PRIMARY KEY, tag text, herd_id bigint REFERENCES herds(id));\nCREATE INDEX goats_tag ON goats (tag);\n";
        let app = format!(
            "import psycopg2\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/goats')\ndef goats(cursor: psycopg2.extensions.cursor, given):\n    cursor.execute(\"{statement}\", (given,))\n    return cursor.fetchall()\n"
        );
        let all = found(
            &Config::default(),
            "unindexed-foreign-key",
            &[("schema.sql", schema), ("farm/app.py", &app)],
        );
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        one.reason.contains("GET /goats")
    };
    assert!(reads(
        "SELECT g.tag FROM goats g JOIN herds h ON h.id = g.herd_id WHERE h.place = %s LIMIT 20"
    ));
    assert!(reads(
        "SELECT g.tag FROM herds h JOIN goats g ON h.id = g.herd_id WHERE h.place = %s LIMIT 20"
    ));
    assert!(!reads(
        "SELECT g.tag FROM goats g JOIN herds h ON h.id = g.herd_id WHERE g.tag = %s LIMIT 20"
    ));
    // What a condition finds is found on from there, in whatever order the statement names the tables.
    for from in [
        "goats g JOIN herds h ON h.id = g.herd_id JOIN farms f ON f.id = h.farm_id",
        "farms f JOIN herds h ON f.id = h.farm_id JOIN goats g ON h.id = g.herd_id",
    ] {
        assert!(reads(&format!("SELECT g.tag FROM {from} WHERE f.place = %s LIMIT 20")), "{from}");
    }
    assert!(!reads(
        "SELECT g.tag FROM goats g JOIN herds h ON h.id = g.herd_id ORDER BY g.id LIMIT %s"
    ));
}

/// The link of a mail with a new password is opened now and then.
#[test]
fn what_is_asked_to_recover_an_account_weighs_less() {
    let told = |route: &str| {
        let app = format!(
            "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('{route}')\ndef ask():\n    return requests.get('https://mail.example').json()\n"
        );
        let all = found(&Config::default(), "missing-timeout", &[("farm/app.py", &app)]);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        (one.priority, one.reason.clone())
    };
    assert_eq!(told("/tides").0, Priority::P2);
    let (priority, reason) = told("/password-reset/<token>");
    assert_eq!(priority, Priority::P3, "{reason}");
}

/// What a route hands to its background tasks runs when the answer is sent: nobody waits for it.
#[test]
fn background_tasks_keep_nobody_waiting() {
    let app = "import requests\nfrom fastapi import BackgroundTasks, FastAPI\n\napp = FastAPI()\n\n\ndef pull(herd):\n    return requests.get('https://herd.example/' + herd)\n\n\n@app.post('/herds')\ndef herds(herd: str, later: BackgroundTasks):\n    later.add_task(pull, herd)\n    return herd\n";
    let all = found(&Config::default(), "missing-timeout", &[("farm/app.py", app)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert!(one.reason.contains("in the background: POST /herds"), "{}", one.reason);
}

/// A request that an event loop waits for holds no worker, and what is kept for a time is asked for in the background.
#[test]
fn a_request_on_an_event_loop_without_a_limit_weighs_little() {
    let told = |options: &str, more: &str| {
        let app = format!(
            "import express from 'express';\n\nconst app = express();\n\napp.get('/tides', async (req, res) => {{\n  const found = await fetch('https://tides.example/brest'{options});\n  res.json(await found.json());\n}});\n"
        );
        let manifest = format!("{{\"dependencies\": {{\"express\": \"4\"{more}}}}}");
        let files = [("server/app.ts", app.as_str()), ("package.json", manifest.as_str())];
        let all = found(&Config::default(), "missing-timeout", &files);
        all.iter().map(|one| one.priority).collect::<Vec<_>>()
    };
    let (express, next) = ("", ", \"next\": \"15\"");
    assert_eq!(told("", express), [Priority::P3]);
    assert_eq!(told(", { next: { revalidate: 0 } }", next), [Priority::P3]);
    for kept in [", { next: { revalidate: 60 } }", ", { cache: 'force-cache' }"] {
        assert_eq!(told(kept, next), []);
        // Only Next's own `fetch` minds it.
        assert_eq!(told(kept, express), [Priority::P3]);
    }
}

/// A tick that only writes to the console in some of its turns asks in each.
#[test]
fn a_tick_asks_in_those_turns_in_which_it_comes_to_the_request() {
    let title = |body: &str| {
        let text = format!(
            "import axios from \"axios\";\nexport function watch() {{\n  let turn = 0;\n  setInterval(async () => {{\n    turn += 1;\n    {body}\n  }}, 2000);\n}}\n"
        );
        let all = found(&Config::default(), "polling-without-backoff", &[("src/client/watch.ts", &text)]);
        all.first().map(|one| one.title.clone()).unwrap_or_default()
    };
    assert!(title("await axios.get('/api/tides');").contains("every 2 s"));
    let logs = title("if (turn % 100 === 0) console.log(turn); await axios.get('/api/tides');");
    assert!(logs.contains("every 2 s"), "{logs}");
    let third = title("if (turn % 3 === 0) await axios.get('/api/tides');");
    assert!(third.contains("every 6 s"), "{third}");
}

/// The default of a parameter bounds only the calls that leave it out.
#[test]
fn a_page_is_as_large_as_callers_let_clients_ask() {
    let told = |size: &str| {
        let app = format!(
            "from flask import Flask, jsonify, request\nfrom flask_sqlalchemy import SQLAlchemy\n\napp = Flask(__name__)\ndb = SQLAlchemy(app)\n\n\nclass Goat(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n\n\nclass Visit(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n    goat_id = db.Column(db.ForeignKey('goat.id'), index=True)\n\n\ndef page_of(page=1, size=10):\n    found = db.session.query(Goat).paginate(page=page, per_page=size)\n    return [db.session.query(Visit).filter(Visit.goat_id == goat.id).all() for goat in found.items]\n\n\n@app.get('/goats')\ndef goats():\n    return jsonify(len(page_of(1{size})))\n"
        );
        let all = found(&Config::default(), "n-plus-one", &[("app.py", &app)]);
        all.iter().map(|one| one.priority).collect::<Vec<_>>()
    };
    assert_eq!(told(", int(request.args['size'])"), [Priority::P2]);
    for few in ["", ", min(int(request.args['size']), 20)", ", int(request.args.get('size', 20))"] {
        assert_eq!(told(few), [Priority::P3], "{few}");
    }
}
