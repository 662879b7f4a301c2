//! The score and the verdict, with the arithmetic that leads to them.

use serde::Serialize;

use crate::finding::Priority;
use crate::report::{Report, words};

/// What a finding of each priority weighs, in halves, and in words. A convention, printed with every score.
const WEIGHTS: [(Priority, usize, &str); 3] = [(Priority::P0, 10, "5"), (Priority::P1, 4, "2"), (Priority::P2, 1, "½")];
/// The highest score with a P0 finding.
const CAP: usize = 75;

/// How much is well, for one subject, with what was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// 0 to 100.
    pub value: usize,
    /// How it comes about, a sentence.
    pub arithmetic: String,
}

/// The score: what the findings weigh against the number of places that were checked; `None` where nothing was.
pub fn score(report: &Report) -> Option<Score> {
    let coverage = &report.coverage;
    let checked = coverage.endpoints + coverage.query_sites + coverage.tables;
    if checked == 0 {
        return None;
    }
    let count = |priority| report.summary.priorities.get(&priority).copied().unwrap_or(0);
    let weight: usize = WEIGHTS.iter().map(|&(priority, weight, _)| count(priority) * weight).sum();
    // Rounded up: a single finding costs at least one point.
    let lost = (100 * weight).div_ceil(2 * checked).min(100);
    let value = 100 - lost;
    let terms: Vec<String> = WEIGHTS
        .iter()
        .filter(|&&(priority, ..)| count(priority) > 0)
        .map(|&(priority, _, weight)| format!("{} {priority:?} × {weight}", words::grouped(count(priority))))
        .collect();
    let sum = if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") };
    let places = format!(
        "{} + {} + {}",
        words::count(coverage.endpoints, "endpoint", "endpoints"),
        words::count(coverage.query_sites, "query site", "query sites"),
        words::count(coverage.tables, "table", "tables")
    );
    let mut arithmetic = format!("100 − 100 × ({sum}) ÷ ({places}) = {value}");
    if lost == 100 {
        arithmetic.push_str(", 0 being the least");
    }
    let is_capped = count(Priority::P0) > 0 && value > CAP;
    if is_capped {
        arithmetic.push_str(&format!("; {CAP} is the most while a P0 stands"));
    }
    Some(Score {
        value: if is_capped { CAP } else { value },
        arithmetic,
    })
}

/// The verdict in one sentence.
pub fn verdict(report: &Report) -> String {
    let count = |priority| report.summary.priorities.get(&priority).copied().unwrap_or(0);
    let (urgent, next, later) = (count(Priority::P0), count(Priority::P1), count(Priority::P2));
    if report.findings.is_empty() {
        return words::nothing(report);
    }
    let rest = |number: usize, what: &str| {
        if number > 0 {
            format!(", and {} {what}", words::grouped(number))
        } else {
            String::new()
        }
    };
    if urgent > 0 {
        let stand = if urgent == 1 { "defect makes" } else { "defects make" };
        return format!(
            "{} {stand} requests or polls slower as data or users grow (P0){}.",
            words::grouped(urgent),
            rest(
                next,
                if next == 1 {
                    "more is bounded or off the hot path (P1)"
                } else {
                    "more are bounded or off the hot path (P1)"
                }
            )
        );
    }
    if next > 0 {
        let limit = if next == 1 { "defect limits" } else { "defects limit" };
        return format!(
            "No defect of the first rank; {} {limit} growth or cost{} on paths that users wait for (P1).",
            words::grouped(next),
            if next == 1 { "s" } else { "" }
        );
    }
    if later > 0 {
        return format!(
            "Nothing urgent; {} worth mending (P2).",
            words::count(later, "finding is", "findings are")
        );
    }
    "Nothing but hygiene was found (P3).".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Finding, Location};

    fn report(priorities: &[Priority], query_sites: usize) -> Report {
        let findings = priorities
            .iter()
            .map(|&priority| Finding::new("r", priority, Confidence::High, Location::default()));
        let coverage = Coverage {
            query_sites,
            ..Coverage::default()
        };
        Report::new(".", findings.collect(), Vec::new(), coverage)
    }

    #[test]
    fn the_score_says_how_it_comes_about() {
        let scored = score(&report(&[Priority::P1, Priority::P1, Priority::P2], 110)).expect("a score");
        assert_eq!(scored.value, 95);
        assert_eq!(
            scored.arithmetic,
            "100 − 100 × (2 P1 × 2 + 1 P2 × ½) ÷ (0 endpoints + 110 query sites + 0 tables) = 95"
        );
        let capped = score(&report(&[Priority::P0], 1000)).expect("a score");
        assert_eq!(capped.value, CAP);
        assert!(capped.arithmetic.ends_with("= 99; 75 is the most while a P0 stands"));
        assert_eq!(score(&report(&[Priority::P0; 50], 10)).expect("a score").value, 0);
        assert_eq!(score(&report(&[], 0)), None);
    }

    #[test]
    fn the_verdict_is_about_what_is_most_urgent() {
        assert!(verdict(&report(&[Priority::P0, Priority::P1], 5)).starts_with("1 defect makes requests"));
        assert!(
            verdict(&report(&[Priority::P1, Priority::P1], 5))
                .starts_with("No defect of the first rank; 2 defects limit growth or cost on")
        );
        assert_eq!(
            verdict(&report(&[Priority::P2], 5)),
            "Nothing urgent; 1 finding is worth mending (P2)."
        );
        assert!(verdict(&report(&[], 0)).starts_with("Nothing was checked"));
    }
}
