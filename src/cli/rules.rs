//! `perfaudit rules`: the list.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use perfaudit::config::Settings;
use perfaudit::engine::page::Page;
use perfaudit::engine::pages::Pages;
use perfaudit::files::Named;
use perfaudit::{Config, Error, escape};
use serde_json::{Value, json};

use super::listing::ListFormat;
use super::project::place;

/// Which pages there are.
#[derive(Args)]
pub struct PageArguments {
    /// Folder of rule pages: your own rules, and texts for the built-in ones [default: what the project's configuration says]
    #[arg(long = "rules", value_name = "DIR")]
    rules_dir: Option<PathBuf>,
    /// Settings [default: perfaudit.toml, or [tool.perfaudit] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl PageArguments {
    /// The pages of the project that the current folder is in.
    pub fn pages(&self) -> Result<Pages, Error> {
        let flags = Settings {
            rules_dir: self.rules_dir.clone().map(Named::Disk),
            ..Settings::default()
        };
        let root = place(Vec::new(), false)?.root;
        Pages::load(Config::load(&root, self.config.as_deref(), flags)?.rules_dir.as_ref())
    }
}

/// What `perfaudit rules` takes.
#[derive(Args)]
pub struct RulesArguments {
    /// How the list is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
    #[command(flatten)]
    pages: PageArguments,
}

/// Prints the list.
pub fn run(arguments: &RulesArguments) -> Result<ExitCode, Error> {
    let pages = arguments.pages.pages()?;
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
            "{:<widest$}  {:?}  {:<group$}  {}{}",
            page.id,
            page.priority,
            escape::line(&page.category),
            escape::line(&page.title),
            if page.own.is_some() { " (your own)" } else { "" }
        );
    }
    out.push_str("\nThe page of one: perfaudit explain RULE\n");
    out
}

/// A rule as its page has it; `page` is its text in Markdown, `source` the file that it was read from.
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
        "own": page.own.is_some(),
        "source": page.source.as_deref().unwrap_or("built-in"),
        "page": page.body,
    })
}
