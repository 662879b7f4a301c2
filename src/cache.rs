//! Facts of files kept between runs, by content: never findings, which depend on other files.
//!
//! One pack a checkout, in the platform's cache folder. A pack is read whole and replaced whole by a rename, so that two runs at
//! once, or one that is interrupted, leave a pack that is complete. A cache that cannot be read or written costs time, never a result.
//!
//! What is promised: an entry is used only for the same path and the same bytes (BLAKE3, so that nobody can make another file of the same
//! key), only by the build of the tool that wrote it (by content: its sources, its dependencies and its size), and only where it
//! carries the mark of a secret that is made at random in the user's own folder. The folder, the secret and the packs must be this
//! user's and writable by nobody else, and the folder must not lie in the scanned tree, whose author could put all three there. Who
//! can write this user's files can forge a pack, and could as well replace the tool.

mod pack;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::coverage::Reason;
use crate::files::{self, Tree};
use crate::syntax::facts::FileFacts;
use crate::walk::FileKind;
use pack::{Pack, PackMark};

/// Names the folder of the packs, where the platform's is not wanted.
const FOLDER: &str = "PERFAUDIT_CACHE_DIR";
/// All packs together; the ones that were not written for longest go first.
const LARGEST: u64 = 1 << 30;
/// A file that is being written for longer than this was left by a run that was interrupted.
const ABANDONED: Duration = Duration::from_secs(3600);
/// How packs are called.
const EXTENSION: &str = "facts";
/// How the secret is called.
const SECRET: &str = "secret";

/// What reading one file gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Seen {
    /// It was read, with what else coverage counts of it.
    Facts {
        /// What the file says, as it is linked.
        facts: Box<FileFacts>,
        /// Lines of text.
        lines: usize,
        /// Whether bytes that are not UTF-8 were replaced.
        lossy: bool,
    },
    /// Nothing, for what it holds.
    Skipped(Reason),
}

/// Identifies what was read: path, kind and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key under which facts of a file are kept: a hash of its path, its kind and its bytes.
    pub fn of(path: &str, kind: FileKind, bytes: &[u8]) -> CacheKey {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{kind:?}\0{}\0{path}", path.len()).as_bytes());
        hasher.update(bytes);
        CacheKey(hasher.finalize().into())
    }
}

/// An entry to keep: one of the pack, or a new one.
#[derive(Debug)]
pub struct CacheEntry {
    key: CacheKey,
    fresh: Option<Vec<u8>>,
}

/// The cache of one checkout.
#[derive(Debug)]
pub struct Cache {
    file: PathBuf,
    mark: PackMark,
    pack: Pack,
}

impl Cache {
    /// The cache of a root folder; `None` where the platform has no place for one, or only one that is not this user's alone.
    pub fn open(root: &Path) -> Option<Cache> {
        let tree = Tree::of(root).ok()?;
        let folder = folder()?;
        // Also before it is made: nothing is written into what is scanned.
        if tree.names(&folder) {
            return None;
        }
        Cache::open_in(&folder, tree.root())
    }

    fn open_in(folder: &Path, root: &Path) -> Option<Cache> {
        if !files::own_folder(folder) || std::fs::canonicalize(folder).ok()?.starts_with(root) {
            return None;
        }
        let mark = PackMark::new(&secret(folder)?, &tool());
        let name = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
        let file = folder.join(format!("{}.{EXTENSION}", &name[..32]));
        let pack = Pack::read(&file, &mark, LARGEST).unwrap_or_default();
        Some(Cache { file, mark, pack })
    }

    /// What an earlier run saw in a file.
    pub fn get(&self, key: CacheKey) -> Option<(Seen, CacheEntry)> {
        let seen = postcard::from_bytes(self.pack.get(&self.mark, &key.0)?).ok()?;
        Some((seen, CacheEntry { key, fresh: None }))
    }

    /// What is to be kept of a file that was just read.
    pub fn keep(&self, key: CacheKey, seen: &Seen) -> Option<CacheEntry> {
        let fresh = Some(postcard::to_stdvec(seen).ok()?);
        Some(CacheEntry { key, fresh })
    }

    /// Replaces the pack, if a file was read anew.
    pub fn store(self, kept: Vec<CacheEntry>) {
        if kept.iter().all(|entry| entry.fresh.is_none()) {
            return;
        }
        let entries = kept.into_iter().map(|entry| (entry.key.0, entry.fresh)).collect();
        // Whatever goes wrong, the next run reads the files again.
        let _ = self.pack.replace(&self.file, &self.mark, entries);
        if let Some(folder) = self.file.parent() {
            tidy(folder, LARGEST);
        }
    }
}

/// Where packs are.
fn folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER) {
        Some(folder) if !folder.is_empty() => Some(PathBuf::from(folder)),
        _ => Some(dirs::cache_dir()?.join("perfaudit")),
    }
}

/// The build of the tool: another one may read the same bytes differently. Its sources are named when it is built (`build.rs`); its size
/// tells apart what the same sources gave with other versions of what they use.
fn tool() -> [u8; 32] {
    let size = std::env::current_exe()
        .and_then(|file| file.metadata())
        .map_or(0, |metadata| metadata.len());
    let text = format!("{}\0{size}", env!("PERFAUDIT_BUILD"));
    blake3::hash(text.as_bytes()).into()
}

/// The user's secret, which is made where there is none.
fn secret(folder: &Path) -> Option<[u8; 32]> {
    let file = folder.join(SECRET);
    let read = || files::read_own(&file, 32)?.try_into().ok();
    if let Some(known) = read() {
        return Some(known);
    }
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).ok()?;
    let mut new = tempfile::Builder::new().prefix(pack::TEMPORARY).tempfile_in(folder).ok()?;
    new.write_all(&fresh).ok()?;
    // Another run may have been faster: then its secret holds.
    let _ = new.persist_noclobber(&file);
    read()
}

/// Removes what interrupted runs left, and the oldest packs beyond a total size.
fn tidy(folder: &Path, largest: u64) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    let mut packs = Vec::new();
    for entry in files.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|time| time.elapsed().ok()).unwrap_or_default();
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            packs.push((age, metadata.len(), path));
        } else if metadata.is_file() && age > ABANDONED && entry.file_name().to_string_lossy().starts_with(pack::TEMPORARY) {
            let _ = std::fs::remove_file(path);
        }
    }
    packs.sort();
    let mut total = 0u64;
    for (_, size, path) in packs {
        total = total.saturating_add(size);
        if total > largest {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
