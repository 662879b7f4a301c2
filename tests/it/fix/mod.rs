//! `perfaudit fix`: what it writes, what it leaves alone, and what it says of it.

mod golden;
mod hostile;
mod queries;
mod refusals;
mod scripts;
mod steps;
mod waiting;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `perfaudit fix` in a folder.
fn fix(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::cargo_bin("perfaudit").expect("the binary");
    command.current_dir(folder).timeout(Duration::from_secs(120));
    let output = command.args(["fix", ".", "--no-cache"]).args(arguments).output().expect("runs");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("written");
    }
    folder
}

/// The regular files of a folder, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let regular = entries.filter(|entry| entry.file_type().is_file());
    let named = regular.map(|entry| {
        let path = entry.path().strip_prefix(folder).expect("below").to_string_lossy().into_owned();
        (path, fs::read(entry.path()).expect("read"))
    });
    named.filter(|(path, _)| !path.starts_with(".git/")).collect()
}

/// The text of a file after all fixes, and what was said.
fn mended(all: &[(&str, &str)], path: &str) -> (String, Run) {
    let folder = tree(all);
    let run = fix(folder.path(), &["--apply", "--unsafe"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    (fs::read_to_string(folder.path().join(path)).expect("read"), run)
}
