//! Finds the repository of a folder and opens it so that it can only be read.
//!
//! A repository is somebody's input. None of its settings is obeyed but those that say how its objects are stored, and a file in it
//! that is no file (a pipe, a device, a link to elsewhere) ends the attempt before the library opens anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::sec::identity::is_path_owned_by_current_user;

use crate::error::Error;
use crate::files;

/// The largest small file of a repository, such as `.git` of a linked working tree or `commondir`, in bytes.
const LARGEST_POINTER: u64 = 64 << 10;
/// The largest text file of a repository, such as its configuration or a reference, in bytes.
const LARGEST_TEXT: u64 = 16 << 20;
/// The largest index, list of packed references or log of a reference, in bytes.
const LARGEST_LIST: u64 = 1 << 30;
/// No object may take more memory than this while it is unpacked, in bytes.
const LARGEST_OBJECT: u64 = 256 << 20;

/// A repository with a working tree.
#[derive(Clone)]
pub struct Repository {
    /// The folder of the working tree, absolute and without links.
    top: PathBuf,
    /// Where this working tree's own state is: its index, its `HEAD`.
    own: PathBuf,
    /// Where objects and references are; the same as `own` but in a linked working tree.
    common: PathBuf,
    store: Arc<gix::ThreadSafeRepository>,
}

impl Repository {
    /// The nearest repository at or above a folder; `None` where there is none.
    ///
    /// Only a folder with `.git` in it counts: a bare repository that lies in the tree is not taken for the tree's own. The
    /// environment (`GIT_DIR` and the like) and `core.worktree` decide nothing. Fails where the repository is another user's and
    /// `safe.directory` does not name it, and where it is stored in a way that is not read.
    pub fn around(folder: &Path) -> Result<Option<Repository>, Error> {
        let Ok(folder) = fs::canonicalize(folder) else { return Ok(None) };
        for top in folder.ancestors() {
            if let Some(found) = Repository::at(top)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The repository whose working tree is this folder; `None` where it is none. `top` is absolute and without links.
    pub fn at(top: &Path) -> Result<Option<Repository>, Error> {
        let Some(own) = own_folder(top)? else { return Ok(None) };
        let common = common_folder(&own)?;
        if !own.join("HEAD").exists() || !common.join("objects").is_dir() || !common.join("refs").is_dir() {
            return Ok(None);
        }
        check_owner(top, &own, &common)?;
        check_files(&own, &own, &common)?;
        if common != own {
            check_files(&common, &own, &common)?;
        }
        check_storage(&common)?;
        let overrides = [
            // What a reference to replace or a file of graphs says is not what the commit says.
            "core.useReplaceRefs=false".to_owned(),
            "core.commitGraph=false".to_owned(),
            format!("gitoxide.objects.allocLimit={LARGEST_OBJECT}"),
        ];
        let options = gix::open::Options::isolated()
            .open_path_as_is(true)
            .with(gix::sec::Trust::Full)
            .config_overrides(overrides);
        let store = options
            .open(own.clone())
            .map_err(|_| refused(&own, "cannot be read as a git repository").hint("`git fsck` says what is wrong"))?;
        Ok(Some(Repository {
            top: top.to_owned(),
            own,
            common,
            store: Arc::new(store),
        }))
    }

    /// The folder of the working tree, absolute and without links.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A file of this working tree's own state; `None` where there is none.
    pub(super) fn own_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        small_file(&self.own.join(name), LARGEST_TEXT)
    }

    /// `info/exclude`: what is ignored in this repository only; empty where there is none.
    pub fn exclude(&self) -> Result<Vec<u8>, Error> {
        small_file(&self.common.join("info").join("exclude"), LARGEST_TEXT).map(Option::unwrap_or_default)
    }

    /// Whether all of another repository lies in this one's folder of objects and references, as that of a submodule does.
    pub(super) fn holds(&self, other: &Repository) -> bool {
        [&other.own, &other.common]
            .iter()
            .all(|folder| folder.starts_with(&self.common) || folder.starts_with(&other.top))
    }

    /// What reads objects and references, for one thread.
    pub(super) fn reader(&self) -> gix::Repository {
        reader(&self.store)
    }

    /// What gives a reader to any thread.
    pub(super) fn shared(&self) -> Arc<gix::ThreadSafeRepository> {
        Arc::clone(&self.store)
    }

    /// The index; `None` where there is none.
    pub(super) fn index(&self) -> Result<Option<gix::index::File>, Error> {
        let file = self.own.join("index");
        if !file.exists() {
            return Ok(None);
        }
        let options = gix::index::decode::Options {
            thread_limit: Some(1),
            alloc_limit_bytes: usize::try_from(LARGEST_LIST).ok(),
            ..gix::index::decode::Options::default()
        };
        gix::index::File::at(&file, self.reader().object_hash(), false, options)
            .map(Some)
            .map_err(|_| refused(&file, "cannot be read as a git index").hint("`git status` says what is wrong"))
    }
}

/// What reads objects and references, for one thread.
pub(super) fn reader(store: &gix::ThreadSafeRepository) -> gix::Repository {
    let mut reader = store.to_thread_local();
    reader.objects.ignore_replacements = true;
    reader
}

fn refused(place: &Path, what: impl Into<String>) -> Error {
    Error::new(place.to_string_lossy(), what)
}

/// Where the state of a working tree is: its folder `.git`, or the folder that its file `.git` names.
fn own_folder(top: &Path) -> Result<Option<PathBuf>, Error> {
    let entry = top.join(".git");
    let Ok(metadata) = fs::metadata(&entry) else { return Ok(None) };
    if metadata.is_dir() {
        return Ok(fs::canonicalize(&entry).ok());
    }
    let wrong = || refused(&entry, "names no git repository").hint("`git worktree repair` mends a working tree that was moved");
    let bytes = small_file(&entry, LARGEST_POINTER)?.ok_or_else(wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let place = text.strip_prefix("gitdir:").ok_or_else(wrong)?.trim();
    let folder = fs::canonicalize(top.join(place)).map_err(|_| wrong())?;
    if folder.is_dir() { Ok(Some(folder)) } else { Err(wrong()) }
}

/// Where the objects are: a linked working tree's state says it in `commondir`.
fn common_folder(own: &Path) -> Result<PathBuf, Error> {
    let Some(bytes) = small_file(&own.join("commondir"), LARGEST_POINTER)? else {
        return Ok(own.to_owned());
    };
    let wrong = || refused(own, "names no git repository in `commondir`");
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    fs::canonicalize(own.join(text.trim())).map_err(|_| wrong())
}

/// The bytes of a file of a repository; `None` where there is none. Fails where it is no file or a large one.
fn small_file(file: &Path, largest: u64) -> Result<Option<Vec<u8>>, Error> {
    match files::read(file, largest) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(refusal) if refusal.is_missing() => Ok(None),
        Err(refusal) => Err(refusal.error(file.to_string_lossy(), "a part of a git repository")),
    }
}

/// Fails where a part of the repository is another user's, unless this user's or the system's git configuration calls it safe.
fn check_owner(top: &Path, own: &Path, common: &Path) -> Result<(), Error> {
    let entry = top.join(".git");
    let parts = [top, &entry, own, common];
    if parts.iter().all(|part| is_path_owned_by_current_user(part).unwrap_or(false)) || is_called_safe(top) {
        return Ok(());
    }
    Err(refused(top, "the git repository belongs to another user")
        .hint("if it is safe, say so: `git config --global --add safe.directory` with this folder"))
}

/// Whether `safe.directory` names a working tree. Files that a configuration includes are not read.
fn is_called_safe(top: &Path) -> bool {
    let home = dirs::home_dir();
    let mut files = vec![PathBuf::from("/etc/gitconfig")];
    files.extend(dirs::config_dir().map(|folder| folder.join("git").join("config")));
    files.extend(home.iter().map(|home| home.join(".gitconfig")));
    let mut is_safe = false;
    for file in files.into_iter().filter(|file| file.is_file()) {
        let Ok(config) = gix::config::File::from_path_no_includes(file, gix::config::Source::User) else {
            continue;
        };
        for value in config.strings("safe.directory").unwrap_or_default() {
            let value = value.to_string();
            // An empty value takes back what was said before it.
            is_safe = !value.is_empty() && (is_safe || names(&value, top, home.as_deref()));
        }
    }
    is_safe
}

/// Whether a value of `safe.directory` names a folder.
fn names(value: &str, top: &Path, home: Option<&Path>) -> bool {
    if value == "*" {
        return true;
    }
    let (value, is_prefix) = value.strip_suffix("/*").map_or((value, false), |folder| (folder, true));
    let place = match (value.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(value),
    };
    if !place.is_absolute() {
        return false;
    }
    let place = fs::canonicalize(&place).unwrap_or(place);
    if is_prefix { top.starts_with(&place) } else { top == place }
}

/// Fails where what the library opens is no file or folder, lies outside of the repository, or is larger than it can be.
fn check_files(folder: &Path, own: &Path, common: &Path) -> Result<(), Error> {
    const READ: [&str; 4] = ["refs", "logs", "objects", "info"];
    let is_read =
        |entry: &walkdir::DirEntry| entry.depth() != 1 || !entry.file_type().is_dir() || READ.iter().any(|name| entry.file_name() == *name);
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_entry(is_read);
    for entry in entries {
        let entry = entry.map_err(|_| refused(folder, "cannot be read"))?;
        let kind = entry.file_type();
        if kind.is_dir() {
            continue;
        }
        let path = entry.path();
        if kind.is_symlink() && !is_inside(path, own, common) {
            return Err(refused(path, "leads out of the git repository, which is not followed"));
        }
        if !kind.is_symlink() && !kind.is_file() {
            return Err(refused(path, "is no file, so the git repository is not read"));
        }
        // Objects are many; the library asks for their size itself.
        let is_object = path.strip_prefix(folder).is_ok_and(|path| path.starts_with("objects"));
        if !is_object && fs::metadata(path).is_ok_and(|metadata| metadata.len() > largest(path)) {
            return Err(refused(path, "too large for what it is, so the git repository is not read"));
        }
    }
    Ok(())
}

/// Whether a link leads to a file or folder of the repository, or to nothing.
fn is_inside(link: &Path, own: &Path, common: &Path) -> bool {
    let Ok(target) = fs::canonicalize(link) else { return true };
    (target.starts_with(own) || target.starts_with(common)) && (target.is_file() || target.is_dir())
}

fn largest(file: &Path) -> u64 {
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_list = name == "index" || name == "packed-refs" || name.starts_with("sharedindex.");
    let is_log = file.components().any(|part| part.as_os_str() == "logs");
    if is_list || is_log { LARGEST_LIST } else { LARGEST_TEXT }
}

/// Fails where objects or references are kept in a way that is not read.
fn check_storage(common: &Path) -> Result<(), Error> {
    if common.join("reftable").is_dir() {
        return Err(refused(common, "keeps its references as a reftable, which is not read").hint("`git refs migrate --ref-format=files`"));
    }
    let alternates = common.join("objects").join("info").join("alternates");
    let text = small_file(&alternates, LARGEST_TEXT)?.unwrap_or_default();
    let is_used = String::from_utf8_lossy(&text)
        .lines()
        .any(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if is_used {
        return Err(refused(&alternates, "takes objects from another repository, which is not read")
            .hint("make the clone whole with `git repack -a -d`, then delete this file"));
    }
    Ok(())
}
