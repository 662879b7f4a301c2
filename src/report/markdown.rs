//! The report for reviewers, as Markdown: summary, findings with their evidence and fixes, coverage, strengths.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::coverage::{Coverage, EXAMPLES};
use crate::finding::{Finding, Location, Priority, Status, Strength};
use crate::report::escape::{block, code, code_cell, markdown};
use crate::report::{Report, words};

const PRIORITIES: [(Priority, &str); 4] = [
    (Priority::P0, "P0: cost grows with data or users, on a request or poll path"),
    (Priority::P1, "P1: the same with a bound, or off the hot path"),
    (Priority::P2, "P2: worth doing"),
    (Priority::P3, "P3: hygiene, scripts, low confidence"),
];
/// Strengths listed for each kind.
const PLACES: usize = 20;

/// Renders the report.
pub fn render(report: &Report) -> String {
    let mut out = String::from("# Performance audit\n\n");
    summary(report, &mut out);
    findings(report, &mut out);
    coverage(&report.coverage, &mut out);
    strengths(&report.strengths, &mut out);
    let _ = writeln!(out, "---\n\nWritten by {} {}.", report.tool.name, report.tool.version);
    out
}

fn summary(report: &Report, out: &mut String) {
    out.push_str("## Summary\n\n");
    if report.findings.is_empty() {
        let _ = writeln!(out, "{}\n", markdown(&words::nothing(report)));
        return;
    }
    let _ = writeln!(
        out,
        "{} in {} of {} read.\n",
        words::count(report.summary.findings, "finding", "findings"),
        words::count(report.summary.files, "file", "files"),
        words::grouped(report.coverage.files()),
    );
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for finding in &report.findings {
        counts.entry(&finding.category).or_default()[finding.priority as usize] += 1;
    }
    out.push_str("| Category | P0 | P1 | P2 | P3 | All |\n|---|---:|---:|---:|---:|---:|\n");
    let row = |out: &mut String, name: &str, numbers: [usize; 4]| {
        let cells = numbers.map(|number| number.to_string()).join(" | ");
        let _ = writeln!(out, "| {name} | {cells} | {} |", numbers.iter().sum::<usize>());
    };
    let mut total = [0; 4];
    for (category, numbers) in &counts {
        row(out, &markdown(category), *numbers);
        for (sum, number) in total.iter_mut().zip(numbers) {
            *sum += number;
        }
    }
    row(out, "**All**", total);
    out.push('\n');
}

fn findings(report: &Report, out: &mut String) {
    let mut number = 0;
    for (priority, heading) in PRIORITIES {
        let mut group = report.findings.iter().filter(|finding| finding.priority == priority).peekable();
        if group.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "## {heading}\n");
        for finding in group {
            number += 1;
            one(number, finding, out);
        }
    }
}

fn one(number: usize, finding: &Finding, out: &mut String) {
    let title = if finding.title.is_empty() { &finding.rule } else { &finding.title };
    let _ = writeln!(out, "### {number}. {}\n", markdown(title));
    let _ = writeln!(out, "- **Rule:** {} ({})", code(&finding.rule), markdown(&finding.category));
    let _ = writeln!(out, "- **Place:** {}", place(&finding.location));
    let _ = writeln!(out, "- **Confidence:** {}", words::confidence(finding.confidence));
    if !finding.impact.is_empty() {
        let _ = writeln!(out, "- **Impact:** {}", markdown(&finding.impact));
    }
    let _ = writeln!(out, "- **Effort:** {}", words::effort(finding.effort));
    let known = if finding.status == Status::Known {
        ", known to the baseline"
    } else {
        ""
    };
    let _ = writeln!(out, "- **Id:** {}{known}\n", code(&finding.fingerprint));
    if !finding.message.is_empty() {
        let _ = writeln!(out, "{}\n", markdown(&finding.message));
    }
    if !finding.related.is_empty() {
        out.push_str("**Evidence**\n\n");
        for (step, related) in finding.related.iter().enumerate() {
            let _ = writeln!(
                out,
                "{}. {}: {} ({})",
                step + 1,
                words::role(related.role),
                markdown(&related.message),
                place(&related.location)
            );
        }
        out.push('\n');
    }
    fix(finding, out);
    if !finding.acceptance.is_empty() {
        out.push_str("**Done when**\n\n");
        for criterion in &finding.acceptance {
            let _ = writeln!(out, "- [ ] {}", markdown(criterion));
        }
        out.push('\n');
    }
}

fn fix(finding: &Finding, out: &mut String) {
    let fix = &finding.fix;
    if !fix.summary.is_empty() {
        let _ = writeln!(out, "**Fix.** {}\n", markdown(&fix.summary));
    }
    let language = language(&finding.location.file);
    for (language, text) in [(language, &fix.code), ("sql", &fix.ddl), (language, &fix.orm)] {
        if let Some(text) = text {
            let _ = writeln!(out, "{}", block(language, text));
        }
    }
}

fn language(file: &str) -> &'static str {
    match file.rsplit('.').next().unwrap_or("") {
        "py" | "pyi" => "python",
        "ts" | "mts" | "cts" => "ts",
        "tsx" => "tsx",
        "js" | "mjs" | "cjs" | "jsx" => "js",
        "sql" => "sql",
        "prisma" => "prisma",
        _ => "",
    }
}

fn place(location: &Location) -> String {
    let lines = if location.end_line > location.start_line {
        format!("{}-{}", words::place(location), location.end_line)
    } else {
        words::place(location)
    };
    if location.symbol.is_empty() {
        code(&lines)
    } else {
        format!("{} in {}", code(&lines), code(&location.symbol))
    }
}

fn coverage(coverage: &Coverage, out: &mut String) {
    out.push_str("## Coverage and blind spots\n\n");
    if !coverage.languages.is_empty() {
        out.push_str("| Language | Files | Lines |\n|---|---:|---:|\n");
        for (language, count) in &coverage.languages {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                markdown(language),
                words::grouped(count.files),
                words::grouped(count.lines)
            );
        }
        out.push('\n');
    }
    let _ = writeln!(out, "Understood: {}.\n", words::understood(coverage).join(" · "));
    let mut gaps: Vec<String> = Vec::new();
    if !coverage.parse_errors.is_empty() {
        let files = coverage
            .parse_errors
            .iter()
            .take(EXAMPLES)
            .map(|error| error.file.clone())
            .collect::<Vec<_>>();
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
    for (reason, group) in &coverage.skipped {
        gaps.push(gap(&format!("Left out, {}", reason.text()), group.count, &group.examples));
    }
    if coverage.not_utf8.count > 0 {
        gaps.push(gap(
            "Not UTF-8, read with replacements",
            coverage.not_utf8.count,
            &coverage.not_utf8.examples,
        ));
    }
    if coverage.tests > 0 {
        gaps.push(format!("Test files left out: {}", words::grouped(coverage.tests)));
    }
    if !coverage.unread.is_empty() {
        gaps.push(format!("Languages that are not read: {}", markdown(&words::unread(coverage))));
    }
    if coverage.suppressed > 0 {
        gaps.push(format!("Findings suppressed by comments: {}", words::grouped(coverage.suppressed)));
    }
    gaps.extend(coverage.notes.iter().map(|note| markdown(note)));
    for gap in &gaps {
        let _ = writeln!(out, "- {gap}");
    }
    if !gaps.is_empty() {
        out.push('\n');
    }
}

fn gap(title: &str, count: usize, examples: &[String]) -> String {
    let shown: Vec<String> = examples.iter().map(|example| code(example)).collect();
    if shown.is_empty() {
        return format!("{title}: {}", words::grouped(count));
    }
    let more = if count > examples.len() { ", …" } else { "" };
    format!("{title}: {} ({}{more})", words::grouped(count), shown.join(", "))
}

fn strengths(strengths: &[Strength], out: &mut String) {
    if strengths.is_empty() {
        return;
    }
    out.push_str("## Checked and cleared\n\n");
    let mut kinds: BTreeMap<&str, Vec<&Strength>> = BTreeMap::new();
    for strength in strengths {
        kinds.entry(&strength.kind).or_default().push(strength);
    }
    for (kind, group) in kinds {
        let _ = writeln!(
            out,
            "**{}** ({})\n\n| Place | What |\n|---|---|",
            markdown(kind),
            words::grouped(group.len())
        );
        for strength in group.iter().take(PLACES) {
            let _ = writeln!(
                out,
                "| {} | {} |",
                code_cell(&words::place(&strength.location)),
                markdown(&strength.message.replace('|', "\u{2223}"))
            );
        }
        if group.len() > PLACES {
            let _ = writeln!(out, "| … | {} more |", words::grouped(group.len() - PLACES));
        }
        out.push('\n');
    }
}
