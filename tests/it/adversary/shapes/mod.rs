//! Shapes of input that grow: each makes files of about as many bytes as asked for. They are what somebody would send to make a tool
//! slow, or what a careless program writes. The tests run all of them at one size, and `benches/growth.py` at many.

mod data;
mod project;
mod python;
mod rules;
mod sql;
mod typescript;

/// Paths and texts of a small project.
pub type Files = Vec<(String, String)>;

/// A shape.
pub struct Shape {
    /// Its name, in kebab-case; what stands before the first `-` is the front end or `rule`.
    pub name: String,
    make: Box<dyn Fn(usize) -> Files>,
}

impl Shape {
    /// One file that a function writes for a size in bytes.
    fn file(name: &str, path: &'static str, make: fn(usize) -> String) -> Shape {
        Shape {
            name: name.to_owned(),
            make: Box::new(move |size| vec![(path.to_owned(), make(size))]),
        }
    }

    /// Several files.
    fn files(name: impl Into<String>, make: impl Fn(usize) -> Files + 'static) -> Shape {
        Shape {
            name: name.into(),
            make: Box::new(make),
        }
    }

    /// Its files, of about `size` bytes in all.
    pub fn of(&self, size: usize) -> Files {
        (self.make)(size)
    }
}

/// All shapes: of the front ends, of the analyses, of the rules.
pub fn all() -> Vec<Shape> {
    [
        python::shapes(),
        typescript::shapes(),
        sql::shapes(),
        data::shapes(),
        data::graphql(),
        project::shapes(),
        rules::shapes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Numbered pieces until the size is reached.
fn fill(size: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < size {
        text.push_str(&piece(number));
        number += 1;
    }
    text
}

/// A head, and numbered pieces after it.
fn after(head: &str, size: usize, piece: impl Fn(usize) -> String) -> String {
    format!("{head}{}", fill(size.saturating_sub(head.len()), piece))
}

/// A piece again and again.
fn again(size: usize, piece: &str) -> String {
    piece.repeat(size.div_ceil(piece.len()))
}

/// Opening pieces, a middle, and as many closing pieces.
fn nested(size: usize, open: &str, middle: &str, close: &str) -> String {
    let levels = size / (open.len() + close.len());
    format!("{}{middle}{}", open.repeat(levels), close.repeat(levels))
}

/// A head, a piece again and again, and a tail.
fn between(head: &str, size: usize, piece: &str, tail: &str) -> String {
    format!("{head}{}{tail}", again(size, piece))
}
