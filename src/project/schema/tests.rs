#![allow(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use super::*;
use crate::syntax::{prisma, sql};
use index::IndexOrigin;
use proptest::prelude::*;

fn sql_source(file: &str, text: &str) -> SchemaSource {
    SchemaSource::sql(file, sql::file(text, Dialect::Postgres)).unwrap()
}

fn build(files: &[(&str, &str)]) -> Schema {
    let sources = files
        .iter()
        .filter_map(|(file, text)| {
            if file.ends_with(".prisma") {
                Some(SchemaSource::prisma(file, prisma::parse(text)))
            } else {
                SchemaSource::sql(file, sql::file(text, Dialect::Generic))
            }
        })
        .collect();
    Schema::build(sources, Dialect::Postgres)
}

#[test]
fn migrations_run_in_the_order_of_their_numbers() {
    let schema = build(&[
        ("db/migrations/10_drop.sql", "DROP INDEX i;"),
        ("db/migrations/9_add.sql", "CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);"),
        ("db/migrations/1_init.sql", "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"),
        ("db/migrations/11_undo.down.sql", "DROP INDEX j;"),
    ]);
    let table = schema.table("t").unwrap();
    assert!(!table.leads("a"));
    assert!(table.leads("b"));
    assert!(table.is_unique(&["id"]));
}

#[test]
fn an_archive_is_the_start_of_a_series_or_was_replaced() {
    let old = (
        "db/migrations/archives/1_init.sql",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);",
    );
    let moved = build(&[
        old,
        ("db/migrations/2_more.sql", "CREATE TABLE u (id int PRIMARY KEY); DROP INDEX j;"),
    ]);
    let table = moved.table("t").unwrap();
    assert!(table.leads("a") && !table.leads("b"));
    let anew = build(&[
        old,
        ("db/migrations/2_all.sql", "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"),
    ]);
    assert!(!anew.table("t").unwrap().leads("a"));
    // A script has no place in a series: it is put aside where others make tables.
    let script = ("db/migrations/archives/all.sql", old.1);
    let aside = build(&[script, ("db/migrations/2_more.sql", "CREATE TABLE u (id int PRIMARY KEY);")]);
    assert!(aside.table("t").is_none() && aside.table("u").is_some());
}

#[test]
fn renames_carry_indexes_along() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE t (id int, a int REFERENCES u); CREATE INDEX i ON t (a); ALTER TABLE t RENAME TO v; ALTER TABLE v RENAME COLUMN a TO b; ALTER INDEX i RENAME TO k;",
    )]);
    assert!(schema.table("t").is_none());
    let table = schema.table("public.V").unwrap();
    assert!(table.leads("b"));
    assert_eq!(table.foreign_keys[0].columns, ["b"]);
    assert_eq!(table.indexes[0].name.as_deref(), Some("k"));
}

#[test]
fn a_key_of_several_columns_goes_with_one_of_them() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE t (id uuid UNIQUE, a text, b text, PRIMARY KEY (a, b)); ALTER TABLE t DROP COLUMN a;",
    )]);
    let table = schema.table("t").unwrap();
    assert!(table.primary_key.is_empty(), "{:?}", table.primary_key);
    assert!(table.is_unique(&["id"]) && !table.is_unique(&["b"]));
}

#[test]
fn a_name_that_was_given_is_dropped_before_one_that_may_have_been_made_up() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE t (id int, a text UNIQUE); CREATE INDEX ix_t_a ON t (a); DROP INDEX ix_t_a;",
    )]);
    let table = schema.table("t").unwrap();
    assert!(table.is_unique(&["a"]) && table.indexes.len() == 1, "{:?}", table.indexes);
}

#[test]
fn made_up_names_can_be_dropped() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b int REFERENCES u); ALTER TABLE t DROP CONSTRAINT t_a_key; ALTER TABLE t DROP CONSTRAINT t_b_fkey; ALTER TABLE t DROP CONSTRAINT t_pkey;",
    )]);
    let table = schema.table("t").unwrap();
    assert!(table.indexes.is_empty() && table.foreign_keys.is_empty() && table.primary_key.is_empty());
}

#[test]
fn models_and_migrations_are_one_table() {
    let schema = build(&[
        (
            "prisma/schema.prisma",
            "datasource db {\n provider = \"postgresql\"\n}\nmodel User {\n id Int @id\n posts Post[]\n}\nmodel Post {\n id Int @id\n userId Int @map(\"user_id\")\n user User @relation(fields: [userId], references: [id])\n title String\n @@index([title])\n @@map(\"posts\")\n}",
        ),
        (
            "prisma/migrations/20240101_a/migration.sql",
            "CREATE TABLE \"posts\" (\"id\" int NOT NULL, \"user_id\" int NOT NULL, \"title\" text, CONSTRAINT \"posts_pkey\" PRIMARY KEY (\"id\"));\nCREATE INDEX \"gone\" ON \"posts\"(\"user_id\");\nALTER TABLE \"posts\" ADD CONSTRAINT \"f\" FOREIGN KEY (\"user_id\") REFERENCES \"User\"(\"id\");",
        ),
        ("prisma/migrations/20240102_b/migration.sql", "DROP INDEX \"gone\";"),
    ]);
    let table = schema.table("Post").unwrap();
    assert_eq!(table.name, "posts");
    assert!(!table.leads("userId"));
    let title = table.index_leading_with(&["title"]).unwrap();
    assert!(title.in_models() && !title.in_migrations());
    assert_eq!(table.foreign_keys.len(), 1);
    assert_eq!(table.foreign_keys[0].places.len(), 2);
    assert!(table.foreign_keys[0].places[0].kind.is_model());
    assert_eq!(table.foreign_keys[0].target, "User");
    assert_eq!(table.column("userId").unwrap().places.len(), 2);
    assert_eq!(table.indexes.iter().filter(|index| index.origin == IndexOrigin::Primary).count(), 1);
    assert!(schema.model("User").unwrap().relation("posts").unwrap().to_many);
}

#[test]
fn innodb_indexes_foreign_keys_unless_prisma_emulates_them() {
    let model = |mode: &str| {
        format!(
            "datasource db {{\n provider = \"mysql\"\n{mode}\n}}\nmodel A {{\n id Int @id\n b Int\n c B @relation(fields: [b], references: [id])\n}}\nmodel B {{\n id Int @id\n}}"
        )
    };
    assert!(build(&[("a.prisma", &model(""))]).table("A").unwrap().leads("b"));
    assert!(
        !build(&[("a.prisma", &model("relationMode = \"prisma\""))])
            .table("A")
            .unwrap()
            .leads("b")
    );
}

#[test]
fn two_databases_of_one_project_stay_apart() {
    let model = |provider: &str| {
        format!(
            "datasource db {{\n provider = \"{provider}\"\n}}\nmodel A {{\n id Int @id\n b Int\n c B @relation(fields: [b], references: [id])\n}}\nmodel B {{\n id Int @id\n}}"
        )
    };
    let schema = build(&[
        ("db/mysql/a.prisma", &model("mysql")),
        ("db/postgresql/a.prisma", &model("postgresql")),
    ]);
    let tables: Vec<(Dialect, bool)> = schema
        .tables
        .iter()
        .filter(|table| table.name == "A")
        .map(|table| (table.dialect, table.leads("b")))
        .collect();
    assert_eq!(tables, [(Dialect::MySql, true), (Dialect::Postgres, false)]);
}

#[test]
fn if_not_exists_changes_nothing_that_exists() {
    let schema = build(&[
        ("migrations/1.sql", "CREATE TABLE t (a int); CREATE INDEX i ON t (a);"),
        (
            "migrations/2.sql",
            "CREATE TABLE IF NOT EXISTS t (a int, b int); CREATE INDEX IF NOT EXISTS i ON t (b);",
        ),
    ]);
    assert!(schema.table("t").unwrap().column("b").is_none());
    assert_eq!(schema.table("t").unwrap().indexes.len(), 1);
}

#[test]
fn cycles_and_unknown_revisions_are_harmless() {
    let mut sources = Vec::new();
    for (revision, down, text) in [
        ("a", "c", "CREATE TABLE t (a int);"),
        ("b", "a", "CREATE INDEX i ON t (a);"),
        ("c", "b", "DROP INDEX i;"),
        ("d", "nowhere", "CREATE TABLE u (a int);"),
    ] {
        let mut source = sql_source(&format!("versions/{revision}.sql"), text);
        source.revision = Some((revision.to_owned(), vec![down.to_owned()]));
        sources.push(source);
    }
    let schema = Schema::build(sources, Dialect::Postgres);
    assert_eq!(schema.tables.len(), 2);
    assert!(schema.table("t").unwrap().indexes.is_empty());
}

#[test]
fn revisions_decide_over_names() {
    let mut first = sql_source("versions/zz.sql", "CREATE TABLE t (a int);");
    first.revision = Some(("1".to_owned(), Vec::new()));
    let mut second = sql_source("versions/aa.sql", "ALTER TABLE t RENAME TO u;");
    second.revision = Some(("2".to_owned(), vec!["1".to_owned()]));
    let schema = Schema::build(vec![second, first], Dialect::Postgres);
    assert!(schema.table("u").is_some_and(|table| !table.phantom));
}

#[test]
fn two_schemas_keep_two_tables_of_one_name() {
    let schema = build(&[(
        "s.sql",
        "CREATE TABLE a.t (x int); CREATE TABLE b.t (y int); CREATE INDEX ON b.t (y);",
    )]);
    assert_eq!(schema.tables.len(), 2);
    assert!(schema.table("b.t").unwrap().leads("y"));
    assert!(!schema.table("a.t").unwrap().leads("x"));
}

#[test]
fn builds_know_whether_their_table_is_new() {
    let schema = build(&[
        ("migrations/1.sql", "CREATE TABLE t (a int); CREATE INDEX i ON t (a);"),
        ("migrations/2.sql", "CREATE INDEX j ON t (a, b);"),
    ]);
    let existed: Vec<bool> = schema.builds.iter().map(|build| build.table_existed).collect();
    assert_eq!(existed, [false, true]);
}

#[test]
fn a_predicate_that_only_excludes_null_serves_equality() {
    let schema = build(&[(
        "s.sql",
        "CREATE TABLE t (a int, b int); CREATE INDEX ON t (a) WHERE (a IS NOT NULL); CREATE INDEX ON t (b) WHERE a > 1; CREATE INDEX ON t USING gin (b);",
    )]);
    let table = schema.table("t").unwrap();
    assert!(table.leads("a"));
    assert!(!table.leads("b"));
}

fn index_of(keys: &[usize], unique: bool) -> Index {
    let keys = keys
        .iter()
        .map(|n| crate::statement::IndexKey {
            column: format!("c{n}"),
            ..Default::default()
        })
        .collect();
    let def = IndexDef {
        keys,
        unique,
        ..IndexDef::default()
    };
    Index::new(
        &def,
        IndexOrigin::Declared,
        SchemaPlace {
            file: Arc::from("f"),
            span: Span::default(),
            kind: SourceKind::Sql,
        },
    )
}

proptest! {
    /// An index serves a set of columns exactly when its first keys, sorted, are that set.
    #[test]
    fn leading_is_a_permuted_prefix(keys in prop::collection::hash_set(0usize..6, 1..5), wanted in prop::collection::hash_set(0usize..6, 1..5)) {
        let keys: Vec<usize> = keys.into_iter().collect();
        let index = index_of(&keys, false);
        let names: Vec<String> = wanted.iter().map(|n| format!("c{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let expected = keys.len() >= wanted.len() && keys[..wanted.len()].iter().all(|key| wanted.contains(key));
        prop_assert_eq!(index.leads_with(&names), expected);
    }

    /// Covering is reflexive and transitive, and whoever covers serves the same prefix.
    #[test]
    fn covering_is_an_order(list in prop::collection::vec(0usize..4, 1..5), a in 1usize..5, b in 1usize..5) {
        let (long, short) = (a.max(b).min(list.len()), a.min(b).min(list.len()));
        let (whole, long, short) = (index_of(&list, false), index_of(&list[..long], false), index_of(&list[..short], true));
        prop_assert!(whole.covers(&whole) && whole.covers(&long) && long.covers(&short) && whole.covers(&short));
        prop_assert_eq!(short.covers(&whole), short.keys.len() == whole.keys.len());
    }

    #[test]
    fn uniqueness_grows_with_the_columns(keys in prop::collection::hash_set(0usize..5, 1..4), more in prop::collection::hash_set(0usize..5, 0..4)) {
        let keys: Vec<usize> = keys.into_iter().collect();
        let index = index_of(&keys, true);
        let all: Vec<String> = keys.iter().chain(&more).map(|n| format!("c{n}")).collect();
        prop_assert!(index.is_unique_within(&all.iter().map(String::as_str).collect::<Vec<_>>()));
        let fewer: Vec<&str> = all[1..keys.len()].iter().map(String::as_str).collect();
        prop_assert!(!index.is_unique_within(&fewer));
    }
}

fn alembic(file: &str, revision: &str, follows: &[&str], changes: &str) -> SchemaSource {
    let mut source = SchemaSource::new(
        file,
        SourceKind::Migration(crate::libraries::sqlalchemy::ALEMBIC),
        Dialect::Postgres,
    );
    source.revision = Some((revision.to_owned(), follows.iter().map(|&down| down.to_owned()).collect()));
    source.changes = sql::file(changes, Dialect::Postgres).changes;
    source
}

#[test]
fn tables_of_one_name_in_two_schemas_stay_apart() {
    let schema = build(&[(
        "migrations/1.sql",
        "CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE auth.users (id int PRIMARY KEY, token text);\n\
         CREATE INDEX a ON auth.users (token); CREATE INDEX b ON users (name);",
    )]);
    let (own, other) = (schema.table("users").unwrap(), schema.table("auth.users").unwrap());
    assert_eq!((own.columns.len(), other.columns.len()), (2, 2));
    assert!(own.leads("name") && !own.leads("token"));
    assert!(other.leads("token") && !other.leads("name"));
}

#[test]
fn revisions_in_a_circle_all_run_and_are_named() {
    let sources = vec![
        alembic("versions/a.py", "aa", &["cc"], "CREATE TABLE a (id int PRIMARY KEY, b int);"),
        alembic("versions/b.py", "bb", &["aa"], "CREATE INDEX i ON a (b);"),
        alembic("versions/c.py", "cc", &["bb"], "CREATE TABLE c (id int PRIMARY KEY);"),
        alembic("versions/d.py", "dd", &["gone"], "CREATE TABLE d (id int PRIMARY KEY);"),
    ];
    let schema = Schema::build(sources, Dialect::Postgres);
    assert!(schema.table("a").unwrap().leads("b"));
    assert!(schema.table("c").is_some() && schema.table("d").is_some());
    assert_eq!(
        schema.notes,
        [
            "versions/d.py follows the revision gone, which no file has",
            "the revisions that versions/a.py follows lead back to it: their order is that of the names"
        ]
    );
}

#[test]
fn contradictory_migrations_leave_the_rest() {
    let schema = build(&[
        (
            "migrations/1.sql",
            "CREATE TABLE t (id int PRIMARY KEY, a int, b int); CREATE TABLE t (id int, c int); CREATE INDEX i ON t (a); CREATE INDEX i ON t (b);",
        ),
        (
            "migrations/2.sql",
            "DROP INDEX nowhere; DROP TABLE nowhere; ALTER TABLE t DROP COLUMN nowhere; ALTER TABLE t DROP CONSTRAINT nowhere; ALTER TABLE t RENAME COLUMN b TO d;",
        ),
        ("migrations/3.sql", "CREATE INDEX lost ON missing (x); CREATE INDEX j ON t (d);"),
    ]);
    let table = schema.table("t").unwrap();
    assert!(table.leads("a") && table.leads("d") && table.is_unique(&["id"]));
    let missing = schema.table("missing").unwrap();
    assert!(missing.phantom && missing.leads("x"));
}

#[test]
fn what_was_not_understood_is_counted_with_its_place() {
    let schema = build(&[
        (
            "migrations/1.sql",
            "CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE INDEX ON;\nCREATE INDEX i ON t (a);",
        ),
        (
            "prisma/schema.prisma",
            "model A {\n id Int @id\n !!\n b Int\n @@index([b\n @@map(\"as\")\n}\nmodle B {\n id Int @id\n}\nmodel C {\n id Int @id\n}",
        ),
    ]);
    assert!(schema.table("t").unwrap().leads("a"));
    assert!(schema.table("as").unwrap().leads("b"));
    assert!(schema.table("C").is_some());
    let unclear: Vec<(&str, &str)> = schema
        .unclear
        .iter()
        .map(|unclear| (unclear.place.file.as_ref(), unclear.text.as_str()))
        .collect();
    assert_eq!(
        unclear,
        [
            ("migrations/1.sql", "CREATE INDEX ON"),
            ("prisma/schema.prisma", "modle B {"),
            ("prisma/schema.prisma", "!!")
        ]
    );
    assert_eq!(schema.not_understood, 3);
}

#[test]
fn what_is_gone_is_known_with_the_line_that_took_it() {
    let schema = build(&[
        (
            "migrations/1.sql",
            "CREATE TABLE t (id int PRIMARY KEY, a int, b int REFERENCES u); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b, a);",
        ),
        ("migrations/2.sql", "DROP INDEX i; ALTER TABLE t DROP COLUMN b;"),
    ]);
    let gone: Vec<(SchemaPart, Option<&str>, &str)> = schema
        .removed
        .iter()
        .map(|removed| (removed.part, removed.name.as_deref(), removed.by.file.as_ref()))
        .collect();
    let by = "migrations/2.sql";
    assert_eq!(
        gone,
        [
            (SchemaPart::Index, Some("i"), by),
            (SchemaPart::Column, Some("b"), by),
            (SchemaPart::Index, Some("j"), by),
            (SchemaPart::ForeignKey, None, by)
        ]
    );
}

#[test]
fn constraints_are_dropped_and_renamed_by_the_names_they_have() {
    let schema = build(&[(
        "migrations/1.sql",
        "CREATE TABLE t (id int, a int, b int, CONSTRAINT key_of_t PRIMARY KEY (id), UNIQUE (a), UNIQUE (id)); CREATE UNIQUE INDEX n ON t (a, b);\n\
         ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES u (id); ALTER TABLE t RENAME CONSTRAINT f TO g; ALTER TABLE t DROP CONSTRAINT g;\n\
         ALTER TABLE t RENAME TO v; ALTER TABLE v DROP CONSTRAINT t_pkey; ALTER TABLE v ADD CONSTRAINT v_pkey PRIMARY KEY USING INDEX n;",
    )]);
    let table = schema.table("v").unwrap();
    assert!(table.foreign_keys.is_empty());
    assert_eq!(table.primary_key, ["a", "b"]);
    // The constraint that repeats the primary key makes no index of its own.
    let keys: Vec<(IndexOrigin, String)> = table.indexes.iter().map(|index| (index.origin, index.key_list())).collect();
    assert_eq!(
        keys,
        [(IndexOrigin::Unique, "a".to_owned()), (IndexOrigin::Primary, "a, b".to_owned())]
    );
}

#[test]
fn of_one_name_and_two_definitions_the_deployed_one_is_there() {
    let schema = build(&[
        (
            "prisma/schema.prisma",
            "datasource db {\n provider = \"postgresql\"\n}\nmodel A {\n id Int @id\n b Int\n c Int\n @@index([b, c], map: \"i\")\n}",
        ),
        (
            "prisma/migrations/1_a/migration.sql",
            "CREATE TABLE \"A\" (\"id\" int PRIMARY KEY, \"b\" int, \"c\" int); CREATE INDEX \"i\" ON \"A\"(\"c\");",
        ),
    ]);
    let table = schema.table("A").unwrap();
    assert!(table.leads("c") && !table.leads("b"));
}

#[test]
fn a_series_that_another_took_the_place_of_does_not_count() {
    let sources = vec![
        alembic("versions/b.py", "bb", &[], "CREATE TABLE a (id int PRIMARY KEY, b int);"),
        alembic(
            "versions_legacy/a.py",
            "aa",
            &[],
            "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE INDEX i ON a (b);",
        ),
    ];
    let schema = Schema::build(sources, Dialect::Postgres);
    assert!(!schema.table("a").unwrap().leads("b"));
    let alone = vec![alembic("versions_legacy/a.py", "aa", &[], "CREATE TABLE a (id int PRIMARY KEY);")];
    assert!(Schema::build(alone, Dialect::Postgres).table("a").is_some());
}
