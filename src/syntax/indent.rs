//! How deep a Python text may be indented.

use crate::budget::Limit;

/// Whether a text has lines at more different depths than the grammar can hold open at once: than its scanner can write down beside its
/// open strings. With more of them it ends the process.
pub fn is_too_deep(text: &str) -> bool {
    let mut widths = Widths::default();
    // Width since the start of the line, and since the start of the first of the lines that a backslash joins.
    let (mut line, mut joined) = (Some(0u16), Some(0u16));
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let wider = |width: Option<u16>, by: u16| width.map(|width| width.wrapping_add(by));
        match byte {
            b'\n' => (line, joined) = (Some(0), Some(0)),
            b'\r' | 0x0c => (line, joined) = (line.and(Some(0)), joined.and(Some(0))),
            b' ' => (line, joined) = (wider(line, 1), wider(joined, 1)),
            b'\t' => (line, joined) = (wider(line, 8), wider(joined, 8)),
            b'\\' if joined.is_some() => {
                bytes.next_if_eq(&b'\r');
                line = bytes.next_if_eq(&b'\n').map(|_| 0);
                joined = joined.and(line.and(joined));
            }
            _ => {
                widths.add(line.take());
                widths.add(joined.take());
            }
        }
    }
    widths.count > Limit::Indentation.count()
}

/// A set of widths.
#[derive(Default)]
struct Widths {
    seen: Vec<u64>,
    count: usize,
}

impl Widths {
    fn add(&mut self, width: Option<u16>) {
        let Some(width) = width else { return };
        let (word, bit) = (usize::from(width / 64), 1u64 << (width % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        if let Some(seen) = self.seen.get_mut(word).filter(|seen| **seen & bit == 0) {
            *seen |= bit;
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks in blocks, each one space further in.
    fn nested(levels: usize) -> String {
        (0..levels)
            .map(|level| format!("{}if x:\n", " ".repeat(level)))
            .collect::<Vec<_>>()
            .concat()
    }

    #[test]
    fn depths_are_counted_once_each() {
        assert!(!is_too_deep(&nested(Limit::Indentation.count())));
        assert!(is_too_deep(&nested(Limit::Indentation.count() + 1)));
        assert!(!is_too_deep(&nested(300).repeat(9)));
        assert!(!is_too_deep(&format!("x = 1{}\n", " ".repeat(70_000)).repeat(3)));
    }

    #[test]
    fn joined_lines_and_form_feeds_move_a_line() {
        let joined: String = (0..=Limit::Indentation.count())
            .map(|level| format!("{}\\\n  x\n", " ".repeat(level)))
            .collect::<Vec<_>>()
            .concat();
        assert!(is_too_deep(&joined));
        let fed: String = (0..=Limit::Indentation.count())
            .map(|level| format!("{}\u{c}x\n", " ".repeat(level)))
            .collect::<Vec<_>>()
            .concat();
        assert!(!is_too_deep(&fed));
    }
}
