//! The whole report as JSON: the contract that other programs read.

use crate::report::Report;

/// Renders the report.
pub fn render(report: &Report) -> String {
    // Plain data with string keys always serialises.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
