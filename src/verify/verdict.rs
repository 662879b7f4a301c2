//! What a planner said of findings.

use serde::Serialize;

use crate::finding::{Finding, Location, Priority};

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The planner gains from it.
    Proven,
    /// It gains on an assumption.
    Demoted,
    /// It does not gain.
    Refuted,
    /// It cannot be asked.
    NotVerifiable,
}

impl Verdict {
    /// The verdict as reports write it.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::Demoted => "demoted",
            Verdict::Refuted => "refuted",
            Verdict::NotVerifiable => "not verifiable",
        }
    }
}

/// What the planner said of one statement that a finding cites.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannerAnswer {
    /// Where it is sent.
    pub location: Location,
    /// `look-up`, `delete` (the look for children of a deleted row) or `load` (the rows of parents that are loaded along).
    pub kind: &'static str,
    /// How many times less it costs with the advice, in the form of the statement that gains least.
    pub ratio: Option<f64>,
    /// The same in the form that gains most, where that differs.
    pub most: Option<f64>,
    /// What is not exact in the statement that was asked about.
    pub approximated: Vec<&'static str>,
    /// Why it was not asked about, or what its gain depends on.
    pub note: String,
}

/// A finding, and what the planner said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proven {
    /// The finding's fingerprint.
    pub fingerprint: String,
    /// Id of the finding's rule.
    pub rule: String,
    /// How urgent the finding is before the planner was asked.
    pub priority: Priority,
    /// Its title.
    pub title: String,
    /// Its place.
    pub location: Location,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, a sentence without its end.
    pub why: String,
    /// Planner's cost before ÷ after, for the statement that gains most.
    pub ratio: Option<f64>,
    /// The statement that the planner was asked about, for that ratio.
    pub statement: Option<String>,
    /// Its plan before, in short.
    pub before: Option<String>,
    /// Its plan after, in short.
    pub after: Option<String>,
    /// Rows of its table that it was asked with; 0 where it was not asked.
    pub rows: u64,
    /// What it said of each statement.
    pub statements: Vec<PlannerAnswer>,
}

impl Proven {
    /// A finding with no answer yet.
    pub(super) fn new(finding: &Finding, verdict: Verdict, why: impl Into<String>) -> Proven {
        Proven {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.clone(),
            priority: finding.priority,
            title: finding.title.clone(),
            location: finding.location.clone(),
            verdict,
            why: why.into(),
            ratio: None,
            statement: None,
            before: None,
            after: None,
            rows: 0,
            statements: Vec::new(),
        }
    }

    pub(super) fn not_verifiable(finding: &Finding, why: impl Into<String>) -> Proven {
        Proven::new(finding, Verdict::NotVerifiable, why)
    }
}

/// How many findings have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Findings whose cost the planner confirmed.
    pub proven: usize,
    /// Findings whose cost is there and smaller than was said.
    pub demoted: usize,
    /// Findings that the planner gains nothing from.
    pub refuted: usize,
    /// Findings that no planner can be asked about.
    pub not_verifiable: usize,
}

/// All that a planner said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// The databases that were asked, each with its version; none where no finding is about a table of one.
    pub engines: Vec<String>,
    /// What the answers rest on, a sentence each.
    pub assumptions: Vec<String>,
    /// How many of each.
    pub summary: Counts,
    /// The findings, the most urgent first.
    pub results: Vec<Proven>,
}

impl Default for Proof {
    fn default() -> Proof {
        Proof {
            engines: Vec::new(),
            assumptions: super::rows::assumptions(),
            summary: Counts::default(),
            results: Vec::new(),
        }
    }
}

impl Proof {
    pub(super) fn count(&mut self) {
        let of = |verdict: Verdict| self.results.iter().filter(|result| result.verdict == verdict).count();
        self.summary = Counts {
            proven: of(Verdict::Proven),
            demoted: of(Verdict::Demoted),
            refuted: of(Verdict::Refuted),
            not_verifiable: of(Verdict::NotVerifiable),
        };
    }
}
