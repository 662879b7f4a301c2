//! The whole code base, linked: names across files, values, calls, effects, queries, schema.

pub mod eval;
pub mod imports;
pub mod schema;
pub mod scope;

use rustc_hash::FxHashMap;

use crate::finding::Location;
use crate::source::{LineIndex, Span};

/// Stand-in until the link step is there: the schema and the files' line indexes.
#[derive(Default)]
pub struct Project {
    /// The schema state.
    pub schema: schema::Schema,
    /// Line indexes by path.
    pub lines: FxHashMap<String, LineIndex>,
}

impl Project {
    /// A place as it is reported.
    pub fn location(&self, file: &str, span: Span, symbol: &str) -> Location {
        let (start, end) = self
            .lines
            .get(file)
            .map_or(((1, 1), (1, 1)), |lines| (lines.position(span.start), lines.position(span.end)));
        Location {
            file: file.to_owned(),
            start_line: start.0,
            start_column: start.1,
            end_line: end.0,
            end_column: end.1,
            symbol: symbol.to_owned(),
        }
    }
}
