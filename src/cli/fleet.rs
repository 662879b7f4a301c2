//! `perfaudit fleet`: handed on to the part of the Python package that runs this program over many repositories.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;
use perfaudit::Error;

/// The program that the Python package installs beside this one.
const PROGRAM: &str = "perfaudit-fleet";

/// What `perfaudit fleet` takes: all of it is the other program's to read.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct FleetArguments {
    /// What `perfaudit fleet --help` lists, with the Python package installed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the other program, which ends the way that this one then ends.
pub fn run(arguments: FleetArguments) -> Result<ExitCode, Error> {
    let program = beside().ok_or_else(|| {
        Error::new(
            "fleet",
            "is a part of the Python package, and this perfaudit was not installed by it",
        )
        .hint("install the wheel with its extra `fleet` (`pip install 'perfaudit[fleet]'`), and run the `perfaudit` that comes with it")
    })?;
    let mut command = Command::new(program);
    command.args(arguments.arguments);
    hand_over(command)
}

/// The program in the folder of this one: neither `PATH` nor the current folder says what runs.
fn beside() -> Option<PathBuf> {
    // A link in a folder of commands, as pipx makes them, leads to where both were installed.
    let own = std::env::current_exe().ok()?.canonicalize().ok()?;
    let program = own.with_file_name(PROGRAM);
    program.is_file().then_some(program)
}

/// In the place of this process, so that signals and the exit code need no passing on.
#[cfg(unix)]
fn hand_over(mut command: Command) -> Result<ExitCode, Error> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(Error::new("fleet", format!("`{PROGRAM}` cannot be started: {error}")))
}

/// Installers make programs of scripts on Unix alone.
#[cfg(not(unix))]
fn hand_over(_: Command) -> Result<ExitCode, Error> {
    Err(Error::new("fleet", "is not started by this program on this system")
        .hint("run `python -P -m perfaudit.fleet` (before Python 3.11, `-I` in place of `-P`)"))
}
