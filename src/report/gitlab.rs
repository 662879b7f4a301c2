//! GitLab's code quality report.

use serde_json::{Value, json};

use crate::escape;
use crate::finding::{Finding, Priority};
use crate::report::Report;

/// The findings as a code quality report of GitLab: a JSON list, one entry a finding.
pub fn render(report: &Report) -> String {
    let issues: Vec<Value> = report.findings.iter().map(issue).collect();
    escape::json(&issues)
}

fn issue(finding: &Finding) -> Value {
    let text = if finding.message.is_empty() {
        &finding.title
    } else {
        &finding.message
    };
    json!({
        "description": escape::line(text),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": severity(finding.priority),
        "location": { "path": finding.location.file, "lines": { "begin": finding.location.start_line, "end": finding.location.end_line } },
    })
}

fn severity(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 => "critical",
        Priority::P1 => "major",
        Priority::P2 => "minor",
        Priority::P3 => "info",
    }
}
