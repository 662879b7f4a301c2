//! Makes text from the scanned repository harmless in each output: a file name or a symbol must not steer a terminal, break out
//! of a table or inject markup.

/// Whether a character can change how the text around it is shown.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

fn push_visible(out: &mut String, character: char) {
    out.extend(character.escape_unicode());
}

/// Data as JSON of several lines, with a line break at the end; what could steer a terminal is spelled out, which means the same.
pub fn json(data: &impl serde::Serialize) -> String {
    // Plain data with string keys always serialises.
    let text = serde_json::to_string_pretty(data).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            '\n' => out.push(character),
            // All of them are of one UTF-16 unit.
            other if is_hostile(other) => out.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('\n');
    out
}

/// One line for a terminal: line breaks and tabs become spaces, other control characters are spelled out.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            other if is_hostile(other) => push_visible(&mut out, other),
            other => out.push(other),
        }
    }
    out
}

/// Several lines: as [`line`], but line breaks and tabs stay.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' | '\t' => out.push(character),
            other if is_hostile(other) => push_visible(&mut out, other),
            other => out.push(other),
        }
    }
    out
}

/// Plain words in Markdown.
fn markdown_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let text = line(text);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | '*' | '[' | ']' | '|' | '#' | '~' | '`' | '!' => {
                out.push('\\');
                out.push(character);
            }
            // `snake_case` needs no escape; `_emphasis_` does.
            '_' if !before.is_alphanumeric() || !characters.peek().is_some_and(|next| next.is_alphanumeric()) => out.push_str("\\_"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // No link made of bare text.
            '/' if before == ':' => out.push_str("&#47;"),
            other => out.push(other),
        }
        before = character;
    }
    out
}

/// A sentence in Markdown; what stands between backticks becomes code, all else plain words.
pub fn markdown(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd backtick at the end opens nothing.
    let last_code = if pieces.len().is_multiple_of(2) {
        pieces.len().saturating_sub(2)
    } else {
        pieces.len()
    };
    let mut out = String::with_capacity(text.len() + 8);
    for (index, piece) in pieces.iter().enumerate() {
        if index % 2 == 1 && index < last_code && !piece.trim().is_empty() {
            out.push_str(&code(piece));
        } else {
            if index > 0 && (index % 2 == 1 && index >= last_code) {
                out.push_str("\\`");
            }
            out.push_str(&markdown_words(piece));
        }
    }
    // A marker at the start of a line would open a list or a heading.
    let first: String = out.chars().take_while(char::is_ascii_digit).collect();
    if !first.is_empty() && out[first.len()..].starts_with(['.', ')']) {
        out.insert(first.len(), '\\');
    } else if out.starts_with(['-', '+', '=']) {
        out.insert(0, '\\');
    }
    out
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// A code span in Markdown.
pub fn code(text: &str) -> String {
    let text = line(text);
    if text.trim().is_empty() {
        return String::from("` `");
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code span in a table's cell, where a pipe ends the cell even in code.
pub fn code_cell(text: &str) -> String {
    code(&text.replace('|', "\u{2223}"))
}

/// A fenced block in Markdown, with a line break after it.
pub fn block(language: &str, text: &str) -> String {
    let text = lines(text);
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Text or an attribute's value in XML; characters that XML forbids are spelled out.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(character),
            '\u{FFFE}' | '\u{FFFF}' => push_visible(&mut out, character),
            other if is_hostile(other) => push_visible(&mut out, other),
            other => out.push(other),
        }
    }
    out
}

/// The text of a GitHub workflow command.
pub fn workflow(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a GitHub workflow command.
pub fn workflow_property(text: &str) -> String {
    workflow(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_cannot_steer_a_terminal() {
        assert_eq!(line("a\u{1b}[31m\u{202e}b\nc\td"), "a\\u{1b}[31m\\u{202e}b c d");
        assert_eq!(lines("a\r\n\tb\u{7}"), "a\n\tb\\u{7}");
        assert_eq!(line("naïve 日本"), "naïve 日本");
    }

    #[test]
    fn a_hostile_name_cannot_inject_markdown() {
        assert_eq!(
            markdown("a | <b> [x](y) **c** http://evil"),
            "a \\| &lt;b&gt; \\[x\\](y) \\*\\*c\\*\\* http:&#47;/evil"
        );
        assert_eq!(markdown("# not a heading\n- no list"), "\\# not a heading - no list");
        assert_eq!(markdown("1. no list"), "1\\. no list");
        assert_eq!(
            markdown("snake_case and _this_ and __init__"),
            "snake_case and \\_this\\_ and \\_\\_init\\_\\_"
        );
    }

    #[test]
    fn code_between_backticks_stays_code_and_cannot_be_left() {
        assert_eq!(markdown("reads `a|b` and `c_d`."), "reads `a|b` and `c_d`.");
        assert_eq!(markdown("an odd ` here <b>"), "an odd \\` here &lt;b&gt;");
        assert_eq!(markdown("`a` odd ` <b>"), "`a` odd \\` &lt;b&gt;");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code_cell("a|b"), "`a\u{2223}b`");
        assert_eq!(block("sql", "x\n````\ny\n"), "`````sql\nx\n````\ny\n`````\n");
    }

    #[test]
    fn xml_and_workflow_commands_stay_whole() {
        assert_eq!(xml("<a b=\"c\">\u{0}&'"), "&lt;a b=&quot;c&quot;&gt;\\u{0}&amp;&apos;");
        assert_eq!(workflow("50%\n::error::x"), "50%25%0A::error::x");
        assert_eq!(workflow_property("a:b,c"), "a%3Ab%2Cc");
    }
}
