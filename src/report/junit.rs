//! `JUnit` test cases: a case a finding, by file; what fails the run has failed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::escape::xml;
use crate::finding::{Finding, Priority, Status, inner_symbol};
use crate::report::{Report, words};

/// Renders the report; new findings at or over `fail_on` fail the run.
pub fn render(report: &Report, fail_on: Option<Priority>) -> String {
    let fails = |finding: &Finding| finding.status == Status::New && fail_on.is_some_and(|threshold| finding.priority <= threshold);
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        files.entry(&finding.location.file).or_default().push(finding);
    }
    let unread = report.not_judged.len();
    let failed = report.findings.iter().filter(|finding| fails(finding)).count() + unread;
    let cases = (report.findings.len() + unread).max(1);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"perfaudit\" tests=\"{cases}\" failures=\"{failed}\" errors=\"0\">"
    );
    if files.is_empty() && unread == 0 {
        // An empty file reads as a run that did not happen.
        let verdict = xml(&words::nothing(report));
        let _ = writeln!(out, "  <testsuite name=\"perfaudit\" tests=\"1\" failures=\"0\" errors=\"0\">");
        let _ = writeln!(
            out,
            "    <testcase classname=\"perfaudit\" name=\"{verdict}\" time=\"0\"/>\n  </testsuite>"
        );
    }
    not_judged(report, &mut out);
    for (file, findings) in files {
        let failures = findings.iter().filter(|finding| fails(finding)).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
            xml(file),
            findings.len()
        );
        for finding in findings {
            case(finding, fails(finding), &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// The files that fail the run because nothing is known of them.
fn not_judged(report: &Report, out: &mut String) {
    let number = report.not_judged.len();
    if number == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "  <testsuite name=\"perfaudit\" tests=\"{number}\" failures=\"{number}\" errors=\"0\">"
    );
    for gap in &report.not_judged {
        let (file, why) = (xml(&gap.file), xml(&gap.why));
        let _ = writeln!(
            out,
            "    <testcase classname=\"perfaudit\" name=\"could not be judged whole: {file}\" file=\"{file}\" time=\"0\">\n      <failure type=\"unread\" message=\"{why}\"/>\n    </testcase>"
        );
    }
    out.push_str("  </testsuite>\n");
}

/// What a case is called: the same after lines have moved, and for each finding another.
fn name(finding: &Finding) -> String {
    let symbol = inner_symbol(&finding.location);
    let place = if symbol.is_empty() {
        String::new()
    } else {
        format!(" in {symbol}")
    };
    format!("{}{place} ({})", finding.rule, finding.fingerprint.get(..8).unwrap_or_default())
}

fn case(finding: &Finding, fails: bool, out: &mut String) {
    let at = &finding.location;
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"0\"",
        xml(&at.file),
        xml(&name(finding)),
        xml(&at.file),
        at.start_line
    );
    if !fails {
        out.push_str("/>\n");
        return;
    }
    let title = if finding.title.is_empty() { &finding.rule } else { &finding.title };
    let _ = write!(
        out,
        ">\n      <failure type=\"{:?}\" message=\"{}\">{}",
        finding.priority,
        xml(title),
        xml(&finding.message)
    );
    for related in &finding.related {
        let _ = write!(
            out,
            "\n{}: {} ({})",
            words::role(related.role),
            xml(&related.message),
            xml(&words::place(&related.location))
        );
    }
    if !finding.fix.summary.is_empty() {
        let _ = write!(out, "\nFix: {}", xml(&finding.fix.summary));
    }
    out.push_str("</failure>\n    </testcase>\n");
}
