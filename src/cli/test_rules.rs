//! `perfaudit test-rules`: runs the examples of rule pages.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::engine::pages::Pages;
use perfaudit::files::Named;
use perfaudit::{Error, escape, examples};

/// What `perfaudit test-rules` takes.
#[derive(Args)]
pub struct TestRulesArguments {
    /// Folder of rule pages
    folder: PathBuf,
    /// Folder of files that say what calls of your libraries do
    #[arg(long = "libraries", value_name = "DIR")]
    libraries_dir: Option<PathBuf>,
}

/// Runs the examples.
pub fn run(arguments: &TestRulesArguments) -> Result<ExitCode, Error> {
    let mut out = String::new();
    let (mut failed, mut ran) = (0, 0);
    let pages = Pages::load(Some(&Named::Disk(arguments.folder.clone())))?;
    let libraries = arguments.libraries_dir.clone().map(Named::Disk);
    for page in pages.iter().filter(|page| page.source.is_some()) {
        ran += page.examples.len();
        for failure in examples::run(page, &pages, libraries.as_ref())? {
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
