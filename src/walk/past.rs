//! Finds the files to read among those of an earlier revision, by the decisions that are made on disk.

use std::path::{Path, PathBuf};

use ignore::overrides::Override;

use super::descent::{ALL_IGNORES, lines, refused};
use super::{
    Fate, FileKind, Folders, IgnoreTexts, Ignores, asked_for_tests, excluded, fate, is_hidden_name, is_unasked_test, is_vendored, relative,
};
use crate::budget::Limit;
use crate::config::Config;
use crate::error::Error;
use crate::git::{Blob, Folder, FolderEntry, NodeKind, Past};

/// A file of an earlier revision to read.
pub struct PastFile {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// Its kind by name: Python, SQL, settings, …
    pub kind: FileKind,
    /// Its bytes.
    pub blob: Blob,
}

/// Finds the files that stood at or below paths at a revision, by path. `starts` are absolute, without links, in the working tree of
/// the repository. Nothing is found where nothing stood yet.
pub fn walk_past(config: &Config, past: &mut Past, starts: &[PathBuf]) -> Result<Vec<PastFile>, Error> {
    let root = std::fs::canonicalize(&config.root).unwrap_or_else(|_| config.root.clone());
    let mut walk = Walk {
        excluded: excluded(&root, &config.exclude)?,
        top: past.repository().top().to_owned(),
        root,
        past,
        files: Vec::new(),
        left: ALL_IGNORES,
    };
    for start in starts {
        walk.left = ALL_IGNORES;
        walk.start(start)?;
    }
    let mut files = walk.files;
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files.dedup_by(|left, right| left.path == right.path);
    past.check(files.iter().map(|file| (file.path.as_str(), &file.blob)))?;
    Ok(files)
}

struct Walk<'a> {
    past: &'a mut Past,
    root: PathBuf,
    top: PathBuf,
    excluded: Override,
    files: Vec<PastFile>,
    /// Bytes of ignore files that may still be read.
    left: usize,
}

impl Walk<'_> {
    fn start(&mut self, start: &Path) -> Result<(), Error> {
        let Ok(below) = start.strip_prefix(&self.top) else { return Ok(()) };
        let below = relative(Path::new(""), below);
        match self.past.find(&below)? {
            Some(NodeKind::File(blob)) => {
                let path = self.shown(&below);
                if let Some(kind) = FileKind::of(&path) {
                    self.files.push(PastFile { path, kind, blob });
                }
            }
            Some(NodeKind::Folder(folder)) => {
                // Those of another repository do not hold in its submodules.
                let above = if folder.is_top { Ignores::default() } else { self.above(&below)? };
                let nodes = self.past.list(&folder)?;
                self.enter(&folder, &nodes, &above, 0)?;
            }
            Some(NodeKind::Link) | None => {}
        }
        Ok(())
    }

    /// What the ignore files above a path leave out.
    fn above(&mut self, below: &str) -> Result<Ignores, Error> {
        let mut ignores = Ignores::default();
        let mut ends: Vec<usize> = below.match_indices('/').map(|(at, _)| at).collect();
        ends.splice(0..0, (!below.is_empty()).then_some(0));
        for end in ends {
            let Some(NodeKind::Folder(folder)) = self.past.find(&below[..end])? else {
                break;
            };
            let nodes = self.past.list(&folder)?;
            if folder.is_top {
                ignores = Ignores::default();
            }
            ignores = self.below(&ignores, &folder, &nodes)?;
        }
        Ok(ignores)
    }

    /// What the ignore files of a folder and of those above it leave out.
    fn below(&mut self, above: &Ignores, folder: &Folder, nodes: &[FolderEntry]) -> Result<Ignores, Error> {
        let (ignore, gitignore) = (self.text(nodes, ".ignore")?, self.text(nodes, ".gitignore")?);
        let exclude = if folder.is_top {
            let bytes = self.past.repository_of(folder).exclude()?;
            self.fitting(bytes)
        } else {
            String::new()
        };
        if refused(above, ignore.len() + gitignore.len() + exclude.len()).is_some() {
            return Ok(above.clone());
        }
        let texts = IgnoreTexts {
            ignore: &ignore,
            gitignore: &gitignore,
            exclude: &exclude,
        };
        Ok(above.below(Path::new(&folder.path), texts).unwrap_or_else(|| above.clone()))
    }

    /// The text of an ignore file; empty where there is none, or it is none that is read.
    fn text(&mut self, nodes: &[FolderEntry], name: &str) -> Result<String, Error> {
        let Some((node, blob)) = nodes.iter().find_map(|node| match &node.kind {
            NodeKind::File(blob) if name_of(node) == name => Some((node, blob)),
            _ => None,
        }) else {
            return Ok(String::new());
        };
        self.past.check(std::iter::once((node.path.as_str(), blob)))?;
        let bytes = blob.read(Limit::IgnoreSize.most()).unwrap_or_default();
        Ok(self.fitting(bytes))
    }

    /// The text of an ignore file, where there is still room for it.
    fn fitting(&mut self, bytes: Vec<u8>) -> String {
        if bytes.len() as u64 > Limit::IgnoreSize.most() || bytes.len() > self.left {
            return String::new();
        }
        self.left -= bytes.len();
        lines(bytes)
    }

    fn enter(&mut self, folder: &Folder, nodes: &[FolderEntry], above: &Ignores, depth: usize) -> Result<(), Error> {
        let ignores = self.below(above, folder, nodes)?;
        for node in nodes {
            let is_folder = matches!(node.kind, NodeKind::Folder(_));
            let place = self.top.join(&node.path);
            let is_left_out = is_hidden_name(name_of(node), is_folder)
                || self.excluded.matched(&place, is_folder).is_ignore()
                || ignores.is_ignored(Path::new(&node.path), is_folder);
            if is_left_out {
                continue;
            }
            match &node.kind {
                NodeKind::Folder(inner) => self.go_into(inner, &place, nodes, &ignores, depth + 1)?,
                NodeKind::File(blob) => self.add(&node.path, blob),
                NodeKind::Link => {}
            }
        }
        Ok(())
    }

    fn go_into(&mut self, inner: &Folder, place: &Path, siblings: &[FolderEntry], ignores: &Ignores, depth: usize) -> Result<(), Error> {
        let nodes = self.past.list(inner)?;
        let folders = Listed {
            folder: place,
            nodes: &nodes,
            siblings,
        };
        if is_vendored(place, depth, &folders) {
            return Ok(());
        }
        self.enter(inner, &nodes, ignores, depth)
    }

    fn add(&mut self, below: &str, blob: &Blob) {
        // Most files of a tree are of no kind that is read.
        if FileKind::of(below).is_none() {
            return;
        }
        let path = self.shown(below);
        if let Fate::Read(kind) = fate(&path) {
            let blob = blob.clone();
            self.files.push(PastFile { path, kind, blob });
        }
    }

    /// A path below the top as the report shows it: relative to the root.
    fn shown(&self, below: &str) -> String {
        relative(&self.root, &self.top.join(below))
    }
}

fn name_of(node: &FolderEntry) -> &str {
    node.path.rsplit('/').next().unwrap_or(&node.path)
}

/// A folder of the revision and the one that it is in.
struct Listed<'a> {
    folder: &'a Path,
    nodes: &'a [FolderEntry],
    siblings: &'a [FolderEntry],
}

impl Folders for Listed<'_> {
    fn has_file(&self, folder: &Path, name: &str) -> bool {
        let nodes = if folder == self.folder { self.nodes } else { self.siblings };
        nodes
            .iter()
            .any(|node| name_of(node) == name && matches!(node.kind, NodeKind::File(_)))
    }

    fn names(&self, _: &Path) -> Vec<String> {
        self.nodes.iter().map(|node| name_of(node).to_owned()).collect()
    }
}

/// Leaves out tests that neither the configuration nor a path asks for; whether one asks for any. `starts` are as in [`walk_past`].
pub fn without_tests(files: &mut Vec<PastFile>, config: &Config, starts: &[PathBuf]) -> bool {
    let root = std::fs::canonicalize(&config.root).unwrap_or_else(|_| config.root.clone());
    let asked = starts.iter().filter_map(|start| asked_for_tests(&root, start, &config.words));
    let asked: Vec<String> = asked.collect();
    if !config.include_tests {
        files.retain(|file| !is_unasked_test(&file.path, &asked, &config.words));
    }
    config.include_tests || !asked.is_empty()
}
