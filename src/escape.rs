//! Makes text from the scanned repository harmless in each output: a file name or a symbol must not steer a terminal or a CI
//! service, break out of a table or inject markup.

/// Text in which a CI service sees a command wherever it stands in a line.
const MARKS: [&str; 3] = ["section_start:", "section_end:", "travis_fold:"];
/// Text in which one sees a command, or a fold of its log, at the start of a line.
const LINE_STARTS: [&str; 5] = ["::", "--- ", "+++ ", "~~~ ", "^^^ "];

/// Whether a character can change how the text around it is shown or read: controls, marks of direction, and what takes no room.
pub fn is_hostile(character: char) -> bool {
    // Reports are of many megabytes, and nearly all of it is this.
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a CI service would see a command at the start of `rest`, wherever in its line that is: `##[add-mask]`, `##vso[…]`.
fn is_mark(rest: &str) -> bool {
    if let Some(rest) = rest.strip_prefix("##") {
        let name = rest.trim_start_matches(|character: char| character.is_ascii_alphanumeric() || "-_.".contains(character));
        return name.starts_with('[');
    }
    MARKS.iter().any(|mark| rest.starts_with(mark))
}

/// Whether a CI service would see a command in `rest` where it is the start of a line.
fn begins_a_line(rest: &str) -> bool {
    LINE_STARTS.iter().any(|command| rest.starts_with(command))
}

/// How many bytes at the start of a text need nothing: they are no controls, and not to be spelled out.
///
/// Reports are of many megabytes and nearly all of them is this, so it looks at bytes and not at characters.
fn plain(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_odd = match byte {
            // What a mark starts with; two of these are frequent letters.
            b's' => bytes.get(at + 1) == Some(&b'e') && is_mark(&text[at..]),
            b't' => bytes.get(at + 1) == Some(&b'r') && is_mark(&text[at..]),
            b'#' => is_mark(&text[at..]),
            b' '..=b'~' => false,
            _ => {
                let character = text[at..].chars().next().unwrap_or_default();
                if !is_hostile(character) {
                    at += character.len_utf8();
                    continue;
                }
                true
            }
        };
        if is_odd {
            return at;
        }
        at += 1;
    }
    at
}

/// Hands on a text: what needs nothing in runs, and each other character (a control or one to spell out) with where it stands.
fn each(text: &str, mut take: impl FnMut(Piece<'_>)) {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let run = plain(rest);
        if run > 0 {
            take(Piece::Plain(&rest[..run]));
        }
        let Some(character) = rest[run..].chars().next() else { return };
        take(Piece::Odd(at + run, character));
        at += run + character.len_utf8();
    }
}

/// What [`each`] hands on.
enum Piece<'t> {
    Plain(&'t str),
    Odd(usize, char),
}

fn push_visible(out: &mut String, character: char) {
    out.extend(character.escape_unicode());
}

/// Data as JSON of several lines, with a line break at the end; what could steer a terminal or a CI service is spelled out, which
/// means the same.
pub fn json(data: &impl serde::Serialize) -> String {
    let mut lines = JsonLines::default();
    // Plain data with string keys always serialises, and memory takes what is written.
    let _ = serde_json::to_writer_pretty(&mut lines, data);
    lines.end();
    lines.out.push('\n');
    lines.out
}

/// JSON as it is written, made harmless line by line: reports are of many megabytes, which need not be there twice.
#[derive(Default)]
struct JsonLines {
    out: String,
    /// The line that is being written. What could steer something never goes on in the next one: in strings, line breaks are spelled out.
    line: Vec<u8>,
}

impl JsonLines {
    fn end(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        each(&text, |piece| match piece {
            Piece::Plain(run) => self.out.push_str(run),
            Piece::Odd(_, '\n') => self.out.push('\n'),
            Piece::Odd(_, character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        });
        self.line.clear();
    }
}

impl std::io::Write for JsonLines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") {
            self.end();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One line for a terminal: line breaks and tabs become spaces, what could steer it is spelled out.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each(text, |piece| match piece {
        Piece::Plain(run) => out.push_str(run),
        Piece::Odd(_, '\n' | '\r' | '\t') => out.push(' '),
        Piece::Odd(_, other) => push_visible(&mut out, other),
    });
    out
}

/// Several lines: as [`line`], but line breaks and tabs stay.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each(&text.replace("\r\n", "\n"), |piece| match piece {
        Piece::Plain(run) => out.push_str(run),
        Piece::Odd(_, kept @ ('\n' | '\t')) => out.push(kept),
        Piece::Odd(_, other) => push_visible(&mut out, other),
    });
    out
}

/// Where the style ends that a text begins with (`ESC [ 1 ; 31 m`), or the start or end of a link; 0 where it begins with none.
fn style(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else {
        return link_end(text);
    };
    let codes = rest.trim_start_matches(|character: char| character.is_ascii_digit() || character == ';');
    if codes.starts_with('m') { text.len() - codes.len() + 1 } else { 0 }
}

/// How a link starts for a terminal, and how its address ends.
const LINK: (&str, &str) = ("\u{1b}]8;;", "\u{1b}\\");

/// Whether an address can do nothing in a terminal but lead to a file.
fn is_address(address: &str) -> bool {
    address.is_empty() || address.starts_with("file:///") && address.bytes().all(is_address_byte)
}

fn is_address_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-~%:".contains(&byte)
}

/// Where the start or the end of a link to a file ends that a text begins with; 0 where it begins with none.
fn link_end(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(LINK.0) else { return 0 };
    let (address, after) = rest.split_at(rest.bytes().take_while(|&byte| is_address_byte(byte)).count());
    match after.strip_prefix(LINK.1) {
        Some(after) if is_address(address) => text.len() - after.len(),
        _ => 0,
    }
}

/// A text, already harmless, that a terminal links to a file on this machine.
pub fn linked(text: &str, file: &std::path::Path) -> String {
    let mut address = String::from("file://");
    for byte in file.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    if !is_address(&address) {
        return text.to_owned();
    }
    let (start, end) = LINK;
    format!("{start}{address}{end}{text}{start}{end}")
}

/// Where a line's own text begins, after blanks and styles: CI services look behind both.
pub fn lead(line: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let next = match style(rest) {
            0 => rest.len() - rest.trim_start().len(),
            end => end,
        };
        if next == 0 {
            return at;
        }
        at += next;
    }
}

/// The last thing that happens to a text before it is printed: no line begins with a command of a CI service, whatever made the
/// line, and a wrapped cell least of all. Styles stay where `is_styled`; all else that could steer a terminal is spelled out.
pub fn printed(text: &str, is_styled: bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let start = lead(line);
        if !begins_a_line(&line[start..]) {
            push_printed(&mut out, line, is_styled);
            continue;
        }
        push_printed(&mut out, &line[..start], is_styled);
        let mut rest = line[start..].chars();
        rest.next().into_iter().for_each(|first| push_visible(&mut out, first));
        push_printed(&mut out, rest.as_str(), is_styled);
    }
    out
}

fn push_printed(out: &mut String, line: &str, is_styled: bool) {
    // Where the sequence of our own ends that is being written: a link has a second escape character at its end.
    let mut end = 0;
    each(line, |piece| match piece {
        Piece::Plain(run) => out.push_str(run),
        Piece::Odd(_, kept @ ('\n' | '\t')) => out.push(kept),
        Piece::Odd(at, own @ '\u{1b}') if is_styled => {
            end = end.max(at + style(&line[at..]));
            if at < end {
                out.push(own);
            } else {
                push_visible(out, own);
            }
        }
        Piece::Odd(_, other) => push_visible(out, other),
    });
}

/// Whether a code host would make a link, a mention or a formula of a word: `@org/team`, `#12`, `www.x`, `$a$`, a commit.
fn is_live(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if ["@", "$", "://", "www.", "mailto:", "xmpp:"]
        .iter()
        .any(|part| lower.contains(part))
    {
        return true;
    }
    let before_digit = |sign: &str| {
        lower
            .match_indices(sign)
            .any(|(at, _)| lower[at + sign.len()..].starts_with(|next: char| next.is_ascii_digit()))
    };
    if ["#", "!", "%", "&", "gh-"].iter().any(|sign| before_digit(sign)) {
        return true;
    }
    let is_label = lower
        .match_indices('~')
        .any(|(at, _)| lower[at + 1..].starts_with(|next: char| next.is_alphanumeric() || next == '"'));
    let has = |wanted: fn(&char) -> bool| lower.chars().any(|character| wanted(&character));
    let is_commit = (7..=40).contains(&lower.len())
        && lower.bytes().all(|byte| byte.is_ascii_hexdigit())
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic);
    is_label || is_commit
}

/// Plain words for a code host: `plain` writes what is only text, `dead` a word that the host would bring to life.
///
/// Neither a backslash nor an entity keeps a host from it: it looks at the text that comes out. Code it leaves alone.
pub fn words(text: &str, plain: impl Fn(&str) -> String, dead: impl Fn(&str) -> String) -> String {
    const OPENING: [char; 5] = ['(', '[', '{', '"', '\''];
    const CLOSING: [char; 10] = [')', ']', '}', '"', '\'', ',', ';', ':', '.', '?'];
    let (mut out, mut done, mut at) = (String::with_capacity(text.len() + 8), 0, 0);
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end().trim_start_matches(OPENING);
        let start = at + word.trim_end().len() - bare.len();
        let bare = bare.trim_end_matches(CLOSING);
        if is_live(bare) {
            out.push_str(&plain(&text[done..start]));
            out.push_str(&dead(bare));
            done = start + bare.len();
        }
        at += word.len();
    }
    out.push_str(&plain(&text[done..]));
    out
}

/// Plain words in Markdown.
fn markdown_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
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
            other => out.push(other),
        }
        before = character;
    }
    out
}

/// A sentence in Markdown; what stands between backticks becomes code, all else plain words.
pub fn markdown(text: &str) -> String {
    let text = line(text);
    // Four blanks at the start of a line would open a block of code; one keeps words apart.
    let rest = text.trim_start();
    let text = if rest.len() < text.len() { format!(" {rest}") } else { text };
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd backtick at the end opens nothing.
    let last_code = if pieces.len().is_multiple_of(2) {
        pieces.len().saturating_sub(2)
    } else {
        pieces.len()
    };
    let mut out = String::with_capacity(text.len() + 8);
    // What is plain up to the next piece of code, as a whole: two pieces with nothing but backticks between can be one live word.
    let mut plain = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index % 2 == 1 && index < last_code && !piece.trim().is_empty() {
            // A template of somebody else may have put it into a cell.
            out.push_str(&words(&plain, markdown_plain, code_cell));
            plain.clear();
            out.push_str(&code(piece));
            continue;
        }
        if index % 2 == 1 && index >= last_code {
            plain.push('`');
        }
        plain.push_str(piece);
    }
    out.push_str(&words(&plain, markdown_plain, code_cell));
    // A marker at the start of a line would open a list or a heading.
    let start = out.len() - out.trim_start().len();
    let digits = out[start..].bytes().take_while(u8::is_ascii_digit).count();
    let rest = &out[start + digits..];
    if digits > 0 && rest.starts_with(['.', ')']) || digits == 0 && rest.starts_with(['-', '+', '=']) {
        out.insert(start + digits, '\\');
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

/// Text or an attribute's value in XML and HTML; characters that XML forbids are spelled out.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut is_line_start = false;
    // How far nothing starts a mark.
    let mut harmless = plain(text);
    for (at, character) in text.char_indices() {
        if at > harmless {
            harmless = at + plain(&text[at..]);
        }
        let is_odd = at == harmless;
        match character {
            // As a reference it means the same.
            other if is_odd && !is_hostile(other) || is_line_start && begins_a_line(&text[at..]) => {
                out.push_str(&format!("&#{};", u32::from(other)));
            }
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
        is_line_start = character == '\n' || (is_line_start && character.is_whitespace());
    }
    out
}

/// The text of a GitHub workflow command.
pub fn workflow(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as the value of a property (`title=…`) of a GitHub workflow command: `,` and `:` would end it, so they are escaped, too.
pub fn workflow_property(text: &str) -> String {
    workflow(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_file_and_nowhere_else() {
        let link = linked("a.py", std::path::Path::new("/tmp/x y\u{1b}/a.py"));
        assert_eq!(link, "\u{1b}]8;;file:///tmp/x%20y%1B/a.py\u{1b}\\a.py\u{1b}]8;;\u{1b}\\");
        assert_eq!(printed(&link, true), link);
        assert!(!printed(&link, false).contains('\u{1b}'));
        for other in ["\u{1b}]8;;https://x\u{1b}\\a", "\u{1b}]0;title\u{7}", "\u{1b}]8;;file:///a"] {
            assert!(!printed(other, true).contains('\u{1b}'), "{other:?}");
        }
        assert!(printed(&linked("::error::x", std::path::Path::new("/a")), true).contains("\\u{3a}:error"));
    }

    #[test]
    fn a_hostile_name_cannot_steer_a_terminal() {
        assert_eq!(line("a\u{1b}[31m\u{202e}b\nc\td"), "a\\u{1b}[31m\\u{202e}b c d");
        assert_eq!(lines("a\r\n\tb\u{7}"), "a\n\tb\\u{7}");
        assert_eq!(line("naïve 日本"), "naïve 日本");
        assert_eq!(line("a\u{ad}\u{e0041}\u{fe0f}\u{61c}"), "a\\u{ad}\\u{e0041}\\u{fe0f}\\u{61c}");
    }

    #[test]
    fn a_hostile_name_cannot_steer_a_ci_service() {
        assert_eq!(line("a ##[error]x ##vso[task.x]y"), "a \\u{23}#[error]x \\u{23}#vso[task.x]y");
        assert_eq!(line("###teamcity[x] section_end:1:a"), "#\\u{23}#teamcity[x] \\u{73}ection_end:1:a");
        assert_eq!(line("## a [heading] with section_start"), "## a [heading] with section_start");
        assert_eq!(xml("##[x]\n ::error::y\n--- z"), "&#35;#[x]\n &#58;:error::y\n&#45;-- z");
        let data = vec!["##[x]\u{9b}\u{e0041}"];
        let text = json(&data);
        assert_eq!(text, "[\n  \"\\u0023#[x]\\u009b\\udb40\\udc41\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).expect("JSON"), data);
    }

    #[test]
    fn no_line_that_is_printed_begins_with_a_command() {
        assert_eq!(
            printed("::error::x\n\u{a0} ::y\na::b\n", false),
            "\\u{3a}:error::x\n\u{a0} \\u{3a}:y\na::b\n"
        );
        assert_eq!(printed("--- fold\n---\n+++ x\n", false), "\\u{2d}-- fold\n---\n\\u{2b}++ x\n");
        assert_eq!(
            printed("\u{1b}[1m\u{1b}[4m ::x\u{1b}[0m\n", true),
            "\u{1b}[1m\u{1b}[4m \\u{3a}:x\u{1b}[0m\n"
        );
        assert_eq!(printed("\u{1b}[1mx\u{1b}[2J ##[y]", true), "\u{1b}[1mx\\u{1b}[2J \\u{23}#[y]");
        assert_eq!(printed("\u{1b}[1mx", false), "\\u{1b}[1mx");
    }

    #[test]
    fn a_hostile_name_cannot_inject_markdown() {
        assert_eq!(
            markdown("a | <b> [x](y) **c** http://evil"),
            "a \\| &lt;b&gt; \\[x\\](y) \\*\\*c\\*\\* `http://evil`"
        );
        assert_eq!(markdown("# not a heading\n- no list"), "\\# not a heading - no list");
        assert_eq!(markdown("1. no list"), "1\\. no list");
        assert_eq!(
            (markdown("\n2) no list"), markdown("    - no list")),
            (" 2\\) no list".into(), " \\- no list".into())
        );
        assert_eq!(
            markdown("snake_case and _this_ and __init__"),
            "snake_case and \\_this\\_ and \\_\\_init\\_\\_"
        );
    }

    #[test]
    fn a_code_host_brings_no_word_of_a_name_to_life() {
        assert_eq!(markdown("tell (@org/team), see #12."), "tell (`@org/team`), see `#12`.");
        assert_eq!(
            markdown("www.evil.example and a.b@evil.example!"),
            "`www.evil.example` and `a.b@evil.example!`"
        );
        assert_eq!(markdown("@org/a|b"), "`@org/a\u{2223}b`");
        assert_eq!(markdown("GH-1 $a$ ~bug !7 deadbeef1"), "`GH-1` `$a$` `~bug` `!7` `deadbeef1`");
        assert_eq!(
            markdown("1 + n queries, 50 % of 1234567 in C#"),
            "1 + n queries, 50 % of 1234567 in C\\#"
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
