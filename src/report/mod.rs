//! The report as plain data, and one renderer a format.

pub mod audit;
pub mod calls;
pub mod concise;
pub mod full;
pub mod github;
pub mod gitlab;
pub mod groups;
pub mod ir;
pub mod json;
pub mod junit;
pub mod pr;
pub mod priorities;
#[cfg(feature = "verify")]
pub mod proof;
pub mod queries;
pub mod queries_sql;
pub mod queries_table;
pub mod sarif;
pub mod schema;
pub mod screen;
pub mod shown;
pub mod sources;
pub mod table;
pub mod why;
pub mod words;
pub mod wrap;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::coverage::{Coverage, Gap};
use crate::engine::baseline::Known;
use crate::finding::{Finding, Priority, Status, Strength, Suppression};
use crate::inventory::rows::Inventory;
use crate::project::capacity::Capacity;
use sources::Sources;

/// The version of the JSON contract. 2: the inventory's queries and the list of `perfaudit queries` have one form, whose `rows` says
/// what `verdict` said in fewer words and the inventory in others.
pub const VERSION: u32 = 2;

/// What made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeBy {
    /// The program's name, `perfaudit`.
    pub name: String,
    /// The version of the program, as its package has it.
    pub version: String,
}

impl Default for MadeBy {
    fn default() -> Self {
        MadeBy {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Counts of the findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Findings that are reported, whatever their priority.
    pub findings: usize,
    /// Those that no baseline knows.
    pub new: usize,
    /// By priority, all four.
    pub priorities: BTreeMap<Priority, usize>,
    /// By rule.
    pub rules: BTreeMap<String, usize>,
    /// Findings by the category of their rule: `query`, `schema`, …
    pub categories: BTreeMap<String, usize>,
    /// Files with findings.
    pub files: usize,
    /// Findings that a baseline knows and that are no longer there.
    #[serde(default)]
    pub fixed: usize,
}

impl Summary {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut summary = Summary {
            findings: findings.len(),
            ..Summary::default()
        };
        for priority in [Priority::P0, Priority::P1, Priority::P2, Priority::P3] {
            summary.priorities.insert(priority, 0);
        }
        let mut files = std::collections::BTreeSet::new();
        for finding in findings {
            summary.new += usize::from(finding.status == Status::New);
            *summary.priorities.entry(finding.priority).or_default() += 1;
            *summary.rules.entry(finding.rule.clone()).or_default() += 1;
            *summary.categories.entry(finding.category.clone()).or_default() += 1;
            files.insert(&finding.location.file);
        }
        summary.files = files.len();
        summary
    }
}

/// Where the sources of a report can be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Web {
    /// The repository's page, `http` or `https`.
    pub page: String,
    /// All digits of the commit.
    pub commit: String,
    /// The root's path in the repository, with a slash at its end; empty for its top.
    pub below: String,
}

/// The part of a project that a report is about: all of the project was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectPart {
    /// Files and folders, relative to the root.
    pub paths: Vec<String>,
    /// Files of them that were read.
    pub files: usize,
    /// Findings that lie elsewhere in the project.
    pub elsewhere: usize,
}

/// Everything a run has to say. Its JSON is the contract that other programs read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the contract.
    pub version: u32,
    /// Name and version of the program that wrote the list.
    pub tool: MadeBy,
    /// The folder that paths are relative to, as it was given.
    pub root: String,
    /// The part of the project that the report is about; nothing where it is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ProjectPart>,
    /// Counts of the findings.
    pub summary: Summary,
    /// What was read and understood.
    pub coverage: Coverage,
    /// What was checked and is well.
    pub strengths: Vec<Strength>,
    /// What is not.
    pub findings: Vec<Finding>,
    /// Whether the findings were compared with a baseline or an earlier revision.
    #[serde(default)]
    pub compared: bool,
    /// What the baseline knows and is no longer there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Known>,
    /// Comments that suppress findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<Suppression>,
    /// Files whose silence means nothing and that fail the run: see [`crate::config::Config::fail_on_unread`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<Gap>,
    /// What failed inside the tool, so that the report lacks it: `the rule n-plus-one`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// The commit that was read, with `+` where files differ from it; only in reports for reviewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The day of that commit in UTC; only in reports for reviewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_date: Option<String>,
    /// The project's name: that of its repository, else that of its manifest; only in reports for reviewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The folder's page at that commit, for links: `https://example.org/owner/name`; only in reports for reviewers.
    #[serde(skip)]
    pub web: Option<Web>,
    /// What runs at once and what it may use, from configuration alone.
    #[serde(default)]
    pub capacity: Capacity,
    /// What there is; only in reports for reviewers.
    #[serde(default, skip_serializing_if = "Inventory::is_empty")]
    pub inventory: Inventory,
    /// The code around findings; only in reports that show it, and never in JSON.
    #[serde(skip)]
    pub sources: Sources,
}

impl Report {
    /// A report of findings in their final order.
    pub fn new(root: &str, findings: Vec<Finding>, strengths: Vec<Strength>, coverage: Coverage) -> Self {
        Report {
            version: VERSION,
            tool: MadeBy::default(),
            root: root.to_owned(),
            summary: Summary::of(&findings),
            coverage,
            strengths,
            findings,
            ..Report::default()
        }
    }

    /// The report with paths from the folder of the run, for services that look for the files from there: the root may be a folder
    /// below it, which a configuration makes the project's.
    pub fn from_run(&self) -> Cow<'_, Report> {
        let root = self.root.replace('\\', "/");
        let below = root.trim_start_matches("./").trim_end_matches('/');
        if matches!(below, "" | ".") || below.starts_with(['/', '.']) || below.contains(':') {
            return Cow::Borrowed(self);
        }
        let mut report = self.clone();
        for finding in &mut report.findings {
            let related = finding.related.iter_mut().map(|related| &mut related.location);
            let edited = finding.fix.edits.iter_mut().map(|edit| &mut edit.at);
            for location in related.chain(edited).chain([&mut finding.location]) {
                location.file = format!("{below}/{}", location.file);
            }
        }
        Cow::Owned(report)
    }

    /// Whether no file of what is reported on was read.
    pub fn is_empty(&self) -> bool {
        let files = self.part.as_ref().map_or_else(|| self.coverage.files(), |part| part.files);
        files == 0
    }

    /// Whether a new finding is at or over a threshold, or a file that should have been judged was not.
    pub fn fails(&self, threshold: Option<Priority>) -> bool {
        if !self.not_judged.is_empty() {
            return true;
        }
        let Some(threshold) = threshold else { return false };
        self.findings
            .iter()
            .any(|finding| finding.status == Status::New && finding.priority <= threshold)
    }
}

/// What a renderer needs to know of a rule, from its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// One line.
    pub title: String,
    /// What it finds, why it costs: Markdown.
    pub help: String,
    /// Group of rules.
    pub category: String,
    /// The site of the documentation has its page: it is built in.
    pub is_built_in: bool,
}

/// Rules by id, for the formats that carry their texts.
pub type RuleTexts = BTreeMap<String, RuleText>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Location};

    #[test]
    fn only_new_findings_at_or_over_the_threshold_fail_a_run() {
        let finding = |priority, status| Finding {
            status,
            ..Finding::new("r", priority, Confidence::High, Location::default())
        };
        let report = |findings| Report::new(".", findings, Vec::new(), Coverage::default());
        let found = report(vec![finding(Priority::P0, Status::Known), finding(Priority::P1, Status::New)]);
        assert!(!found.fails(Some(Priority::P0)) && found.fails(Some(Priority::P1)) && found.fails(Some(Priority::P2)));
        assert!(!found.fails(None));
        assert_eq!((found.summary.new, found.summary.priorities[&Priority::P3]), (1, 0));
    }
}
