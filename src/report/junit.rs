//! `JUnit` test cases: one failed case a finding, by file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::escape::xml;
use crate::finding::{Finding, Status};
use crate::report::{Report, words};

/// Renders the report.
pub fn render(report: &Report) -> String {
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        files.entry(&finding.location.file).or_default().push(finding);
    }
    let new = report.summary.new;
    let cases = report.summary.findings.max(1);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"perfaudit\" tests=\"{cases}\" failures=\"{new}\" errors=\"0\">"
    );
    if files.is_empty() {
        // An empty file reads as a run that did not happen.
        let verdict = xml(&words::nothing(report));
        let _ = writeln!(out, "  <testsuite name=\"perfaudit\" tests=\"1\" failures=\"0\" errors=\"0\">");
        let _ = writeln!(
            out,
            "    <testcase classname=\"perfaudit\" name=\"{verdict}\" time=\"0\"/>\n  </testsuite>"
        );
    }
    for (file, findings) in files {
        let failures = findings.iter().filter(|finding| finding.status == Status::New).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
            xml(file),
            findings.len()
        );
        for finding in findings {
            case(finding, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(finding: &Finding, out: &mut String) {
    let at = &finding.location;
    let name = format!("{} at line {}", finding.rule, at.start_line);
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"0\"",
        xml(&at.file),
        xml(&name),
        xml(&at.file),
        at.start_line
    );
    if finding.status == Status::Known {
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
