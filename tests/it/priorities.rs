//! What a priority says: how many rows, who waits and how often, and the sum that a user reads.

use perfaudit::finding::{Finding, Priority};
use perfaudit::{Config, audit_texts};

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
    assert_eq!(priority, Priority::P1);
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
        stats: Some(stats),
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
    assert_eq!(priority("not request.user.is_authenticated"), Priority::P1);
    assert_eq!(priority("not request.user.is_superuser"), Priority::P3);
    assert_eq!(priority("request.user.is_superuser"), Priority::P1);
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
