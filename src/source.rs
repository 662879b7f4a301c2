//! Text positions: byte spans, and the index that turns them into lines and columns.

use serde::{Deserialize, Serialize};

/// A half-open range of byte offsets in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// A span from two byte offsets; offsets past `u32::MAX` saturate (files of that size are never read).
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            start: clamp(start),
            end: clamp(end),
        }
    }

    /// Whether `offset` lies inside.
    pub fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }

    /// Whether `other` lies wholly inside.
    pub fn encloses(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// Line starts and multi-byte characters of one file: positions without the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Offset of each multi-byte character and the bytes it has beyond one.
    wide: Vec<(u32, u8)>,
}

impl LineIndex {
    /// Indexes a text.
    pub fn new(text: &str) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut starts = Vec::with_capacity(text.len() / 32 + 1);
        starts.push(0);
        let bytes = text.as_bytes();
        // Editors end a line at a carriage return that stands alone, too.
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes).filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        starts.extend(ends.map(|at| offset(at).saturating_add(1)));
        let mut wide = Vec::new();
        // Most source is ASCII throughout, which is quickly said.
        if !text.is_ascii() {
            let beyond_one = |(at, char): (usize, char)| Some((offset(at), u8::try_from(char.len_utf8() - 1).ok()?));
            wide.extend(text.char_indices().filter(|(_, char)| !char.is_ascii()).filter_map(beyond_one));
        }
        starts.shrink_to_fit();
        LineIndex { starts, wide }
    }

    /// Number of lines; a text that ends in a newline has no empty last line.
    pub fn line_count(&self) -> usize {
        self.starts.len().max(1)
    }

    /// The 1-based line of a byte offset.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset).max(1) as u32
    }

    /// From the start of a 1-based line to that of the next one; `None` past the last.
    pub fn span_of(&self, line: u32) -> Option<Span> {
        let at = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(at)?;
        let end = self.starts.get(at + 1).copied().unwrap_or(u32::MAX);
        Some(Span { start, end })
    }

    /// The 1-based line and column (in characters) of a byte offset.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0);
        let first = self.wide.partition_point(|&(at, _)| at < start);
        let extra: u32 = self.wide[first..]
            .iter()
            .take_while(|&&(at, _)| at < offset)
            .map(|&(_, more)| u32::from(more))
            .sum();
        (line, offset.saturating_sub(start).saturating_sub(extra) + 1)
    }
}

/// Whether a text holds a part, whatever the case of its ASCII letters; `part` is lower case.
pub fn has_ignoring_case(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let Some(&first) = part.first() else { return true };
    let Some(last) = text.len().checked_sub(part.len()) else {
        return false;
    };
    // Mostly asked of names, which are too short for a search by blocks to pay.
    (0..=last).any(|at| text[at].eq_ignore_ascii_case(&first) && text[at..at + part.len()].eq_ignore_ascii_case(part))
}

/// A path as a dotted module: `server/services/user.py` is `server.services.user`, `app/__init__.py` is `app`.
pub fn module_name(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    stem.trim_end_matches("/__init__").trim_end_matches("/index").replace('/', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_in_a_search_for_a_part() {
        assert!(has_ignoring_case("StatementTIMEOUT", "timeout") && has_ignoring_case("x", "") && has_ignoring_case("éRedis", "redis"));
        assert!(!has_ignoring_case("time", "timeout") && !has_ignoring_case("", "a") && !has_ignoring_case("tımeout", "timeout"));
    }

    #[test]
    fn a_line_ends_at_each_kind_of_line_end_once() {
        let index = LineIndex::new("a\rb\r\nc\nd\r");
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.position(2), (2, 1));
        assert_eq!(index.position(5), (3, 1));
        assert_eq!(index.position(7), (4, 1));
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let index = LineIndex::new("aé=1\nb\n");
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.position(3), (1, 3));
        assert_eq!(index.position(6), (2, 1));
    }
}
