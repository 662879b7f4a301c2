//! What to do first: the top of the list.

use std::collections::BTreeMap;

use crate::finding::{Finding, Priority};

/// Findings at the top.
const TOP: usize = 5;
/// Of them, those of one rule: five times the same says little.
const ALIKE: usize = 2;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Effort, Location};

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
}
