//! `perfaudit scan`: findings in one of the formats, and an exit code for CI.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use perfaudit::config::{Details, Format, Settings, parse_fail_on, parse_format};
use perfaudit::finding::Priority;
use perfaudit::report::groups::{self, By};
use perfaudit::report::{audit, concise, full, github, gitlab, json, junit, pr, sarif, screen, table, words};
use perfaudit::{Config, Error, Report};

use super::progress::{Progress, Talk};
use super::selection::{Findings, SelectionArguments};
use super::terminal::{self, CiService, Color};

/// What `perfaudit scan` takes.
#[derive(Args)]
pub struct ScanArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    findings: Findings,
    #[command(flatten)]
    talk: Talk,
    #[command(flatten)]
    screen: Screen,
    /// table, full, concise, json, markdown, html, pr, sarif, github, gitlab or junit [default: what a known
    /// CI service reads, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 1 when a new finding is at least this urgent: p0, p1, p2, p3 or never [default: p0]
    #[arg(long, value_name = "PRIORITY", value_parser = parse_threshold)]
    fail_on: Option<Threshold>,
    /// Exit as asked also where nothing was read; in CI that is exit code 2 otherwise
    #[arg(long)]
    allow_empty: bool,
    /// Exit with 1 when a file could not be read or judged whole; with --since, only one that changed, and then unless this is false
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    fail_on_unread: Option<bool>,
}

/// What is shown of the findings, and how.
#[derive(Args, Clone, Copy)]
struct Screen {
    /// List all findings at a terminal, too, and with --since or a baseline also those that are known
    #[arg(long)]
    all: bool,
    /// Only the first N findings, in the order of what to fix first
    #[arg(long, value_name = "N", conflicts_with = "all")]
    top: Option<usize>,
    /// Only how many findings each rule has
    #[arg(long, conflicts_with_all = ["group_by", "top"])]
    statistics: bool,
    /// Only how many findings there are by rule, file, route, table or cause
    #[arg(long, value_name = "WHAT", conflicts_with = "top")]
    group_by: Option<Group>,
    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// A value of `--group-by`.
#[derive(Clone, Copy, ValueEnum)]
enum Group {
    /// Rules
    Rule,
    /// Files
    File,
    /// Entry points that reach the findings
    Route,
    /// Tables that they are about
    Table,
    /// Places that mend them
    Cause,
}

impl Screen {
    /// What the findings are counted by, where they only are.
    fn groups(self) -> Option<By> {
        let by = |group| match group {
            Group::Rule => By::Rule,
            Group::File => By::File,
            Group::Route => By::Route,
            Group::Table => By::Table,
            Group::Cause => By::Cause,
        };
        self.group_by.map(by).or(self.statistics.then_some(By::Rule))
    }

    /// Whether something is asked for that is for people.
    fn is_asked(self) -> bool {
        self.all || self.top.is_some() || self.groups().is_some() || self.color == Color::Always
    }

    /// Refuses what a format cannot show.
    fn check(self, format: Format) -> Result<(), Error> {
        let is_list = matches!(format, Format::Table | Format::Concise);
        let flag = match () {
            () if self.groups().is_some() && format != Format::Table => "--statistics and --group-by",
            () if self.top.is_some() && !is_list => "--top",
            () => return Ok(()),
        };
        Err(Error::new(flag, "not for this format").hint("leave out --format, or take `table`"))
    }
}

/// A value of `--fail-on`; an `Option` of its own would read as an optional flag.
#[derive(Clone, Copy)]
struct Threshold(Option<Priority>);

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    parse_fail_on(text).map(Threshold)
}

/// Runs `perfaudit scan`: reads, prints or writes the report, and gives the exit code that `--fail-on` asks for.
pub fn run(arguments: ScanArguments) -> Result<ExitCode, Error> {
    let (talk, screen) = (arguments.talk, arguments.screen);
    let findings = arguments.findings;
    let mut config = arguments.selection.configure(|settings| {
        findings.apply(Settings {
            fail_on: arguments.fail_on.map(|threshold| threshold.0),
            fail_on_unread: arguments.fail_on_unread,
            format: arguments.format,
            ..settings
        })
    })?;
    if !config.format_is_given && !screen.is_asked() {
        config.format = usual(arguments.output.as_deref());
    }
    screen.check(config.format)?;
    config.details = match config.format {
        Format::Markdown | Format::Html => Details::All,
        Format::Full | Format::Pr => Details::Code,
        // The tables of a statement stand in the inventory.
        Format::Table if screen.groups() == Some(By::Table) => Details::All,
        _ => Details::None,
    };
    let progress = Progress::new(talk);
    let report = perfaudit::audit_observed(&config, &progress);
    progress.end();
    let report = report?;
    let shown = Shown {
        config: &config,
        report: &report,
        talk,
        screen,
        to_file: arguments.output.is_some(),
    };
    let text = shown.render()?;
    let file = arguments.output.as_deref();
    // Each line of this one format is a command, and meant to be one.
    if config.format == Format::Github {
        super::write(file, &text)?;
    } else {
        super::styled(file, &text, screen.color.is_wanted())?;
    }
    if let Some(line) = words::not_judged(&report) {
        super::tell(&format!("perfaudit: {line}\n"));
    }
    if report.is_empty() && !arguments.allow_empty && terminal::is_ci() {
        super::tell(&format!(
            "perfaudit: {} A wrong path must not pass in CI; --allow-empty accepts it\n",
            words::nothing(&report)
        ));
        return Ok(ExitCode::from(super::FAILED));
    }
    let code = if report.fails(config.fail_on) { super::FOUND } else { super::CLEAN };
    Ok(super::end(&report, code))
}

/// The format where none is given: the one that the CI service reads from where the report goes to; else the one for people.
fn usual(output: Option<&Path>) -> Format {
    let is_json = |file: &Path| file.extension().is_some_and(|extension| extension == "json");
    match (terminal::service(), output) {
        (Some(CiService::Github), None) => Format::Github,
        (Some(CiService::Gitlab), Some(file)) if is_json(file) => Format::Gitlab,
        _ => Format::Table,
    }
}

/// A report, and how it is to be shown.
struct Shown<'a> {
    config: &'a Config,
    report: &'a Report,
    talk: Talk,
    screen: Screen,
    to_file: bool,
}

/// Groups that a terminal lists: with what else is said some forty lines.
const GROUPS: usize = 35;

impl Shown<'_> {
    fn render(&self) -> Result<String, Error> {
        let (report, all) = (self.report, self.screen.all);
        Ok(match self.config.format {
            Format::Table => self.table(),
            Format::Full => full::render(report, self.color(), all, self.config.fail_on),
            Format::Concise => concise::render(&report.from_run(), self.least(), all, self.screen.top),
            Format::Json => json::render(report),
            Format::Markdown => self.audit(audit::AuditFormat::Markdown)?,
            Format::Html => self.audit(audit::AuditFormat::Html)?,
            Format::Pr => pr::render(&report.from_run(), self.config.fail_on),
            Format::Sarif => sarif::render(&report.from_run(), &super::rule_texts(self.config)?),
            Format::Github => github::render(&report.from_run(), self.config.fail_on),
            Format::Gitlab => gitlab::render(&report.from_run()),
            Format::Junit => junit::render(report, self.config.fail_on),
        })
    }

    fn audit(&self, form: audit::AuditFormat) -> Result<String, Error> {
        let options = audit::AuditOptions {
            form,
            ..audit::AuditOptions::default()
        };
        audit::render(self.report, &super::rule_texts(self.config)?, &options)
    }

    fn color(&self) -> bool {
        !self.to_file && self.screen.color.is_wanted()
    }

    /// Groups where they are asked for; else somebody at a terminal gets one screen, and all others get all.
    fn table(&self) -> String {
        let is_terminal = !self.to_file && terminal::is_terminal();
        if let Some(by) = self.screen.groups() {
            let is_cut = is_terminal && !self.screen.all;
            let options = groups::GroupOptions {
                width: is_terminal.then(|| usize::from(super::width())),
                most: is_cut.then_some(GROUPS),
                all: self.screen.all,
                fail_on: self.config.fail_on,
            };
            return groups::render(self.report, by, options);
        }
        let options = table::TableOptions {
            width: super::width(),
            color: self.color(),
            least: self.least(),
            quiet: self.talk.quiet,
            is_terminal,
            all: self.screen.all,
            fail_on: self.config.fail_on,
        };
        let is_screen = is_terminal && !self.screen.all && !self.talk.verbose;
        if !is_screen && self.screen.top.is_none() {
            return table::render(self.report, options);
        }
        let links = is_terminal && self.color() && terminal::has_links();
        let options = screen::ScreenOptions {
            table: options,
            top: self.screen.top,
            links: links.then(|| std::fs::canonicalize(&self.config.root).ok()).flatten(),
        };
        screen::render(self.report, &options)
    }

    /// A list has what was asked for by name, and what fails the run; the least urgent findings are only counted otherwise.
    fn least(&self) -> Priority {
        if self.talk.verbose || self.screen.all {
            return Priority::P3;
        }
        let wanted = self.config.min_priority.unwrap_or(Priority::P2);
        self.config.fail_on.map_or(wanted, |threshold| threshold.max(wanted))
    }
}
