//! The verdict: what stands where, why, what it takes and what is good already, a sentence each.

use std::collections::BTreeMap;

use super::plain_route;
use super::score;
use super::themes::{EffortRange, Phase, Theme, families, routes};
use crate::finding::{Finding, Priority, Repeats};
use crate::inventory::rows::EndpointRow;
use crate::judge::evidence::capitalised;
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

/// The entry points that somebody waits for, that the most urgent findings name and that ask again for each row, each with what it alone
/// asks of the database.
fn worst(report: &Report) -> Option<String> {
    let mut known: BTreeMap<&str, Vec<&EndpointRow>> = BTreeMap::new();
    for row in report.inventory.endpoints.iter().filter(|row| row.is_waited_for()) {
        known.entry(&row.label).or_default().push(row);
    }
    let urgent: Vec<&Finding> = report.findings.iter().filter(|finding| finding.priority <= Priority::P2).collect();
    // Relations that are loaded when they are read are no query sites, so no entry point has them among its own.
    let relations: Vec<Vec<&str>> = urgent
        .iter()
        .filter(|finding| finding.repeats == Some(Repeats::Relation))
        .map(|finding| routes(&[finding]))
        .collect();
    let named = routes(&urgent).into_iter().filter_map(|route| {
        // Of several under one name it is not known which one is meant.
        let &[row] = known.get(route)?.as_slice() else { return None };
        let repeated = row.per_row + relations.iter().filter(|routes| routes.contains(&route)).count();
        (repeated > 0).then(|| format!("`{}` ({})", plain_route(route), formula(row, repeated)))
    });
    let list: Vec<String> = named.take(NAMED).collect();
    let are = if list.len() == 1 { "is" } else { "are" };
    (!list.is_empty()).then(|| format!("Worst for the database {are} {}.", joined(&list)))
}

/// What an entry point asks: `statements at 2 places for each row, at 3 once`. Some exclude each other, so that is no sum.
fn formula(row: &EndpointRow, repeated: usize) -> String {
    let more = if row.is_complete { "" } else { " or more" };
    let once = if row.fixed == 0 {
        String::new()
    } else {
        format!(", at {} once", row.fixed)
    };
    format!(
        "statements at {}{more} for each row{once}",
        words::count(repeated, "place", "places")
    )
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
    let effort = EffortRange::sum(themes.iter().filter_map(|theme| theme.effort))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Location, Role};

    #[test]
    fn each_entry_point_is_told_with_its_own_statements() {
        let found = |line, route: &str| {
            let location = Location {
                file: "a.py".to_owned(),
                start_line: line,
                ..Location::default()
            };
            let mut finding = Finding::new("missing-index", Priority::P1, Confidence::High, location.clone());
            // Of all that ask the table; which ones they are is not to be read out of a sentence.
            finding.reason = "12 statements read all of `orders`, each time GET /other is asked and 11 other entry points".to_owned();
            finding.impact = "1 + n queries".to_owned();
            finding.relate(location, Role::Endpoint, route);
            finding
        };
        let row = |label: &str, kind: &str, fixed, per_row| EndpointRow {
            label: label.to_owned(),
            kind: kind.to_owned(),
            fixed,
            per_row,
            is_complete: true,
            ..EndpointRow::default()
        };
        let lazy = Finding {
            repeats: Some(Repeats::Relation),
            ..found(5, "GET /cards")
        };
        let found = ["GET /orders", "task clean", "GET /kinds", "ANY /"]
            .into_iter()
            .zip(1..)
            .map(|(route, line)| found(line, route));
        let found: Vec<Finding> = found.chain([lazy]).collect();
        let mut report = Report::new(".", found, Vec::new(), Coverage::default());
        report.inventory.endpoints = vec![
            row("GET /orders", "route", 3, 2),
            row("GET /other", "route", 9, 9),
            row("task clean", "job", 5, 5),
            row("GET /kinds", "route", 1, 0),
            row("GET /cards", "route", 1, 0),
            row("ANY /", "route", 7, 1),
            row("ANY /", "page", 8, 1),
        ];
        assert_eq!(
            worst(&report).as_deref(),
            Some(
                "Worst for the database are `GET /orders` (statements at 2 places for each row, at 3 once) and `GET /cards` (statements at 1 place for each row, at 1 once)."
            )
        );
    }
}
