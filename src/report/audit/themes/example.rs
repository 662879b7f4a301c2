//! One place of a theme before and after, in the project's own words.

use serde::Serialize;

use super::super::names::{language, place};
use crate::finding::{Finding, Replacement};
use crate::report::sources::{Excerpt, Sources};

/// Findings that are looked at for the one that shows most.
const LOOKED_AT: usize = 40;

/// Code, with the language that its fence names.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CodeBlock {
    /// For fences.
    pub language: &'static str,
    pub text: String,
}

/// The code of one place before the fix, and after it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ThemeExample<'a> {
    pub place: String,
    /// The code as it stands; `None` for what is added elsewhere, as an index is.
    pub before: Option<CodeBlock>,
    /// What takes its place, or the words for it.
    pub after: Vec<CodeBlock>,
    /// The code before was rewritten, so that what is after can be pasted.
    pub is_whole: bool,
    /// In which corner the change is not the same.
    pub note: &'a str,
}

/// The example that shows most, the first of those that show the same; `None` where none has code to show.
pub fn of<'a>(found: &[&'a Finding], sources: &Sources) -> Option<ThemeExample<'a>> {
    let shown = found.iter().take(LOOKED_AT).filter_map(|&finding| {
        let example = example(finding, sources)?;
        let worth = (example.is_whole, example.before.is_some(), !example.after.is_empty());
        Some((worth, example))
    });
    let best = shown.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, example)| example)
}

/// The code of a finding as it stands, for one that is mended in words; `None` where it was not read.
pub fn as_it_is<'a>(finding: &'a Finding, sources: &Sources) -> Option<ThemeExample<'a>> {
    let excerpt = sources.excerpt(&finding.location)?;
    Some(ThemeExample {
        place: place(&finding.location),
        before: Some(CodeBlock {
            language: language(&finding.location.file),
            text: dedented(&excerpt.lines),
        }),
        after: Vec::new(),
        is_whole: false,
        note: "",
    })
}

fn example<'a>(finding: &'a Finding, sources: &Sources) -> Option<ThemeExample<'a>> {
    let own = language(&finding.location.file);
    let place = place(&finding.location);
    let excerpt = sources.excerpt(&finding.location);
    let block = |language, text: &str| CodeBlock {
        language,
        text: text.to_owned(),
    };
    if let Some(excerpt) = &excerpt
        && let Some(after) = edited(finding, excerpt)
    {
        return Some(ThemeExample {
            place,
            before: Some(block(own, &dedented(&excerpt.lines))),
            after: vec![block(own, &dedented(&after))],
            is_whole: true,
            note: &finding.fix.edits_note,
        });
    }
    if let Some(code) = &finding.fix.code {
        return Some(ThemeExample {
            place,
            before: excerpt.map(|excerpt| block(own, &dedented(&excerpt.lines))),
            after: vec![block(own, code)],
            is_whole: false,
            note: "",
        });
    }
    let ddl = finding.fix.ddl.as_ref().map(|ddl| block("sql", ddl));
    let orm = finding.fix.orm.as_ref().map(|orm| block(own, orm));
    let after: Vec<CodeBlock> = ddl.into_iter().chain(orm).collect();
    (!after.is_empty()).then_some(ThemeExample {
        place,
        before: None,
        after,
        is_whole: false,
        note: "",
    })
}

/// The excerpt with the finding's edits applied; `None` if there are no edits, one is in another file, or one spans lines that the excerpt
/// cut.
fn edited(finding: &Finding, excerpt: &Excerpt) -> Option<Vec<String>> {
    let edits = &finding.fix.edits;
    let last = excerpt.first + excerpt.lines.len() as u32;
    let is_shown = |edit: &&Replacement| {
        edit.at.file == finding.location.file && excerpt.first <= edit.at.start_line && edit.at.end_line.max(edit.at.start_line) < last
    };
    // What must be imported besides stands at the top of the file, and needs no line here.
    let mut shown: Vec<&Replacement> = edits.iter().filter(is_shown).collect();
    if shown.is_empty() || edits.iter().any(|edit| edit.at.file != finding.location.file) {
        return None;
    }
    shown.sort_by_key(|edit| std::cmp::Reverse((edit.at.start_line, edit.at.start_column)));
    let mut text = excerpt.lines.join("\n");
    for edit in shown {
        let start = offset(&text, edit.at.start_line - excerpt.first, edit.at.start_column)?;
        let end = offset(&text, edit.at.end_line - excerpt.first, edit.at.end_column)?;
        if end < start {
            return None;
        }
        text.replace_range(start..end, &edit.text);
    }
    Some(text.lines().map(str::to_owned).collect())
}

/// The byte of a line, counted from 0, and a column, counted in characters from 1.
fn offset(text: &str, line: u32, column: u32) -> Option<usize> {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(line as usize).map(str::len).sum();
    let own = lines.next().unwrap_or("");
    let own = own.strip_suffix('\n').unwrap_or(own);
    let column = column.checked_sub(1)? as usize;
    let inside = own.char_indices().map(|(at, _)| at).chain([own.len()]).nth(column)?;
    Some(before + inside)
}

/// Lines without the white space that all of them start with.
fn dedented(lines: &[String]) -> String {
    let lead = |line: &String| line.len() - line.trim_start_matches([' ', '\t']).len();
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(lead).min().unwrap_or(0);
    let cut: Vec<&str> = lines.iter().map(|line| line.get(least..).unwrap_or("").trim_end()).collect();
    let start = cut.iter().position(|line| !line.is_empty()).unwrap_or(0);
    let end = cut.iter().rposition(|line| !line.is_empty()).map_or(start, |at| at + 1);
    cut.get(start..end).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Location, Priority};

    #[test]
    fn edits_are_shown_in_place_and_code_is_moved_to_the_left() {
        let at = |line: u32, from: u32, to: u32| Location {
            file: "a.py".to_owned(),
            start_line: line,
            start_column: from,
            end_line: line,
            end_column: to,
            ..Location::default()
        };
        let mut finding = Finding::new("missing-timeout", Priority::P2, Confidence::High, at(3, 5, 20));
        finding.fix.code = Some("timeout=10".to_owned());
        let text = "import requests\n\n    requests.get(ü)\n\n";
        let sources = Sources::collect(std::slice::from_ref(&finding), |_| Some(text.to_owned()));
        let plain = of(&[&finding], &sources).expect("an example");
        assert_eq!((plain.is_whole, plain.after[0].text.as_str()), (false, "timeout=10"));
        finding.fix.edits.push(Replacement {
            at: at(3, 19, 19),
            text: ", timeout=10".to_owned(),
        });
        let whole = of(&[&finding], &sources).expect("an example");
        assert!(whole.is_whole);
        assert_eq!(whole.after[0].text, "import requests\n\n    requests.get(ü, timeout=10)");
    }
}
