//! Documents in files of their own that no code of the repository uses any more: what they ask, nobody asks.

use rustc_hash::FxHashSet;

use crate::ir::Module;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::syntax::graphql::{Embedded, GraphqlOperation};
use crate::walk::FileRole;

/// Of the operations in files of their own, so many a hundred must be found in use before the others count as left: of fewer it is not
/// known how code comes to them.
const FOUND: usize = 30;
/// What code generators call the document of an operation, after its name.
const ENDS: &[&str] = &["", "Doc", "Document", "GQL", "Gql", "Mutation", "Query", "Subscription"];
/// And the hooks that send it, after `use` and its name.
const HOOKS: &[&str] = &["LazyQuery", "Mutation", "Query", "Subscription", "SuspenseQuery"];

/// A document with its place.
pub(super) struct Place<'d> {
    pub(super) file: FileId,
    pub(super) embedded: &'d Embedded,
}

/// Operations of documents in files of their own that nothing uses.
#[derive(Default)]
pub struct LeftDocuments<'d>(FxHashSet<(usize, &'d str)>);

impl<'d> LeftDocuments<'d> {
    /// Finds them among the documents at `places`: by the names that generators give them, by their own, and by the file's.
    pub fn of(code: &Code, places: &'d [Place<'d>]) -> LeftDocuments<'d> {
        let named = places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.embedded.expr.is_none())
            .flat_map(|(at, place)| {
                let operations = place.embedded.document.operations.iter();
                operations.filter_map(move |operation| Some((at, operation.name.as_deref()?)))
            });
        let named: Vec<(usize, &str)> = named.collect();
        if named.is_empty() {
            return LeftDocuments::default();
        }
        let used = words_of(code);
        let is_used = |&&(at, name): &&(usize, &str)| {
            names(name).iter().any(|name| used.contains(name.as_str())) || has_file(code, &used, places.get(at))
        };
        let found: FxHashSet<(usize, &str)> = named.iter().filter(is_used).copied().collect();
        if found.len() * 100 < named.len() * FOUND {
            return LeftDocuments::default();
        }
        LeftDocuments(named.into_iter().filter(|operation| !found.contains(operation)).collect())
    }

    /// Whether an operation of the document at a place is one of them.
    pub fn contains(&self, place: usize, operation: &GraphqlOperation) -> bool {
        operation.name.as_deref().is_some_and(|name| self.0.contains(&(place, name)))
    }
}

/// The names under which code may use an operation: `Orders`, `orders`, `OrdersDocument`, `useOrdersQuery`.
fn names(operation: &str) -> Vec<String> {
    let (small, big) = (with_first(operation, str::to_lowercase), with_first(operation, str::to_uppercase));
    let ends = ENDS.iter().flat_map(|end| [format!("{operation}{end}"), format!("{big}{end}")]);
    let hooks = HOOKS.iter().map(|end| format!("use{big}{end}"));
    ends.chain(hooks).chain([small]).collect()
}

fn with_first(name: &str, change: impl Fn(&str) -> String) -> String {
    let rest = name.char_indices().nth(1).map_or(name.len(), |(at, _)| at);
    let (first, rest) = name.split_at(rest);
    change(first) + rest
}

/// Whether code names the file of a document: `import ORDERS from "./orders.graphql"`.
fn has_file(code: &Code, used: &FxHashSet<&str>, place: Option<&Place<'_>>) -> bool {
    let path = place
        .and_then(|place| code.files.get(place.file.index()))
        .map_or("", |facts| facts.path.as_str());
    let file = path.rsplit('/').next().unwrap_or(path);
    !file.is_empty() && used.contains(file)
}

/// The names and texts in code, and of texts that are paths their last part; in no file those that it gives to others itself, as the
/// code that a generator has written gives all.
fn words_of(code: &Code) -> FxHashSet<&str> {
    let files = code.files.iter().filter(|facts| facts.role == FileRole::Source);
    let modules = files.filter_map(|facts| facts.module.as_ref());
    modules.flat_map(used_in).collect()
}

fn used_in(module: &Module) -> impl Iterator<Item = &str> {
    let given = module.exports.iter().map(|export| module.str(export.name));
    let own: FxHashSet<&str> = given
        .flat_map(|name| ENDS.iter().filter_map(move |end| name.strip_suffix(end)))
        .collect();
    let words = module.strings.iter().filter(move |text| !own.contains(text));
    words.map(|text| text.rsplit('/').next().unwrap_or(text))
}
