//! `perfaudit verify`: asks a database's planner whether what is advised pays.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::config::Settings;
use perfaudit::engine::pages::Pages;
use perfaudit::finding::Finding;
use perfaudit::project::Project;
use perfaudit::report::proof;
use perfaudit::statement::Dialect;
use perfaudit::verify::engine::Engine;
use perfaudit::verify::postgres::cluster::{Cluster, Ending};
use perfaudit::verify::postgres::{Postgres, ServerAddress};
use perfaudit::verify::sqlite::Sqlite;
use perfaudit::verify::verdict::Proof;
use perfaudit::{Error, verify};

use super::listing::ListFormat;
use super::progress::{Progress, Talk};
use super::selection::{Findings, SelectionArguments};

/// How a run ends that was interrupted.
const INTERRUPTED: i32 = 130;

/// What `perfaudit verify` takes.
#[derive(Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    findings: Findings,
    #[command(flatten)]
    talk: Talk,
    #[arg(
        long,
        value_name = "URL",
        help = "An empty PostgreSQL to ask, postgres://user@host/name; nothing that is made there is kept [default: for a schema of SQLite \
                one in memory, else a PostgreSQL that is started for the time of the run, where PATH has its programs]"
    )]
    database: Option<String>,
    /// How the answers are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
    /// Write the answers to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Asks, and prints the answers. Whatever they are, they do not fail the run.
pub fn run(arguments: VerifyArguments) -> Result<ExitCode, Error> {
    let address = arguments.database.as_deref().map(ServerAddress::read).transpose()?;
    let findings = arguments.findings;
    let mut config = arguments.selection.configure(|settings: Settings| findings.apply(settings))?;
    let wanted = Pages::load(config.rules_dir.as_ref())?.resolve("", &std::mem::take(&mut config.rules))?;
    let all = verify::RULES.iter().map(|&rule| rule.to_owned());
    config.rules = all.filter(|rule| wanted.is_empty() || wanted.contains(rule)).collect();
    if config.rules.is_empty() {
        return Err(Error::new("--rule", "is none that a planner can judge").hint(verify::RULES.join(", ")));
    }
    let ending = Ending::default();
    end_when_interrupted(ending.clone())?;
    let progress = Progress::new(arguments.talk);
    let strange: Vec<PathBuf> = config
        .paths
        .iter()
        .map(|path| config.root.join(path))
        .chain([config.root.clone()])
        .chain(std::env::current_dir())
        .collect();
    let done = perfaudit::verify_findings(&config, &progress, |project, found| {
        prove(project, found, address.as_ref(), || Cluster::start(&ending, &strange))
    });
    progress.end();
    let (report, proof) = done?;
    let proof = proof?;
    let text = match arguments.format {
        ListFormat::Table => proof::table(&proof),
        ListFormat::Json => proof::json(&proof),
    };
    super::output(arguments.output.as_deref(), &text)?;
    Ok(super::end(&report, super::CLEAN))
}

/// Opens a database of each kind that a finding's table is for, and asks. Of those for `MySQL` it is said that they are not asked about.
fn prove(
    project: &Project,
    findings: &[Finding],
    address: Option<&ServerAddress>,
    start: impl Fn() -> Result<Cluster, Error>,
) -> Result<Proof, Error> {
    let mut opened: Vec<Box<dyn Engine>> = Vec::new();
    // One that is named is wanted, whatever is found.
    if let Some(address) = address {
        opened.push(Box::new(Postgres::at(address)?));
    }
    for dialect in verify::dialects(project, findings) {
        match dialect {
            Dialect::Sqlite => opened.push(Box::new(Sqlite::new()?)),
            Dialect::Postgres if address.is_none() => opened.push(Box::new(Postgres::temporary(start()?)?)),
            Dialect::Postgres | Dialect::MySql | Dialect::Generic => {}
        }
    }
    let mut engines: Vec<&mut dyn Engine> = opened.iter_mut().map(|engine| engine.as_mut() as &mut dyn Engine).collect();
    verify::prove(project, findings, &mut engines).map_err(|why| Error::new("database", why.to_string()))
}

/// What was started for the run must not outlive it.
fn end_when_interrupted(ending: Ending) -> Result<(), Error> {
    ctrlc::set_handler(move || {
        ending.end();
        std::process::exit(INTERRUPTED);
    })
    .map_err(|error| Error::new("signals", format!("cannot be waited for: {error}")))
}
