//! The verdict: what stands where, why, what it takes and what is good already, a sentence each.

use std::collections::{BTreeMap, BTreeSet};

use super::plain_route;
use super::score;
use super::themes::{Effort, Phase, Theme, families, routes};
use crate::finding::{Finding, Priority};
use crate::inventory::rows::EndpointRow;
use crate::report::{Report, words};

/// Routes, causes and strengths that are named.
const NAMED: usize = 3;

/// The sentences, the most telling first.
pub fn sentences(report: &Report, themes: &[Theme<'_>]) -> Vec<String> {
    let mut out = vec![state(report)];
    out.extend(worst(report));
    out.extend(causes(themes));
    out.extend(work(themes));
    out.extend(good(report));
    if words::is_blind(&report.coverage) && !report.findings.is_empty() {
        let coverage = &report.coverage;
        let own = coverage.calls.total.saturating_sub(coverage.calls.external);
        out.push(if coverage.tables == 0 {
            "No table was understood, so nothing is said of indexes and of how many rows there are.".to_owned()
        } else {
            format!(
                "Only {} % of the calls have a known target, so there is more than was found.",
                words::share(coverage.calls.resolved, own)
            )
        });
    }
    out
}

fn state(report: &Report) -> String {
    let count = |priority| report.summary.priorities.get(&priority).copied().unwrap_or(0);
    let is_urgent = count(Priority::P0) + count(Priority::P1) > 0;
    let later = if is_urgent { count(Priority::P2) } else { 0 };
    let hygiene = if is_urgent || count(Priority::P2) > 0 {
        count(Priority::P3)
    } else {
        0
    };
    let verdict = score::verdict(report);
    let verdict = verdict.trim_end_matches('.');
    let are = |number: usize| if number == 1 { "is" } else { "are" };
    let doing = format!("{} more {} worth doing (P2)", words::grouped(later), are(later));
    match (later, hygiene) {
        (0, 0) => format!("{verdict}."),
        (0, rest) => format!("{verdict}; {} more {} hygiene (P3).", words::grouped(rest), are(rest)),
        (_, 0) => format!("{verdict}; {doing}."),
        (_, rest) => format!("{verdict}; {doing} and {} {} hygiene (P3).", words::grouped(rest), are(rest)),
    }
}

/// The entry points that cost most, with the formula of what they cost.
fn worst(report: &Report) -> Option<String> {
    let waited = |row: &&EndpointRow| !matches!(row.kind.as_str(), "job" | "startup" | "command");
    let known: BTreeSet<&str> = report
        .inventory
        .endpoints
        .iter()
        .filter(waited)
        .map(|row| row.label.as_str())
        .collect();
    let mut seen = BTreeSet::new();
    let mut named: Vec<String> = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.priority <= Priority::P2) {
        // Who writes the rows is named before who asks for them.
        let asked = finding.reason.split_once("each ").map_or("", |(_, asked)| asked);
        let named_in = || {
            known
                .iter()
                .copied()
                .filter(|label| asked.contains(label))
                .max_by_key(|label| label.len())
        };
        let route = routes(&[finding]).into_iter().find(|route| known.contains(route)).or_else(named_in);
        let (Some(route), Some(cost)) = (route, formula(finding)) else {
            continue;
        };
        if seen.insert(route) {
            named.push(format!("`{}` ({cost})", plain_route(route)));
        }
        if named.len() == NAMED {
            break;
        }
    }
    let (are, list) = match named.as_slice() {
        [] => return None,
        [one] => ("is", one.clone()),
        many => ("are", joined(many)),
    };
    let what = if list.contains('n') && list.contains('+') {
        ", where n is the number of rows"
    } else {
        ""
    };
    Some(format!("Worst {are} {list}{what}."))
}

/// What a finding costs, where that is a formula (`1 + 2·n queries`) or a number of statements.
fn formula(finding: &Finding) -> Option<&str> {
    let cost = finding.impact.split([',', '(']).next()?.split(" for ").next()?.trim();
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if is_number(cost) && cost.contains('n') {
        return Some(cost);
    }
    let reason = finding.reason.split(',').next()?.trim();
    is_number(reason).then_some(reason)
}

fn causes(themes: &[Theme<'_>]) -> Option<String> {
    let wanted: usize = themes.iter().map(|theme| theme.wanted).sum();
    let mut main: Vec<&Theme<'_>> = themes.iter().filter(|theme| theme.wanted > 0).collect();
    main.sort_by_key(|theme| std::cmp::Reverse(theme.wanted));
    main.truncate(NAMED);
    let covered: usize = main.iter().map(|theme| theme.wanted).sum();
    let named: Vec<String> = main
        .iter()
        .map(|theme| format!("{} ({}, {})", lower(theme.title), theme.id, words::grouped(theme.wanted)))
        .collect();
    match named.as_slice() {
        [] => None,
        [one] => Some(format!("Behind it stands one cause: {one}.")),
        many if covered == wanted => Some(format!("Behind it stand {} causes: {}.", many.len(), joined(many))),
        many => Some(format!(
            "{} causes stand behind {} of these {}: {}.",
            capitalised(number(many.len())),
            words::grouped(covered),
            words::grouped(wanted),
            joined(many)
        )),
    }
}

fn work(themes: &[Theme<'_>]) -> Option<String> {
    let effort = Effort::sum(themes.iter().filter_map(|theme| theme.effort))?;
    let now: Vec<String> = themes
        .iter()
        .filter(|theme| theme.phase == Phase::Now)
        .map(|theme| theme.id.clone())
        .collect();
    let hygiene = themes.iter().any(|theme| theme.hygiene > 0);
    let rest = if hygiene {
        "; hygiene comes with other work on the same files"
    } else {
        ""
    };
    let begin = match now.as_slice() {
        [] => String::new(),
        now => format!(": begin with {}", joined(now)),
    };
    Some(format!("What is worth mending takes {effort}{begin}{rest}."))
}

/// What is good already, the most frequent first.
fn good(report: &Report) -> Option<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for strength in &report.strengths {
        *kinds.entry(&strength.kind).or_default() += 1;
    }
    let mut kinds: Vec<(&str, usize)> = kinds.into_iter().collect();
    kinds.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
    let counted = kinds
        .iter()
        .filter_map(|&(kind, count)| Some(format!("{} {}", words::grouped(count), families::strength(kind, count)?)));
    let features: Vec<String> = kinds
        .iter()
        .filter_map(|(kind, _)| families::feature(kind))
        .map(str::to_owned)
        .collect();
    let named: Vec<String> = counted.take(NAMED).chain(features).collect();
    (!named.is_empty()).then(|| format!("Already good: {}.", joined(&named)))
}

/// `a, b and c`.
fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn number(number: usize) -> &'static str {
    ["no", "one", "two", "three"].get(number).copied().unwrap_or("several")
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
