//! Annotations of a GitHub workflow run: one command line a finding that is new and worth a reader's time.

use std::fmt::Write as _;

use crate::escape::{workflow, workflow_property};
use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, shown, words};

/// Annotations of one level; GitHub shows no more of a step.
const MOST: usize = 10;

/// Renders the report; what is at or over `fail_on` fails the run, and is an error.
pub fn render(report: &Report, fail_on: Option<Priority>) -> String {
    let mut out = String::new();
    let least = fail_on.map_or(Priority::P2, |threshold| threshold.max(Priority::P2));
    let told: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.status == Status::New && finding.priority <= least)
        .collect();
    let mut left_out = 0;
    for wanted in ["error", "warning"] {
        let of_level: Vec<&&Finding> = told.iter().filter(|finding| level(finding, fail_on) == wanted).collect();
        left_out += of_level.len().saturating_sub(MOST);
        for finding in of_level.into_iter().take(MOST) {
            annotation(finding, wanted, &mut out);
        }
    }
    notice(&summary(report, told.len(), left_out), &mut out);
    if let Some(line) = shown::failed(report, fail_on) {
        notice(&line, &mut out);
    }
    out
}

fn annotation(finding: &Finding, level: &str, out: &mut String) {
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
        "::{level} file={},line={},endLine={}{},title={}::{}",
        workflow_property(&at.file),
        at.start_line,
        at.end_line,
        columns,
        workflow_property(&format!("{:?} {}", finding.priority, finding.rule)),
        workflow(&text(finding)),
    );
}

fn notice(text: &str, out: &mut String) {
    let _ = writeln!(out, "::notice title=perfaudit::{}", workflow(text));
}

/// What else there is, and what was read.
fn summary(report: &Report, told: usize, left_out: usize) -> String {
    if report.findings.is_empty() {
        return words::nothing(report);
    }
    let mut text = words::totals(report);
    if left_out > 0 {
        let _ = write!(text, "; {} not annotated: at most {MOST} a level", words::grouped(left_out));
    } else if told == 0 {
        text.push_str("; none that is new is at or over P2");
    }
    text
}

/// What fails the run is an error, whatever its priority.
fn level(finding: &Finding, fail_on: Option<Priority>) -> &'static str {
    if finding.priority <= fail_on.unwrap_or(Priority::P0) {
        "error"
    } else {
        "warning"
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
