//! What git knows of the scanned tree: its commit, and the files that it held at an earlier revision.
//!
//! Objects, references and the index of a repository are read, nothing else. No program runs, neither git nor what a repository's
//! settings name (filters, hooks, monitors, transports); nothing is fetched and nothing is written. Variables of the environment whose
//! names start with `GIT_` are not looked at.

mod about;
mod changed;
mod past;
mod repository;
mod sparse;

use std::path::{Path, PathBuf};

use crate::error::Error;

pub use about::{HeadCommit, about};
pub use changed::Worktree;
pub use past::{Blob, Folder, FolderEntry, NodeKind, Past};
pub use repository::Repository;

/// Digits of a commit that are shown.
const DIGITS: usize = 12;

/// The commit that a folder is at, shortened, with `+` where tracked files below the folders that are read differ from it; `None`
/// outside of a repository and before the first commit. See [`changed::is_changed`] for what differs.
pub fn commit(root: &Path, read: &[PathBuf]) -> Result<Option<String>, Error> {
    let Some(repository) = Repository::around(root)? else {
        return Ok(None);
    };
    let reader = repository.reader();
    let Ok(commit) = reader.head_commit() else { return Ok(None) };
    let short = commit.id.to_hex_with_len(DIGITS).to_string();
    let lacking = || Error::new(repository.top().to_string_lossy(), format!("the clone lacks the files of {short}")).hint("fetch them");
    let tree = commit.tree_id().map_err(|_| lacking())?.detach();
    for path in read {
        let Ok(path) = std::fs::canonicalize(root.join(path)) else {
            continue;
        };
        // A file that is named stands for its folder.
        let folder = if path.is_dir() {
            path.as_path()
        } else {
            path.parent().unwrap_or(&path)
        };
        if folder.starts_with(repository.top()) && changed::is_changed(&repository, &reader, tree, folder)? {
            return Ok(Some(format!("{short}+")));
        }
    }
    Ok(Some(short))
}
