//! Tokens of GraphQL: names, numbers, texts, signs. Commas, white space and comments are none.

/// A token of a GraphQL document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphqlToken<'t> {
    /// A name or keyword.
    Name(&'t str),
    /// A number, as written.
    Number(&'t str),
    /// A text in quotes, a block of text too.
    Text,
    /// A sign: `{`, `(`, `:`, `@`, …
    Sign(u8),
    /// `...`
    Spread,
    /// A byte that is no GraphQL.
    Other,
}

/// Reads tokens one after the other.
pub struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    /// Starts at the head of a text.
    pub fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    /// The next token and its byte offset; `None` at the end.
    pub fn next(&mut self) -> Option<(GraphqlToken<'t>, usize)> {
        self.skip_blank();
        let start = self.at;
        let bytes = self.text.as_bytes();
        let first = *bytes.get(start)?;
        let token = match first {
            b'.' if self.text[start..].starts_with("...") => {
                self.at += 3;
                GraphqlToken::Spread
            }
            b'"' => {
                self.skip_text();
                GraphqlToken::Text
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => GraphqlToken::Name(self.take(|byte| byte == b'_' || byte.is_ascii_alphanumeric())),
            b'-' | b'0'..=b'9' => {
                GraphqlToken::Number(self.take(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')))
            }
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                self.at += 1;
                GraphqlToken::Sign(first)
            }
            _ => {
                self.at += 1;
                while !self.text.is_char_boundary(self.at) {
                    self.at += 1;
                }
                GraphqlToken::Other
            }
        };
        Some((token, start))
    }

    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        // The first byte was looked at, so that a number may start with a sign.
        self.at += rest
            .iter()
            .skip(1)
            .position(|&byte| !belongs(byte))
            .map_or(rest.len(), |end| end + 1);
        &self.text[start..self.at]
    }

    fn skip_blank(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.at += 1,
                b'#' => {
                    let rest = &bytes[self.at..];
                    self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                0xEF if self.text[self.at..].starts_with('\u{feff}') => self.at += 3,
                _ => return,
            }
        }
    }

    /// `"…"` ends with its line at the latest, `"""…"""` with its own sign.
    fn skip_text(&mut self) {
        let rest = &self.text[self.at..];
        if let Some(block) = rest.strip_prefix("\"\"\"") {
            self.at += 3 + block.find("\"\"\"").map_or(block.len(), |end| end + 3);
            return;
        }
        let mut is_escaped = false;
        for (place, byte) in rest.bytes().enumerate().skip(1) {
            match byte {
                b'\n' => {
                    self.at += place;
                    return;
                }
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    self.at += place + 1;
                    return;
                }
                _ => {}
            }
        }
        self.at = self.text.len();
    }
}
