//! Counts of the findings by what they have in common: a rule, a file, an entry point, a table or the place to mend.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::escape;
use crate::finding::{Finding, Location, Related, Role};
use crate::report::screen::by_priority;
use crate::report::{Report, shown, words, wrap};

/// What findings are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Their rule.
    Rule,
    /// Their file.
    File,
    /// The entry points that reach them: one of several counts under each.
    Route,
    /// The tables that they are about; those of the statements are known only where the report has its inventory.
    Table,
    /// The place that mends them all: where their chains end.
    Cause,
}

/// How the list is drawn.
#[derive(Clone, Copy, Debug)]
pub struct GroupOptions {
    /// Columns of the terminal; `None` cuts nothing.
    pub width: Option<usize>,
    /// Groups that are listed; `None` is all.
    pub most: Option<usize>,
    /// Whether known findings count, too.
    pub all: bool,
    /// What fails the run.
    pub fail_on: Option<crate::finding::Priority>,
}

/// Renders the groups, the most urgent first, then the largest.
pub fn render(report: &Report, by: By, options: GroupOptions) -> String {
    let mut groups: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    let tables = if by == By::Table { tables(report) } else { BTreeMap::new() };
    let wanted = shown::findings(report, options.all);
    for finding in &wanted {
        for name in names(finding, by, &tables) {
            groups.entry(name).or_default().push(finding);
        }
    }
    let mut groups: Vec<(String, Vec<&Finding>)> = groups.into_iter().collect();
    groups.sort_by_cached_key(|(name, findings)| {
        let first = findings.iter().map(|finding| finding.priority).min();
        (first, std::cmp::Reverse(findings.len()), name.clone())
    });
    let shown = options.most.unwrap_or(usize::MAX).min(groups.len());
    let counts: Vec<String> = groups.iter().take(shown).map(|(_, findings)| by_priority(findings)).collect();
    let widest = counts.iter().map(|count| wrap::width(count)).max().unwrap_or(0);
    let mut out = String::new();
    for ((name, findings), count) in groups.iter().zip(&counts) {
        let line = escape::line(&format!("{count:widest$}  {name}{}", example(findings, by)));
        let line = options.width.map_or_else(|| line.clone(), |width| wrap::cut(&line, width));
        let _ = writeln!(out, "{line}");
    }
    if shown < groups.len() {
        let _ = writeln!(out, "{} more not shown: --all", words::grouped(groups.len() - shown));
    }
    if report.findings.is_empty() {
        let _ = writeln!(out, "{}", escape::line(&words::nothing(report)));
        return out;
    }
    if let Some(line) = shown::known(report, options.all) {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}", words::totals(report));
    if let Some(line) = shown::failed(report, options.fail_on) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The first finding of a group, as an example, where the group's name says no place.
fn example(findings: &[&Finding], by: By) -> String {
    match (findings.first(), by) {
        (Some(first), By::Route | By::Table) => format!("  {} {}", first.rule, words::place(&first.location)),
        (Some(first), By::Cause) => format!("  {}", first.rule),
        (Some(first), By::File) if findings.len() == 1 => format!("  {}", first.rule),
        _ => String::new(),
    }
}

/// The groups that a finding is in.
fn names(finding: &Finding, by: By, tables: &BTreeMap<(&str, u32), Vec<&str>>) -> Vec<String> {
    let mut names: Vec<String> = match by {
        By::Rule => vec![finding.rule.clone()],
        By::File => vec![finding.location.file.clone()],
        By::Route => {
            let entries = finding.related.iter().filter(|related| related.role == Role::Endpoint);
            entries.map(|entry| entry.message.clone()).collect()
        }
        By::Table => tables_of(finding, tables),
        By::Cause => vec![words::place(cause(finding).0)],
    };
    if names.is_empty() {
        names.push("(none known)".to_owned());
    }
    names.sort();
    names.dedup();
    names
}

/// What mends a finding, and with it all that have the same: the place that its own chain ends in, with what is there in words, since one
/// helper may ask for rows of many tables. The schema is mended where it is declared; statements only show what it lacks.
pub(super) fn cause(finding: &Finding) -> (&Location, &str) {
    let ends = |related: &&Related| matches!(related.role, Role::Query | Role::Callee);
    // The first is its own: steps after it show what else is there, as other statements of the same loop.
    let own = finding.related.iter().find(ends).filter(|_| finding.category != "schema");
    own.map_or((&finding.location, ""), |related| (&related.location, related.message.as_str()))
}

/// The tables of the statements of a report, by file and line.
pub(super) fn tables(report: &Report) -> BTreeMap<(&str, u32), Vec<&str>> {
    let mut tables: BTreeMap<(&str, u32), Vec<&str>> = BTreeMap::new();
    for query in &report.inventory.queries {
        let place = (query.location.file.as_str(), query.location.start_line);
        tables.entry(place).or_default().extend(query.tables.iter().map(String::as_str));
    }
    tables
}

pub(super) fn tables_of(finding: &Finding, tables: &BTreeMap<(&str, u32), Vec<&str>>) -> Vec<String> {
    let places = finding.related.iter().map(|related| (&related.location, related.role));
    let mut names: Vec<String> = Vec::new();
    for (place, role) in places.chain([(&finding.location, Role::Evidence)]) {
        let at = (place.file.as_str(), place.start_line);
        names.extend(tables.get(&at).into_iter().flatten().map(|name| (*name).to_owned()));
        let is_schema = finding.category == "schema" && role == Role::Evidence || matches!(role, Role::Column | Role::Table);
        if let Some((table, _)) = place.symbol.rsplit_once('.').filter(|_| is_schema && names.is_empty()) {
            names.push(table.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Priority};

    #[test]
    fn groups_are_by_what_findings_share() {
        let at = |file: &str, line| Location {
            file: file.to_owned(),
            start_line: line,
            ..Location::default()
        };
        let mut one = Finding::new("n-plus-one", Priority::P2, Confidence::High, at("a.py", 1));
        one.relate(at("api.py", 9), Role::Endpoint, "GET /a");
        one.relate(at("repo.py", 5), Role::Query, "reads");
        let mut other = Finding::new("n-plus-one", Priority::P1, Confidence::High, at("b.py", 2));
        other.relate(at("repo.py", 5), Role::Query, "reads");
        // Another statement of its loop is no cause of it.
        other.relate(at("log.py", 7), Role::Query, "also in this loop");
        let report = Report::new(".", vec![other, one], Vec::new(), Coverage::default());
        let first = |by| {
            let options = GroupOptions {
                width: None,
                most: None,
                all: false,
                fail_on: None,
            };
            render(&report, by, options).lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(first(By::Rule), "1 P1 · 1 P2  n-plus-one");
        assert_eq!(first(By::Cause), "1 P1 · 1 P2  repo.py:5  n-plus-one");
        assert_eq!(first(By::File), "1 P1  b.py  n-plus-one");
        assert_eq!(first(By::Route), "1 P1  (none known)  n-plus-one b.py:2");
    }
}
