//! The full addresses of entry points: what is registered on a router, below the paths that the router is put under.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use super::eval::Code;
use super::graph::Graph;
use crate::ir::{ClassId, ExprKind};
use crate::libraries::entries::{Entry, EntryKind, Mount, Often, Router, join};
use crate::libraries::shared::value::FileId;
use crate::vocabulary::{Open, Vocabulary};

/// Routers in routers; real applications have four.
const MAX_LEVELS: usize = 12;
/// Methods of viewsets that are about one object, whose key is a part of their address.
const DETAIL: &[&str] = &[
    "retrieve",
    "update",
    "partial_update",
    "destroy",
    "perform_update",
    "perform_destroy",
    "get_object",
];

/// Gives each entry point its full address, and says which are for staff by where they are: in the words of the run. Its identity
/// stays what it is where it is registered.
pub fn apply(code: &Code, graph: &mut Graph, words: &Vocabulary) {
    let known = Mounts::new(code, &graph.mounts);
    let path = |file: FileId| code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
    for (entry, &registered) in graph.entries.iter_mut().zip(&graph.registered) {
        if let Some(label) = known.label(entry) {
            entry.label = label;
        }
        // A router below `/admin` is for staff, whatever its own routes are called.
        let places = [entry.label.as_str(), path(registered), path(entry.function.0)];
        if entry.often < Often::Seldom && entry.often != Often::Job && places.iter().any(|place| words.has(Open::StaffPlaces, place)) {
            entry.often = Often::Seldom;
        }
    }
}

struct Mounts<'m> {
    code: &'m Code,
    /// The first mount of each router: one that is put in several places goes by the first.
    by_router: FxHashMap<Router, &'m Mount>,
    /// The folders of applications with a prefix of their own.
    applications: FxHashMap<&'m str, String>,
    /// Python files by each ending of their path, once one is asked for: `urls`, `shop/urls`.
    modules: OnceCell<FxHashMap<&'m str, FileId>>,
}

impl<'m> Mounts<'m> {
    fn new(code: &'m Code, mounts: &'m [Mount]) -> Mounts<'m> {
        let mut known = Mounts {
            code,
            by_router: FxHashMap::default(),
            applications: FxHashMap::default(),
            modules: OnceCell::new(),
        };
        for mount in mounts {
            match &mount.what {
                Router::Application(file) => known.application(*file, mount),
                Router::Module(name) => {
                    if let Some(file) = known.urls(name) {
                        known.by_router.entry(Router::Urls(file)).or_insert(mount);
                    }
                }
                what => drop(known.by_router.entry(what.clone()).or_insert(mount)),
            }
        }
        known
    }

    /// Adds an application's prefix, or the version that comes after it.
    fn application(&mut self, file: FileId, mount: &'m Mount) {
        let folder = folder(self.path(file));
        let before = self.applications.remove(folder).unwrap_or_default();
        let prefix = match mount.under {
            Some(_) => join(&before, &mount.prefix),
            None if before.is_empty() => mount.prefix.clone(),
            None => join(&mount.prefix, &before),
        };
        self.applications.insert(folder, prefix);
    }

    fn path(&self, file: FileId) -> &'m str {
        self.code.files.get(file.index()).map_or("", |facts| facts.path.as_str())
    }

    /// The file of a module of addresses, by its dotted name: the one nearest to the root whose path ends so.
    fn urls(&self, name: &str) -> Option<FileId> {
        let modules = self.modules.get_or_init(|| modules(self.code));
        modules.get(name.replace('.', "/").as_str()).copied()
    }

    /// The mounts above a router, from the outermost to its own.
    fn above(&self, router: &Router) -> Vec<&'m Mount> {
        let mut out = Vec::new();
        let mut at = Some(router);
        while let Some(mount) = at.and_then(|router| self.by_router.get(router)) {
            // Routers in a circle have no address.
            if out.len() == MAX_LEVELS {
                return Vec::new();
            }
            out.push(*mount);
            at = mount.under.as_ref();
        }
        out.reverse();
        out
    }

    fn label(&self, entry: &Entry) -> Option<String> {
        let router = entry.router.as_ref()?;
        if let Router::Application(file) = router {
            let path = self.path(*file);
            let folders = path.rmatch_indices('/').map(|(at, _)| &path[..at]).chain([""]);
            let prefix = folders.into_iter().find_map(|folder| self.applications.get(folder))?;
            return under(prefix, &entry.label);
        }
        let above = self.above(router);
        let last = *above.last()?;
        if let Some(name) = entry.label.strip_prefix("tRPC ") {
            let (kind, name) = name.split_once(' ')?;
            let names = above.iter().map(|mount| mount.prefix.as_str()).filter(|name| !name.is_empty());
            let names: Vec<&str> = names.chain([name]).collect();
            return Some(format!("tRPC {kind} {}", names.join(".")));
        }
        let prefix = above.iter().fold(String::new(), |path, mount| {
            if mount.prefix.is_empty() {
                path
            } else {
                join(&path, &mount.prefix)
            }
        });
        if let Router::View(file, class) = router {
            return self.of_view(entry, (*file, *class), &prefix);
        }
        let (verb, path) = entry.label.split_once(' ')?;
        let own = path.strip_prefix(last.instead_of.as_str()).unwrap_or(path);
        under(&prefix, &format!("{verb} {own}"))
    }

    /// The address of a viewset's method: `GET /orders/`, `PUT /orders/{id}/`, `ANY /orders/{id}/cancel/`.
    fn of_view(&self, entry: &Entry, (file, class): (FileId, ClassId), prefix: &str) -> Option<String> {
        let module = self.code.module(file);
        let definition = module.function(entry.function.1);
        if entry.kind != EntryKind::Route || entry.function.0 != file || definition.class != Some(class) {
            return None;
        }
        let verb = entry.label.split(' ').next()?;
        let name = module.str(definition.name?);
        let base = match prefix.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        let action = definition.decorators.iter().find_map(|&decorator| {
            let call = module.call(decorator)?;
            (call.method() == Some("action")).then_some(call)
        });
        let Some(action) = action else {
            let id = if DETAIL.contains(&name) { "{id}/" } else { "" };
            return Some(format!("{verb} {base}/{id}"));
        };
        let is_detail = action
            .keyword("detail")
            .is_some_and(|detail| matches!(module.kind(detail), ExprKind::Bool(true)));
        let path = action.keyword("url_path").and_then(|path| module.string(path)).unwrap_or(name);
        Some(format!("{verb} {base}/{}{path}/", if is_detail { "{id}/" } else { "" }))
    }
}

/// A label with a path before its own.
fn under(prefix: &str, label: &str) -> Option<String> {
    let (verb, path) = label.split_once(' ')?;
    if prefix.is_empty() || !path.starts_with(['/', '*']) {
        return None;
    }
    Some(format!("{verb} {}", join(prefix, path)))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Python files by each ending of their path without the file's own: of several, the one nearest to the root.
pub fn modules(code: &Code) -> FxHashMap<&str, FileId> {
    let mut out: FxHashMap<&str, FileId> = FxHashMap::default();
    for (at, facts) in code.files.iter().enumerate() {
        let path = facts.path.as_str();
        let Some(name) = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")) else {
            continue;
        };
        let file = FileId(at as u32);
        let length = |file: FileId| code.files.get(file.index()).map_or(usize::MAX, |facts| facts.path.len());
        let endings = name.match_indices('/').map(|(slash, _)| &name[slash + 1..]).chain([name]);
        for ending in endings {
            let known = out.entry(ending).or_insert(file);
            if length(file) < length(*known) {
                *known = file;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
