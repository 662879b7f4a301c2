//! `perfaudit completions` and `perfaudit man`: made from the same definitions that the command line is read by.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;
use perfaudit::Error;

/// What `perfaudit completions` takes.
#[derive(Args)]
pub struct CompletionsArguments {
    /// The shell that reads them
    shell: Shell,
}

/// Prints the completions for a shell.
pub fn run(arguments: &CompletionsArguments, mut command: Command) -> Result<ExitCode, Error> {
    let name = command.get_name().to_owned();
    let mut out: Vec<u8> = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut out);
    print(&out)
}

/// Prints the manual page: the program, then each of its commands.
pub fn man(mut command: Command) -> Result<ExitCode, Error> {
    let failed = |error: std::io::Error| Error::new("man", format!("cannot be written: {error}"));
    let mut out: Vec<u8> = Vec::new();
    // Gives each command its name with that of the program.
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render(&mut out).map_err(failed)?;
    for sub in command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        let name = sub.get_bin_name().unwrap_or(sub.get_name());
        out.extend(format!(".SH \"{}\"\n", name.to_uppercase()).bytes());
        let page = clap_mangen::Man::new(sub.clone());
        page.render_synopsis_section(&mut out).map_err(failed)?;
        page.render_description_section(&mut out).map_err(failed)?;
        page.render_options_section(&mut out).map_err(failed)?;
    }
    print(&out)
}

/// What is made here has no names of a scanned repository in it.
fn print(bytes: &[u8]) -> Result<ExitCode, Error> {
    super::print_as_is(&String::from_utf8_lossy(bytes))?;
    Ok(ExitCode::SUCCESS)
}
