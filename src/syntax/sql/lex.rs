//! A tolerant SQL lexer: words, quoted names, strings and punctuation with byte offsets, comments left out.

use crate::statement::Dialect;

/// What a token of SQL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or a bare name.
    Word,
    /// A quoted name: `"a"`, `` `a` ``, `[a]`.
    Quoted,
    /// A string: `'a'`, `E'a'`.
    Str,
    /// A dollar-quoted string with its tags.
    Dollar,
    /// A number, a sign before it not included.
    Number,
    /// One character of anything else.
    Punct,
}

/// A token of SQL with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SqlToken<'a> {
    /// Whether it is a word, a string, a number or a sign.
    pub kind: TokenKind,
    /// Its text, quotes included.
    pub text: &'a str,
    /// Offset of its first byte.
    pub start: usize,
}

impl<'a> SqlToken<'a> {
    /// Offset after its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is the keyword `word`, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is the punctuation `sign`.
    pub fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Punct && self.text.starts_with(sign)
    }

    /// The name or the string's value, quotes and doubled quotes resolved.
    pub fn value(&self) -> String {
        match self.kind {
            TokenKind::Quoted | TokenKind::Str => unquote(self.text),
            TokenKind::Dollar => dollar_body(self.text).0.to_owned(),
            _ => self.text.to_owned(),
        }
    }

    /// A name, if it can be one.
    pub fn name(&self) -> Option<String> {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted).then(|| self.value())
    }

    /// The text of `self`, for callers that keep it longer than the token.
    pub fn raw(&self) -> &'a str {
        self.text
    }
}

/// The inside of a dollar-quoted string and the length of its opening tag.
pub(super) fn dollar_body(text: &str) -> (&str, usize) {
    let tag = text.get(1..).and_then(|rest| rest.find('$')).map_or(0, |at| at + 2);
    let body = text.get(tag..text.len().saturating_sub(tag)).unwrap_or("");
    (body, tag)
}

fn unquote(text: &str) -> String {
    let open = text.find(['"', '`', '[', '\'']).unwrap_or(0);
    let quote = text[open..].chars().next().unwrap_or('"');
    let close = if quote == '[' { ']' } else { quote };
    let inner = &text[(open + 1).min(text.len())..];
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    let doubled: String = [close, close].iter().collect();
    inner.replace(&doubled, &close.to_string())
}

/// What the next bytes of a text are, comments and white space included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// White space or a comment.
    Blank,
    /// A token.
    Token(TokenKind),
}

/// The kind and the end of what starts at `at`; `at` must be a character boundary before the end.
pub(super) fn chunk(text: &str, at: usize, dialect: Dialect) -> (Chunk, usize) {
    let bytes = text.as_bytes();
    let byte = bytes.get(at).copied().unwrap_or(0);
    let next = bytes.get(at + 1).copied().unwrap_or(0);
    match byte {
        b' ' | b'\t' | b'\r' | b'\n' | 0x0C => (Chunk::Blank, at + 1),
        b'-' if next == b'-' => (Chunk::Blank, line_end(bytes, at)),
        b'#' if dialect == Dialect::MySql || (dialect == Dialect::Generic && starts_line(bytes, at)) => (Chunk::Blank, line_end(bytes, at)),
        b'/' if next == b'*' => (Chunk::Blank, comment_end(bytes, at)),
        b'\'' => (
            Chunk::Token(TokenKind::Str),
            quoted_end(bytes, at, b'\'', dialect == Dialect::MySql),
        ),
        b'"' => (
            Chunk::Token(TokenKind::Quoted),
            quoted_end(bytes, at, b'"', dialect == Dialect::MySql),
        ),
        b'`' => (Chunk::Token(TokenKind::Quoted), quoted_end(bytes, at, b'`', false)),
        b'E' | b'e' if next == b'\'' => (Chunk::Token(TokenKind::Str), quoted_end(bytes, at + 1, b'\'', true)),
        b'N' | b'n' | b'B' | b'b' | b'X' | b'x' if next == b'\'' => (Chunk::Token(TokenKind::Str), quoted_end(bytes, at + 1, b'\'', false)),
        b'$' => dollar(bytes, at),
        b'0'..=b'9' => (
            Chunk::Token(TokenKind::Number),
            while_bytes(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_'),
        ),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => (Chunk::Token(TokenKind::Word), while_bytes(bytes, at, is_word)),
        _ => (Chunk::Token(TokenKind::Punct), at + 1),
    }
}

/// Bytes of a bare name after its first.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn starts_line(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|&&b| b != b'\n').all(u8::is_ascii_whitespace)
}

fn while_bytes(bytes: &[u8], at: usize, test: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|&b| !test(b)).map_or(bytes.len(), |n| at + n.max(1))
}

pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n + 1)
}

/// The end of a nested block comment. An executable one (`/*! … */`) ends after its version: its inside counts.
fn comment_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 2) == Some(&b'!') {
        return bytes[at + 3..]
            .iter()
            .position(|b| !b.is_ascii_digit())
            .map_or(bytes.len(), |n| at + 3 + n);
    }
    let (mut depth, mut i) = (0usize, at);
    while i + 1 < bytes.len() {
        match (bytes[i], bytes[i + 1]) {
            (b'/', b'*') => {
                depth += 1;
                i += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    bytes.len()
}

fn quoted_end(bytes: &[u8], at: usize, quote: u8, escapes: bool) -> usize {
    let mut i = at + 1;
    while i < bytes.len() {
        let skips = escapes && bytes[i] == b'\\';
        if skips || (bytes[i] == quote && bytes.get(i + 1) == Some(&quote)) {
            i += 2;
        } else if bytes[i] == quote {
            return i + 1;
        } else {
            i += 1;
        }
    }
    bytes.len()
}

fn dollar(bytes: &[u8], at: usize) -> (Chunk, usize) {
    let tag = bytes[at + 1..]
        .iter()
        .position(|&b| !(b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80))
        .map(|n| at + 1 + n);
    let Some(tag_end) = tag.filter(|&end| bytes[end] == b'$' && !bytes[at + 1].is_ascii_digit()) else {
        return (Chunk::Token(TokenKind::Punct), at + 1);
    };
    let tag = &bytes[at..=tag_end];
    let body = tag_end + 1;
    let mut i = body;
    while let Some(n) = bytes[i..].iter().position(|&b| b == b'$') {
        i += n;
        if bytes[i..].starts_with(tag) {
            return (Chunk::Token(TokenKind::Dollar), i + tag.len());
        }
        i += 1;
    }
    (Chunk::Token(TokenKind::Dollar), bytes.len())
}

/// Cuts a text into tokens, comments and white space left out.
pub(super) fn tokens(text: &str, dialect: Dialect) -> Vec<SqlToken<'_>> {
    let mut out: Vec<SqlToken> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (what, end) = chunk(text, at, dialect);
        let end = boundary(text, end);
        if let Chunk::Token(kind) = what {
            out.push(SqlToken {
                kind,
                text: &text[at..end],
                start: at,
            });
            // The end of an executable comment is not two operators.
            if text[at..end] == *"/" && out.len() > 1 && out[out.len() - 2].is_sign('*') && out[out.len() - 2].end() == at {
                out.truncate(out.len() - 2);
            }
        }
        at = end;
    }
    out
}

/// The next character boundary at or after `at`.
pub(super) fn boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}

/// `!paid` of `MySQL` as `NOT paid`, which the parser reads; `None` where a text has none.
pub(super) fn spelt_out(text: &str, dialect: Dialect) -> Option<String> {
    if !text.contains('!') {
        return None;
    }
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while at < text.len() {
        let (what, end) = chunk(text, at, dialect);
        let (before, from) = (&text[..at], &text[at..]);
        // `!=`, and `!~` of PostgreSQL.
        let negates = from.starts_with('!') && !from[1..].starts_with(['=', '~', '!']) && !before.ends_with(['!', '@', '~']);
        if negates && what == Chunk::Token(TokenKind::Punct) {
            out.push_str(&text[kept..at]);
            out.push_str("NOT ");
            kept = end;
        }
        at = end;
    }
    out.push_str(&text[kept..]);
    (kept > 0).then_some(out)
}
