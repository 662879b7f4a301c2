//! A pull request does not judge itself: with `--since`, the configuration and all that it names are the base's.

use std::fs;

use super::git::{Repository, assert_refused, since};
use crate::baseline::{Run, git, perfaudit, write};

#[test]
fn the_configuration_of_the_base_judges() {
    let repository = Repository::new();
    let note = "The configuration differs from that of HEAD";
    let scan = |more: &[&str]| {
        let arguments = [&["scan", "--since", "HEAD", "--no-cache", "--format", "json"], more].concat();
        perfaudit(&repository.at(), &arguments)
    };
    let gate = ["--fail-on", "p3"];
    for text in [
        "skip = ['n-plus-one']\n",
        "exclude = ['app/**']\n",
        "[priorities]\nn-plus-one = 'off'\n",
        "min-confidence = 'high'\n",
    ] {
        write(&repository.at(), "perfaudit.toml", text);
        let run = scan(&gate);
        assert!(run.code == Some(1) && run.out.contains(note), "{text}: {}{}", run.out, run.err);
    }
    // So does its threshold, and the command line's still wins.
    write(&repository.at(), "perfaudit.toml", "fail-on = 'p3'\n");
    git(&repository.at(), &["add", "perfaudit.toml"]);
    git(&repository.at(), &["commit", "-q", "-m", "a gate"]);
    let same = scan(&[]);
    assert!(same.code == Some(1) && !same.out.contains(note), "{}{}", same.out, same.err);
    write(&repository.at(), "perfaudit.toml", "fail-on = 'never'\n");
    assert_eq!(scan(&[]).code, Some(1));
    assert_eq!(scan(&["--fail-on", "never"]).code, Some(0));
    // A file that is named is the base's as well, unless the base does not have it.
    write(&repository.at(), "own.toml", "fail-on = 'never'\n");
    assert_eq!(scan(&["--config", "own.toml"]).code, Some(0));
    assert_eq!(scan(&["--config", "perfaudit.toml"]).code, Some(1));
    fs::remove_file(repository.at().join("perfaudit.toml")).expect("removed");
    assert_eq!(scan(&[]).code, Some(1));
    // pyproject.toml counts as it does on disk.
    write(&repository.at(), "pyproject.toml", "[tool.perfaudit]\nfail-on = 'p3'\n");
    git(&repository.at(), &["rm", "-q", "--cached", "perfaudit.toml"]);
    git(&repository.at(), &["add", "pyproject.toml"]);
    git(&repository.at(), &["commit", "-q", "-m", "moved"]);
    write(&repository.at(), "pyproject.toml", "[tool.perfaudit]\nfail-on = 'never'\n");
    let python = scan(&[]);
    assert!(python.code == Some(1) && python.out.contains(note), "{}{}", python.out, python.err);
}

#[test]
fn a_broken_configuration_of_the_base_is_told() {
    let repository = Repository::new();
    write(&repository.at(), "perfaudit.toml", "skipp = []\n");
    repository.commit();
    write(&repository.at(), "perfaudit.toml", "skip = []\n");
    assert_refused(
        &since(&repository.at(), "HEAD", &[]),
        "HEAD:perfaudit.toml:1: unknown key `skipp`; did you mean `skip`?",
    );
}

/// A repository with these files in its one commit.
fn committed(files: &[(&str, &str)]) -> Repository {
    let repository = Repository::bare_of_files(&[]);
    for (name, text) in files {
        write(&repository.at(), name, text);
    }
    repository.commit();
    repository
}

/// What a gate that fails on `least` says of the working tree.
fn gate(repository: &Repository, least: &str) -> Run {
    let arguments = ["scan", "--since", "HEAD", "--no-cache", "--format", "json", "--fail-on", least];
    perfaudit(&repository.at(), &arguments)
}

/// What a gate says of each way to change what a key names.
#[track_caller]
fn assert_judged_by_the_base(repository: &Repository, key: &str, least: &str, changes: &[(&str, Option<&str>)]) {
    let note = format!("What `{key}` names differs from that of HEAD");
    let same = gate(repository, least);
    assert!(
        same.code == Some(1) && !same.out.contains(&note),
        "unchanged: {:?} {}{}",
        same.code,
        same.out,
        same.err
    );
    for (name, text) in changes {
        let file = repository.at().join(name);
        let before = fs::read_to_string(&file).ok();
        match text {
            Some(text) => write(&repository.at(), name, text),
            None => fs::remove_file(&file).expect("removed"),
        }
        let run = gate(repository, least);
        assert!(
            run.code == Some(1) && run.out.contains(&note),
            "{name}: {text:?}: {:?} {}{}",
            run.code,
            run.out,
            run.err
        );
        match before {
            Some(before) => write(&repository.at(), name, &before),
            None => fs::remove_file(&file).expect("removed"),
        }
    }
}

/// A page of a rule that finds calls of a function in loops.
fn page(call: &str) -> String {
    let built_in = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/own.md")).expect("a text");
    let (_, rest) = built_in.split_once("\n````markdown\n").expect("a page");
    let (page, _) = rest.split_once("\n````\n").expect("an end");
    page.replace("legacy.fetch_*", call)
}

const LOOP: &str = "import legacy\n\n\ndef all(keys):\n    for key in keys:\n        legacy.fetch_one(key)\n";
const LIBRARY: &str =
    "[library]\nname = 'Acme'\nmodules = ['acme']\n\n[[call]]\nnames = ['acme.price']\neffects = ['network', 'blocking']\n";
const HANDLER: &str = "import acme\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/price')\nasync def price(key: str):\n    return acme.price(key)\n";

#[test]
fn the_rules_of_the_base_judge() {
    let repository = committed(&[
        ("perfaudit.toml", "rules-dir = 'ci/rules'\nrules = ['legacy-fetch-in-loop']\n"),
        ("ci/rules/legacy-fetch-in-loop.md", &page("legacy.fetch_*")),
    ]);
    write(&repository.at(), "app.py", LOOP);
    let other = page("legacy.other");
    let changes = [
        ("ci/rules/legacy-fetch-in-loop.md", Some(other.as_str())),
        ("ci/rules/legacy-fetch-in-loop.md", None),
        ("ci/rules/legacy-fetch-in-loop.md", Some("broken")),
    ];
    assert_judged_by_the_base(&repository, "rules-dir", "p3", &changes);
    // Another folder in its place, by a link.
    fs::rename(repository.at().join("ci/rules"), repository.at().join("ci/old")).expect("moved");
    write(&repository.at(), "none/legacy-fetch-in-loop.md", &other);
    std::os::unix::fs::symlink("../none", repository.at().join("ci/rules")).expect("linked");
    let run = gate(&repository, "p3");
    assert!(
        run.code == Some(1) && run.out.contains("differs from that of HEAD"),
        "{}{}",
        run.out,
        run.err
    );
    // The command line is the user's, who may try what is there now.
    let arguments = ["scan", "--since", "HEAD", "--no-cache", "--fail-on", "p3", "--rules", "none"];
    let tried = perfaudit(&repository.at(), &arguments);
    assert!(tried.code == Some(0), "{}{}", tried.out, tried.err);
}

#[test]
fn the_libraries_of_the_base_judge() {
    let repository = committed(&[("perfaudit.toml", "libraries-dir = 'libs'\n"), ("libs/python/acme.toml", LIBRARY)]);
    write(&repository.at(), "app.py", HANDLER);
    let harmless = LIBRARY.replace(", 'blocking'", "");
    let more = LIBRARY.replace("name = 'Acme'", "name = 'More'").replace(", 'blocking'", "");
    let changes = [
        ("libs/python/acme.toml", Some(harmless.as_str())),
        ("libs/python/acme.toml", None),
        ("libs/python/more.toml", Some(more.as_str())),
    ];
    assert_judged_by_the_base(&repository, "libraries-dir", "p0", &changes);
    // In a project that is a folder of the repository, too.
    let repository = committed(&[
        ("shop/perfaudit.toml", "libraries-dir = 'libs'\n"),
        ("shop/libs/python/acme.toml", LIBRARY),
    ]);
    write(&repository.at(), "shop/app.py", HANDLER);
    write(&repository.at(), "shop/libs/python/acme.toml", &harmless);
    let arguments = ["scan", "shop", "--since", "HEAD", "--no-cache", "--format", "json"];
    let run = perfaudit(&repository.at(), &arguments);
    assert!(
        run.code == Some(1) && run.out.contains("What `libraries-dir` names"),
        "{}{}",
        run.out,
        run.err
    );
}

const USERS: &str = "from fastapi import FastAPI\nfrom sqlalchemy import select\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n\napp = FastAPI()\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\nclass User(Base):\n    __tablename__ = 'users'\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n\n@app.get('/users')\ndef users(session: Session):\n    return session.scalars(select(User)).all()\n";
const ROWS: &str = "table_name,row_count\nusers,9000000\n";

#[test]
fn the_row_counts_of_the_base_judge() {
    let repository = committed(&[("perfaudit.toml", "stats = 'ci/rows.csv'\n"), ("ci/rows.csv", ROWS)]);
    write(&repository.at(), "app.py", USERS);
    let changes = [
        ("ci/rows.csv", Some("table_name,row_count\nusers,3\n")),
        ("ci/rows.csv", None),
        ("ci/rows.csv", Some("broken")),
    ];
    assert_judged_by_the_base(&repository, "stats", "p1", &changes);
}

#[test]
fn what_the_base_does_not_hold_is_told() {
    let repository = committed(&[("perfaudit.toml", "stats = 'rows.csv'\n"), ("app.py", HANDLER)]);
    write(&repository.at(), "rows.csv", ROWS);
    let run = gate(&repository, "p0");
    let note = "`stats` names rows.csv, which is not in HEAD: it is read as it is now, so a change of it judges itself";
    assert!(run.code == Some(0) && run.out.contains(note), "{}{}", run.out, run.err);
    // A link of the base is not followed.
    fs::remove_file(repository.at().join("rows.csv")).expect("removed");
    std::os::unix::fs::symlink("app.py", repository.at().join("rows.csv")).expect("linked");
    repository.commit();
    assert_refused(&gate(&repository, "p0"), "HEAD:rows.csv: is a symbolic link, which is not followed");
    // Nor does it say what is outside.
    write(&repository.at(), "perfaudit.toml", "rules-dir = '../rules'\n");
    repository.commit();
    assert_refused(&gate(&repository, "p0"), "leads out of the project");
}
