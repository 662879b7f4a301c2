//! Code with its comments, strings, numbers and keywords marked, as HTML. It knows as much of a language as reading needs, and is never
//! wrong about what is text: every piece is escaped.

use crate::escape;

const PYTHON: [&str; 33] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "not", "or", "pass", "raise", "return", "try", "while",
    "with",
];
const SCRIPT: [&str; 40] = [
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "default",
    "delete",
    "do",
    "else",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "of",
    "return",
    "static",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "undefined",
    "while",
    "yield",
];
const SQL: [&str; 44] = [
    "ALTER",
    "AND",
    "AS",
    "ASC",
    "BY",
    "CONCURRENTLY",
    "CREATE",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DROP",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FROM",
    "GROUP",
    "HAVING",
    "IF",
    "IN",
    "INCLUDE",
    "INDEX",
    "INNER",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIMIT",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "SELECT",
    "SET",
    "TABLE",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
    "WHERE",
];

/// What differs between languages.
struct Grammar {
    words: &'static [&'static str],
    /// Keywords are so in any case.
    is_folded: bool,
    /// What begins a comment that ends with its line.
    comment: &'static str,
    /// `/* … */` is a comment.
    has_blocks: bool,
    quotes: &'static str,
    /// `"""` is a quote.
    is_tripled: bool,
}

fn grammar(language: &str) -> Option<Grammar> {
    let script = Grammar {
        words: &SCRIPT,
        is_folded: false,
        comment: "//",
        has_blocks: true,
        quotes: "'\"`",
        is_tripled: false,
    };
    Some(match language {
        "python" => Grammar {
            words: &PYTHON,
            comment: "#",
            has_blocks: false,
            quotes: "'\"",
            is_tripled: true,
            ..script
        },
        "ts" | "tsx" | "js" | "prisma" => script,
        "sql" => Grammar {
            words: &SQL,
            is_folded: true,
            comment: "--",
            quotes: "'",
            ..script
        },
        "yaml" | "toml" => Grammar {
            words: &[],
            comment: "#",
            has_blocks: false,
            quotes: "'\"",
            ..script
        },
        _ => return None,
    })
}

/// The lines of a text as HTML, each with its own elements closed.
pub fn lines(text: &str, language: &str) -> Vec<String> {
    let Some(grammar) = grammar(language) else {
        return text.lines().map(escape::xml).collect();
    };
    let mut out = vec![String::new()];
    let mut at = 0;
    while at < text.len() {
        let (class, length) = piece(&text[at..], &grammar);
        push(&mut out, class, &text[at..at + length]);
        at += length;
    }
    if text.ends_with('\n') {
        out.pop();
    }
    out
}

/// The class of what a text starts with, and its length in bytes.
fn piece(text: &str, grammar: &Grammar) -> (&'static str, usize) {
    let first = text.chars().next().unwrap_or(' ');
    if text.starts_with(grammar.comment) {
        return ("c", text.find('\n').unwrap_or(text.len()));
    }
    if grammar.has_blocks && text.starts_with("/*") {
        // The star that opens it does not close it: `/*/`.
        return ("c", text[2..].find("*/").map_or(text.len(), |end| end + 4));
    }
    if grammar.quotes.contains(first) {
        return ("s", quoted(text, first, grammar));
    }
    if first.is_ascii_digit() {
        return (
            "n",
            text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_')
                .unwrap_or(text.len()),
        );
    }
    if first.is_alphabetic() || first == '_' {
        let length = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let word = &text[..length];
        let is_keyword = if grammar.is_folded {
            grammar.words.contains(&word.to_ascii_uppercase().as_str())
        } else {
            grammar.words.contains(&word)
        };
        return (if is_keyword { "k" } else { "" }, length);
    }
    let stop = |c: char| c.is_alphanumeric() || c == '_' || grammar.quotes.contains(c);
    let rest = &text[first.len_utf8()..];
    let end = rest
        .char_indices()
        .find(|&(at, c)| stop(c) || rest[at..].starts_with(grammar.comment) || grammar.has_blocks && rest[at..].starts_with("/*"))
        .map_or(rest.len(), |(at, _)| at);
    ("", first.len_utf8() + end)
}

/// The length of what is quoted; what has no end on its line ends with it, but for quotes that may span lines.
fn quoted(text: &str, quote: char, grammar: &Grammar) -> usize {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if grammar.is_tripled && text.starts_with(&triple) {
        return text[3..].find(&triple).map_or(text.len(), |end| end + 6);
    }
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '\n' if quote != '`' => return at,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn push(out: &mut Vec<String>, class: &str, text: &str) {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push(String::new());
        }
        let Some(last) = out.last_mut().filter(|_| !line.is_empty()) else {
            continue;
        };
        if class.is_empty() {
            last.push_str(&escape::xml(line));
        } else {
            last.push_str(&format!("<span class=\"{class}\">{}</span>", escape::xml(line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_marked_and_all_of_it_is_escaped() {
        assert_eq!(
            lines("if x:  # <b>\n    y = \"a\\\"<i>\" + 1\n", "python"),
            [
                "<span class=\"k\">if</span> x:  <span class=\"c\"># &lt;b&gt;</span>",
                "    y = <span class=\"s\">&quot;a\\&quot;&lt;i&gt;&quot;</span> + <span class=\"n\">1</span>"
            ]
        );
        assert_eq!(lines("<b>&", ""), ["&lt;b&gt;&amp;"]);
        assert_eq!(
            lines("/*/ a */ SELECT", "sql")[0],
            "<span class=\"c\">/*/ a */</span> <span class=\"k\">SELECT</span>"
        );
        assert_eq!(
            lines("select 'it''s", "sql")[0],
            "<span class=\"k\">select</span> <span class=\"s\">&apos;it&apos;</span><span class=\"s\">&apos;s</span>"
                .replace("&apos;", &crate::escape::xml("'"))
        );
    }

    #[test]
    fn a_text_over_lines_keeps_its_lines_whatever_is_open() {
        let text = "\"\"\"one\ntwo\n\"\"\"\n`\n/* x\n";
        for language in ["python", "ts", "sql", "toml", ""] {
            let out = lines(text, language);
            assert_eq!(out.len(), text.lines().count(), "{language}: {out:?}");
            assert!(
                out.iter()
                    .all(|line| line.matches("<span").count() == line.matches("</span>").count())
            );
        }
    }

    #[test]
    fn lists_of_keywords_are_sorted() {
        assert!(PYTHON.is_sorted() && SCRIPT.is_sorted() && SQL.is_sorted());
    }
}
