//! Django and Jinja templates: loops, what is read of their variables, and what is included.

use serde::{Deserialize, Serialize};

use crate::budget::{self, Limit};
use crate::source::Span;

/// The facts of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateFile {
    /// The template it extends.
    pub extends: Option<String>,
    /// Loops, outer ones first.
    pub loops: Vec<TemplateLoop>,
    /// Dotted reads.
    pub reads: Vec<TemplateRead>,
    /// Templates that are put in.
    pub includes: Vec<TemplateInclude>,
}

/// `{% for order in customer.orders.all %}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateLoop {
    /// The variable; of several, the last one (`for key, value in …`).
    pub variable: String,
    /// What is iterated: `customer`, `orders`, `all`.
    pub over: Vec<String>,
    /// The loop around it, by its place in the list.
    pub outer: Option<usize>,
    /// The tag.
    pub span: Span,
}

/// `{{ order.customer.name }}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRead {
    /// The names.
    pub path: Vec<String>,
    /// The innermost loop around it.
    pub inside: Option<usize>,
    /// The tag.
    pub span: Span,
}

/// `{% include "row.html" %}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateInclude {
    /// The template's name.
    pub name: String,
    /// `with item=order`: the name there and what it stands for here.
    pub with: Vec<(String, Vec<String>)>,
    /// The innermost loop around it.
    pub inside: Option<usize>,
    /// The tag.
    pub span: Span,
}

/// Reads a template. Anything that is no tag is passed over; nothing is an error.
pub fn parse(text: &str) -> TemplateFile {
    let mut reader = Reader::default();
    let mut at = 0;
    let mut tags = 0;
    let mut raw: Option<String> = None;
    let mut closes = Closes { text, known: [0; 3] };
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')).map(|found| found + at) {
        let close = match text.as_bytes().get(open + 1) {
            Some(b'%') => "%}",
            Some(b'{') => "}}",
            Some(b'#') => "#}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        // What never closes is text.
        let Some(end) = closes.next(close, open + 2).filter(|&end| is_short(text, open, end)) else {
            at = open + 2;
            continue;
        };
        at = end + 2;
        tags += 1;
        if tags > Limit::TemplateTags.count() {
            budget::tell(Limit::TemplateTags, open as u32);
            break;
        }
        let inner = text
            .get(open + 2..end)
            .unwrap_or_default()
            .trim_matches(['-', '+', ' ', '\n', '\t', '\r']);
        let span = Span {
            start: open as u32,
            end: at as u32,
        };
        if let Some(until) = &raw {
            if close == "%}" && inner == until {
                raw = None;
            }
            continue;
        }
        match close {
            "}}" => reader.reads(inner, span),
            "%}" => match inner.split_whitespace().next().unwrap_or_default() {
                word @ ("comment" | "verbatim" | "raw") => raw = Some(format!("end{word}")),
                _ => reader.tag(inner, span),
            },
            _ => {}
        }
    }
    reader.file
}

/// Whether a tag is not too long to be read. A long one with another tag in it is text with braces; one without is told.
fn is_short(text: &str, open: usize, end: usize) -> bool {
    if end - open <= Limit::TemplateTag.count() {
        return true;
    }
    let inside = text.as_bytes().get(open + 2..end).unwrap_or_default();
    if !inside.windows(2).any(|pair| matches!(pair, b"{{" | b"{%" | b"{#")) {
        budget::tell(Limit::TemplateTag, open as u32);
    }
    false
}

/// The next closing brackets of each kind: looked for once, however many tags stand before them.
struct Closes<'t> {
    text: &'t str,
    /// Where the next one of each kind is, or the end of the text; places before the last asked for are stale.
    known: [usize; 3],
}

impl Closes<'_> {
    fn next(&mut self, close: &str, from: usize) -> Option<usize> {
        let kind = ["%}", "}}", "#}"].iter().position(|known| *known == close)?;
        let known = self.known.get_mut(kind)?;
        if *known < from {
            let rest = self.text.get(from..)?;
            *known = rest.find(close).map_or(self.text.len(), |found| found + from);
        }
        (*known < self.text.len()).then_some(*known)
    }
}

#[derive(Default)]
struct Reader {
    file: TemplateFile,
    open: Vec<usize>,
    /// Loops that are too deep to be kept.
    beyond: usize,
}

impl Reader {
    fn inside(&self) -> Option<usize> {
        self.open.last().copied()
    }

    fn tag(&mut self, inner: &str, span: Span) {
        let (word, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        match word {
            "for" => self.open_loop(rest, span),
            "endfor" => {
                if self.beyond > 0 {
                    self.beyond -= 1;
                } else {
                    self.open.pop();
                }
            }
            "extends" => self.file.extends = quoted(rest),
            "include" => self.include(rest, span),
            _ => self.reads(rest, span),
        }
    }

    fn open_loop(&mut self, rest: &str, span: Span) {
        // `{% for x in xs reversed %}`, `{% for x in xs if x.shown %}`.
        let (variables, over) = rest.split_once(" in ").unwrap_or((rest, ""));
        if self.open.len() >= Limit::TemplateLoops.count() {
            budget::tell(Limit::TemplateLoops, span.start);
            self.beyond += 1;
            return;
        }
        let variable = variables.rsplit(',').next().unwrap_or_default().trim().to_owned();
        let over: Vec<String> = paths(over).into_iter().next().unwrap_or_default();
        let outer = self.inside();
        self.open.push(self.file.loops.len());
        self.file.loops.push(TemplateLoop {
            variable,
            over,
            outer,
            span,
        });
    }

    fn include(&mut self, rest: &str, span: Span) {
        let Some(name) = quoted(rest) else { return };
        let with = rest.split_once(" with ").map_or("", |(_, with)| with);
        let pairs = with.split_whitespace().filter_map(|pair| pair.split_once('='));
        let with = pairs
            .filter_map(|(name, value)| paths(value).into_iter().next().map(|path| (name.to_owned(), path)))
            .collect();
        self.file.includes.push(TemplateInclude {
            name,
            with,
            inside: self.inside(),
            span,
        });
    }

    fn reads(&mut self, inner: &str, span: Span) {
        for path in paths(inner) {
            if path.len() > 1 {
                self.file.reads.push(TemplateRead {
                    path,
                    inside: self.inside(),
                    span,
                });
            }
        }
    }
}

/// The text of the first string literal.
fn quoted(text: &str) -> Option<String> {
    let start = text.find(['"', '\''])?;
    let quote = text.get(start..=start)?;
    let rest = text.get(start + 1..)?;
    rest.find(quote).and_then(|end| rest.get(..end)).map(ToOwned::to_owned)
}

/// The dotted names of an expression, strings and filters' names left out: `a.b|date:"Y" == c.d` gives both.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((start, ch)) = chars.next() {
        if ch == '"' || ch == '\'' {
            while chars.next().is_some_and(|(_, next)| next != ch) {}
        } else if ch.is_alphabetic() || ch == '_' {
            let mut end = start + ch.len_utf8();
            while let Some(&(at, next)) = chars.peek() {
                if !(next.is_alphanumeric() || next == '_' || next == '.') {
                    break;
                }
                end = at + next.len_utf8();
                chars.next();
            }
            if before != '|' {
                let names = text.get(start..end).unwrap_or_default().split('.').filter(|name| !name.is_empty());
                out.push(names.map(ToOwned::to_owned).collect());
            }
        }
        if !ch.is_whitespace() {
            before = ch;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_and_reads() {
        let file = parse(
            "{% extends 'base.html' %}{# {{ no.comment }} #}\
             {% for order in orders %}<td>{{ order.customer.name|default:'a.b' }}</td>\
             {%- for line in order.lines.all -%}{{ line.product.title }}{% endfor %}\
             {% include \"row.html\" with item=order %}{% endfor %}{{ page.title }}",
        );
        assert_eq!(file.extends.as_deref(), Some("base.html"));
        assert_eq!(file.loops.len(), 2);
        assert_eq!(file.loops[1].over, ["order", "lines", "all"]);
        assert_eq!(file.loops[1].outer, Some(0));
        let reads: Vec<(String, Option<usize>)> = file.reads.iter().map(|read| (read.path.join("."), read.inside)).collect();
        assert_eq!(
            reads,
            [
                ("order.customer.name".to_owned(), Some(0)),
                ("line.product.title".to_owned(), Some(1)),
                ("page.title".to_owned(), None)
            ]
        );
        assert_eq!(file.includes[0].with, [("item".to_owned(), vec!["order".to_owned()])]);
    }

    #[test]
    fn broken_templates_are_text() {
        assert_eq!(parse("{% for x in"), TemplateFile::default());
        assert_eq!(parse("{{ a.b"), TemplateFile::default());
        assert_eq!(parse("{% endfor %}{% endfor %}").loops.len(), 0);
        assert_eq!(parse("{% verbatim %}{% for x in xs %}{{ x.y }}{% endverbatim %}").loops.len(), 0);
        let deep = "{% for x in xs %}".repeat(5_000);
        let (file, told) = budget::hearing(|| parse(&deep));
        assert_eq!(file.loops.len(), Limit::TemplateLoops.count());
        assert_eq!(told.first().map(|(limit, _)| *limit), Some(Limit::TemplateLoops));
        assert!(parse("{{ é.ü }}{").reads.len() == 1);
    }

    /// What hides behind a bound is told, and braces that are no tags are not.
    #[test]
    fn what_is_left_out_is_told() {
        let told = |text: &str| budget::hearing(|| parse(text).reads.len());
        let read = "{{ a.b }}";
        let (reads, over) = told(&read.repeat(Limit::TemplateTags.count() + 2));
        assert_eq!(reads, Limit::TemplateTags.count());
        assert_eq!(over, [(Limit::TemplateTags, (reads * read.len()) as u32)]);
        let long = " ".repeat(Limit::TemplateTag.count());
        assert_eq!(told(&format!("x{{{{ a.b{long} }}}}")), (0, vec![(Limit::TemplateTag, 1)]));
        assert_eq!(told(&format!("{{{{{long}{{{{ a.b }}}}")), (1, Vec::new()));
    }
}
