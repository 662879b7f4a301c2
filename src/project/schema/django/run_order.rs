//! The order in which Django's migrations run, and which of them do.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::libraries::shared::declared::Migration;
use crate::project::schema::{SchemaSource, order};

/// A migration's identity.
pub(super) struct MigrationId {
    /// The app's folder.
    pub(super) folder: String,
    pub(super) label: String,
    pub(super) name: String,
}

impl MigrationId {
    pub(super) fn new(file: &str, labels: &FxHashMap<String, String>) -> MigrationId {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let (package, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = folder.rsplit('/').next().unwrap_or(folder);
        MigrationId {
            folder: folder.to_owned(),
            label: labels.get(folder).cloned().unwrap_or_else(|| own.to_owned()),
            name: name.to_owned(),
        }
    }
}

/// The order in which migrations run.
pub(super) struct Order<'a> {
    migrations: Vec<Option<&'a Migration>>,
    pub(super) nodes: &'a [MigrationId],
    by_name: FxHashMap<(&'a str, &'a str), Vec<usize>>,
    by_label: FxHashMap<&'a str, Vec<usize>>,
    /// Positions by folder and then by name.
    sorted: Vec<usize>,
}

impl<'a> Order<'a> {
    pub(super) fn new(files: &'a [SchemaSource], nodes: &'a [MigrationId]) -> Self {
        let mut sorted: Vec<usize> = (0..nodes.len()).collect();
        sorted.sort_by_cached_key(|&at| (nodes[at].folder.clone(), order::key(&nodes[at].name)));
        let mut by_name: FxHashMap<_, Vec<usize>> = FxHashMap::default();
        let mut by_label: FxHashMap<_, Vec<usize>> = FxHashMap::default();
        for &at in &sorted {
            let node = &nodes[at];
            by_name.entry((node.label.as_str(), node.name.as_str())).or_default().push(at);
            by_label.entry(node.label.as_str()).or_default().push(at);
        }
        Order {
            migrations: files.iter().map(|source| source.migration.as_deref()).collect(),
            nodes,
            by_name,
            by_label,
            sorted,
        }
    }

    fn migration(&self, at: usize) -> Option<&'a Migration> {
        self.migrations.get(at).copied().flatten()
    }

    /// The migration of a label and name, as the one at `from` means it: the nearest of several projects' own.
    fn find(&self, from: usize, wanted: &(String, String)) -> Option<usize> {
        let (label, name) = (wanted.0.as_str(), wanted.1.as_str());
        let near = |found: &Vec<usize>| {
            let shared = |at: &usize| shared_folders(&self.nodes[*at].folder, &self.nodes[from].folder);
            found.iter().copied().max_by_key(shared)
        };
        match name {
            "__first__" => self.by_label.get(label)?.first().copied(),
            "__latest__" => self.by_label.get(label)?.last().copied(),
            _ => near(self.by_name.get(&(label, name))?),
        }
    }

    /// Squashed migrations whose parts are all still there do not run, nor do the parts where one is gone.
    fn left_out(&self) -> (FxHashSet<usize>, FxHashMap<usize, Vec<usize>>) {
        let mut out = FxHashSet::default();
        let mut instead: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for at in 0..self.nodes.len() {
            let replaces = self.migration(at).map_or(&[][..], |migration| &migration.replaces);
            if replaces.is_empty() {
                continue;
            }
            let parts: Vec<usize> = replaces.iter().filter_map(|part| self.find(at, part)).collect();
            if parts.len() == replaces.len() {
                out.insert(at);
                instead.insert(at, parts);
            } else {
                for &part in &parts {
                    out.insert(part);
                    instead.insert(part, vec![at]);
                }
            }
        }
        (out, instead)
    }

    /// Depth first along the dependencies; a cycle is cut where it closes.
    pub(super) fn run(&self) -> Vec<usize> {
        let (left_out, instead) = self.left_out();
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut seen = vec![false; self.nodes.len()];
        for &start in &self.sorted {
            // A migration and whether those before it are done.
            let mut stack = vec![(start, false)];
            while let Some((at, ready)) = stack.pop() {
                if ready {
                    if !left_out.contains(&at) {
                        order.push(at);
                    }
                    continue;
                }
                if std::mem::replace(&mut seen[at], true) {
                    continue;
                }
                stack.push((at, true));
                let dependencies = self.migration(at).map_or(&[][..], |migration| &migration.dependencies);
                for wanted in dependencies.iter().rev() {
                    stack.extend(self.find(at, wanted).map(|other| (other, false)));
                }
                if left_out.contains(&at) {
                    stack.extend(instead.get(&at).into_iter().flatten().rev().map(|&other| (other, false)));
                }
            }
        }
        order
    }
}

fn shared_folders(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}
