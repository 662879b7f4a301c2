//! What was known before: findings by identity, so that only what is new counts.
//!
//! A finding is known where its fingerprint is. Where a file is gone, or the function is no longer in it, the identity without the
//! file is looked for as well: a renamed file and a moved function bring nothing new.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::finding::{Finding, Priority, Status, identity, inner_symbol};

/// The name of the file in the root.
pub const FILE: &str = "perfaudit-baseline.json";
/// The version of the file's form.
const VERSION: u32 = 1;
/// The largest file that is read.
const LARGEST: u64 = 256_000_000;

/// A finding that is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Known {
    /// Path relative to the root.
    pub file: String,
    /// Id of the rule that had found it.
    pub rule: String,
    /// Name within the module, or `table.column`; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symbol: String,
    /// See [`crate::finding::fingerprint`].
    pub fingerprint: String,
    /// See [`crate::finding::identity`].
    pub identity: String,
    /// Rank at the time.
    pub priority: Priority,
    /// For people.
    #[serde(default)]
    pub title: String,
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Version of the form.
    pub version: u32,
    /// Findings by file.
    pub findings: Vec<Known>,
}

/// What the run can say of a known finding that is no longer there.
pub trait BaselineScope {
    /// Its rule ran, and its file was read or is gone: that it is not found means that it is fixed.
    fn is_checked(&self, known: &Known) -> bool;
    /// Its file is gone, or has no such function any more: it may be found in another file.
    fn is_moved(&self, known: &Known) -> bool;
}

impl Baseline {
    /// The baseline that findings make.
    pub fn of(findings: &[Finding]) -> Baseline {
        let all = findings.iter().flat_map(|finding| std::iter::once(finding).chain(&finding.others));
        let mut known: Vec<Known> = all
            .map(|finding| Known {
                file: finding.location.file.clone(),
                rule: finding.rule.clone(),
                symbol: inner_symbol(&finding.location).to_owned(),
                fingerprint: finding.fingerprint.clone(),
                identity: identity(finding),
                priority: finding.priority,
                title: finding.title.clone(),
            })
            .collect();
        known.sort();
        Baseline {
            version: VERSION,
            findings: known,
        }
    }

    /// Reads a baseline; fails, in one line, where the file is none.
    pub fn read(file: &Path) -> Result<Baseline, Error> {
        let place = files::shown(file);
        let bytes = files::read(file, LARGEST).map_err(|refusal| {
            let hint = refusal.is_missing().then_some("write one with `perfaudit baseline`");
            let error = refusal.error(&place, "a baseline");
            hint.map_or(error.clone(), |hint| error.hint(hint))
        })?;
        let text = files::text(file, bytes)?;
        Baseline::parse(&text).map_err(|what| Error::new(place, what).hint("write it anew with `perfaudit baseline`"))
    }

    /// Reads a baseline's text.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| format!("not a baseline: {error}"))?;
        if baseline.version == VERSION {
            Ok(baseline)
        } else {
            Err(format!("a baseline of version {}, not {VERSION}", baseline.version))
        }
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        crate::escape::json(self)
    }

    /// Marks what is known among findings; gives what is fixed.
    pub fn apply(&self, findings: &mut [Finding], scope: &dyn BaselineScope) -> Vec<Known> {
        let mut left = Left::new(&self.findings);
        for finding in findings.iter_mut() {
            finding.status = if left.take_fingerprint(&finding.fingerprint) {
                Status::Known
            } else {
                Status::New
            };
        }
        left.index_moved(scope);
        for finding in findings.iter_mut().filter(|finding| finding.status == Status::New) {
            if left.take_identity(&identity(finding)) {
                finding.status = Status::Known;
            }
        }
        left.rest().filter(|known| scope.is_checked(known)).cloned().collect()
    }
}

/// What is known and not yet found again.
struct Left<'b> {
    known: &'b [Known],
    is_taken: Vec<bool>,
    by_fingerprint: BTreeMap<&'b str, Vec<usize>>,
    by_identity: BTreeMap<&'b str, Vec<usize>>,
}

impl<'b> Left<'b> {
    fn new(known: &'b [Known]) -> Self {
        let mut by_fingerprint: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, one) in known.iter().enumerate() {
            by_fingerprint.entry(&one.fingerprint).or_default().push(at);
        }
        Left {
            known,
            is_taken: vec![false; known.len()],
            by_fingerprint,
            by_identity: BTreeMap::new(),
        }
    }

    fn index_moved(&mut self, scope: &dyn BaselineScope) {
        for (at, one) in self.known.iter().enumerate() {
            let is_left = self.is_taken.get(at) == Some(&false);
            if is_left && scope.is_moved(one) {
                self.by_identity.entry(&one.identity).or_default().push(at);
            }
        }
    }

    fn take_fingerprint(&mut self, fingerprint: &str) -> bool {
        let found = self.by_fingerprint.get_mut(fingerprint).and_then(Vec::pop);
        self.take(found)
    }

    fn take_identity(&mut self, identity: &str) -> bool {
        let found = self.by_identity.get_mut(identity).and_then(Vec::pop);
        self.take(found)
    }

    fn take(&mut self, found: Option<usize>) -> bool {
        let place = found.and_then(|at| self.is_taken.get_mut(at));
        place.map(|taken| *taken = true).is_some()
    }

    fn rest(&self) -> impl Iterator<Item = &'b Known> {
        let pairs = self.known.iter().zip(&self.is_taken);
        pairs.filter(|(_, taken)| !**taken).map(|(known, _)| known)
    }
}
