//! Migrations that are programs: which form a new one takes, and what is told and not written.

use std::fs;
use std::path::Path;

use super::{Run, files, fix, tree};

/// A golden project with other files.
fn changed(name: &str, changes: &[(&str, &str)]) -> tempfile::TempDir {
    let case = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fix/golden")
        .join(name)
        .join("before");
    let folder = tree(&[]);
    let mut all = files(&case);
    all.extend(changes.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    for (path, bytes) in all.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, bytes).expect("written");
    }
    folder
}

fn before(name: &str, path: &str) -> String {
    let case = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fix/golden")
        .join(name)
        .join("before");
    fs::read_to_string(case.join(path)).expect("read")
}

fn shown(folder: &tempfile::TempDir) -> Run {
    fix(
        folder.path(),
        &["--unsafe", "--rule", "missing-index", "--rule", "unindexed-foreign-key"],
    )
}

#[test]
fn what_has_to_run_in_a_transaction_is_not_built_concurrently_and_told() {
    let source = before("typeorm", "src/data-source.ts").replace("    migrationsTransactionMode: \"each\",\n", "");
    let folder = changed("typeorm", &[("src/data-source.ts", &source)]);
    let run = shown(&folder);
    assert!(
        run.out.contains("query(`CREATE INDEX ix_customers_email ON customers (email)`)"),
        "{}",
        run.out
    );
    assert!(
        !run.out.contains("CONCURRENTLY") && !run.out.contains("transaction = false"),
        "{}",
        run.out
    );
    assert!(
        run.err
            .contains("its migrations run in a transaction, in which PostgreSQL builds no index CONCURRENTLY"),
        "{}",
        run.err
    );
    let safe = fix(folder.path(), &[]);
    assert_eq!(safe.out, "", "{}", safe.err);
    let start = "src/migration/1700000000000-Start.ts";
    let step = before("typeorm", start).replace("\";\n\n    public async up", "\";\n    transaction = false;\n\n    public async up");
    let step = step.replace("DROP TABLE \"customers\"", "DROP INDEX CONCURRENTLY IF EXISTS \"a\"");
    let folder = changed("typeorm", &[("src/data-source.ts", &source), (start, &step)]);
    let run = shown(&folder);
    assert!(
        run.out.contains("CREATE INDEX CONCURRENTLY") && run.out.contains("+    transaction = false;"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("DROP INDEX CONCURRENTLY"), "{}", run.out);
}

#[test]
fn a_project_on_several_databases_gets_words_that_all_of_them_know() {
    let manifest = "{ \"dependencies\": { \"better-sqlite3\": \"^12\", \"express\": \"^4\", \"knex\": \"^3\", \"pg\": \"^8\" } }";
    let run = shown(&changed("knex", &[("package.json", manifest)]));
    assert!(
        run.out
            .contains("alterTable(\"customers\", (t) => {\n+    t.index([\"email\"], \"ix_customers_email\");\n+  });"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("CONCURRENTLY") && !run.out.contains("config"), "{}", run.out);
    assert!(run.err.contains("the project runs on several databases"), "{}", run.err);
}

#[test]
fn a_list_of_migrations_is_told() {
    let list = "import { Start1700000000000 } from \"./1700000000000-Start\";\n\nexport const migrations = [Start1700000000000];\n";
    let folder = changed("typeorm", &[("src/migration/index.ts", list)]);
    let run = shown(&folder);
    let told = "src/migration/index.ts lists the migrations by their names: the new one is to be added there";
    assert!(run.err.contains(told), "{}{}", run.out, run.err);
    assert_eq!(fix(folder.path(), &[]).out, "");
}

#[test]
fn the_form_is_that_of_the_last_step_that_has_a_plain_one() {
    let helper = "import { later } from \"./helper\";\n\nexport const up = later(async (knex) => {});\nexport const down = later(async (knex) => {});\n";
    let run = shown(&changed("knex", &[("db/migrations/20240201000000_later.ts", helper)]));
    assert!(
        run.out.contains("+++ b/db/migrations/20240201000001_add_indexes.ts"),
        "{}{}",
        run.out,
        run.err
    );
    assert!(
        run.out.contains("+export async function up(knex: Knex): Promise<void> {"),
        "{}",
        run.out
    );
    let only = before("knex", "db/migrations/20240131235959_start.ts")
        .replace("export async function down(knex: Knex)", "export async function down()");
    let run = shown(&changed(
        "knex",
        &[(
            "db/migrations/20240131235959_start.ts",
            &only.replace("await knex.schema.drop", "await drop"),
        )],
    ));
    assert!(
        run.err.contains("none of its last migrations has a form that a new one could take"),
        "{}{}",
        run.out,
        run.err
    );
}

#[test]
fn names_that_do_not_count_are_told() {
    let start = "db/migrations/20240131235959_start.ts";
    let text = before("knex", start);
    for (name, why) in [
        ("2024-01-31-start.ts", "no numbers that could be counted on"),
        ("20240131235959_it's.ts", "which is no plain one"),
    ] {
        let run = shown(&changed("knex", &[(start, ""), (&format!("db/migrations/{name}"), &text)]));
        assert_eq!(run.out, "", "{name}");
        assert!(run.err.contains(why), "{name}: {}", run.err);
    }
}

#[test]
fn steps_that_were_put_aside_are_followed_by_those_that_were_not() {
    let start = "migrations/20240101000000-start.js";
    let text = before("sequelize", start);
    let next = "'use strict';\n\nmodule.exports = {\n  async up(queryInterface, Sequelize) {\n    await queryInterface.createTable('b', { id: { type: Sequelize.INTEGER, primaryKey: true } });\n  },\n  async down(queryInterface) {\n    await queryInterface.dropTable('b');\n  },\n};\n";
    let run = shown(&changed(
        "sequelize",
        &[
            (start, ""),
            ("migrations/archives/20240101000000-start.js", &text),
            ("migrations/20240301000000-next.js", next),
        ],
    ));
    assert!(
        run.out.contains("+++ b/migrations/20240301000001-index-customers-email.js"),
        "{}{}",
        run.out,
        run.err
    );
}

#[test]
fn drizzles_configuration_keeps_its_form() {
    let schema = before("drizzle", "src/schema.ts");
    let objects = schema.replace(
        "(t) => [index(\"order_code_idx\").on(t.code)]",
        "(t) => ({\n    code: index(\"order_code_idx\").on(t.code),\n  })",
    );
    let run = shown(&changed("drizzle", &[("src/schema.ts", &objects)]));
    let entry = "+    ixOrderCustomerId: index(\"ix_order_customer_id\").on(t.customerId),";
    assert!(run.out.contains(entry), "{}{}", run.out, run.err);
    assert!(
        run.out
            .contains("+}, (table) => ({\n+  ixCustomersEmail: index(\"ix_customers_email\").on(table.email),\n+}));"),
        "{}",
        run.out
    );
    let alone = schema
        .replace("  (t) => [index(\"order_code_idx\").on(t.code)],\n", "")
        .replace("index, ", "");
    for (version, wanted) in [("0.35.3", "(table) => ({"), ("^0.36.0", "(table) => [")] {
        let manifest = before("drizzle", "package.json").replace("^0.44.0", version);
        let run = shown(&changed("drizzle", &[("src/schema.ts", &alone), ("package.json", &manifest)]));
        assert!(run.out.contains(wanted), "{version}: {}{}", run.out, run.err);
        assert!(
            run.out
                .contains("+import { index, integer, sqliteTable, text } from \"drizzle-orm/sqlite-core\";"),
            "{}",
            run.out
        );
    }
}

#[test]
fn a_snapshot_that_is_not_known_is_left_to_drizzle() {
    let shot = before("drizzle", "drizzle/meta/0000_snapshot.json").replace("\"version\": \"6\"", "\"version\": \"99\"");
    let run = shown(&changed("drizzle", &[("drizzle/meta/0000_snapshot.json", &shot)]));
    assert!(
        run.out.contains("+++ b/src/schema.ts") && !run.out.contains("+++ b/drizzle"),
        "{}",
        run.out
    );
    assert!(
        run.err.contains("`drizzle-kit generate` makes it of the declaration"),
        "{}",
        run.err
    );
}
