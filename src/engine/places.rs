//! The part of a project that is reported on: all of it is read, because what a place costs is decided elsewhere.

use crate::config::Config;
use crate::walk;

/// Files and folders by their paths relative to the root, with `/`; none is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    paths: Vec<String>,
}

impl Places {
    /// What a configuration reports on.
    pub fn of(config: &Config) -> Places {
        let root = std::fs::canonicalize(&config.root).unwrap_or_else(|_| config.root.clone());
        // A path that does not exist is told about by the walk.
        let found = config
            .reported
            .iter()
            .filter_map(|path| std::fs::canonicalize(root.join(path)).ok());
        let mut paths: Vec<String> = found.map(|path| walk::relative(&root, &path)).collect();
        paths.sort();
        paths.dedup();
        if paths.iter().any(String::is_empty) {
            paths.clear();
        }
        Places { paths }
    }

    /// The paths; empty is all.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Whether a file is reported on.
    pub fn has(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| walk::is_below(file, path))
    }
}
