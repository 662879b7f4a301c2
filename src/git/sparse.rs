//! What a sparse checkout leaves out of the working tree.

use std::collections::BTreeMap;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::repository::Repository;
use crate::error::Error;

/// The paths that a sparse checkout leaves out.
pub struct Sparse {
    /// Whether the index leaves a path out. A folder that it lists as one entry ends in `/`.
    index: BTreeMap<String, bool>,
    /// The patterns of what is checked out, for paths that the index does not know.
    patterns: Gitignore,
}

impl Sparse {
    /// What a repository's working tree leaves out; `None` where it is complete.
    pub fn of(repository: &Repository) -> Result<Option<Sparse>, Error> {
        let Some(index) = repository.index()? else { return Ok(None) };
        let is_out = |entry: &gix::index::Entry| entry.flags.contains(gix::index::entry::Flags::SKIP_WORKTREE);
        if !index.entries().iter().any(is_out) {
            return Ok(None);
        }
        let text = repository.own_file("info/sparse-checkout")?.unwrap_or_default();
        let mut builder = GitignoreBuilder::new("");
        for line in String::from_utf8_lossy(&text).lines() {
            // A line that is no pattern leaves nothing out.
            let _ = builder.add_line(None, line);
        }
        let paths = index.entries().iter().map(|entry| {
            let path = String::from_utf8_lossy(entry.path(&index)).into_owned();
            (path, is_out(entry))
        });
        Ok(Some(Sparse {
            index: paths.collect(),
            patterns: builder.build().unwrap_or_else(|_| Gitignore::empty()),
        }))
    }

    /// Whether a file is left out; `path` is below the top, with `/`.
    pub fn leaves_out(&self, path: &str) -> bool {
        if let Some(is_out) = self.index.get(path) {
            return *is_out;
        }
        let is_listed = |(at, _): (usize, &str)| self.index.get(&path[..=at]) == Some(&true);
        if path.match_indices('/').any(is_listed) {
            return true;
        }
        !self.patterns.is_empty() && !self.is_wanted(path)
    }

    /// The last pattern that names the path decides; where none does, that of the folder.
    fn is_wanted(&self, path: &str) -> bool {
        let (mut path, mut is_folder) = (path, false);
        loop {
            match self.patterns.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
            let Some((folder, _)) = path.rsplit_once('/') else { return false };
            (path, is_folder) = (folder, true);
        }
    }
}
