//! Comments that suppress nothing.

use super::suppress::{Suppressions, UNUSED};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix, Location};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;

/// Nothing: what a comment suppresses is known only once all other rules have run, so ranking asks [`of`].
pub fn check(_: &Analyses<'_>) -> Vec<Finding> {
    Vec::new()
}

/// A finding for each comment that suppressed nothing of a rule that ran.
pub fn of(suppressions: &Suppressions, ran: &[&str]) -> Vec<Finding> {
    if !ran.contains(&UNUSED) {
        return Vec::new();
    }
    let unused = suppressions.unused(ran);
    unused
        .map(|(comment, rules)| {
            let location = Location {
                file: comment.file.clone(),
                start_line: comment.line,
                start_column: 1,
                end_line: comment.line,
                end_column: 1,
                symbol: String::new(),
            };
            let named = rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
            let judgement = priority::judge(&Cost::Upkeep, &Reach::nowhere(), Confidence::High, 0);
            let mut finding = Finding::new(UNUSED, judgement, Confidence::High, location);
            finding.title = format!("This comment suppresses no {named}");
            let place = match comment.scope.as_str() {
                "file" => "in this file",
                "function" => "in this function",
                _ => "on this line or the next",
            };
            finding.message = format!("Nothing of {named} is found {place}, so the comment hides nothing now and may hide a defect later.");
            "nothing today; a later finding here would not be seen".clone_into(&mut finding.impact);
            finding.subject = rules.join(" ");
            finding.fix = Fix {
                summary: format!("Take {named} out of the comment, or the comment out of the code."),
                ..Fix::default()
            };
            finding
        })
        .collect()
}
