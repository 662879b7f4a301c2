//! Questions about a source text whose answers keep the formatting around an edit.

use crate::source::Span;

/// The line end that a text uses.
pub fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Where the line of an offset starts.
pub fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// Where the line of an offset ends, before its line end.
pub fn line_stop(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.trim_end_matches('\r').len()
}

/// The blanks before an offset, where nothing else stands before it on its line.
pub fn indent(text: &str, at: usize) -> Option<&str> {
    let before = text.get(line_start(text, at)..at)?;
    before.chars().all(|c| matches!(c, ' ' | '\t')).then_some(before)
}

/// The blanks that the line of an offset begins with.
pub fn line_indent(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..).unwrap_or_default();
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[..blanks]
}

/// The text of a span.
pub fn slice(text: &str, span: Span) -> Option<&str> {
    text.get(span.start as usize..span.end as usize)
}

/// Blanks that one level of a block adds, by a block and what stands in it.
pub fn step<'t>(outer: &str, inner: &'t str) -> &'t str {
    inner.strip_prefix(outer).filter(|step| !step.is_empty()).unwrap_or("    ")
}

/// The next byte of Python or TypeScript code from an offset that is neither blank nor in a comment.
pub fn next_code(text: &str, mut at: usize, comment: &str) -> Option<(usize, char)> {
    loop {
        let rest = text.get(at..)?;
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with(comment) {
            at = line_stop(text, at);
            continue;
        }
        return trimmed.chars().next().map(|c| (at, c));
    }
}

/// A list, tuple, argument list or object in brackets, with its items: where and what to insert so that one more item stands at its end.
pub struct BracketedList<'t> {
    /// The file that the brackets stand in, whole.
    pub text: &'t str,
    /// The brackets and what is between them.
    pub span: Span,
    /// The last item; `None` where it is empty.
    pub last: Option<Span>,
    /// What begins a comment.
    pub comment: &'t str,
}

impl BracketedList<'_> {
    /// Insertions (offset and text) that add an item at the end; `None` where the brackets are not where they should be.
    pub fn push(&self, item: &str) -> Option<Vec<(usize, String)>> {
        let close = (self.span.end as usize).checked_sub(1)?;
        let is_bracket = |at: usize, all: &str| self.text.get(at..at + 1).is_some_and(|byte| all.contains(byte));
        if !is_bracket(self.span.start as usize, "([{") || !is_bracket(close, ")]}") {
            return None;
        }
        let Some(last) = self.last else {
            return Some(vec![(self.span.start as usize + 1, item.to_owned())]);
        };
        let end = last.end as usize;
        let (next, found) = next_code(self.text, end, self.comment)?;
        let has_comma = found == ',';
        let after = if has_comma { next + 1 } else { end };
        let is_open = self.text.get(after..close)?.contains('\n');
        if !is_open {
            // A tuple of one item ends with a comma.
            let text = if has_comma { format!(" {item},") } else { format!(", {item}") };
            return Some(vec![(after, text)]);
        }
        let stop = line_stop(self.text, after).min(close);
        let indent = line_indent(self.text, last.start as usize);
        let line = format!("{}{indent}{item},", line_end(self.text));
        if has_comma {
            return Some(vec![(stop, line)]);
        }
        if stop == end {
            return Some(vec![(end, format!(",{line}"))]);
        }
        Some(vec![(end, ",".to_owned()), (stop, line)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(text: &str, last: Option<&str>) -> String {
        let span = |part: &str| {
            let start = text.find(part).expect("a part");
            Span::new(start, start + part.len())
        };
        let open = text.find(['[', '(']).expect("a bracket");
        let close = text.rfind([']', ')']).expect("a bracket");
        let listed = BracketedList {
            text,
            span: Span::new(open, close + 1),
            last: last.map(span),
            comment: "#",
        };
        let mut out = text.to_owned();
        for (at, more) in listed.push("new").expect("an edit").into_iter().rev() {
            out.insert_str(at, &more);
        }
        out
    }

    #[test]
    fn an_item_is_added_in_the_form_of_the_list() {
        assert_eq!(pushed("x = []", None), "x = [new]");
        assert_eq!(pushed("x = [a, b]", Some("b")), "x = [a, b, new]");
        assert_eq!(pushed("x = (a,)", Some("a")), "x = (a, new,)");
        assert_eq!(pushed("x = [\n  a,\n  b,\n]", Some("b")), "x = [\n  a,\n  b,\n  new,\n]");
        assert_eq!(pushed("x = [\r\n\tb\r\n]", Some("b")), "x = [\r\n\tb,\r\n\tnew,\r\n]");
        assert_eq!(
            pushed("x = [\n  b,  # why, [not]\n]", Some("b")),
            "x = [\n  b,  # why, [not]\n  new,\n]"
        );
        assert_eq!(pushed("x = [\n  b  # why\n]", Some("b")), "x = [\n  b,  # why\n  new,\n]");
    }

    #[test]
    fn lines_are_found_with_either_end() {
        let text = "a\r\n\t b\r\n";
        assert_eq!((line_end(text), line_start(text, 5), line_stop(text, 5)), ("\r\n", 3, 6));
        assert_eq!((indent(text, 5), line_indent(text, 6)), (Some("\t "), "\t "));
        assert_eq!(indent("a b", 2), None);
    }
}
