//! The whole report as JSON: the contract that other programs read.

use crate::escape;
use crate::report::Report;

/// The whole report as one JSON document, whose form `version` names.
pub fn render(report: &Report) -> String {
    escape::json(report)
}
