//! Why a rule says something at a line, or nothing, as text for those who wonder.

mod facts;

pub use facts::facts;

use std::fmt::Write as _;

use crate::escape;
use crate::finding::{Confidence, Finding, Priority};
use crate::judge::cost::Weight;
use crate::judge::priority::{COLUMNS, TABLE};
use crate::report::{priorities, words};
use crate::silence::Note;

/// What is said of a rule at a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// What was asked.
    title: String,
    /// What each line is about, and the line.
    rows: Vec<(&'static str, String)>,
}

impl Why {
    /// An answer without a word yet.
    pub fn of(rule: &str, file: &str, line: u32) -> Why {
        Why {
            title: format!("{rule} at {file}:{line}"),
            rows: Vec::new(),
        }
    }

    /// Adds a line; one that repeats the line before it says nothing: the calls of a chain begin at one place.
    pub fn say(&mut self, about: &'static str, text: impl Into<String>) {
        let row = (about, text.into());
        if self.rows.last() != Some(&row) {
            self.rows.push(row);
        }
    }

    /// As text. What several lines are about is written once.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", escape::line(&self.title));
        let mut before = "";
        for (about, text) in &self.rows {
            let head = if before == *about { "" } else { about };
            let _ = writeln!(out, "  {head:<10} {}", escape::line(text));
            before = about;
        }
        out
    }

    /// Says what a finding is, and how it got its priority; `limits` are what the configuration and the file's role made of it.
    pub fn finding(&mut self, finding: &Finding, limits: &[String]) {
        let sure = words::confidence(finding.confidence);
        self.say("finding", format!("{:?}, {sure} confidence: {}", finding.priority, finding.title));
        if !finding.reason.is_empty() {
            self.say("because", finding.reason.clone());
        }
        let Some(cell) = finding.cell else { return };
        let (Some(&weight), Some(&often)) = (Weight::ALL.get(cell.row), COLUMNS.get(cell.column)) else {
            return;
        };
        let priority = TABLE.get(cell.row).and_then(|row| row.get(cell.column)).copied();
        let mut sum = format!(
            "cost {} × use {} = {:?}",
            priorities::weight_words(weight).0,
            priorities::often_words(often).0,
            priority.unwrap_or(Priority::P3)
        );
        let most = match finding.confidence {
            Confidence::High => Priority::P0,
            Confidence::Medium => Priority::P1,
            Confidence::Low => Priority::P2,
        };
        if priority.is_some_and(|priority| priority < most) {
            let _ = write!(sum, "; of {sure} confidence at most {most:?}");
        }
        if cell.is_probable && priority.is_some_and(|priority| priority < Priority::P2) {
            sum.push_str("; on a way that is only probable at most P2");
        }
        for limit in limits {
            let _ = write!(sum, "; {limit}");
        }
        self.say("priority", sum);
    }

    /// Says which conditions kept the rule silent; `position` gives the line and the column of an offset.
    pub fn notes(&mut self, notes: &[Note], position: impl Fn(u32) -> (u32, u32)) {
        for note in notes {
            let (line, column) = position(note.span.start);
            let around = if note.is_around { ", around it" } else { "" };
            self.say("silent", format!("{line}:{column}{around}: {}", note.why));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_lines_are_about_is_written_once_and_no_name_is_raw() {
        let mut why = Why::of("n-plus-one", "a\u{1b}.py", 3);
        why.say("file", "read");
        why.say("silent", "one");
        why.say("silent", "two\nlines");
        why.say("silent", "two\nlines");
        let text = why.text();
        assert_eq!(text.lines().count(), 4);
        assert!(!text.contains('\u{1b}'));
        assert_eq!(text.matches("silent").count(), 1);
    }
}
