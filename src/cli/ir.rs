//! `perfaudit ir`: what a rule sees of one file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::config::Settings;
use perfaudit::report::ir;
use perfaudit::{Config, Error};

use super::project::place;

/// What `perfaudit ir` takes.
#[derive(Args)]
pub struct IrArguments {
    /// A Python, TypeScript or JavaScript file, or one that holds such code
    file: PathBuf,
}

/// Prints the module.
pub fn run(arguments: IrArguments) -> Result<ExitCode, Error> {
    let place = place(vec![arguments.file], true)?;
    let flags = Settings {
        paths: place.paths,
        cache: Some(false),
        include_tests: Some(true),
        ..Settings::default()
    };
    let config = Config::load(&place.root, None, flags)?;
    let facts = perfaudit::read_one(&config)?;
    let Some(module) = &facts.module else {
        let error = Error::new(facts.path, "holds no program");
        return Err(error.hint("`perfaudit schema` and `perfaudit queries` show what is read of SQL and schema files"));
    };
    super::print(&ir::render(&facts.path, module, &facts.lines))?;
    Ok(ExitCode::SUCCESS)
}
