//! Reads and writes the files of a tree that is mended: regular files inside of it, by names without links.

use std::io;
use std::path::{Path, PathBuf};

use crate::budget::Limit;
use crate::error::Error;
use crate::files::{self, Tree};

/// A byte order mark, which stays where it was.
const MARK: char = '\u{feff}';

/// The text of a file, as it is edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The text, without a byte order mark.
    pub text: String,
    /// Whether the file begins with one.
    pub has_mark: bool,
}

impl Source {
    /// The bytes of a file with another text.
    pub fn with(&self, text: &str) -> String {
        if self.has_mark { format!("{MARK}{text}") } else { text.to_owned() }
    }
}

/// A file's change from one text to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Path relative to the root.
    pub path: String,
    /// What it held; `None` for a file that is made.
    pub old: Option<Source>,
    /// The text that it is to hold.
    pub new: String,
}

/// The tree.
#[derive(Clone, Debug)]
pub struct Disk {
    tree: Tree,
}

impl Disk {
    /// The tree of a folder.
    pub fn of(root: &Path) -> io::Result<Disk> {
        Tree::of(root).map(|tree| Disk { tree })
    }

    /// Where a path of the tree is; fails where a link is on the way to it, also to a folder that is not there yet.
    fn place(&self, path: &str) -> Result<PathBuf, String> {
        let inside = self
            .tree
            .resolve(Path::new(path))
            .map_err(|_| "it leads out of the project".to_owned())?;
        if inside != Path::new(path) {
            return Err("a symbolic link is on the way to it".to_owned());
        }
        Ok(self.tree.root().join(inside))
    }

    /// Whether something of that name is there.
    pub fn has(&self, path: &str) -> bool {
        std::fs::symlink_metadata(self.tree.root().join(path)).is_ok()
    }

    /// The names in a folder of the tree, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = self.place(folder).ok().and_then(|place| std::fs::read_dir(place).ok());
        let names = entries.into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// The text of a file; fails with the reason to leave it alone.
    pub fn read(&self, path: &str) -> Result<Source, String> {
        let place = self.place(path)?;
        let bytes = files::read_found(&place, Limit::DataSize.most()).map_err(|_| "it is no regular file that can be read".to_owned())?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        Ok(match text.strip_prefix(MARK) {
            Some(rest) => Source {
                text: rest.to_owned(),
                has_mark: true,
            },
            None => Source { text, has_mark: false },
        })
    }

    /// Whether a file may be changed or made, else why not.
    pub fn may_change(&self, path: &str) -> Result<(), String> {
        let place = self.place(path)?;
        match std::fs::symlink_metadata(&place) {
            Ok(metadata) if !metadata.is_file() => Err("it is no regular file".to_owned()),
            Ok(metadata) if metadata.permissions().readonly() => Err("it is read-only".to_owned()),
            _ => Ok(()),
        }
    }

    /// Writes changes: all, or where one cannot be written, none. Gives the folders that were made.
    pub fn write(&self, changes: &[Change]) -> Result<Vec<PathBuf>, Error> {
        let mut folders = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            if let Err(error) = self.write_one(change, &mut folders) {
                self.undo(changes.get(..at).unwrap_or_default(), &folders);
                return Err(error);
            }
        }
        Ok(folders)
    }

    fn write_one(&self, change: &Change, folders: &mut Vec<PathBuf>) -> Result<(), Error> {
        let fail = |why: String| Error::new(change.path.clone(), format!("cannot be written: {why}"));
        self.may_change(&change.path).map_err(fail)?;
        let place = self.place(&change.path).map_err(fail)?;
        let Some(old) = &change.old else {
            make_folder(place.parent().unwrap_or(&place), folders).map_err(|error| fail(error.to_string()))?;
            if files::create(&place, &change.new)? {
                return Ok(());
            }
            return Err(fail("something of that name is there".to_owned()));
        };
        if self.read(&change.path).as_ref() != Ok(old) {
            return Err(fail("it was changed since it was read".to_owned()));
        }
        files::write(&place, &old.with(&change.new))
    }

    /// Takes changes back, as far as nobody changed the files since.
    pub fn undo(&self, changes: &[Change], folders: &[PathBuf]) {
        for change in changes.iter().rev() {
            let Ok(place) = self.place(&change.path) else { continue };
            if self.read(&change.path).is_ok_and(|now| now.text != change.new) {
                continue;
            }
            // What cannot be written any more stays as it is: the report says that it is there.
            let _ = match &change.old {
                Some(old) => files::write(&place, &old.with(&old.text)).is_ok(),
                None => std::fs::remove_file(&place).is_ok(),
            };
        }
        for folder in folders.iter().rev() {
            // One that somebody else put something into stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Makes a folder and those above it, and notes which.
fn make_folder(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
    for above in missing.into_iter().rev() {
        std::fs::create_dir(above)?;
        made.push(above.to_owned());
    }
    Ok(())
}
