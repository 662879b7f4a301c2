//! A module's interned strings in one piece of memory.

use serde::{Deserialize, Serialize};

use super::Sym;
use crate::budget::looked;

/// Strings by the order in which they were met. A box for each would take four times the memory of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strings {
    text: String,
    /// Where each ends in the text.
    ends: Vec<u32>,
}

impl Strings {
    /// Adds a string.
    pub fn push(&mut self, text: &str) -> Sym {
        let sym = Sym(self.ends.len() as u32);
        self.text.push_str(text);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        sym
    }

    /// The text of a string; the empty one for a symbol of another module.
    pub fn get(&self, sym: Sym) -> &str {
        looked(1);
        let at = sym.0 as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.end(before));
        self.text.get(start..self.end(at)).unwrap_or("")
    }

    fn end(&self, at: usize) -> usize {
        self.ends.get(at).map_or(0, |&end| end as usize)
    }

    /// All strings.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|at| self.get(Sym(at as u32)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Gives back the memory that is not used.
    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were_put_in() {
        let mut strings = Strings::default();
        let words = ["a", "", "größe", "日本"];
        let syms: Vec<Sym> = words.iter().map(|word| strings.push(word)).collect();
        assert_eq!(syms.iter().map(|&sym| strings.get(sym)).collect::<Vec<_>>(), words);
        assert_eq!(strings.iter().collect::<Vec<_>>(), words);
        assert_eq!((strings.len(), strings.get(Sym(4)), strings.get(Sym(u32::MAX))), (4, "", ""));
    }
}
