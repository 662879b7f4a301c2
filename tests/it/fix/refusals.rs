//! What is told and not written.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{files, fix, tree};

const WAITING: &str = "import requests\n\n\ndef get():\n    return requests.get(\"https://x.test\")\n";

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@b.test"])
        .args(arguments);
    assert!(command.output().expect("git runs").status.success());
}

#[test]
fn a_file_that_git_has_no_commit_of_is_refused() {
    let folder = tree(&[("clean.py", WAITING), ("dirty.py", WAITING), ("staged.py", WAITING)]);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "x"]);
    fs::write(folder.path().join("dirty.py"), format!("{WAITING}# more\n")).expect("written");
    fs::write(folder.path().join("staged.py"), format!("{WAITING}# more\n")).expect("written");
    git(folder.path(), &["add", "staged.py"]);
    fs::write(folder.path().join("new.py"), WAITING).expect("written");
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    for name in ["dirty.py", "staged.py", "new.py"] {
        assert!(
            run.out
                .contains(&format!("{name} is left alone: git has no commit of what it holds")),
            "{}",
            run.out
        );
        let text = fs::read_to_string(folder.path().join(name)).expect("read");
        assert!(!text.contains("timeout"), "{name}");
    }
    assert!(
        fs::read_to_string(folder.path().join("clean.py"))
            .expect("read")
            .contains("timeout=10")
    );
    fix(folder.path(), &["--apply", "--unsafe", "--allow-dirty"]);
    for name in ["dirty.py", "staged.py", "new.py"] {
        assert!(
            fs::read_to_string(folder.path().join(name)).expect("read").contains("timeout=10"),
            "{name}"
        );
    }
}

#[test]
fn only_what_is_asked_for_is_mended() {
    let folder = tree(&[("a/x.py", WAITING), ("b/y.py", WAITING)]);
    let run = fix(folder.path(), &["--unsafe", "--only", "a"]);
    assert!(run.out.contains("+++ b/a/x.py") && !run.out.contains("y.py"), "{}", run.out);
    let run = fix(folder.path(), &["--unsafe", "--rule", "missing-index"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""));
    let run = fix(folder.path(), &[]);
    assert_eq!(run.out, "");
    assert!(run.err.contains("2 findings more with --unsafe"), "{}", run.err);
}

#[test]
fn a_path_that_is_not_there_is_a_mistake() {
    let folder = tree(&[("a.py", WAITING)]);
    let run = fix(folder.path(), &["--only", "nowhere"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.contains("no such file or folder below the root"), "{}", run.err);
}

/// The files of a golden project with one more.
fn with(name: &str, path: &str, text: &str) -> tempfile::TempDir {
    let case = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fix/golden")
        .join(name)
        .join("before");
    let folder = tree(&[(path, text)]);
    for (path, bytes) in files(&case) {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, bytes).expect("written");
    }
    folder
}

#[test]
fn several_last_migrations_are_told_and_not_guessed_between() {
    let step = |name: &str| {
        format!(
            "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [(\"orders\", \"{name}\")]\n    operations = []\n"
        )
    };
    let folder = with("django", "orders/migrations/0002_a.py", &step("0001_initial"));
    fs::write(folder.path().join("orders/migrations/0002_b.py"), step("0001_initial")).expect("written");
    let run = fix(folder.path(), &[]);
    assert_eq!(run.out, "");
    assert!(
        run.err
            .contains("the migrations of orders end in 2 places (0002_a, 0002_b): merge them first"),
        "{}",
        run.err
    );
    let second = "down_revision = None\nrevision = 'bbbbbbbbbbbb'\n\n\ndef upgrade():\n    pass\n";
    let folder = with("alembic", "alembic/versions/bbbbbbbbbbbb_other.py", second);
    let run = fix(folder.path(), &[]);
    assert_eq!(run.out, "");
    assert!(
        run.err
            .contains("there are several heads (3f2a9c10de47, bbbbbbbbbbbb): merge them first"),
        "{}",
        run.err
    );
}

#[test]
fn the_migration_follows_the_last_one_and_not_the_highest_number() {
    let merged = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [(\"orders\", \"0001_initial\")]\n    operations = []\n";
    let folder = with("django", "orders/migrations/0003_skipped_a_number.py", merged);
    let run = fix(folder.path(), &[]);
    assert!(
        run.out.contains("+++ b/orders/migrations/0004_add_indexes.py"),
        "{}{}",
        run.out,
        run.err
    );
    assert!(run.out.contains("0003_skipped_a_number\")"), "{}", run.out);
}

#[test]
fn two_fixes_of_the_same_lines_are_made_one_after_the_other() {
    let nested = "import requests\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\nasync def get():\n    return requests.get(requests.get(\"https://x.test\").text).text\n";
    let folder = tree(&[("a.py", nested)]);
    for _ in 0..4 {
        fix(folder.path(), &["--apply", "--unsafe"]);
    }
    let text = fs::read_to_string(folder.path().join("a.py")).expect("read");
    assert!(
        text.contains("import asyncio\n") && text.matches("timeout=10").count() == 2,
        "{text}"
    );
    let again = fix(folder.path(), &["--apply", "--unsafe"]);
    assert!(again.err.starts_with("0 findings were mended"), "{}", again.err);
}

const ORDERS: &str = "from django.db import models\n\n\nclass Customer(models.Model):\n    name = models.CharField(max_length=9)\n\n    def visited(self):\n        return [visit.page for visit in Visit.objects.filter(customer=self)]\n\n\nclass Visit(models.Model):\n    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)\n    page = models.CharField(max_length=9)\n\n\nclass Order(models.Model):\n    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)\n";
const LISTED: &str = "from django.http import JsonResponse\n\nfrom .models import Order\n\n\ndef listed(request):\n    out = []\n    for order in Order.objects.filter(id__gt=request.GET[\"after\"])[:200]:\n        out.append(order.customer.visited())\n    return JsonResponse({\"orders\": out})\n";

#[test]
fn what_brings_something_new_is_taken_back() {
    let urls = "from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path(\"orders/\", views.listed)]\n";
    let folder = tree(&[
        ("shop/__init__.py", ""),
        ("shop/models.py", ORDERS),
        ("shop/views.py", LISTED),
        ("shop/urls.py", urls),
    ]);
    let run = fix(folder.path(), &["--apply"]);
    let said = format!("{}{}", run.out, run.err);
    assert_eq!(run.code, Some(0), "{said}");
    let text = fs::read_to_string(folder.path().join("shop/views.py")).expect("read");
    assert_eq!(text, LISTED, "{said}");
    assert!(said.contains("taken back"), "{said}");
    assert!(!said.contains("new: "), "{said}");
}

#[test]
fn an_old_migration_is_not_rewritten() {
    let step = "import requests\nfrom django.db import migrations\n\n\ndef load(apps, editor):\n    requests.get(\"https://x.test\")\n\n\nclass Migration(migrations.Migration):\n    operations = [migrations.RunPython(load)]\n";
    let folder = tree(&[("shop/migrations/0001_load.py", step)]);
    let run = fix(folder.path(), &["--unsafe"]);
    assert_eq!(run.out, "");
    assert!(run.err.contains("is a migration, which may have run"), "{}", run.err);
}

#[test]
fn editors_get_the_same_edits() {
    let folder = tree(&[("a.py", WAITING)]);
    let mut command = assert_cmd::Command::cargo_bin("perfaudit").expect("the binary");
    let command = command
        .current_dir(folder.path())
        .args(["scan", ".", "--no-cache", "--format", "sarif", "--fail-on", "never"]);
    let output = command.output().expect("runs").stdout;
    let log: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let fixes = results.iter().filter_map(|result| result["fixes"].get(0)).collect::<Vec<_>>();
    let [only] = fixes.as_slice() else { panic!("{fixes:?}") };
    let change = &only["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "a.py");
    let replacement = &change["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], ", timeout=10");
    let region = serde_json::json!({ "startLine": 5, "startColumn": 41, "endLine": 5, "endColumn": 41 });
    assert_eq!(replacement["deletedRegion"], region);
    assert!(only["description"]["text"].as_str().is_some_and(|text| text.contains("unsafe: ")));
}
