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
pub struct SourceText {
    /// The text, without a byte order mark.
    pub text: String,
    /// Whether the file begins with one.
    pub has_mark: bool,
}

impl SourceText {
    /// The bytes of a file with another text.
    pub fn with(&self, text: &str) -> String {
        if self.has_mark { format!("{MARK}{text}") } else { text.to_owned() }
    }
}

/// A file's change from one text to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Path relative to the root.
    pub path: String,
    /// What it held; `None` for a file that is made.
    pub old: Option<SourceText>,
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
        let place = self.tree.root().join(path);
        // What is not there is where its name says, also below a link to a folder.
        let mut own = place.ancestors().take_while(|above| *above != self.tree.root());
        if inside != Path::new(path) || own.any(files::is_link) {
            return Err("a symbolic link is on the way to it".to_owned());
        }
        Ok(place)
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
    pub fn read(&self, path: &str) -> Result<SourceText, String> {
        let place = self.place(path)?;
        let bytes = files::read_found(&place, Limit::DataSize.most()).map_err(|_| "it is no regular file that can be read".to_owned())?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        Ok(match text.strip_prefix(MARK) {
            Some(rest) => SourceText {
                text: rest.to_owned(),
                has_mark: true,
            },
            None => SourceText { text, has_mark: false },
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
    pub fn write(&self, changes: &[FileChange]) -> Result<Vec<PathBuf>, Error> {
        let mut folders = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            if let Err(error) = self.write_one(change, &mut folders) {
                self.undo(changes.get(..at).unwrap_or_default(), &folders);
                return Err(error);
            }
        }
        Ok(folders)
    }

    fn write_one(&self, change: &FileChange, folders: &mut Vec<PathBuf>) -> Result<(), Error> {
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
    pub fn undo(&self, changes: &[FileChange], folders: &[PathBuf]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, old: Option<&str>, new: &str) -> FileChange {
        FileChange {
            path: path.to_owned(),
            old: old.map(|text| SourceText {
                text: text.to_owned(),
                has_mark: false,
            }),
            new: new.to_owned(),
        }
    }

    #[test]
    fn all_is_written_or_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::of(folder.path()).expect("a tree");
        std::fs::write(folder.path().join("a"), "one").expect("written");
        std::fs::write(folder.path().join("b"), "two").expect("written");
        let new = change("deep/er/c", None, "three");
        let changes = [change("a", Some("one"), "1"), new.clone(), change("b", Some("other"), "2")];
        let error = disk.write(&changes).expect_err("b was changed").to_string();
        assert!(error.contains("changed since it was read"), "{error}");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!((read("a").as_deref(), read("b").as_deref()), (Some("one"), Some("two")));
        assert!(!folder.path().join("deep").exists(), "the folders are gone, too");
        let folders = disk.write(&changes[..2]).expect("written");
        assert_eq!((read("a").as_deref(), read("deep/er/c").as_deref()), (Some("1"), Some("three")));
        disk.undo(&changes[..2], &folders);
        assert_eq!(read("a").as_deref(), Some("one"));
        assert!(!folder.path().join("deep").exists());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_made_behind_a_link() {
        let (folder, outside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        std::os::unix::fs::symlink(outside.path(), folder.path().join("steps")).expect("a link");
        let disk = Disk::of(folder.path()).expect("a tree");
        for path in ["steps/new", "steps/deep/new", "../new", ".git/new"] {
            assert!(disk.may_change(path).is_err(), "{path}");
            assert!(disk.write(&[change(path, None, "x")]).is_err(), "{path}");
        }
        assert_eq!(std::fs::read_dir(outside.path()).expect("a folder").count(), 0);
    }
}
