//! Whether the tracked files of a folder are those of the commit.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::index::entry::{Flags, Mode, Stage, Stat};
use gix::index::{Entry, File};
use gix::objs::tree::EntryKind;

use super::repository::Repository;
use crate::error::Error;
use crate::files;

/// Whether tracked files below a folder differ from a commit: what is staged, then what is on disk.
///
/// A file on disk is unchanged where its size, times and inode are those that the index has of it, as in git. Where they differ, its
/// bytes as they are must be those of the commit: filters and line endings, which are programs and settings of the repository, are not
/// applied, so a file that was written anew and needs them counts as changed until git looks at it. Files that the sparse checkout
/// leaves out, and submodules, count as unchanged.
pub fn is_changed(repository: &Repository, reader: &gix::Repository, tree: ObjectId, folder: &Path) -> Result<bool, Error> {
    let Some(index) = repository.index()? else { return Ok(false) };
    let prefix = prefix_of(repository, folder);
    let entries = if prefix.is_empty() {
        index.entries()
    } else {
        index.prefixed_entries(prefix.as_bstr()).unwrap_or_default()
    };
    let mut staged = Staged {
        reader,
        index: &index,
        entries: entries.iter(),
    };
    if !staged.equals(tree, prefix.as_bstr()) {
        return Ok(true);
    }
    let disk = Disk::of(repository, reader, &index);
    Ok(entries.iter().any(|entry| disk.differs(entry)))
}

/// The path of a folder below the top, with `/` at its end; empty for the top.
fn prefix_of(repository: &Repository, folder: &Path) -> BString {
    let below = folder.strip_prefix(repository.top()).unwrap_or(Path::new(""));
    let mut prefix = BString::default();
    for part in below.components() {
        prefix.extend_from_slice(part.as_os_str().as_encoded_bytes());
        prefix.push(b'/');
    }
    prefix
}

/// The entries of the index, next to what a commit lists in the same order.
struct Staged<'a> {
    reader: &'a gix::Repository,
    index: &'a File,
    entries: std::slice::Iter<'a, Entry>,
}

impl Staged<'_> {
    /// Whether the index lists just what the tree does below a prefix.
    fn equals(&mut self, tree: ObjectId, prefix: &BStr) -> bool {
        let Some((tree, path)) = self.below(tree, prefix) else {
            return self.entries.next().is_none();
        };
        self.folder_equals(tree, path.as_bstr()) && self.entries.next().is_none()
    }

    /// The tree of the folder that a prefix names.
    fn below(&self, mut tree: ObjectId, prefix: &BStr) -> Option<(ObjectId, BString)> {
        for name in prefix.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            let found = self.reader.find_tree(tree).ok()?;
            let entry = found.iter().filter_map(Result::ok).find(|entry| entry.filename() == name)?;
            tree = entry.object_id();
        }
        Some((tree, prefix.to_owned()))
    }

    fn folder_equals(&mut self, tree: ObjectId, prefix: &BStr) -> bool {
        let Ok(found) = self.reader.find_tree(tree) else { return false };
        for entry in found.iter() {
            let Ok(entry) = entry else { return false };
            let mut path = prefix.to_owned();
            path.extend_from_slice(entry.filename());
            let is_same = if entry.mode().is_tree() {
                path.push(b'/');
                self.is_listed_whole(path.as_bstr(), entry.object_id()) || self.folder_equals(entry.object_id(), path.as_bstr())
            } else {
                self.next_is(path.as_bstr(), entry.mode().kind(), entry.object_id())
            };
            if !is_same {
                return false;
            }
        }
        true
    }

    /// Whether the next entry is the whole folder, which a sparse index lists as one.
    fn is_listed_whole(&mut self, path: &BStr, id: ObjectId) -> bool {
        let is_it = |entry: &&Entry| entry.mode.is_sparse() && entry.path(self.index) == path && entry.id == id;
        let is_next = self.entries.as_slice().first().as_ref().is_some_and(is_it);
        if is_next {
            self.entries.next();
        }
        is_next
    }

    fn next_is(&mut self, path: &BStr, kind: EntryKind, id: ObjectId) -> bool {
        let Some(entry) = self.entries.next() else { return false };
        let mode = match kind {
            EntryKind::Blob => Mode::FILE,
            EntryKind::BlobExecutable => Mode::FILE_EXECUTABLE,
            EntryKind::Link => Mode::SYMLINK,
            EntryKind::Commit => Mode::COMMIT,
            EntryKind::Tree => Mode::DIR,
        };
        let is_whole = entry.stage() == Stage::Unconflicted && !entry.flags.contains(Flags::INTENT_TO_ADD);
        is_whole && entry.mode == mode && entry.id == id && entry.path(self.index) == path
    }
}

/// The working tree, next to the index.
struct Disk<'a> {
    repository: &'a Repository,
    reader: &'a gix::Repository,
    index: &'a File,
    has_modes: bool,
    has_links: bool,
}

impl<'a> Disk<'a> {
    fn of(repository: &'a Repository, reader: &'a gix::Repository, index: &'a File) -> Disk<'a> {
        let config = reader.config_snapshot();
        Disk {
            repository,
            reader,
            index,
            has_modes: config.boolean("core.fileMode").unwrap_or(true),
            has_links: config.boolean("core.symlinks").unwrap_or(true),
        }
    }

    fn differs(&self, entry: &Entry) -> bool {
        let is_left_out = entry.flags.intersects(Flags::SKIP_WORKTREE | Flags::ASSUME_VALID);
        if is_left_out || entry.mode == Mode::COMMIT || entry.mode == Mode::DIR {
            return false;
        }
        let Ok(name) = gix::path::from_bstr(entry.path(self.index)) else {
            return true;
        };
        let file = self.repository.top().join(name);
        let Ok(metadata) = gix::index::fs::Metadata::from_path_no_follow(&file) else {
            return true;
        };
        if entry.mode.change_to_match_fs(&metadata, self.has_links, self.has_modes).is_some() {
            return true;
        }
        let options = gix::index::entry::stat::Options::default();
        let is_as_noted = Stat::from_fs(&metadata).is_ok_and(|stat| stat.matches(&entry.stat, options));
        // What git calls racy: a file changed in the same clock tick as the index was written has the recorded time and size although its
        // content differs, so it is hashed.
        if is_as_noted && !entry.stat.is_racy(self.index.timestamp(), options) {
            return false;
        }
        self.id_of(&file, &metadata, entry) != Some(entry.id)
    }

    /// The id of the object that a file's bytes make.
    fn id_of(&self, file: &Path, metadata: &gix::index::fs::Metadata, entry: &Entry) -> Option<ObjectId> {
        let (hash, blob) = (entry.id.kind(), gix::objs::Kind::Blob);
        if metadata.is_symlink() {
            let target = fs::read_link(file).ok()?;
            return gix::objs::compute_hash(hash, blob, target.as_os_str().as_encoded_bytes()).ok();
        }
        // Bytes of another number make another object; the clone may lack it, then only its id is known.
        let header = self.reader.try_find_header(entry.id).ok().flatten();
        if !metadata.is_file() || header.is_some_and(|header| header.size() != metadata.len()) {
            return None;
        }
        id_of_file(file, metadata.len(), hash)
    }
}

/// The files of a working tree, next to the index and the commit that it is at.
pub struct Worktree {
    repository: Repository,
    index: Option<File>,
    tree: Option<ObjectId>,
}

impl Worktree {
    /// The working tree around a folder; `None` outside of a repository.
    pub fn around(folder: &Path) -> Result<Option<Worktree>, Error> {
        let Some(repository) = Repository::around(folder)? else {
            return Ok(None);
        };
        let tree = repository
            .reader()
            .head_commit()
            .ok()
            .and_then(|commit| commit.tree_id().ok())
            .map(gix::Id::detach);
        Ok(Some(Worktree {
            index: repository.index()?,
            tree,
            repository,
        }))
    }

    /// Whether the commit lacks what a file holds: it is not tracked, or differs from what is staged, or that from the commit. `file` is
    /// absolute and without links.
    pub fn is_changed(&self, file: &Path) -> bool {
        let (Some(index), Some(tree)) = (&self.index, self.tree) else {
            return true;
        };
        let Ok(below) = file.strip_prefix(self.repository.top()) else {
            return true;
        };
        let mut path = prefix_of(&self.repository, self.repository.top().join(below).as_path());
        path.pop();
        let Some(entry) = index.entry_by_path(path.as_bstr()) else {
            return true;
        };
        let reader = self.repository.reader();
        committed(&reader, tree, path.as_bstr()) != Some(entry.id) || Disk::of(&self.repository, &reader, index).differs(entry)
    }
}

/// The object that a commit's tree has of a path.
fn committed(reader: &gix::Repository, mut id: ObjectId, path: &BStr) -> Option<ObjectId> {
    for name in path.split(|&byte| byte == b'/') {
        let tree = reader.find_tree(id).ok()?;
        let entry = tree.iter().filter_map(Result::ok).find(|entry| entry.filename() == name)?;
        id = entry.object_id();
    }
    Some(id)
}

/// The id of the object that the bytes of a regular file of a size make; `None` where it is none, or has another size.
pub fn id_of_file(file: &Path, size: u64, hash: gix::hash::Kind) -> Option<ObjectId> {
    let (mut open, metadata) = files::open(file).ok()?;
    if metadata.len() != size {
        return None;
    }
    let mut progress = gix::progress::Discard;
    gix::objs::compute_stream_hash(hash, gix::objs::Kind::Blob, &mut open, size, &mut progress, &AtomicBool::new(false)).ok()
}
