//! `perfaudit report`: the whole audit for reviewers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use perfaudit::Error;
use perfaudit::config::Details;
use perfaudit::files;
use perfaudit::report::audit::{self, AuditFormat, parse_section};
use perfaudit::report::json;

use super::progress::{Progress, Talk};
use super::selection::{Findings, SelectionArguments};

/// The largest template that is read.
const LARGEST: u64 = 4_000_000;

/// What `perfaudit report` takes.
#[derive(Args)]
pub struct ReportArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    findings: Findings,
    #[command(flatten)]
    talk: Talk,
    /// markdown, html or json [default: by the name of the file, else markdown]
    #[arg(long, value_name = "FORMAT", value_parser = parse_kind)]
    format: Option<Kind>,
    /// Write the audit to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only this section: summary, themes, roadmap, top, backlog, findings, indexes, queries, endpoints, settings, capacity,
    /// monitoring, strengths, coverage or appendix (may be given more than once)
    #[arg(long = "section", value_name = "NAME", value_parser = parse_section, value_delimiter = ',')]
    sections: Vec<String>,
    /// Findings shown with all their evidence, in HTML and in the section `findings` [default: 150, in HTML 1000]
    #[arg(long, value_name = "N")]
    max_findings: Option<usize>,
    /// A template in place of the built-in one (minijinja)
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// A date for the header, in any form
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
}

/// What is written.
#[derive(Clone, Copy)]
enum Kind {
    Audit(AuditFormat),
    Json,
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    match text.to_lowercase().as_str() {
        "markdown" | "md" => Ok(Kind::Audit(AuditFormat::Markdown)),
        "html" => Ok(Kind::Audit(AuditFormat::Html)),
        "json" => Ok(Kind::Json),
        _ => Err(format!("unknown value `{text}`; valid: markdown, html, json")),
    }
}

/// Writes the audit. Findings do not fail it: that is what `scan` is for.
pub fn run(arguments: ReportArguments) -> Result<ExitCode, Error> {
    let template = arguments.template.as_deref().map(read).transpose()?;
    let kind = kind(&arguments)?;
    let findings = arguments.findings;
    let mut config = arguments.selection.configure(|settings| findings.apply(settings))?;
    config.details = Details::All;
    let progress = Progress::new(arguments.talk);
    let report = perfaudit::audit_observed(&config, &progress);
    progress.end();
    let report = report?;
    let text = match kind {
        Kind::Json => json::render(&report),
        Kind::Audit(form) => {
            let options = audit::AuditOptions {
                form,
                sections: arguments.sections,
                max_findings: arguments.max_findings,
                date: arguments.date,
                template,
            };
            audit::render(&report, &super::rule_texts(&config)?, &options)?
        }
    };
    super::output(arguments.output.as_deref(), &text)?;
    Ok(super::end(&report, super::CLEAN))
}

/// What is to be written: what was asked for, else what the names of the files say. A name that says something else is a mistake.
fn kind(arguments: &ReportArguments) -> Result<Kind, Error> {
    let (output, template) = (arguments.output.as_deref(), arguments.template.as_deref());
    let named = arguments
        .format
        .or_else(|| [output, template].into_iter().flatten().find_map(by_name));
    if let Some(kind) = named {
        return Ok(kind);
    }
    let other = output.filter(|file| file.extension().is_some_and(|extension| extension != "txt"));
    match other {
        Some(file) => Err(Error::new(file.to_string_lossy(), "not a format that is written")
            .hint("name it .md, .html or .json, or say which it is: --format markdown")),
        None => Ok(Kind::Audit(AuditFormat::Markdown)),
    }
}

/// What a file is by its name: `audit.html`, `audit.html.jinja`.
fn by_name(file: &Path) -> Option<Kind> {
    let name = file.file_name()?.to_string_lossy().to_lowercase();
    let name = name.trim_end_matches(".jinja").trim_end_matches(".j2");
    let extension = name.rsplit_once('.')?.1;
    parse_kind(if extension == "htm" { "html" } else { extension }).ok()
}

fn read(file: &Path) -> Result<(String, String), Error> {
    let text = files::read_text(file, LARGEST, "a template")?;
    Ok((file.to_string_lossy().into_owned(), text))
}
