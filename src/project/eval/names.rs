//! Where names lead: scopes, imports, re-exports.

use rustc_hash::FxHashSet;

use super::{Evaluator, Found, MAX_HOPS};
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Language, Sym};
use crate::libraries::shared::value::FileId;
use crate::project::scope::{Binding, Bound};

/// Files that re-export each other in a line are followed this far, beside [`Limit::Stars`] in all.
const MAX_STARS: u32 = 100;

/// The searches behind stars (`export *`, `from x import *`) that one outer search has made.
#[derive(Default)]
pub(super) struct Stars {
    /// Searches that have not ended.
    open: u32,
    /// Files that were looked into.
    looks: u64,
    /// The names that were looked for behind the stars of a file.
    tried: FxHashSet<(FileId, Box<str>)>,
}

impl Evaluator<'_> {
    /// Finds what a name in a function means at an offset, through enclosing functions and imports.
    pub fn lookup(&self, file: FileId, function: FunctionId, name: Sym, offset: u32) -> Option<Found> {
        let module = self.m(file);
        let scope = self.code.scopes.get(file.index())?;
        let mut at = Some(function);
        let mut offset = offset;
        while let Some(id) = at {
            if let Some(binding) = scope.binding(id, name, offset) {
                return self.follow(file, id, binding.clone(), 0);
            }
            let inner = module.function(id);
            // An inline callback runs where it stands; a named function may run after everything.
            offset = if inner.is_lambda { inner.span.start } else { u32::MAX };
            at = inner.parent;
        }
        if module.language == Language::Python {
            let name = module.str(name);
            return self.star_import(file, name, 0).or_else(|| self.star_of_library(file, name));
        }
        None
    }

    /// What is gone over where a name holds an element of it, or a part of one: `for key, value in pending.items()`.
    pub fn iterated_for(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let module = self.m(file);
        let ExprKind::Name(name) = *module.kind(expr) else { return None };
        match self.lookup(file, module.owner(expr), name, module.expr(expr).span.start)? {
            Found::Binding(at, _, binding) => match binding.bound {
                Bound::Element(iterable, _) => Some((at, iterable)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a name is that nothing binds, where a library's names are all imported: `from peewee import *`. Of several libraries, the last
    /// that is known to have it, or the only one that is known at all.
    fn star_of_library(&self, file: FileId, name: &str) -> Option<Found> {
        let module = self.m(file);
        let data = self.code.data.of(Language::Python);
        if data.is_everywhere(name) {
            return None;
        }
        let stars = self.code.outer_stars.get(file.index())?;
        let paths: Vec<&str> = stars
            .iter()
            .filter_map(|&index| module.imports.get(index))
            .map(|import| module.str(import.module))
            .collect();
        let dotted = |path: &str| data.canonical(&format!("{path}.{name}"));
        let is_library = |path: &str| path.split('.').next().is_some_and(|first| data.is_module(first));
        let path = match paths.as_slice() {
            [] => return None,
            // What comes from a package that nothing is known of may be anything, the project's own settings as well.
            [only] if is_library(only) => only,
            [_] => return None,
            several => {
                let known: Vec<&&str> = several.iter().filter(|path| is_library(path)).collect();
                let root = |path: &str| path.split('.').next().map(str::to_owned);
                let is_one = known.windows(2).all(|pair| root(pair[0]) == root(pair[1]));
                let has_it = several.iter().rfind(|path| data.call(&dotted(path)).is_some());
                // A package and its parts: `from sqlalchemy import *` beside `from sqlalchemy.orm import *`.
                has_it.or_else(|| known.into_iter().min_by_key(|path| path.len()).filter(|_| is_one))?
            }
        };
        Some(Found::External(dotted(path)))
    }

    pub(super) fn follow(&self, file: FileId, function: FunctionId, binding: Binding, hops: u32) -> Option<Found> {
        let Bound::Import(index) = binding.bound else {
            return Some(Found::Binding(file, function, binding));
        };
        self.import(file, index, hops)
    }

    pub(super) fn import(&self, file: FileId, index: usize, hops: u32) -> Option<Found> {
        if hops > MAX_HOPS {
            self.too_far(file);
            return None;
        }
        let module = self.m(file);
        let import = module.imports.get(index)?;
        let path = module.str(import.module);
        let name = import.name.map(|name| module.str(name));
        match module.language {
            Language::Python => {
                let data = self.code.data.of(Language::Python);
                let known = !path.starts_with('.') && data.is_module(path.split('.').next().unwrap_or(path));
                let target = if known && !path.contains('.') {
                    None
                } else {
                    self.import_target(file, index)
                };
                // A file called like the library that it wraps: `sqlalchemy/sql.py` imports from `sqlalchemy.sql`.
                let target = target.filter(|&target| target != file || path.starts_with('.'));
                match (target, name) {
                    (Some(target), None) => Some(Found::Module(target)),
                    // `from . import sql` in a package's own file: the name leads to itself.
                    (Some(target), Some(name)) if target == file => {
                        self.submodule(file, path, name).or_else(|| self.exported(target, name, hops + 1))
                    }
                    (Some(target), Some(name)) => self.exported(target, name, hops + 1).or_else(|| self.submodule(file, path, name)),
                    (None, None) => Some(Found::External(data.canonical(path))),
                    (None, Some(name)) => {
                        if let Some(found) = self.submodule(file, path, name) {
                            return Some(found);
                        }
                        Some(Found::External(data.canonical(&format!("{path}.{name}"))))
                    }
                }
            }
            Language::TypeScript => {
                let target = self.import_target(file, index);
                match (target, name) {
                    (Some(target), None) => Some(self.whole(target)),
                    (Some(target), Some(name)) => self.exported(target, name, hops + 1),
                    (None, name) => Some(Found::External(self.external_ts(path, name))),
                }
            }
        }
    }

    pub(super) fn import_target(&self, file: FileId, index: usize) -> Option<FileId> {
        self.code.targets.get(file.index())?.0.get(index).copied().flatten()
    }

    pub(super) fn export_target(&self, file: FileId, index: usize) -> Option<FileId> {
        self.code.targets.get(file.index())?.1.get(index).copied().flatten()
    }

    pub(super) fn external_ts(&self, path: &str, name: Option<&str>) -> String {
        let data = self.code.data.of(Language::TypeScript);
        let path = path.strip_prefix("node:").unwrap_or(path);
        let module = data.canonical(path);
        match name {
            None => module,
            Some("default") => match data.default_export(&module) {
                Some(export) if export.starts_with(&module) => export.to_owned(),
                Some(export) => format!("{module}.{export}"),
                None => module,
            },
            Some(name) => data.canonical(&format!("{module}.{name}")),
        }
    }

    pub(super) fn submodule(&self, file: FileId, path: &str, name: &str) -> Option<Found> {
        let dotted = if path.ends_with('.') {
            format!("{path}{name}")
        } else {
            format!("{path}.{name}")
        };
        self.code.imports.python(file, &dotted).map(Found::Module)
    }

    /// What another file's name means.
    pub fn exported(&self, file: FileId, name: &str, hops: u32) -> Option<Found> {
        if hops > MAX_HOPS {
            self.too_far(file);
            return None;
        }
        let module = self.m(file);
        match module.language {
            Language::Python => {
                if let Some(found) = self.top(file, name, hops) {
                    return Some(found);
                }
                self.star_import(file, name, hops + 1)
            }
            Language::TypeScript => self.exported_ts(file, name, hops),
        }
    }

    pub(super) fn top(&self, file: FileId, name: &str, hops: u32) -> Option<Found> {
        let scope = self.code.scopes.get(file.index())?;
        let sym = scope.top(self.m(file), name)?;
        let binding = scope.binding(FunctionId::MODULE, sym, u32::MAX)?.clone();
        self.follow(file, FunctionId::MODULE, binding, hops)
    }

    pub(super) fn star_import(&self, file: FileId, name: &str, hops: u32) -> Option<Found> {
        if hops > MAX_HOPS {
            self.too_far(file);
            return None;
        }
        let targets = &self.code.stars.get(file.index())?.0;
        self.once(file, name, targets.iter().copied().filter(|&target| target != file), hops)
    }

    pub(super) fn exported_ts(&self, file: FileId, name: &str, hops: u32) -> Option<Found> {
        let module = self.m(file);
        for index in module.exports_of(name) {
            let export = &module.exports[index];
            if let Some(from) = export.from {
                let target = self.export_target(file, index);
                return match (target, export.local) {
                    (Some(target), Some(local)) => self.exported(target, module.str(local), hops + 1),
                    (Some(target), None) => Some(Found::Module(target)),
                    (None, local) => Some(Found::External(
                        self.external_ts(module.str(from), local.map(|local| module.str(local))),
                    )),
                };
            }
            if let Some(local) = export.local {
                return self.top(file, module.str(local), hops + 1);
            }
            if let Some(value) = export.value {
                return Some(self.found_expr(file, value));
            }
        }
        self.once(file, name, self.code.stars.get(file.index())?.1.iter().copied(), hops)
            .or_else(|| self.member_of_whole(file, name))
    }

    /// Looks for a name behind the stars of a file, unless this search was there before: files that re-export each other would be
    /// searched along every path between them.
    fn once(&self, file: FileId, name: &str, mut targets: impl Iterator<Item = FileId>, hops: u32) -> Option<Found> {
        {
            let mut stars = self.stars.borrow_mut();
            if !stars.tried.insert((file, name.into())) {
                return None;
            }
            if stars.open == MAX_STARS {
                self.too_many_stars(file);
                return None;
            }
            stars.open += 1;
        }
        let found = targets.find_map(|target| {
            {
                let mut stars = self.stars.borrow_mut();
                stars.looks += 1;
                if stars.looks > Limit::Stars.most() {
                    self.too_many_stars(file);
                    return None;
                }
                if !self.afford(file, 1) {
                    return None;
                }
            }
            self.exported(target, name, hops)
        });
        let mut stars = self.stars.borrow_mut();
        stars.open -= 1;
        if stars.open == 0 {
            *stars = Stars::default();
        }
        found
    }

    fn too_many_stars(&self, file: FileId) {
        if let Some(facts) = self.code.files.get(file.index()) {
            self.code.overruns.add(Limit::Stars, &*facts.path);
        }
    }
}
