//! `perfaudit init`: a configuration file with every setting in a comment.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::Error;

/// The file that is written: every setting with its default.
pub const TEMPLATE: &str = include_str!("../../templates/perfaudit.toml");
/// The schema of the file, for editors.
const SCHEMA: &str = include_str!("../../perfaudit.schema.json");

/// What `perfaudit init` takes.
#[derive(Args)]
pub struct Arguments {
    /// Where to write it [default: perfaudit.toml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON schema of the file, for editors
    #[arg(long, conflicts_with = "output")]
    schema: bool,
}

/// Writes the file. One that is there stays.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    if arguments.schema {
        super::print(SCHEMA)?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = arguments.output.unwrap_or_else(|| PathBuf::from("perfaudit.toml"));
    let shown = file.to_string_lossy().into_owned();
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(&file);
    let written = created.and_then(|mut file| file.write_all(TEMPLATE.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::new(shown.clone(), "is already there").hint("change it, or name another with -o"),
        _ => Error::new(shown.clone(), format!("cannot be written: {error}")),
    })?;
    super::print(&format!(
        "Wrote {}. Every setting in it is the default.\n",
        perfaudit::escape::line(&shown)
    ))?;
    Ok(ExitCode::SUCCESS)
}
