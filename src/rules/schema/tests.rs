//! The schema rules over small projects of SQL and Prisma files.

use super::*;
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding};
use crate::project::Project;
use crate::syntax::facts::extract;
use crate::walk::FileKind;

fn project(files: &[(&str, &str)]) -> Project {
    let mut facts: Vec<_> = files
        .iter()
        .map(|(file, text)| extract(file, FileKind::of(file).expect("a file that is read"), text))
        .collect();
    facts.sort_by(|left, right| left.path.cmp(&right.path));
    Project::link(facts)
}

fn lines(findings: &[Finding]) -> Vec<(&str, u32)> {
    findings
        .iter()
        .map(|finding| (finding.location.file.as_str(), finding.location.start_line))
        .collect()
}

#[test]
fn a_foreign_key_needs_an_index_that_leads_with_it() {
    let project = project(&[(
        "schema.sql",
        "CREATE TABLE u (id int PRIMARY KEY, data jsonb);\nCREATE TABLE t (\n id int PRIMARY KEY,\n a int REFERENCES u,\n b int REFERENCES u,\n c int REFERENCES u UNIQUE,\n d int REFERENCES u,\n UNIQUE (c, d)\n);\nCREATE INDEX i ON t (a);\nCREATE INDEX p ON t (b) WHERE a > 1;",
    )]);
    let findings = unindexed_foreign_key::check(&Analyses::new(&project));
    assert_eq!(lines(&findings), [("schema.sql", 5), ("schema.sql", 7)]);
    assert_eq!(findings[0].fix.ddl.as_deref(), Some("CREATE INDEX CONCURRENTLY ix_t_b ON t (b);"));
    assert_eq!(findings[0].confidence, Confidence::High);
}

/// A statement that a partial index serves is served all the same once another index serves it too.
#[test]
fn an_index_more_does_not_make_a_key_lack_one() {
    let schema = "CREATE TABLE u (id int PRIMARY KEY);\nCREATE TABLE t (id int PRIMARY KEY, gone_at timestamptz, a int REFERENCES u, mail text);\nCREATE INDEX i ON t (a) WHERE gone_at IS NULL;\n";
    let code =
        "import psycopg\ndef f(cur, values):\n    cur.execute('SELECT * FROM t WHERE mail = %s AND a > %s AND gone_at IS NULL', values)\n";
    for more in ["", "CREATE INDEX m ON t (mail);\n"] {
        let schema = format!("{schema}{more}");
        let project = project(&[("app.py", code), ("schema.sql", schema.as_str())]);
        assert_eq!(lines(&unindexed_foreign_key::check(&Analyses::new(&project))), [], "{more}");
    }
}

/// An index for the rows of a state spares the look-ups that ask for the state and for its first column, whatever the state is.
#[test]
fn a_look_up_that_a_part_of_the_table_serves_is_none_by_the_key() {
    let schema = "CREATE TABLE u (id int PRIMARY KEY);\nCREATE TABLE t (id int PRIMARY KEY, mail text, is_open bool, a int REFERENCES u);\nCREATE INDEX m ON t (mail, id) WHERE (is_open = true);\n";
    let told = |condition: &str| {
        let code = format!(
            "import psycopg\ndef f(cur, values):\n    cur.execute('SELECT * FROM t WHERE a = %s AND {condition} LIMIT 9', values)\n"
        );
        let project = project(&[("app.py", &code), ("schema.sql", schema)]);
        let found = unindexed_foreign_key::check(&Analyses::new(&project));
        found[0].message.contains("No statement that was understood needs it")
    };
    assert!(told("mail = %s AND is_open = %s"));
    assert!(!told("mail = %s"), "it may ask for rows that the index does not hold");
    assert!(!told("is_open = %s"));
}

#[test]
fn the_models_line_is_the_place_and_the_migration_is_related() {
    let project = project(&[
        (
            "prisma/schema.prisma",
            "datasource db {\n provider = \"postgresql\"\n}\nmodel A {\n id Int @id\n b Int\n c B @relation(fields: [b], references: [id])\n}\nmodel B {\n id Int @id\n a A[]\n}",
        ),
        (
            "prisma/migrations/1_a/migration.sql",
            "CREATE TABLE \"A\" (\"id\" int PRIMARY KEY, \"b\" int);\nALTER TABLE \"A\" ADD CONSTRAINT x FOREIGN KEY (\"b\") REFERENCES \"B\"(\"id\");",
        ),
    ]);
    let findings = unindexed_foreign_key::check(&Analyses::new(&project));
    assert_eq!(lines(&findings), [("prisma/schema.prisma", 6)]);
    assert!(
        findings[0]
            .related
            .iter()
            .any(|related| related.location.file.ends_with("migration.sql"))
    );
    assert_eq!(findings[0].fix.orm.as_deref(), Some("@@index([b])"));
}

#[test]
fn prefixes_and_repeats_are_redundant() {
    let project = project(&[(
        "schema.sql",
        "CREATE TABLE t (a int, b int, c int, PRIMARY KEY (a, b), UNIQUE (c));\nCREATE INDEX r1 ON t (a);\nCREATE INDEX ok1 ON t (b);\nCREATE INDEX r2 ON t (c);\nCREATE UNIQUE INDEX ok2 ON t (b);\nCREATE INDEX ok3 ON t (a) WHERE b > 1;\nCREATE INDEX ok4 ON t USING gin (a);\nCREATE UNIQUE INDEX r3 ON t (a, b);\nCREATE INDEX ok5 ON t (c, a DESC, b);\nCREATE INDEX r4 ON t (c, a);",
    )]);
    let found = redundant_index::check(&Analyses::new(&project));
    // `ok1` repeats the unique index on the same column.
    assert_eq!(
        lines(&found),
        [
            ("schema.sql", 2),
            ("schema.sql", 3),
            ("schema.sql", 4),
            ("schema.sql", 8),
            ("schema.sql", 10)
        ]
    );
}

#[test]
fn only_indexes_on_older_tables_block() {
    let project = project(&[
        (
            "migrations/1.sql",
            "CREATE TABLE t (a int, at timestamptz);\nCREATE INDEX i1 ON t (a);",
        ),
        (
            "migrations/2.sql",
            "CREATE INDEX CONCURRENTLY i2 ON t (a);\nCREATE INDEX IF NOT EXISTS i1 ON t (a);",
        ),
        ("migrations/3.sql", "CREATE INDEX i3 ON t USING gin (at);"),
    ]);
    let found = blocking_index_creation::check(&Analyses::new(&project));
    assert_eq!(lines(&found), [("migrations/3.sql", 1)]);
    assert_eq!(
        found[0].fix.ddl.as_deref(),
        Some("CREATE INDEX CONCURRENTLY i3 ON t USING gin (at);")
    );
}

#[test]
fn names_are_quoted_where_the_statement_would_not_run() {
    let project = project(&[
        ("migrations/1.sql", "CREATE TABLE \"Order\" (\"userId\" int, \"group\" int);"),
        ("migrations/2.sql", "CREATE INDEX ON \"Order\" (\"userId\", \"group\");"),
    ]);
    let found = blocking_index_creation::check(&Analyses::new(&project));
    assert_eq!(
        found[0].fix.ddl.as_deref(),
        Some("CREATE INDEX CONCURRENTLY ix_order_userid_group ON \"Order\" (\"userId\", \"group\");")
    );
}

#[test]
fn indexes_on_what_is_not_there_are_invalid() {
    let project = project(&[(
        "schema.sql",
        "CREATE TABLE orders (id int, user_id int, at timestamptz);\nCREATE INDEX a ON orders (usr_id);\nCREATE INDEX b ON orders (lower(user_id));\nCREATE INDEX c ON order (id);\nCREATE INDEX d ON elsewhere (id);",
    )]);
    assert_eq!(
        lines(&invalid_index_definition::check(&Analyses::new(&project))),
        [("schema.sql", 4), ("schema.sql", 2)]
    );
}

#[test]
fn mysql_is_told_how_much_of_a_long_text_is_indexed() {
    let project = project(&[
        (
            "schema.sql",
            "CREATE TABLE tokens (id int PRIMARY KEY AUTO_INCREMENT, token text, owner varchar(40)) ENGINE=InnoDB;",
        ),
        (
            "app.py",
            "import pymysql\ndef is_out(cursor, token):\n    cursor.execute(\"SELECT id FROM tokens WHERE token = %s\", (token,))\ndef of(cursor, owner):\n    cursor.execute(\"SELECT id FROM tokens WHERE owner = %s\", (owner,))\n",
        ),
    ]);
    let run = Analyses::new(&project);
    let mut ddl: Vec<String> = missing_index::check(&run)
        .into_iter()
        .filter_map(|finding| finding.fix.ddl)
        .collect();
    ddl.sort();
    assert_eq!(
        ddl,
        [
            "CREATE INDEX ix_tokens_owner ON tokens (owner);",
            "CREATE INDEX ix_tokens_token ON tokens (token(191));"
        ]
    );
}
