//! SQL inside programs: placeholders and holes of the text replaced by tokens that fit their place, so that it parses.

use super::{Piece, lex};

/// Stands for a condition that is not known.
pub(super) const OPEN_PLACEHOLDER: &str = "$99999";
/// Stands for a value that is not known.
const VALUE: &str = "$1";
/// Bytes of the longest name of a placeholder (`%(name)s`).
const LONGEST_NAME: usize = 200;

/// Text that can be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// SQL that the parser takes, with placeholders where values were.
    pub text: String,
    /// A hole stood where clauses or conditions can stand.
    pub open: bool,
}

/// A bit of the input after quotes are known: text that stays, or something to replace.
enum Bit<'a> {
    Text(&'a str),
    /// A value placeholder, or a hole of the code.
    Gap {
        placeholder: bool,
    },
}

/// Replaces holes and placeholders.
pub fn mask(pieces: &[Piece]) -> Masked {
    let bits = bits(pieces);
    let mut masked = Masked {
        text: String::new(),
        open: false,
    };
    let mut seen = Seen::default();
    for (at, bit) in bits.iter().enumerate() {
        match bit {
            Bit::Text(text) => masked.text.push_str(text),
            Bit::Gap { placeholder } => {
                let after = bits[at + 1..].iter().find_map(|bit| match bit {
                    Bit::Text(text) if text.trim().is_empty() => None,
                    Bit::Text(text) => Some(*text),
                    Bit::Gap { .. } => Some(VALUE),
                });
                let touches = matches!(bits.get(at + 1), Some(Bit::Text(text)) if !text.starts_with(char::is_whitespace));
                seen.go_on(&masked.text);
                fill(&mut masked, &mut seen, after.unwrap_or(""), touches, *placeholder);
            }
        }
    }
    masked
}

/// Words that begin a clause.
const CLAUSES: [&str; 8] = ["SELECT", "FROM", "SET", "VALUES", "BY", "LIMIT", "RETURNING", "WHERE"];

/// What is known of the text before a gap: each byte is looked at once, however many gaps there are.
#[derive(Default)]
struct Seen {
    /// How far the text was looked at.
    until: usize,
    /// Parentheses that are open, and whether a query begins in them, where that was asked for.
    open: Vec<(usize, Option<bool>)>,
    /// The last word that begins a clause.
    clause: Option<&'static str>,
    /// Rows or a query were named, as what is inserted.
    has_rows: bool,
}

impl Seen {
    fn go_on(&mut self, text: &str) {
        let rest = text.get(self.until..).unwrap_or_default();
        for (offset, c) in rest.char_indices() {
            let at = self.until + offset;
            match c {
                '(' => self.open.push((at, None)),
                ')' => {
                    self.open.pop();
                }
                _ => {}
            }
            if !(c.is_alphanumeric() || c == '_') {
                let before = text.get(..at).unwrap_or_default();
                let ended = if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    last_word(before)
                } else {
                    None
                };
                let clause = ended.and_then(|word| CLAUSES.into_iter().find(|clause| word.eq_ignore_ascii_case(clause)));
                self.clause = clause.or(self.clause);
            }
            if matches!(c, 's' | 'S' | 't' | 'T') {
                let before = text.as_bytes().get(..=at).unwrap_or_default();
                self.has_rows |= ends_with(before, "VALUES") || ends_with(before, "SELECT");
            }
        }
        self.until = text.len();
    }

    /// Where the innermost open parenthesis is, unless a query begins in it.
    fn list(&mut self, text: &str) -> Option<usize> {
        let (at, is_query) = self.open.last_mut()?;
        let inside = text.get(*at + 1..).unwrap_or_default();
        let begins = |word: &str| {
            inside
                .trim_start()
                .get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        (!*is_query.get_or_insert_with(|| begins("SELECT"))).then_some(*at)
    }
}

fn ends_with(bytes: &[u8], word: &str) -> bool {
    let tail = bytes.len().checked_sub(word.len()).and_then(|from| bytes.get(from..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word.as_bytes()))
}

/// Cuts the pieces at placeholders; inside of strings and comments nothing is a placeholder, and a hole is text or a part of a name.
fn bits<'a>(pieces: &[Piece<'a>]) -> Vec<Bit<'a>> {
    let mut out = Vec::new();
    let mut state = Quote::None;
    let mut before = String::new();
    for piece in pieces {
        match piece {
            Piece::Hole if state == Quote::None => out.push(Bit::Gap { placeholder: false }),
            Piece::Hole if state == Quote::Double => out.push(Bit::Text(HOLE)),
            Piece::Hole => out.push(Bit::Text("x")),
            Piece::Text(text) => cut(text, &mut state, &mut before, &mut out),
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
    Line,
    Block,
}

fn cut<'a>(text: &'a str, state: &mut Quote, before: &mut String, out: &mut Vec<Bit<'a>>) {
    let bytes = text.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let (byte, next) = (bytes[at], bytes.get(at + 1).copied().unwrap_or(0));
        let mut length = 1;
        match (*state, byte) {
            (Quote::None, b'\'') => *state = Quote::Single,
            (Quote::None, b'"') => *state = Quote::Double,
            (Quote::None, b'-') if next == b'-' => *state = Quote::Line,
            (Quote::None, b'/') if next == b'*' => *state = Quote::Block,
            (Quote::Single, b'\'') | (Quote::Double, b'"') | (Quote::Line, b'\n') => *state = Quote::None,
            (Quote::Block, b'*') if next == b'/' => *state = Quote::None,
            (Quote::None, _) => {
                if let Some(found) = placeholder(text, at, before) {
                    out.push(Bit::Text(&text[start..at]));
                    match found.replacement {
                        Some(replacement) => out.push(Bit::Text(replacement)),
                        None => out.push(Bit::Gap { placeholder: true }),
                    }
                    at += found.length;
                    start = at;
                    VALUE.clone_into(before);
                    continue;
                }
                if byte >= 0x80 {
                    length = lex::boundary(text, at + 1) - at;
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before.clear();
            before.push(char::from(byte));
        } else if !before.ends_with(' ') {
            before.push(' ');
        }
        at += length;
    }
    out.push(Bit::Text(&text[start..]));
}

struct Placeholder {
    length: usize,
    replacement: Option<&'static str>,
}

/// The placeholder that starts at `at`: `%s`, `%(x)s`, `?`, `$1`, `:x`, `@x`; `before` is the last sign before it.
fn placeholder(text: &str, at: usize, before: &str) -> Option<Placeholder> {
    let rest = &text[at..];
    let value = |length| Some(Placeholder { length, replacement: None });
    let word = |from: usize| {
        rest.as_bytes()[from..]
            .iter()
            .take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_')
            .count()
    };
    let last = before.trim_end().bytes().last().unwrap_or(0);
    match rest.as_bytes() {
        [b'%', b'%', ..] => Some(Placeholder {
            length: 2,
            replacement: Some("%"),
        }),
        [b'%', b's' | b'd' | b'r' | b'f' | b'b' | b't', ..] if word(2) == 0 && !before.ends_with(|c: char| c.is_alphanumeric()) => value(2),
        [b'%', b'(', ..] => {
            let close = rest.as_bytes().iter().take(LONGEST_NAME).position(|&byte| byte == b')')?;
            matches!(rest.as_bytes().get(close + 1), Some(b's' | b'd')).then_some(())?;
            value(close + 2)
        }
        [b'?', b'|' | b'&', ..] => Some(Placeholder {
            length: 2,
            replacement: Some("@>"),
        }),
        [b'?', ..] => {
            // After an operand it is the JSON operator, if another operand follows.
            let operand = last.is_ascii_alphanumeric() || matches!(last, b'_' | b')' | b'"' | b'\'');
            let keyword = last_word(&text[..at]).is_some_and(expects_value);
            let follows = rest[1..].trim_start().starts_with(['\'', '%', '$', '?', ':']) && !rest[1..].trim_start().starts_with("::");
            if operand && !keyword && follows {
                return Some(Placeholder {
                    length: 1,
                    replacement: Some("@>"),
                });
            }
            value(1 + word(1))
        }
        [b'$', b'0'..=b'9', ..] => value(1 + word(1)),
        [b':', b':', ..] => Some(Placeholder {
            length: 2,
            replacement: Some("::"),
        }),
        [b':', first, ..]
            if (first.is_ascii_alphabetic() || *first == b'_') && !before.ends_with(|c: char| c.is_alphanumeric() || c == ']') =>
        {
            value(1 + word(1))
        }
        [b'@', first, ..] if first.is_ascii_alphabetic() && !matches!(last, b'@' | b'<') => value(1 + word(1)),
        _ => None,
    }
}

fn last_word(text: &str) -> Option<&str> {
    let text = text.trim_end();
    let start = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    text.get(start..).filter(|word| !word.is_empty())
}

fn is_any(word: &str, list: &[&str]) -> bool {
    list.iter().any(|other| word.eq_ignore_ascii_case(other))
}

fn expects_value(word: &str) -> bool {
    is_any(
        word,
        &[
            "LIKE",
            "ILIKE",
            "LIMIT",
            "OFFSET",
            "BETWEEN",
            "THEN",
            "ELSE",
            "WHEN",
            "INTERVAL",
            "IS",
            "AND",
            "OR",
            "NOT",
            "SELECT",
            "IN",
            "ANY",
            "WHERE",
            "RETURNING",
            "BY",
            "FROM",
            "TO",
            "FETCH",
            "NEXT",
            "FIRST",
            "ON",
            "HAVING",
            "VALUES",
            "SET",
            "REGEXP",
            "ESCAPE",
            "TOP",
            "AS",
            "CASE",
            "GLOB",
            "MATCH",
            "ZONE",
            "DISTINCT",
            "USING",
            "SIMILAR",
        ],
    )
}

/// Writes what fits after `masked.text` and before `after` (text without leading white space, unless it `touches`).
fn fill(masked: &mut Masked, seen: &mut Seen, after: &str, touches: bool, placeholder: bool) {
    let text = choose(masked, seen, after, touches, placeholder);
    masked.text.push_str(text);
}

fn choose(masked: &mut Masked, seen: &mut Seen, after: &str, touches: bool, placeholder: bool) -> &'static str {
    let Masked { text: written, open } = masked;
    let before = written.trim_end();
    let glued = written.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
    let glued_after = touches && after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let next = after.trim_start();
    let word = last_word(before).unwrap_or("").to_ascii_uppercase();
    let sign = before.chars().last().unwrap_or(' ');
    if !placeholder && !glued && touches && after.starts_with('.') {
        // In front of a name: `{schema}.users`.
        return HOLE;
    }
    if !placeholder && (glued || glued_after) && !before.ends_with(VALUE) {
        // Part of a name: `{prefix}_users`, `t.{column}`.
        return if written.ends_with('.') || !glued {
            HOLE
        } else {
            "_perfaudit_hole"
        };
    }
    if is_any(&word, &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ONLY"]) && sign != ')' {
        if next.starts_with('(') && word == "INTO" || !next.starts_with('(') {
            HOLE
        } else {
            ""
        }
    } else if sign == '(' {
        after_parenthesis(seen, before)
    } else if is_any(&word, &["IN", "VALUES"]) {
        "(1)"
    } else if matches!(
        sign,
        '=' | '<' | '>' | '!' | '~' | '+' | '-' | '*' | '/' | '|' | '&' | '%' | ':' | '@' | '['
    ) {
        if sign == ':' { "text" } else { VALUE }
    } else if word == "SET" {
        if next.starts_with('=') { HOLE } else { "perfaudit_hole = 1" }
    } else if is_any(&word, &["WHERE", "AND", "OR", "ON", "NOT", "HAVING", "WHEN"]) {
        condition(open, before, &word, next, placeholder)
    } else if sign == ',' {
        after_comma(open, seen, before, next)
    } else if is_any(&word, &["SELECT", "DISTINCT", "BY", "RETURNING", "ALL"]) {
        *open |= word == "BY";
        HOLE
    } else if is_any(
        &word,
        &[
            "LIKE", "ILIKE", "LIMIT", "OFFSET", "BETWEEN", "INTERVAL", "ANY", "THEN", "ELSE", "REGEXP", "IS", "TOP", "TO", "FETCH", "NEXT",
            "CASE", "ESCAPE", "MATCH", "GLOB", "ZONE",
        ],
    ) {
        match word.as_str() {
            "INTERVAL" => "'1 day'",
            "IS" => "NULL",
            _ => VALUE,
        }
    } else if word == "AS" || word == "USING" {
        HOLE
    } else if is_comparison(next) && !before.is_empty() && (sign == ';' || is_any(&word, &["THEN", "ELSE"])) {
        VALUE
    } else {
        // Between clauses, after a complete condition, at the start or the end.
        *open = true;
        " "
    }
}

fn is_comparison(next: &str) -> bool {
    next.starts_with(['=', '<', '>', '!', '~'])
        || next
            .split_ascii_whitespace()
            .next()
            .is_some_and(|word| is_any(word, &["IN", "LIKE", "ILIKE", "IS", "BETWEEN", "NOT"]))
}

/// A hole where a condition stands; between `BETWEEN x AND` and before an operator it is a value or a column.
fn condition(open: &mut bool, before: &str, word: &str, next: &str, placeholder: bool) -> &'static str {
    let in_between = word == "AND" && is_in_between(before.as_bytes());
    if in_between || (placeholder && is_comparison(next)) {
        VALUE
    } else if is_comparison(next) {
        HOLE
    } else {
        *open = true;
        OPEN_PLACEHOLDER
    }
}

/// Whether the `AND` at the end of a text is that of a `BETWEEN`: there is no other one since. Looks back no further than that.
fn is_in_between(before: &[u8]) -> bool {
    let mut rest = before;
    while ends_with(rest, "AND") {
        rest = &rest[..rest.len() - 3];
    }
    while !rest.is_empty() && !ends_with(rest, "AND") {
        if ends_with(rest, "BETWEEN") {
            return true;
        }
        rest = &rest[..rest.len() - 1];
    }
    false
}

fn after_parenthesis(seen: &Seen, before: &str) -> &'static str {
    let outside = before[..before.len() - 1].trim_end();
    let word = last_word(outside).unwrap_or("");
    if is_any(word, &["EXISTS", "AS", "FROM", "JOIN", "MATERIALIZED", "LATERAL"]) {
        return "SELECT 1";
    }
    let inserts = before.trim_start().get(..6).is_some_and(|head| head.eq_ignore_ascii_case("insert"));
    if inserts && !seen.has_rows {
        return HOLE;
    }
    VALUE
}

/// After a comma: the same as the list began with, a value unless it is a list of names.
fn after_comma(open: &mut bool, seen: &mut Seen, before: &str, next: &str) -> &'static str {
    if let Some(list) = seen.list(before) {
        return after_parenthesis(seen, before.get(..=list).unwrap_or(before));
    }
    match seen.clause {
        Some("SET") if next.starts_with('=') => HOLE,
        Some("SET") => "perfaudit_hole = 1",
        Some("VALUES") => "(1)",
        Some("LIMIT") => VALUE,
        Some("BY") => {
            *open = true;
            HOLE
        }
        _ => HOLE,
    }
}

/// Whether a text is SQL and not a sentence that begins like it.
pub fn looks_like_sql(text: &str) -> bool {
    let head = head(text);
    let words: Vec<String> = head.split_ascii_whitespace().take(400).map(str::to_ascii_uppercase).collect();
    let Some(first) = words.first() else { return false };
    let word = |n: usize| words.get(n).map_or("", String::as_str);
    let has = |wanted: &str| words.iter().any(|word| word.trim_matches(['(', ')', ',', ';']) == wanted);
    let original = head.split_ascii_whitespace().next().unwrap_or("");
    // A sentence starts with one capital; SQL is written in capitals or in small letters throughout.
    let titled = original.chars().next().is_some_and(char::is_uppercase) && original.chars().skip(1).any(char::is_lowercase);
    let is_name = |text: &str| !text.is_empty() && !is_article(text.trim_matches(['(', ')', ',', ';']));
    match first.trim_end_matches('(') {
        "SELECT" => selects(&head, &words, titled),
        "INSERT" | "REPLACE" => {
            matches!(word(1), "INTO" | "IGNORE" | "OR")
                && (has("VALUES") || has("SELECT") || has("SET") || head.contains('('))
                && is_name(word(2))
        }
        "UPDATE" => {
            has("SET")
                && !titled
                && words
                    .iter()
                    .position(|word| word == "SET")
                    .is_some_and(|at| (2..=5).contains(&at) || at > 5 && words[..at].iter().any(|word| word == "JOIN"))
                && is_name(word(1))
                && (head.contains('=') || words.last().is_some_and(|last| last == "SET"))
        }
        "DELETE" => word(1) == "FROM" && is_name(word(2)) && (has("WHERE") || words.len() <= 5 || has("USING")) && !titled,
        "WITH" => {
            head.split_once('(')
                .is_some_and(|(before, _)| before.to_ascii_uppercase().split_ascii_whitespace().any(|word| word == "AS"))
                && (has("SELECT") || has("INSERT") || has("UPDATE") || has("DELETE") || head.to_ascii_uppercase().contains("(SELECT"))
        }
        "CREATE" => is_ddl_head(&words[1..]) && !titled && !is_article(word(1)),
        "ALTER" => matches!(word(1), "TABLE" | "INDEX") && words.len() > 3 && !titled,
        "DROP" => {
            matches!(word(1), "TABLE" | "INDEX" | "VIEW" | "MATERIALIZED" | "TYPE" | "SCHEMA")
                && words.len() >= 3
                && words.len() < 12
                && !titled
        }
        "TRUNCATE" => words.len() >= 2 && words.len() < 8 && !titled && is_name(word(1)),
        "DO" => word(1).starts_with('$'),
        _ => false,
    }
}

fn is_article(word: &str) -> bool {
    is_any(
        word,
        &[
            "THE", "AN", "YOUR", "THIS", "THAT", "ALL", "ANY", "THEM", "IT", "ONE", "SOME", "YOU", "MY", "OUR",
        ],
    )
}

fn is_ddl_head(words: &[String]) -> bool {
    let skip = [
        "OR",
        "REPLACE",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "UNIQUE",
        "VIRTUAL",
        "FOREIGN",
        "GLOBAL",
        "LOCAL",
        "MATERIALIZED",
        "FULLTEXT",
        "SPATIAL",
    ];
    let mut rest = words.iter().skip_while(|word| skip.contains(&word.as_str()));
    let kind = rest.next().map_or("", String::as_str);
    matches!(
        kind,
        "TABLE" | "INDEX" | "VIEW" | "TRIGGER" | "FUNCTION" | "EXTENSION" | "TYPE" | "SCHEMA" | "SEQUENCE" | "POLICY"
    ) && rest.next().is_some_and(|name| !is_article(name))
}

fn selects(head: &str, words: &[String], titled: bool) -> bool {
    let Some(from) = words.iter().position(|word| word.trim_matches(['(', ')', ',', ';']) == "FROM") else {
        // `SELECT 1`, `SELECT pg_advisory_lock(1)`.
        let short = words.len() <= 6 && !titled;
        return short
            && words
                .get(1)
                .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()) || (word.contains('(') && !word.starts_with('(')));
    };
    let columns = &words[1..from.max(1)];
    if columns.is_empty() {
        return !titled;
    }
    let listed = columns
        .iter()
        .any(|word| word.contains(['*', ',', '(', '.', '"', '`', '$', '{', '%', '=']) || matches!(word.as_str(), "AS" | "DISTINCT"));
    let table = words.get(from + 1).map_or("", String::as_str);
    let sentence = is_article(table)
        || columns
            .windows(2)
            .any(|pair| is_article(&pair[0]) || (pair[0] == "A" && pair[1].starts_with(char::is_alphabetic)));
    if titled || sentence {
        return columns.iter().any(|word| word.as_str() == "*" || word.ends_with(".*")) && !is_article(table);
    }
    listed || columns.len() <= 3 || head.contains('=')
}

/// The text after white space, comments and opening parentheses.
fn head(text: &str) -> String {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        let next = if let Some(comment) = trimmed.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(comment) = trimmed.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            let end = lex::boundary(trimmed, trimmed.len().min(4096));
            return trimmed[..end].to_owned();
        };
        rest = next;
    }
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;

/// Names that stand for holes; a table or column of this name is not known.
pub(super) const HOLE: &str = "perfaudit_hole";
