//! What is read and which rules run: the arguments that every command which audits has.

use std::path::PathBuf;

use clap::Args;
use perfaudit::config::{Settings, parse_confidence, parse_priority, parse_threads};
use perfaudit::files::Named;
use perfaudit::finding::{Confidence, Priority};
use perfaudit::{Config, Error};

use super::project::place;

/// What to read, and how.
#[derive(Args)]
pub struct SelectionArguments {
    /// Files and folders to report on [default: the current folder]; the project that they are in is read whole
    paths: Vec<PathBuf>,
    /// Read the paths alone, and not the project that they are in
    #[arg(long)]
    isolated: bool,
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
    /// Folder of rule pages: your own rules, and texts for the built-in ones
    #[arg(long = "rules", value_name = "DIR")]
    rules_dir: Option<PathBuf>,
    /// Folder of files that say what calls of your libraries do
    #[arg(long = "libraries", value_name = "DIR")]
    libraries_dir: Option<PathBuf>,
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

impl SelectionArguments {
    /// The configuration of a run: that of the project with what `add` adds to these arguments over it.
    pub fn configure(self, add: impl FnOnce(Settings) -> Settings) -> Result<Config, Error> {
        let place = place(self.paths, self.isolated)?;
        let flags = add(Settings {
            paths: place.paths,
            reported: place.reported,
            threads: self.threads,
            rules: self.rules,
            skip: self.skip,
            rules_dir: self.rules_dir.map(Named::Disk),
            libraries_dir: self.libraries_dir.map(Named::Disk),
            stats: self.stats.map(Named::Disk),
            cache: self.no_cache.then_some(false),
            exclude: self.exclude,
            include_tests: self.include_tests.then_some(true),
            ..Settings::default()
        });
        perfaudit::configure(&place.root, self.config.as_deref(), flags)
    }
}
