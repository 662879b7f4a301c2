//! Names of findings and places, as the audit writes them.

use crate::finding::{Effort, Finding, Location, Priority};
use crate::report::words;

/// Characters of the fingerprint that make the id.
const ID: usize = 8;

/// A finding's id in the report.
pub fn id(finding: &Finding) -> &str {
    finding.fingerprint.get(..ID).unwrap_or(&finding.fingerprint)
}

/// A finding's title; the rule's name where it has none.
pub fn title(finding: &Finding) -> &str {
    if finding.title.is_empty() { &finding.rule } else { &finding.title }
}

/// Whether little work mends something urgent.
pub fn is_quick(finding: &Finding) -> bool {
    finding.effort == Effort::S && finding.priority <= Priority::P1
}

/// `file:12` or `file:12-14`.
pub fn place(location: &Location) -> String {
    if location.end_line > location.start_line {
        format!("{}-{}", words::place(location), location.end_line)
    } else {
        words::place(location)
    }
}

/// The language of a file, for fences.
pub fn language(file: &str) -> &'static str {
    match file.rsplit('.').next().unwrap_or("") {
        "py" | "pyi" => "python",
        "ts" | "mts" | "cts" => "ts",
        "tsx" => "tsx",
        "js" | "mjs" | "cjs" | "jsx" => "js",
        "sql" => "sql",
        "prisma" => "prisma",
        "yml" | "yaml" => "yaml",
        "toml" => "toml",
        _ => "",
    }
}
