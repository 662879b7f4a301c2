//! One line a finding, as editors and `grep` read it: `file:line:col: P0 rule message`.

use std::fmt::Write as _;

use crate::escape;
use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, shown, words};

/// Renders the report; `least` is the least urgent priority that is listed, and with `all` what is known is listed, too.
pub fn render(report: &Report, least: Priority, all: bool, top: Option<usize>) -> String {
    let mut out = String::new();
    let findings = shown::findings(report, all);
    let listed: Vec<&&Finding> = findings.iter().filter(|finding| finding.priority <= least).collect();
    for finding in listed.iter().take(top.unwrap_or(usize::MAX)) {
        let _ = writeln!(out, "{}", escape::line(&line(finding)));
    }
    if findings.is_empty() && report.findings.is_empty() {
        let _ = writeln!(out, "{}", escape::line(&words::nothing(report)));
    }
    out
}

fn line(finding: &Finding) -> String {
    let at = &finding.location;
    let title = if finding.title.is_empty() {
        &finding.message
    } else {
        &finding.title
    };
    let why = if finding.reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", finding.reason)
    };
    let known = if finding.status == Status::Known { "known: " } else { "" };
    format!(
        "{}:{}:{}: {:?} {} {known}{title}{why}",
        at.file, at.start_line, at.start_column, finding.priority, finding.rule
    )
}
