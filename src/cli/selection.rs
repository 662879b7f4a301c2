//! What is read and which rules run: the arguments that every command which audits has.

use std::path::{Component, Path, PathBuf};

use clap::Args;
use perfaudit::config::{Settings, is_configured, parse_confidence, parse_priority, parse_threads};
use perfaudit::finding::{Confidence, Priority};
use perfaudit::{Config, Error, files};

/// What to read, and how.
#[derive(Args)]
pub struct Selection {
    /// Files and folders to read [default: the current folder]
    paths: Vec<PathBuf>,
    /// Run only this rule (may be given more than once)
    #[arg(long = "rule", value_name = "ID", value_delimiter = ',')]
    rules: Vec<String>,
    /// Leave this rule out (may be given more than once)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Leave out files that match, as in .gitignore (may be given more than once)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read tests, too
    #[arg(long)]
    include_tests: bool,
    /// Worker threads; 0 is one a core [default: 0]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    threads: Option<usize>,
    /// Row counts and index scans of the database, as CSV or JSON; the README has the SELECT
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,
    /// Read every file anew
    #[arg(long)]
    no_cache: bool,
    /// Settings [default: perfaudit.toml, or [tool.perfaudit] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of rule pages that take the place of the built-in ones
    #[arg(long = "rules", value_name = "DIR")]
    rules_dir: Option<PathBuf>,
}

/// Which findings are reported, and what they are compared with.
#[derive(Args)]
pub struct Findings {
    /// Report only what is at least this urgent: p0, p1, p2 or p3
    #[arg(long, value_name = "PRIORITY", value_parser = parse_priority)]
    pub min_priority: Option<Priority>,
    /// Report only what is at least this certain: high, medium or low
    #[arg(long, value_name = "CONFIDENCE", value_parser = parse_confidence)]
    min_confidence: Option<Confidence>,
    /// Findings in this file are known: see `perfaudit baseline`
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Findings in the tree at this git revision are known
    #[arg(long, value_name = "REV", conflicts_with = "baseline")]
    since: Option<String>,
}

impl Findings {
    /// Adds these settings.
    pub fn apply(self, settings: Settings) -> Settings {
        Settings {
            min_priority: self.min_priority,
            min_confidence: self.min_confidence,
            // The root of the report may be another folder than the current one.
            baseline: self.baseline.map(|file| std::path::absolute(&file).unwrap_or(file)),
            since: self.since,
            ..settings
        }
    }
}

impl Selection {
    /// The configuration of a run: that of the project with what `add` adds to these arguments over it.
    pub fn configure(self, add: impl FnOnce(Settings) -> Settings) -> Result<Config, Error> {
        let (root, paths) = place(self.paths)?;
        let flags = add(Settings {
            paths,
            threads: self.threads,
            rules: self.rules,
            skip: self.skip,
            rules_dir: self.rules_dir,
            stats: self.stats,
            cache: self.no_cache.then_some(false),
            exclude: self.exclude,
            include_tests: self.include_tests.then_some(true),
            ..Settings::default()
        });
        perfaudit::configure(&root, self.config.as_deref(), flags)
    }
}

/// The project's root, which the report's paths are relative to, and the paths to read.
///
/// What a finding is called, and which configuration holds, must not depend on the folder that the command is given in. So the root
/// is looked for from what is read: the nearest folder at or above it that is configured, else the top of its repository, else the
/// current folder, or where that does not hold all paths, the folder that does.
pub(super) fn place(paths: Vec<PathBuf>) -> Result<(PathBuf, Vec<PathBuf>), Error> {
    let current = std::env::current_dir().and_then(std::fs::canonicalize);
    let current = current.map_err(|error| Error::new("current folder", format!("cannot be read: {error}")))?;
    // A path that does not exist is told about by the walk.
    let absolute: Vec<PathBuf> = paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    if absolute.len() < paths.len() {
        return Ok((PathBuf::from("."), paths));
    }
    let shared = shared(&absolute, &current);
    let root = root_of(&shared).unwrap_or_else(|| if shared.starts_with(&current) { current.clone() } else { shared });
    if root == current {
        return Ok((PathBuf::from("."), paths));
    }
    if let ([given], [absolute]) = (paths.as_slice(), absolute.as_slice())
        && *absolute == root
    {
        return Ok((given.clone(), vec![PathBuf::from(".")]));
    }
    let read = if absolute.is_empty() { vec![current.clone()] } else { absolute };
    Ok((from(&current, &root), read))
}

/// The folder that holds all paths; the current one where there are none.
fn shared(absolute: &[PathBuf], current: &Path) -> PathBuf {
    let Some(first) = absolute.first() else {
        return current.to_owned();
    };
    let mut folder = first.clone();
    while !(folder.is_dir() && absolute.iter().all(|path| path.starts_with(&folder))) && folder.pop() {}
    folder
}

/// The nearest folder at or above one that is configured, or is the top of a repository. Folders of another user end the search: what
/// such a one put above a project does not rule it.
fn root_of(folder: &Path) -> Option<PathBuf> {
    let owner = std::fs::metadata(folder).ok()?;
    let own = folder
        .ancestors()
        .take_while(|above| std::fs::metadata(above).is_ok_and(|metadata| files::same_owner(&metadata, &owner)));
    for above in own {
        if is_configured(above) || std::fs::symlink_metadata(above.join(".git")).is_ok() {
            return Some(above.to_owned());
        }
    }
    None
}

/// A folder as it is called from another one: short, and the same on every machine.
fn from(current: &Path, folder: &Path) -> PathBuf {
    let same = current
        .components()
        .zip(folder.components())
        .take_while(|(one, other)| one == other);
    let same = same.count();
    let up = current.components().skip(same).map(|_| Component::ParentDir);
    up.chain(folder.components().skip(same)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_called_from_another_one() {
        let called = |current: &str, folder: &str| from(Path::new(current), Path::new(folder));
        assert_eq!(called("/a/b/c", "/a"), Path::new("../.."));
        assert_eq!(called("/a", "/a/b/c"), Path::new("b/c"));
        assert_eq!(called("/a/b", "/a/c"), Path::new("../c"));
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
}
