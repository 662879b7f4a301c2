//! What a fix consists of: plain data, and how edits become a text.

use crate::source::Span;

/// A range of a file's bytes and what takes its place. Offsets are those of the text without a byte order mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Path relative to the root.
    pub file: String,
    /// The bytes that go; an empty range inserts.
    pub span: Span,
    /// What comes.
    pub text: String,
    /// Others may stand at the same place, in any order: an import, one more link of a chain.
    pub is_shared: bool,
}

impl Edit {
    /// Puts a text in the place of a range.
    pub fn replace(file: &str, span: Span, text: impl Into<String>) -> Edit {
        Edit {
            file: file.to_owned(),
            span,
            text: text.into(),
            is_shared: false,
        }
    }

    /// Puts a text at an offset.
    pub fn insert(file: &str, at: usize, text: impl Into<String>) -> Edit {
        Edit::replace(file, Span::new(at, at), text)
    }

    /// Whether both cannot be made. The same edit twice is made once, and two imports can stand at one place.
    fn conflicts(&self, other: &Edit) -> bool {
        if self.file != other.file || self == other {
            return false;
        }
        let is_apart = self.span.end <= other.span.start || other.span.end <= self.span.start;
        let is_same_place = self.span == other.span && !(self.is_shared && other.is_shared);
        !is_apart || is_same_place
    }
}

/// A file that a fix makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Path relative to the root.
    pub path: String,
    /// All that is in it, line ends as they are written.
    pub text: String,
}

/// Whether a fix keeps the meaning wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// It does.
    Safe,
    /// It changes what happens in a corner; its reason says in which.
    Unsafe,
}

/// Changes that belong together: all of them are made, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// The findings that it mends, by fingerprint.
    pub findings: Vec<String>,
    /// What it does, one line.
    pub title: String,
    /// Changes of files that are there.
    pub edits: Vec<Edit>,
    /// Files that it makes.
    pub files: Vec<NewFile>,
    /// Whether it keeps the meaning.
    pub safety: Safety,
    /// Why it is safe or not, a sentence.
    pub reason: String,
}

impl Mend {
    /// Whether both cannot be made.
    pub fn conflicts(&self, other: &Mend) -> bool {
        let by_edit = self.edits.iter().any(|edit| other.edits.iter().any(|known| edit.conflicts(known)));
        let by_file = self
            .files
            .iter()
            .any(|file| other.files.iter().any(|known| file.path == known.path));
        by_edit || by_file
    }

    /// The files that it changes or makes.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let edited = self.edits.iter().map(|edit| edit.file.as_str());
        edited.chain(self.files.iter().map(|file| file.path.as_str()))
    }
}

/// A text with edits made, which do not conflict; `None` where one lies outside of it.
pub fn apply(text: &str, edits: &[&Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.to_vec();
    sorted.sort_by(|left, right| (left.span, !left.is_shared, &left.text).cmp(&(right.span, !right.is_shared, &right.text)));
    sorted.dedup();
    let mut out = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for edit in sorted {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        out.push_str(text.get(at..start)?);
        out.push_str(&edit.text);
        text.get(start..end)?;
        at = end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(edits: Vec<Edit>) -> Mend {
        Mend {
            findings: Vec::new(),
            title: String::new(),
            edits,
            files: Vec::new(),
            safety: Safety::Safe,
            reason: String::new(),
        }
    }

    #[test]
    fn edits_that_touch_the_same_bytes_conflict_and_imports_do_not() {
        let replace = |start, end| mend(vec![Edit::replace("a.py", Span::new(start, end), "x")]);
        assert!(replace(0, 4).conflicts(&replace(3, 5)));
        assert!(!replace(0, 4).conflicts(&replace(4, 5)));
        let insert = |text: &str| mend(vec![Edit::insert("a.py", 4, text)]);
        assert!(insert("x").conflicts(&insert("y")) && !insert("x").conflicts(&replace(4, 5)));
        assert!(!insert("x").conflicts(&insert("x")) && !replace(0, 4).conflicts(&replace(0, 4)));
        let import = |text: &str| {
            mend(vec![Edit {
                is_shared: true,
                ..Edit::insert("a.py", 0, text)
            }])
        };
        assert!(!import("import a\n").conflicts(&import("import a\n")));
        assert!(!import("import a\n").conflicts(&import("import b\n")));
        let other = mend(vec![Edit::replace("b.py", Span::new(0, 4), "x")]);
        assert!(!replace(0, 4).conflicts(&other));
    }

    #[test]
    fn a_shared_edit_is_made_once() {
        let import = Edit {
            is_shared: true,
            ..Edit::insert("a.py", 0, "import a\n")
        };
        let other = Edit::replace("a.py", Span::new(0, 1), "y");
        assert_eq!(apply("x = 1", &[&other, &import, &import]).as_deref(), Some("import a\ny = 1"));
        assert_eq!(apply("x", &[&Edit::insert("a.py", 9, "y")]), None);
    }
}
