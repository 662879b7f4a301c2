//! The report for a terminal, whole: findings by file, a summary, what was covered.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::escape;
use crate::finding::{Finding, Priority, Status};
use crate::report::{Report, shown, words, wrap};

/// Narrower than this, a column for the text would be a ribbon: it stands below the rule's name.
const NARROW: usize = 90;
/// The fewest columns that a text is broken to.
const NARROWEST: usize = 24;
/// Where the text stands that has no column of its own.
const INDENT: usize = 7;

/// Steps of a chain that are shown.
const LONGEST_CHAIN: usize = 6;

/// Findings of one rule and priority in one file that are shown in full; of the others, the lines. The most urgent are all shown.
const ALIKE: usize = 3;

/// How the table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct TableOptions {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
    /// The least urgent priority that is listed; what is less urgent is counted.
    pub least: Priority,
    /// Whether only the findings are shown.
    pub quiet: bool,
    /// Whether lines are read at a terminal that would break them anywhere.
    pub is_terminal: bool,
    /// Whether known findings are listed, too.
    pub all: bool,
    /// What fails the run.
    pub fail_on: Option<Priority>,
}

impl Default for TableOptions {
    fn default() -> Self {
        TableOptions {
            width: 120,
            color: false,
            least: Priority::P2,
            quiet: false,
            is_terminal: false,
            all: false,
            fail_on: None,
        }
    }
}

/// The findings as a table for a terminal, with a summary.
pub fn render(report: &Report, options: TableOptions) -> String {
    let mut out = String::new();
    if report.findings.is_empty() {
        let _ = writeln!(out, "{}", escape::line(&words::nothing(report)));
    }
    let wanted = shown::findings(report, options.all);
    let least = least(&wanted, options.least);
    let listed: Vec<&Finding> = wanted.iter().copied().filter(|finding| finding.priority <= least).collect();
    for (file, findings) in by_file(listed) {
        let _ = writeln!(
            out,
            "{}",
            styled(&escape::line(file), Style::new().bold().underline(), options.color)
        );
        let _ = writeln!(out, "{}\n", rows(&findings, options));
    }
    if !report.findings.is_empty() {
        hidden(&wanted, least, &mut out);
        if let Some(line) = shown::known(report, options.all) {
            let _ = writeln!(out, "{line}\n");
        }
        let _ = writeln!(out, "{}", styled(&words::totals(report), Style::new().bold(), options.color));
    }
    if let Some(line) = shown::failed(report, options.fail_on) {
        folded(&line, Style::new().bold().fg_color(Some(AnsiColor::Red.into())), options, &mut out);
    }
    if options.quiet {
        return out;
    }
    coverage(report, options, &mut out);
    if let Some(first) = wanted.first() {
        let _ = writeln!(
            out,
            "Why, how to fix it, and when it is no problem: perfaudit explain {}",
            escape::line(&first.rule)
        );
    }
    out
}

/// The least urgent priority to list: where there is nothing more urgent, all.
pub(super) fn least(findings: &[&Finding], wanted: Priority) -> Priority {
    if findings.iter().all(|finding| finding.priority > wanted) {
        Priority::P3
    } else {
        wanted
    }
}

pub(super) fn styled(text: &str, style: Style, color: bool) -> String {
    if color {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// Writes a long line; at a terminal as lines of its width, with the later ones indented.
pub(super) fn folded(text: &str, style: Style, options: TableOptions, out: &mut String) {
    let most = if options.is_terminal {
        usize::from(options.width).saturating_sub(2)
    } else {
        usize::MAX
    };
    for (at, line) in wrap::lines(text, most.max(NARROWEST)).iter().enumerate() {
        let indent = if at > 0 { "  " } else { "" };
        let _ = writeln!(out, "{indent}{}", styled(line, style, options.color));
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
fn hidden(wanted: &[&Finding], least: Priority, out: &mut String) {
    for priority in [Priority::P1, Priority::P2, Priority::P3].into_iter().filter(|one| *one > least) {
        let number = wanted.iter().filter(|finding| finding.priority == priority).count();
        if number > 0 {
            let name = format!("{priority:?}").to_lowercase();
            let _ = writeln!(out, "{} {priority:?} not shown: --min-priority {name}\n", words::grouped(number));
        }
    }
}

/// One row: what the columns hold before they are drawn.
struct Row {
    label: String,
    style: Style,
    rule: String,
    place: String,
    text: String,
}

fn rows(findings: &[&Finding], options: TableOptions) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for alike in alike(findings) {
        let shown = if alike.len() > ALIKE + 1 { ALIKE } else { alike.len() };
        let (shown, others) = alike.split_at(shown);
        for finding in shown {
            let place = format!("{}:{}", finding.location.start_line, finding.location.start_column);
            rows.push(row(finding, place, message(finding)));
        }
        if let Some(first) = others.first() {
            let lines: Vec<String> = others.iter().map(|finding| finding.location.start_line.to_string()).collect();
            let text = format!("{} more like these, on lines {}", others.len(), lines.join(", "));
            rows.push(row(first, "…".to_owned(), text));
        }
    }
    let mut out = String::new();
    if usize::from(options.width) < NARROW {
        for row in &rows {
            below(row, options, &mut out);
        }
    } else {
        beside(&rows, options, &mut out);
    }
    out.trim_end_matches('\n').to_owned()
}

/// Draws a row with its text below.
fn below(row: &Row, options: TableOptions, out: &mut String) {
    let label = styled(&row.label, row.style, options.color);
    let _ = writeln!(out, " {label}  {} {}", row.rule, row.place);
    let most = usize::from(options.width).saturating_sub(INDENT).max(NARROWEST);
    for line in text_lines(&row.text, most, options.color) {
        let _ = writeln!(out, "{:INDENT$}{line}", "");
    }
}

/// Draws rows with their text in a column of its own.
fn beside(rows: &[Row], options: TableOptions, out: &mut String) {
    let widest = |column: fn(&Row) -> &str| rows.iter().map(|row| wrap::width(column(row))).max().unwrap_or(0);
    let (label, rule, place) = (widest(|row| &row.label), widest(|row| &row.rule), widest(|row| &row.place));
    // A blank on each side of each column.
    let before = label + rule + place + 6;
    let most = usize::from(options.width).saturating_sub(before + 2).max(NARROWEST);
    for row in rows {
        let pad = |text: &str, to: usize| " ".repeat(to - wrap::width(text));
        let start = format!(
            " {}{}  {}{}  {}{} ",
            styled(&row.label, row.style, options.color),
            pad(&row.label, label),
            row.rule,
            pad(&row.rule, rule),
            row.place,
            pad(&row.place, place)
        );
        let mut lines = text_lines(&row.text, most, options.color).into_iter();
        let _ = writeln!(out, "{}", format!("{start} {}", lines.next().unwrap_or_default()).trim_end());
        for line in lines {
            let _ = writeln!(out, "{:before$} {line}", "");
        }
    }
}

/// The text as lines; the chain, which begins a line of its own, is dimmed.
fn text_lines(text: &str, most: usize, color: bool) -> Vec<String> {
    let dim = Style::new().dimmed();
    let parts = text.lines().flat_map(|part| {
        let is_chain = part.starts_with('→');
        let lines = wrap::lines(part, most).into_iter();
        lines.map(move |line| styled(&line, dim, color && is_chain))
    });
    parts.collect()
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

fn row(finding: &Finding, place: String, text: String) -> Row {
    let known = if finding.status == Status::Known { " (known)" } else { "" };
    Row {
        label: format!("  {:?}{known}", finding.priority),
        style: style(finding.priority),
        rule: escape::line(&finding.rule),
        place,
        text,
    }
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

/// How a priority looks.
pub(super) fn style(priority: Priority) -> Style {
    let color = match priority {
        Priority::P0 => AnsiColor::BrightRed,
        Priority::P1 => AnsiColor::BrightYellow,
        Priority::P2 => AnsiColor::BrightCyan,
        Priority::P3 => AnsiColor::BrightBlack,
    };
    Style::new().bold().fg_color(Some(color.into()))
}

/// How far the reading went; in a colour where so little was understood that silence means little.
pub(super) fn coverage(report: &Report, options: TableOptions, out: &mut String) {
    let dim = Style::new().fg_color(Some(AnsiColor::BrightBlack.into()));
    let warn = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
    let mut lines = Vec::new();
    if let Some(part) = words::part(report) {
        lines.push((part, Style::new()));
    }
    if report.coverage.files() > 0 {
        let style = if words::is_blind(&report.coverage) { warn } else { dim };
        lines.push((format!("Understood: {}", words::understood(&report.coverage).join(" · ")), style));
    }
    let gaps = words::not_understood(&report.coverage);
    if !gaps.is_empty() {
        lines.push((format!("Left out or not understood: {}", gaps.join(" · ")), dim));
    }
    if !report.strengths.is_empty() {
        let cleared = words::count(report.strengths.len(), "place", "places");
        lines.push((format!("Checked and cleared: {cleared}"), dim));
    }
    lines.extend(report.coverage.notes.iter().map(|note| (format!("Note: {note}"), dim)));
    for (line, style) in lines {
        folded(&escape::line(&line), style, options, out);
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
        let options = TableOptions {
            width: 100,
            least,
            ..TableOptions::default()
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
