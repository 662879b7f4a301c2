//! `perfaudit calls`: the call graph with its effects.

use std::process::ExitCode;

use clap::Args;
use perfaudit::Error;
use perfaudit::engine::places::Places;
use perfaudit::report::calls::{CallList, UnresolvedList};

use super::listing::{ListArguments, ListFormat};

/// What `perfaudit calls` takes.
#[derive(Args)]
pub struct CallsArguments {
    #[command(flatten)]
    list: ListArguments,
    /// How the list is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
    /// Instead of the list: why calls that may lead to the project have no known target, counted by cause
    #[arg(long, conflicts_with = "from")]
    unresolved: bool,
    /// Only what this function reaches: its dotted name, or the last parts of it
    #[arg(long, value_name = "SYMBOL")]
    from: Option<String>,
}

/// Lists functions and what they call.
pub fn run(arguments: &CallsArguments) -> Result<ExitCode, Error> {
    let config = arguments.list.config(arguments.unresolved)?;
    let root = config.root.to_string_lossy().into_owned();
    let from = arguments.from.as_deref();
    if arguments.unresolved {
        let list = perfaudit::understand(&config, |project, _| UnresolvedList::of(project, &root))?;
        arguments.list.emit(&match arguments.format {
            ListFormat::Table => list.text(),
            ListFormat::Json => list.json(),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let list = perfaudit::understand(&config, |project, _| CallList::of(project, &root, from, &Places::of(&config)))??;
    arguments.list.emit(&match arguments.format {
        ListFormat::Table => list.text(),
        ListFormat::Json => list.json(),
    })?;
    Ok(ExitCode::SUCCESS)
}
