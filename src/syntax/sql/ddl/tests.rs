use super::*;
use crate::statement::{Constraint, IndexDef, TableDef};

fn changes(text: &str) -> Vec<SchemaOp> {
    match parse(text, Dialect::Postgres, 0) {
        Ddl::Changes(changes) => changes.into_iter().map(|change| change.op).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

fn table(text: &str) -> TableDef {
    match changes(text).into_iter().next() {
        Some(SchemaOp::CreateTable(table, _)) => table,
        other => panic!("{other:?}"),
    }
}

fn index(text: &str) -> IndexDef {
    match changes(text).into_iter().next() {
        Some(SchemaOp::AddIndex(index, _)) => index,
        other => panic!("{other:?}"),
    }
}

fn keys(index: &IndexDef) -> Vec<&str> {
    index.keys.iter().map(|key| key.column.as_str()).collect()
}

#[test]
fn columns_keep_their_keys_and_references() {
    let table = table(
        "CREATE TABLE IF NOT EXISTS public.\"orders\" (id bigserial PRIMARY KEY, user_id uuid NOT NULL REFERENCES users(id) ON DELETE SET NULL, \
         code varchar(10) DEFAULT 'a,b'::text UNIQUE, total numeric(10, 2) DEFAULT 0 NOT NULL, CONSTRAINT o_fk FOREIGN KEY (code) REFERENCES codes, \
         CHECK (total > 0), EXCLUDE USING gist (code WITH =, tstzrange(a, b) WITH &&) WHERE (total > 1)) PARTITION BY RANGE (id)",
    );
    assert_eq!(table.name, "public.orders");
    assert!(table.partition);
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "user_id", "code", "total"]);
    assert!(table.columns[0].primary && table.columns[2].unique);
    assert!(!table.columns[1].nullable && !table.columns[3].nullable && table.columns[2].nullable);
    assert_eq!(table.columns[1].references, Some(("users".into(), Some("id".into()))));
    assert_eq!(table.columns[3].data_type, "numeric(10, 2)");
    assert_eq!(
        table.constraints[0].0,
        Constraint::Foreign(Some("o_fk".into()), vec!["code".into()], "codes".into(), vec![])
    );
    let exclusion = &table.indexes[0];
    assert_eq!(
        (exclusion.method.as_deref(), exclusion.predicate.as_deref()),
        (Some("gist"), Some("(total > 1)"))
    );
    assert_eq!(keys(exclusion), ["code", "tstzrange(a, b)"]);
    assert!(!exclusion.keys[0].expression && exclusion.keys[1].expression);
}

#[test]
fn mysql_keys_are_indexes_and_columns_called_key_are_columns() {
    let table = table(
        "CREATE TABLE `t` (`id` int(11) unsigned NOT NULL AUTO_INCREMENT, `key` varchar(9), key varchar(255) NOT NULL, `u` int COMMENT 'KEY (x)', \
         PRIMARY KEY (`id`), UNIQUE KEY `uk` (`u`), KEY `k1` (`key`(10),`u` DESC) USING BTREE, FULLTEXT KEY ft (`key`), \
         CONSTRAINT `fk` FOREIGN KEY (`u`) REFERENCES `x` (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8",
    );
    assert_eq!(table.columns.len(), 4);
    assert_eq!(keys(&table.indexes[0]), ["key", "u"]);
    assert!(table.indexes[0].keys[1].descending);
    assert_eq!(table.indexes[1].method.as_deref(), Some("fulltext"));
    assert_eq!(table.constraints.len(), 3);
}

#[test]
fn indexes_of_every_form_are_read() {
    let all = index(
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t USING btree (a, lower(b), c text_pattern_ops DESC NULLS LAST) INCLUDE (d) WITH (fillfactor=70) WHERE (a > 0 AND b IS NULL)",
    );
    assert!(all.unique && all.concurrently && all.only);
    assert_eq!(all.table, "s.t");
    assert_eq!(keys(&all), ["a", "lower(b)", "c"]);
    assert!(all.keys[1].expression && !all.keys[2].expression && all.keys[2].descending);
    assert_eq!(all.include, ["d"]);
    assert_eq!(all.predicate.as_deref(), Some("(a > 0 AND b IS NULL)"));
    let gin = index("CREATE INDEX ON t USING gin ((data->'x') jsonb_path_ops, title gin_trgm_ops)");
    assert_eq!(gin.name, None);
    assert!(gin.keys[0].expression && !gin.keys[1].expression);
    let hnsw = index("CREATE INDEX e ON t USING hnsw (embedding vector_l2_ops) WITH (m = 16)");
    assert_eq!(keys(&hnsw), ["embedding"]);
}

#[test]
fn drops_and_renames_reach_the_state() {
    assert_eq!(
        changes("DROP INDEX CONCURRENTLY IF EXISTS public.a, b"),
        [SchemaOp::DropIndex("public.a".into(), None), SchemaOp::DropIndex("b".into(), None)]
    );
    assert_eq!(
        changes("ALTER TABLE a RENAME TO b"),
        [SchemaOp::RenameTable("a".into(), "b".into())]
    );
    assert_eq!(
        changes("ALTER TABLE a RENAME c TO d"),
        [SchemaOp::RenameColumn("a".into(), "c".into(), "d".into())]
    );
    assert_eq!(
        changes("ALTER INDEX a RENAME TO b"),
        [SchemaOp::RenameIndex("a".into(), "b".into())]
    );
    assert_eq!(changes("ALTER INDEX a ATTACH PARTITION b"), []);
    assert_eq!(changes("ALTER TABLE a ATTACH PARTITION b FOR VALUES FROM (1) TO (2)"), []);
}

#[test]
fn alter_table_lists_are_read_action_by_action() {
    let ops = changes(
        "ALTER TABLE ONLY public.t ADD COLUMN IF NOT EXISTS a int REFERENCES u, ADD CONSTRAINT p PRIMARY KEY (x, y), \
         ADD CONSTRAINT q UNIQUE USING INDEX i, DROP COLUMN b CASCADE, DROP CONSTRAINT IF EXISTS c, ALTER COLUMN d SET NOT NULL, \
         ALTER CONSTRAINT z DEFERRABLE, ADD INDEX m (k), ADD CHECK (a > 1)",
    );
    assert_eq!(ops.len(), 7);
    assert!(matches!(&ops[0], SchemaOp::AddColumn(_, column) if column.references.is_some()));
    let promoted = SchemaOp::PromoteIndex {
        table: "public.t".into(),
        index: "i".into(),
        name: Some("q".into()),
        primary: false,
    };
    assert_eq!(ops[2], promoted);
    assert!(matches!(&ops[6], SchemaOp::AddIndex(index, false) if index.name.as_deref() == Some("m")));
}

#[test]
fn do_bodies_hide_no_ddl() {
    let text = "DO $$ BEGIN\n IF NOT EXISTS (SELECT 1 FROM pg_indexes) THEN\n  CREATE INDEX i ON t (a);\n END IF;\n EXECUTE 'CREATE INDEX j ON t (b)'; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u(id);\nEXCEPTION WHEN duplicate_object THEN null;\nEND $$";
    let ops = changes(text);
    assert_eq!(ops.len(), 3);
    let Ddl::Changes(changes) = parse(text, Dialect::Postgres, 100) else {
        panic!()
    };
    let span = changes[0].span;
    assert_eq!(&text[span.start as usize - 100..span.end as usize - 100], "CREATE INDEX i ON t (a)");
    assert!(text[changes[1].span.start as usize - 100..].starts_with("CREATE INDEX j"));
}

#[test]
fn temporary_tables_and_other_databases_leave_no_trace() {
    assert_eq!(changes("CREATE TEMP TABLE t (a int)"), []);
    assert_eq!(
        parse(
            "CREATE TABLE t (a LowCardinality(String)) ENGINE = MergeTree ORDER BY a",
            Dialect::Generic,
            0
        ),
        Ddl::NotUnderstood
    );
    assert_eq!(parse("CREATE VIEW v AS SELECT 1", Dialect::Generic, 0), Ddl::Other);
}

#[test]
fn sqlite_tables_without_types_are_read() {
    let table = table("CREATE TABLE t (a PRIMARY KEY, b INTEGER PRIMARY KEY AUTOINCREMENT, c, d REFERENCES x(y)) WITHOUT ROWID");
    assert_eq!(table.columns.len(), 4);
    assert!(table.columns[0].primary && table.columns[0].data_type.is_empty());
    assert_eq!(table.columns[3].references, Some(("x".into(), Some("y".into()))));
}
