//! The whole report as JSON: the contract that other programs read.

use crate::escape;
use crate::report::Report;

/// Renders the report.
pub fn render(report: &Report) -> String {
    escape::json(report)
}
