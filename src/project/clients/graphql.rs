//! Which fields of a GraphQL server the repository's own clients ask, and whether under a list or of one object.

use rustc_hash::{FxHashMap, FxHashSet};

use super::left_documents::{LeftDocuments, Place};
use super::offered::{Offered, plain};
use crate::ir::FunctionId;
use crate::libraries::entries::{Entry, EntryKind};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::syntax::graphql::{Document, Fragment, GraphqlOperation, Selection};
use crate::vocabulary::{List, Name};
use crate::walk::FileRole;

/// How clients ask a field of a GraphQL server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldUse {
    /// Of each object of a list: by whom, as `Orders (OrdersPage) asks`.
    UnderList(String),
    /// Of one object at a time: by whom, in the same words.
    OfOne(String),
    /// Clients are here, and none of them asks it.
    Nowhere,
}

/// How the repository's own clients ask the fields of its GraphQL server.
#[derive(Debug, Default)]
pub struct AskedFields {
    fields: FxHashMap<(FileId, FunctionId), FieldUse>,
}

/// Of the fields at a server's roots that have resolvers, so many a hundred must be asked before a field that is not counts as unused:
/// who asks less is a client of a part, and others are elsewhere.
const COVERED: usize = 30;

impl AskedFields {
    /// Joins the documents of a project to its resolvers.
    pub fn of(code: &Code, entries: &[Entry]) -> AskedFields {
        if !entries.iter().any(|entry| entry.field.is_some()) {
            return AskedFields::default();
        }
        let places = places(code);
        let documents: Vec<&Document> = places.iter().map(|place| &place.embedded.document).collect();
        let offered = Offered::of(&documents, entries);
        let mut walk = Walk::new(code, &places, &offered);
        walk.run();
        let coverage = walk.coverage();
        if coverage == Coverage::None {
            return AskedFields::default();
        }
        let resolvers = entries.iter().filter(|entry| entry.kind == EntryKind::Resolver);
        let fields = resolvers.filter_map(|entry| Some((entry.function, walk.asked(entry, coverage)?)));
        AskedFields { fields: fields.collect() }
    }

    /// How clients ask the field that a function resolves; `None` where the function resolves none, or nothing can be said.
    pub fn of_function(&self, function: (FileId, FunctionId)) -> Option<&FieldUse> {
        self.fields.get(&function)
    }
}

/// The documents of the program itself, in the order of files and places. Those of tests and examples are no clients.
fn places(code: &Code) -> Vec<Place<'_>> {
    let files = code.files.iter().enumerate().filter(|(_, facts)| facts.role == FileRole::Source);
    let places = files.flat_map(|(file, facts)| {
        facts.graphql.iter().map(move |embedded| Place {
            file: FileId(file as u32),
            embedded,
        })
    });
    places.collect()
}

/// How much of the server the clients here ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coverage {
    /// Nothing: no client of it is here.
    None,
    /// A part: what is not asked here may be asked elsewhere.
    Part,
    /// As much as an application asks of its own server.
    Whole,
}

/// One way in which a field is asked.
#[derive(Clone, Copy)]
struct Use {
    under: Under,
    /// The operation that asks first.
    by: Option<usize>,
    /// How many do.
    count: usize,
}

/// All ways in which the fields of one name are asked.
#[derive(Default)]
struct UsesOf<'d> {
    all: Vec<Use>,
    /// Their places by what they are.
    places: FxHashMap<(Option<&'d str>, Under), usize>,
    /// Their places by the type that is asked, as it is written and without what code adds to it.
    by_type: FxHashMap<&'d str, Vec<usize>>,
    by_plain: FxHashMap<&'d str, Vec<usize>>,
    /// Places of those of which the type is not known.
    loose: Vec<usize>,
    /// What is asked in all.
    total: Totals,
}

impl<'d> UsesOf<'d> {
    fn add(&mut self, here: Here<'d>, offered: &Offered<'d>) {
        self.total.add(here.under, self.all.len(), here.by, 1);
        if let Some(known) = self.places.get(&(here.on, here.under)).and_then(|&at| self.all.get_mut(at)) {
            known.count += 1;
            return;
        }
        let at = self.all.len();
        self.places.insert((here.on, here.under), at);
        if let Some(on) = here.on {
            self.by_plain.entry(plain(on)).or_default().push(at);
        }
        if let Some(on) = here.on.filter(|on| offered.is_known(on)) {
            self.by_type.entry(on).or_default().push(at);
        } else {
            self.loose.push(at);
        }
        self.all.push(Use {
            under: here.under,
            by: here.by,
            count: 1,
        });
    }

    /// What is asked of a resolver's type: of itself, its interfaces, and of types of which nothing is known.
    fn of(&self, resolver: Option<&str>, offered: &Offered<'d>) -> Totals {
        let Some(resolver) = resolver.filter(|resolver| !offered.is_unnamed(resolver)) else {
            return self.total;
        };
        let mut places: Vec<usize> = self.by_plain.get(plain(resolver)).cloned().unwrap_or_default();
        let kinds = offered.kinds_of(resolver);
        if kinds.is_some_and(|kinds| kinds.len() <= self.by_type.len()) {
            let names = kinds.into_iter().flatten();
            places.extend(names.filter_map(|name| self.by_type.get(name)).flatten());
        } else if let Some(kinds) = kinds {
            let names: Vec<&Vec<usize>> = self
                .by_type
                .iter()
                .filter(|(name, _)| kinds.contains(*name))
                .map(|(_, at)| at)
                .collect();
            places.extend(names.into_iter().flatten());
        }
        // Of types that nothing is known of, only where no operation asks this one by its name: others have fields of the same name.
        let is_asked = |&at: &usize| self.all.get(at).is_some_and(|one| one.under != Under::Unclear);
        if !places.iter().any(is_asked) {
            places.extend(&self.loose);
        }
        places.sort_unstable();
        places.dedup();
        let mut out = Totals::default();
        for at in places {
            if let Some(one) = self.all.get(at) {
                out.add(one.under, at, one.by, one.count);
            }
        }
        out
    }
}

/// For each way of asking who asks first, and how many do.
#[derive(Clone, Copy, Default)]
struct Totals {
    of: [(Option<(usize, usize)>, usize); 3],
}

impl Totals {
    fn add(&mut self, under: Under, at: usize, by: Option<usize>, count: usize) {
        let (first, all) = &mut self.of[under as usize];
        *all += count;
        let new = by.map(|by| (at, by));
        *first = match (*first, new) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
    }

    /// Who asks first so, and how many do.
    fn first(&self, under: Under) -> Option<(usize, usize)> {
        let (first, count) = self.of[under as usize];
        first.map(|(_, by)| (by, count))
    }

    fn has(&self, under: Under) -> bool {
        self.of[under as usize].1 > 0
    }
}

/// What a field is asked under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Under {
    /// Each object of a list.
    List,
    /// One object.
    One,
    /// It stands in a fragment that no operation here takes in.
    Unclear,
}

struct Walk<'d> {
    code: &'d Code,
    places: &'d [Place<'d>],
    offered: &'d Offered<'d>,
    operations: Vec<(usize, &'d GraphqlOperation)>,
    fragments: FxHashMap<&'d str, Vec<(usize, &'d Fragment)>>,
    /// Those of each document, by its place.
    own: FxHashMap<(&'d str, usize), Vec<&'d Fragment>>,
    uses: FxHashMap<&'d str, UsesOf<'d>>,
    /// Fragments that were walked, by name and, where the same document has it, by that.
    seen: FxHashSet<(&'d str, Option<usize>, Under)>,
    /// Fragments that wait, so that those in each other go no deeper than one.
    open: Vec<(&'d Fragment, usize, Under, Option<usize>)>,
    roots: FxHashSet<&'d str>,
}

/// Where a selection stands.
#[derive(Clone, Copy)]
struct Here<'d> {
    on: Option<&'d str>,
    under: Under,
    /// The field above asks for one element of its list.
    one: bool,
    by: Option<usize>,
    place: usize,
}

impl<'d> Walk<'d> {
    fn new(code: &'d Code, places: &'d [Place<'d>], offered: &'d Offered<'d>) -> Walk<'d> {
        let mut walk = Walk {
            code,
            places,
            offered,
            operations: Vec::new(),
            fragments: FxHashMap::default(),
            own: FxHashMap::default(),
            uses: FxHashMap::default(),
            seen: FxHashSet::default(),
            open: Vec::new(),
            roots: FxHashSet::default(),
        };
        let left = LeftDocuments::of(code, places);
        for (at, place) in places.iter().enumerate() {
            let document = &place.embedded.document;
            let asked = document.operations.iter().filter(|operation| !left.contains(at, operation));
            walk.operations.extend(asked.map(|operation| (at, operation)));
            for fragment in &document.fragments {
                walk.fragments.entry(&fragment.name).or_default().push((at, fragment));
                walk.own.entry((&fragment.name, at)).or_default().push(fragment);
            }
        }
        walk
    }

    fn run(&mut self) {
        for at in 0..self.operations.len() {
            let Some(&(place, operation)) = self.operations.get(at) else {
                break;
            };
            let here = Here {
                on: self.offered.root(&operation.kind),
                under: Under::One,
                one: false,
                by: Some(at),
                place,
            };
            let fields = operation.selections.iter().filter_map(|selection| match selection {
                Selection::Field { name, .. } => Some(name.as_str()),
                _ => None,
            });
            self.roots.extend(fields);
            self.selections(&operation.selections, here);
            self.waiting();
        }
        self.left_over();
    }

    /// Walks the fragments that wait.
    fn waiting(&mut self) {
        while let Some((fragment, place, under, by)) = self.open.pop() {
            let here = Here {
                on: Some(&fragment.on),
                under,
                one: false,
                by,
                place,
            };
            self.selections(&fragment.selections, here);
        }
    }

    /// Fragments that no operation takes in: others may, which are not here.
    fn left_over(&mut self) {
        for (place, at) in self.places.iter().enumerate() {
            for fragment in &at.embedded.document.fragments {
                let name = fragment.name.as_str();
                let is_known = [Some(place), None].into_iter().any(|own| {
                    [Under::List, Under::One]
                        .into_iter()
                        .any(|under| self.seen.contains(&(name, own, under)))
                });
                if !is_known {
                    self.open.push((fragment, place, Under::Unclear, None));
                    self.waiting();
                }
            }
        }
    }

    fn selections(&mut self, selections: &'d [Selection], here: Here<'d>) {
        for selection in selections {
            match selection {
                Selection::Field { name, one, selections } => self.field(name, *one, selections, here),
                Selection::Inline { on, selections } => {
                    let on = on.as_deref().or(here.on);
                    self.selections(selections, Here { on, ..here });
                }
                Selection::Spread(name) => self.spread(name, here),
            }
        }
    }

    fn field(&mut self, name: &'d str, one: bool, selections: &'d [Selection], here: Here<'d>) {
        self.add(name, here);
        if selections.is_empty() {
            return;
        }
        let known = self.offered.field(here.on, name);
        let is_list = known.map_or_else(|| is_list_by_name(name), |(_, is_list)| is_list);
        // `orders(first: 1) { edges { … } }`: the list is a level below.
        let is_one = one || here.one && List::PageParts.has(name);
        let under = if is_list && !is_one { Under::List } else { here.under };
        let below = Here {
            on: known.map(|(of, _)| of),
            under: if here.under == Under::One { under } else { here.under },
            one,
            ..here
        };
        self.selections(selections, below);
    }

    fn spread(&mut self, name: &'d str, here: Here<'d>) {
        // The same name in several applications: the one of the document, or all.
        let own = self.own.get(&(name, here.place));
        if !self.seen.insert((name, own.map(|_| here.place), here.under)) {
            return;
        }
        if let Some(own) = own {
            let own = own.iter().map(|&fragment| (fragment, here.place, here.under, here.by));
            self.open.extend(own);
            return;
        }
        let all = self.fragments.get(name).into_iter().flatten();
        self.open
            .extend(all.map(|&(place, fragment)| (fragment, place, here.under, here.by)));
    }

    fn add(&mut self, name: &'d str, here: Here<'d>) {
        self.uses.entry(name).or_default().add(here, self.offered);
    }

    fn coverage(&self) -> Coverage {
        let served = self.offered.served();
        let asked = served.intersection(&self.roots).count();
        let is_broken = self.places.iter().any(|place| place.embedded.document.is_broken);
        match asked {
            0 => Coverage::None,
            _ if is_broken || asked * 100 < served.len() * COVERED => Coverage::Part,
            _ => Coverage::Whole,
        }
    }

    fn asked(&self, entry: &Entry, coverage: Coverage) -> Option<FieldUse> {
        let field = entry.field.as_ref()?;
        let uses = self.uses.get(field.name.as_str());
        let asked = uses.map_or_else(Totals::default, |uses| uses.of(field.on.as_deref(), self.offered));
        let first = |under: Under| asked.first(under).map(|(by, count)| self.words(by, count));
        if let Some(by) = first(Under::List) {
            return Some(FieldUse::UnderList(by));
        }
        match (first(Under::One), coverage) {
            // Where all clients are here, a fragment that none takes in is one that is no longer used.
            (Some(by), Coverage::Whole) => Some(FieldUse::OfOne(by)),
            _ if asked.has(Under::Unclear) => None,
            (Some(by), _) => Some(FieldUse::OfOne(by)),
            (None, Coverage::Whole) => Some(FieldUse::Nowhere),
            (None, _) => None,
        }
    }

    /// An operation in words: its name, the component or file that asks it, and how many more do.
    fn words(&self, operation: usize, count: usize) -> String {
        let Some(&(place, operation)) = self.operations.get(operation) else {
            return "an operation".to_owned();
        };
        let holder = self.places.get(place).map(|place| self.holder(place)).unwrap_or_default();
        let name = operation.name.as_deref().unwrap_or("an operation without a name");
        match count {
            0 | 1 => format!("{name} ({holder}) asks"),
            2 => format!("{name} ({holder}) and one place more ask"),
            count => format!("{name} ({holder}) and {} places more ask", count - 1),
        }
    }

    /// The component or function that holds a document, or its file.
    fn holder(&self, place: &Place<'_>) -> String {
        let facts = self.code.files.get(place.file.index());
        let path = facts.map_or("", |facts| facts.path.as_str());
        let inside = place.embedded.expr.and_then(|expr| {
            let module = facts?.module.as_ref()?;
            Some(module.qualified(module.owner(expr))).filter(|name| !name.is_empty())
        });
        inside.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path).to_owned())
    }
}

/// Whether a field gives a list, by its name alone: the parts of a page, and plurals.
fn is_list_by_name(name: &str) -> bool {
    let words = Name::of(name);
    let last = words.last();
    List::PageParts.has(name) || last.ends_with('s') && !last.ends_with("ss") && !List::Singulars.has(last)
}

#[cfg(test)]
mod tests;
