//! The report for a terminal: findings by file, a summary, what was covered.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, TableStyle, Width};

use crate::escape;
use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, words};

/// Narrower than this, a column for the text would be a ribbon: it stands below the rule's name.
const NARROW: u16 = 90;
const NARROWEST: u16 = 40;

/// Steps of a chain that are shown.
const LONGEST_CHAIN: usize = 6;

/// Findings of one rule and priority in one file that are shown in full; of the others, the lines. The most urgent are all shown.
const ALIKE: usize = 3;

/// How the table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
    /// The least urgent priority that is listed; what is less urgent is counted.
    pub least: Priority,
    /// Whether only the findings are shown.
    pub quiet: bool,
}

/// Renders the report.
pub fn render(report: &Report, options: Options) -> String {
    let mut out = String::new();
    if report.findings.is_empty() {
        let _ = writeln!(out, "{}", escape::line(&words::nothing(report)));
    }
    let least = if report.findings.iter().all(|finding| finding.priority > options.least) {
        Priority::P3
    } else {
        options.least
    };
    let listed: Vec<&Finding> = report.findings.iter().filter(|finding| finding.priority <= least).collect();
    for (file, findings) in by_file(listed) {
        let _ = writeln!(
            out,
            "{}",
            styled(&escape::line(file), Style::new().bold().underline(), options.color)
        );
        let _ = writeln!(out, "{}\n", rows(&findings, options));
    }
    if !report.findings.is_empty() {
        hidden(report, least, &mut out);
        let _ = writeln!(out, "{}", styled(&words::totals(report), Style::new().bold(), options.color));
    }
    if options.quiet {
        return out;
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
fn by_file(mut sorted: Vec<&Finding>) -> Vec<(&str, Vec<&Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
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

/// Says how to see what is not listed.
fn hidden(report: &Report, least: Priority, out: &mut String) {
    for (priority, &number) in report.summary.priorities.iter().filter(|(priority, _)| **priority > least) {
        if number > 0 {
            let name = format!("{priority:?}").to_lowercase();
            let _ = writeln!(out, "{} {priority:?} not shown: --min-priority {name}\n", words::grouped(number));
        }
    }
}

fn rows(findings: &[&Finding], options: Options) -> String {
    let is_narrow = options.width < NARROW;
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
    for alike in alike(findings) {
        let shown = if alike.len() > ALIKE + 1 { ALIKE } else { alike.len() };
        let (shown, others) = alike.split_at(shown);
        for finding in shown {
            let place = format!("{}:{}", finding.location.start_line, finding.location.start_column);
            table.add_row(row(finding, place, message(finding), is_narrow));
        }
        if let Some(first) = others.first() {
            let lines: Vec<String> = others.iter().map(|finding| finding.location.start_line.to_string()).collect();
            let text = format!("{} more like these, on lines {}", others.len(), lines.join(", "));
            table.add_row(row(first, "…".to_owned(), text, is_narrow));
        }
    }
    let last = if is_narrow { 1 } else { 3 };
    for column in 0..last {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(column) = table.column_mut(last) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(24)));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Neighbours of one rule and priority; each of the most urgent stands alone.
fn alike<'f>(findings: &[&'f Finding]) -> Vec<Vec<&'f Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for &finding in findings {
        let key = |finding: &Finding| (finding.priority, finding.status);
        let same = |other: &&mut Vec<&Finding>| {
            other
                .first()
                .is_some_and(|first| first.rule == finding.rule && key(first) == key(finding) && finding.priority != Priority::P0)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn row(finding: &Finding, place: String, text: String, is_narrow: bool) -> Vec<Cell> {
    let known = if finding.status == Status::Known { " (known)" } else { "" };
    let priority = Cell::new(format!("  {:?}{known}", finding.priority))
        .fg(color(finding.priority))
        .add_attribute(Attribute::Bold);
    let rule = escape::line(&finding.rule);
    if is_narrow {
        return vec![priority, Cell::new(format!("{rule} {place}\n{text}"))];
    }
    vec![priority, Cell::new(rule), Cell::new(place), Cell::new(text)]
}

/// What it is and what it costs; the evidence in full is for the other formats.
fn message(finding: &Finding) -> String {
    let mut text = escape::line(if finding.title.is_empty() {
        &finding.message
    } else {
        &finding.title
    });
    // The sum says what it costs, for whom and why; what nothing weighed has its impact.
    let impact = escape::line(if finding.reason.is_empty() {
        &finding.impact
    } else {
        &finding.reason
    });
    let mut rest = impact.chars();
    if let Some(first) = rest.next() {
        let _ = write!(text, ". {}{}", first.to_uppercase(), rest.as_str());
    }
    if finding.confidence != crate::finding::Confidence::High {
        let _ = write!(text, " ({} confidence)", words::confidence(finding.confidence));
    }
    if let Some(chain) = chain(finding) {
        let _ = write!(text, "\n{chain}");
    }
    text
}

/// Where the evidence is, in order, `:12` in the finding's own file; of a long chain the ends.
fn chain(finding: &Finding) -> Option<String> {
    let mut steps: Vec<String> = Vec::new();
    for related in &finding.related {
        let place = if related.location.file == finding.location.file {
            format!(":{}", related.location.start_line)
        } else {
            escape::line(&words::place(&related.location))
        };
        let step = format!("{} {place}", words::role(related.role));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Location};

    fn found(priority: Priority, line: u32) -> Finding {
        let location = Location {
            file: "a.py".to_owned(),
            start_line: line,
            ..Location::default()
        };
        Finding::new("n-plus-one", priority, Confidence::High, location)
    }

    fn rendered(findings: Vec<Finding>, least: Priority) -> String {
        let options = Options {
            width: 100,
            color: false,
            least,
            quiet: false,
        };
        render(&Report::new(".", findings, Vec::new(), Coverage::default()), options)
    }

    #[test]
    fn the_least_urgent_are_counted_unless_they_are_wanted_or_all_there_is() {
        let (first, last) = (found(Priority::P1, 1), found(Priority::P3, 2));
        let text = rendered(vec![first.clone(), last.clone()], Priority::P2);
        assert!(
            text.contains("1 P3 not shown: --min-priority p3") && !text.contains(" P3  "),
            "{text}"
        );
        for (findings, least) in [(vec![first, last.clone()], Priority::P3), (vec![last], Priority::P2)] {
            let text = rendered(findings, least);
            assert!(!text.contains("not shown") && text.contains(" P3  "), "{text}");
        }
    }

    #[test]
    fn many_alike_become_one_row_but_never_the_most_urgent() {
        let several = |priority| (1..=6).map(|line| found(priority, line)).collect();
        let text = rendered(several(Priority::P1), Priority::P2);
        assert!(text.contains("3 more like these, on lines 4, 5, 6"), "{text}");
        assert!(!rendered(several(Priority::P0), Priority::P2).contains("more like these"));
    }
}
