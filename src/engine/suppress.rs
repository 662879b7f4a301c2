//! Comments that suppress findings: `perfaudit: ignore[rule, …] reason`, and `ignore-file[rule, …] reason`.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::nearest;
use crate::finding::{Finding, Location, Suppression};

/// The word that addresses the tool.
const ADDRESS: &str = "perfaudit:";
/// The rule that reports comments which suppress nothing.
pub const UNUSED: &str = "unused-suppression";

/// What a comment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Rules, as written.
    pub rules: Vec<String>,
    /// Whether it is for the whole file.
    pub whole_file: bool,
    /// Why, in the author's words.
    pub reason: String,
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
    let Some((list, reason)) = list else {
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
        let reason = without_signs(reason.lines().next().unwrap_or_default());
        Ok(Directive { rules, whole_file, reason })
    })
}

/// A reason without the signs that end a comment and without what only parts it from the rules.
fn without_signs(reason: &str) -> String {
    let ends = ["*/}", "*/", "-->"];
    let reason = reason.trim();
    let reason = ends.iter().find_map(|end| reason.strip_suffix(end)).unwrap_or(reason);
    reason
        .trim()
        .trim_start_matches(['-', '\u{2013}', '\u{2014}', ':'])
        .trim()
        .to_owned()
}

/// Where a comment stands, and which function it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionPlace<'a> {
    /// Path relative to the root.
    pub file: &'a str,
    /// First and last line of the comment.
    pub lines: (u32, u32),
    /// First and last line of the function that the comment is for, where it stands above a definition or on its first line.
    pub function: Option<(u32, u32)>,
}

/// The suppressions of a project.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    entries: Vec<Entry>,
    /// What is suppressed, by file and rule.
    reach: FxHashMap<String, FxHashMap<String, Reach>>,
    notes: Vec<String>,
    /// A comment without a reason suppresses nothing.
    require_reason: bool,
}

/// A comment, and what became of it.
#[derive(Clone, Debug)]
struct Entry {
    lines: Lines,
    shown: Suppression,
    /// Rules of the comment that have suppressed something.
    matched: BTreeSet<String>,
}

/// Where in a file the findings of a rule are suppressed, by all comments together: a question takes as long for many comments as
/// for one.
#[derive(Clone, Debug, Default)]
struct Reach {
    whole: bool,
    /// Last lines by first lines; one that lies inside another is left out, so both grow.
    lines: BTreeMap<u32, u32>,
    /// Last lines that count: a finding of several lines that ends at one of these is suppressed too, since a trailing comment stands
    /// there.
    ends: FxHashSet<u32>,
}

impl Reach {
    fn add(&mut self, lines: Lines) {
        let (first, last) = match lines {
            Lines::File => {
                self.whole = true;
                return;
            }
            Lines::Function(first, last) => (first, last),
            Lines::Range(first, last) => {
                self.ends.insert(first);
                (first, last)
            }
        };
        if self.has(first, last) {
            return;
        }
        let inner: Vec<u32> = self
            .lines
            .range(first..)
            .take_while(|&(_, &end)| end <= last)
            .map(|(&start, _)| start)
            .collect();
        for start in inner {
            self.lines.remove(&start);
        }
        self.lines.insert(first, last);
    }

    /// Whether one of the comments reaches from a line to another.
    fn has(&self, first: u32, last: u32) -> bool {
        self.lines.range(..=first).next_back().is_some_and(|(_, &end)| end >= last)
    }

    /// A finding is suppressed from its first line, and from its last: a trailing comment of a call over several lines stands
    /// there.
    fn has_finding(&self, at: &Location) -> bool {
        self.whole || self.has(at.start_line, at.start_line) || self.ends.contains(&at.end_line)
    }
}

/// The findings of one rule in one file: where they start, and where those of several lines end.
#[derive(Debug, Default)]
struct Found {
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Found {
    /// How many of them some lines reach.
    fn within(&self, lines: Lines) -> usize {
        let between = |sorted: &[u32], first: u32, last: u32| {
            let end = sorted.partition_point(|&line| line <= last);
            end.saturating_sub(sorted.partition_point(|&line| line < first))
        };
        match lines {
            Lines::File => self.starts.len(),
            Lines::Function(first, last) => between(&self.starts, first, last),
            // One that ends on the comment's line starts before it, or is among the others.
            Lines::Range(first, last) => between(&self.starts, first, last) + between(&self.ends, first, first),
        }
    }
}

/// Lines that a suppression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    File,
    /// From the first line of a function to its last.
    Function(u32, u32),
    /// The comment's own lines and the one below.
    Range(u32, u32),
}

impl Lines {
    fn scope(self) -> &'static str {
        match self {
            Lines::File => "file",
            Lines::Function(..) => "function",
            Lines::Range(..) => "line",
        }
    }
}

impl Suppressions {
    /// None yet; `require_reason` says whether a comment without a reason counts for nothing.
    pub fn new(require_reason: bool) -> Self {
        Suppressions {
            require_reason,
            ..Suppressions::default()
        }
    }

    /// Adds a comment.
    pub fn add(&mut self, known_rules: &[&str], place: &SuppressionPlace<'_>, text: &str) {
        let (file, line) = (place.file, place.lines.0);
        let mut say = |what: &str| self.notes.push(format!("{file}:{line}: this comment {what}"));
        let directive = match parse(text) {
            None => return,
            Some(Err(what)) => return say(&format!("suppresses nothing; {what}")),
            Some(Ok(directive)) => directive,
        };
        for rule in directive.rules.iter().filter(|rule| !known_rules.contains(&rule.as_str())) {
            let near = nearest(rule, known_rules).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            say(&format!("names an unknown rule `{rule}`{near}"));
        }
        if self.require_reason && directive.reason.is_empty() {
            return say("suppresses nothing, because it gives no reason; write `perfaudit: ignore[rule] reason`");
        }
        let lines = match (directive.whole_file, place.function) {
            (true, _) => Lines::File,
            (false, Some((first, last))) => Lines::Function(first.min(line), last.max(line)),
            (false, None) => Lines::Range(line, place.lines.1.max(line).saturating_add(1)),
        };
        let reach = self.reach.entry(file.to_owned()).or_default();
        for rule in &directive.rules {
            reach.entry(rule.clone()).or_default().add(lines);
        }
        self.entries.push(Entry {
            lines,
            shown: Suppression {
                file: file.to_owned(),
                line,
                rules: directive.rules,
                scope: lines.scope().to_owned(),
                reason: directive.reason,
                used: 0,
            },
            matched: BTreeSet::new(),
        });
    }

    /// Whether a comment suppresses a finding.
    pub fn covers(&self, finding: &Finding) -> bool {
        let of_file = self.reach.get(&finding.location.file);
        let reach = of_file.and_then(|rules| rules.get(&finding.rule));
        reach.is_some_and(|reach| reach.has_finding(&finding.location))
    }

    /// Counts all findings for the comments that suppress them.
    pub fn count<'f>(&mut self, findings: impl Iterator<Item = &'f Finding>) {
        let mut found: FxHashMap<(&str, &str), Found> = FxHashMap::default();
        for finding in findings.filter(|finding| self.reach.contains_key(&finding.location.file)) {
            let at = &finding.location;
            let found = found.entry((&at.file, &finding.rule)).or_default();
            found.starts.push(at.start_line);
            if at.start_line < at.end_line {
                found.ends.push(at.end_line);
            }
        }
        #[expect(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
        for found in found.values_mut() {
            found.starts.sort_unstable();
            found.ends.sort_unstable();
        }
        for entry in &mut self.entries {
            let rules: BTreeSet<&String> = entry.shown.rules.iter().collect();
            for rule in rules {
                let file = entry.shown.file.as_str();
                let used = found.get(&(file, rule.as_str())).map_or(0, |found| found.within(entry.lines));
                entry.shown.used += used;
                if used > 0 {
                    entry.matched.insert(rule.clone());
                }
            }
        }
    }

    /// Comments with those of their rules that ran and suppressed nothing.
    pub fn unused<'s>(&'s self, ran: &'s [&'s str]) -> impl Iterator<Item = (&'s Suppression, Vec<&'s str>)> + 's {
        self.entries.iter().filter_map(|entry| {
            let idle = |rule: &&str| *rule != UNUSED && ran.contains(rule) && !entry.matched.contains(*rule);
            let rules: Vec<&str> = entry.shown.rules.iter().map(String::as_str).filter(idle).collect();
            (!rules.is_empty()).then_some((&entry.shown, rules))
        })
    }

    /// All comments that were understood, by place.
    pub fn list(&self) -> Vec<Suppression> {
        let mut list: Vec<Suppression> = self.entries.iter().map(|entry| entry.shown.clone()).collect();
        list.sort();
        list
    }

    /// Comments that could not be used, a sentence each, by place.
    pub fn notes(&self) -> &[String] {
        &self.notes
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
        let mut suppressions = Suppressions::new(true);
        let place = SuppressionPlace {
            file: "a.py",
            lines: (line, line),
            function,
        };
        suppressions.add(&["n-plus-one", "other-rule"], &place, text);
        suppressions
    }

    #[test]
    fn a_comment_reaches_its_line_and_the_next() {
        let suppressions = with(5, "perfaudit: ignore[n-plus-one] four regions", None);
        let covered: Vec<u32> = (3..9).filter(|&line| suppressions.covers(&at(line, line))).collect();
        assert_eq!(covered, [5, 6]);
        assert!(suppressions.covers(&at(3, 5)), "a trailing comment after the last line of a call");
        assert!(!with(5, "perfaudit: ignore[other-rule] why", None).covers(&at(5, 5)));
    }

    #[test]
    fn a_comment_above_a_function_or_for_the_file_reaches_all_of_it() {
        let function = with(9, "perfaudit: ignore[other-rule, n-plus-one] why", Some((10, 20)));
        assert!(function.covers(&at(20, 20)) && !function.covers(&at(21, 21)));
        assert!(with(1, "perfaudit: ignore-file[n-plus-one] demo", None).covers(&at(900, 900)));
    }

    #[test]
    fn a_comment_that_suppresses_nothing_is_told() {
        assert!(with(1, "perfaudit: ignore", None).notes()[0].contains("name the rule"));
        assert!(with(1, "perfaudit: skip this", None).notes()[0].contains("write `perfaudit: ignore[rule] reason`"));
        assert!(with(1, "perfaudit: ignore[n-plus-on] x", None).notes()[0].ends_with("did you mean `n-plus-one`?"));
        assert!(with(1, "see the perfaudit docs", None).notes().is_empty());
    }

    #[test]
    fn a_reason_is_required_unless_the_project_says_otherwise() {
        let silent = with(5, "perfaudit: ignore[n-plus-one]", None);
        assert!(!silent.covers(&at(5, 5)) && silent.notes()[0].contains("gives no reason"));
        let mut lenient = Suppressions::default();
        let place = SuppressionPlace {
            file: "a.py",
            lines: (5, 5),
            function: None,
        };
        lenient.add(&["n-plus-one"], &place, "perfaudit: ignore[n-plus-one]");
        assert!(lenient.covers(&at(5, 5)));
        for (text, reason) in [
            ("perfaudit: ignore[r] -- four regions", "four regions"),
            ("{/* perfaudit: ignore[r] few items */}", "few items"),
            ("<!-- perfaudit: ignore[r]: static -->", "static"),
            ("perfaudit: ignore[r] why\n * more", "why"),
        ] {
            assert_eq!(parse(text).expect("speaks").expect("valid").reason, reason, "{text}");
        }
    }

    #[test]
    fn comments_that_overlap_reach_what_each_of_them_reaches() {
        let mut all = Suppressions::new(true);
        for (line, function) in [
            (40, Some((41, 60))),
            (10, Some((11, 30))),
            (20, Some((21, 25))),
            (70, None),
            (5, Some((6, 35))),
        ] {
            let place = SuppressionPlace {
                file: "a.py",
                lines: (line, line),
                function,
            };
            all.add(&["n-plus-one"], &place, "perfaudit: ignore[n-plus-one, n-plus-one] why");
        }
        let covered: Vec<u32> = (1..80).filter(|&line| all.covers(&at(line, line))).collect();
        let expected: Vec<u32> = (5..=35).chain(40..=60).chain(70..=71).collect();
        assert_eq!(covered, expected);
        all.count([at(22, 22), at(28, 29), at(70, 70), at(68, 70), at(68, 71), at(1, 2)].iter());
        let used: Vec<(u32, usize)> = all.list().iter().map(|comment| (comment.line, comment.used)).collect();
        assert_eq!(used, [(5, 2), (10, 2), (20, 1), (40, 0), (70, 2)]);
    }

    #[test]
    fn what_a_comment_did_is_counted_by_rule() {
        let mut both = with(5, "perfaudit: ignore[n-plus-one, other-rule] why", None);
        assert_eq!(both.unused(&["n-plus-one", "other-rule"]).count(), 1);
        both.count([at(5, 5)].iter());
        let unused: Vec<_> = both.unused(&["n-plus-one", "other-rule"]).map(|(_, rules)| rules).collect();
        assert_eq!((unused, both.list()[0].used), (vec![vec!["other-rule"]], 1));
        assert_eq!(both.unused(&["n-plus-one"]).count(), 0, "a rule that did not run is not idle");
    }
}
