//! `perfaudit init`: a configuration file with every setting in a comment.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::{Error, files};

/// The file that is written: every setting with its default.
pub const TEMPLATE: &str = include_str!("../../templates/perfaudit.toml");
/// The schema of the file, for editors.
const SCHEMA: &str = include_str!("../../perfaudit.schema.json");

/// What `perfaudit init` takes.
#[derive(Args)]
pub struct InitArguments {
    /// Where to write it [default: perfaudit.toml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON schema of the file, for editors
    #[arg(long, conflicts_with = "output")]
    schema: bool,
}

/// Writes the file. One that is there stays.
pub fn run(arguments: InitArguments) -> Result<ExitCode, Error> {
    if arguments.schema {
        super::print(SCHEMA)?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = arguments.output.unwrap_or_else(|| PathBuf::from("perfaudit.toml"));
    let shown = file.to_string_lossy().into_owned();
    if !files::create(&file, TEMPLATE)? {
        return Err(Error::new(shown, "is already there").hint("change it, or name another with -o"));
    }
    let shown = perfaudit::escape::line(&shown);
    super::print(&format!("Wrote {shown}. Every setting in it is the default.\n"))?;
    Ok(ExitCode::SUCCESS)
}
