//! What git knows of the scanned tree: its commit, and the tree of an earlier revision.

use std::path::Path;
use std::process::Command;

use crate::error::Error;

/// A command in a folder. It asks nobody anything and changes nothing of the repository.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// Runs a command; its standard output without the last line break, or what it said on standard error.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("git failed");
    Err(line.trim_start_matches("fatal: ").to_owned())
}

/// The commit that a folder is at, shortened, with `+` where tracked files differ from it; `None` outside of a repository.
pub fn commit(folder: &Path) -> Option<String> {
    let commit = run(git(folder).args(["rev-parse", "--short=12", "--verify", "HEAD"])).ok()?;
    let changed = run(git(folder).args(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules", "--", "."]));
    let mark = if changed.is_ok_and(|text| !text.is_empty()) { "+" } else { "" };
    Some(format!("{commit}{mark}"))
}

/// Writes the files that a folder had at a revision into an empty folder, through an index of its own.
///
/// Fails where the folder is in no repository, where there is no such revision, and where the folder was not there yet.
pub fn extract(folder: &Path, revision: &str, into: &Path) -> Result<(), Error> {
    let fail = |what: String| Error::new(format!("--since {revision}"), what);
    let prefix =
        run(git(folder).args(["rev-parse", "--show-prefix"])).map_err(|what| fail(what).hint("give a folder of a git repository"))?;
    let wanted = format!("{revision}^{{commit}}");
    // Without the option's end, a revision that starts with a dash would be read as an option.
    let commit = run(git(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]))
        .map_err(|_| fail("no such revision".to_owned()).hint("a shallow clone may lack it: fetch more history"))?;
    let tree = format!("{commit}:{}", prefix.trim_end_matches('/'));
    if run(git(folder).args(["cat-file", "-e", &tree])).is_err() {
        return Ok(());
    }
    let index = into.join(".index");
    let target = into.join("tree");
    std::fs::create_dir_all(&target).map_err(|error| fail(format!("the tree cannot be written: {error}")))?;
    run(git(folder).env("GIT_INDEX_FILE", &index).args(["read-tree", &tree])).map_err(&fail)?;
    let mut place = target.into_os_string();
    place.push("/");
    let mut prefix = std::ffi::OsString::from("--prefix=");
    prefix.push(place);
    run(git(folder)
        .env("GIT_INDEX_FILE", &index)
        .args(["checkout-index", "--all", "--force", "--quiet"])
        .arg(prefix))
    .map_err(&fail)?;
    Ok(())
}
