//! What the commands that list what was understood have in common: paths, format, output.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use perfaudit::config::{Settings, parse_threads};
use perfaudit::files::Named;
use perfaudit::{Config, Error};

use super::project::place;

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For a terminal
    #[default]
    Table,
    /// All there is, for programs
    Json,
}

/// What these commands take.
#[derive(Args)]
pub struct ListArguments {
    /// Files and folders to list [default: the current folder]
    paths: Vec<PathBuf>,
    /// Read the paths alone, and not the project that they are in
    #[arg(long)]
    isolated: bool,
    /// Write the list to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out files that match, as in .gitignore (may be given more than once)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read tests, too
    #[arg(long)]
    include_tests: bool,
    /// Worker threads; 0 is one a core [default: 0]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    threads: Option<usize>,
    /// Read every file anew
    #[arg(long)]
    no_cache: bool,
    /// Folder of files that say what calls of your libraries do
    #[arg(long = "libraries", value_name = "DIR")]
    libraries_dir: Option<PathBuf>,
    /// Settings [default: perfaudit.toml, or [tool.perfaudit] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ListArguments {
    /// The settings of the run; the output and the format of a report do not hold for a list. The paths are listed of all of their
    /// project, or where `is_alone` they are all that is read.
    pub fn config(&self, is_alone: bool) -> Result<Config, Error> {
        let place = place(self.paths.clone(), self.isolated || is_alone)?;
        let flags = Settings {
            paths: place.paths,
            reported: place.reported,
            threads: self.threads,
            exclude: self.exclude.clone(),
            libraries_dir: self.libraries_dir.clone().map(Named::Disk),
            cache: self.no_cache.then_some(false),
            include_tests: self.include_tests.then_some(true),
            ..Settings::default()
        };
        Config::load(&place.root, self.config.as_deref(), flags)
    }

    /// Writes the list where it is wanted.
    pub fn emit(&self, text: &str) -> Result<(), Error> {
        super::output(self.output.as_deref(), text)
    }

    /// Whether to colour.
    pub fn color(&self) -> bool {
        self.output.is_none() && super::has_color()
    }
}
