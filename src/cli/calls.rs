//! `perfaudit calls`: the call graph with its effects.

use std::process::ExitCode;

use clap::Args;
use perfaudit::Error;
use perfaudit::report::calls::CallList;

use super::listing::{Form, ListArguments};

/// What `perfaudit calls` takes.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    list: ListArguments,
    /// How the list is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Form,
    /// Only what this function reaches: its dotted name, or the last parts of it
    #[arg(long, value_name = "SYMBOL")]
    from: Option<String>,
}

/// Lists functions and what they call.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let config = arguments.list.config()?;
    let root = config.root.to_string_lossy().into_owned();
    let from = arguments.from.as_deref();
    let list = perfaudit::understand(&config, |project, _| CallList::of(project, &root, from))??;
    arguments.list.emit(&match arguments.format {
        Form::Table => list.text(),
        Form::Json => list.json(),
    })?;
    Ok(ExitCode::SUCCESS)
}
