//! The report for a terminal: findings by file, a summary, what was covered.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, TableStyle, Width};

use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, escape, words};

/// Narrower than this, the message's column would be a ribbon.
const NARROWEST: u16 = 60;

/// Steps of a chain that are shown.
const LONGEST_CHAIN: usize = 6;

/// How the table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
}

/// Renders the report.
pub fn render(report: &Report, options: Options) -> String {
    let mut out = String::new();
    if report.findings.is_empty() {
        let _ = writeln!(out, "{}", words::nothing(report));
    }
    for (file, findings) in by_file(&report.findings) {
        let _ = writeln!(
            out,
            "{}",
            styled(&escape::line(file), Style::new().bold().underline(), options.color)
        );
        let _ = writeln!(out, "{}\n", rows(&findings, options));
    }
    if !report.findings.is_empty() {
        let _ = writeln!(out, "{}", styled(&summary(report), Style::new().bold(), options.color));
    }
    coverage(report, options, &mut out);
    if let Some(first) = report.findings.first() {
        let _ = writeln!(
            out,
            "Why, how to fix it, and when it is no problem: perfaudit explain {}",
            escape::line(&first.rule)
        );
    }
    out
}

fn styled(text: &str, style: Style, color: bool) -> String {
    if color {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// Findings by file; the file with the most urgent finding first, then by name.
fn by_file(findings: &[Finding]) -> Vec<(&str, Vec<&Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (&finding.location.file, finding.sort_key()));
    for finding in sorted {
        match groups.last_mut() {
            Some((file, group)) if *file == finding.location.file => group.push(finding),
            _ => groups.push((&finding.location.file, vec![finding])),
        }
    }
    groups.sort_by_key(|(file, group)| (group.first().map(|finding| finding.priority), *file));
    groups
}

fn rows(findings: &[&Finding], options: Options) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(options.width.max(NARROWEST));
    if options.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for finding in findings {
        let place = format!("{}:{}", finding.location.start_line, finding.location.start_column);
        let known = if finding.status == Status::Known { " (known)" } else { "" };
        table.add_row([
            Cell::new(format!("  {:?}{known}", finding.priority))
                .fg(color(finding.priority))
                .add_attribute(Attribute::Bold),
            Cell::new(escape::line(&finding.rule)),
            Cell::new(place),
            Cell::new(message(finding)),
        ]);
    }
    for column in 0..3 {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(column) = table.column_mut(3) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(24)));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn message(finding: &Finding) -> String {
    let text = if finding.message.is_empty() {
        &finding.title
    } else {
        &finding.message
    };
    let mut text = escape::line(text);
    if finding.confidence != crate::finding::Confidence::High {
        let _ = write!(text, " ({} confidence)", words::confidence(finding.confidence));
    }
    if let Some(chain) = chain(finding) {
        let _ = write!(text, "\n{chain}");
    }
    text
}

/// Where the evidence is, in order; of a long chain the ends.
fn chain(finding: &Finding) -> Option<String> {
    let mut steps: Vec<String> = Vec::new();
    for related in &finding.related {
        let step = format!("{} {}", words::role(related.role), escape::line(&words::place(&related.location)));
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    if steps.len() > LONGEST_CHAIN {
        let left_out = steps.len() - LONGEST_CHAIN;
        steps.splice(LONGEST_CHAIN - 2..steps.len() - 2, [format!("… {left_out} more …")]);
    }
    (!steps.is_empty()).then(|| format!("→ {}", steps.join(" → ")))
}

fn color(priority: Priority) -> Color {
    match priority {
        Priority::P0 => Color::Red,
        Priority::P1 => Color::Yellow,
        Priority::P2 => Color::Cyan,
        Priority::P3 => Color::DarkGrey,
    }
}

fn summary(report: &Report) -> String {
    let counts: Vec<String> = report
        .summary
        .priorities
        .iter()
        .map(|(priority, number)| format!("{} {priority:?}", words::grouped(*number)))
        .collect();
    let known = report.summary.findings - report.summary.new;
    let known = if known > 0 {
        format!(", {} known", words::grouped(known))
    } else {
        String::new()
    };
    let (files, read) = (
        words::grouped(report.summary.files),
        words::count(report.coverage.files(), "file", "files"),
    );
    format!("{}{known} in {files} of {read} read", counts.join(" · "))
}

fn coverage(report: &Report, options: Options, out: &mut String) {
    let dim = Style::new().fg_color(Some(AnsiColor::BrightBlack.into()));
    let mut lines = Vec::new();
    if report.coverage.files() > 0 {
        lines.push(format!("Understood: {}", words::understood(&report.coverage).join(" · ")));
    }
    let gaps = words::not_understood(&report.coverage);
    if !gaps.is_empty() {
        lines.push(format!("Left out or not understood: {}", gaps.join(" · ")));
    }
    if !report.strengths.is_empty() {
        lines.push(format!(
            "Checked and cleared: {}",
            words::count(report.strengths.len(), "place", "places")
        ));
    }
    lines.extend(report.coverage.notes.iter().map(|note| format!("Note: {note}")));
    for line in lines {
        let _ = writeln!(out, "{}", styled(&escape::line(&line), dim, options.color));
    }
}
