//! Files and folders that settings name: on disk, or as a revision held them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Refusal, Tree, shown, text};
use crate::error::Error;

/// A file or folder that a setting names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// As it is now.
    Disk(PathBuf),
    /// As it was at a revision, whatever is on disk.
    Past(Arc<HeldFiles>),
}

/// What a file or folder held at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFiles {
    /// Where it would be on disk.
    pub path: PathBuf,
    /// What it is called in errors: `main:ci/rules`.
    pub shown: String,
    /// Bytes by path below the folder, with `/`; a file by itself has the empty path.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl From<PathBuf> for Named {
    fn from(path: PathBuf) -> Named {
        Named::Disk(path)
    }
}

impl Named {
    /// Where it is on disk, or would be.
    pub fn path(&self) -> &Path {
        match self {
            Named::Disk(path) => path,
            Named::Past(held) => &held.path,
        }
    }

    /// The same name, as it is on disk.
    #[must_use]
    pub fn on_disk(&self) -> Named {
        Named::Disk(self.path().to_owned())
    }

    /// How people are told of it.
    pub fn shown(&self) -> String {
        match self {
            Named::Disk(path) => shown(path),
            Named::Past(held) => held.shown.clone(),
        }
    }

    /// The bytes of a file of at most `largest` bytes.
    pub fn read(&self, largest: u64) -> Result<Vec<u8>, Refusal> {
        match self {
            Named::Disk(path) => super::read(path, largest),
            Named::Past(held) => held.read("", largest),
        }
    }

    /// The folder; `hint` says what to name instead where there is none.
    pub fn folder(&self, hint: &str) -> Result<NamedFolder<'_>, Error> {
        let missing = || Error::new(self.shown(), "no such folder").hint(hint);
        match self {
            Named::Disk(path) if !path.is_dir() => Err(missing()),
            Named::Disk(path) => {
                // What is a link to somewhere else is not in this folder.
                let tree = Tree::of(path).map_err(|error| Error::new(shown(path), format!("cannot be read: {error}")))?;
                Ok(NamedFolder::Disk(path, tree))
            }
            Named::Past(held) if held.files.contains_key("") => Err(missing()),
            Named::Past(held) => Ok(NamedFolder::Past(held)),
        }
    }
}

impl HeldFiles {
    fn read(&self, name: &str, largest: u64) -> Result<Vec<u8>, Refusal> {
        match self.files.get(name) {
            None => Err(Refusal::System(std::io::ErrorKind::NotFound.into())),
            Some(bytes) if bytes.len() as u64 > largest => Err(Refusal::TooLarge),
            Some(bytes) => Ok(bytes.clone()),
        }
    }
}

/// A folder that a setting names, which is there.
pub enum NamedFolder<'n> {
    /// As it is now; nothing is read that leads out of it.
    Disk(&'n Path, Tree),
    /// As it was at a revision.
    Past(&'n HeldFiles),
}

impl NamedFolder<'_> {
    /// What a file of the folder is called in errors.
    pub fn place(&self, name: &str) -> String {
        match self {
            NamedFolder::Disk(path, _) => shown(&path.join(name)),
            NamedFolder::Past(held) => format!("{}/{name}", held.shown),
        }
    }

    /// The files with an extension right in a folder below this one (the empty name is this one), by path below this one, sorted.
    /// `what` is what such a file is wanted for.
    pub fn names(&self, below: &str, extension: &str, what: &str) -> Result<Vec<String>, Error> {
        let (tree, path) = match self {
            NamedFolder::Disk(path, tree) => (tree, path),
            NamedFolder::Past(held) => return Ok(held.names(below, extension)),
        };
        let place = shown(&path.join(below));
        // Not even names are read of a folder that lies elsewhere.
        let inside = tree.resolve(Path::new(below)).map_err(|refusal| refusal.error(&place, what))?;
        let inside = tree.root().join(inside);
        if !inside.exists() {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        for entry in walkdir::WalkDir::new(&inside).min_depth(1).max_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|error| Error::new(&place, format!("cannot be read: {error}")))?;
            let is_file = !entry.file_type().is_dir() && has_extension(entry.path(), extension);
            if let Some(file) = entry.file_name().to_str().filter(|_| is_file) {
                out.push(joined(below, file));
            }
        }
        Ok(out)
    }

    /// The text of a file of at most `largest` bytes; `what` is what it is wanted for.
    pub fn text(&self, name: &str, largest: u64, what: &str) -> Result<String, Error> {
        let place = self.place(name);
        let bytes = match self {
            NamedFolder::Disk(_, tree) => tree.read(Path::new(name), largest),
            NamedFolder::Past(held) => held.read(name, largest),
        };
        text(Path::new(&place), bytes.map_err(|refusal| refusal.error(&place, what))?)
    }
}

impl HeldFiles {
    fn names(&self, below: &str, extension: &str) -> Vec<String> {
        let is_wanted = |name: &&String| {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            folder == below && has_extension(Path::new(name), extension)
        };
        self.files.keys().filter(is_wanted).cloned().collect()
    }
}

/// Whether a name ends in an extension, in just this spelling.
pub fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
