//! Facts of files kept between runs, by content: never findings, which depend on other files.
//!
//! One pack a checkout, in the platform's cache folder. A pack is read whole and replaced whole by a rename, so that two runs at
//! once, or one that is interrupted, leave a pack that is complete. A pack is used only by the build of the tool that wrote it, and
//! each entry is checked before it is decoded. A cache that cannot be read or written costs time, never a result.

mod pack;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::coverage::Reason;
use crate::libraries::facts::FileFacts;
use crate::walk::FileKind;
use pack::Pack;

/// Names the folder of the packs, where the platform's is not wanted.
const FOLDER: &str = "PERFAUDIT_CACHE_DIR";
/// All packs together; the ones that were not written for longest go first.
const LARGEST: u64 = 1 << 30;
/// A file that is being written for longer than this was left by a run that was interrupted.
const ABANDONED: Duration = Duration::from_secs(3600);
/// How packs are called.
const EXTENSION: &str = "facts";

/// What reading one file gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Seen {
    /// Its facts.
    Facts {
        /// The facts.
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
pub struct Key(u128);

impl Key {
    /// The key of a file.
    pub fn of(path: &str, kind: FileKind, bytes: &[u8]) -> Key {
        let mut hasher = Xxh3::new();
        hasher.update(format!("{kind:?}\0{path}\0").as_bytes());
        hasher.update(bytes);
        Key(hasher.digest128())
    }
}

/// An entry to keep: one of the pack, or a new one.
#[derive(Debug)]
pub struct Kept {
    key: Key,
    fresh: Option<Vec<u8>>,
}

/// The cache of one checkout.
#[derive(Debug)]
pub struct Cache {
    file: PathBuf,
    tool: u128,
    pack: Pack,
}

impl Cache {
    /// The cache of a root folder; `None` where the platform has no place for one.
    pub fn open(root: &Path) -> Option<Cache> {
        let root = std::fs::canonicalize(root).ok()?;
        Cache::open_in(&folder()?, &root)
    }

    fn open_in(folder: &Path, root: &Path) -> Option<Cache> {
        let tool = tool()?;
        let name = format!("{:032x}.{EXTENSION}", xxh3_128(root.as_os_str().as_encoded_bytes()));
        let file = folder.join(name);
        let pack = Pack::read(&file, tool, LARGEST).unwrap_or_default();
        Some(Cache { file, tool, pack })
    }

    /// What an earlier run saw in a file.
    pub fn get(&self, key: Key) -> Option<(Seen, Kept)> {
        let seen = postcard::from_bytes(self.pack.get(key.0)?).ok()?;
        Some((seen, Kept { key, fresh: None }))
    }

    /// What is to be kept of a file that was just read.
    pub fn keep(&self, key: Key, seen: &Seen) -> Option<Kept> {
        let fresh = Some(postcard::to_stdvec(seen).ok()?);
        Some(Kept { key, fresh })
    }

    /// Replaces the pack, if a file was read anew.
    pub fn store(self, kept: Vec<Kept>) {
        if kept.iter().all(|entry| entry.fresh.is_none()) {
            return;
        }
        let entries = kept.into_iter().map(|entry| (entry.key.0, entry.fresh)).collect();
        // Whatever goes wrong, the next run reads the files again.
        let _ = self.pack.replace(&self.file, self.tool, entries);
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

/// The build of the tool: another one may read the same bytes differently.
fn tool() -> Option<u128> {
    let executable = std::env::current_exe().ok()?.metadata().ok()?;
    let built = executable.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let text = format!("{} {} {}", env!("CARGO_PKG_VERSION"), executable.len(), built.as_nanos());
    Some(xxh3_128(text.as_bytes()))
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
