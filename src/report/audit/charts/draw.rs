//! Elements of SVG. All texts are escaped here.

use std::fmt::Write as _;

use crate::escape;

/// Where a text begins.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// At its left end.
    Start,
    /// At half its length: the text is centred.
    Middle,
}

/// A picture.
pub struct Svg {
    out: String,
}

fn attribute(text: &str) -> String {
    escape::xml(&escape::line(text))
}

impl Svg {
    /// A picture of a size, with words for who does not see it.
    pub fn new(width: usize, height: usize, label: &str) -> Svg {
        let out = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
            attribute(label)
        );
        Svg { out }
    }

    /// The element.
    pub fn end(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }

    /// A line of text; `class` is the page's.
    pub fn text(&mut self, x: usize, y: usize, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
        };
        let text = attribute(text);
        let _ = write!(
            self.out,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        );
    }

    /// A line of text that says more when it is pointed at.
    pub fn titled_text(&mut self, x: usize, y: usize, text: &str, title: &str) {
        let (text, title) = (attribute(text), attribute(title));
        let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\">{text}<title>{title}</title></text>");
    }

    /// A circle that says what it is when it is pointed at.
    pub fn circle(&mut self, x: usize, y: usize, radius: usize, class: &str, title: &str) {
        let title = attribute(title);
        let _ = write!(
            self.out,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"><title>{title}</title></circle>"
        );
    }

    /// A bar that says what it is when it is pointed at.
    pub fn bar(&mut self, x: usize, y: usize, width: usize, height: usize, class: &str, title: &str) {
        let title = attribute(title);
        let _ = write!(
            self.out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{class}\"><title>{title}</title></rect>"
        );
    }

    /// A thin line.
    pub fn line(&mut self, x1: usize, y1: usize, x2: usize, y2: usize) {
        let _ = write!(self.out, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"></line>");
    }

    /// A line of text that leads to a place of the page.
    pub fn link(&mut self, to: &str, x: usize, y: usize, text: &str, title: &str) {
        let (to, text, title) = (attribute(to), attribute(text), attribute(title));
        let _ = write!(
            self.out,
            "<a href=\"{to}\"><text x=\"{x}\" y=\"{y}\">{text}<title>{title}</title></text></a>"
        );
    }
}
