//! Annotations of a GitHub workflow run: one command line a finding.

use std::fmt::Write as _;

use crate::escape::{workflow, workflow_property};
use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, words};

/// Renders the report.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let at = &finding.location;
        // GitHub takes columns only within one line.
        let is_one_line = at.start_line == at.end_line;
        let columns = if is_one_line {
            format!(",col={},endColumn={}", at.start_column, at.end_column)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "::{} file={},line={},endLine={}{},title={}::{}",
            level(finding),
            workflow_property(&at.file),
            at.start_line,
            at.end_line,
            columns,
            workflow_property(&format!("{:?} {}", finding.priority, finding.rule)),
            workflow(&text(finding)),
        );
    }
    if report.findings.is_empty() {
        let _ = writeln!(out, "::notice title=perfaudit::{}", workflow(&words::nothing(report)));
    }
    out
}

fn level(finding: &Finding) -> &'static str {
    match (finding.status, finding.priority) {
        (Status::New, Priority::P0) => "error",
        (Status::New, Priority::P1 | Priority::P2) => "warning",
        _ => "notice",
    }
}

fn text(finding: &Finding) -> String {
    let mut text = if finding.message.is_empty() {
        finding.title.clone()
    } else {
        finding.message.clone()
    };
    for related in &finding.related {
        let _ = write!(
            text,
            "\n{}: {} ({})",
            words::role(related.role),
            related.message,
            words::place(&related.location)
        );
    }
    if !finding.fix.summary.is_empty() {
        let _ = write!(text, "\nFix: {}", finding.fix.summary);
    }
    text
}
