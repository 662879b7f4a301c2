//! Which file an import leads to: Python packages, relative paths, tsconfig paths, workspace packages.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::Language;
use crate::libraries::shared::value::FileId;
use crate::syntax::facts::{FileFacts, ToolchainSettings};
use crate::vocabulary::List;

/// Configurations of TypeScript that extend each other.
const MAX_EXTENDS: u32 = 5;

const TS_ENDINGS: &[&str] = &[
    ".ts",
    ".tsx",
    ".mts",
    ".cts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    "/index.ts",
    "/index.tsx",
    "/index.mts",
    "/index.js",
    "/index.jsx",
    "/index.mjs",
    ".d.ts",
];

/// Where modules are.
#[derive(Debug, Default)]
pub struct Imports {
    by_path: FxHashMap<String, FileId>,
    /// Every tail of a Python module's path (`a/b/c`, `b/c`, `c`) and the files it may mean.
    python: FxHashMap<String, Vec<FileId>>,
    python_packages: FxHashSet<String>,
    /// tsconfig by folder.
    tsconfig: BTreeMap<String, TsConfig>,
    /// Packages of the workspace by name: the package's folder, and its entry points (`main`, `exports`) as pairs of subpath and file.
    packages: FxHashMap<String, (String, Vec<(String, String)>)>,
    /// By the folder of each `package.json` the packages that it needs.
    needs: FxHashMap<String, FxHashSet<String>>,
    /// By the same folder those that it is only developed and built with.
    tools: FxHashMap<String, FxHashSet<String>>,
    paths: Vec<String>,
}

#[derive(Debug, Default, Clone)]
struct TsConfig {
    base: String,
    paths: Vec<(String, Vec<String>)>,
}

impl Imports {
    /// Indexes the files of a project (sorted by path).
    pub fn new(files: &[FileFacts]) -> Imports {
        let mut imports = Imports::default();
        for (index, facts) in files.iter().enumerate() {
            let id = FileId(index as u32);
            imports.paths.push(facts.path.clone());
            if let Some(module) = &facts.module {
                imports.by_path.insert(facts.path.clone(), id);
                if module.language == Language::Python {
                    imports.add_python(&facts.path, id);
                }
            }
        }
        for facts in files {
            if facts.path == "package.json" || facts.path.ends_with("/package.json") {
                let needed = facts.dependencies.iter().cloned().collect();
                imports.needs.insert(folder(&facts.path).to_owned(), needed);
                let tools = facts.tools.iter().cloned().collect();
                imports.tools.insert(folder(&facts.path).to_owned(), tools);
            }
            match &facts.settings {
                Some(ToolchainSettings::Package { name, entries, .. }) if !name.is_empty() => {
                    imports
                        .packages
                        .entry(name.clone())
                        .or_insert_with(|| (folder(&facts.path).to_owned(), entries.clone()));
                }
                Some(ToolchainSettings::TsConfig { .. }) => {
                    let config = resolve_tsconfig(files, facts, 0);
                    // `tsconfig.json` wins over `tsconfig.app.json` unless it has no paths itself.
                    let place = imports.tsconfig.entry(folder(&facts.path).to_owned()).or_default();
                    if place.paths.is_empty() || (facts.path.ends_with("/tsconfig.json") && !config.paths.is_empty()) {
                        *place = config;
                    }
                }
                _ => {}
            }
        }
        imports
    }

    fn add_python(&mut self, path: &str, id: FileId) {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let module = if let Some(package) = stem.strip_suffix("/__init__") {
            self.python_packages.insert(package.to_owned());
            package
        } else if stem == "__init__" {
            return;
        } else {
            stem
        };
        let mut tail = module;
        loop {
            self.python.entry(tail.to_owned()).or_default().push(id);
            match tail.split_once('/') {
                Some((_, rest)) => tail = rest,
                None => break,
            }
        }
    }

    /// The file whose path relative to the root is this one.
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The file that a Python import of `module` (`a.b`, `..models`) in a file means.
    pub fn python(&self, from: FileId, module: &str) -> Option<FileId> {
        let path = self.paths.get(from.index())?;
        let dots = module.chars().take_while(|&c| c == '.').count();
        if dots > 0 {
            let mut base = folder(path);
            for _ in 1..dots {
                base = folder(base);
            }
            let rest = module[dots..].replace('.', "/");
            let target = join(base, &rest);
            return self
                .file(&format!("{target}.py"))
                .or_else(|| self.file(&join(&target, "__init__.py")))
                .or_else(|| self.file(&format!("{target}.pyi")));
        }
        let tail = module.replace('.', "/");
        let candidates = self.python.get(&tail)?;
        let single = !tail.contains('/');
        let from_folder = folder(path);
        let mut best: Option<(usize, usize, FileId)> = None;
        for &candidate in candidates {
            let candidate_path = &self.paths[candidate.index()];
            let stem = candidate_path.rsplit_once('.').map_or(candidate_path.as_str(), |(stem, _)| stem);
            let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
            let root = stem.strip_suffix(tail.as_str()).unwrap_or("").trim_end_matches('/');
            let is_ancestor = root.is_empty() || from_folder == root || from_folder.starts_with(&format!("{root}/"));
            // A package's folder is not on the path: `import redis` in app/cache.py is not app/redis.py.
            if single && (!is_ancestor || self.python_packages.contains(root)) {
                continue;
            }
            let common = common_prefix(candidate_path, path);
            let rank = (common + if is_ancestor { 1000 } else { 0 }, usize::MAX - candidate_path.len());
            if best.is_none_or(|(a, b, _)| rank > (a, b)) {
                best = Some((rank.0, rank.1, candidate));
            }
        }
        best.map(|(_, _, id)| id)
    }

    /// The file that a TypeScript import of `specifier` in a file means.
    pub fn typescript(&self, from: FileId, specifier: &str) -> Option<FileId> {
        let path = self.paths.get(from.index())?;
        if specifier.starts_with('.') {
            return self.probe(&join(folder(path), specifier));
        }
        if let Some(found) = self.aliased(path, specifier) {
            return Some(found);
        }
        if let Some(found) = self.workspace(specifier) {
            return Some(found);
        }
        // The usual aliases, where the configuration is missing or computed.
        let rest = specifier
            .strip_prefix("@/")
            .or_else(|| specifier.strip_prefix("~/"))
            .or_else(|| specifier.strip_prefix("$lib/"));
        let Some(rest) = rest else {
            return self.below_root(path, specifier);
        };
        let mut at = folder(path);
        loop {
            let places = [
                join(at, rest),
                join(&join(at, "src"), rest),
                join(&join(at, "src/lib"), rest),
                join(&join(at, "app"), rest),
            ];
            if let Some(found) = places.iter().find_map(|place| self.probe(place)) {
                return Some(found);
            }
            if at.is_empty() {
                return None;
            }
            at = folder(at);
        }
    }

    /// `require("lib/models")` where the program is started with its folder among those that are searched (`NODE_PATH=.`): a file of the
    /// same package, where no manifest above needs a package of that name.
    fn below_root(&self, path: &str, specifier: &str) -> Option<FileId> {
        let (first, _) = specifier.split_once('/')?;
        if first.starts_with('@') || specifier.contains(':') || self.is_needed(path, first) {
            return None;
        }
        let mut at = folder(path);
        while !at.is_empty() && !self.needs.contains_key(at) {
            at = folder(at);
            let found = self.probe(&join(at, specifier));
            if found.is_some_and(|found| self.file(path) != Some(found)) {
                return found;
            }
        }
        None
    }

    /// Whether a manifest of a folder above a file needs a package.
    fn is_needed(&self, path: &str, package: &str) -> bool {
        let mut at = folder(path);
        loop {
            if self.needs.get(at).is_some_and(|needed| needed.contains(package)) {
                return true;
            }
            if at.is_empty() {
                return false;
            }
            at = folder(at);
        }
    }

    /// Whether a manifest of a folder above a file asks for one of these packages, be it only to build with; a name that ends in `/` is a
    /// scope. `None` where no manifest is there.
    pub fn asks_for(&self, path: &str, packages: &[&str]) -> Option<bool> {
        let is_one = |name: &String| {
            packages
                .iter()
                .any(|package| name == package || package.ends_with('/') && name.starts_with(package))
        };
        let mut known = None;
        let mut at = folder(path);
        loop {
            for list in [self.needs.get(at), self.tools.get(at)].into_iter().flatten() {
                if list.iter().any(is_one) {
                    return Some(true);
                }
                known = Some(false);
            }
            if at.is_empty() {
                return known;
            }
            at = folder(at);
        }
    }

    fn aliased(&self, path: &str, specifier: &str) -> Option<FileId> {
        let mut at = folder(path);
        loop {
            if let Some(config) = self.tsconfig.get(at) {
                for (pattern, targets) in &config.paths {
                    let Some(rest) = matched(pattern, specifier) else { continue };
                    for target in targets {
                        let place = join(&config.base, &target.replace('*', rest));
                        if let Some(found) = self.probe(&place) {
                            return Some(found);
                        }
                    }
                }
                if let Some(found) = self.probe(&join(&config.base, specifier)) {
                    return Some(found);
                }
            }
            if at.is_empty() {
                return None;
            }
            at = folder(at);
        }
    }

    fn workspace(&self, specifier: &str) -> Option<FileId> {
        let mut name = specifier;
        loop {
            if let Some((place, entries)) = self.packages.get(name) {
                let rest = specifier[name.len()..].trim_start_matches('/');
                return self.package_entry(place, entries, rest);
            }
            name = name.rsplit_once('/')?.0;
        }
    }

    fn package_entry(&self, place: &str, entries: &[(String, String)], rest: &str) -> Option<FileId> {
        let wanted = if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
        for (subpath, file) in entries {
            let target = match matched(subpath, &wanted) {
                Some(star) if subpath.contains('*') => file.replace('*', star),
                Some(_) => file.clone(),
                None => continue,
            };
            let built = || sources(&target).iter().find_map(|source| self.probe(&join(place, source)));
            if let Some(found) = self.probe(&join(place, &target)).or_else(built) {
                return Some(found);
            }
        }
        let places = if rest.is_empty() {
            vec![
                join(place, "src/index"),
                join(place, "index"),
                join(place, "src"),
                join(place, "src/main"),
                join(place, "lib/index"),
            ]
        } else {
            vec![join(place, rest), join(&join(place, "src"), rest)]
        };
        places.iter().find_map(|place| self.probe(place))
    }

    /// The file at a path that may lack its ending.
    fn probe(&self, path: &str) -> Option<FileId> {
        if let Some(found) = self.file(path) {
            return Some(found);
        }
        if let Some(found) = self.with_ending(path) {
            return Some(found);
        }
        // `./x.js` means `./x.ts` in TypeScript's module mode.
        let stem = path
            .strip_suffix(".js")
            .or_else(|| path.strip_suffix(".mjs"))
            .or_else(|| path.strip_suffix(".jsx"))
            .or_else(|| path.strip_suffix(".cjs"))?;
        self.with_ending(stem)
    }

    fn with_ending(&self, stem: &str) -> Option<FileId> {
        let mut path = String::with_capacity(stem.len() + 16);
        path.push_str(stem);
        TS_ENDINGS.iter().find_map(|ending| {
            path.truncate(stem.len());
            path.push_str(ending);
            self.file(&path)
        })
    }
}

/// Folders of sources, the likeliest first; the last one is the package's own.
const SOURCES: [&str; 5] = ["src", "lib", "source", "app", ""];

/// The files that a build's file, below its package, may be made of: of `dist/index.js` it is `src/index.js`, or `lib/index.js`.
fn sources(built: &str) -> Vec<String> {
    let mut rest = built.trim_start_matches("./");
    let mut out = Vec::new();
    while let Some((_, below)) = rest.split_once('/').filter(|(folder, _)| List::BuiltFolders.has(folder)) {
        out.extend(SOURCES.iter().map(|source| join(source, below)));
        rest = below;
    }
    out
}

/// What `*` stands for when a specifier has a pattern's form; the empty string for an exact match.
fn matched<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    match pattern.split_once('*') {
        Some((head, tail)) => specifier.strip_prefix(head)?.strip_suffix(tail),
        None => (pattern == specifier).then_some(""),
    }
}

fn resolve_tsconfig(files: &[FileFacts], facts: &FileFacts, depth: u32) -> TsConfig {
    let Some(ToolchainSettings::TsConfig { extends, base_url, paths }) = &facts.settings else {
        return TsConfig::default();
    };
    let here = folder(&facts.path);
    let base = base_url.as_deref().map_or_else(|| here.to_owned(), |url| join(here, url));
    if !paths.is_empty() || base_url.is_some() {
        return TsConfig {
            base,
            paths: paths.clone(),
        };
    }
    let parent = extends
        .as_deref()
        .filter(|path| path.starts_with('.') && depth < MAX_EXTENDS)
        .and_then(|path| {
            let target = join(here, path);
            files
                .iter()
                .find(|other| other.path == target || other.path == format!("{target}.json"))
        });
    match parent {
        Some(parent) => resolve_tsconfig(files, parent, depth + 1),
        None => TsConfig { base, paths: Vec::new() },
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

/// Joins a relative path to a folder; `..` above the root stays at the root.
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if base.is_empty() { Vec::new() } else { base.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    fn project(files: &[(&str, &str)]) -> (Vec<FileFacts>, Imports) {
        let mut facts: Vec<FileFacts> = files
            .iter()
            .map(|(path, text)| extract(path, FileKind::of(path).expect("a kind"), text))
            .collect();
        facts.sort_by(|a, b| a.path.cmp(&b.path));
        let imports = Imports::new(&facts);
        (facts, imports)
    }

    fn path(files: &[FileFacts], id: Option<FileId>) -> Option<&str> {
        id.map(|id| files[id.index()].path.as_str())
    }

    #[test]
    fn a_library_is_not_a_sibling_of_the_same_name() {
        let (files, imports) = project(&[("app/__init__.py", ""), ("app/cache.py", ""), ("app/redis.py", ""), ("main.py", "")]);
        let cache = imports.file("app/cache.py").expect("file");
        assert_eq!(imports.python(cache, "redis"), None);
        assert_eq!(path(&files, imports.python(cache, ".redis")), Some("app/redis.py"));
        assert_eq!(
            path(&files, imports.python(imports.file("main.py").expect("file"), "app.redis")),
            Some("app/redis.py")
        );
    }

    #[test]
    fn a_path_from_the_programs_own_folder_leads_there() {
        let (files, imports) = project(&[("lib/models/index.js", ""), ("lib/api/orders.js", ""), ("index.js", "")]);
        let orders = imports.file("lib/api/orders.js").expect("file");
        assert_eq!(path(&files, imports.typescript(orders, "lib/models")), Some("lib/models/index.js"));
        assert_eq!(imports.typescript(orders, "models"), None);
        assert_eq!(imports.typescript(orders, "@lib/models"), None);
        assert_eq!(imports.typescript(orders, "lodash/get"), None);
    }

    #[test]
    fn a_path_from_the_programs_own_folder_is_no_package_and_no_other_program() {
        let (files, imports) = project(&[
            ("package.json", r#"{"name": "shop", "dependencies": {"lodash": "^4"}}"#),
            ("lodash/get.js", ""),
            ("models/order.js", ""),
            ("lib/models/order.js", ""),
            ("jobs/package.json", r#"{"name": "jobs"}"#),
            ("jobs/lib/send.js", ""),
        ]);
        let of = |path: &str, specifier: &str| imports.typescript(imports.file(path).expect("file"), specifier);
        assert_eq!(of("lib/models/order.js", "lodash/get"), None, "a package that the manifest needs");
        assert_eq!(of("jobs/lib/send.js", "models/order"), None, "a file of another program");
        assert_eq!(of("models/order.js", "models/order"), None, "the asking file");
        assert_eq!(path(&files, of("lib/models/order.js", "models/order")), Some("models/order.js"));
    }

    #[test]
    fn typescript_paths_and_packages_lead_to_sources() {
        let (files, imports) = project(&[
            ("apps/web/tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#),
            ("apps/web/src/a.ts", ""),
            ("apps/web/src/lib/db.ts", ""),
            (
                "packages/db/package.json",
                r#"{"name": "@acme/db", "exports": {".": "./dist/index.js", "./schema": "./src/schema.ts"}}"#,
            ),
            ("packages/db/src/index.ts", ""),
            ("packages/db/src/schema.ts", ""),
            ("packages/kit/lib/index.ts", ""),
            ("packages/kit/package.json", r#"{"name": "@acme/kit", "main": "dist/esm/index.js"}"#),
        ]);
        let from = imports.file("apps/web/src/a.ts").expect("file");
        assert_eq!(path(&files, imports.typescript(from, "@/lib/db")), Some("apps/web/src/lib/db.ts"));
        assert_eq!(path(&files, imports.typescript(from, "@acme/db")), Some("packages/db/src/index.ts"));
        assert_eq!(
            path(&files, imports.typescript(from, "@acme/kit")),
            Some("packages/kit/lib/index.ts")
        );
        assert_eq!(
            path(&files, imports.typescript(from, "@acme/db/schema")),
            Some("packages/db/src/schema.ts")
        );
        assert_eq!(
            path(&files, imports.typescript(from, "./lib/db.js")),
            Some("apps/web/src/lib/db.ts")
        );
    }
}
