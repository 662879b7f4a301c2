//! Which fields of a GraphQL server the repository's own clients ask, and whether under a list or of one object.

use rustc_hash::{FxHashMap, FxHashSet};

use super::offered::Offered;
use crate::ir::FunctionId;
use crate::libraries::entries::{Entry, EntryKind};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::syntax::graphql::{Document, Embedded, Fragment, Operation, Selection};
use crate::walk::Role;

/// How clients ask a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Of each object of a list: by whom, as `Orders (OrdersPage) asks`.
    UnderList(String),
    /// Of one object at a time: by whom, in the same words.
    OfOne(String),
    /// Clients are here, and none of them asks it.
    Nowhere,
}

/// How the repository's own clients ask the fields of its GraphQL server.
#[derive(Debug, Default)]
pub struct Fields {
    fields: FxHashMap<(FileId, FunctionId), Asked>,
}

/// Of the fields at a server's roots that have resolvers, so many a hundred must be asked before a field that is not counts as unused:
/// who asks less is a client of a part, and others are elsewhere.
const COVERED: usize = 30;
/// Parts of a page of rows.
const PAGES: &[&str] = &["edges", "nodes", "items", "results", "rows"];
/// Words that are no plurals though they end so.
const NO_PLURALS: &[&str] = &[
    "access",
    "address",
    "alias",
    "analysis",
    "analytics",
    "basis",
    "bonus",
    "bus",
    "canvas",
    "class",
    "credentials",
    "details",
    "focus",
    "gas",
    "has",
    "is",
    "metrics",
    "news",
    "preferences",
    "process",
    "progress",
    "properties",
    "radius",
    "series",
    "settings",
    "statistics",
    "stats",
    "status",
    "success",
    "totals",
    "was",
];

impl Fields {
    /// Joins the documents of a project to its resolvers.
    pub fn of(code: &Code, entries: &[Entry]) -> Fields {
        if !entries.iter().any(|entry| entry.field.is_some()) {
            return Fields::default();
        }
        let places = places(code);
        let documents: Vec<&Document> = places.iter().map(|place| &place.embedded.document).collect();
        let offered = Offered::of(&documents, entries);
        let mut walk = Walk::new(code, &places, &offered);
        walk.run();
        let coverage = walk.coverage();
        if coverage == Coverage::None {
            return Fields::default();
        }
        let resolvers = entries.iter().filter(|entry| entry.kind == EntryKind::Resolver);
        let fields = resolvers.filter_map(|entry| Some((entry.function, walk.asked(entry, coverage)?)));
        Fields { fields: fields.collect() }
    }

    /// How clients ask the field that a function resolves; `None` where the function resolves none, or nothing can be said.
    pub fn of_function(&self, function: (FileId, FunctionId)) -> Option<&Asked> {
        self.fields.get(&function)
    }
}

/// A document with its place.
struct Place<'d> {
    file: FileId,
    embedded: &'d Embedded,
}

/// The documents of the program itself, in the order of files and places. Those of tests and examples are no clients.
fn places(code: &Code) -> Vec<Place<'_>> {
    let files = code.files.iter().enumerate().filter(|(_, facts)| facts.role == Role::Source);
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
struct Use<'d> {
    /// The type that the field is asked of, where it is known.
    on: Option<&'d str>,
    under: Under,
    /// The operation that asks first.
    by: Option<usize>,
    /// How many do.
    count: usize,
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
    operations: Vec<(usize, &'d Operation)>,
    fragments: FxHashMap<&'d str, Vec<(usize, &'d Fragment)>>,
    uses: FxHashMap<&'d str, Vec<Use<'d>>>,
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
            uses: FxHashMap::default(),
            seen: FxHashSet::default(),
            open: Vec::new(),
            roots: FxHashSet::default(),
        };
        for (at, place) in places.iter().enumerate() {
            let document = &place.embedded.document;
            walk.operations.extend(document.operations.iter().map(|operation| (at, operation)));
            for fragment in &document.fragments {
                walk.fragments.entry(&fragment.name).or_default().push((at, fragment));
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
        let is_one = one || here.one && PAGES.contains(&name);
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
        let Some(all) = self.fragments.get(name) else { return };
        // The same name in several applications: the one of the document, or all.
        let own = all.iter().any(|(place, _)| *place == here.place).then_some(here.place);
        if !self.seen.insert((name, own, here.under)) {
            return;
        }
        let wanted = all.iter().filter(|(place, _)| own.is_none_or(|own| own == *place));
        let open: Vec<_> = wanted.map(|&(place, fragment)| (fragment, place, here.under, here.by)).collect();
        self.open.extend(open);
    }

    fn add(&mut self, name: &'d str, here: Here<'d>) {
        let uses = self.uses.entry(name).or_default();
        let known = uses.iter_mut().find(|known| known.on == here.on && known.under == here.under);
        match known {
            Some(known) => known.count += 1,
            None => uses.push(Use {
                on: here.on,
                under: here.under,
                by: here.by,
                count: 1,
            }),
        }
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

    fn asked(&self, entry: &Entry, coverage: Coverage) -> Option<Asked> {
        let field = entry.field.as_ref()?;
        let of_name = self.uses.get(field.name.as_str()).map_or(&[][..], Vec::as_slice);
        let uses = || of_name.iter().filter(|one| self.offered.answers(field.on.as_deref(), one.on));
        let first = |under: Under| {
            let by = uses().filter(|one| one.under == under).find_map(|one| one.by)?;
            let count: usize = uses().filter(|one| one.under == under).map(|one| one.count).sum();
            Some(self.words(by, count))
        };
        if let Some(by) = first(Under::List) {
            return Some(Asked::UnderList(by));
        }
        if uses().any(|one| one.under == Under::Unclear) {
            return None;
        }
        match (first(Under::One), coverage) {
            (Some(by), _) => Some(Asked::OfOne(by)),
            (None, Coverage::Whole) => Some(Asked::Nowhere),
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
    if PAGES.contains(&name) {
        return true;
    }
    let last = name
        .rfind(|letter: char| letter.is_ascii_uppercase())
        .map_or(name, |at| &name[at..]);
    let last = last.to_ascii_lowercase();
    last.ends_with('s') && !last.ends_with("ss") && !NO_PLURALS.contains(&last.as_str())
}

#[cfg(test)]
mod tests;
