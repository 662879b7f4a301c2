//! The file of a cache: a header, an index of marked entries, their bytes.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use rustc_hash::FxHashMap;

use crate::files;

/// How files are called while they are written.
pub const TEMPORARY: &str = ".writing-";
/// The first bytes of a pack; the digit is the version of its layout.
const MAGIC: &[u8; 16] = b"perfaudit-pack-2";
/// Magic, mark of the pack, count of entries.
const HEADER: usize = 16 + 32 + 8;
/// Key, length, mark, runs without use.
const RECORD: usize = 32 + 8 + 32 + 1;
/// An entry that this many written packs in a row did not use is dropped: a scan of one folder must not cost the next full scan its
/// cache, and files that are gone must not stay for ever.
const IDLE: u8 = 4;

/// Marks entries, so that only who knows a secret can make one, and only the build that made it takes it for one.
pub struct PackMark([u8; 32]);

impl PackMark {
    /// The marks of a secret and a build.
    pub fn new(secret: &[u8; 32], tool: &[u8; 32]) -> PackMark {
        PackMark(blake3::keyed_hash(secret, tool).into())
    }

    /// The mark of a pack: one of another build is known by it at once.
    fn of_pack(&self) -> blake3::Hash {
        blake3::keyed_hash(&self.0, MAGIC)
    }

    /// The mark of an entry.
    fn of(&self, key: &[u8; 32], bytes: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(key);
        hasher.update(bytes);
        hasher.finalize()
    }
}

/// A secret is not for logs.
impl std::fmt::Debug for PackMark {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Mark")
    }
}

#[derive(Clone, Debug)]
struct Place {
    range: Range<usize>,
    mark: [u8; 32],
    idle: u8,
}

/// Entries of bytes by key.
#[derive(Debug, Default)]
pub struct Pack {
    bytes: Vec<u8>,
    places: FxHashMap<[u8; 32], Place>,
}

impl Pack {
    /// Reads a pack; `None` for none, one that is not this user's, one of another build or secret, and one that is broken or over a
    /// size in bytes. The entries themselves are checked when they are asked for.
    pub fn read(file: &Path, mark: &PackMark, largest: u64) -> Option<Pack> {
        let bytes = files::read_own(file, largest)?;
        let places = index(&bytes, mark)?;
        Some(Pack { bytes, places })
    }

    /// The bytes of an entry, as they were written.
    pub fn get(&self, mark: &PackMark, key: &[u8; 32]) -> Option<&[u8]> {
        let place = self.places.get(key)?;
        let bytes = self.bytes.get(place.range.clone())?;
        (mark.of(key, bytes) == place.mark).then_some(bytes)
    }

    /// Writes a pack of some entries, each new bytes or those of this pack, and of what else this pack holds for a while longer.
    pub fn replace(self, file: &Path, mark: &PackMark, mut entries: Vec<([u8; 32], Option<Vec<u8>>)>) -> io::Result<()> {
        entries.sort_by_key(|(key, _)| *key);
        entries.dedup_by_key(|(key, _)| *key);
        let mut rest: Vec<([u8; 32], &Place)> = self.places.iter().map(|(key, place)| (*key, place)).collect();
        rest.retain(|(key, place)| place.idle < IDLE && entries.binary_search_by_key(key, |(key, _)| *key).is_err());
        rest.sort_by_key(|(key, _)| *key);
        let used = entries.iter().filter_map(|(key, fresh)| {
            let bytes = fresh.as_deref().or_else(|| self.get(mark, key))?;
            Some((*key, bytes, 0))
        });
        let idle = rest
            .into_iter()
            .filter_map(|(key, place)| Some((key, self.get(mark, &key)?, place.idle + 1)));
        let all: Vec<([u8; 32], &[u8], u8)> = used.chain(idle).collect();
        write(file, mark, &all)
    }
}

fn write(file: &Path, mark: &PackMark, entries: &[([u8; 32], &[u8], u8)]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let temporary = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    let mut out = io::BufWriter::with_capacity(1 << 20, temporary);
    out.write_all(MAGIC)?;
    out.write_all(mark.of_pack().as_bytes())?;
    out.write_all(&(entries.len() as u64).to_le_bytes())?;
    for (key, bytes, idle) in entries {
        out.write_all(key)?;
        out.write_all(&(bytes.len() as u64).to_le_bytes())?;
        out.write_all(mark.of(key, bytes).as_bytes())?;
        out.write_all(&[*idle])?;
    }
    for (_, bytes, _) in entries {
        out.write_all(bytes)?;
    }
    let temporary = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Where the entries of a pack are; `None` for one that another build wrote, or that is broken.
fn index(bytes: &[u8], mark: &PackMark) -> Option<FxHashMap<[u8; 32], Place>> {
    let mut input = bytes;
    if take::<16>(&mut input)? != *MAGIC || mark.of_pack() != take::<32>(&mut input)? {
        return None;
    }
    let count = usize::try_from(u64::from_le_bytes(take(&mut input)?)).ok()?;
    let mut start = HEADER.checked_add(count.checked_mul(RECORD)?)?;
    if start > bytes.len() {
        return None;
    }
    let mut places = FxHashMap::with_capacity_and_hasher(count, rustc_hash::FxBuildHasher);
    for _ in 0..count {
        let key = take(&mut input)?;
        let length = usize::try_from(u64::from_le_bytes(take(&mut input)?)).ok()?;
        let mark = take(&mut input)?;
        let [idle] = take(&mut input)?;
        let range = start..start.checked_add(length)?;
        start = range.end;
        places.insert(key, Place { range, mark, idle });
    }
    (start == bytes.len()).then_some(places)
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*head)
}
