//! What the advice of an index says of the statements that it is put together of.

use crate::doors::found;

/// The message on an index for statements of a service that filter and sort orders so.
fn of(clauses: &[&str]) -> Vec<String> {
    let schema = "CREATE TABLE orders (id serial PRIMARY KEY, shop text, buyer text, placed timestamptz, note text);\n";
    let mut code = "import express from 'express';\nimport pg from 'pg';\n\nconst db = new pg.Pool();\nconst app = express();\napp.post('/orders', async (request, response) => {\n  await db.query('INSERT INTO orders (shop, buyer) VALUES ($1, $2)', [1, 2]);\n  response.end();\n});\n".to_owned();
    for (at, clause) in clauses.iter().enumerate() {
        code.push_str(&format!(
            "app.get('/orders/{at}/:one/:two', async ({{ params }}, response) => {{\n  response.json(await db.query('SELECT id, note FROM orders WHERE {clause}', [params.one, params.two]));\n}});\n"
        ));
    }
    let all = ["missing-composite-index", "missing-index"]
        .into_iter()
        .flat_map(|rule| found(rule, &[("db/schema.sql", schema), ("src/app.ts", &code)]));
    all.map(|one| one.message).collect()
}

#[test]
fn the_order_is_said_of_the_statements_that_have_it() {
    let page = "shop = $1 AND buyer = $2 ORDER BY placed LIMIT 20";
    let mixed = of(&[page, "shop = $1 AND buyer = $2", page]);
    assert!(
        mixed
            .iter()
            .any(|text| text.starts_with("Of 3 statements 2 ask orders for the filter on")),
        "{mixed:?}"
    );
    assert!(
        mixed.iter().any(|text| text.contains("the others for some of these columns")),
        "{mixed:?}"
    );
    let same = of(&[page, page]);
    assert!(
        same.iter()
            .any(|text| text.starts_with("2 statements ask orders for the filter on")),
        "{same:?}"
    );
    assert!(same.iter().all(|text| !text.contains("the others")), "{same:?}");
}
