//! What to do first: the top of the list and the phases of the work.

use std::collections::BTreeMap;

use serde::Serialize;

use super::item::is_quick;
use crate::finding::{Effort, Finding, Priority};

/// Findings at the top.
const TOP: usize = 5;
/// Of them, those of one rule: five times the same says little.
const ALIKE: usize = 2;

/// A phase of the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub why: &'static str,
    pub findings: usize,
    /// The least and the most hours, by the classes of effort.
    pub least_hours: usize,
    pub most_hours: usize,
    /// Rules with the number of their findings, most first.
    pub rules: Vec<(String, usize)>,
}

/// The findings to begin with: most urgent, most certain, on a path that somebody waits for, best shown.
pub fn top(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().filter(|finding| finding.priority <= Priority::P2).collect();
    sorted.sort_by_key(|finding| {
        let is_reached = finding.related.iter().any(|related| related.role == crate::finding::Role::Endpoint);
        (
            finding.priority,
            finding.confidence,
            !is_reached,
            finding.effort,
            finding.sort_key(),
        )
    });
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut out, mut others) = (Vec::new(), Vec::new());
    for finding in sorted {
        let alike = taken.entry(&finding.rule).or_default();
        *alike += 1;
        if *alike <= ALIKE { out.push(finding) } else { others.push(finding) }
    }
    out.extend(others);
    out.truncate(TOP);
    out.sort_by_key(|finding| finding.priority);
    out
}

/// The least and the most hours of a class of effort.
pub fn hours(effort: Effort) -> (usize, usize) {
    match effort {
        Effort::S => (0, 2),
        Effort::M => (2, 8),
        Effort::L => (8, 24),
    }
}

/// The phases that have findings.
pub fn roadmap(findings: &[Finding]) -> Vec<Phase> {
    const PHASES: [(&str, &str); 5] = [
        ("Now", "P0: the cost grows with data or users where somebody waits"),
        ("Quick wins", "P1 with under two hours of work each"),
        ("Next", "the other P1: bounded, off the hot path, or a limit on growth"),
        ("Then", "P2: worth doing"),
        (
            "When nearby",
            "P3: hygiene, scripts, weak evidence; with other work on the same file",
        ),
    ];
    let mut groups: [Vec<&Finding>; 5] = Default::default();
    for finding in findings {
        let phase = match finding.priority {
            Priority::P0 => 0,
            Priority::P1 if is_quick(finding) => 1,
            Priority::P1 => 2,
            Priority::P2 => 3,
            Priority::P3 => 4,
        };
        groups[phase].push(finding);
    }
    let phases = PHASES.into_iter().zip(groups).filter(|(_, group)| !group.is_empty());
    phases.map(|((name, why), group)| phase(name, why, &group)).collect()
}

fn phase(name: &'static str, why: &'static str, group: &[&Finding]) -> Phase {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in group {
        *rules.entry(&finding.rule).or_default() += 1;
    }
    let mut rules: Vec<(String, usize)> = rules.into_iter().map(|(rule, number)| (rule.to_owned(), number)).collect();
    rules.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    Phase {
        name,
        why,
        findings: group.len(),
        least_hours: group.iter().map(|finding| hours(finding.effort).0).sum(),
        most_hours: group.iter().map(|finding| hours(finding.effort).1).sum(),
        rules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Location};

    fn found(rule: &str, priority: Priority, effort: Effort, line: u32) -> Finding {
        let location = Location {
            file: "a.py".to_owned(),
            start_line: line,
            ..Location::default()
        };
        Finding {
            effort,
            ..Finding::new(rule, priority, Confidence::High, location)
        }
    }

    #[test]
    fn the_top_is_not_one_rule_five_times() {
        let mut findings: Vec<Finding> = (1..9).map(|line| found("n-plus-one", Priority::P1, Effort::M, line)).collect();
        findings.push(found("missing-index", Priority::P1, Effort::S, 20));
        findings.push(found("long-transaction", Priority::P2, Effort::S, 30));
        let rules: Vec<&str> = top(&findings).iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(
            rules.iter().filter(|rule| **rule == "n-plus-one").count(),
            3,
            "two, and one more to fill the list: {rules:?}"
        );
        assert!(rules.contains(&"missing-index") && rules.contains(&"long-transaction"));
    }

    #[test]
    fn phases_sum_the_classes_of_effort() {
        let findings = [
            found("a", Priority::P0, Effort::L, 1),
            found("b", Priority::P1, Effort::S, 2),
            found("b", Priority::P1, Effort::M, 3),
        ];
        let phases = roadmap(&findings);
        let shown: Vec<_> = phases
            .iter()
            .map(|phase| (phase.name, phase.least_hours, phase.most_hours))
            .collect();
        assert_eq!(shown, [("Now", 8, 24), ("Quick wins", 0, 2), ("Next", 2, 8)]);
    }
}
