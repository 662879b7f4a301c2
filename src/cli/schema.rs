//! `perfaudit schema`: what the schema is understood to be.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use perfaudit::Error;
use perfaudit::render::ddl;
use perfaudit::report::schema::{self, SchemaReport, dbml, mermaid, table};

use super::listing::ListArguments;

/// What `perfaudit schema` takes.
#[derive(Args)]
pub struct SchemaArguments {
    #[command(flatten)]
    list: ListArguments,
    /// How the schema is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Form,
}

/// A way to write a schema.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Form {
    /// For a terminal
    #[default]
    Table,
    /// For programs
    Json,
    /// For dbdiagram.io and other tools that read DBML
    Dbml,
    /// An entity-relationship diagram for Markdown
    Mermaid,
    /// Statements that make it in an empty database
    Sql,
}

/// Prints the schema.
pub fn run(arguments: &SchemaArguments) -> Result<ExitCode, Error> {
    let config = arguments.list.config(true)?;
    let root = config.root.to_string_lossy().into_owned();
    let text = perfaudit::understand(&config, |project, coverage| {
        let report = || SchemaReport::new(&root, project, coverage.clone());
        match arguments.format {
            Form::Table => table::render(&report()),
            Form::Json => schema::json(&report()),
            Form::Dbml => dbml::render(&report()),
            Form::Mermaid => mermaid::render(&report()),
            Form::Sql => ddl::render(&project.schema, ddl::main_dialect(&project.schema)),
        }
    })?;
    arguments.list.emit(&text)?;
    Ok(ExitCode::SUCCESS)
}
