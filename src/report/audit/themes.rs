//! Themes: findings of one cause, as somebody would mend them. What a theme is, which finding belongs to which, in which order they
//! stand and when each is due is decided here; renderers only print.

mod effort;
mod example;
pub mod families;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::names::place;
use super::{index_plan, links, plain_route};
use crate::finding::{Finding, Location, Priority, Repeats, Role};
use crate::report::Report;
use crate::report::groups::{cause, tables};
pub use effort::EffortRange;
use example::ThemeExample;
use families::Family;

/// Themes at most; what weighs least becomes one.
const MOST: usize = 12;
/// Places that a theme's table shows, and how many where nothing of it is worth mending by itself.
const ROWS: usize = 6;
const FEW_ROWS: usize = 3;
/// Other places of one cause that a row names, and other columns of one table.
const OTHERS: usize = 2;
/// Criteria that say when a theme is done.
const CRITERIA: usize = 3;
/// Work that is done at once: half hours.
const QUICK: usize = 16;

/// What makes findings one theme.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// They are mended alike.
    Family(&'a Family),
    /// No theme knows their rules, which are of one's own.
    Other,
    /// They weigh least, and have nothing else in common.
    Rest,
}

impl<'a> Kind<'a> {
    /// Title, and why it costs.
    fn texts(self) -> (&'a str, &'a str) {
        match self {
            Kind::Family(family) => (&family.title, &family.why),
            Kind::Other => ("Other findings", "Found by rules that belong to no theme."),
            Kind::Rest => (
                "Smaller things",
                "Causes that weigh little by themselves: mend them with other work on the same files.",
            ),
        }
    }
}

/// When a theme is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Phase {
    /// Urgent, or little work.
    Now,
    /// Worth doing.
    Next,
    /// With other work on the same files.
    Later,
}

/// Findings of one cause.
#[derive(Debug, Serialize)]
pub struct Theme<'a> {
    /// `PERF-1`.
    pub id: String,
    pub title: &'a str,
    /// The most urgent finding's.
    pub priority: String,
    pub why: &'a str,
    /// Findings that are worth mending by themselves, P2 and over.
    pub wanted: usize,
    /// Those of P3.
    pub hygiene: usize,
    /// Entry points that are named by what is worth mending.
    pub routes: usize,
    /// Places, one row a cause.
    pub rows: Vec<ThemeRow>,
    /// Causes that have no row.
    pub more: usize,
    /// Its findings have nothing in common: each row says what to do, and nothing is told of all of them.
    pub is_mixed: bool,
    /// What to do, in a sentence or two.
    pub fix: &'a str,
    /// The place that it is said of.
    pub fix_at: String,
    /// That is an example: other places are mended in other words.
    pub is_example: bool,
    pub example: Option<ThemeExample<'a>>,
    pub risk: &'a str,
    pub verify: &'a str,
    pub done: Vec<&'a str>,
    /// An earlier theme with the same risk, proof and end; then these need not be read again.
    pub like: Option<String>,
    /// The work on what is worth mending; `None` where nothing is, by itself.
    pub effort: Option<EffortRange>,
    pub phase: Phase,
    /// The rules of its findings.
    pub rules: Vec<&'a str>,
    /// The priority of each finding and its place in the report.
    #[serde(skip)]
    pub findings: Vec<&'a Finding>,
}

/// A row of a theme's table: the places of one cause.
#[derive(Debug, Serialize)]
pub struct ThemeRow {
    pub priority: String,
    pub place: String,
    /// That place at the commit that was read.
    pub link: Option<String>,
    /// Other places of the same cause.
    pub others: Vec<String>,
    /// How many more there are.
    pub more: usize,
    pub what: String,
    /// What it costs, and for whom; what to do in a theme whose findings have nothing in common.
    pub why: String,
}

/// The themes of a report, the most urgent first.
pub fn themes(report: &Report) -> Vec<Theme<'_>> {
    let mut groups: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    let all = families::all();
    for finding in &report.findings {
        // Of one whose rule does not say what it repeats, no more is known than that something does.
        let repeats = finding.repeats.unwrap_or(Repeats::Statement);
        let at = all.iter().position(|family| family.takes(&finding.rule, repeats));
        groups.entry(at.unwrap_or(all.len())).or_default().push(finding);
    }
    let kind = |at: usize| all.get(at).map_or(Kind::Other, Kind::Family);
    let mut groups: Vec<(Kind<'_>, Vec<&Finding>)> = groups.into_iter().map(|(at, found)| (kind(at), found)).collect();
    groups.sort_by_key(|(_, found)| std::cmp::Reverse(weight(found)));
    let rest = if groups.len() > MOST {
        groups.split_off(MOST - 1)
    } else {
        Vec::new()
    };
    let mut themes: Vec<Theme<'_>> = groups.into_iter().map(|(kind, found)| theme(report, kind, found)).collect();
    if !rest.is_empty() {
        let mut found: Vec<&Finding> = rest.into_iter().flat_map(|(_, found)| found).collect();
        found.sort_by_key(|finding| finding.sort_key());
        themes.push(theme(report, Kind::Rest, found));
    }
    for (at, theme) in themes.iter_mut().enumerate() {
        theme.id = format!("PERF-{}", at + 1);
    }
    for at in 1..themes.len() {
        let (before, after) = themes.split_at_mut(at);
        let theme = &mut after[0];
        let is_like = |other: &&Theme<'_>| (other.risk, other.verify, &other.done) == (theme.risk, theme.verify, &theme.done);
        let says_nothing = theme.risk.is_empty() && theme.verify.is_empty() && theme.done.is_empty();
        theme.like = before.iter().find(is_like).filter(|_| !says_nothing).map(|other| other.id.clone());
    }
    // There is always something to begin with.
    if themes.iter().all(|theme| theme.phase != Phase::Now)
        && let Some(first) = themes.iter_mut().find(|theme| theme.phase == Phase::Next)
    {
        first.phase = Phase::Now;
    }
    themes
}

/// What a group weighs: causes at each priority, then what its first finding saves.
fn weight(found: &[&Finding]) -> ([usize; 4], u32) {
    let mut causes = [const { BTreeSet::new() }; 4];
    for finding in found {
        causes[finding.priority as usize].insert(cause(finding));
    }
    (causes.map(|places| places.len()), found.first().map_or(0, |finding| finding.gain))
}

fn theme<'a>(report: &'a Report, kind: Kind<'a>, found: Vec<&'a Finding>) -> Theme<'a> {
    let wanted: Vec<&Finding> = found.iter().copied().filter(|finding| finding.priority <= Priority::P2).collect();
    let shown = if wanted.is_empty() { found.as_slice() } else { wanted.as_slice() };
    let is_mixed = matches!(kind, Kind::Rest);
    let (rows, more) = rows(report, shown, if wanted.is_empty() { FEW_ROWS } else { ROWS }, is_mixed);
    let spoken = spoken(shown).filter(|_| !is_mixed);
    // What is shown is mended as it is said.
    let is_alike =
        |finding: &&&Finding| spoken.is_some_and(|spoken| finding.rule == spoken.rule && finding.fix.summary == spoken.fix.summary);
    let alike: Vec<&Finding> = shown.iter().filter(is_alike).copied().collect();
    let written = || spoken.and_then(|finding| example::as_it_is(finding, &report.sources));
    let example = example::of(&alike, &report.sources).or_else(written);
    let priority = found.iter().map(|finding| finding.priority).min().unwrap_or(Priority::P3);
    let effort = (!wanted.is_empty()).then(|| EffortRange::of(&wanted));
    let phase = match (priority, effort) {
        (Priority::P0 | Priority::P1, _) => Phase::Now,
        (Priority::P2, Some(effort)) if effort.most <= QUICK => Phase::Now,
        (Priority::P2, _) => Phase::Next,
        (Priority::P3, _) => Phase::Later,
    };
    let (title, why) = kind.texts();
    let rules: BTreeSet<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
    Theme {
        id: String::new(),
        title,
        priority: format!("{priority:?}"),
        why,
        wanted: wanted.len(),
        hygiene: found.len() - wanted.len(),
        routes: routes(&wanted).len(),
        rows,
        more,
        is_mixed,
        fix: spoken.map_or("", |finding| finding.fix.summary.as_str()),
        fix_at: spoken.map_or_else(String::new, |finding| place(&finding.location)),
        is_example: alike.len() < shown.len(),
        risk: spoken.map_or("", |finding| finding.fix.risk.as_str()),
        verify: spoken.map_or("", |finding| finding.verify.as_str()),
        done: if is_mixed { Vec::new() } else { criteria(shown) },
        like: None,
        example,
        effort,
        phase,
        rules: rules.into_iter().collect(),
        findings: found,
    }
}

/// The finding whose advice is told: the first of those that are mended alike by the most, with code before those without.
fn spoken<'a>(found: &[&'a Finding]) -> Option<&'a Finding> {
    let mut advice: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let key = |finding: &'a Finding| (finding.rule.as_str(), finding.fix.summary.as_str());
    for finding in found {
        *advice.entry(key(finding)).or_default() += 1;
    }
    let best = found.first()?.priority;
    let first = found.iter().copied().filter(|finding| finding.priority == best);
    // Of equal ones the first.
    first.rev().max_by_key(|finding| {
        let fix = &finding.fix;
        let is_shown = fix.code.is_some() || fix.ddl.is_some() || fix.orm.is_some() || !fix.edits.is_empty();
        let alike = advice.get(&key(finding)).copied().unwrap_or(0);
        (alike > 1, is_shown, alike)
    })
}

/// The entry points of findings, each once, in their order.
pub fn routes<'a>(found: &[&'a Finding]) -> Vec<&'a str> {
    let entries = found.iter().flat_map(|finding| &finding.related);
    let entries = entries.filter(|related| related.role == Role::Endpoint);
    let mut seen = BTreeSet::new();
    entries
        .map(|entry| entry.message.as_str())
        .filter(|entry| seen.insert(*entry))
        .collect()
}

/// What a row is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Subject<'a> {
    /// What the schema or the statements on one table lack: that is decided table by table.
    Table(&'a str),
    /// What mends it: see [`cause`].
    Cause(&'a Location, &'a str),
}

fn subject<'a>(finding: &'a Finding, tables: &BTreeMap<(&str, u32), Vec<&'a str>>) -> Subject<'a> {
    if index_plan::adds(finding) {
        return Subject::Table(index_plan::table(finding));
    }
    let (place, what) = cause(finding);
    let read = tables.get(&(place.file.as_str(), place.start_line)).map(Vec::as_slice);
    match read {
        Some(&[table]) if finding.rule == "unbounded-query" => Subject::Table(table),
        _ => Subject::Cause(place, what),
    }
}

/// One row a cause, in the order of the findings, and how many causes have none.
fn rows(report: &Report, found: &[&Finding], most: usize, is_mixed: bool) -> (Vec<ThemeRow>, usize) {
    let tables = tables(report);
    let mut causes: Vec<Vec<&Finding>> = Vec::new();
    let mut known: BTreeMap<(&str, Subject<'_>), usize> = BTreeMap::new();
    for &finding in found {
        let at = *known.entry((&finding.rule, subject(finding, &tables))).or_insert(causes.len());
        match causes.get_mut(at) {
            Some(same) => same.push(finding),
            None => causes.push(vec![finding]),
        }
    }
    let rows = causes.iter().take(most).filter_map(|same| row(report, same, is_mixed)).collect();
    (rows, causes.len().saturating_sub(most))
}

fn row(report: &Report, same: &[&Finding], is_mixed: bool) -> Option<ThemeRow> {
    let first = *same.first()?;
    let own = place(&first.location);
    let mut places: Vec<String> = same.iter().skip(1).map(|finding| place(&finding.location)).collect();
    places.dedup();
    places.retain(|place| *place != own);
    // What is hygiene needs no reason for its weight.
    let is_plain = first.reason.is_empty() || first.priority == Priority::P3 && !first.impact.is_empty();
    let why = match (is_mixed, is_plain) {
        (true, _) => &first.fix.summary,
        (false, true) => &first.impact,
        (false, false) => &first.reason,
    };
    Some(ThemeRow {
        priority: format!("{:?}", first.priority),
        place: own,
        link: report.web.as_ref().and_then(|web| links::to(web, &first.location)),
        more: places.len().saturating_sub(OTHERS),
        others: places.into_iter().take(OTHERS).collect(),
        what: what(first, &same[1..]),
        why: plain_route(why),
    })
}

/// What was found, and of which other columns of the table.
fn what(first: &Finding, others: &[&Finding]) -> String {
    let title = super::names::title(first);
    if others.is_empty() || !index_plan::adds(first) {
        return title.to_owned();
    }
    let named: Vec<String> = others
        .iter()
        .take(OTHERS)
        .map(|other| format!("({})", index_plan::columns(other)))
        .collect();
    let more = others.len().saturating_sub(OTHERS);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{title}; likewise {}{rest}", named.join(", "))
}

/// When it is done: the criteria of its rules, each rule's first before any second.
fn criteria<'a>(found: &[&'a Finding]) -> Vec<&'a str> {
    let mut rules: Vec<&Finding> = Vec::new();
    for &finding in found {
        if rules.iter().all(|known| known.rule != finding.rule) {
            rules.push(finding);
        }
    }
    let longest = rules.iter().map(|rule| rule.acceptance.len()).max().unwrap_or(0);
    let mut out: Vec<&str> = Vec::new();
    for at in 0..longest {
        let next = rules.iter().filter_map(|rule| rule.acceptance.get(at));
        for criterion in next {
            if !out.contains(&criterion.as_str()) {
                out.push(criterion);
            }
        }
    }
    out.truncate(CRITERIA);
    out
}

/// A phase of the roadmap, with its themes and their effort.
#[derive(Debug, Serialize)]
pub struct RoadmapStep<'a> {
    pub phase: Phase,
    pub why: &'static str,
    /// Themes by id and title, with the words for their effort.
    pub themes: Vec<(&'a str, &'a str, String)>,
    /// The work of all of them, in words; empty where it is no work of its own.
    pub effort: String,
}

/// The roadmap: the phases that have themes.
pub fn roadmap<'a>(themes: &'a [Theme<'a>]) -> Vec<RoadmapStep<'a>> {
    const PHASES: [(Phase, &str); 3] = [
        (Phase::Now, "urgent, or a day's work at most"),
        (Phase::Next, "worth doing, in this order"),
        (Phase::Later, "no work of its own: with other changes to the same files"),
    ];
    let steps = PHASES.into_iter().filter_map(|(phase, why)| {
        let due: Vec<&Theme<'_>> = themes.iter().filter(|theme| theme.phase == phase).collect();
        let effort = EffortRange::sum(due.iter().filter_map(|theme| theme.effort));
        (!due.is_empty()).then(|| RoadmapStep {
            phase,
            why,
            themes: due
                .iter()
                .map(|theme| {
                    let effort = theme.effort.map_or_else(String::new, |effort| effort.to_string());
                    (theme.id.as_str(), theme.title, effort)
                })
                .collect(),
            effort: effort.map_or_else(String::new, |effort| effort.to_string()),
        })
    });
    steps.collect()
}

#[cfg(test)]
mod tests;
