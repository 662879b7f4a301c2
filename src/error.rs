//! Errors that end a run: what went wrong, where, and what to do about it, in one line; the nearest valid name; and the guard around
//! what must not end a run.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a run could not be done. Prints as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    what: String,
    /// The file, option or rule it is about.
    place: String,
    /// What to do.
    hint: String,
}

impl Error {
    /// An error about `place`.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Error {
            what: what.into(),
            place: place.into(),
            hint: String::new(),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Adds what to do, where nothing is said of that yet.
    #[must_use]
    pub fn or_hint(self, hint: &str) -> Self {
        if self.hint.is_empty() { self.hint(hint) } else { self }
    }

    /// An error about a name that is not among `valid`, with the nearest of them.
    pub fn unknown(place: impl Into<String>, kind: &str, name: &str, valid: &[&str]) -> Self {
        let error = Error::new(place, format!("unknown {kind} `{name}`"));
        match nearest(name, valid) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None if valid.len() <= 12 => error.hint(format!("valid: {}", valid.join(", "))),
            None if kind == "rule" => error.hint("see `perfaudit rules`"),
            None => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = if self.place.is_empty() {
            self.what.clone()
        } else {
            format!("{}: {}", self.place, self.what)
        };
        if !self.hint.is_empty() {
            line.push_str("; ");
            line.push_str(&self.hint);
        }
        // One line, and nothing of a file name or a parser's message that could steer a terminal.
        out.write_str(&crate::escape::line(&line))
    }
}

impl std::error::Error for Error {}

/// Runs something that must not end the run; a panic becomes its message.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned())
    })
}

/// The candidate that `name` was most likely meant to be, if any is near.
pub fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    let near = candidates
        .iter()
        .map(|candidate| (distance(&name, &candidate.replace('_', "-"), allowed), *candidate));
    let (best, candidate) = near.min()?;
    if best <= allowed {
        return Some(candidate);
    }
    let letters = |text: &str| text.replace(['-', '_'], "");
    let wanted = letters(&name);
    let inside = |candidate: &&&str| name.len() >= 4 && letters(candidate).contains(&wanted);
    candidates.iter().find(inside).copied()
}

/// Edits (insert, delete, replace, swap of neighbours) between two words; anything over `limit` may come out as more than it is.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(a != b);
            let mut cost = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            let swapped = row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b;
            if swapped {
                cost = cost.min(before[column - 1] + 1);
            }
            line.push(cost);
        }
        // No later line has less than the least of two that follow each other.
        if line.iter().chain(&above).all(|&cost| cost > limit) {
            return limit + 1;
        }
        before = std::mem::replace(&mut above, line);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gets_the_name_that_was_meant() {
        let valid = ["n-plus-one", "missing-index", "unbounded-query"];
        assert_eq!(nearest("n-plus-on", &valid), Some("n-plus-one"));
        assert_eq!(nearest("n_plus_one", &valid), Some("n-plus-one"));
        assert_eq!(nearest("missing-indxe", &valid), Some("missing-index"));
        assert_eq!(nearest("unbounded", &valid), Some("unbounded-query"));
        assert_eq!(nearest("memory-leak", &valid), None);
        assert_eq!(nearest("", &valid), None);
    }

    #[test]
    fn a_panic_is_caught_with_its_message() {
        assert_eq!(guarded(|| -> u8 { panic!("broken {}", 1) }), Err("broken 1".to_owned()));
        assert_eq!(guarded(|| 1), Ok(1));
    }

    #[test]
    fn an_error_is_one_line_whatever_it_is_about() {
        let error = Error::new("a\n\u{1b}[31mb.toml", "broken\r\nhere").hint("mend it");
        assert_eq!(error.to_string(), "a \\u{1b}[31mb.toml: broken  here; mend it");
    }
}
