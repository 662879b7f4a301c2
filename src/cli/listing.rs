//! What the commands that list what was understood have in common: paths, format, output.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use perfaudit::config::{Settings, parse_threads};
use perfaudit::{Config, Error};

use super::selection::place;

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For a terminal
    #[default]
    Table,
    /// All there is, for programs
    Json,
}

/// What these commands take.
#[derive(Args)]
pub struct ListArguments {
    /// Files and folders to read [default: the current folder]
    paths: Vec<PathBuf>,
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
    /// Settings [default: perfaudit.toml, or [tool.perfaudit] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ListArguments {
    /// The settings of the run; the output and the format of a report do not hold for a list.
    pub fn config(&self) -> Result<Config, Error> {
        let (root, paths) = place(self.paths.clone())?;
        let flags = Settings {
            paths,
            threads: self.threads,
            exclude: self.exclude.clone(),
            cache: self.no_cache.then_some(false),
            include_tests: self.include_tests.then_some(true),
            ..Settings::default()
        };
        Config::load(&root, self.config.as_deref(), flags)
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
