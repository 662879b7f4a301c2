//! What findings are filtered by in the page.

use std::collections::BTreeMap;

use super::themes::{self, Theme};
use crate::finding::Finding;
use crate::report::{Report, groups};

/// What findings are filtered by, by fingerprint.
pub struct Facets<'a> {
    themes: BTreeMap<&'a str, &'a str>,
    tables: BTreeMap<(&'a str, u32), Vec<&'a str>>,
}

impl<'a> Facets<'a> {
    /// Of a report.
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

    /// The tables that a finding is about, as JSON.
    pub fn tables(&self, finding: &Finding) -> String {
        let mut names = groups::tables_of(finding, &self.tables);
        names.sort();
        names.dedup();
        list(&names)
    }
}

/// The entry points that a finding names, as JSON.
pub fn routes_of(finding: &Finding) -> String {
    let names: Vec<String> = themes::routes(&[finding]).into_iter().map(super::plain_route).collect();
    list(&names)
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    serde_json::to_string(names).unwrap_or_default()
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
