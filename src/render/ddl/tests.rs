use super::*;
use crate::project::Project;
use crate::syntax::facts::extract;
use crate::walk::FileKind;

fn rendered(sql: &str) -> String {
    let project = Project::link(vec![extract("schema.sql", FileKind::Sql, sql)]);
    render(&project.schema, main_dialect(&project.schema))
}

#[test]
fn tables_come_before_indexes_and_keys_come_last() {
    let text = rendered(
        "CREATE TABLE \"order\" (id bigserial PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id), state mood DEFAULT 'new', at timestamptz DEFAULT now());\n\
         CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE, deleted_at timestamptz);\n\
         CREATE INDEX live ON users (lower(email)) WHERE deleted_at IS NULL;\n",
    );
    assert_eq!(
        text,
        "CREATE TABLE \"order\" (\n    id bigserial NOT NULL,\n    user_id integer NOT NULL,\n    state text DEFAULT 'new', -- declared as mood\n    \
         at timestamptz DEFAULT CURRENT_TIMESTAMP,\n    PRIMARY KEY (id)\n);\n\
         CREATE TABLE users (\n    id bigserial NOT NULL,\n    email text,\n    deleted_at timestamptz,\n    PRIMARY KEY (id)\n);\n\
         CREATE INDEX live ON users ((lower(email))) WHERE deleted_at IS NULL;\n\
         CREATE UNIQUE INDEX ON users (email);\n\
         ALTER TABLE \"order\" ADD FOREIGN KEY (user_id) REFERENCES users (id);\n"
    );
}

#[test]
fn what_cannot_be_made_is_said() {
    let text = rendered(
        "CREATE TABLE a (id bigserial PRIMARY KEY, b_id bigint REFERENCES gone (id), name text);\n\
         CREATE INDEX i ON a (pg_read_file(name));\nCREATE INDEX j ON a USING gin (name);\n",
    );
    assert!(text.contains("-- no foreign key from a (b_id) to gone: "), "{text}");
    assert!(
        text.contains("-- no index on a (pg_read_file(name)): a key of it was not understood"),
        "{text}"
    );
    assert!(text.contains("-- no index on a (name): its kind needs"), "{text}");
}

#[test]
fn a_name_does_not_end_its_quotes() {
    let text = rendered("CREATE TABLE \"a\"\"; DROP TABLE b; --\" (\"x\"\" int)\" bigserial PRIMARY KEY);\n");
    assert!(!text.contains("\"a\";"), "{text}");
}
