//! What findings are filtered by in the page.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::themes::{self, Theme};
use crate::finding::Finding;
use crate::report::{Report, groups, words};

/// What findings are filtered by, by fingerprint.
pub struct Facets<'a> {
    themes: BTreeMap<&'a str, &'a str>,
    tables: BTreeMap<(&'a str, u32), Vec<&'a str>>,
}

impl<'a> Facets<'a> {
    /// Finds out for each finding of a report in which theme it is and which tables it is about.
    pub fn of(report: &'a Report, themes: &'a [Theme<'a>]) -> Facets<'a> {
        let each = themes.iter().flat_map(|theme| {
            theme
                .findings
                .iter()
                .map(|finding| (finding.fingerprint.as_str(), theme.id.as_str()))
        });
        Facets {
            themes: each.collect(),
            tables: groups::tables(report),
        }
    }

    /// The theme that a finding belongs to.
    pub fn theme(&self, finding: &Finding) -> &'a str {
        self.themes.get(finding.fingerprint.as_str()).copied().unwrap_or("")
    }

    /// The tables that a finding is about.
    pub fn tables(&self, finding: &Finding) -> Vec<String> {
        let mut names = groups::tables_of(finding, &self.tables);
        names.sort();
        names.dedup();
        names
    }

    /// What there is to filter by, with the number of all findings of the run at each value, the most frequent first.
    pub fn filters(&self, report: &Report) -> Vec<FilterFacet> {
        const NAMES: [&str; 7] = ["rule", "theme", "folder", "table", "route", "effort", "confidence"];
        let mut counts: [BTreeMap<String, usize>; 7] = Default::default();
        for finding in &report.findings {
            let values = [
                vec![finding.rule.clone()],
                vec![self.theme(finding).to_owned()],
                vec![folder(&finding.location.file)],
                self.tables(finding),
                routes_of(finding),
                vec![format!("{:?}", finding.effort)],
                vec![words::confidence(finding.confidence).to_owned()],
            ];
            for (counts, values) in counts.iter_mut().zip(values) {
                let values: BTreeSet<String> = values.into_iter().filter(|value| !value.is_empty()).collect();
                for value in values {
                    *counts.entry(value).or_default() += 1;
                }
            }
        }
        let filter = |(name, counts): (&'static str, BTreeMap<String, usize>)| {
            let mut values: Vec<(String, usize)> = counts.into_iter().collect();
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            FilterFacet { name, values }
        };
        NAMES.into_iter().zip(counts).map(filter).collect()
    }
}

/// A property that readers filter findings by, with its values.
#[derive(Debug, Serialize)]
pub struct FilterFacet {
    name: &'static str,
    /// With the number of findings that have it.
    values: Vec<(String, usize)>,
}

/// The entry points that a finding names.
pub fn routes_of(finding: &Finding) -> Vec<String> {
    themes::routes(&[finding]).into_iter().map(super::plain_route).collect()
}

/// The folder that a file is filtered by: its first two levels.
pub fn folder(file: &str) -> String {
    const LEVELS: usize = 2;
    let folders: Vec<&str> = file.split('/').collect();
    let most = folders.len().saturating_sub(1).min(LEVELS);
    match folders.get(..most) {
        Some(some) if !some.is_empty() => some.join("/"),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_two_levels() {
        assert_eq!(
            (folder("a/b/c/d.py"), folder("a/b.py"), folder("c.py")),
            ("a/b".into(), "a".into(), ".".into())
        );
    }
}
