//! The work of a theme, from its parts: one place to mend counts whole, each further one of the same kind a quarter, since what is to be
//! done is known by then. Places with one cause are one.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::finding::{self, Finding};
use crate::report::groups::cause;

/// Half hours of a day's work.
const DAY: usize = 16;
/// Days from which on a sum says nothing but that it is too much for one piece of work.
const MONTH: usize = 20;
/// Of a further place of the same kind, one part of so many.
const FURTHER: usize = 4;

/// The least and the most half hours that a fix takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffortRange {
    /// Half hours of work if all goes well.
    pub least: usize,
    /// Half hours of work if it does not.
    pub most: usize,
}

impl EffortRange {
    /// The work on findings of one theme.
    pub fn of(found: &[&Finding]) -> EffortRange {
        let mut seen = BTreeSet::new();
        let mut parts: Vec<(finding::Effort, &str)> = found
            .iter()
            .filter(|finding| seen.insert((finding.rule.as_str(), cause(finding))))
            .map(|finding| (finding.effort, finding.rule.as_str()))
            .collect();
        // The largest of each kind is the one that counts whole.
        parts.sort_by(|left, right| right.cmp(left));
        let mut kinds = BTreeSet::new();
        let (mut whole, mut further) = ((0, 0), (0, 0));
        for (effort, rule) in parts {
            let (least, most) = halves(effort);
            let sum = if kinds.insert(rule) { &mut whole } else { &mut further };
            sum.0 += least;
            sum.1 += most;
        }
        EffortRange {
            least: whole.0 + further.0 / FURTHER,
            most: whole.1 + further.1.div_ceil(FURTHER),
        }
    }

    /// The work on several themes; `None` for none.
    pub fn sum(parts: impl Iterator<Item = EffortRange>) -> Option<EffortRange> {
        parts.reduce(|left, right| EffortRange {
            least: left.least + right.least,
            most: left.most + right.most,
        })
    }

    /// The middle, in half hours, for a picture.
    pub fn middle(self) -> usize {
        self.least.midpoint(self.most)
    }
}

/// The least and the most half hours of a class.
fn halves(effort: finding::Effort) -> (usize, usize) {
    match effort {
        finding::Effort::S => (1, 4),
        finding::Effort::M => (4, 16),
        finding::Effort::L => (16, 48),
    }
}

impl fmt::Display for EffortRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = |halves: usize| halves.div_ceil(DAY);
        let (least, most) = (days(self.least), days(self.most));
        match self.most {
            0..=4 => write!(out, "under 2 hours"),
            5..=DAY => write!(out, "{} to {} hours", self.least.div_ceil(2), self.most.div_ceil(2)),
            _ if least > MONTH => write!(out, "more than a month"),
            _ if most > MONTH => write!(out, "{least} to over {MONTH} days"),
            _ if self.least < DAY => write!(out, "{} hours to {most} days", self.least.div_ceil(2)),
            _ if least == most => write!(out, "{most} days"),
            _ => write!(out, "{least} to {most} days"),
        }
    }
}

impl Serialize for EffortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Location, Priority};

    fn at(rule: &str, line: u32, effort: finding::Effort) -> Finding {
        let location = Location {
            file: "a.py".to_owned(),
            start_line: line,
            ..Location::default()
        };
        Finding {
            effort,
            ..Finding::new(rule, Priority::P2, Confidence::High, location)
        }
    }

    #[test]
    fn further_places_of_a_kind_count_a_quarter_and_one_cause_counts_once() {
        use finding::Effort::{L, M, S};
        let of = |found: &[Finding]| EffortRange::of(&found.iter().collect::<Vec<_>>()).to_string();
        assert_eq!(of(&[at("a", 1, S)]), "under 2 hours");
        assert_eq!(of(&[at("a", 1, M)]), "2 to 8 hours");
        assert_eq!(of(&[at("a", 1, M), at("a", 1, M)]), "2 to 8 hours", "one cause");
        assert_eq!(of(&[at("a", 1, M), at("b", 2, M)]), "4 hours to 2 days", "two kinds");
        let many: Vec<Finding> = (1..=50).map(|line| at("a", line, M)).collect();
        assert_eq!(of(&many), "4 to 14 days");
        let more: Vec<Finding> = (1..=500).map(|line| at("a", line, L)).collect();
        assert_eq!(of(&more), "more than a month");
    }
}
