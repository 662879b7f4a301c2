//! Findings and what they are made of: plain data, the JSON contract's shapes, and the fingerprint.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::fix::remedy::Remedy;
use crate::source::module_name;

/// How urgent a finding is; `P0` sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Cost grows with data or users on a request or poll path.
    P0,
    /// The same with a bound or off the hot path, or a scaling limit.
    P1,
    /// Worth doing.
    P2,
    /// Hygiene, scripts, low confidence.
    P3,
}

/// How sure the tool is; `High` sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Every step of the evidence was resolved.
    High,
    /// One step rests on a convention or on a partial view.
    Medium,
    /// A guess that a reviewer should check first.
    Low,
}

/// Work to fix: S under 2 hours, M 2 to 8 hours, L 1 to 3 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Effort {
    /// Under 2 hours.
    S,
    /// 2 to 8 hours.
    M,
    /// 1 to 3 days.
    L,
}

/// Whether a baseline knows a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not in the baseline, or no baseline was given.
    #[default]
    New,
    /// In the baseline.
    Known,
}

/// A place in the scanned tree. Lines and columns are 1-based; columns count characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Path relative to the root, with `/`.
    pub file: String,
    /// First line.
    pub start_line: u32,
    /// Column of the first character.
    pub start_column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// Dotted name of the enclosing function or class, or `table.column`; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symbol: String,
}

/// What a related place is to its finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The statement that reaches the database.
    Query,
    /// The loop it runs in.
    Loop,
    /// A call on the way.
    Call,
    /// A function on the way.
    Callee,
    /// An index that exists.
    Index,
    /// A table's definition.
    Table,
    /// A column's definition.
    Column,
    /// Where requests, jobs or commands come in.
    Endpoint,
    /// Anything else that is evidence.
    Evidence,
    /// Another place of the same defect.
    Place,
}

/// What a loop does again and again, as the rule knows it that found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repeats {
    /// A relation or a column of the row is loaded when it is read.
    Relation,
    /// A statement or a request in the loop's own function.
    Statement,
    /// A call of a function that asks.
    Call,
}

/// One step of the evidence, printed with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// The place.
    #[serde(flatten)]
    pub location: Location,
    /// What is there.
    pub message: String,
    /// What it is to the finding.
    pub role: Role,
}

/// How to mend a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// One or two sentences.
    pub summary: String,
    /// Code in the library's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// SQL for the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddl: Option<String>,
    /// The declaration in the repository's own ORM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orm: Option<String>,
    /// What the change can break, a sentence; empty where the rule's page says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub risk: String,
    /// What an editor can do at once, where the run was asked for it: all of it or nothing.
    #[serde(skip)]
    pub edits: Vec<Replacement>,
    /// What doing so does, and in which corner it changes the meaning, a line; empty without edits.
    #[serde(skip)]
    pub edits_note: String,
}

/// A text that takes the place of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The other one.
    pub at: Location,
    /// What comes there.
    pub text: String,
}

/// One defect, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule id, the name of its page.
    pub rule: String,
    /// Rank.
    pub priority: Priority,
    /// Certainty.
    pub confidence: Confidence,
    /// The rule's category, from its page.
    pub category: String,
    /// One line.
    pub title: String,
    /// What was seen, in full sentences, each made from something observed.
    pub message: String,
    /// Where.
    pub location: Location,
    /// The chain of evidence, in order.
    pub related: Vec<Related>,
    /// The cost as a formula, and the reach, in words.
    pub impact: String,
    /// The way out.
    pub fix: Fix,
    /// Work to fix.
    pub effort: Effort,
    /// What must hold once it is fixed.
    pub acceptance: Vec<String>,
    /// How to show that it is fixed, a sentence; empty where the rule's page says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verify: String,
    /// Identity across moved lines: see [`fingerprint`].
    pub fingerprint: String,
    /// New or known to the baseline.
    pub status: Status,
    /// Why the priority is what it is: what one use costs, how often it is used, and where that is known from. Empty where a
    /// configuration or a page says the priority.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What the fix saves, as a number without a unit: the order of findings of one priority.
    #[serde(skip)]
    pub gain: u32,
    /// The cell of the table of priorities that its priority comes from; `None` where nothing weighed it.
    #[serde(skip)]
    pub cell: Option<Cell>,
    /// What the finding is about, apart from its place (normalised statement, `table.columns`, callee): part
    /// of the fingerprint, not of the JSON.
    #[serde(skip)]
    pub subject: String,
    /// What findings of its rule have in common in its file: those of one cause are told as one, with their places. Empty for what
    /// stands alone.
    #[serde(skip)]
    pub cause: String,
    /// The findings that it stands for besides itself: each has an identity of its own, which baselines know.
    #[serde(skip)]
    pub others: Vec<Finding>,
    /// What a fixer must know of the way out.
    #[serde(skip)]
    pub remedy: Option<Remedy>,
    /// What is done again and again; `None` where nothing is, or the rule does not know it.
    #[serde(skip)]
    pub repeats: Option<Repeats>,
}

impl From<Priority> for Judgement {
    /// A priority that nothing weighed: what a configuration says, what a test makes up.
    fn from(priority: Priority) -> Judgement {
        Judgement {
            priority,
            gain: 0,
            reason: String::new(),
            cell: None,
        }
    }
}

/// What is thought of a finding's weight: see `judge::priority`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How urgent it is.
    pub priority: Priority,
    /// What the fix saves, without a unit.
    pub gain: u32,
    /// Why.
    pub reason: String,
    /// Where in the table of priorities that stands.
    pub cell: Option<Cell>,
}

/// A cell of the table of priorities: see `judge::priority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The row: what one use costs.
    pub row: usize,
    /// The column: how often it is used.
    pub column: usize,
    /// A call that is not certain is on the way there, which makes it P2 at most.
    pub is_probable: bool,
}

impl Finding {
    /// A finding with the parts that every rule gives; category, effort and acceptance criteria come from the
    /// rule's page unless the rule sets them.
    pub fn new(rule: &str, judgement: impl Into<Judgement>, confidence: Confidence, location: Location) -> Self {
        let judgement = judgement.into();
        Finding {
            rule: rule.to_owned(),
            priority: judgement.priority,
            reason: judgement.reason,
            gain: judgement.gain,
            cell: judgement.cell,
            confidence,
            category: String::new(),
            title: String::new(),
            message: String::new(),
            location,
            related: Vec::new(),
            impact: String::new(),
            fix: Fix::default(),
            effort: Effort::S,
            acceptance: Vec::new(),
            verify: String::new(),
            fingerprint: String::new(),
            status: Status::New,
            subject: String::new(),
            cause: String::new(),
            others: Vec::new(),
            remedy: None,
            repeats: None,
        }
    }

    /// Whether it is of the least urgent priority: nobody waits for it alone.
    pub fn is_minor(&self) -> bool {
        self.priority == Priority::P3
    }

    /// Adds a step of evidence.
    pub fn relate(&mut self, location: Location, role: Role, message: impl Into<String>) {
        self.related.push(Related {
            location,
            message: message.into(),
            role,
        });
    }

    /// The order of the report: priority, then what saves most, then place, then rule, then title.
    pub fn sort_key(&self) -> (Priority, Reverse<u32>, &Location, &str, &str) {
        (self.priority, Reverse(self.gain), &self.location, &self.rule, &self.title)
    }
}

/// Identity of a finding without its file: rule, name within the module and subject. It is the same after the file is
/// renamed or the function is moved to another file; equal ones are not told apart.
pub fn identity(finding: &Finding) -> String {
    let symbol = inner_symbol(&finding.location);
    let text = format!("{}\0{symbol}\0{}", finding.rule, subject(finding));
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

/// The symbol's name within its module: `Class.method` of `server.users.Class.method`. A `table.column` is no part of a module.
pub fn inner_symbol(at: &Location) -> &str {
    let module = module_name(&at.file);
    match at.symbol.strip_prefix(&module) {
        Some("") => "",
        Some(rest) if rest.starts_with('.') => &rest[1..],
        _ => &at.symbol,
    }
}

/// What a finding is about, white space made one; the title where the rule gives nothing else.
fn subject(finding: &Finding) -> String {
    let text = if finding.subject.is_empty() {
        &finding.title
    } else {
        &finding.subject
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Identity of a finding: rule, symbol (or the file where there is none) and subject, never a line, a message or a
/// count. `ordinal` tells apart equal ones in one symbol, counted in source order.
pub fn fingerprint(finding: &Finding, ordinal: usize) -> String {
    let place = if finding.location.symbol.is_empty() {
        &finding.location.file
    } else {
        &finding.location.symbol
    };
    let text = format!("{}\0{}\0{}\0{}", finding.rule, place, subject(finding), ordinal);
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

/// Something that was checked and is well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Strength {
    /// Kind, for grouping: `bounded-query`, `bulk-write`, `eager-load`, `covered-index`, …
    pub kind: String,
    /// One sentence.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// A comment that suppresses findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suppression {
    /// Path relative to the root.
    pub file: String,
    /// 1-based line of the comment.
    pub line: u32,
    /// Rules that it names.
    pub rules: Vec<String>,
    /// What it is for: `line`, `function` or `file`.
    pub scope: String,
    /// Why, in the author's words.
    pub reason: String,
    /// Findings that it suppressed.
    pub used: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(file: &str, symbol: &str) -> Finding {
        let location = Location {
            file: file.to_owned(),
            symbol: symbol.to_owned(),
            ..Location::default()
        };
        Finding::new("n-plus-one", Priority::P1, Confidence::High, location)
    }

    #[test]
    fn identity_leaves_the_module_out_and_keeps_the_rest() {
        let old = at("server/users.py", "server.users.Service.list");
        let new = at("server/people/users.py", "server.people.users.Service.list");
        assert_eq!(identity(&old), identity(&new));
        assert_ne!(fingerprint(&old, 0), fingerprint(&new, 0));
        assert_ne!(identity(&old), identity(&at("server/users.py", "server.users.Service.get")));
        assert_eq!(
            inner_symbol(&at("a/models.py", "orders.customer_id").location),
            "orders.customer_id"
        );
        assert_eq!(inner_symbol(&at("app/__init__.py", "app").location), "");
    }

    #[test]
    fn the_subject_does_not_depend_on_white_space() {
        let spaced = |subject: &str| Finding {
            subject: subject.to_owned(),
            ..at("a.py", "a.f")
        };
        assert_eq!(
            fingerprint(&spaced("SELECT  on\n  users"), 0),
            fingerprint(&spaced("SELECT on users"), 0)
        );
    }
}
