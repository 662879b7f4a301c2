//! A cursor over SQL tokens, for recognisers that recover instead of failing.

use super::lex::{SqlToken, TokenKind};
use super::mask::HOLE;
use crate::source::Span;

/// Reads tokens in order; every reader returns `None`/`false` without moving when what it wants is not there.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t, 'a> {
    tokens: &'t [SqlToken<'a>],
    at: usize,
    /// Added to every offset: where the text stands in its file.
    base: usize,
}

impl<'t, 'a> Cursor<'t, 'a> {
    pub fn new(tokens: &'t [SqlToken<'a>], base: usize) -> Self {
        Cursor { tokens, at: 0, base }
    }

    pub fn peek(&self) -> Option<SqlToken<'a>> {
        self.tokens.get(self.at).copied()
    }

    pub fn peek_at(&self, ahead: usize) -> Option<SqlToken<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub fn next(&mut self) -> Option<SqlToken<'a>> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    pub fn is_sign(&self, sign: char) -> bool {
        self.peek().is_some_and(|token| token.is_sign(sign))
    }

    /// Eats one keyword.
    pub fn eat(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    /// Eats a sequence of keywords, written with spaces, or nothing.
    pub fn eat_all(&mut self, words: &str) -> bool {
        let found = words
            .split(' ')
            .enumerate()
            .all(|(n, word)| self.peek_at(n).is_some_and(|token| token.is(word)));
        if found {
            self.at += words.split(' ').count();
        }
        found
    }

    /// Eats the first of some keywords that stands here.
    pub fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    pub fn eat_sign(&mut self, sign: char) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    /// A name with its qualifiers: `a`, `"a"."b"`, `a.b.c`; the parts are joined by dots. A qualifier that the program puts in says
    /// nothing of what it stands before: without it, the name stands alone.
    pub fn name(&mut self) -> Option<String> {
        let mut name = self.part()?;
        let mut is_hole = name.contains(HOLE);
        while self.is_sign('.') && self.peek_at(1).is_some_and(|token| token.name().is_some()) {
            self.at += 1;
            if is_hole {
                name.clear();
            } else {
                name.push('.');
            }
            let part = self.part()?;
            is_hole = part.contains(HOLE);
            name.push_str(&part);
        }
        Some(name)
    }

    /// A name without qualifiers.
    pub fn part(&mut self) -> Option<String> {
        let token = self.peek()?;
        let name = match token.kind {
            // MySQL and old SQLite scripts quote names as strings, and T-SQL in brackets.
            TokenKind::Word | TokenKind::Quoted | TokenKind::Str => token.value(),
            TokenKind::Punct if token.is_sign('[') => {
                let inner = self.peek_at(1)?.name()?;
                self.at += 3;
                return Some(inner);
            }
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// The tokens between a parenthesis that opens here and its partner, as a cursor of their own.
    pub fn parens(&mut self) -> Option<Cursor<'t, 'a>> {
        if !self.is_sign('(') {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0usize;
        while let Some(token) = self.next() {
            if token.is_sign('(') {
                depth += 1;
            } else if token.is_sign(')') {
                depth -= 1;
                if depth == 0 {
                    return Some(Cursor {
                        tokens: &self.tokens[start..self.at - 1],
                        at: 0,
                        base: self.base,
                    });
                }
            }
        }
        Some(Cursor {
            tokens: &self.tokens[start.min(self.tokens.len())..],
            at: 0,
            base: self.base,
        })
    }

    /// The tokens up to the next comma outside of parentheses, which is eaten, as a cursor of their own.
    pub fn item(&mut self) -> Option<Cursor<'t, 'a>> {
        if self.is_done() {
            return None;
        }
        let start = self.at;
        let mut depth = 0usize;
        while let Some(token) = self.next() {
            if token.is_sign('(') || token.is_sign('[') {
                depth += 1;
            } else if token.is_sign(')') || token.is_sign(']') {
                depth = depth.saturating_sub(1);
            } else if token.is_sign(',') && depth == 0 {
                return Some(Cursor {
                    tokens: &self.tokens[start..self.at - 1],
                    at: 0,
                    base: self.base,
                });
            }
        }
        Some(Cursor {
            tokens: &self.tokens[start..],
            at: 0,
            base: self.base,
        })
    }

    /// Skips one token, or a whole parenthesis.
    pub fn skip(&mut self) {
        if self.parens().is_none() {
            self.at += 1;
        }
    }

    /// The names in a parenthesis that opens here: `(a, "b" DESC, c(10))` gives `a`, `b`, `c`.
    pub fn names(&mut self) -> Option<Vec<String>> {
        let mut inner = self.parens()?;
        let mut names = Vec::new();
        while let Some(mut item) = inner.item() {
            names.extend(item.part());
        }
        Some(names)
    }

    /// Where all tokens of this cursor stand.
    pub fn span(&self) -> Span {
        let start = self.tokens.first().map_or(0, |token| token.start);
        let end = self.tokens.last().map_or(start, SqlToken::end);
        Span::new(self.base + start, self.base + end)
    }

    /// The tokens that are left.
    pub fn rest(&self) -> &'t [SqlToken<'a>] {
        self.tokens.get(self.at..).unwrap_or(&[])
    }
}

/// The text that tokens cover, white space between them reduced to what their distance shows.
pub(super) fn text_of(tokens: &[SqlToken]) -> String {
    let mut out = String::new();
    let mut end = None;
    for token in tokens {
        if end.is_some_and(|end| end < token.start) {
            out.push(' ');
        }
        out.push_str(token.raw());
        end = Some(token.end());
    }
    out
}
