//! A finding as a template sees it.

use serde::Serialize;

use super::facets::{Facets, folder, routes_of};
use super::links;
use super::names::{id, is_quick, language, place, title};
use crate::finding::{Finding, Location, Status};
use crate::report::sources::Sources;
use crate::report::{Report, words};

/// Steps of evidence that are shown; of a longer list the first.
const STEPS: usize = 12;

/// A finding.
#[derive(Clone, Debug, Serialize)]
pub struct Item<'a> {
    /// The start of the fingerprint: the same from run to run.
    pub id: &'a str,
    pub rule: &'a str,
    pub priority: String,
    pub confidence: &'static str,
    pub category: &'a str,
    pub title: &'a str,
    pub message: &'a str,
    pub impact: &'a str,
    /// Why the priority is what it is; empty where nothing weighed it.
    pub reason: &'a str,
    /// `S`, `M` or `L`.
    pub effort: String,
    pub effort_words: &'static str,
    pub is_known: bool,
    /// Under two hours of work for something urgent.
    pub is_quick: bool,
    /// `file:12` or `file:12-14`.
    pub place: String,
    pub file: &'a str,
    pub line: u32,
    pub symbol: &'a str,
    /// For fences.
    pub language: &'static str,
    /// The code with line numbers; the lines of the finding are marked.
    pub excerpt: Option<String>,
    /// The same as its parts.
    pub code_lines: Option<CodeLines>,
    /// The place at the commit that was read; only `http` and `https`.
    pub link: Option<String>,
    /// The first folders of the file.
    pub folder: String,
    /// `PERF-1`; empty where themes are not asked for.
    pub theme: &'a str,
    /// Tables that it is about.
    pub tables: Vec<String>,
    /// Entry points that reach it.
    pub routes: Vec<String>,
    pub chain: Vec<EvidenceStep<'a>>,
    /// Steps of the chain that are not shown.
    pub more_steps: usize,
    pub fix: &'a str,
    pub code: Option<&'a str>,
    pub ddl: Option<&'a str>,
    pub orm: Option<&'a str>,
    pub risk: &'a str,
    pub verify: &'a str,
    pub acceptance: &'a [String],
}

/// An excerpt of a file: consecutive lines with the number of the first.
#[derive(Clone, Debug, Serialize)]
pub struct CodeLines {
    /// The number of the first.
    pub first: u32,
    /// The lines of the finding.
    pub from: u32,
    pub to: u32,
    pub text: String,
}

/// A step of a finding's evidence, as the audit shows it.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceStep<'a> {
    pub role: &'static str,
    pub message: &'a str,
    pub place: String,
    pub link: Option<String>,
    pub symbol: &'a str,
}

impl<'a> Item<'a> {
    /// The view of a finding.
    pub fn of(finding: &'a Finding, report: &'a Report, facets: &Facets<'a>) -> Item<'a> {
        let sources = &report.sources;
        let link = |at: &Location| report.web.as_ref().and_then(|web| links::to(web, at));
        let steps = finding.related.iter().take(STEPS).map(|related| EvidenceStep {
            role: words::role(related.role),
            message: &related.message,
            place: place(&related.location),
            link: link(&related.location),
            symbol: &related.location.symbol,
        });
        Item {
            id: id(finding),
            rule: &finding.rule,
            priority: format!("{:?}", finding.priority),
            confidence: words::confidence(finding.confidence),
            category: &finding.category,
            title: title(finding),
            message: &finding.message,
            impact: &finding.impact,
            reason: &finding.reason,
            effort: format!("{:?}", finding.effort),
            effort_words: words::effort(finding.effort),
            is_known: finding.status == Status::Known,
            is_quick: is_quick(finding),
            place: place(&finding.location),
            file: &finding.location.file,
            line: finding.location.start_line,
            symbol: &finding.location.symbol,
            language: language(&finding.location.file),
            excerpt: excerpt(finding, sources),
            code_lines: code_lines(finding, sources),
            link: link(&finding.location),
            folder: folder(&finding.location.file),
            theme: facets.theme(finding),
            tables: facets.tables(finding),
            routes: routes_of(finding),
            chain: steps.collect(),
            more_steps: finding.related.len().saturating_sub(STEPS),
            fix: &finding.fix.summary,
            code: finding.fix.code.as_deref(),
            ddl: finding.fix.ddl.as_deref(),
            orm: finding.fix.orm.as_deref(),
            risk: &finding.fix.risk,
            verify: &finding.verify,
            acceptance: &finding.acceptance,
        }
    }
}

fn code_lines(finding: &Finding, sources: &Sources) -> Option<CodeLines> {
    let excerpt = sources.excerpt(&finding.location)?;
    let at = &finding.location;
    Some(CodeLines {
        first: excerpt.first,
        from: at.start_line,
        to: at.end_line.max(at.start_line),
        text: excerpt.lines.join("\n"),
    })
}

fn excerpt(finding: &Finding, sources: &Sources) -> Option<String> {
    let excerpt = sources.excerpt(&finding.location)?;
    let last = excerpt.first + excerpt.lines.len() as u32;
    let width = last.to_string().len();
    let at = &finding.location;
    let lines = excerpt.lines.iter().zip(excerpt.first..).map(|(line, number)| {
        let mark = if (at.start_line..=at.end_line.max(at.start_line)).contains(&number) {
            '>'
        } else {
            ' '
        };
        format!("{mark} {number:>width$} | {line}").trim_end().to_owned()
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}
