//! The first screen: what to fix first, what many places share, the rest as counts, and what became of the run. All of it is for
//! somebody at a terminal who reads some forty lines and acts; the whole list is in [`super::table`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};

use crate::escape;
use crate::finding::{Finding, Priority, Role};
use crate::report::table::{self, folded, style, styled};
use crate::report::{Report, shown, words, wrap};

/// Findings at the top, unless another number is asked for.
const TOP: usize = 10;
/// Lines that the top may take: with the rest of the screen they make some forty.
const TOP_LINES: usize = 24;
/// Causes with many places that are listed.
const CAUSES: usize = 3;
/// Other places that make a cause one with many.
const MANY: usize = 3;
/// Rules that the rest is counted by.
const RULES: usize = 5;
/// Where the text of a finding begins.
const INDENT: usize = 3;

/// How the screen is drawn.
#[derive(Clone, Debug, Default)]
pub struct ScreenOptions {
    /// As for the whole table.
    pub table: table::TableOptions,
    /// How many findings stand at the top; the number that was asked for is not cut by their lines.
    pub top: Option<usize>,
    /// The absolute root, where the terminal opens links.
    pub links: Option<PathBuf>,
}

/// The report as one screen of a terminal: causes first, then the most urgent findings, then what was left out.
pub fn render(report: &Report, options: &ScreenOptions) -> String {
    let mut out = String::new();
    let wanted = shown::findings(report, options.table.all);
    let least = table::least(&wanted, options.table.least);
    let urgent: Vec<&Finding> = wanted.iter().copied().filter(|finding| finding.priority <= least).collect();
    let screen = Screen { options };
    let shown = screen.top(&urgent, wanted.len(), &mut out);
    let causes = screen.causes(&urgent[shown..], &mut out);
    let is_left = |finding: &&&Finding| !causes.iter().any(|cause| std::ptr::eq(*cause, **finding));
    let rest: Vec<&Finding> = wanted.iter().skip(shown).filter(is_left).copied().collect();
    screen.rest(&rest, &mut out);
    screen.end(report, &mut out);
    out
}

struct Screen<'o> {
    options: &'o ScreenOptions,
}

impl Screen<'_> {
    fn width(&self) -> usize {
        usize::from(self.options.table.width)
    }

    fn bold(&self, text: &str) -> String {
        styled(text, Style::new().bold(), self.options.table.color)
    }

    fn dim(&self, text: &str) -> String {
        styled(text, Style::new().dimmed(), self.options.table.color)
    }

    /// Writes what to fix first; gives how many there are of it.
    fn top(&self, urgent: &[&Finding], all: usize, out: &mut String) -> usize {
        if urgent.is_empty() {
            return 0;
        }
        let most = self.options.top.unwrap_or(TOP);
        let (mut lines, mut advice): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
        let mut shown = 0;
        for finding in urgent.iter().take(most) {
            let is_new = !advice.contains(&finding.fix.summary.as_str());
            let own = self.finding(finding, is_new);
            if self.options.top.is_none() && lines.len() + own.len() > TOP_LINES {
                break;
            }
            advice.push(&finding.fix.summary);
            lines.extend(own);
            shown += 1;
        }
        let of = if shown < all {
            format!(" ({} of {})", words::grouped(shown), words::grouped(all))
        } else {
            String::new()
        };
        let _ = writeln!(out, "{}", self.bold(&format!("What to fix first{of}")));
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        shown
    }

    /// A finding in two or three lines: the place, what happens for whom, what to do about it.
    fn finding(&self, finding: &Finding, with_advice: bool) -> Vec<String> {
        let color = self.options.table.color;
        let most = self.width().saturating_sub(INDENT);
        let rule = escape::line(&finding.rule);
        let room = self.width().saturating_sub(INDENT + 1 + wrap::width(&rule));
        let place = self.place(finding, room);
        let priority = styled(&format!("{:?}", finding.priority), style(finding.priority), color);
        let mut lines = vec![format!("{priority} {} {}", self.bold(&place), self.dim(&rule))];
        let text = what(finding, with_advice);
        lines.extend(wrap::cut_lines(&text, most, 2).iter().map(|line| format!("{:INDENT$}{line}", "")));
        lines
    }

    fn place(&self, finding: &Finding, room: usize) -> String {
        let place = wrap::cut_path(&escape::line(&words::place(&finding.location)), room);
        match &self.options.links {
            Some(root) => escape::linked(&place, &root.join(&finding.location.file)),
            None => place,
        }
    }

    /// Writes the causes with many places among what is left; gives them.
    fn causes<'f>(&self, urgent: &[&'f Finding], out: &mut String) -> Vec<&'f Finding> {
        let mut causes: Vec<(usize, &Finding)> = urgent.iter().map(|finding| (places(finding), *finding)).collect();
        causes.retain(|(places, _)| *places >= MANY);
        causes.sort_by_key(|(places, finding)| (finding.priority, std::cmp::Reverse(*places)));
        causes.truncate(CAUSES);
        if causes.is_empty() {
            return Vec::new();
        }
        let _ = writeln!(out, "{}", self.bold("One cause, many places"));
        for (places, finding) in &causes {
            let priority = styled(
                &format!("{:?}", finding.priority),
                style(finding.priority),
                self.options.table.color,
            );
            let title = finding.title.split("; also at ").next().unwrap_or_default();
            let text = format!("{} +{} {}", words::place(&finding.location), words::grouped(*places), title);
            let _ = writeln!(
                out,
                "{priority} {}",
                wrap::cut(&escape::line(&text), self.width().saturating_sub(INDENT))
            );
        }
        causes.into_iter().map(|(_, finding)| finding).collect()
    }

    /// Writes the rest as counts, with the commands that show it.
    fn rest(&self, rest: &[&Finding], out: &mut String) {
        if rest.is_empty() {
            return;
        }
        let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in rest {
            rules.entry(&finding.rule).or_default().push(finding);
        }
        let mut rules: Vec<(&str, Vec<&Finding>)> = rules.into_iter().collect();
        let first = |findings: &[&Finding]| findings.iter().map(|finding| finding.priority).min();
        rules.sort_by_key(|(rule, findings)| (first(findings), std::cmp::Reverse(findings.len()), *rule));
        let _ = writeln!(out, "{}", self.bold(&format!("And {} more", words::grouped(rest.len()))));
        let widest = rules.iter().take(RULES).map(|(rule, _)| wrap::width(rule)).max().unwrap_or(0);
        for (rule, findings) in rules.iter().take(RULES) {
            let text = format!("{rule:widest$}  {}{}", by_priority(findings), folders(findings));
            let _ = writeln!(
                out,
                "{:INDENT$}{}",
                "",
                wrap::cut(&escape::line(&text), self.width().saturating_sub(INDENT))
            );
        }
        let others = rules.len().saturating_sub(RULES);
        let others = match others {
            0 => String::new(),
            number => format!(" · {}: --statistics", words::count(number, "more rule", "more rules")),
        };
        let rule = rules.first().map_or("RULE", |(rule, _)| rule);
        let how = format!("All of them: --all · of a rule: --all --rule {rule}{others}");
        folded(&escape::line(&how), Style::new().dimmed(), self.options.table, out);
    }

    /// Writes the counts, why the run failed, and how far the reading went.
    fn end(&self, report: &Report, out: &mut String) {
        let options = self.options.table;
        if report.findings.is_empty() {
            folded(&escape::line(&words::nothing(report)), Style::new(), options, out);
        } else {
            if !out.is_empty() {
                out.push('\n');
            }
            if let Some(line) = shown::known(report, options.all) {
                let _ = writeln!(out, "{line}");
            }
            folded(&words::totals(report), Style::new().bold(), options, out);
        }
        if let Some(line) = shown::failed(report, options.fail_on) {
            let red = Style::new().bold().fg_color(Some(AnsiColor::BrightRed.into()));
            folded(&line, red, options, out);
        }
        if options.quiet {
            return;
        }
        table::coverage(report, options, out);
        if let Some(first) = shown::findings(report, options.all).first() {
            let line = format!(
                "Why, how, and when it is no problem: perfaudit explain {}",
                escape::line(&first.rule)
            );
            folded(&line, Style::new(), options, out);
        }
    }
}

/// What happens, for whom, and what to do about it.
fn what(finding: &Finding, with_advice: bool) -> String {
    let title = if finding.title.is_empty() {
        &finding.message
    } else {
        &finding.title
    };
    let entry = finding.related.iter().find(|related| related.role == Role::Endpoint);
    // Of what no entry point is known to reach, the first part of its sum: what one use costs.
    let cost = finding.reason.split(", ").next().filter(|cost| !cost.is_empty());
    let entry = match (entry, cost) {
        (Some(entry), _) => format!(" ← {}", entry.message),
        (None, Some(cost)) => format!(": {cost}"),
        (None, None) => String::new(),
    };
    let advice = match finding.fix.summary.as_str() {
        summary if with_advice && !summary.is_empty() => format!(" · Fix: {summary}"),
        _ => String::new(),
    };
    escape::line(&format!("{title}{entry}{advice}"))
}

/// Other places that a finding stands for.
fn places(finding: &Finding) -> usize {
    finding.related.iter().filter(|related| related.role == Role::Place).count()
}

/// `3 P1 · 20 P2`.
pub(super) fn by_priority(findings: &[&Finding]) -> String {
    let count = |priority| findings.iter().filter(|finding| finding.priority == priority).count();
    let counts = [Priority::P0, Priority::P1, Priority::P2, Priority::P3].map(|priority| (count(priority), priority));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, priority)| format!("{} {priority:?}", words::grouped(*number)))
        .collect();
    counts.join(" · ")
}

/// Where most of them are: the two fullest folders, two levels deep.
fn folders(findings: &[&Finding]) -> String {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        let Some((folder, _)) = finding.location.file.rsplit_once('/') else {
            continue;
        };
        let folder: Vec<&str> = folder.split('/').take(2).collect();
        *folders.entry(folder.join("/")).or_default() += 1;
    }
    let mut folders: Vec<(String, usize)> = folders.into_iter().collect();
    folders.sort_by_key(|(folder, number)| (std::cmp::Reverse(*number), folder.clone()));
    let names: Vec<String> = folders
        .iter()
        .take(2)
        .map(|(folder, number)| format!("{folder} ({})", words::grouped(*number)))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("  in {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Location, Status};

    fn found(line: u32, priority: Priority) -> Finding {
        let location = Location {
            file: format!("some/folder/with/a/long/name/that/goes/on/and/on/file_{line}.py"),
            start_line: line,
            ..Location::default()
        };
        let mut finding = Finding::new("n-plus-one", priority, Confidence::High, location.clone());
        finding.title = "The relation `Entry.parent` is loaded once for each `entry` of what the query gives".to_owned();
        finding.fix.summary = format!("Load number {line} with the query that gives the rows, and not one by one in the loop.");
        finding.relate(
            location,
            Role::Endpoint,
            "GET /a/very/long/path/that/never/seems/to/come/to/its/end/<int:id>/",
        );
        finding
    }

    fn rendered(findings: Vec<Finding>, compared: bool) -> String {
        let mut report = Report::new(".", findings, Vec::new(), Coverage::default());
        report.compared = compared;
        let options = ScreenOptions {
            table: table::TableOptions {
                width: 80,
                is_terminal: true,
                fail_on: Some(Priority::P0),
                ..table::TableOptions::default()
            },
            ..ScreenOptions::default()
        };
        render(&report, &options)
    }

    #[test]
    fn a_screen_holds_what_to_fix_first_and_counts_the_rest() {
        let findings = (1..400).map(|line| found(line, if line < 3 { Priority::P0 } else { Priority::P2 }));
        let text = rendered(findings.collect(), false);
        assert!(text.lines().count() <= 40, "{text}");
        assert!(text.lines().all(|line| wrap::width(line) <= 80), "{text}");
        assert!(text.starts_with("What to fix first (8 of 399)\nP0 "), "{text}");
        assert!(text.contains("And 391 more\n   n-plus-one  391 P2  in some/folder (391)"), "{text}");
        assert!(
            text.contains("Failed (exit code 1) because of these 2 findings at or over P0"),
            "{text}"
        );
    }

    #[test]
    fn what_is_known_is_one_line() {
        let mut known = found(1, Priority::P0);
        known.status = Status::Known;
        let text = rendered(vec![known, found(2, Priority::P2)], true);
        assert!(
            text.contains("1 known finding not shown: --all") && text.contains("file_2.py:2"),
            "{text}"
        );
        assert!(!text.contains("file_1.py") && !text.contains("Failed"), "{text}");
    }
}
