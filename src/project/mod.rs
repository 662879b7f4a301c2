//! The whole code base, linked: names across files, values, calls, effects, queries, schema.

pub mod eval;
pub mod flow;
pub mod graph;
pub mod imports;
pub mod loops;
pub mod schema;
pub mod scope;

use eval::Code;
use graph::{FnId, Graph};
use schema::{Place, Schema};

use crate::finding::Location;
use crate::libraries::value::FileId;
use crate::source::Span;

/// All files, linked.
#[derive(Debug, Default)]
pub struct Project {
    /// Files, scopes, library data.
    pub code: Code,
    /// Calls, queries, effects, entry points.
    pub graph: Graph,
    /// The schema state.
    pub schema: Schema,
}

impl Project {
    /// A file's path.
    pub fn path(&self, file: FileId) -> &str {
        self.code.files.get(file.index()).map_or("", |facts| facts.path.as_str())
    }

    /// A place in a file.
    pub fn place(&self, file: FileId, span: Span, symbol: &str) -> Location {
        let Some(facts) = self.code.files.get(file.index()) else { return Location::default() };
        let (start_line, start_column) = facts.lines.position(span.start);
        let (end_line, end_column) = facts.lines.position(span.end.max(span.start));
        Location { file: facts.path.clone(), start_line, start_column, end_line, end_column, symbol: symbol.to_owned() }
    }

    /// A place in a file by its path.
    pub fn location(&self, path: &str, span: Span, symbol: &str) -> Location {
        let found = self.code.files.binary_search_by(|facts| facts.path.as_str().cmp(path));
        match found {
            Ok(index) => self.place(FileId(index as u32), span, symbol),
            Err(_) => Location { file: path.to_owned(), start_line: 1, start_column: 1, end_line: 1, end_column: 1, symbol: symbol.to_owned() },
        }
    }

    /// A place of the schema.
    pub fn schema_place(&self, place: &Place) -> Location {
        self.location(&place.file, place.span, "")
    }

    /// A place in a function.
    pub fn place_in(&self, function: FnId, span: Span) -> Location {
        let file = self.graph.function(function).file;
        self.place(file, span, &self.symbol(function))
    }

    /// A function's dotted name: module path and the name within.
    pub fn symbol(&self, function: FnId) -> String {
        let node = self.graph.function(function);
        let module = module_name(self.path(node.file));
        let inner = self.code.module(node.file).qualified(node.id);
        if inner.is_empty() { module } else { format!("{module}.{inner}") }
    }

    /// A function's name for a sentence: without the module.
    pub fn short_name(&self, function: FnId) -> String {
        let node = self.graph.function(function);
        let inner = self.code.module(node.file).qualified(node.id);
        if inner.is_empty() { module_name(self.path(node.file)) } else { inner }
    }
}

/// `server/services/user.py` as `server.services.user`.
fn module_name(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    stem.trim_end_matches("/__init__").trim_end_matches("/index").replace('/', ".")
}
