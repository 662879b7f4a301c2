//! Blanks what nests deeper than anybody writes, before a grammar sees it: an unclosed bracket costs a parser memory until the end of the
//! file, and one that may open several things costs it once for each.

use std::borrow::Cow;

use crate::budget::{self, Limit};

/// What opens without a bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// Nothing.
    Brackets,
    /// `a<b<c`, which may be types in types, `a: b: c`, which are labels, and `!!!a` and `a!!!`, each of which stands around the next.
    TypesAndLabels,
}

/// The text with all that is deeper than [`Limit::Brackets`] blanked, every other byte in its place.
pub fn cut(text: &str, opens: Opens) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // Most files have fewer of all that can open something than may be open at once, which is counted faster than what is open.
    let opening = bytes
        .iter()
        .filter(|byte| matches!(byte, b'(' | b'[' | b'{' | b'<' | b':' | b'!'))
        .count();
    if opening <= Limit::Brackets.count() {
        return Cow::Borrowed(text);
    }
    let mut open = Open::default();
    let mut blanked: Option<Vec<u8>> = None;
    for (at, &byte) in bytes.iter().enumerate() {
        // A closing bracket belongs to what it closes.
        let was_deep = open.brackets > Limit::Brackets.count();
        let after_equals = at > 0 && bytes.get(at - 1) == Some(&b'=');
        open.see(byte, opens, after_equals);
        if !(was_deep || open.is_deep()) {
            continue;
        }
        if blanked.is_none() {
            budget::tell(Limit::Brackets, at as u32);
        }
        // Line starts stay.
        if let Some(byte) = blanked
            .get_or_insert_with(|| bytes.to_vec())
            .get_mut(at)
            .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        {
            *byte = b' ';
        }
    }
    match blanked.map(String::from_utf8) {
        Some(Ok(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(text),
    }
}

/// What is open at a place, as far as that shows without reading strings and comments.
#[derive(Default)]
struct Open {
    brackets: usize,
    types: usize,
    labels: usize,
    marks: usize,
}

impl Open {
    fn see(&mut self, byte: u8, opens: Opens, after_equals: bool) {
        if byte == b'!' && opens == Opens::TypesAndLabels {
            self.marks += 1;
        } else if !byte.is_ascii_whitespace() {
            self.marks = 0;
        }
        match byte {
            b'(' | b'[' | b'{' => {
                self.brackets += 1;
                (self.types, self.labels) = (0, 0);
            }
            b')' | b']' | b'}' => {
                self.brackets = self.brackets.saturating_sub(1);
                (self.types, self.labels) = (0, 0);
            }
            b';' => (self.types, self.labels) = (0, 0),
            b',' => self.labels = 0,
            b'<' if opens == Opens::TypesAndLabels => self.types += 1,
            b'>' if !after_equals => self.types = self.types.saturating_sub(1),
            b':' if opens == Opens::TypesAndLabels => self.labels += 1,
            _ => {}
        }
    }

    fn is_deep(&self) -> bool {
        self.brackets.max(self.types).max(self.labels).max(self.marks) > Limit::Brackets.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, opens: Opens) -> (String, Vec<(Limit, u32)>) {
        budget::hearing(|| cut(text, opens).into_owned())
    }

    #[test]
    fn what_is_too_deep_is_blank_and_what_comes_after_is_read() {
        let most = Limit::Brackets.count();
        let nested = |levels: usize| format!("{}é\n{};f(1)", "(".repeat(levels), ")".repeat(levels));
        assert_eq!(told(&nested(most), Opens::Brackets), (nested(most), Vec::new()));
        let (text, over) = told(&nested(most + 2), Opens::Brackets);
        assert_eq!(text, format!("{}    \n  {};f(1)", "(".repeat(most), ")".repeat(most)));
        assert_eq!(over, [(Limit::Brackets, most as u32)]);
        // Closing more than is open takes nothing from what comes after.
        assert_eq!(told(&format!("{}{}", ")".repeat(9), nested(most)), Opens::Brackets).1, []);
    }

    #[test]
    fn types_and_labels_are_open_until_something_ends_them() {
        let most = Limit::Brackets.count();
        for piece in ["a<", "a:"] {
            let (text, over) = told(&format!("{};f(1)", piece.repeat(most + 2)), Opens::TypesAndLabels);
            assert!(text.ends_with("   ;f(1)"), "{piece}");
            assert_eq!(over.len(), 1, "{piece}");
            assert_eq!(told(&piece.repeat(most + 2), Opens::Brackets).1, []);
        }
        let (text, over) = told(&format!("x = a{};f(1)", "!\n".repeat(most + 2)), Opens::TypesAndLabels);
        assert!(text.ends_with("!\n \n \n;f(1)"));
        assert_eq!(over.len(), 1);
        for piece in ["!a;", "a!.b", "a<b;", "a<b>", "a:b,", "a<b>()=>c<d>", "a?b:c;"] {
            assert_eq!(told(&piece.repeat(most * 2), Opens::TypesAndLabels).1, [], "{piece}");
        }
    }
}
