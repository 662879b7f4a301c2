//! Which findings the screens show: with a baseline only what is new, unless all is asked for; and which of them fail the run.

use crate::escape;
use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, words};

/// Findings that are named where it is said why the run failed.
const NAMED: usize = 3;

/// The findings to show: all of them, or where the report was compared, those that are new.
pub fn findings(report: &Report, all: bool) -> Vec<&Finding> {
    let is_wanted = |finding: &&Finding| all || !report.compared || finding.status == Status::New;
    report.findings.iter().filter(is_wanted).collect()
}

/// What is said of the known findings that are not shown; `None` where there is none.
pub fn known(report: &Report, all: bool) -> Option<String> {
    let known = report.findings.len() - findings(report, all).len();
    (known > 0).then(|| format!("{} not shown: --all", words::count(known, "known finding", "known findings")))
}

/// The new findings at or over the threshold, which fail the run.
pub fn failing(report: &Report, threshold: Option<Priority>) -> Vec<&Finding> {
    let Some(threshold) = threshold else { return Vec::new() };
    let fails = |finding: &&Finding| finding.status == Status::New && finding.priority <= threshold;
    report.findings.iter().filter(fails).collect()
}

/// Why the run fails, with the first few that fail it; `None` where no finding does.
pub fn failed(report: &Report, threshold: Option<Priority>) -> Option<String> {
    let failing = failing(report, threshold);
    let threshold = threshold.filter(|_| !failing.is_empty())?;
    let named: Vec<String> = failing.iter().take(NAMED).map(|finding| name(finding)).collect();
    let more = match failing.len().saturating_sub(NAMED) {
        0 => String::new(),
        number => format!(" and {} more", words::grouped(number)),
    };
    let new = if report.compared { "new " } else { "" };
    let these = match failing.len() {
        1 => format!("this {new}finding"),
        number => format!("these {} {new}findings", words::grouped(number)),
    };
    Some(format!(
        "Failed (exit code 1) because of {these} at or over {threshold:?}: {}{more}",
        named.join(", ")
    ))
}

fn name(finding: &Finding) -> String {
    escape::line(&format!("{} {}", finding.rule, words::place(&finding.location)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Location};

    fn found(line: u32, priority: Priority, status: Status) -> Finding {
        let location = Location {
            file: "a.py".to_owned(),
            start_line: line,
            ..Location::default()
        };
        Finding {
            status,
            ..Finding::new("n-plus-one", priority, Confidence::High, location)
        }
    }

    #[test]
    fn what_fails_the_run_is_named_and_what_is_known_is_counted() {
        let findings = vec![
            found(1, Priority::P0, Status::Known),
            found(2, Priority::P1, Status::New),
            found(3, Priority::P2, Status::New),
        ];
        let mut report = Report::new(".", findings, Vec::new(), Coverage::default());
        assert_eq!(self::findings(&report, false).len(), 3);
        report.compared = true;
        assert_eq!(self::findings(&report, false).len(), 2);
        assert_eq!(known(&report, false).as_deref(), Some("1 known finding not shown: --all"));
        assert_eq!((known(&report, true), failed(&report, None)), (None, None));
        assert_eq!(failed(&report, Some(Priority::P0)), None);
        let why = failed(&report, Some(Priority::P1)).expect("it fails");
        assert_eq!(
            why,
            "Failed (exit code 1) because of this new finding at or over P1: n-plus-one a.py:2"
        );
    }
}
