//! A filter over a module's strings: says quickly that a name does not occur.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::Strings;

/// Bits for each string: about one string in fifty passes that is not there.
const BITS: usize = 8;

/// A Bloom filter with two probes. Most rules look for calls by name, and most files have none of them: what the filter leaves out
/// need not be searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameFilter {
    bits: Box<[u64]>,
}

impl NameFilter {
    /// The filter of some strings.
    pub fn of(strings: &Strings) -> NameFilter {
        let count = (strings.len() * BITS).div_ceil(64).next_power_of_two();
        let mut words = NameFilter {
            bits: vec![0; count].into(),
        };
        for text in strings.iter() {
            for (at, bit) in words.places(text) {
                words.bits[at] |= bit;
            }
        }
        words
    }

    /// Whether a string may be among them; never `false` for one that is.
    pub fn may_have(&self, text: &str) -> bool {
        !self.bits.is_empty() && self.places(text).into_iter().all(|(at, bit)| self.bits[at] & bit != 0)
    }

    fn places(&self, text: &str) -> [(usize, u64); 2] {
        let hash = FxBuildHasher.hash_one(text);
        // The number of words is a power of two.
        let mask = self.bits.len() as u64 - 1;
        let place = |hash: u64| (((hash >> 6) & mask) as usize, 1 << (hash & 63));
        [place(hash), place(hash >> 32)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_left_out_and_most_of_what_is_not_is() {
        let mut strings = Strings::default();
        for at in 0..500 {
            strings.push(&format!("name_{at}"));
        }
        let words = NameFilter::of(&strings);
        assert!(strings.iter().all(|text| words.may_have(text)));
        let passed = (0..1000).filter(|at| words.may_have(&format!("other_{at}"))).count();
        assert!(passed < 200, "{passed} of 1000 pass");
        assert!(!NameFilter::default().may_have("x") && !NameFilter::of(&Strings::default()).may_have("x"));
    }
}
