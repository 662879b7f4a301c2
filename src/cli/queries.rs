//! `perfaudit queries`: every query site with what is known of it.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use perfaudit::Error;
use perfaudit::engine::places::Places;
use perfaudit::report::queries::QueryList;
use perfaudit::report::{queries_sql, queries_table};

use super::listing::ListArguments;

/// What `perfaudit queries` takes.
#[derive(Args)]
pub struct QueriesArguments {
    #[command(flatten)]
    list: ListArguments,
    /// How the list is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Form,
}

/// A way to write the list.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Form {
    /// For a terminal
    #[default]
    Table,
    /// All there is, for programs
    Json,
    /// Each statement as SQL, and what of it is not exactly the program's
    Sql,
}

/// Lists the query sites.
pub fn run(arguments: &QueriesArguments) -> Result<ExitCode, Error> {
    let config = arguments.list.config(false)?;
    let root = config.root.to_string_lossy().into_owned();
    let list = perfaudit::understand(&config, |project, _| QueryList::of(project, &root, &Places::of(&config)))?;
    let text = match arguments.format {
        Form::Table => queries_table::render(&list, super::width(), arguments.list.color()),
        Form::Json => list.json(),
        Form::Sql => queries_sql::render(&list),
    };
    arguments.list.emit(&text)?;
    Ok(ExitCode::SUCCESS)
}
