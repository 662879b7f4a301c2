//! Comments that suppress findings: `perfaudit: ignore[rule, …] reason`, and `ignore-file[rule, …]`.

use rustc_hash::FxHashMap;

use crate::error::nearest;
use crate::finding::{Finding, Location};

/// The word that addresses the tool.
const ADDRESS: &str = "perfaudit:";

/// What a comment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Rules, as written.
    pub rules: Vec<String>,
    /// Whether it is for the whole file.
    pub whole_file: bool,
}

/// Reads a comment; `None` where it does not speak to the tool, an error where it does and cannot be understood.
pub fn parse(comment: &str) -> Option<Result<Directive, &'static str>> {
    let (_, rest) = comment.split_once(ADDRESS)?;
    let rest = rest.trim_start();
    let (whole_file, rest) = match rest.strip_prefix("ignore-file") {
        Some(rest) => (true, rest),
        None => match rest.strip_prefix("ignore") {
            Some(rest) => (false, rest),
            None => return Some(Err("write `perfaudit: ignore[rule] reason`")),
        },
    };
    let list = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((list, _reason)) = list else {
        return Some(Err("name the rule: `perfaudit: ignore[rule] reason`"));
    };
    let rules: Vec<String> = list
        .split(',')
        .map(|rule| rule.trim().to_lowercase())
        .filter(|rule| !rule.is_empty())
        .collect();
    Some(if rules.is_empty() {
        Err("name the rule: `perfaudit: ignore[rule] reason`")
    } else {
        Ok(Directive { rules, whole_file })
    })
}

/// The suppressions of a project.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    files: FxHashMap<String, Vec<(Lines, Vec<String>)>>,
    notes: Vec<String>,
}

/// Lines that a suppression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    File,
    /// A function, or a line and the one below it.
    Range(u32, u32),
}

impl Suppressions {
    /// Adds a comment. `function` is the first and last line of the function that the comment is for, where it stands above a
    /// definition or on its first line.
    pub fn add(&mut self, known_rules: &[&str], file: &str, line: u32, text: &str, function: Option<(u32, u32)>) {
        let directive = match parse(text) {
            None => return,
            Some(Err(what)) => {
                self.notes.push(format!("{file}:{line}: this comment suppresses nothing; {what}"));
                return;
            }
            Some(Ok(directive)) => directive,
        };
        for rule in directive.rules.iter().filter(|rule| !known_rules.contains(&rule.as_str())) {
            let near = nearest(rule, known_rules).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            self.notes
                .push(format!("{file}:{line}: this comment names an unknown rule `{rule}`{near}"));
        }
        let lines = match (directive.whole_file, function) {
            (true, _) => Lines::File,
            (false, Some((first, last))) => Lines::Range(first.min(line), last.max(line)),
            (false, None) => Lines::Range(line, line.saturating_add(1)),
        };
        self.files.entry(file.to_owned()).or_default().push((lines, directive.rules));
    }

    /// Whether a comment suppresses a finding.
    pub fn covers(&self, finding: &Finding) -> bool {
        let Some(entries) = self.files.get(&finding.location.file) else {
            return false;
        };
        entries
            .iter()
            .any(|(lines, rules)| rules.contains(&finding.rule) && reaches(*lines, &finding.location))
    }

    /// Comments that could not be used, a sentence each, by place.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// A finding is suppressed from its first line, and from its last: a trailing comment of a call over several lines stands there.
fn reaches(lines: Lines, at: &Location) -> bool {
    match lines {
        Lines::File => true,
        Lines::Range(first, last) => (first..=last).contains(&at.start_line) || first == at.end_line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Priority};

    fn at(line: u32, end: u32) -> Finding {
        let location = Location {
            file: "a.py".to_owned(),
            start_line: line,
            end_line: end,
            ..Location::default()
        };
        Finding::new("n-plus-one", Priority::P1, Confidence::High, location)
    }

    fn with(line: u32, text: &str, function: Option<(u32, u32)>) -> Suppressions {
        let mut suppressions = Suppressions::default();
        suppressions.add(&["n-plus-one", "other-rule"], "a.py", line, text, function);
        suppressions
    }

    #[test]
    fn a_comment_reaches_its_line_and_the_next() {
        let suppressions = with(5, "perfaudit: ignore[n-plus-one] four regions", None);
        let covered: Vec<u32> = (3..9).filter(|&line| suppressions.covers(&at(line, line))).collect();
        assert_eq!(covered, [5, 6]);
        assert!(suppressions.covers(&at(3, 5)), "a trailing comment after the last line of a call");
        assert!(!with(5, "perfaudit: ignore[other-rule]", None).covers(&at(5, 5)));
    }

    #[test]
    fn a_comment_above_a_function_or_for_the_file_reaches_all_of_it() {
        let function = with(9, "perfaudit: ignore[other-rule, n-plus-one]", Some((10, 20)));
        assert!(function.covers(&at(20, 20)) && !function.covers(&at(21, 21)));
        assert!(with(1, "perfaudit: ignore-file[n-plus-one] demo", None).covers(&at(900, 900)));
    }

    #[test]
    fn a_comment_that_suppresses_nothing_is_told() {
        assert!(with(1, "perfaudit: ignore", None).notes()[0].contains("name the rule"));
        assert!(with(1, "perfaudit: skip this", None).notes()[0].contains("write `perfaudit: ignore[rule] reason`"));
        assert!(with(1, "perfaudit: ignore[n-plus-on]", None).notes()[0].ends_with("did you mean `n-plus-one`?"));
        assert!(with(1, "see the perfaudit docs", None).notes().is_empty());
    }
}
