//! What names, helpers and answers of libraries stand for.

use crate::doors::found;

/// Whether a program of one file lacks an index on a column.
fn lacks_index(path: &str, text: &str, column: &str) -> bool {
    let all = found("missing-index", &[(path, text)]);
    all.iter().any(|finding| finding.title.contains(column))
}

const PEEWEE: &str = "
db = SqliteDatabase('farm.db')


class Barn(Model):
    place = CharField()

    class Meta:
        database = db


def add(place):
    Barn.create(place=place)


def of(place):
    return list(Barn.select().where(Barn.place == place))
";

#[test]
fn a_librarys_names_that_are_all_imported() {
    for head in [
        "from peewee import CharField, Model, SqliteDatabase\n",
        "from peewee import *\n",
        "from peewee import *\nfrom tkinter import *\n",
    ] {
        assert!(lacks_index("farm.py", &format!("{head}{PEEWEE}"), "place"), "{head}");
    }
    // What comes later replaces what was there (httpx waits five seconds), and a name that every program has is that one.
    let calls = |head: &str, call: &str| {
        found(
            "missing-timeout",
            &[("a.py", &format!("{head}\n\n\ndef a():\n    return {call}\n"))],
        )
        .len()
    };
    assert_eq!(calls("from requests import *", "get('https://a.example')"), 1);
    assert_eq!(calls("from requests import *\nfrom httpx import *", "get('https://a.example')"), 0);
    assert_eq!(calls("from requests import *", "open('a')"), 0);
    // What comes from a package that is not known may be the project's own, as without it.
    let lone = "\n\n\ndef all():\n    return session.query(Order).all()\n";
    let of = |head: &str| found("unbounded-query", &[("a.py", &format!("{head}{lone}"))]).len();
    assert_eq!(of("from settings_local import *"), of("import os"));
}

/// How many loops ask once for each row, where a helper has this head and runs this.
fn asks(path: &str, helper: &str, call: &str) -> usize {
    let text = if path.ends_with(".py") {
        format!(
            "import sqlite3\n\ndb = sqlite3.connect('farm.db')\n\n\n{helper}\n\n\ndef barns():\n    for barn in {}:\n        print({})\n",
            call.replace('?', "barns"),
            call.replace('?', "stalls WHERE barn = 1")
        )
    } else {
        format!(
            "import Database from \"better-sqlite3\";\nconst db = new Database(\"farm.db\");\n{helper}\nexport function barns() {{\n  for (const barn of {}) {{\n    console.log({});\n  }}\n}}\n",
            call.replace('?', "barns"),
            call.replace('?', "stalls WHERE barn = 1")
        )
    };
    let all = found("n-plus-one", &[(path, &text)]);
    all.iter().filter(|finding| finding.title.contains("stalls")).count()
}

#[test]
fn a_handle_may_stand_before_the_text_that_a_helper_runs() {
    let first = "function rows(sql) { return db.prepare(sql).all(); }";
    let second = "function rows(on, sql) { return on.prepare(sql).all(); }";
    assert_eq!(asks("a.js", first, "rows(\"SELECT * FROM ?\")"), 1);
    assert_eq!(asks("a.js", second, "rows(db, \"SELECT * FROM ?\")"), 1);
    let python = "def rows(on, sql):\n    return on.execute(sql).fetchall()";
    assert_eq!(asks("a.py", python, "rows(db, 'SELECT * FROM ?')"), 1);
    // Nothing is run.
    assert_eq!(
        asks(
            "a.js",
            "function rows(on, sql) { return on.log(sql); }",
            "rows(db, \"SELECT * FROM ?\")"
        ),
        0
    );
}

/// What is said of a route that sends this of an answer of Supabase's.
fn sent(what: &str) -> usize {
    let text = format!(
        "import {{ createClient }} from \"@supabase/supabase-js\";\nimport express from \"express\";\nconst supabase = createClient(process.env.U, process.env.K);\nconst app = express();\napp.get(\"/barns\", async (req, res) => {{\n  const {{ data: barns, error }} = await supabase.from(\"barns\").select(\"*\");\n  res.json({what});\n}});\n"
    );
    found("list-endpoint-without-pagination", &[("src/app.js", &text)]).len()
}

#[test]
fn the_error_of_an_answer_is_no_row() {
    assert_eq!(sent("barns"), 1);
    assert_eq!(sent("{ error: error.message }"), 0);
    assert_eq!(sent("{ found: barns.length }"), 0);
}

#[test]
fn the_rows_of_an_answer_are_as_many_as_were_asked_for() {
    let text = "import { createClient } from \"@supabase/supabase-js\";\nconst supabase = createClient(process.env.U, process.env.K);\nexport async function stalls() {\n  const { data: barns } = await supabase.from(\"barns\").select(\"id\").limit(30);\n  for (const barn of barns) {\n    await supabase.from(\"stalls\").select(\"*\").eq(\"barn\", barn.id);\n  }\n}\n";
    let all = found("n-plus-one", &[("src/app.js", text)]);
    assert!(all.len() == 1 && all[0].reason.contains("at most 30 rows"), "{all:#?}");
}

#[test]
fn what_a_database_says_of_itself_does_not_grow() {
    let count = |table: &str| {
        let text = format!(
            "import psycopg2\n\ndb = psycopg2.connect('', connect_timeout=3)\n\n\ndef all():\n    with db.cursor() as cursor:\n        cursor.execute('SELECT * FROM {table}')\n        return cursor.fetchall()\n"
        );
        found("unbounded-query", &[("a.py", &text)]).len()
    };
    assert_eq!((count("barns"), count("pg_roles"), count("information_schema.tables")), (1, 0, 0));
}

const MADE: &str = "import Database from \"better-sqlite3\";
const db = new Database(\"farm.db\");
const steps = [\"CREATE TABLE barns (id INTEGER PRIMARY KEY, place TEXT, owner TEXT)\", \"CREATE INDEX barns_place ON barns (place)\"];
for (const step of steps) db.exec(step);
export const add = (place) => db.prepare(\"INSERT INTO barns (place) VALUES (?)\").run(place);
export const at = (place) => db.prepare(\"SELECT id FROM barns WHERE place = ?\").all(place);
export const of = (owner) => db.prepare(\"SELECT id FROM barns WHERE owner = ?\").all(owner);
";

#[test]
fn tables_that_a_program_makes_itself() {
    assert!(lacks_index("src/farm.js", MADE, "owner"));
    assert!(!lacks_index("src/farm.js", MADE, "place"));
    let python = "import sqlite3\n\ndb = sqlite3.connect('farm.db')\nSCHEMA = \"\"\"\n-- the barns\nCREATE TABLE IF NOT EXISTS barns (id INTEGER PRIMARY KEY, place TEXT);\n\"\"\"\n\n\ndef start():\n    db.executescript(SCHEMA)\n\n\ndef add(place):\n    db.execute('INSERT INTO barns (place) VALUES (?)', (place,))\n\n\ndef at(place):\n    return db.execute('SELECT id FROM barns WHERE place = ?', (place,)).fetchall()\n";
    assert!(lacks_index("farm.py", python, "place"));
    // It is only written down, and what is made for a moment is no table.
    assert!(!lacks_index(
        "farm.py",
        &python.replace("db.executescript(SCHEMA)", "print(SCHEMA)"),
        "place"
    ));
    assert!(!lacks_index("farm.py", &python.replace("barns", "barns_tmp"), "place"));
}

const MIXIN: &str = "
from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Common:
    @classmethod
    def all(cls):
        return cls.query

    @classmethod
    def every(cls):
        return db.session.query(cls).all()


class Barn(db.Model, Common):
    id = db.Column(db.Integer, primary_key=True)
    place = db.Column(db.Unicode)


@app.get('/barns')
def barns():
    return jsonify([barn.place for barn in READ])
";

/// Each way to read all rows of one model through what it shares with others, one of them called as a method of the library's queries.
#[test]
fn what_models_share_reads_the_one_that_is_asked() {
    for read in ["Barn.query", "Barn.all()", "Barn.every()", "Barn.all().order_by(Barn.place)"] {
        let all = found("unbounded-query", &[("farm.py", &MIXIN.replace("READ", read))]);
        let told: Vec<(&str, u32)> = all.iter().map(|one| (one.title.as_str(), one.location.start_line)).collect();
        assert_eq!(told, [("Loads every matching row of `Barn`, with no limit", 26)], "{read}");
    }
}

/// What says who reaches the blocking call of a method, in a program that takes its object so.
fn reached(taken: &str) -> String {
    let text = format!(
        "const express = require('express');\nconst {{ execFileSync }} = require('child_process');\nclass Ping {{ async look(host) {{ return execFileSync('ping', [host]); }} }}\nclass Dig {{ async look(host) {{ return host; }} }}\nconst looks = {{ ping: new Ping(), dig: new Dig() }};\nconst kinds = {{ ping: Ping, dig: Dig }};\nconst app = express();\napp.get('/look/:kind', async (req, res) => {{\n  const one = {taken};\n  res.send(await one.look(req.query.host));\n}});\n"
    );
    let all = found("blocking-call-in-async", &[("src/app.js", &text)]);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    one.reason.clone()
}

#[test]
fn an_object_that_a_table_keeps_by_a_key_is_probably_called() {
    for taken in ["looks[req.params.kind]", "new kinds[req.params.kind]()"] {
        assert!(reached(taken).contains("GET /look/:kind"), "{taken}: {}", reached(taken));
    }
    assert!(!reached("looks['dig']").contains("GET /look/:kind"));
}

/// A local set-up beside the migrations makes tables of the same names: what is deployed is what the migrations say.
#[test]
fn a_table_that_is_declared_elsewhere_has_the_indexes_of_there() {
    let migration = "CREATE TABLE barns (id BIGSERIAL PRIMARY KEY, place TEXT, owner TEXT);\n";
    let app = |set_up: &str| {
        format!(
            "import psycopg2\n\ndb = psycopg2.connect('', connect_timeout=3)\n\n\ndef start(cursor):\n{set_up}\n\n\ndef of(owner):\n    with db.cursor() as cursor:\n        cursor.execute('SELECT id FROM barns WHERE owner = %s', (owner,))\n        return cursor.fetchall()\n"
        )
    };
    let lacks = |set_up: &str| {
        let text = app(set_up);
        let all = found("missing-index", &[("migrations/0001_barns.sql", migration), ("app.py", &text)]);
        all.iter().any(|finding| finding.title.contains("owner"))
    };
    let index = "    cursor.execute('CREATE INDEX barns_owner ON barns (owner)')";
    assert!(lacks("    pass"));
    // An index that the program adds to the table is there.
    assert!(!lacks(index));
    let table = "    cursor.execute('CREATE TABLE IF NOT EXISTS barns (id SERIAL PRIMARY KEY, place TEXT, owner TEXT)')";
    assert!(lacks(&format!("{table}\n{index}")));
}

/// How many loops ask the database through what a module gives, where the loop knows only this type of it.
fn asks_through(given: &str, kind: &str) -> usize {
    let ships = format!(
        "import {{ PrismaClient }} from \"@prisma/client\";\nconst prisma = new PrismaClient();\nexport interface Ships {{\n  named(name: string): Promise<object[]>;\n  count: () => Promise<number>;\n}}\nasync function named(name: string) {{\n  return prisma.ship.findMany({{ where: {{ name }} }});\n}}\n{given}\n"
    );
    let port = format!(
        "import type {{ Ships }} from \"./ships\";\nimport {{ makeShips }} from \"./ships\";\ntype Made = ReturnType<typeof makeShips>;\nexport const openPort = (ships: {kind}) => async (names: string[]) => {{\n  const found = [];\n  for (const name of names) {{\n    found.push(await ships.named(name));\n  }}\n  return found;\n}};\n"
    );
    found("n-plus-one", &[("src/ships.ts", &ships), ("src/port.ts", &port)]).len()
}

#[test]
fn objects_stand_behind_an_interface_as_classes_do() {
    let count = "count: async () => 1";
    for given in [
        format!("export const makeShips = (): Ships => ({{ named, {count} }});"),
        format!("export async function makeShips(): Promise<Ships> {{\n  return {{ named, {count} }};\n}}"),
        format!("export const ships: Ships = {{ named, {count} }};"),
        format!("export const makeShips = (): Ships => {{\n  const ships = {{ named, {count} }};\n  return ships;\n}};"),
    ] {
        assert_eq!(asks_through(&given, "Ships"), 1, "{given}");
    }
    // Nothing is written as one, or an object that has no such member.
    assert_eq!(asks_through("export const makeShips = () => 1;", "Ships"), 0);
    assert_eq!(asks_through("export const ships: Ships = { count: named } as Ships;", "Ships"), 0);
}

#[test]
fn a_type_that_is_what_a_function_gives() {
    let made = "export const makeShips = () => ({ named, count: async () => 1 });";
    assert_eq!(asks_through(made, "Made"), 1);
    assert_eq!(asks_through(made, "Awaited<ReturnType<typeof makeShips>>"), 1);
    assert_eq!(asks_through(made, "Other"), 0);
    // A value and a type of one name.
    let both = "type makeShips = ReturnType<typeof makeShips>;\nexport const makeShips = () => ({ named });";
    assert_eq!(asks_through(both, "Made"), 1);
}

/// The columns of `goats` without an index that a look-up by barn and one by name would want, after these steps of db-migrate.
fn goats_lack(steps: &[&str]) -> Vec<String> {
    let app = "import { Pool } from \"pg\";\nconst pool = new Pool();\nexport const of = (barn: number) => pool.query(\"SELECT * FROM goats WHERE barn_id = $1\", [barn]);\nexport const named = (name: string) => pool.query(\"SELECT * FROM goats WHERE name = $1\", [name]);\nexport const add = (name: string) => pool.query(\"INSERT INTO goats (name) VALUES ($1)\", [name]);\n";
    let steps: Vec<(String, String)> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| (format!("migrations/2024010100000{at}-step.js"), format!("exports.up = {step};\n")))
        .collect();
    let mut files = vec![("src/app.ts", app)];
    files.extend(steps.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let mut titles: Vec<String> = Vec::new();
    for rule in ["missing-index", "unindexed-foreign-key"] {
        let all = found(rule, &files);
        titles.extend(all.into_iter().map(|finding| {
            let column = ["barn_id", "name"].into_iter().find(|column| finding.title.contains(column));
            format!("{rule} {}", column.unwrap_or(&finding.title))
        }));
    }
    titles
}

#[test]
fn the_steps_of_db_migrate_are_read() {
    let by_sql = "(db, done) => db.runSql('CREATE TABLE goats (id INT PRIMARY KEY, barn_id INT, name TEXT)', done)";
    let both = ["missing-index barn_id", "missing-index name"];
    let mut lack = goats_lack(&[by_sql]);
    lack.sort();
    assert_eq!(lack, both);
    let by_columns = "async (db) => {\n  await db.createTable('goats', { columns: { id: { type: 'int', primaryKey: true }, barn_id: 'int', name: { type: 'string', notNull: true } }, ifNotExists: true });\n  await db.runSql('SELECT 1');\n}";
    let mut lack = goats_lack(&[by_columns]);
    lack.sort();
    assert_eq!(lack, both);
    for index in [
        "(db, done) => db.addIndex('goats', 'goats_barn', ['barn_id'], done)",
        "function (db, done) { db.runSql('SELECT 1', () => { db.addIndex('goats', 'goats_barn', ['barn_id'], false, done); }); }",
        "(db, done) => async.series([db.addIndex.bind(db, 'goats', 'goats_barn', ['barn_id']), db.runSql.bind(db, 'SELECT 1')], done)",
        "async (db) => { await db.runSql('CREATE INDEX goats_barn ON goats (barn_id)'); }",
    ] {
        let marked = format!("{index};\nlet dbmigrate");
        assert_eq!(goats_lack(&[by_sql, &marked]), ["missing-index name"], "{index}");
    }
    let barns = "(db) => db.createTable('barns', { id: { type: 'int', primaryKey: true } }).then(() => db.runSql('SELECT 1'))";
    let key = "(db) => db.addForeignKey('goats', 'barns', 'goats_barn_fk', { barn_id: 'id' }, { onDelete: 'CASCADE' });\nlet dbmigrate";
    let mut lack = goats_lack(&[by_sql, barns, key]);
    lack.sort();
    assert_eq!(lack, ["missing-index name", "unindexed-foreign-key barn_id"]);
}

#[test]
fn mysqls_exclamation_mark_negates() {
    let of = |condition: &str| {
        let app = format!(
            "import mysql from \"mysql2/promise\";\nconst db = mysql.createPool({{}});\nexport async function votes(clip: number) {{\n  return db.query(\"SELECT * FROM votes WHERE clip_id = ? AND {condition}\", [clip]);\n}}\n"
        );
        let schema = "CREATE TABLE votes (id INT PRIMARY KEY AUTO_INCREMENT, clip_id INT, valid TINYINT) ENGINE=InnoDB;\nINSERT INTO votes VALUES (1, 1, 1);\n";
        found("missing-index", &[("src/app.ts", &app), ("schema.sql", schema)]).len()
    };
    assert_eq!(of("NOT valid"), 1);
    assert_eq!(of("!valid"), 1);
    assert_eq!(of("!(valid = 1 OR valid = 2)"), 1);
    assert_eq!(of("name <> '!'"), 1);
    assert_eq!(of("/* the owner's */ !valid"), 1);
}

/// A `return` ends one pass of a callback: the others run all the same.
#[test]
fn a_return_in_a_callback_ends_no_loop() {
    let message = |rows: &str| {
        let app = format!(
            "import {{ Pool }} from \"pg\";\nconst pool = new Pool();\nexport async function all() {{\n  const rows = (await pool.query(\"SELECT id FROM goats\")).rows;\n{rows}\n}}\n"
        );
        let all = found("n-plus-one", &[("src/app.ts", &app)]);
        assert_eq!(all.len(), 1, "{rows}");
        all[0].message.contains("ends at the first result")
    };
    let pass = "    try {\n      const found = await pool.query(\"SELECT * FROM barns WHERE goat = $1\", [row.id]);\n      if (found) return found.rows[0];\n    } catch { return null; }";
    assert!(!message(&format!(
        "  return Promise.all(rows.map(async (row) => {{\n{pass}\n  }}));"
    )));
    assert!(message(&format!("  for (const row of rows) {{\n{pass}\n  }}")));
}

/// `NestJS` features name models by texts; an interface of a model is called like it, with an I.
#[test]
fn a_model_that_a_feature_names() {
    let schema = "import mongoose from \"mongoose\";\nexport interface INote { text: string }\nexport const noteSchema = new mongoose.Schema({ text: String, day: Date });\nnoteSchema.index({ day: 1 });\n";
    let module = |name: &str| {
        format!(
            "import {{ Module }} from \"@nestjs/common\";\nimport {{ MongooseModule }} from \"@nestjs/mongoose\";\nimport {{ noteSchema }} from \"./note\";\nimport {{ Notes }} from \"./notes\";\n@Module({{ imports: [MongooseModule.forFeature([{{ name: \"{name}\", schema: noteSchema }}])], providers: [Notes] }})\nexport class NoteModule {{}}\n"
        )
    };
    let notes = "import { Injectable } from \"@nestjs/common\";\nimport { InjectModel } from \"@nestjs/mongoose\";\nimport { Model } from \"mongoose\";\nimport { INote } from \"./note\";\n@Injectable()\nexport class Notes {\n  constructor(@InjectModel(\"Note\") private readonly notes: Model<INote>) {}\n  find(text: string) { return this.notes.find({ text }).exec(); }\n  of(day: Date) { return this.notes.find({ day }).exec(); }\n  add(text: string) { return this.notes.create({ text }); }\n}\n";
    let lacks = |name: &str| {
        let module = module(name);
        let files = [("src/module.ts", module.as_str()), ("src/note.ts", schema), ("src/notes.ts", notes)];
        let all = found("missing-index", &files);
        all.into_iter().map(|finding| finding.title).collect::<Vec<_>>()
    };
    assert_eq!(lacks("Note"), ["No index of notes serves the filter on text"]);
    assert!(lacks("Page").is_empty(), "the schema is that of another model");
}
