//! What was not read or not understood, as sentences.

use crate::coverage::{Coverage, EXAMPLES};
use crate::report::words;

/// The gaps, a sentence each, with names between backticks.
pub fn gaps(coverage: &Coverage) -> Vec<String> {
    let mut gaps: Vec<String> = Vec::new();
    let own = coverage.calls.total.saturating_sub(coverage.calls.external);
    let open = own.saturating_sub(coverage.calls.resolved);
    if open > 0 {
        gaps.push(format!(
            "Calls without a known target: {} of {}; a chain through one of them is not seen",
            words::grouped(open),
            words::grouped(own)
        ));
    }
    if !coverage.parse_errors.is_empty() {
        let files: Vec<String> = coverage
            .parse_errors
            .iter()
            .take(EXAMPLES)
            .map(|error| error.file.clone())
            .collect();
        gaps.push(gap("Files with ranges that did not parse", coverage.parse_errors.len(), &files));
    }
    let unclear = &coverage.statements.not_understood;
    if unclear.count > 0 {
        let title = format!(
            "SQL statements not understood (of {})",
            words::grouped(unclear.count + coverage.statements.understood)
        );
        gaps.push(gap(&title, unclear.count, &unclear.examples));
    }
    for (limit, group) in &coverage.limits {
        let about = limit.about();
        let title = format!("{}, at most {}: {}", about.what, about.written, about.beyond);
        gaps.push(gap(&title, group.count, &group.examples));
    }
    for (reason, group) in &coverage.skipped {
        gaps.push(gap(&format!("Left out, {}", reason.text()), group.count, &group.examples));
    }
    if coverage.not_utf8.count > 0 {
        let title = "Not UTF-8, read with replacements";
        gaps.push(gap(title, coverage.not_utf8.count, &coverage.not_utf8.examples));
    }
    if coverage.tests > 0 {
        gaps.push(format!("Test files left out: {}", words::grouped(coverage.tests)));
    }
    if !coverage.unread.is_empty() {
        gaps.push(format!("Languages that are not read: {}", words::unread(coverage)));
    }
    if coverage.suppressed > 0 {
        gaps.push(format!("Findings suppressed by comments: {}", words::grouped(coverage.suppressed)));
    }
    if coverage.filtered > 0 {
        gaps.push(format!(
            "Findings under the priority or confidence that was asked for, or switched off for their path: {}",
            words::grouped(coverage.filtered)
        ));
    }
    gaps.extend(coverage.notes.iter().cloned());
    gaps
}

fn gap(title: &str, count: usize, examples: &[String]) -> String {
    // A backtick of a name would end its code span.
    let shown: Vec<String> = examples.iter().map(|example| format!("`{}`", example.replace('`', "'"))).collect();
    if shown.is_empty() {
        return format!("{title}: {}", words::grouped(count));
    }
    let more = if count > examples.len() { ", …" } else { "" };
    format!("{title}: {} ({}{more})", words::grouped(count), shown.join(", "))
}
