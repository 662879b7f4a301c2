//! `perfaudit test-rules`: runs the examples of rule pages.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::engine::pages::read_folder;
use perfaudit::engine::registry::ids;
use perfaudit::{Error, escape, examples};

/// What `perfaudit test-rules` takes.
#[derive(Args)]
pub struct TestRulesArguments {
    /// Folder of rule pages
    folder: PathBuf,
}

/// Runs the examples.
pub fn run(arguments: &TestRulesArguments) -> Result<ExitCode, Error> {
    let mut out = String::new();
    let (mut failed, mut ran) = (0, 0);
    for page in read_folder(&arguments.folder)? {
        if !ids().contains(&page.id.as_str()) {
            return Err(Error::unknown(arguments.folder.to_string_lossy(), "rule", &page.id, &ids()));
        }
        ran += page.examples.len();
        for failure in examples::run(&page)? {
            failed += 1;
            let what = escape::lines(&failure.what);
            let _ = writeln!(out, "{}.md:{}: {what}", failure.rule, failure.line);
        }
    }
    let _ = writeln!(out, "{ran} examples, {failed} mistakes");
    super::print(&out)?;
    Ok(if failed > 0 {
        ExitCode::from(super::FOUND)
    } else {
        ExitCode::SUCCESS
    })
}
