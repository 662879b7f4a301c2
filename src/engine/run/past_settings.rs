//! The settings of a run that compares with a revision: those of the revision, with what they name as it was there. A change must not
//! judge itself.

use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path};
use std::sync::Arc;

use super::apart;
use crate::config::{self, Config, PastSettings, Settings};
use crate::engine::pages;
use crate::error::Error;
use crate::files::{HeldFiles, Named, Tree, has_extension};
use crate::git::{self, Blob, NodeKind, Past};
use crate::ir::Language;
use crate::libraries::own;

/// All that is kept of what one setting names, in bytes.
const LARGEST_HELD: u64 = 64_000_000;

/// The settings of a run: see [`Config::load`]. Where the run compares with an earlier revision, the configuration is that of the
/// revision, and so are the rules, libraries and row counts that it names.
///
/// A `file` that the revision does not hold, or that lies in another repository, is the user's own and is taken as it is, and so is
/// what the command line names.
pub fn configure(root: &Path, file: Option<&Path>, flags: Settings) -> Result<Config, Error> {
    let now = Config::load(root, file, flags.clone())?;
    let Some(revision) = now.since.clone() else { return Ok(now) };
    let then = apart(&now, "--since", || past_config(root, file, flags, &revision))?;
    let Some((mut then, notes)) = then else { return Ok(now) };
    let mut changed = Vec::new();
    if then.on_disk() != now {
        changed.push(format!("The configuration differs from that of {revision}"));
    }
    for (key, named) in then.named() {
        if named.is_some_and(|named| differs(key, named)) {
            changed.push(format!("What `{key}` names differs from that of {revision}"));
        }
    }
    let used = "which is used for both sides: the change holds once it is in the revision";
    then.notes.extend(changed.into_iter().map(|what| format!("{what}, {used}")));
    then.notes.extend(notes);
    Ok(then)
}

/// The configuration that stood at a revision where one is now, with what is to be said of it; `None` where none of it can be known of
/// a repository.
fn past_config(root: &Path, file: Option<&Path>, flags: Settings, revision: &str) -> Result<Option<(Config, Vec<String>)>, Error> {
    let Some(repository) = git::Repository::around(root)? else {
        return Ok(None);
    };
    let (Some(place), Some(root_below)) = (below(&repository, file.unwrap_or(root)), below(&repository, root)) else {
        return Ok(None);
    };
    let (folder, name) = match (file, place.rsplit_once('/')) {
        (None, _) => (place.as_str(), None),
        (Some(_), Some((folder, name))) => (folder, Some(name)),
        (Some(_), None) => ("", Some(place.as_str())),
    };
    let mut past = PastTree {
        past: Past::open(repository, revision)?,
        revision,
        folder: folder.to_owned(),
        root,
        root_below,
        notes: Vec::new(),
    };
    if name.is_some() && past.past.find(&place)?.is_none() {
        return Ok(None);
    }
    let config = Config::load_from(root, name, flags, &mut past)
        .map_err(|error| error.or_hint("mend it there, or name one that is not in that revision with --config"))?;
    Ok(Some((config, past.notes)))
}

/// A path below the top of a repository, with `/`; links are resolved.
fn below(repository: &git::Repository, path: &Path) -> Option<String> {
    let path = std::fs::canonicalize(path).ok()?;
    let below = path.strip_prefix(repository.top()).ok()?;
    Some(below.to_string_lossy().replace(MAIN_SEPARATOR, "/"))
}

/// The settings that a revision holds.
struct PastTree<'a> {
    past: Past,
    revision: &'a str,
    /// The folder of the configuration, below the top.
    folder: String,
    root: &'a Path,
    root_below: String,
    /// What is to be said of what it names.
    notes: Vec<String>,
}

impl PastSettings for PastTree<'_> {
    fn shown(&self, name: &str) -> String {
        format!("{}:{}", self.revision, joined(&self.folder, name))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        self.past.text(&joined(&self.folder, name), config::LARGEST)
    }

    fn held(&mut self, key: &str, path: &Path) -> Result<Option<Named>, Error> {
        let inside = Tree::of(self.root).ok().and_then(|tree| tree.below(path));
        // What leads out is told about by who confines the settings.
        let Some(inside) = inside else { return Ok(None) };
        let inside = inside.to_string_lossy().replace(MAIN_SEPARATOR, "/");
        let place = joined(&self.root_below, &inside);
        let files = match self.past.find(&place)? {
            Some(NodeKind::File(blob)) => BTreeMap::from([(String::new(), self.bytes(&place, &blob)?)]),
            Some(NodeKind::Folder(_)) => self.files(key, &place)?,
            Some(NodeKind::Link) => return Err(self.linked(&place)),
            None => {
                let revision = self.revision;
                self.notes.push(format!(
                    "`{key}` names {inside}, which is not in {revision}: it is read as it is now, so a change of it judges itself"
                ));
                return Ok(None);
            }
        };
        Ok(Some(Named::Past(Arc::new(HeldFiles {
            path: self.root.join(&inside),
            shown: format!("{}:{place}", self.revision),
            files,
        }))))
    }
}

impl PastTree<'_> {
    /// The files of a folder that a key names, by path below it.
    fn files(&mut self, key: &str, place: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let (extension, folders) = parts(key);
        let mut files = BTreeMap::new();
        let mut size = 0;
        for folder in folders {
            let Some(NodeKind::Folder(found)) = self.past.find(&joined(place, folder))? else {
                continue;
            };
            for entry in self.past.list(&found)? {
                let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
                if !has_extension(Path::new(&name), extension) {
                    continue;
                }
                let bytes = match &entry.kind {
                    NodeKind::File(blob) => self.bytes(&entry.path, blob)?,
                    NodeKind::Link => return Err(self.linked(&entry.path)),
                    NodeKind::Folder(_) => continue,
                };
                size += bytes.len() as u64;
                if size > LARGEST_HELD {
                    return Err(Error::new(format!("{}:{place}", self.revision), "its files are too large together"));
                }
                files.insert(joined(folder, &name), bytes);
            }
        }
        Ok(files)
    }

    fn bytes(&self, place: &str, blob: &Blob) -> Result<Vec<u8>, Error> {
        self.past.check(std::iter::once((place, blob)))?;
        let read = blob.read(LARGEST_HELD);
        read.map_err(|reason| Error::new(format!("{}:{place}", self.revision), reason.text()))
    }

    fn linked(&self, place: &str) -> Error {
        let error = Error::new(format!("{}:{place}", self.revision), "is a symbolic link, which is not followed");
        error.hint("put what it leads to there")
    }
}

/// How the files end that are read of a folder that a key names, and the folders in it that hold them; the empty name is the folder
/// itself.
fn parts(key: &str) -> (&'static str, Vec<&'static str>) {
    if key == "rules-dir" {
        return (pages::EXTENSION, vec![""]);
    }
    let languages = Language::ALL.into_iter().map(Language::name);
    (own::EXTENSION, std::iter::once("").chain(languages).collect())
}

/// Whether what a key names is on disk another text than at the revision; what is read as it is on disk does not.
fn differs(key: &str, named: &Named) -> bool {
    let Named::Past(held) = named else { return false };
    if let Some(bytes) = held.files.get("") {
        return named.on_disk().read(LARGEST_HELD).ok().as_ref() != Some(bytes);
    }
    let on_disk = named.on_disk();
    let Ok(folder) = on_disk.folder("") else { return true };
    let (extension, folders) = parts(key);
    let mut count = 0;
    for below in folders {
        let Ok(names) = folder.names(below, extension, "") else {
            return true;
        };
        count += names.len();
        let is_same = |name: &String| folder.text(name, LARGEST_HELD, "").ok().map(String::into_bytes).as_ref() == held.files.get(name);
        if !names.iter().all(is_same) {
            return true;
        }
    }
    count != held.files.len()
}

fn joined(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", _) => name.to_owned(),
        (_, "") => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}
