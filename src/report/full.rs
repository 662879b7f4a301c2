//! The report for a terminal with the code: each finding with its place and its chain in frames.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::escape;
use crate::finding::{Confidence, Finding, Location, Priority, Status};
use crate::report::sources::Sources;
use crate::report::{Report, shown, words};

/// Frames of a finding; of a longer chain the first.
const FRAMES: usize = 8;

/// Renders the report; `color` is for a terminal that wants it, with `all` what is known is shown, too, and what is at or over `fail_on`
/// fails the run.
pub fn render(report: &Report, color: bool, all: bool, fail_on: Option<Priority>) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for finding in shown::findings(report, all) {
        arrows(&renderer.render(&groups(finding, &report.sources)), &mut out);
        out.push('\n');
    }
    if report.findings.is_empty() {
        let _ = writeln!(out, "{}", escape::line(&words::nothing(report)));
    } else {
        if let Some(line) = shown::known(report, all) {
            let _ = writeln!(out, "{line}");
        }
        let _ = writeln!(out, "{}", escape::line(&words::totals(report)));
    }
    if let Some(line) = shown::failed(report, fail_on) {
        let _ = writeln!(out, "{line}");
    }
    let gaps = words::not_understood(&report.coverage);
    if !gaps.is_empty() {
        let _ = writeln!(out, "Left out or not understood: {}", escape::line(&gaps.join(" · ")));
    }
    out
}

/// Adds the frames; `::: file`, which leads to a second file, begins as the commands of CI services do, and becomes an arrow.
fn arrows(frames: &str, out: &mut String) {
    for line in frames.lines() {
        let (before, rest) = line.split_at(escape::lead(line));
        out.push_str(before);
        match rest.strip_prefix("::: ") {
            Some(place) => out.push_str(&format!("--> {place}")),
            None => out.push_str(rest),
        }
        out.push('\n');
    }
}

fn groups(finding: &Finding, sources: &Sources) -> Vec<Group<'static>> {
    let title = escape::line(if finding.title.is_empty() { &finding.rule } else { &finding.title });
    let known = if finding.status == Status::Known { " (known)" } else { "" };
    let level = match finding.priority {
        Priority::P0 => Level::ERROR,
        Priority::P1 | Priority::P2 => Level::WARNING,
        Priority::P3 => Level::NOTE,
    };
    let name = format!("{:?}", finding.priority);
    let heading = level
        .with_name(name)
        .primary_title(format!("{title}{known}"))
        .id(escape::line(&finding.rule));
    let mut main = Group::with_title(heading);
    let note = match finding.impact.as_str() {
        "" => String::new(),
        impact => escape::line(impact),
    };
    main = match frame(&finding.location, sources, note, AnnotationKind::Primary) {
        Some(snippet) => main.element(snippet),
        None => main.element(origin(&finding.location)),
    };
    for related in finding.related.iter().take(FRAMES) {
        let text = format!("{}: {}", words::role(related.role), escape::line(&related.message));
        main = match frame(&related.location, sources, text.clone(), AnnotationKind::Context) {
            Some(snippet) => main.element(snippet),
            None => main.element(origin(&related.location)).element(Level::NOTE.message(text)),
        };
    }
    if finding.related.len() > FRAMES {
        main = main.element(Level::NOTE.message(format!("{} more steps", finding.related.len() - FRAMES)));
    }
    if !finding.message.is_empty() {
        main = main.element(Level::NOTE.message(escape::line(&finding.message)));
    }
    if !finding.reason.is_empty() {
        let why = format!("{:?} because of {}", finding.priority, escape::line(&finding.reason));
        main = main.element(Level::NOTE.message(why));
    }
    if finding.confidence != Confidence::High {
        main = main.element(Level::NOTE.message(format!("{} confidence", words::confidence(finding.confidence))));
    }
    if !finding.fix.summary.is_empty() {
        main = main.element(Level::HELP.message(escape::line(&finding.fix.summary)));
    }
    for code in [&finding.fix.code, &finding.fix.ddl, &finding.fix.orm].into_iter().flatten() {
        main = main.element(Level::HELP.no_name().message(escape::lines(code)));
    }
    vec![main]
}

/// Where a place is, for one whose code was not read.
fn origin(at: &Location) -> annotate_snippets::Origin<'static> {
    annotate_snippets::Origin::path(escape::line(&at.file)).line(at.start_line as usize)
}

/// The lines of a place with the place marked.
fn frame(
    at: &Location,
    sources: &Sources,
    label: String,
    kind: AnnotationKind,
) -> Option<Snippet<'static, annotate_snippets::Annotation<'static>>> {
    let excerpt = sources.excerpt(at)?;
    let lines: Vec<String> = excerpt.lines.iter().map(|line| escape::lines(line)).collect();
    let offset = |line: u32, column: u32| -> Option<usize> {
        let row = line.checked_sub(excerpt.first)? as usize;
        let before: usize = lines.get(..row)?.iter().map(|line| line.len() + 1).sum();
        let text = lines.get(row)?;
        let inside = text
            .char_indices()
            .nth(column.saturating_sub(1) as usize)
            .map_or(text.len(), |(at, _)| at);
        Some(before + inside)
    };
    let start = offset(at.start_line.max(1), at.start_column)?;
    // A place over many lines is marked on its first.
    let end = if at.end_line > at.start_line {
        offset(at.start_line.max(1), u32::MAX)
    } else {
        offset(at.start_line.max(1), at.end_column)
    };
    let span: Range<usize> = start..end?.max(start);
    let snippet = Snippet::source(lines.join("\n"))
        .line_start(excerpt.first as usize)
        .path(escape::line(&at.file))
        .annotation(kind.span(span).label(label));
    Some(snippet)
}
