//! The report as the template sees it: plain values, in the order in which they are read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::coverage::gaps;
use super::facets::{Facets, FilterFacet, folder};
use super::item::Item;
use super::monitoring::{Database, monitoring};
use super::names::{id, place, title};
use super::page::{AuditPage, page};
use super::plan::top;
use super::score::{Score, score, verdict};
use super::themes::{RoadmapStep, Theme};
use super::{AuditFormat, AuditOptions, READ, SECTIONS, capacity, index_plan, themes};
use crate::engine::baseline::Known;
use crate::finding::{Finding, Priority, Role, Suppression};
use crate::inventory::rows::{EndpointRow, QueryRow, TableRow};
use crate::report::{Report, RuleTexts, words};

/// Rows of an inventory that are shown.
const ROWS: usize = 600;
/// Findings of one rule and priority that stand open; the others are folded.
const OPEN: usize = 3;
/// Rows of a table that stand open; a longer one is folded.
const LONG: usize = 25;
/// Strengths of one kind that are shown.
const PLACES: usize = 30;

/// All that a template can print.
#[derive(Serialize)]
pub struct View<'a> {
    tool: &'a str,
    version: &'a str,
    root: &'a str,
    project: Option<&'a str>,
    commit: Option<&'a str>,
    commit_date: Option<&'a str>,
    date: Option<&'a str>,
    sections: Vec<&'a str>,
    long: usize,
    /// What is read from its first line to its last: of what there is a lot, the number and an example.
    brief: bool,
    verdict: String,
    verdicts: Vec<String>,
    themes: &'a [Theme<'a>],
    steps: Vec<RoadmapStep<'a>>,
    page: Option<AuditPage>,
    /// What the page can be filtered by.
    filters: Vec<FilterFacet>,
    plan: index_plan::IndexPlan<'a>,
    monitoring: Vec<Database>,
    score: Option<Score>,
    summary: Summary<'a>,
    top: Vec<Item<'a>>,
    kinds: Vec<Kind<'a>>,
    backlog: Vec<Item<'a>>,
    categories: Vec<Category<'a>>,
    /// Findings that are listed and not shown in full.
    listed: usize,
    tables: &'a [TableRow],
    queries: Vec<FileQueries<'a>>,
    query_count: usize,
    more_queries: usize,
    endpoints: Vec<Endpoint<'a>>,
    more_endpoints: usize,
    settings: Vec<Settings<'a>>,
    endpoint_count: usize,
    strength_count: usize,
    capacity: Option<capacity::CapacityView<'a>>,
    /// What the capacity depends on and is not known.
    unknown: &'a [String],
    strengths: Vec<Strengths<'a>>,
    understood: Vec<String>,
    languages: Vec<(&'a str, usize, usize)>,
    gaps: Vec<String>,
    suppressions: &'a [Suppression],
    compared: bool,
    fixed: &'a [Known],
    rules: Vec<RuleRow<'a>>,
}

/// Counts.
#[derive(Serialize)]
struct Summary<'a> {
    findings: usize,
    new: usize,
    known: usize,
    fixed: usize,
    files: usize,
    read: usize,
    lines: usize,
    quick: usize,
    rows: Vec<(&'a str, [usize; 4], usize)>,
    total: [usize; 4],
}

/// Findings of one rule and priority, counted.
#[derive(Serialize)]
struct Kind<'a> {
    priority: String,
    rule: &'a str,
    title: &'a str,
    findings: usize,
    files: usize,
    quick: usize,
    /// The place of the first.
    first: String,
}

/// Findings of one category.
#[derive(Serialize)]
struct Category<'a> {
    name: &'a str,
    count: usize,
    groups: Vec<Group<'a>>,
    /// Those that are not shown in full.
    listed: usize,
}

/// Findings of one priority and rule.
#[derive(Serialize)]
struct Group<'a> {
    open: Vec<Item<'a>>,
    folded: Vec<Item<'a>>,
}

/// The query sites of one file, for the page's list.
#[derive(Serialize)]
struct FileQueries<'a> {
    file: &'a str,
    folder: String,
    rows: Vec<&'a QueryRow>,
}

/// An entry point with the findings that it reaches.
#[derive(Serialize)]
struct Endpoint<'a> {
    #[serde(flatten)]
    row: &'a EndpointRow,
    place: String,
    findings: usize,
}

/// What was found and what was cleared of one part of the set-up.
#[derive(Serialize)]
struct Settings<'a> {
    name: &'static str,
    rows: Vec<Setting<'a>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    what: &'a str,
    place: String,
    /// `P1 3f2a1c9b`, or `fine`.
    verdict: String,
}

/// Strengths of one kind.
#[derive(Serialize)]
struct Strengths<'a> {
    kind: String,
    count: usize,
    rows: Vec<(String, &'a str)>,
    more: usize,
}

/// A rule with the number of its findings.
#[derive(Serialize)]
struct RuleRow<'a> {
    rule: &'a str,
    title: &'a str,
    findings: usize,
}

impl<'a> View<'a> {
    /// The view of a report and its themes; `in_full` is how many findings are shown with all their evidence.
    pub fn of(report: &'a Report, themes: &'a [Theme<'a>], rules: &'a RuleTexts, options: &'a AuditOptions, in_full: usize) -> View<'a> {
        let facets = Facets::of(report, themes);
        let item = |finding: &'a Finding| Item::of(finding, report, &facets);
        let mut sections = match options.sections.as_slice() {
            [] if is_brief(options) => READ.to_vec(),
            // What themes and filters say better.
            [] if options.template.is_none() => SECTIONS.into_iter().filter(|name| !matches!(*name, "top" | "backlog")).collect(),
            [] => SECTIONS.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        sections.retain(|section| has(report, section));
        let plan = index_plan::plan(report);
        let shown: usize = report.inventory.queries.len().min(ROWS);
        View {
            tool: &report.tool.name,
            version: &report.tool.version,
            root: &report.root,
            project: report.project.as_deref(),
            commit: report.commit.as_deref(),
            commit_date: report.commit_date.as_deref(),
            date: options.date.as_deref(),
            sections,
            long: LONG,
            brief: is_brief(options),
            verdict: verdict(report),
            verdicts: super::verdict::sentences(report, themes),
            themes,
            steps: themes::roadmap(themes),
            page: (options.form == AuditFormat::Html).then(|| page(report, themes)),
            filters: if options.form == AuditFormat::Html {
                facets.filters(report)
            } else {
                Vec::new()
            },
            monitoring: monitoring(&report.inventory.databases, &plan),
            plan,
            score: score(report),
            summary: summary(report),
            top: top(&report.findings).into_iter().map(item).collect(),
            kinds: kinds(report, rules),
            backlog: report.findings.iter().map(item).collect(),
            categories: categories(report, &facets, in_full),
            listed: report.findings.len().saturating_sub(in_full),
            tables: &report.inventory.tables,
            queries: by_file(&report.inventory.queries[..shown]),
            query_count: report.inventory.queries.len(),
            more_queries: report.inventory.queries.len() - shown,
            endpoints: endpoints(report),
            more_endpoints: report.inventory.endpoints.len().saturating_sub(ROWS),
            settings: settings(report),
            endpoint_count: report.inventory.endpoints.len(),
            strength_count: report.strengths.len(),
            unknown: &report.capacity.unknown,
            capacity: capacity::view(&report.capacity),
            strengths: strengths(report),
            understood: words::understood(&report.coverage),
            languages: languages(report),
            gaps: gaps(&report.coverage),
            suppressions: &report.suppressions,
            compared: report.compared,
            fixed: &report.fixed,
            rules: rule_rows(report, rules),
        }
    }
}

/// Whether the audit is the one that people read as a whole.
fn is_brief(options: &AuditOptions) -> bool {
    options.form == AuditFormat::Markdown && options.template.is_none() && options.sections.is_empty()
}

/// Whether a section has anything to say.
fn has(report: &Report, section: &str) -> bool {
    let inventory = &report.inventory;
    match section {
        "top" | "themes" | "backlog" | "findings" | "roadmap" => !report.findings.is_empty(),
        "indexes" => !inventory.tables.is_empty() || report.findings.iter().any(|finding| finding.category == "schema"),
        "queries" => !inventory.queries.is_empty(),
        "endpoints" => !inventory.endpoints.is_empty(),
        "settings" => !settings(report).is_empty(),
        "capacity" => capacity::view(&report.capacity).is_some() || !report.capacity.unknown.is_empty(),
        "monitoring" => !inventory.databases.is_empty(),
        "strengths" => !report.strengths.is_empty(),
        _ => true,
    }
}

fn summary(report: &Report) -> Summary<'_> {
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut total = [0; 4];
    for finding in &report.findings {
        let at = finding.priority as usize;
        counts.entry(&finding.category).or_default()[at] += 1;
        total[at] += 1;
    }
    let mut rows: Vec<(&str, [usize; 4], usize)> = counts
        .into_iter()
        .map(|(name, numbers)| (name, numbers, numbers.iter().sum()))
        .collect();
    rows.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
    Summary {
        findings: report.summary.findings,
        new: report.summary.new,
        known: report.summary.findings - report.summary.new,
        fixed: report.summary.fixed,
        files: report.summary.files,
        read: report.coverage.files(),
        lines: report.coverage.lines(),
        quick: report.findings.iter().filter(|finding| super::names::is_quick(finding)).count(),
        rows,
        total,
    }
}

/// Categories with the most urgent finding first; within them priority, then rule.
fn categories<'a>(report: &'a Report, facets: &Facets<'a>, in_full: usize) -> Vec<Category<'a>> {
    let mut all: BTreeMap<&str, (usize, Vec<&Finding>)> = BTreeMap::new();
    for finding in &report.findings {
        all.entry(&finding.category).or_default().0 += 1;
    }
    for finding in shown_in_full(&report.findings, in_full) {
        all.entry(&finding.category).or_default().1.push(finding);
    }
    let mut out: Vec<(Priority, Category<'_>)> = Vec::new();
    for (name, (count, mut findings)) in all {
        findings.sort_by_key(|finding| (finding.priority, &finding.rule, finding.sort_key()));
        let first = findings.first().map_or(Priority::P3, |finding| finding.priority);
        let listed = count - findings.len();
        let groups = findings
            .chunk_by(|left, right| (left.priority, &left.rule) == (right.priority, &right.rule))
            .map(|chunk| {
                let mut items = chunk.iter().map(|finding| Item::of(finding, report, facets));
                Group {
                    open: items.by_ref().take(OPEN).collect(),
                    folded: items.collect(),
                }
            })
            .collect();
        let category = Category {
            name,
            count,
            groups,
            listed,
        };
        out.push((first, category));
    }
    out.sort_by_key(|(first, category)| (*first, category.name));
    out.into_iter().map(|(_, category)| category).collect()
}

/// The findings that are shown with all their evidence: some of every kind before many of one, the urgent ones more.
fn shown_in_full(findings: &[Finding], most: usize) -> Vec<&Finding> {
    let mut taken: BTreeMap<(Priority, &str), usize> = BTreeMap::new();
    let rounds = findings.iter().map(|finding| {
        let number = taken.entry((finding.priority, &finding.rule)).or_default();
        *number += 1;
        let in_a_round = [8, 4, 2, 1][finding.priority as usize];
        ((*number - 1) / in_a_round, finding)
    });
    let mut rounds: Vec<(usize, &Finding)> = rounds.collect();
    // The order of the report stays within a round.
    rounds.sort_by_key(|(round, _)| *round);
    rounds.into_iter().take(most).map(|(_, finding)| finding).collect()
}

/// Kinds of findings, the most urgent first.
fn kinds<'a>(report: &'a Report, rules: &'a RuleTexts) -> Vec<Kind<'a>> {
    let mut all: BTreeMap<(Priority, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        all.entry((finding.priority, &finding.rule)).or_default().push(finding);
    }
    let mut kinds: Vec<(Priority, Kind<'a>)> = all
        .into_iter()
        .map(|((priority, rule), findings)| {
            let files: BTreeSet<&str> = findings.iter().map(|finding| finding.location.file.as_str()).collect();
            let kind = Kind {
                priority: format!("{priority:?}"),
                rule,
                title: rules.get(rule).map_or(rule, |text| &text.title),
                findings: findings.len(),
                files: files.len(),
                quick: findings.iter().filter(|finding| super::names::is_quick(finding)).count(),
                first: findings.first().map(|finding| place(&finding.location)).unwrap_or_default(),
            };
            (priority, kind)
        })
        .collect();
    kinds.sort_by(|left, right| {
        (left.0, std::cmp::Reverse(left.1.findings), left.1.rule).cmp(&(right.0, std::cmp::Reverse(right.1.findings), right.1.rule))
    });
    kinds.into_iter().map(|(_, kind)| kind).collect()
}

fn by_file(rows: &[QueryRow]) -> Vec<FileQueries<'_>> {
    let chunks = rows.chunk_by(|left, right| left.location.file == right.location.file);
    chunks
        .filter_map(|chunk| {
            Some(FileQueries {
                file: &chunk.first()?.location.file,
                folder: folder(&chunk.first()?.location.file),
                rows: chunk.iter().collect(),
            })
        })
        .collect()
}

/// Entry points, those that cost most first.
fn endpoints(report: &Report) -> Vec<Endpoint<'_>> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        let entry = finding.related.iter().find(|related| related.role == Role::Endpoint);
        if let Some(entry) = entry {
            *found.entry(&entry.message).or_default() += 1;
        }
    }
    let mut rows: Vec<Endpoint<'_>> = report
        .inventory
        .endpoints
        .iter()
        .map(|row| Endpoint {
            row,
            place: words::place(&row.location),
            findings: found.get(row.label.as_str()).copied().unwrap_or(0),
        })
        .collect();
    rows.sort_by(|left, right| {
        let key = |one: &Endpoint<'_>| {
            (
                !one.row.is_waited_for(),
                std::cmp::Reverse(one.row.per_row),
                std::cmp::Reverse(one.row.fixed),
            )
        };
        key(left)
            .cmp(&key(right))
            .then_with(|| (&left.row.label, &left.row.location).cmp(&(&right.row.label, &right.row.location)))
    });
    rows.truncate(ROWS);
    rows
}

/// Rules and words of strengths for each part of the set-up.
const PARTS: [(&str, &[&str], &[&str]); 5] = [
    (
        "Polling and waiting",
        &["polling-without-backoff", "polling-never-stops", "fixed-delay"],
        &["poll", "back-off"],
    ),
    (
        "Caches",
        &[
            "per-request-cache",
            "unbounded-cache",
            "unbounded-growth",
            "cache-without-ttl",
            "redis-keys-command",
            "redis-no-maxmemory",
            "redis-no-eviction-policy",
            "redis-single-instance",
        ],
        &["cache", "ttl", "eviction", "maxmemory"],
    ),
    (
        "Connections and clients",
        &[
            "pool-not-configured",
            "pool-smaller-than-concurrency",
            "client-per-call",
            "long-transaction",
        ],
        &["pool", "client", "connection"],
    ),
    (
        "Time-outs",
        &[
            "missing-timeout",
            "postgres-no-statement-timeout",
            "postgres-no-idle-in-transaction-timeout",
        ],
        &["timeout", "time-out"],
    ),
    (
        "Server and build",
        &[
            "no-compression",
            "no-metrics",
            "no-rate-limit",
            "bundle-keeps-console",
            "small-batch-size",
        ],
        &["compression", "metrics", "rate-limit", "rate limit"],
    ),
];

fn settings(report: &Report) -> Vec<Settings<'_>> {
    let mut out = Vec::new();
    for (name, rules, kinds) in PARTS {
        let found = report.findings.iter().filter(|finding| rules.contains(&finding.rule.as_str()));
        let mut rows: Vec<Setting<'_>> = found
            .map(|finding| Setting {
                what: title(finding),
                place: place(&finding.location),
                verdict: format!("{:?} {}", finding.priority, id(finding)),
            })
            .collect();
        let cleared = report.strengths.iter().filter(|strength| {
            let kind = strength.kind.to_lowercase();
            kinds.iter().any(|word| kind.contains(word))
        });
        rows.extend(cleared.map(|strength| Setting {
            what: &strength.message,
            place: words::place(&strength.location),
            verdict: "fine".to_owned(),
        }));
        rows.truncate(ROWS);
        if !rows.is_empty() {
            out.push(Settings { name, rows });
        }
    }
    out
}

fn strengths(report: &Report) -> Vec<Strengths<'_>> {
    let mut kinds: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    for strength in &report.strengths {
        let row = (words::place(&strength.location), strength.message.as_str());
        kinds.entry(&strength.kind).or_default().push(row);
    }
    let shown = kinds.into_iter().map(|(kind, mut rows)| {
        let count = rows.len();
        rows.truncate(PLACES);
        Strengths {
            kind: kind.replace(['-', '_'], " "),
            count,
            more: count - rows.len(),
            rows,
        }
    });
    shown.collect()
}

fn languages(report: &Report) -> Vec<(&str, usize, usize)> {
    let languages = report.coverage.languages.iter();
    languages.map(|(name, count)| (name.as_str(), count.files, count.lines)).collect()
}

fn rule_rows<'a>(report: &'a Report, rules: &'a RuleTexts) -> Vec<RuleRow<'a>> {
    let rows = rules.iter().map(|(rule, text)| RuleRow {
        rule,
        title: &text.title,
        findings: report.summary.rules.get(rule).copied().unwrap_or(0),
    });
    rows.collect()
}
