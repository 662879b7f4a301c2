//! Texts in columns: lines are broken between words, and a word that is longer than a line where a path or a name has a joint.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Where a word that is too long for a line may be broken: after these.
const JOINTS: [char; 9] = ['/', '.', '_', '-', ',', '(', ':', '?', '&'];
/// What stands for the rest of a text that is cut.
const CUT: &str = "…";

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text of one line as lines of at most so many columns. Only a word without a joint can be broken within.
pub fn lines(text: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= most {
            line.push_str(if gap == 1 { " " } else { "" });
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            out.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while width(rest) > most {
            let (piece, left) = rest.split_at(joint(rest, most));
            out.push(piece.to_owned());
            rest = left;
        }
        line.push_str(rest);
    }
    if !line.is_empty() {
        out.push(line);
    }
    out
}

/// Where to break a word that is wider than a line: after the last joint that fits, else where the line ends.
fn joint(word: &str, most: usize) -> usize {
    let (mut taken, mut end, mut last) = (0, 0, None);
    for (at, character) in word.char_indices() {
        taken += character.width().unwrap_or(0);
        if taken > most && end > 0 {
            break;
        }
        end = at + character.len_utf8();
        if JOINTS.contains(&character) {
            last = Some(end);
        }
    }
    last.unwrap_or(end)
}

/// A text in one line of at most so many columns; what does not fit goes, whole words first.
pub fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(width(CUT)).max(1);
    let (mut taken, mut end, mut last) = (0, 0, None);
    for (at, character) in text.char_indices() {
        if character == ' ' {
            last = Some(at);
        }
        taken += character.width().unwrap_or(0);
        if taken > room {
            break;
        }
        end = at + character.len_utf8();
    }
    let first = &text[..last.filter(|&at| at > 0).unwrap_or(end)];
    format!("{}{CUT}", first.trim_end_matches([' ', ',', ';', ':', '·', '←']))
}

/// A text as at most so many lines; what does not fit goes, whole words first.
pub fn cut_lines(text: &str, most: usize, count: usize) -> Vec<String> {
    let mut lines = lines(text, most);
    if lines.len() > count {
        lines.truncate(count);
        if let Some(last) = lines.last_mut() {
            // Longer than the line by more than what stands for the rest.
            *last = cut(&format!("{last} {}", " ".repeat(most)), most);
        }
    }
    lines
}

/// A path in at most so many columns; of one that is too long the end, which says most.
pub fn cut_path(path: &str, most: usize) -> String {
    if width(path) <= most {
        return path.to_owned();
    }
    let room = most.saturating_sub(width(CUT) + 1);
    let fits = path
        .match_indices('/')
        .map(|(at, _)| &path[at..])
        .find(|rest| width(rest) <= room + 1);
    match fits {
        Some(rest) => format!("{CUT}{rest}"),
        None => end_of(path, most),
    }
}

/// The end of a text in at most so many columns.
fn end_of(text: &str, most: usize) -> String {
    let room = most.saturating_sub(width(CUT));
    let starts = text.char_indices().map(|(at, _)| &text[at..]);
    let end = starts.into_iter().find(|rest| width(rest) <= room).unwrap_or_default();
    format!("{CUT}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_long_words_at_their_joints() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("see app/orders/services.py", 12), ["see", "app/orders/", "services.py"]);
        assert_eq!(lines("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(lines("", 3), Vec::<String>::new());
        assert_eq!(lines("注文 注文", 4), ["注文", "注文"]);
    }

    #[test]
    fn what_does_not_fit_is_cut_between_words() {
        assert_eq!(cut("one, two three", 14), "one, two three");
        assert_eq!(cut("one, two three", 8), "one…");
        assert_eq!(cut_path("a/b/services.py", 13), "…/services.py");
        assert_eq!(cut_path("a/b.py", 6), "a/b.py");
        assert_eq!(cut_path("averylongname.py", 8), "…name.py");
        assert_eq!(cut_path("a/averylongname.py", 8), "…name.py");
        assert_eq!(cut("rule   12 P2  in folder", 16), "rule   12 P2…");
        assert_eq!(cut_lines("one two three four", 7, 2), ["one two", "three…"]);
    }
}
