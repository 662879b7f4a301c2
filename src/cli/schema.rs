//! `perfaudit schema`: what the schema is understood to be.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use perfaudit::config::Settings;
use perfaudit::report::schema::{self, dbml, mermaid, table};
use perfaudit::{Config, Error};

use super::scan;

/// What `perfaudit schema` takes.
#[derive(Args)]
pub struct Arguments {
    /// Files and folders to read [default: the current folder]
    paths: Vec<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out files that match, as in .gitignore (may be given more than once)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Settings [default: perfaudit.toml, or [tool.perfaudit] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A way to write a schema.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For a terminal
    Table,
    /// For programs
    Json,
    /// For dbdiagram.io and other tools that read DBML
    Dbml,
    /// An entity-relationship diagram for Markdown
    Mermaid,
}

/// Prints the schema.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let (root, paths) = scan::place(arguments.paths)?;
    let flags = Settings {
        paths,
        exclude: arguments.exclude,
        ..Settings::default()
    };
    let config = Config::load(&root, arguments.config.as_deref(), flags)?;
    let report = perfaudit::schema(&config)?;
    let text = match arguments.format {
        Format::Table => table::render(&report),
        Format::Json => schema::json(&report),
        Format::Dbml => dbml::render(&report),
        Format::Mermaid => mermaid::render(&report),
    };
    match arguments.output {
        Some(file) => scan::write(&file, &text)?,
        None => super::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}
