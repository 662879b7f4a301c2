//! Arguments, output and exit codes; one file a command.

mod baseline;
mod calls;
mod completions;
mod explain;
mod fix;
mod fleet;
mod init;
mod ir;
mod listing;
mod progress;
mod project;
mod queries;
mod report;
mod rules;
mod scan;
mod schema;
mod selection;
mod terminal;
mod test_rules;
#[cfg(feature = "verify")]
mod verify;
mod why;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use perfaudit::engine::pages::Pages;
use perfaudit::report::{RuleText, RuleTexts};
use perfaudit::{Config, Error, Report, escape, files};

use terminal::{has_color, width};

/// Nothing is at or over the threshold.
const CLEAN: u8 = 0;
/// Something is at or over the threshold.
const FOUND: u8 = 1;
/// The tool or its input failed.
const FAILED: u8 = 2;

/// Reads a codebase and its database schema and says, with evidence, where it will get slow.
#[derive(Parser)]
#[command(name = "perfaudit", version, max_term_width = 110, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reports what will get slow in files and folders
    Scan(scan::ScanArguments),
    /// Writes the whole audit for reviewers, as Markdown or HTML
    Report(report::ReportArguments),
    /// Writes down what is known, so that only new findings count
    Baseline(baseline::BaselineArguments),
    /// Writes a configuration file with every setting in a comment
    Init(init::InitArguments),
    /// Prints the schema that models and migrations make: tables, keys and indexes, and which line gave each
    Schema(schema::SchemaArguments),
    /// Shows or writes what mends findings: migrations for indexes, timeouts, calls that do not block
    Fix(fix::FixArguments),
    /// Asks the planner of a scratch database whether advised indexes pay, with made-up rows
    #[cfg(feature = "verify")]
    Verify(verify::VerifyArguments),
    /// Prints a rule's page: what it finds, why, how to fix it
    Explain(explain::ExplainArguments),
    /// Lists the rules
    Rules(rules::RulesArguments),
    /// Lists every query site: table, conditions, bounds, the index that serves it, who reaches it
    Queries(queries::QueriesArguments),
    /// Lists what every function calls and what follows from it
    Calls(calls::CallsArguments),
    /// Says why a rule has a finding at a line, or has none, and what is known of the line
    Why(why::WhyArguments),
    /// Prints what rules see of one file: its functions, statements and expressions
    Ir(ir::IrArguments),
    /// Audits many repositories at once, with the Python package's extra `fleet`
    Fleet(fleet::FleetArguments),
    /// Runs the examples of the rule pages in a folder
    TestRules(test_rules::TestRulesArguments),
    /// Prints completions for a shell
    Completions(completions::CompletionsArguments),
    /// Prints the manual page
    Man,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    quiet_workers();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    let result = match arguments.command {
        Command::Scan(arguments) => scan::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Baseline(arguments) => baseline::run(arguments),
        Command::Init(arguments) => init::run(arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Fix(arguments) => fix::run(arguments),
        #[cfg(feature = "verify")]
        Command::Verify(arguments) => verify::run(arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Queries(arguments) => queries::run(&arguments),
        Command::Calls(arguments) => calls::run(&arguments),
        Command::Why(arguments) => why::run(arguments),
        Command::Ir(arguments) => ir::run(arguments),
        Command::Fleet(arguments) => fleet::run(arguments),
        Command::TestRules(arguments) => test_rules::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man => completions::man(Arguments::command()),
    };
    result.unwrap_or_else(|error| {
        tell(&format!("perfaudit: {error}\n"));
        ExitCode::from(FAILED)
    })
}

/// Says what is wrong with the arguments, or prints the help that was asked for.
fn refused(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nothing is left to tell it to where this cannot be written.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return ExitCode::from(FAILED);
        }
        _ => {}
    }
    // The message repeats the arguments, and these may be names of files: what is told is that of harmless ones.
    let harmless = std::env::args_os().map(|argument| escape::line(&argument.to_string_lossy()));
    match Arguments::try_parse_from(harmless) {
        Err(error) => tell(&error.render().to_string()),
        Ok(_) => tell("perfaudit: the arguments hold characters that are not understood\n"),
    }
    ExitCode::from(FAILED)
}

/// Writes to standard error.
fn tell(text: &str) {
    // Nothing is left to tell it to where this cannot be written.
    let _ = std::io::stderr().write_all(escape::printed(text, false).as_bytes());
}

/// How a run ends that has printed its report: a part of the tool that failed counts more than what the others found.
fn end(report: &Report, code: u8) -> ExitCode {
    if report.failures.is_empty() {
        return ExitCode::from(code);
    }
    let error = Error::new(
        "internal error",
        format!("{} failed, the report lacks what it finds", report.failures.join(", ")),
    )
    .hint("please report this, with the code that causes it");
    tell(&format!("perfaudit: warning: {error}\n"));
    ExitCode::from(FAILED)
}

/// A panic in a worker is caught and becomes a row of the report; its trace would only stand in the way.
fn quiet_workers() {
    std::panic::set_hook(Box::new(|info| {
        let is_worker = std::thread::current()
            .name()
            .is_some_and(|name| name.starts_with(perfaudit::WORKER));
        if !is_worker {
            // The message may quote the text that was at hand.
            tell(&format!("perfaudit: internal error: {}\n", escape::line(&info.to_string())));
        }
    }));
}

/// Writes a text to standard output; no line of it begins with a command of a CI service.
fn print(text: &str) -> Result<(), Error> {
    write(None, &escape::printed(text, has_color()))
}

/// Writes to standard output as it is. A reader that has seen enough (`| head`) is no failure.
fn print_as_is(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new("standard output", format!("cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a text to a file, or to standard output where none is given; no line of it begins with a command of a CI service.
fn output(file: Option<&Path>, text: &str) -> Result<(), Error> {
    styled(file, text, has_color())
}

/// As [`output`], for a text whose styles stay where it is printed and `is_styled`.
fn styled(file: Option<&Path>, text: &str, is_styled: bool) -> Result<(), Error> {
    write(file, &escape::printed(text, file.is_none() && is_styled))
}

/// Writes commands of a CI service, as they are.
fn write(file: Option<&Path>, text: &str) -> Result<(), Error> {
    match file {
        // To open it anew would start at the beginning of what it leads to.
        None => print_as_is(text),
        Some(file) if file == Path::new("/dev/stdout") => print_as_is(text),
        Some(file) => files::write(file, text),
    }
}

/// The texts of the rules, for the formats that carry them.
fn rule_texts(config: &Config) -> Result<RuleTexts, Error> {
    let pages = Pages::load(config.rules_dir.as_ref())?;
    let text = |page: &perfaudit::engine::page::Page| RuleText {
        title: page.title.clone(),
        help: page.body.clone(),
        category: page.category.clone(),
        is_built_in: page.own.is_none(),
    };
    Ok(pages.iter().map(|page| (page.id.clone(), text(page))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_failed_decides_the_exit_code() {
        let mut report = Report::default();
        assert_eq!(end(&report, FOUND), ExitCode::from(FOUND));
        report.failures.push("the rule broken".to_owned());
        assert_eq!(end(&report, CLEAN), ExitCode::from(FAILED));
        assert_eq!(end(&report, FOUND), ExitCode::from(FAILED));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
