//! Snippets as projects, for the tests of recognisers.

use rustc_hash::FxHashSet;

use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Code, Evaluator};
use crate::syntax::facts;
use crate::walk::FileKind;

/// The queries of a snippet's outermost recognised calls, in source order.
pub fn queries(text: &str, tables: &[&str]) -> Vec<Query> {
    queries_of(&[("src/main.ts", text)], tables)
}

/// The queries of a Python snippet.
pub fn python(text: &str) -> Vec<Query> {
    queries_of(&[("app/main.py", text)], &[])
}

/// The only query of a Python snippet.
pub fn python_query(text: &str) -> Query {
    let mut found = python(text);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

/// The queries of the last of several files.
pub fn queries_of(files: &[(&str, &str)], tables: &[&str]) -> Vec<Query> {
    let last = files.last().map_or("", |file| file.0);
    let mut facts: Vec<_> = files
        .iter()
        .map(|(path, text)| facts::extract(path, FileKind::of(path).unwrap_or(FileKind::TypeScript), text))
        .collect();
    facts.sort_by(|a, b| a.path.cmp(&b.path));
    let file = FileId(facts.iter().position(|facts| facts.path == last).unwrap_or(0) as u32);
    let tables: FxHashSet<String> = tables.iter().map(|table| table.to_lowercase()).collect();
    let code = Code::new(facts, LibraryData::built_in(), tables);
    let eval = Evaluator::new(&code);
    let module = code.module(file);
    let mut found: Vec<(_, _)> = module
        .expr_ids()
        .filter(|(id, _)| module.call(*id).is_some())
        .filter_map(|(id, expr)| Some((id, expr.span, eval.query_at(file, id)?)))
        .map(|(id, span, query)| ((span.start, std::cmp::Reverse(span.end), id), query))
        .collect();
    found.sort_by_key(|(place, _)| *place);
    // Of a chain, the outermost call.
    let inner = |id| {
        found.iter().any(|((_, _, outer), _)| {
            *outer != id
                && module
                    .call(*outer)
                    .is_some_and(|call| call.chain().iter().any(|link| link.id == id))
        })
    };
    found
        .iter()
        .filter(|((_, _, id), _)| !inner(*id))
        .map(|(_, query)| (**query).clone())
        .collect()
}

/// The only query of a snippet.
pub fn query(text: &str, tables: &[&str]) -> Query {
    let mut found = queries(text, tables);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}
