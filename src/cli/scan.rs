//! `perfaudit scan`: findings in one of the formats, and an exit code for CI.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::config::{Details, Format, Settings, parse_fail_on, parse_format};
use perfaudit::finding::Priority;
use perfaudit::report::{audit, full, github, gitlab, json, junit, sarif, table, words};
use perfaudit::{Config, Error, Report};

use super::progress::{Progress, Talk};
use super::selection::{Findings, Selection};

/// What `perfaudit scan` takes.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    findings: Findings,
    #[command(flatten)]
    talk: Talk,
    /// table, full, json, markdown, html, sarif, github, gitlab or junit [default: table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 1 when a new finding is at least this urgent: p0, p1, p2, p3 or never [default: p0]
    #[arg(long, value_name = "PRIORITY", value_parser = parse_threshold)]
    fail_on: Option<Threshold>,
    /// Exit with 1 when a file could not be read or judged whole; with --since, only one that changed, and then unless this is false
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    fail_on_unread: Option<bool>,
}

/// A value of `--fail-on`; an `Option` of its own would read as an optional flag.
#[derive(Clone, Copy)]
struct Threshold(Option<Priority>);

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    parse_fail_on(text).map(Threshold)
}

/// Scans.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let talk = arguments.talk;
    let findings = arguments.findings;
    let mut config = arguments.selection.configure(|settings| {
        findings.apply(Settings {
            fail_on: arguments.fail_on.map(|threshold| threshold.0),
            fail_on_unread: arguments.fail_on_unread,
            format: arguments.format,
            ..settings
        })
    })?;
    config.details = match config.format {
        Format::Markdown | Format::Html => Details::All,
        Format::Full => Details::Code,
        _ => Details::None,
    };
    let progress = Progress::new(talk);
    let report = perfaudit::audit_observed(&config, &progress);
    progress.end();
    let report = report?;
    // Each line of this one format is a command, and meant to be one.
    let write = if config.format == Format::Github {
        super::write
    } else {
        super::output
    };
    let color = arguments.output.is_none() && super::has_color();
    write(arguments.output.as_deref(), &render(&config, &report, talk, color)?)?;
    if let Some(line) = words::not_judged(&report) {
        super::tell(&format!("perfaudit: {line}\n"));
    }
    let code = if report.fails(config.fail_on) { super::FOUND } else { super::CLEAN };
    Ok(super::end(&report, code))
}

fn render(config: &Config, report: &Report, talk: Talk, color: bool) -> Result<String, Error> {
    let audit_as = |form| {
        let options = audit::Options {
            form,
            ..audit::Options::default()
        };
        audit::render(report, &super::rule_texts(config)?, &options)
    };
    Ok(match config.format {
        Format::Table => table::render(
            report,
            table::Options {
                width: super::width(),
                color,
                least: least(config, talk),
                quiet: talk.quiet,
            },
        ),
        Format::Full => full::render(report, color),
        Format::Json => json::render(report),
        Format::Markdown => audit_as(audit::Form::Markdown)?,
        Format::Html => audit_as(audit::Form::Html)?,
        Format::Sarif => sarif::render(&report.from_run(), &super::rule_texts(config)?),
        Format::Github => github::render(&report.from_run()),
        Format::Gitlab => gitlab::render(&report.from_run()),
        Format::Junit => junit::render(report),
    })
}

/// A table lists what was asked for by name, and what fails the run; the least urgent findings are only counted otherwise.
fn least(config: &Config, talk: Talk) -> Priority {
    if talk.verbose {
        return Priority::P3;
    }
    let wanted = config.min_priority.unwrap_or(Priority::P2);
    config.fail_on.map_or(wanted, |threshold| threshold.max(wanted))
}
