//! Loops over what no caller gives, or what one caller leaves out.

use crate::doors::found;

const HEAD: &str = "from flask import Flask, request\nfrom sqlalchemy import create_engine, text\nfrom sqlalchemy.orm import Session\n\napp = Flask(__name__)\nengine = create_engine('postgresql://localhost/goats')\n\n\n";

/// What is found of a function with such a loop that these routes call.
fn of(params: &str, over: &str, routes: &[(&str, &str)]) -> Vec<String> {
    let mut text = format!(
        "{HEAD}def fill(session: Session, name, {params}):\n    session.execute(text('INSERT INTO goats (name) VALUES (:name)'), {{'name': name}})\n    for note in {over}:\n        session.execute(text('INSERT INTO notes (body) VALUES (:body)'), {{'body': note}})\n"
    );
    for (at, (path, arguments)) in routes.iter().enumerate() {
        text.push_str(&format!(
            "\n\n@app.post('{path}')\ndef add_{at}():\n    with Session(engine) as session:\n        fill(session, request.json['name']{arguments})\n    return 'ok'\n"
        ));
    }
    let all = found("unbatched-write", &[("app/main.py", &text)]);
    all.into_iter().map(|one| one.reason).collect()
}

#[test]
fn what_every_caller_leaves_out_is_no_loop() {
    for (params, over) in [
        ("notes=None", "notes or []"),
        ("notes=()", "notes"),
        ("notes=None", "(notes or {}).items()"),
        ("*, notes=None", "enumerate(notes or [])"),
    ] {
        let all = of(params, over, &[("/goats", ""), ("/kids", "")]);
        assert!(all.is_empty(), "{params}, {over}: {all:?}");
        let given = of(params, over, &[("/goats", ""), ("/kids", ", notes=request.json['notes']")]);
        assert!(given.len() == 1 && given[0].contains("POST /kids"), "{params}, {over}: {given:?}");
    }
    // What it may be given in another way is not known to be left out.
    let spread = of("notes=None", "notes or []", &[("/goats", ", **request.json")]);
    assert_eq!(spread.len(), 1, "{spread:?}");
    let full = of("notes=None", "notes or ALL", &[("/goats", "")]);
    assert_eq!(full.len(), 1, "{full:?}");
}

#[test]
fn a_callback_of_what_is_left_out_never_runs() {
    let code = |arguments: &str| {
        format!(
            "import express from 'express';\nimport pg from 'pg';\n\nconst db = new pg.Pool();\nconst app = express();\n\nasync function fill(name, notes) {{\n  await db.query('INSERT INTO goats (name) VALUES ($1)', [name]);\n  await Promise.all((notes ?? []).map((note) => db.query('INSERT INTO notes (body) VALUES ($1)', [note])));\n}}\n\napp.post('/goats', async (request, response) => {{\n  await fill(request.body.name{arguments});\n  response.end();\n}});\n"
        )
    };
    let count = |arguments: &str| found("unbatched-write", &[("src/app.js", &code(arguments))]).len();
    assert_eq!((count(""), count(", request.body.notes")), (0, 1));
}
