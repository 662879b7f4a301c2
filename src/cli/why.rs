//! `perfaudit why`: why a rule says something at a line, or nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use perfaudit::{Config, Error};

use super::selection::{Findings, SelectionArguments};

/// What `perfaudit why` takes.
#[derive(Args)]
pub struct WhyArguments {
    /// The rule's id, or another name it is known by
    rule: String,
    /// The place, as a report shows it: `app/services.py:19`
    #[arg(value_name = "FILE:LINE")]
    place: String,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    findings: Findings,
}

/// Prints the answer.
pub fn run(arguments: WhyArguments) -> Result<ExitCode, Error> {
    let (file, line) = parsed(&arguments.place)?;
    let findings = arguments.findings;
    let mut config = arguments.selection.configure(|settings| findings.apply(settings))?;
    // The answer is about one place; what is reported on otherwise is read with the rest.
    let reported = std::mem::take(&mut config.reported);
    config.paths.extend(reported);
    let answer = perfaudit::why(&config, &arguments.rule, &relative(&config, file), line)?;
    super::print(&answer.text())?;
    Ok(ExitCode::SUCCESS)
}

fn parsed(place: &str) -> Result<(&str, u32), Error> {
    let parts = place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    let wrong = || Error::new(place, "is no place").hint("write FILE:LINE, as in app/services.py:19");
    parts.filter(|(file, line)| !file.is_empty() && *line > 0).ok_or_else(wrong)
}

/// The file as reports name it, relative to the root. It may be given as it is called from the current folder, too.
fn relative(config: &Config, file: &str) -> String {
    let below = |path: PathBuf| {
        let root = std::fs::canonicalize(&config.root).ok()?;
        path.strip_prefix(root).ok().map(Path::to_path_buf)
    };
    let found = if config.root.join(file).exists() {
        std::fs::canonicalize(config.root.join(file)).ok()
    } else {
        std::fs::canonicalize(file).ok()
    };
    let path = found.and_then(below).unwrap_or_else(|| PathBuf::from(file));
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_and_a_line() {
        assert_eq!(parsed("C:/a b.py:19").expect("a place"), ("C:/a b.py", 19));
        for wrong in ["a.py", "a.py:", "a.py:x", ":3", "a.py:0"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
