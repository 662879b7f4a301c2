//! The types that a GraphQL server offers, as far as the repository says it: its schema files, and the classes of its resolvers.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::libraries::entries::Entry;
use crate::syntax::graphql::{Document, TypeDef};

/// The names of the roots where no schema says others.
const ROOTS: [(&str, &str); 3] = [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")];

/// Types, their fields and interfaces.
#[derive(Debug, Default)]
pub struct Offered<'d> {
    fields: FxHashMap<(&'d str, &'d str), (&'d str, bool)>,
    /// The interfaces and unions of each type.
    kinds: FxHashMap<&'d str, FxHashSet<&'d str>>,
    /// Types that are known by a schema or by a resolver's class.
    types: FxHashSet<&'d str>,
    /// Types that a schema declares.
    declared: FxHashSet<&'d str>,
    roots: FxHashMap<&'d str, &'d str>,
    /// Fields of the roots that the server answers.
    served: FxHashSet<&'d str>,
}

impl<'d> Offered<'d> {
    /// Puts together what schemas and resolvers say.
    pub fn of(documents: &[&'d Document], entries: &'d [Entry]) -> Offered<'d> {
        let mut offered = Offered {
            roots: ROOTS.into_iter().collect(),
            ..Offered::default()
        };
        let fields = || entries.iter().filter_map(|entry| entry.field.as_ref());
        let answered: FxHashSet<&str> = fields().map(|field| field.name.as_str()).collect();
        let (own, foreign): (Vec<&Document>, Vec<&Document>) = documents.iter().partition(|document| !is_foreign(document, &answered));
        let has_own = own.iter().any(|document| !document.types.is_empty());
        for document in own.iter().chain(foreign.iter().filter(|_| !has_own)) {
            for (kind, name) in &document.roots {
                offered.roots.insert(kind, name);
            }
        }
        let own_types = own.iter().flat_map(|document| &document.types);
        own_types.for_each(|declared| offered.declare(declared));
        // What the server itself calls by a name is not what another one does.
        let known = offered.declared.clone();
        let others = foreign.iter().flat_map(|document| &document.types);
        others
            .filter(|declared| !known.contains(declared.name.as_str()))
            .for_each(|declared| offered.declare(declared));
        for field in fields() {
            let Some(on) = field.on.as_deref() else { continue };
            offered.types.insert(on);
            if offered.is_root(on) || ROOTS.iter().any(|(_, root)| on.ends_with(root)) {
                offered.served.insert(&field.name);
            }
        }
        offered
    }

    fn declare(&mut self, declared: &'d TypeDef) {
        let name = declared.name.as_str();
        self.types.insert(name);
        self.declared.insert(name);
        for field in &declared.fields {
            self.fields.insert((name, &field.name), (&field.of, field.is_list));
        }
        self.kinds
            .entry(name)
            .or_default()
            .extend(declared.implements.iter().map(String::as_str));
        for member in &declared.members {
            self.kinds.entry(member).or_default().insert(name);
        }
    }

    /// The type at the root of an operation of a kind.
    pub fn root(&self, kind: &str) -> Option<&'d str> {
        let root = self.roots.get(kind).copied()?;
        self.declared.contains(root).then_some(root)
    }

    fn is_root(&self, name: &str) -> bool {
        ROOTS.iter().any(|(kind, _)| self.roots.get(kind).is_some_and(|root| *root == name))
    }

    /// What a field gives, and whether it is a list of it.
    pub fn field(&self, on: Option<&str>, name: &str) -> Option<(&'d str, bool)> {
        let fields = &self.fields;
        on.and_then(|on| fields.get(&(on, name)).copied())
    }

    /// Whether a schema or a resolver's class tells of a type.
    pub fn is_known(&self, name: &str) -> bool {
        self.types.contains(name)
    }

    /// Whether a resolver's class is one that no schema names: it goes by another name there.
    pub fn is_unnamed(&self, resolver: &str) -> bool {
        !self.declared.is_empty() && !self.declared.contains(resolver)
    }

    /// The interfaces and unions of a type.
    pub fn kinds_of(&self, name: &str) -> Option<&FxHashSet<&'d str>> {
        self.kinds.get(name)
    }

    /// How many fields of the roots the server answers, and whether a name is one of them.
    pub fn served(&self) -> &FxHashSet<&'d str> {
        &self.served
    }
}

/// Whether a document is the schema of another server, kept to write documents for it: of the fields that its root has, fewer than half
/// have a resolver here.
fn is_foreign(document: &Document, answered: &FxHashSet<&str>) -> bool {
    let root = document
        .roots
        .iter()
        .find(|(kind, _)| kind == "query")
        .map_or("Query", |(_, name)| name.as_str());
    let roots = document.types.iter().filter(|declared| declared.name == root);
    let (mut all, mut known) = (0, 0);
    for field in roots.flat_map(|root| &root.fields) {
        all += 1;
        known += usize::from(answered.contains(field.name.as_str()));
    }
    all > 0 && known * 2 < all
}

/// A type's name without what code adds to it: `OrderType` is the schema's `Order`.
pub fn plain(name: &str) -> &str {
    let cut = ["Type", "Node", "Object", "GQL"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending));
    cut.filter(|rest| !rest.is_empty()).unwrap_or(name)
}
