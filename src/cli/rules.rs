//! `perfaudit rules`: the list.

use std::fmt::Write as _;
use std::process::ExitCode;

use perfaudit::Error;
use perfaudit::engine::pages::Pages;

/// Prints the list.
pub fn run() -> Result<ExitCode, Error> {
    let pages = Pages::load(None)?;
    let widest = pages.iter().map(|page| page.id.len()).max().unwrap_or(0);
    let group = pages.iter().map(|page| page.category.len()).max().unwrap_or(0);
    let mut out = String::new();
    for page in pages.iter() {
        let _ = writeln!(
            out,
            "{:<widest$}  {:?}  {:<group$}  {}",
            page.id, page.priority, page.category, page.title
        );
    }
    out.push_str("\nThe page of one: perfaudit explain RULE\n");
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}
