//! A comment on a pull request, or the summary of a CI step, in Markdown: what is new, what is fixed, why the run failed. The details
//! are folded, and the whole is as short as code hosts take.

use std::fmt::Write as _;

use crate::escape;
use crate::finding::{Finding, Priority, Role};
use crate::report::{Report, shown, words};

/// Characters of a comment: code hosts take some more.
const MOST: usize = 64_000;
/// Of them, those of the list, of what is fixed, and of what was read, each.
const PART: usize = 12_000;
/// Findings in the list; the others are counted.
const LISTED: usize = 30;
/// Fixed findings that are named.
const FIXED: usize = 20;
/// Steps of a chain.
const STEPS: usize = 8;
/// Characters of one piece of code or text.
const LONGEST: usize = 1_500;
/// Characters of what is only named.
const SHORT: usize = 200;
/// Characters of the line that counts what has no details.
const LAST: usize = 200;

/// Renders the report; `fail_on` is what fails the run.
pub fn render(report: &Report, fail_on: Option<Priority>) -> String {
    let least = fail_on.map_or(Priority::P2, |threshold| threshold.max(Priority::P2));
    let wanted = shown::findings(report, false);
    let listed: Vec<&Finding> = wanted.iter().copied().filter(|finding| finding.priority <= least).collect();
    let mut out = String::new();
    let _ = writeln!(out, "### perfaudit: {}\n", verdict(report, &wanted, fail_on));
    for why in [shown::failed(report, fail_on), words::not_judged(report)].into_iter().flatten() {
        add(&format!("**{}**\n\n", escape::markdown(&why)), PART, &mut out);
    }
    list(&listed, wanted.len(), &mut out);
    let end = [fixed(report), coverage(report)].concat();
    let room = MOST.saturating_sub(end.chars().count());
    details(&listed, report, room, &mut out);
    out + &end
}

/// Adds a part to a text where it stays as short as it may be; whether it did.
fn add(part: &str, most: usize, out: &mut String) -> bool {
    let fits = out.chars().count() + part.chars().count() <= most;
    if fits {
        out.push_str(part);
    }
    fits
}

/// The heading: what became of the run, and how much is new.
fn verdict(report: &Report, wanted: &[&Finding], fail_on: Option<Priority>) -> String {
    if report.is_empty() && report.findings.is_empty() {
        return "nothing was checked: no file was read".to_owned();
    }
    let end = if report.fails(fail_on) { "failed" } else { "passed" };
    let new = if report.compared {
        words::count(wanted.len(), "new finding", "new findings")
    } else {
        words::count(wanted.len(), "finding", "findings")
    };
    let fixed = match report.summary.fixed {
        0 => String::new(),
        number => format!(", {} fixed", words::grouped(number)),
    };
    format!("{end}, {new}{fixed}")
}

fn title(finding: &Finding) -> &str {
    if finding.title.is_empty() {
        &finding.message
    } else {
        &finding.title
    }
}

/// A line a finding.
fn list(listed: &[&Finding], all: usize, out: &mut String) {
    if all == 0 {
        return;
    }
    let mut named = 0;
    for finding in listed.iter().take(LISTED) {
        let line = format!(
            "- **{:?}** {} {}: {}\n",
            finding.priority,
            escape::code(&finding.rule),
            escape::code(&words::place(&finding.location)),
            escape::markdown(&cut(title(finding), SHORT))
        );
        named += usize::from(add(&line, PART, out));
    }
    let others = all - named;
    if others > 0 {
        let _ = writeln!(out, "- {} more, less urgent or further down", words::grouped(others));
    }
    out.push('\n');
}

/// The findings with their evidence, each folded, as long as there is room.
fn details(listed: &[&Finding], report: &Report, room: usize, out: &mut String) {
    let mut left_out = 0;
    let mut length = out.chars().count();
    for finding in listed {
        let one = detail(finding, report);
        let own = one.chars().count();
        if length + own > room - LAST {
            left_out += 1;
            continue;
        }
        length += own;
        out.push_str(&one);
    }
    if left_out > 0 {
        let number = words::count(left_out, "finding", "findings");
        let _ = writeln!(out, "{number} without details: there is no room for more.\n");
    }
}

fn detail(finding: &Finding, report: &Report) -> String {
    let mut out = String::from("<details><summary>");
    let heading = format!("{:?} {} {}", finding.priority, finding.rule, words::place(&finding.location));
    let _ = writeln!(out, "<code>{}</code></summary>\n", escape::xml(&escape::line(&heading)));
    let _ = writeln!(out, "{}\n", escape::markdown(&cut(&finding.message, LONGEST)));
    if !finding.reason.is_empty() {
        let _ = writeln!(
            out,
            "Why {:?}: {}\n",
            finding.priority,
            escape::markdown(&cut(&finding.reason, LONGEST))
        );
    }
    if let Some(code) = report.sources.excerpt(&finding.location) {
        let _ = writeln!(out, "{}", escape::block("", &cut(&code.lines.join("\n"), LONGEST)));
    }
    for related in finding.related.iter().take(STEPS) {
        let place = escape::code(&words::place(&related.location));
        let _ = writeln!(
            out,
            "- {} {place}: {}",
            words::role(related.role),
            escape::markdown(&cut(&related.message, LONGEST))
        );
    }
    let others = finding.related.len().saturating_sub(STEPS);
    if others > 0 {
        let _ = writeln!(out, "- {} more", words::grouped(others));
    }
    if !finding.fix.summary.is_empty() {
        let _ = writeln!(out, "\n**Fix:** {}\n", escape::markdown(&cut(&finding.fix.summary, LONGEST)));
    }
    for (language, code) in [("", &finding.fix.code), ("sql", &finding.fix.ddl), ("", &finding.fix.orm)] {
        if let Some(code) = code {
            let _ = writeln!(out, "{}", escape::block(language, &cut(code, LONGEST)));
        }
    }
    let accept = format!("perfaudit: ignore[{}] why", finding.rule);
    let places = finding.related.iter().filter(|related| related.role == Role::Place).count();
    let each = if places > 0 { " of each place" } else { "" };
    let _ = writeln!(
        out,
        "\nIf it is well as it is: {} in a comment on the line{each}.\n\n</details>\n",
        escape::code(&accept)
    );
    out
}

/// A text of a length that a reader takes.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn fixed(report: &Report) -> String {
    if report.fixed.is_empty() {
        return String::new();
    }
    let number = words::count(report.fixed.len(), "finding is", "findings are");
    let mut out = format!("<details><summary>{number} fixed</summary>\n\n");
    let mut named = 0;
    for known in report.fixed.iter().take(FIXED) {
        let line = format!(
            "- {:?} {} {}: {}\n",
            known.priority,
            escape::code(&cut(&known.rule, SHORT)),
            escape::code(&known.file),
            escape::markdown(&cut(&known.title, SHORT))
        );
        named += usize::from(add(&line, PART, &mut out));
    }
    let others = report.fixed.len() - named;
    if others > 0 {
        let _ = writeln!(out, "- {} more", words::grouped(others));
    }
    out.push_str("\n</details>\n\n");
    out
}

fn coverage(report: &Report) -> String {
    let mut lines = vec![if report.findings.is_empty() {
        words::nothing(report)
    } else {
        words::totals(report)
    }];
    lines.extend(words::part(report));
    if report.coverage.files() > 0 {
        lines.push(format!("Understood: {}", words::understood(&report.coverage).join(" · ")));
    }
    let gaps = words::not_understood(&report.coverage);
    if !gaps.is_empty() {
        lines.push(format!("Left out or not understood: {}", gaps.join(" · ")));
    }
    let mut out = String::from("<details><summary>What was read</summary>\n\n");
    for line in lines {
        add(&format!("{}\n\n", escape::markdown(&cut(&line, LONGEST))), PART, &mut out);
    }
    out.push_str("</details>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Location, Status};

    #[test]
    fn a_comment_is_never_longer_than_code_hosts_take() {
        let findings = (1..2_000).map(|line| {
            let location = Location {
                file: format!("{}/a_{line}.py", "folder".repeat(20)),
                start_line: line,
                ..Location::default()
            };
            let mut finding = Finding::new("n-plus-one", Priority::P1, Confidence::High, location.clone());
            finding.title = "`x` ".repeat(2_000);
            finding.message = "é".repeat(5_000);
            finding.fix.code = Some("row\n".repeat(2_000));
            finding.relate(location, Role::Endpoint, "GET /".repeat(3_000));
            finding
        });
        let mut report = Report::new(".", findings.collect(), Vec::new(), Coverage::default());
        let text = render(&report, Some(Priority::P1));
        assert!(text.chars().count() < 65_000, "{} characters", text.chars().count());
        assert!(text.starts_with("### perfaudit: failed, 1,999 findings\n"), "{}", &text[..200]);
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        report.compared = true;
        for finding in &mut report.findings {
            finding.status = Status::Known;
        }
        let text = render(&report, Some(Priority::P1));
        assert!(
            text.starts_with("### perfaudit: passed, 0 new findings\n\n<details><summary>What was read"),
            "{text}"
        );
    }
}
