//! Each folder of `golden/` is a project before and what `fix --apply --unsafe` makes of it: `after/` holds the files that change.
//!
//! `PERFAUDIT_UPDATE=1` writes `after/` anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{files, fix};

fn case(name: &str) -> (PathBuf, tempfile::TempDir) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fix/golden").join(name);
    let copy = tempfile::tempdir().expect("a folder");
    write(&files(&case.join("before")), copy.path());
    (case, copy)
}

fn write(files: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    for (path, bytes) in files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, bytes).expect("written");
    }
}

fn changed(before: &BTreeMap<String, Vec<u8>>, after: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    after.into_iter().filter(|(path, bytes)| before.get(path) != Some(bytes)).collect()
}

/// Applies, compares, and shows that nothing is left to do and nothing new came.
fn check(name: &str, mended: usize) {
    let (case, copy) = case(name);
    let before = files(copy.path());
    let run = fix(copy.path(), &["--apply", "--unsafe"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
    let proof = format!(
        "A second scan: {mended} finding{} gone, 0 still there, 0 new",
        if mended == 1 { "" } else { "s" }
    );
    assert!(run.out.contains(&proof), "{}", run.out);
    let after = changed(&before, files(copy.path()));
    if std::env::var_os("PERFAUDIT_UPDATE").is_some() {
        let _ = fs::remove_dir_all(case.join("after"));
        write(&after, &case.join("after"));
    }
    let wanted = files(&case.join("after"));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&wanted));
    for (path, bytes) in &after {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(bytes), text(&wanted[path]), "{path}");
    }
    let again = fix(copy.path(), &["--apply", "--unsafe"]);
    assert_eq!(again.code, Some(0));
    assert!(again.err.starts_with("0 findings were mended"), "{}", again.err);
    assert_eq!(changed(&before, files(copy.path())), after, "the second time changes nothing");
}

#[test]
fn django_gets_a_migration_and_its_meta() {
    check("django", 6);
}

#[test]
fn alembic_gets_a_revision_and_table_arguments() {
    check("alembic", 4);
}

#[test]
fn prisma_gets_an_attribute_and_a_step_for_each_index() {
    check("prisma", 2);
}

#[test]
fn numbered_sql_gets_the_next_number_and_its_way_back() {
    check("sql", 2);
}

#[test]
fn typeorm_gets_a_migration_and_decorators() {
    check("typeorm", 3);
}

#[test]
fn typeorm_gets_a_migration_in_its_own_words_where_others_have_them() {
    check("typeorm-objects", 1);
}

#[test]
fn knex_gets_a_migration_outside_of_a_transaction() {
    check("knex", 2);
}

#[test]
fn knex_gets_a_migration_for_each_index_where_migrations_do_not_wait() {
    check("knex-javascript", 2);
}

#[test]
fn sequelize_gets_a_migration_and_an_index_among_others() {
    check("sequelize", 1);
}

#[test]
fn sequelize_gets_options_where_models_make_the_tables() {
    check("sequelize-sync", 2);
}

#[test]
fn drizzle_gets_a_step_with_its_entry_and_snapshot() {
    check("drizzle", 2);
}

#[test]
fn kysely_gets_a_migration_in_its_own_words() {
    check("kysely-sqlite", 1);
}

#[test]
fn kysely_gets_sql_where_no_transaction_is_opened() {
    check("kysely", 1);
}

#[test]
fn calls_get_limits_and_stop_no_loop() {
    check("calls", 9);
}

#[test]
fn queries_ask_for_what_is_used() {
    check("queries", 4);
}

#[test]
fn a_diff_is_what_git_applies_and_writes_nothing() {
    if std::env::var_os("PERFAUDIT_UPDATE").is_some() {
        return;
    }
    for name in [
        "django",
        "alembic",
        "prisma",
        "sql",
        "drizzle",
        "knex",
        "sequelize",
        "typeorm",
        "calls",
        "queries",
    ] {
        let (case, copy) = case(name);
        let before = files(copy.path());
        let run = fix(copy.path(), &["--unsafe"]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert_eq!(files(copy.path()), before, "{name}");
        assert_eq!(patched(before, &run.out), {
            let mut all = files(&case.join("before"));
            all.extend(files(&case.join("after")));
            all
        });
    }
}

/// What a unified diff makes of files, read as strictly as `git apply` does.
fn patched(mut files: BTreeMap<String, Vec<u8>>, diff: &str) -> BTreeMap<String, Vec<u8>> {
    let mut lines = diff.split_inclusive('\n').peekable();
    while let Some(head) = lines.next() {
        assert!(head.starts_with("--- "), "{head:?}");
        let name = lines.next().expect("a new name").trim_end();
        let path = name.strip_prefix("+++ b/").expect("a name").to_owned();
        let old = String::from_utf8(files.remove(&path).unwrap_or_default()).expect("UTF-8");
        let old: Vec<&str> = old.split_inclusive('\n').collect();
        let (mut new, mut at) = (String::new(), 0);
        while let Some(hunk) = lines.next_if(|line| line.starts_with("@@ ")) {
            let numbers: Vec<usize> = hunk
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|part| part.parse().ok())
                .collect();
            let first = numbers[0].saturating_sub(usize::from(numbers[1] > 0));
            old[at..first].iter().for_each(|line| new.push_str(line));
            at = first;
            while let Some(line) = lines.next_if(|line| line.starts_with([' ', '-', '+']) && !line.starts_with("--- ")) {
                let (sign, text) = line.split_at(1);
                let is_open = lines.next_if(|line| line.starts_with("\\ ")).is_some();
                let text = if is_open { text.trim_end_matches('\n') } else { text };
                if sign != "+" {
                    assert_eq!(old[at], text, "{path}");
                    at += 1;
                }
                if sign != "-" {
                    new.push_str(text);
                }
            }
            assert_eq!(at, first + numbers[1]);
        }
        old[at..].iter().for_each(|line| new.push_str(line));
        files.insert(path, new.into_bytes());
    }
    files
}
