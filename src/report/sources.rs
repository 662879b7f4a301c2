//! The code around findings, line by line: what the reports that show code print.

use std::collections::BTreeMap;

use crate::finding::{Finding, Location};

/// Lines shown before and after a place.
const AROUND: u32 = 2;
/// Lines of a place that are shown; of a longer one the first.
const LONGEST: u32 = 14;
/// Characters of a line that are shown.
const WIDEST: usize = 220;

/// Lines of code by file and number, 1-based.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, BTreeMap<u32, String>>,
}

/// A piece of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The first line's number.
    pub first: u32,
    /// The lines that are kept, in their order.
    pub lines: Vec<String>,
}

impl Sources {
    /// The lines that findings and their evidence point to; `read` gives a file's text.
    pub fn collect(findings: &[Finding], read: impl Fn(&str) -> Option<String>) -> Sources {
        let mut wanted: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
        let related = findings
            .iter()
            .flat_map(|finding| finding.related.iter().map(|related| &related.location));
        for at in findings.iter().map(|finding| &finding.location).chain(related) {
            wanted.entry(&at.file).or_default().push(range(at));
        }
        let mut sources = Sources::default();
        for (file, ranges) in wanted {
            let Some(text) = read(file) else { continue };
            let all: Vec<&str> = text.lines().collect();
            let lines = sources.files.entry(file.to_owned()).or_default();
            for number in ranges.into_iter().flat_map(|(first, last)| first..=last) {
                if let Some(line) = all.get(number as usize - 1) {
                    lines.entry(number).or_insert_with(|| shown(line));
                }
            }
        }
        sources
    }

    /// The code at a place with a few lines around it; `None` where it was not read.
    pub fn excerpt(&self, at: &Location) -> Option<Excerpt> {
        let (first, last) = range(at);
        let lines: Vec<String> = self
            .files
            .get(&at.file)?
            .range(first..=last)
            .map(|(_, line)| line.clone())
            .collect();
        (!lines.is_empty()).then_some(Excerpt { first, lines })
    }

    /// A line by its number, counted from 1; `None` where the excerpts do not hold it.
    pub fn line(&self, file: &str, number: u32) -> Option<&str> {
        self.files.get(file)?.get(&number).map(String::as_str)
    }
}

fn range(at: &Location) -> (u32, u32) {
    let start = at.start_line.max(1);
    let end = at.end_line.clamp(start, start.saturating_add(LONGEST));
    (start.saturating_sub(AROUND).max(1), end.saturating_add(AROUND))
}

fn shown(line: &str) -> String {
    let line = without_secret(line.trim_end());
    if line.chars().count() <= WIDEST {
        return line;
    }
    line.chars().take(WIDEST).chain(['…']).collect()
}

/// A line without the password of a URL: a report is passed on to people who need not know it.
fn without_secret(line: &str) -> String {
    let Some((before, rest)) = line.split_once("://") else {
        return line.to_owned();
    };
    let end = rest
        .find(|character: char| character.is_whitespace() || "\"'`/?".contains(character))
        .unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let hidden = authority.rsplit_once('@').and_then(|(user, host)| {
        let (name, password) = user.split_once(':')?;
        let is_variable = password.starts_with(['$', '{', '%']);
        (!is_variable && !password.is_empty()).then(|| format!("{name}:…@{host}"))
    });
    match hidden {
        Some(hidden) => format!("{before}://{hidden}{after}"),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Priority};

    fn at(line: u32, end: u32) -> Location {
        Location {
            file: "a.py".to_owned(),
            start_line: line,
            end_line: end,
            ..Location::default()
        }
    }

    #[test]
    fn code_is_shown_with_a_few_lines_around_it() {
        let finding = Finding::new("r", Priority::P1, Confidence::High, at(4, 4));
        let lines: Vec<String> = (1..=9).map(|number| format!("line {number}")).collect();
        let text = lines.join("\n");
        let sources = Sources::collect(&[finding], |_| Some(text.clone()));
        let excerpt = sources.excerpt(&at(4, 4)).expect("code");
        assert_eq!((excerpt.first, excerpt.lines.len(), excerpt.lines[2].as_str()), (2, 5, "line 4"));
        assert_eq!((sources.line("a.py", 6), sources.line("a.py", 7)), (Some("line 6"), None));
        assert!(Sources::collect(&[], |_| None).excerpt(&at(1, 1)).is_none());
    }

    #[test]
    fn a_place_past_the_end_of_its_file_has_no_code() {
        let finding = Finding::new("r", Priority::P1, Confidence::High, at(900, 4_000_000_000));
        let sources = Sources::collect(&[finding], |_| Some("one\n".to_owned()));
        assert!(sources.excerpt(&at(900, 4_000_000_000)).is_none());
    }

    #[test]
    fn passwords_in_urls_are_not_passed_on() {
        assert_eq!(shown("url: postgres://app:s3cret@db:5432/app"), "url: postgres://app:…@db:5432/app");
        assert_eq!(
            shown("url: postgres://app:${PASSWORD}@db/app"),
            "url: postgres://app:${PASSWORD}@db/app"
        );
        assert_eq!(shown("see https://example.org/a@b"), "see https://example.org/a@b");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), WIDEST + 1);
    }
}
