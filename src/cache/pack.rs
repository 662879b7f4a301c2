//! The file of a cache: a header, an index of checked entries, their bytes.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

/// How files are called while they are written.
pub const TEMPORARY: &str = ".writing-";
/// The first bytes of a pack; the digit is the version of its layout.
const MAGIC: &[u8; 16] = b"perfaudit-pack-1";
/// Magic, tool, count of entries.
const HEADER: usize = 16 + 16 + 8;
/// Key, length, checksum, runs without use.
const RECORD: usize = 16 + 8 + 8 + 1;
/// An entry that this many written packs in a row did not use is dropped: a scan of one folder must not cost the next full scan its
/// cache, and files that are gone must not stay for ever.
const IDLE: u8 = 4;

#[derive(Clone, Debug)]
struct Place {
    range: Range<usize>,
    check: u64,
    idle: u8,
}

/// Entries of bytes by key.
#[derive(Debug, Default)]
pub struct Pack {
    bytes: Vec<u8>,
    places: FxHashMap<u128, Place>,
}

impl Pack {
    /// Reads a pack; `None` for none, one of another build, and one that is broken or over a size in bytes.
    pub fn read(file: &Path, tool: u128, largest: u64) -> Option<Pack> {
        if std::fs::metadata(file).ok()?.len() > largest {
            return None;
        }
        let bytes = std::fs::read(file).ok()?;
        let places = index(&bytes, tool)?;
        Some(Pack { bytes, places })
    }

    /// The bytes of an entry, as they were written.
    pub fn get(&self, key: u128) -> Option<&[u8]> {
        let place = self.places.get(&key)?;
        let bytes = self.bytes.get(place.range.clone())?;
        (xxh3_64(bytes) == place.check).then_some(bytes)
    }

    /// Writes a pack of some entries, each new bytes or those of this pack, and of what else this pack holds for a while longer.
    pub fn replace(self, file: &Path, tool: u128, mut entries: Vec<(u128, Option<Vec<u8>>)>) -> io::Result<()> {
        entries.sort_by_key(|(key, _)| *key);
        entries.dedup_by_key(|(key, _)| *key);
        let mut rest: Vec<(u128, &Place)> = self.places.iter().map(|(key, place)| (*key, place)).collect();
        rest.retain(|(key, place)| place.idle < IDLE && entries.binary_search_by_key(key, |(key, _)| *key).is_err());
        rest.sort_by_key(|(key, _)| *key);
        let used = entries.iter().filter_map(|(key, fresh)| {
            let bytes = fresh.as_deref().or_else(|| self.get(*key))?;
            Some((*key, bytes, 0))
        });
        let idle = rest
            .into_iter()
            .filter_map(|(key, place)| Some((key, self.get(key)?, place.idle + 1)));
        let all: Vec<(u128, &[u8], u8)> = used.chain(idle).collect();
        write(file, tool, &all)
    }
}

fn write(file: &Path, tool: u128, entries: &[(u128, &[u8], u8)]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let temporary = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    let mut out = io::BufWriter::with_capacity(1 << 20, temporary);
    out.write_all(MAGIC)?;
    out.write_all(&tool.to_le_bytes())?;
    out.write_all(&(entries.len() as u64).to_le_bytes())?;
    for (key, bytes, idle) in entries {
        out.write_all(&key.to_le_bytes())?;
        out.write_all(&(bytes.len() as u64).to_le_bytes())?;
        out.write_all(&xxh3_64(bytes).to_le_bytes())?;
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
fn index(bytes: &[u8], tool: u128) -> Option<FxHashMap<u128, Place>> {
    let mut input = bytes;
    if take::<16>(&mut input)? != *MAGIC || u128::from_le_bytes(take(&mut input)?) != tool {
        return None;
    }
    let count = usize::try_from(u64::from_le_bytes(take(&mut input)?)).ok()?;
    let mut start = HEADER.checked_add(count.checked_mul(RECORD)?)?;
    if start > bytes.len() {
        return None;
    }
    let mut places = FxHashMap::with_capacity_and_hasher(count, rustc_hash::FxBuildHasher);
    for _ in 0..count {
        let key = u128::from_le_bytes(take(&mut input)?);
        let length = usize::try_from(u64::from_le_bytes(take(&mut input)?)).ok()?;
        let check = u64::from_le_bytes(take(&mut input)?);
        let [idle] = take(&mut input)?;
        let range = start..start.checked_add(length)?;
        start = range.end;
        places.insert(key, Place { range, check, idle });
    }
    (start == bytes.len()).then_some(places)
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*head)
}
