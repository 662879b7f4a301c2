//! Why a rule says nothing of one place, which `perfaudit why` asks.
//!
//! A rule knows that where it turns away, and nowhere else: there it says so. In a run that asks nothing, that is one look at an option,
//! and no text is made.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::source::Span;

/// What is asked, and what rules said of it. By default nothing is asked.
#[derive(Debug, Default)]
pub struct Silence {
    asked: Option<AskedLines>,
    notes: Mutex<BTreeSet<Note>>,
}

/// The lines of a file that a rule is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedLines {
    /// What notes are wanted of: the rule itself, and the searches that it takes its places from. See `registry::NOTED`.
    pub topics: &'static [&'static str],
    /// The file's place in the list of all.
    pub file: usize,
    /// From the first byte of the first line to the end of the last.
    pub lines: Span,
}

/// What a rule said of a place that it turned away from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// It does not begin on the lines that were asked about: a call or a loop around them.
    pub is_around: bool,
    /// The place.
    pub span: Span,
    /// The condition, as a sentence without a full stop.
    pub why: String,
}

impl Silence {
    /// Keeps the notes of one rule about the lines that are asked about, and no others.
    pub fn of(asked: AskedLines) -> Silence {
        Silence {
            asked: Some(asked),
            notes: Mutex::default(),
        }
    }

    /// Takes a note of a rule or a search where the place is asked about. `why` is called only then.
    pub fn note<W: Into<String>>(&self, topic: &str, file: usize, span: Span, why: impl FnOnce() -> W) {
        let Some(asked) = &self.asked else { return };
        let touches = span.start < asked.lines.end && asked.lines.start < span.end;
        if !asked.topics.contains(&topic) || asked.file != file || !touches {
            return;
        }
        let note = Note {
            is_around: !asked.lines.contains(span.start),
            span,
            why: why().into(),
        };
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(note);
    }

    /// Whether anything is asked of a rule or a search: for notes that take some work to find.
    pub fn asks(&self, topic: &str) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.topics.contains(&topic))
    }

    /// The notes, those of what begins on the lines first.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: Span = Span { start: 10, end: 20 };

    fn asked() -> Silence {
        Silence::of(AskedLines {
            topics: &["n-plus-one"],
            file: 3,
            lines: LINES,
        })
    }

    #[test]
    fn only_what_is_asked_about_is_noted_and_the_nearest_comes_first() {
        let silence = asked();
        silence.note("n-plus-one", 3, Span { start: 5, end: 30 }, || "around");
        silence.note("n-plus-one", 3, Span { start: 19, end: 40 }, || "there");
        silence.note("n-plus-one", 3, Span { start: 20, end: 40 }, || "below");
        silence.note("n-plus-one", 2, LINES, || "another file");
        silence.note("unbatched-write", 3, LINES, || "another rule");
        let notes = silence.notes();
        let said: Vec<(&str, bool)> = notes.iter().map(|note| (note.why.as_str(), note.is_around)).collect();
        assert_eq!(said, [("there", false), ("around", true)]);
    }

    #[test]
    fn nothing_is_made_where_nothing_is_asked() {
        let silence = Silence::default();
        silence.note("n-plus-one", 3, LINES, || -> String { unreachable!("no text is made") });
        assert!(silence.notes().is_empty());
    }
}
