//! Wording that several formats share.

use crate::coverage::Coverage;
use crate::escape;
use crate::finding::{Confidence, Effort, Location, Role};
use crate::judge::scale::Scale;
use crate::report::Report;

/// `1 file`, `2 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with thousands apart: `12,345`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Share in per cent, rounded down so that it says 100 only when all are.
pub fn share(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}

/// A role in words.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Query => "query",
        Role::Loop => "loop",
        Role::Call => "call",
        Role::Callee => "callee",
        Role::Index => "index",
        Role::Table => "table",
        Role::Column => "column",
        Role::Endpoint => "endpoint",
        Role::Evidence => "evidence",
        Role::Place => "also",
    }
}

/// A class of row counts, as a word before `rows`.
pub fn scale(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "at most one of",
        Scale::Few => "few",
        Scale::Given => "the given",
        Scale::OfParent => "a parent's",
        Scale::Page => "a page",
        Scale::Unknown => "an unknown number of",
        Scale::Many => "many",
        Scale::Stream => "a stream of",
    }
}

/// A confidence in words.
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// An effort in words.
pub fn effort(effort: Effort) -> &'static str {
    match effort {
        Effort::S => "S (under 2 hours)",
        Effort::M => "M (2 to 8 hours)",
        Effort::L => "L (1 to 3 days)",
    }
}

/// `file:line`.
pub fn place(location: &Location) -> String {
    format!("{}:{}", location.file, location.start_line)
}

/// The verdict when there are no findings: silence is not health where nothing was understood.
pub fn nothing(report: &Report) -> String {
    let coverage = &report.coverage;
    let files = count(coverage.files(), "file", "files");
    if coverage.files() == 0 {
        let mut why = Vec::new();
        if coverage.tests > 0 {
            why.push(format!("{} left out", count(coverage.tests, "test file", "test files")));
        }
        if coverage.skipped_count() > 0 {
            why.push(format!("{} skipped", grouped(coverage.skipped_count())));
        }
        if !coverage.unread.is_empty() {
            why.push(format!("not read: {}", unread(coverage)));
        }
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(" ({})", why.join("; "))
        };
        return format!("Nothing was checked: no Python, TypeScript, JavaScript, SQL or Prisma file was read{why}.");
    }
    if let Some(part) = report.part.as_ref().filter(|part| part.files == 0) {
        let paths: Vec<String> = part.paths.iter().map(|path| escape::line(path)).collect();
        return format!(
            "Nothing was checked: no file of {} was read, of the project {files}.",
            paths.join(", ")
        );
    }
    if coverage.functions == 0 && coverage.query_sites == 0 && coverage.tables == 0 {
        return format!("Nothing was understood in {files}: no function, query or table. This says nothing about their performance.");
    }
    let blind = match (coverage.query_sites, coverage.tables) {
        (0, 0) => " No query and no table was recognised, so the rules about queries and schema had nothing to check.",
        (0, _) => " No query was recognised, so the rules about queries had nothing to check.",
        (_, 0) => " No table was recognised, so the rules about schema had nothing to check.",
        _ => "",
    };
    let filtered = match coverage.filtered {
        0 => String::new(),
        number => format!(
            " {} under the priority or confidence that was asked for.",
            count(number, "finding is", "findings are")
        ),
    };
    let files = report.part.as_ref().map_or(files, |part| count(part.files, "file", "files"));
    format!("Nothing found in {files}.{blind}{filtered}")
}

/// The files that fail the run because nothing is known of them; `None` where there is none.
pub fn not_judged(report: &Report) -> Option<String> {
    const SHOWN: usize = 5;
    let gaps = &report.not_judged;
    if gaps.is_empty() {
        return None;
    }
    let shown = gaps
        .iter()
        .take(SHOWN)
        .map(|gap| escape::line(&format!("{} ({})", gap.file, gap.why)));
    let shown: Vec<String> = shown.collect();
    let more = match gaps.len().saturating_sub(SHOWN) {
        0 => String::new(),
        number => format!(" and {} more", grouped(number)),
    };
    Some(format!(
        "{} could not be judged whole, which fails the run: {}{more}; `--fail-on-unread=false` accepts that",
        count(gaps.len(), "file", "files"),
        shown.join(", ")
    ))
}

/// What was read and what of it is reported on; `None` where that is the same.
pub fn part(report: &Report) -> Option<String> {
    const SHOWN: usize = 3;
    let part = report.part.as_ref()?;
    let paths: Vec<String> = part.paths.iter().take(SHOWN).map(|path| escape::line(path)).collect();
    let more = match part.paths.len().saturating_sub(SHOWN) {
        0 => String::new(),
        number => format!(" and {} more", grouped(number)),
    };
    Some(format!(
        "Read: the whole project, {}; reported on: {}{more} ({}); elsewhere: {}",
        count(report.coverage.files(), "file", "files"),
        paths.join(", "),
        count(part.files, "file", "files"),
        count(part.elsewhere, "finding", "findings")
    ))
}

/// Findings by priority, and against a baseline.
pub fn totals(report: &Report) -> String {
    let summary = &report.summary;
    let counts = summary
        .priorities
        .iter()
        .map(|(priority, number)| format!("{} {priority:?}", grouped(*number)));
    let counts: Vec<String> = counts.collect();
    let compared = if report.compared {
        let known = summary.findings - summary.new;
        format!(
            " ({} new, {} known, {} fixed)",
            grouped(summary.new),
            grouped(known),
            grouped(summary.fixed)
        )
    } else {
        String::new()
    };
    let read = count(report.coverage.files(), "file", "files");
    format!("{}{compared} in {} of {read} read", counts.join(" · "), grouped(summary.files))
}

/// `12 .go, 3 .rb`.
pub fn unread(coverage: &Coverage) -> String {
    let items: Vec<String> = coverage
        .unread
        .iter()
        .map(|(extension, number)| format!("{} .{extension}", grouped(*number)))
        .collect();
    items.join(", ")
}

/// What was read and understood, as short phrases.
pub fn understood(coverage: &Coverage) -> Vec<String> {
    let mut parts = vec![format!(
        "{}, {}",
        count(coverage.files(), "file", "files"),
        count(coverage.lines(), "line", "lines")
    )];
    if coverage.functions > 0 {
        parts.push(count(coverage.functions, "function", "functions"));
    }
    let own = coverage.calls.total.saturating_sub(coverage.calls.external);
    if own > 0 {
        parts.push(format!(
            "{} % of {} resolved",
            share(coverage.calls.resolved, own),
            count(own, "call", "calls")
        ));
    }
    if coverage.endpoints > 0 {
        parts.push(count(coverage.endpoints, "endpoint", "endpoints"));
    }
    parts.push(count(coverage.query_sites, "query site", "query sites"));
    parts.push(count(coverage.tables, "table", "tables"));
    if coverage.migrations > 0 {
        parts.push(count(coverage.migrations, "migration", "migrations"));
    }
    parts
}

/// Whether so little was understood that silence means little: no table, or under half of the project's own calls.
pub fn is_blind(coverage: &Coverage) -> bool {
    let own = coverage.calls.total.saturating_sub(coverage.calls.external);
    coverage.tables == 0 || share(coverage.calls.resolved, own) < 50
}

/// What was not read or not understood, as short phrases; empty where there is nothing to say.
pub fn not_understood(coverage: &Coverage) -> Vec<String> {
    let mut parts = Vec::new();
    if !coverage.parse_errors.is_empty() {
        parts.push(format!("{} with parse errors", count(coverage.parse_errors.len(), "file", "files")));
    }
    let unclear = coverage.statements.not_understood.count;
    if unclear > 0 {
        parts.push(format!("{} not understood", count(unclear, "SQL statement", "SQL statements")));
    }
    for (limit, group) in &coverage.limits {
        let (one, many) = limit.about().places;
        parts.push(count(group.count, one, many));
    }
    for (reason, group) in &coverage.skipped {
        parts.push(count(group.count, reason.one(), reason.many()));
    }
    if coverage.not_utf8.count > 0 {
        parts.push(format!("{} not UTF-8", grouped(coverage.not_utf8.count)));
    }
    if coverage.tests > 0 {
        parts.push(format!("{} left out", count(coverage.tests, "test file", "test files")));
    }
    if !coverage.unread.is_empty() {
        parts.push(format!("not read: {}", unread(coverage)));
    }
    if coverage.filtered > 0 {
        parts.push(format!(
            "{} under the priority or confidence asked for",
            count(coverage.filtered, "finding", "findings")
        ));
    }
    if coverage.suppressed > 0 {
        parts.push(format!(
            "{} suppressed by comments",
            count(coverage.suppressed, "finding", "findings")
        ));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shares_never_round_up() {
        assert_eq!(
            (grouped(0), grouped(999), grouped(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!(
            (share(999, 1000), share(0, 0), count(1, "file", "files")),
            (99, 100, "1 file".into())
        );
    }

    #[test]
    fn silence_is_told_from_blindness() {
        let mut report = Report::default();
        assert!(nothing(&report).starts_with("Nothing was checked"));
        report.coverage.read("Python", 10);
        assert!(nothing(&report).starts_with("Nothing was understood in 1 file"));
        report.coverage.functions = 3;
        assert!(nothing(&report).contains("No query and no table"));
        (report.coverage.query_sites, report.coverage.tables) = (2, 2);
        assert_eq!(nothing(&report), "Nothing found in 1 file.");
    }
}
