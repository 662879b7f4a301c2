//! SQL files, Prisma schemas and templates.

use super::{Shape, after, again, between, fill, nested};

pub fn shapes() -> Vec<Shape> {
    let sql = |name: &str, make| Shape::file(&format!("sql-{name}"), "migrations/0001_shape.sql", make);
    let prisma = |name: &str, make| Shape::file(&format!("prisma-{name}"), "prisma/schema.prisma", make);
    let template = |name: &str, make| Shape::file(&format!("template-{name}"), "app/templates/shape.html", make);
    vec![
        sql("selects", |size| fill(size, |n| format!("SELECT a{n} FROM t WHERE b = {n};\n"))),
        sql("statements", |size| again(size, "SELECT 1;\n")),
        sql("semicolons", |size| again(size, ";")),
        sql("tables", |size| {
            fill(size, |n| format!("CREATE TABLE t{n} (id int PRIMARY KEY, a text);\n"))
        }),
        sql("same-table", |size| again(size, "CREATE TABLE t (id int);\n")),
        sql("columns", |size| {
            after("CREATE TABLE t (id int", size, |n| format!(",\n  c{n} int")) + ");\n"
        }),
        sql("constraints", |size| {
            after("CREATE TABLE t (id int", size, |n| format!(",\n  UNIQUE (id, c{n})")) + ");\n"
        }),
        sql("indexes", |size| {
            after("CREATE TABLE t (id int);\n", size, |n| format!("CREATE INDEX i{n} ON t (id);\n"))
        }),
        sql("index-keys", |size| {
            between("CREATE TABLE t (id int);\nCREATE INDEX i ON t (id", size, ", id", ");\n")
        }),
        sql("alters", |size| {
            fill(size, |n| format!("ALTER TABLE unknown{n} ADD COLUMN c int;\n"))
        }),
        sql("actions-of-one-alter", |size| {
            after("ALTER TABLE t ADD COLUMN c int", size, |n| format!(", ADD COLUMN c{n} int")) + ";\n"
        }),
        sql("renames", |size| {
            after("CREATE TABLE t0 (id int);\n", size, |n| {
                format!("ALTER TABLE t{n} RENAME TO t{};\n", n + 1)
            })
        }),
        sql("drops", |size| {
            fill(size, |n| format!("CREATE TABLE t{n} (id int);\nDROP TABLE t{n};\n"))
        }),
        sql("dropped-in-one", |size| after("DROP TABLE t", size, |n| format!(", t{n}")) + ";\n"),
        sql("foreign-keys", |size| {
            fill(size, |n| {
                format!("CREATE TABLE t{n} (id int PRIMARY KEY, a int REFERENCES t{});\n", n / 2)
            })
        }),
        sql("rows", |size| between("INSERT INTO t VALUES (1, 'a')", size, ",\n(1, 'a')", ";\n")),
        sql("inserts", |size| again(size, "INSERT INTO t VALUES (1, 'a');\n")),
        sql("and", |size| between("SELECT a FROM t WHERE b = 1", size, " AND b = 1", ";\n")),
        sql("and-in-statements", |size| {
            let one = format!("SELECT a FROM t WHERE b = 1{};\n", " AND b = 1".repeat(700));
            again(size, &one)
        }),
        sql("in-list", |size| between("SELECT a FROM t WHERE b IN (1", size, ", 1", ");\n")),
        sql("columns-of-a-select", |size| {
            after("SELECT a", size, |n| format!(", a{n}")) + " FROM t;\n"
        }),
        sql("joins", |size| {
            let joins: String = (0..400).map(|n| format!(" JOIN t{n} ON t{n}.a = t.a")).collect::<Vec<_>>().concat();
            again(size, &format!("SELECT a FROM t{joins};\n"))
        }),
        sql("unions", |size| {
            again(size, &format!("SELECT a FROM t{};\n", " UNION SELECT a FROM t".repeat(500)))
        }),
        sql("subqueries", |size| {
            let one = nested(1_500, "SELECT a FROM t WHERE b IN (", "1", ")");
            again(size, &format!("{one};\n"))
        }),
        sql("deep-subqueries", |size| {
            format!("{};\n", nested(size, "SELECT a FROM t WHERE b IN (", "1", ")"))
        }),
        sql("with", |size| {
            after("WITH c AS (SELECT 1)", size, |n| format!(", c{n} AS (SELECT a FROM c)")) + " SELECT a FROM c;\n"
        }),
        sql("parentheses", |size| again(size, "(")),
        sql("open-parentheses-in-lists", |size| again(size, "SELECT (a, ")),
        sql("case", |size| {
            format!("SELECT {} FROM t;\n", nested(size, "CASE WHEN a THEN ", "1", " END"))
        }),
        sql("open-case", |size| between("SELECT ", size, "CASE WHEN a THEN ", "")),
        sql("positions", |size| {
            again(size, &format!("SELECT {} FROM t;\n", nested(500, "position(", "1", ")")))
        }),
        sql("not", |size| between("SELECT a FROM t WHERE ", size, "NOT ", "b;\n")),
        sql("minus", |size| between("SELECT ", size, "- ", "1;\n")),
        sql("routines", |size| {
            again(
                size,
                "CREATE FUNCTION f() BEGIN IF a THEN SELECT 1; END IF; CASE WHEN a THEN 1 END; END;\n",
            )
        }),
        sql("open-routine", |size| {
            between("CREATE PROCEDURE p() BEGIN ", size, "BEGIN SELECT 1; ", "")
        }),
        sql("dollar-quotes", |size| again(size, "$a$")),
        sql("open-dollar-quotes", |size| fill(size, |n| format!("$a{n}$ "))),
        sql("dollars", |size| again(size, "$")),
        sql("dollar-words", |size| again(size, "$a")),
        sql("do", |size| again(size, "DO $$ BEGIN ALTER TABLE t ADD c int; END $$;\n")),
        sql("do-in-do", |size| nested(size, "DO 'BEGIN EXECUTE ", "1", "';")),
        sql("statements-of-one-do", |size| {
            between("DO $$ BEGIN ", size, "ALTER TABLE t ADD c int; ", "END $$;\n")
        }),
        sql("begins-of-one-do", |size| between("DO $$ ", size, "BEGIN CREATE ", "END $$;\n")),
        sql("line-comments", |size| again(size, "-- x\n")),
        sql("dashes", |size| again(size, "-")),
        sql("hashes", |size| again(size, "#\n ")),
        sql("hashes-in-a-line", |size| between("SELECT 1 ", size, " #", "")),
        sql("spaced-hashes", |size| fill(size, |n| format!("{}#", " ".repeat(n % 100)))),
        sql("open-comments", |size| again(size, "/* x\n")),
        sql("executable-comments", |size| again(size, "/*!40101 SET a = 1 */;\n")),
        sql("open-strings", |size| again(size, "'\n")),
        sql("open-names", |size| again(size, "\"a\n")),
        sql("escapes", |size| again(size, "E'\\")),
        sql("copies", |size| again(size, "COPY t (a) FROM stdin;\n1\n\\.\n")),
        sql("copy-words", |size| again(size, "COPY t (a) TO x;\n")),
        sql("delimiters", |size| again(size, "DELIMITER //\nSELECT 1//\nDELIMITER ;\n")),
        sql("odd-delimiter", |size| between("DELIMITER //////////a\n", size, "//////////", "")),
        sql("breakpoints", |size| again(size, "--> statement-breakpoint\n")),
        sql("client-lines", |size| again(size, "\\x\n")),
        sql("timeouts", |size| {
            fill(size, |n| format!("ALTER ROLE r{n} SET statement_timeout = '5s';\n"))
        }),
        sql("words", |size| again(size, "create table ")),
        sql("dotted-name", |size| between("DROP TABLE a", size, ".a", ";\n")),
        sql("placeholders", |size| between("SELECT a FROM t WHERE b IN (?", size, ", ?", ");\n")),
        sql("one-line", |size| again(size, "SELECT a FROM t;")),
        sql("order-marks", |size| again(size, "\u{feff}SELECT 1;\n")),
        sql("emojis", |size| again(size, "SELECT '🦀' AS é;\n")),
        prisma("models", |size| fill(size, |n| format!("model M{n} {{\n  id Int @id\n}}\n"))),
        prisma("fields", |size| {
            after("model M {\n  id Int @id\n", size, |n| format!("  f{n} Int\n")) + "}\n"
        }),
        prisma("indexes", |size| {
            after("model M {\n  id Int @id\n", size, |n| format!("  f{n} Int\n  @@index([f{n}])\n")) + "}\n"
        }),
        prisma("enums", |size| {
            fill(size, |n| {
                format!("enum E{n} {{\n  A\n}}\nmodel M{n} {{\n  id Int @id\n  e E{n}\n}}\n")
            })
        }),
        prisma("types", |size| {
            fill(size, |n| {
                format!("type T{n} {{\n  a Int\n}}\nmodel M{n} {{\n  id Int @id\n  t T{n}\n}}\n")
            })
        }),
        prisma("relations", |size| {
            fill(size, |n| {
                format!(
                    "model M{n} {{\n  id Int @id\n  a M{}? @relation(fields: [id], references: [id])\n}}\n",
                    n / 2
                )
            })
        }),
        prisma("open-lists", |size| between("model M {\n", size, "  @@index([\n", "")),
        prisma("one-open-list", |size| {
            between("model M {\n  a Int @default(\n", size, "  a,\n", "")
        }),
        prisma("attributes-of-a-field", |size| {
            between("model M {\n  a Int", size, " @a(b: 1)", "\n}\n")
        }),
        prisma("open-attributes", |size| between("model M {\n  a Int", size, " @a(", "\n}\n")),
        prisma("arguments", |size| between("model M {\n  a Int @a(b", size, ", b: [c]", ")\n}\n")),
        prisma("broken-lines", |size| again(size, "!broken\n")),
        prisma("comments", |size| again(size, "// x\n")),
        prisma("open-models", |size| again(size, "model A {\n")),
        template("loops", |size| again(size, "{% for a in b.c %}{{ a.d }}{% endfor %}\n")),
        template("loops-in-loops", |size| again(size, "{% for a in b.c %}")),
        template("reads", |size| again(size, "{{ a.b.c }}\n")),
        template("reads-of-one-tag", |size| format!("{{{{ {} }}}}", again(size, "a.b "))),
        template("open-reads", |size| again(size, "{{")),
        template("open-tags", |size| again(size, "{%")),
        template("open-comments", |size| again(size, "{#")),
        template("braces", |size| again(size, "{")),
        template("mixed-tags", |size| again(size, "{{ a {% b %} {# ")),
        template("raw", |size| again(size, "{% raw %}")),
        template("includes", |size| {
            fill(size, |n| format!("{{% include 'a{n}.html' with b=c.d %}}\n"))
        }),
        template("long-tags", |size| again(size, &format!("{{{{ {}}}}}\n", "a.b ".repeat(900)))),
    ]
}
