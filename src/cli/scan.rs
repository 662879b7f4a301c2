//! `perfaudit scan`: findings in one of the formats.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use perfaudit::config::{Format, Settings, parse_confidence, parse_fail_on, parse_format, parse_priority, parse_threads};
use perfaudit::finding::{Confidence, Priority};
use perfaudit::report::{RuleText, RuleTexts, github, gitlab, json, junit, markdown, sarif, table};
use perfaudit::rules::Pages;
use perfaudit::{Config, Error, Report};

/// What `perfaudit scan` takes.
#[derive(Args)]
pub struct Arguments {
    /// Files and folders to read [default: the current folder]
    paths: Vec<PathBuf>,
    /// table, json, markdown, sarif, github, gitlab or junit [default: table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 1 when a finding is at least this urgent: p0, p1, p2, p3 or never [default: p0]
    #[arg(long, value_name = "PRIORITY", value_parser = parse_threshold)]
    fail_on: Option<Threshold>,
    /// Run only this rule (may be given more than once)
    #[arg(long = "rule", value_name = "ID", value_delimiter = ',')]
    rules: Vec<String>,
    /// Leave this rule out (may be given more than once)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Report only what is at least this urgent: p0, p1, p2 or p3
    #[arg(long, value_name = "PRIORITY", value_parser = parse_priority)]
    min_priority: Option<Priority>,
    /// Report only what is at least this certain: high, medium or low
    #[arg(long, value_name = "CONFIDENCE", value_parser = parse_confidence)]
    min_confidence: Option<Confidence>,
    /// Leave out files that match, as in .gitignore (may be given more than once)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read tests, too
    #[arg(long)]
    include_tests: bool,
    /// Worker threads; 0 is one a core [default: 0]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    threads: Option<usize>,
    /// Read every file anew
    #[arg(long)]
    no_cache: bool,
    /// Settings [default: perfaudit.toml, or [tool.perfaudit] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of rule pages that take the place of the built-in ones
    #[arg(long = "rules", value_name = "DIR")]
    rules_dir: Option<PathBuf>,
}

/// A value of `--fail-on`; an `Option` of its own would read as an optional flag.
#[derive(Clone, Copy)]
struct Threshold(Option<Priority>);

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    parse_fail_on(text).map(Threshold)
}

/// Scans.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let (root, paths) = place(arguments.paths)?;
    let flags = Settings {
        paths,
        threads: arguments.threads,
        rules: arguments.rules,
        skip: arguments.skip,
        min_priority: arguments.min_priority,
        min_confidence: arguments.min_confidence,
        fail_on: arguments.fail_on.map(|threshold| threshold.0),
        format: arguments.format,
        output: arguments.output,
        rules_dir: arguments.rules_dir,
        cache: arguments.no_cache.then_some(false),
        exclude: arguments.exclude,
        include_tests: arguments.include_tests.then_some(true),
    };
    let config = Config::load(&root, arguments.config.as_deref(), flags)?;
    let report = perfaudit::audit(&config)?;
    let text = render(&config, &report)?;
    match &config.output {
        Some(file) => write(file, &text)?,
        None => super::print(&text)?,
    }
    Ok(if report.fails(config.fail_on) {
        ExitCode::from(super::FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

/// The folder that the report's paths are relative to, and the paths to read. It is the current folder, so that paths can be
/// clicked and annotated, unless a path lies outside of it; then it is the folder that holds them all.
pub(super) fn place(paths: Vec<PathBuf>) -> Result<(PathBuf, Vec<PathBuf>), Error> {
    let current = std::env::current_dir().and_then(std::fs::canonicalize);
    let current = current.map_err(|error| Error::new("current folder", format!("cannot be read: {error}")))?;
    // A path that does not exist is told about by the walk.
    let absolute: Vec<PathBuf> = paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    if absolute.len() < paths.len() || absolute.iter().all(|path| path.starts_with(&current)) {
        return Ok((PathBuf::from("."), paths));
    }
    if let ([given], [absolute]) = (paths.as_slice(), absolute.as_slice())
        && absolute.is_dir()
    {
        return Ok((given.clone(), vec![PathBuf::from(".")]));
    }
    let folder = |path: &Path| {
        if path.is_dir() {
            path.to_owned()
        } else {
            path.parent().unwrap_or(path).to_owned()
        }
    };
    let mut root = absolute.first().map_or_else(|| current.clone(), |path| folder(path));
    while !absolute.iter().all(|path| path.starts_with(&root)) && root.pop() {}
    Ok((root, absolute))
}

pub(super) fn write(file: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(file, text).map_err(|error| Error::new(file.to_string_lossy(), format!("cannot be written: {error}")))
}

fn render(config: &Config, report: &Report) -> Result<String, Error> {
    let color = config.output.is_none() && super::has_color();
    Ok(match config.format {
        Format::Table => table::render(
            report,
            table::Options {
                width: super::width(),
                color,
                least: least(config),
            },
        ),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report),
        Format::Sarif => sarif::render(report, &texts(config)?),
        Format::Github => github::render(report),
        Format::Gitlab => gitlab::render(report),
        Format::Junit => junit::render(report),
    })
}

/// A table lists what was asked for by name, and what fails the run; the least urgent findings are only counted otherwise.
fn least(config: &Config) -> Priority {
    let wanted = config.min_priority.unwrap_or(Priority::P2);
    config.fail_on.map_or(wanted, |threshold| threshold.max(wanted))
}

fn texts(config: &Config) -> Result<RuleTexts, Error> {
    let pages = Pages::load(config.rules_dir.as_deref())?;
    let text = |page: &perfaudit::rules::page::Page| RuleText {
        title: page.title.clone(),
        help: page.body.clone(),
    };
    Ok(pages.iter().map(|page| (page.id.clone(), text(page))).collect())
}
