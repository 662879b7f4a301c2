//! Steps of migrations that repeat something of those before them.

use std::fs;
use std::path::Path;

use super::{Run, files, fix, tree};

const MAIN: &str = include_str!("golden/alembic/before/app/main.py");
const MODELS: &str = include_str!("golden/alembic/before/app/models.py");
const STEP: &str = include_str!("golden/alembic/before/alembic/versions/3f2a9c10de47_start.py");

/// The golden project of Alembic with another start, after all fixes: its models and its new revision.
fn revised(change: impl Fn(&str) -> String) -> (String, Option<String>, Run) {
    let folder = tree(&[
        ("alembic.ini", "[alembic]\nscript_location = alembic\n"),
        ("app/main.py", &change(MAIN)),
        ("app/models.py", &change(MODELS)),
        ("alembic/versions/3f2a_start.py", &change(STEP)),
    ]);
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let all = files(folder.path());
    let text = |path: &str| String::from_utf8_lossy(&all[path]).into_owned();
    let new = all.keys().find(|path| path.ends_with("_add_indexes.py"));
    (text("app/models.py"), new.map(|path| text(path)), run)
}

#[test]
fn a_column_that_goes_down_is_written_as_its_database_wants_it() {
    for name in ["order", "Created"] {
        let change = |text: &str| {
            text.replace("    created: Mapped", &format!("    {name}: Mapped"))
                .replace("'created'", &format!("'{name}'"))
                .replace("Order.created", &format!("Order.{name}"))
        };
        let (models, step, run) = revised(change);
        let step = step.unwrap_or_else(|| panic!("{}{}", run.out, run.err));
        assert!(models.contains(&format!("text('\"{name}\" DESC')")), "{models}");
        assert!(step.contains(&format!("sa.text('\"{name}\" DESC')")), "{step}");
    }
    let (models, step, _) = revised(str::to_owned);
    assert!(models.contains("text(\"created DESC\")"), "{models}");
    assert!(step.is_some_and(|step| step.contains("sa.text('created DESC')")));
}

#[test]
fn an_annotation_comes_only_with_its_imports() {
    let usual = "from typing import Sequence, Union\n";
    for (imports, union) in [
        ("import typing as t\nfrom typing import Sequence\n", "t.Union"),
        ("from typing import (\n    Sequence,\n    Union,\n)\n", "Union"),
        ("from shop.types import Sequence, Union\n", "Union"),
    ] {
        let (_, step, run) = revised(|text| text.replace(usual, imports).replace("Union[", &format!("{union}[")));
        let step = step.unwrap_or_else(|| panic!("{}{}", run.out, run.err));
        assert!(step.contains("\ndown_revision = '3f2a9c10de47'\n"), "{step}");
        assert!(!step.contains("Union"), "{step}");
        assert!(step.contains("\nrevision: str = "), "{step}");
    }
    let (_, step, _) = revised(|text| {
        text.replace(usual, "import typing\nfrom typing import Sequence\n")
            .replace("Union[", "typing.Union[")
    });
    let step = step.expect("a step");
    assert!(
        step.contains("import typing\n") && step.contains("\ndown_revision: typing.Union[str, None] = "),
        "{step}"
    );
}

#[test]
fn a_name_of_a_step_ends_no_text() {
    let (models, step, run) = revised(|text| text.replace("= '3f2a9c10de47'", "= '3f2a\"; __import__(\"os\").system(\"id\") #'"));
    assert_eq!((models.as_str(), step), (MODELS, None));
    assert!(run.err.contains("which is no plain one"), "{}{}", run.out, run.err);
}

#[cfg(unix)]
#[test]
fn a_name_of_a_migration_ends_no_text() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fix/golden/django/before");
    for (name, writes) in [
        ("0001_initial", true),
        ("0001_x\"), (__import__(\"os\").system(\"id\"), \"z", false),
    ] {
        let folder = tree(&[]);
        for (path, bytes) in files(&case) {
            let file = folder.path().join(path.replace("0001_initial", name));
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, bytes).expect("written");
        }
        let run = fix(folder.path(), &["--apply", "--unsafe"]);
        let is_written = files(folder.path()).keys().any(|path| path.contains("migrations/0002"));
        assert_eq!(is_written, writes, "{}{}", run.out, run.err);
    }
}

/// What is imported in a function, or for types only, is no name of the class body.
#[test]
fn an_import_that_does_not_hold_in_the_whole_file_is_not_used() {
    for import in [
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import sqlalchemy as sa\n",
        "def later():\n    import sqlalchemy as sa\n    return sa\n",
    ] {
        let change = |text: &str| {
            if text == MODELS {
                text.replacen("\n\n\nclass", &format!("\n\n{import}\n\nclass"), 1)
            } else {
                text.to_owned()
            }
        };
        let (models, _, run) = revised(change);
        assert!(models.contains(import), "{models}");
        assert!(!models.contains("sa.Index("), "{models}{}", run.out);
    }
}
