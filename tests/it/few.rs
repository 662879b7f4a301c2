//! Tables and parents with few rows, by what the repository shows of them.

use perfaudit::finding::Finding;

use crate::doors::found;

const SCHEMA: &str = "CREATE TABLE users (id serial PRIMARY KEY, mail text UNIQUE);\nCREATE TABLE states (id serial PRIMARY KEY, name text);\nCREATE TABLE affiliations (id serial PRIMARY KEY, user_id int REFERENCES users (id), state_id int REFERENCES states (id), since date, UNIQUE (user_id, state_id));\nCREATE TABLE letters (id serial PRIMARY KEY, user_id int REFERENCES users (id), state_id int REFERENCES states (id), body text);\nCREATE INDEX ON letters (user_id);\n";

/// States that a dump holds, so many.
fn dump(rows: usize) -> String {
    let lines: Vec<String> = (0..rows).map(|row| format!("{row}\tState {row}\n")).collect();
    let lines = lines.concat();
    format!("COPY public.states (id, name) FROM stdin;\n{lines}\\.\n")
}

/// What a rule finds in a service that adds people, affiliations and letters, with a dump and statements of its own.
fn of(rule: &str, dump: &str, more: &str) -> Vec<Finding> {
    let code = format!(
        "import express from 'express';\nimport pg from 'pg';\n\nconst db = new pg.Pool();\nconst app = express();\napp.post('/users', async (request, response) => {{\n  await db.query('INSERT INTO users (mail) VALUES ($1)', [request.body.mail]);\n  await db.query('INSERT INTO affiliations (user_id, state_id) VALUES ($1, $2)', [1, 2]);\n  await db.query('INSERT INTO letters (user_id, body) VALUES ($1, $2)', [1, 'x']);\n  response.end();\n}});\n{more}"
    );
    found(rule, &[("db/schema.sql", SCHEMA), ("db/dump.sql", dump), ("src/app.ts", &code)])
}

#[test]
fn rows_that_only_files_add_are_counted_there() {
    let by_name = "app.get('/states/:name', async (request, response) => {\n  response.json(await db.query('SELECT * FROM states WHERE name = $1', [request.params.name]));\n});\n";
    let reason = |dump: &str, more: &str| {
        let all = of("missing-index", dump, &format!("{by_name}{more}"));
        let one = all.iter().find(|one| one.title.contains("states")).expect("a finding on states");
        one.reason.clone()
    };
    assert!(
        reason(&dump(50), "").contains("states, to which only files of the repository add rows: 50"),
        "{}",
        reason(&dump(50), "")
    );
    let many = reason(&dump(2_000), "");
    assert!(many.contains("of which files of the repository hold 2000 rows"), "{many}");
    let inserts = "INSERT INTO states (id, name) VALUES (1, 'A (b)'), (2, 'B');\n";
    assert!(reason(inserts, "").contains("add rows: 2"), "{}", reason(inserts, ""));
    // What the service adds as well is not counted by a dump.
    let adds = "app.post('/states', async (request, response) => {\n  await db.query('INSERT INTO states (name) VALUES ($1)', [request.body.name]);\n  response.end();\n});\n";
    let written = reason(&dump(50), adds);
    assert!(written.contains("written by POST /states"), "{written}");
}

#[test]
fn a_unique_key_with_what_is_few_bounds_a_parents_rows() {
    let list = |table: &str| {
        format!(
            "app.get('/mine', async (request, response) => {{\n  response.json(await db.query('SELECT * FROM {table} WHERE user_id = $1', [request.user.id]));\n}});\n"
        )
    };
    let reasons = |table: &str| {
        let all = of("list-endpoint-without-pagination", &dump(50), &list(table));
        all.into_iter().map(|one| one.reason).collect::<Vec<_>>()
    };
    let affiliations = reasons("affiliations");
    assert!(
        affiliations.iter().any(|reason| reason.contains("at most one for each state_id")),
        "{affiliations:?}"
    );
    // Of each of several there may be one.
    let listed = "app.get('/theirs', async (request, response) => {\n  response.json(await db.query('SELECT * FROM affiliations WHERE user_id = ANY($1)', [request.body.ids]));\n});\n";
    let listed = of("list-endpoint-without-pagination", &dump(50), listed);
    assert!(listed.iter().all(|one| !one.reason.contains("at most one for each")), "{listed:#?}");
    let letters = reasons("letters");
    assert!(
        !letters.is_empty() && letters.iter().all(|reason| !reason.contains("at most one")),
        "{letters:?}"
    );
}
