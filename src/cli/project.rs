//! Where a project is: what its paths are relative to, what of it is read, and what is reported on.
//!
//! What a finding is called, which configuration holds and what is found must not depend on the folder that the command is given in, nor
//! on the path that is asked about: schema, callers and clients lie elsewhere. So the project's root is looked for from what is given,
//! all of the project is read, and what is given is reported on.

use std::path::{Component, Path, PathBuf};

use perfaudit::config::is_configured;
use perfaudit::files::{Refusal, Tree};
use perfaudit::vocabulary::Vocabulary;
use perfaudit::walk::{self, FileRole};
use perfaudit::{Error, files};

/// Files by which a folder is a project, or a part of one.
const MARKS: [&str; 8] = [
    "manage.py",
    "package.json",
    "pnpm-workspace.yaml",
    "pyproject.toml",
    "requirements.txt",
    "setup.cfg",
    "setup.py",
    "Pipfile",
];
/// Folders without such a file that may lie between two that are of one project.
const GAP: usize = 2;
/// Folders whose folders are projects of their own, besides those of tests and examples.
const SAMPLES: [&str; 3] = ["fixture", "fixtures", "testdata"];

/// Folders of folders that each hold all that a user has.
const HOMES: [&str; 2] = ["/home", "/Users"];
/// Folders that hold all that a user has, or what all put away for a while.
const PERSONAL: [&str; 8] = [
    "/Users",
    "/dev/shm",
    "/home",
    "/private/tmp",
    "/root",
    "/tmp",
    "/var/root",
    "/var/tmp",
];

/// What a run reads and reports on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPaths {
    /// The root, which the report's paths are relative to.
    pub root: PathBuf,
    /// Files and folders to read; none is what the configuration says, or the root.
    pub paths: Vec<PathBuf>,
    /// Files and folders that are reported on; none is all that is read.
    pub reported: Vec<PathBuf>,
}

/// The place of a run that is given paths. What is in no project is read alone, and so is everything where `is_isolated`: then the root is
/// the current folder, or where that does not hold all paths, the folder that does.
pub fn place(paths: Vec<PathBuf>, is_isolated: bool) -> Result<RunPaths, Error> {
    for path in &paths {
        stays(path)?;
    }
    let current = std::env::current_dir().and_then(std::fs::canonicalize);
    let current = current.map_err(|error| Error::new("current folder", format!("cannot be read: {error}")))?;
    let given = Given {
        // A path that does not exist is told about by the walk.
        absolute: paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect(),
        paths,
        current,
    };
    if given.absolute.len() < given.paths.len() {
        return Ok(given.alone(Path::new(".")));
    }
    let shared = given.shared();
    let known = root_of(&shared);
    let project = known.clone().or_else(|| marked_root(&shared));
    Ok(match project.filter(|root| !is_isolated && !is_personal(root)) {
        Some(root) => given.whole(&root, &shared),
        None if known.is_none() && shared.starts_with(&given.current) => given.alone(Path::new(".")),
        None => given.alone(&known.unwrap_or(shared)),
    })
}

/// A path that says that it is in a project must stay there: what stands under that name is the repository's, and may be a link.
fn stays(path: &Path) -> Result<(), Error> {
    let Ok(absolute) = std::path::absolute(path) else { return Ok(()) };
    let above = absolute.ancestors().skip(1);
    let Some(tree) = above.filter(|above| is_root(above)).find_map(|root| Tree::of(root).ok()) else {
        return Ok(());
    };
    tree.admit(path).or_else(|refusal| match refusal {
        refusal if refusal.is_missing() => Ok(()),
        Refusal::Outside => Err(Error::new(
            path.to_string_lossy(),
            "leads out of the project that it stands in, so it is not read",
        )
        .hint("name the place itself, if that is what you want")),
        refusal => Err(refusal.error(path.to_string_lossy(), "what is to be read")),
    })
}

/// The paths that are given, and the folder that the command is given in.
struct Given {
    paths: Vec<PathBuf>,
    /// The same without links.
    absolute: Vec<PathBuf>,
    current: PathBuf,
}

impl Given {
    /// The folder that holds all paths; the current one where there are none.
    fn shared(&self) -> PathBuf {
        let Some(first) = self.absolute.first() else {
            return self.current.clone();
        };
        let mut folder = first.clone();
        while !(folder.is_dir() && self.absolute.iter().all(|path| path.starts_with(&folder))) && folder.pop() {}
        folder
    }

    /// Only the paths are read.
    fn alone(self, root: &Path) -> RunPaths {
        let is_here = root == self.current || root == Path::new(".");
        let (root, paths) = match (self.paths.as_slice(), self.absolute.as_slice()) {
            _ if is_here => (PathBuf::from("."), self.paths),
            ([given], [absolute]) if *absolute == root => (given.clone(), vec![PathBuf::from(".")]),
            (_, []) => (from(&self.current, root), vec![self.current]),
            _ => (from(&self.current, root), self.absolute),
        };
        RunPaths {
            root,
            paths,
            ..RunPaths::default()
        }
    }

    /// All of the project is read, or of an example in it the example.
    fn whole(self, root: &Path, shared: &Path) -> RunPaths {
        let own = sample(root, shared);
        // A folder that is asked about as a whole needs no list of what is reported on.
        let top = own.as_deref().unwrap_or(root);
        let is_all = match self.absolute.as_slice() {
            [] => self.current == top,
            all => all.iter().any(|path| path == top),
        };
        // Who names the root wants all of it, whatever the configuration reads otherwise.
        let is_named = is_all && own.is_none() && !self.absolute.is_empty();
        let shown = match self.paths.as_slice() {
            [given] if is_named => given.clone(),
            _ if root == self.current => PathBuf::from("."),
            _ => from(&self.current, root),
        };
        let reported = match () {
            () if is_all => Vec::new(),
            () if self.absolute.is_empty() => vec![self.current],
            () if shown == Path::new(".") => self.paths,
            () => self.absolute,
        };
        RunPaths {
            root: shown,
            paths: own.or_else(|| is_named.then(|| PathBuf::from("."))).into_iter().collect(),
            reported,
        }
    }
}

/// The nearest folder at or above one that is configured, or is the top of a repository.
fn root_of(folder: &Path) -> Option<PathBuf> {
    owned(folder).find(|above| is_root(above)).map(Path::to_path_buf)
}

/// Whether a folder is configured or the top of a repository, by whom it belongs to: what somebody else put there rules nothing.
fn is_root(folder: &Path) -> bool {
    let is_own = |name: &str| has_own(folder, name);
    is_own(".git") || (is_own("perfaudit.toml") || is_own("pyproject.toml")) && is_configured(folder)
}

/// Whether a folder holds a name that belongs to whom the folder belongs to.
fn has_own(folder: &Path, name: &str) -> bool {
    let found = std::fs::symlink_metadata(folder.join(name));
    let above = std::fs::metadata(folder);
    found
        .ok()
        .zip(above.ok())
        .is_some_and(|(found, above)| files::same_owner(&found, &above))
}

/// The highest folder at or above one that is marked as a project, or a part of one, with few folders between.
fn marked_root(folder: &Path) -> Option<PathBuf> {
    let mut found = None;
    let mut gap = 0;
    for above in owned(folder).take_while(|above| !is_personal(above)) {
        if is_marked(above) {
            found = Some(above.to_owned());
            gap = 0;
            continue;
        }
        // Below the first mark lie as many folders as its code has.
        gap += usize::from(found.is_some());
        if gap > GAP {
            break;
        }
    }
    found
}

/// A folder and those above it. Folders of another user end it: what such a one put above a project does not rule it.
fn owned(folder: &Path) -> impl Iterator<Item = &Path> {
    let owner = std::fs::metadata(folder).ok();
    folder.ancestors().take_while(move |above| {
        let metadata = std::fs::metadata(above);
        owner
            .as_ref()
            .zip(metadata.ok())
            .is_some_and(|(owner, metadata)| files::same_owner(&metadata, owner) && !files::is_shared(&metadata))
    })
}

/// Whether a folder holds all that a user has, or what all programs put away for a while: whatever lies there, it is no project.
fn is_personal(folder: &Path) -> bool {
    let home = std::env::home_dir().and_then(|home| std::fs::canonicalize(home).ok());
    let passing = std::fs::canonicalize(std::env::temp_dir()).ok();
    // Those of others, for who runs it in their place.
    let is_home = folder
        .parent()
        .is_none_or(|above| HOMES.iter().any(|homes| above == Path::new(homes)));
    is_home
        || PERSONAL.iter().any(|known| folder == Path::new(known))
        || [home, passing].into_iter().flatten().any(|personal| personal == folder)
}

fn is_marked(folder: &Path) -> bool {
    MARKS.iter().any(|name| folder.join(name).is_file() && has_own(folder, name))
}

/// The project of its own that a folder lies in, among a project's tests, fixtures or examples.
fn sample(root: &Path, folder: &Path) -> Option<PathBuf> {
    let below = folder.strip_prefix(root).ok()?;
    let mut at = root.to_owned();
    let mut is_among = false;
    for part in below.components() {
        at.push(part);
        if is_among && is_marked(&at) {
            return Some(at);
        }
        is_among = is_among || is_samples(&part);
    }
    None
}

/// Whether a folder's name says that it holds tests, fixtures or examples.
fn is_samples(part: &Component<'_>) -> bool {
    let name = part.as_os_str().to_string_lossy().to_lowercase();
    let role = walk::role(&format!("{name}/a.ts"), &Vocabulary::default());
    SAMPLES.contains(&name.as_str()) || matches!(role, FileRole::Test | FileRole::Example)
}

/// A folder as it is called from another one: short, and the same on every machine.
pub fn from(current: &Path, folder: &Path) -> PathBuf {
    let same = current
        .components()
        .zip(folder.components())
        .take_while(|(one, other)| one == other);
    let same = same.count();
    let up = current.components().skip(same).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(folder.components().skip(same)).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(at: &Path, name: &str) {
        let file = at.join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, "").expect("written");
    }

    #[test]
    fn a_folder_is_called_from_another_one() {
        let called = |current: &str, folder: &str| from(Path::new(current), Path::new(folder));
        assert_eq!(called("/a/b/c", "/a"), Path::new("../.."));
        assert_eq!(called("/a", "/a/b/c"), Path::new("b/c"));
        assert_eq!(called("/a/b", "/a/c"), Path::new("../c"));
        assert_eq!(called("/a/b", "/a/b"), Path::new("."));
    }

    #[test]
    fn the_nearest_configuration_or_repository_is_the_root() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = std::fs::canonicalize(folder.path()).expect("a folder");
        std::fs::create_dir_all(at.join("repository/app/deep")).expect("folders");
        std::fs::create_dir(at.join("repository/.git")).expect("a folder");
        std::fs::write(at.join("perfaudit.toml"), "").expect("written");
        assert_eq!(root_of(&at.join("repository/app/deep")), Some(at.join("repository")));
        std::fs::write(at.join("repository/app/pyproject.toml"), "[tool.ruff]\n# perfaudit\n").expect("written");
        assert_eq!(root_of(&at.join("repository/app/deep")), Some(at.join("repository")));
        std::fs::write(at.join("repository/app/pyproject.toml"), "[tool.perfaudit]\n").expect("written");
        assert_eq!(root_of(&at.join("repository/app/deep")), Some(at.join("repository/app")));
        assert_eq!(root_of(&at), Some(at.clone()));
    }

    #[test]
    fn without_a_repository_the_highest_mark_is_the_root() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = std::fs::canonicalize(folder.path()).expect("a folder");
        std::fs::create_dir_all(at.join("shop/app/orders")).expect("folders");
        assert_eq!(marked_root(&at.join("shop/app/orders")), None);
        write(&at, "shop/manage.py");
        write(&at, "shop/front/package.json");
        write(&at, "shop/front/src/page.tsx");
        for inside in ["shop", "shop/app/orders", "shop/front", "shop/front/src"] {
            assert_eq!(marked_root(&at.join(inside)), Some(at.join("shop")), "{inside}");
        }
        std::fs::create_dir_all(at.join("shop/a/b/c/d")).expect("folders");
        assert_eq!(marked_root(&at.join("shop/a/b/c/d")), Some(at.join("shop")));
        write(&at, "shop/a/b/c/d/package.json");
        let own = Some(at.join("shop/a/b/c/d"));
        assert_eq!(marked_root(&at.join("shop/a/b/c/d")), own, "too far above to be of one project");
    }

    #[test]
    fn an_example_is_a_project_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = std::fs::canonicalize(folder.path()).expect("a folder");
        for name in [
            "examples/shop/package.json",
            "fixtures/a/pyproject.toml",
            "web/package.json",
            "examples/b/c.ts",
        ] {
            write(&at, name);
        }
        assert_eq!(sample(&at, &at.join("examples/shop")), Some(at.join("examples/shop")));
        assert_eq!(sample(&at, &at.join("fixtures/a")), Some(at.join("fixtures/a")));
        for own in ["web", "examples/b", "examples"] {
            assert_eq!(sample(&at, &at.join(own)), None, "{own}");
        }
    }
}
