//! `perfaudit rules`: the list.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use perfaudit::Error;
use perfaudit::engine::page::Page;
use perfaudit::engine::pages::Pages;
use serde_json::{Value, json};

use super::listing::ListFormat;

/// What `perfaudit rules` takes.
#[derive(Args)]
pub struct RulesArguments {
    /// How the list is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
}

/// Prints the list.
pub fn run(arguments: &RulesArguments) -> Result<ExitCode, Error> {
    let pages = Pages::load(None)?;
    let text = match arguments.format {
        ListFormat::Table => table(&pages),
        ListFormat::Json => {
            let rules: Vec<Value> = pages.iter().map(rule).collect();
            let text = serde_json::to_string_pretty(&rules);
            text.map_err(|error| Error::new("rules", format!("cannot be written: {error}")))? + "\n"
        }
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn table(pages: &Pages) -> String {
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
    out
}

/// A rule as its page has it; `page` is its text in Markdown.
fn rule(page: &Page) -> Value {
    json!({
        "id": page.id,
        "title": page.title,
        "category": page.category,
        "priority": page.priority,
        "confidence": page.confidence,
        "effort": page.effort,
        "aliases": page.aliases,
        "languages": page.languages,
        "acceptance": page.acceptance,
        "risk": page.risk,
        "verify": page.verify,
        "page": page.body,
    })
}
