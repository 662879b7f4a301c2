use super::*;
use crate::syntax::facts::extract;
use crate::walk::FileKind;

const SCHEMA: &str = "CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE, active boolean, name text);\n\
    CREATE TABLE orders (id bigserial PRIMARY KEY, user_id bigint REFERENCES users (id), state text, \"at\" timestamptz);\n";

fn shown(sql: &str) -> Vec<(String, Vec<&'static str>)> {
    let code = format!("import psycopg2\ndef f(cur, a, b):\n    cur.execute(\"{sql}\", (a, b))\n");
    let project = Project::link(vec![
        extract("schema.sql", FileKind::Sql, SCHEMA),
        extract("app.py", FileKind::Python, &code),
    ]);
    let sites = 0..project.graph.sites.len();
    let all = sites.filter_map(|site| of(&project, site, Dialect::Postgres, Purpose::Show));
    all.map(|one| {
        (
            one.shown(Dialect::Postgres),
            one.approximated.iter().map(|what| what.word()).collect(),
        )
    })
    .collect()
}

fn is(sql: &str, text: &str, approximated: &[&str]) {
    assert_eq!(shown(sql), [(text.to_owned(), approximated.to_vec())], "{sql}");
}

#[test]
fn what_the_model_keeps_is_written() {
    is(
        "SELECT * FROM orders WHERE user_id = %s AND state IN ('a', 'b') AND at > %s ORDER BY at DESC LIMIT 20",
        "SELECT * FROM orders WHERE user_id = $1 AND state IN ('a', 'b') AND at > $2 ORDER BY at DESC LIMIT 20",
        &[],
    );
    is("DELETE FROM users WHERE email = %s", "DELETE FROM users WHERE email = $1", &[]);
    is(
        "SELECT * FROM users WHERE email = %s OR name = %s",
        "SELECT * FROM users WHERE (email = $1 OR name = $2)",
        &[],
    );
}

#[test]
fn what_it_does_not_keep_is_said() {
    is(
        "SELECT u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE o.state = 'open'",
        "SELECT u.email FROM orders AS o JOIN users AS u ON u.id = o.user_id WHERE o.state = 'open'",
        &["join"],
    );
    is("SELECT * FROM users WHERE lower(email) = %s", "SELECT * FROM users", &["function"]);
    is("SELECT * FROM users WHERE gone = %s", "SELECT * FROM users", &["column"]);
}

#[test]
fn a_statement_has_all_forms_that_its_own_can_be_one_of() {
    let code = "import psycopg2\ndef f(cur, a):\n    cur.execute(\"SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.name = %s\", (a,))\n    return cur.fetchone()\n";
    let project = Project::link(vec![
        extract("schema.sql", FileKind::Sql, SCHEMA),
        extract("app.py", FileKind::Python, code),
    ]);
    let one = of(&project, 0, Dialect::Postgres, Purpose::Plan).expect("a statement");
    let all = one.forms().into_iter();
    let texts: Vec<String> = all.map(|form| one.text(form, &mut |asked| format!("<{}>", asked.column))).collect();
    let from = "SELECT o.id FROM orders AS o";
    let rest = "users AS u ON u.id = o.user_id WHERE u.name = <name>";
    let all = ["JOIN", "LEFT JOIN"].map(|join| [format!("{from} {join} {rest}"), format!("{from} {join} {rest} LIMIT 1")]);
    assert_eq!(texts, all.concat());
}
