//! The command line's entry: nothing but the exit code is decided here.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
