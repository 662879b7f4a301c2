//! `perfaudit baseline`: writes down what is known.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::Error;
use perfaudit::config::Settings;
use perfaudit::engine::baseline::{Baseline, FILE};
use perfaudit::finding::{Confidence, Priority};
use perfaudit::report::words;

use super::progress::{Progress, Talk};
use super::selection::SelectionArguments;

/// What `perfaudit baseline` takes.
#[derive(Args)]
pub struct BaselineArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    talk: Talk,
    /// Where to write it [default: perfaudit-baseline.json in the root]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the baseline. All findings are in it, whatever is reported otherwise: a lower threshold brings up nothing new.
pub fn run(arguments: BaselineArguments) -> Result<ExitCode, Error> {
    let mut config = arguments.selection.configure(|settings| Settings {
        min_priority: Some(Priority::P3),
        min_confidence: Some(Confidence::Low),
        ..settings
    })?;
    (config.baseline, config.since) = (None, None);
    // It is the project's: one of a part would make the rest new.
    config.reported.clear();
    let progress = Progress::new(arguments.talk);
    let report = perfaudit::audit_observed(&config, &progress);
    progress.end();
    let report = report?;
    let file = arguments.output.unwrap_or_else(|| config.root.join(FILE));
    super::output(Some(&file), &Baseline::of(&report.findings).render())?;
    if !arguments.talk.quiet {
        let shown = perfaudit::escape::line(&file.to_string_lossy());
        let shown = shown.strip_prefix("./").unwrap_or(&shown);
        let number = words::count(report.findings.len(), "finding", "findings");
        super::print(&format!(
            "{number} in {shown}; only what is new counts with: perfaudit scan --baseline {shown}\n"
        ))?;
    }
    Ok(super::end(&report, super::CLEAN))
}
