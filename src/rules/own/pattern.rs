//! Names with gaps: `legacy.fetch_*`.

use super::words::Word;

/// The longest pattern, in bytes; a glob's, too.
pub(super) const LONGEST_PATTERN: usize = 200;

/// A dotted name in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What stands between the gaps.
    pieces: Vec<String>,
}

impl Word for Pattern {
    fn read(text: &str) -> Result<Pattern, String> {
        let is_of_a_name = |character: char| character.is_alphanumeric() || "_.*$/@:-".contains(character);
        if text.len() > LONGEST_PATTERN {
            return Err(format!("longer than {LONGEST_PATTERN} bytes"));
        }
        if let Some(other) = text.chars().find(|&character| !is_of_a_name(character)) {
            return Err(format!("`{other}` is in no name; `*` is the only wildcard"));
        }
        if !text.contains(char::is_alphanumeric) {
            return Err(format!("`{text}` names nothing; say at least a part of the name"));
        }
        if text.split('.').any(str::is_empty) {
            return Err(format!("`{text}` has an empty part; write `package.function`"));
        }
        let pieces = text.split('*').map(str::to_owned).collect();
        Ok(Pattern { pieces })
    }
}

impl Pattern {
    /// Whether a name is of this form. It takes about as long as the name is, however many gaps there are: each piece is looked for where
    /// the one before it ended, and never again.
    pub fn fits(&self, name: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else {
            return false;
        };
        let Some(name) = name.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return name.is_empty();
        };
        let Some(mut name) = name.strip_suffix(last.as_str()) else {
            return false;
        };
        middle.iter().all(|piece| match name.find(piece.as_str()) {
            Some(at) => {
                name = name.get(at + piece.len()..).unwrap_or("");
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_stands_for_any_text() {
        let fits = |pattern: &str, name: &str| Pattern::read(pattern).expect("a pattern").fits(name);
        for (pattern, yes, no) in [
            ("legacy.fetch_*", "legacy.fetch_orders", "legacy.load_orders"),
            ("legacy.fetch_*", "legacy.fetch_", "my.legacy.fetch_x"),
            ("*.get", "acme.Client.get", "acme.Client.get_all"),
            ("a*b", "ab", "a"),
            ("a*a", "aa", "a"),
            ("a*b*c", "a1b2c", "a1c2b"),
            ("@acme/client.get*", "@acme/client.getPrice", "@acme/server.getPrice"),
            ("exact", "exact", "exactly"),
        ] {
            assert!(fits(pattern, yes) && !fits(pattern, no), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        let wrong = |text: &str| Pattern::read(text).expect_err("wrong");
        assert_eq!(wrong("legacy.fetch?"), "`?` is in no name; `*` is the only wildcard");
        assert!(wrong("*").contains("names nothing") && wrong("*.*").contains("names nothing"));
        assert!(wrong("a..b").contains("an empty part") && wrong("a.").contains("an empty part"));
        assert!(wrong(&"a".repeat(201)).contains("longer than 200 bytes"));
    }

    /// A search that went back for each gap would take longer than anybody waits.
    #[test]
    fn many_gaps_take_no_longer() {
        let pattern = Pattern::read(&"a*".repeat(99)).expect("a pattern");
        assert!(pattern.fits(&"a".repeat(5_000_000)));
        let pattern = Pattern::read(&format!("{}b", "a*".repeat(99))).expect("a pattern");
        assert!(!pattern.fits(&"a".repeat(5_000_000)));
    }
}
