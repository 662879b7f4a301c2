//! Trees that are made to lead a writer astray.

use std::fs;

use super::{files, fix, tree};

const WAITING: &str = "import requests\n\n\ndef get():\n    return requests.get(\"https://x.test\")\n";
const MODELS: &str = "from django.db import models\n\n\nclass Customer(models.Model):\n    email = models.CharField(max_length=9)\n\n\nclass Order(models.Model):\n    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False)\n";
const STEP: &str = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [\n        migrations.CreateModel(name=\"Customer\", fields=[(\"id\", models.AutoField(primary_key=True)), (\"email\", models.CharField(max_length=9))]),\n        migrations.CreateModel(name=\"Order\", fields=[(\"id\", models.AutoField(primary_key=True)), (\"customer\", models.ForeignKey(on_delete=models.CASCADE, db_index=False, to=\"shop.customer\"))]),\n    ]\n";

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_nothing_outside_is_written() {
    let outside = tree(&[("steps/0001_initial.py", STEP), ("steps/__init__.py", ""), ("real.py", WAITING)]);
    let folder = tree(&[("shop/models.py", MODELS), ("shop/__init__.py", ""), ("own.py", WAITING)]);
    std::os::unix::fs::symlink(outside.path().join("steps"), folder.path().join("shop/migrations")).expect("a link");
    std::os::unix::fs::symlink(outside.path().join("real.py"), folder.path().join("link.py")).expect("a link");
    let before = files(outside.path());
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert_eq!(files(outside.path()), before);
    assert!(run.out.contains("no migration that was read makes its table"), "{}", run.out);
    assert!(
        fs::read_to_string(folder.path().join("own.py"))
            .expect("read")
            .contains("timeout=10")
    );
    assert_eq!(fs::read_to_string(folder.path().join("shop/models.py")).expect("read"), MODELS);
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone_and_keeps_others_from_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tree(&[("closed.py", WAITING), ("open.py", WAITING)]);
    fs::set_permissions(folder.path().join("closed.py"), fs::Permissions::from_mode(0o444)).expect("a mode");
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    assert!(run.out.contains("closed.py is left alone: it is read-only"), "{}", run.out);
    assert_eq!(fs::read_to_string(folder.path().join("closed.py")).expect("read"), WAITING);
    assert!(
        fs::read_to_string(folder.path().join("open.py"))
            .expect("read")
            .contains("timeout=10")
    );
}

#[test]
fn marks_line_ends_and_tabs_stay() {
    let text = "\u{feff}import time\r\n\r\n\r\nasync def wait():\r\n\tif True:\r\n\t\ttime.sleep(2)  # é\r\n";
    let folder = tree(&[
        ("a.py", text),
        (
            "b.py",
            "from a import wait\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\nasync def root():\n    await wait()\n",
        ),
    ]);
    let run = fix(folder.path(), &["--apply"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let wanted = "\u{feff}import asyncio\r\nimport time\r\n\r\n\r\nasync def wait():\r\n\tif True:\r\n\t\tawait asyncio.sleep(2)  # é\r\n";
    assert_eq!(fs::read_to_string(folder.path().join("a.py")).expect("read"), wanted);
}

#[test]
fn what_did_not_parse_whole_is_left_alone() {
    let broken = format!("{WAITING}\n\ndef (\n");
    let folder = tree(&[("broken.py", &broken)]);
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(run.err.contains("broken.py is left alone: it did not parse whole"), "{}", run.err);
    assert_eq!(fs::read_to_string(folder.path().join("broken.py")).expect("read"), broken);
}

#[test]
fn bytes_that_are_no_utf8_are_left_alone() {
    let folder = tree(&[("a.py", "")]);
    let mut bytes = WAITING.as_bytes().to_vec();
    bytes.extend(b"# caf\xe9\n");
    fs::write(folder.path().join("a.py"), &bytes).expect("written");
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    assert!(run.err.contains("a.py is left alone: it is not UTF-8"), "{}", run.err);
    assert_eq!(fs::read(folder.path().join("a.py")).expect("read"), bytes);
}
