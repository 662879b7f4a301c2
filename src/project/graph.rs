//! The call graph: what every function calls, which queries it runs, and what follows from that for its callers.

mod arguments;
mod awaited;
mod edges;
mod effects;
mod file;
mod lazy_reads;
mod page_sizes;
mod sites;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::Code;
use crate::budget::CountedVec;
use crate::ir::{ExprId, ExprKind, Function, FunctionId, Language, Module};
use crate::libraries::entries::{self, Entry};
use crate::libraries::shared::callbacks;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::vocabulary::List;
use arguments::merge_arguments;
pub use awaited::{is_awaited, is_given_back};
use file::{FileGraph, build};

/// Steps of a printed way from a function to what it does.
const LONGEST_CHAIN: usize = 24;

/// A function of the project, by its place in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FnId(pub u32);

impl FnId {
    /// The list index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A place where a statement reaches a database.
#[derive(Clone, Debug)]
pub struct QuerySite {
    /// File that it stands in.
    pub file: FileId,
    /// The call that runs it, or the iterable that does.
    pub expr: ExprId,
    /// The function it stands in (a lambda where it stands in one).
    pub function: FnId,
    /// Its text.
    pub span: Span,
    /// What it does.
    pub query: Arc<Query>,
    /// `await` stands before it, or it is handed to something that awaits.
    pub awaited: bool,
    /// All rows of a relation, which some query of the project loads along: perhaps nothing is asked here.
    pub held: bool,
}

/// How an edge leads to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// The function that is called, which runs before the call ends.
    Call,
    /// A callback that runs during the call.
    Inline,
    /// A function that runs on another thread or in another process while the caller waits.
    Barrier,
    /// A callback that runs later, or that a framework calls.
    Later,
}

/// A call in a function.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The call, or the callback's expression.
    pub expr: ExprId,
    /// The functions that it may run.
    pub targets: Vec<FnId>,
    /// The library's function that it runs.
    pub external: Option<Arc<str>>,
    /// What the library's function does.
    pub effects: Effects,
    /// How.
    pub kind: EdgeKind,
    /// Whether the result is awaited.
    pub awaited: bool,
    /// Resolved by a unique name only.
    pub guessed: bool,
}

/// The next step towards an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectStep {
    /// A query of this function.
    Query(usize),
    /// An edge of this function that has the effect itself.
    Direct(usize),
    /// An edge of this function and the target that has the effect.
    Via(usize, FnId),
}

/// A function with its calls.
#[derive(Clone, Debug)]
pub struct FunctionNode {
    /// File that it stands in.
    pub file: FileId,
    /// The function there.
    pub id: FunctionId,
    /// Whether it is declared `async`.
    pub is_async: bool,
    /// Results are kept between calls (`lru_cache`, `cache`).
    pub is_cached: bool,
    /// Calls, in source order.
    pub edges: Vec<Edge>,
    /// Queries, as indices into [`Graph::sites`].
    pub queries: Vec<usize>,
    /// Calls of which it is not known what they run.
    pub unresolved: Vec<ExprId>,
    /// Effects with all that is called.
    pub effects: Effects,
    /// For each of [`TRACKED`], the next step of the shortest chain to it.
    pub next: [Option<EffectStep>; TRACKED.len()],
}

/// Effects that travel up the call graph.
pub const TRACKED: [Effects; 5] = [Effects::QUERY, Effects::WRITE, Effects::NETWORK, Effects::BLOCKING, Effects::SLEEP];

/// The place of reads in [`TRACKED`].
pub const QUERY_SLOT: usize = 0;
/// The place of changes in [`TRACKED`].
pub const WRITE_SLOT: usize = 1;
/// The place of requests to other machines in [`TRACKED`].
pub const NETWORK_SLOT: usize = 2;

/// The call graph of a project.
#[derive(Debug, Default)]
pub struct Graph {
    /// All functions, by file and place.
    pub functions: CountedVec<FunctionNode>,
    /// The first function of each file.
    pub first: Vec<u32>,
    /// All query sites, by file and place.
    pub sites: CountedVec<QuerySite>,
    /// The first query site at each expression, as an index into [`Graph::sites`].
    site_at: FxHashMap<(FileId, ExprId), usize>,
    /// Entry points.
    pub entries: Vec<Entry>,
    /// Routers and the paths that they are put below, by file and place.
    pub mounts: Vec<entries::Mount>,
    /// The file that registers each entry point: its place is there.
    pub registered: Vec<FileId>,
    /// For each function the entry that reaches it and the function before it on the way.
    pub reach: Vec<Option<Visit>>,
    /// The ways on which entry points reach functions; one function can be reached with different arguments.
    pub visits: Vec<(FnId, Visit)>,
    /// For each function how many entry points that somebody waits for call it, up to [`super::reach::MAX_SHARED`].
    pub shared: Vec<u8>,
    /// The program is small, and asked few things: see [`super::reach::mark`].
    pub is_small: bool,
    /// The languages in which entry points reach most of what does something: there, nothing calls what they do not reach.
    pub followed: Vec<Language>,
    /// Calls seen, and calls resolved to a function or a library.
    pub calls: CallTotals,
}

/// How calls were resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTotals {
    /// All calls of the project's code.
    pub total: usize,
    /// To functions and classes of the project.
    pub resolved: usize,
    /// To libraries.
    pub external: usize,
}

/// So many calls of a way are told, by design.
pub const LONGEST_WAY: usize = 40;

/// How an entry point reaches a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Index into [`Graph::entries`].
    pub entry: usize,
    /// The caller's place in [`Graph::visits`] and which of its edges it is; `None` for the entry itself.
    pub from: Option<(u32, u32)>,
    /// Calls between.
    pub distance: u32,
    /// A callback that runs later is on the way: nobody waits for it.
    pub later: bool,
    /// A call that is not certain is on the way.
    pub is_loose: bool,
    /// A call that the process makes once is on the way: what it brings is kept.
    pub is_once: bool,
    /// A call that is made only where a cache has not got what it brings is on the way.
    pub is_missed: bool,
}

/// When a visit of a function runs; what comes first is worth more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VisitStage {
    /// While the entry point's caller waits.
    Now,
    /// While the few wait for whom a cache has nothing.
    Missed,
    /// Later: nobody waits for it.
    Later,
    /// Once in a process.
    Once,
}

impl Visit {
    /// When it runs.
    pub fn stage(&self) -> VisitStage {
        match self {
            Visit { is_once: true, .. } => VisitStage::Once,
            Visit { later: true, .. } => VisitStage::Later,
            Visit { is_missed: true, .. } => VisitStage::Missed,
            _ => VisitStage::Now,
        }
    }
}

impl Graph {
    /// Builds the graph. Two rounds: what calls pass to parameters without an annotation is known after the first. `hold` marks
    /// the sites that perhaps ask nothing.
    pub fn new(code: &mut Code, hold: &mut dyn FnMut(&Code, &mut [QuerySite])) -> Graph {
        let first: Vec<u32> = code
            .files
            .iter()
            .scan(0_u32, |next, facts| {
                let here = *next;
                *next += facts.module.as_ref().map_or(0, |module| module.functions.len() as u32);
                Some(here)
            })
            .collect();
        let properties = code.step("the names of properties", || property_names(code));
        let mut files = build(code, &first, &properties, |_| true);
        code.arguments = code.step("what calls are given", || merge_arguments(files.iter().flatten()));
        let is_told = |file: &FileGraph| file.asked.iter().any(|parameter| code.arguments.contains_key(parameter));
        let told: Vec<bool> = files.iter().map(|file| file.as_ref().is_some_and(is_told)).collect();
        let again = build(code, &first, &properties, |file| told[file]);
        for (file, again) in files.iter_mut().zip(again) {
            *file = again.or_else(|| file.take());
        }
        let files = files.into_iter().flatten().collect();
        let mut graph = assemble(code, first, files);
        code.step("calls of names that only one function has", || graph.resolve_unique_names(code));
        hold(code, graph.sites.as_mut_vec());
        code.chosen_sizes = code.step("page sizes that callers pass", || graph.widen_pages(code));
        code.step("what functions do by what they call", || graph.propagate());
        graph
    }

    /// The graph's function of a file's function.
    pub fn id(&self, file: FileId, function: FunctionId) -> FnId {
        FnId(self.first.get(file.index()).copied().unwrap_or(0) + function.0)
    }

    /// The node of an id of this graph.
    pub fn function(&self, id: FnId) -> &FunctionNode {
        &self.functions[id.index()]
    }

    /// The steps from a function to an effect: each with the function it is taken in.
    pub fn chain(&self, from: FnId, effect: usize) -> Vec<(FnId, EffectStep)> {
        let mut out = Vec::new();
        let mut at = from;
        while out.len() < LONGEST_CHAIN {
            let Some(step) = self.function(at).next[effect] else { break };
            out.push((at, step));
            match step {
                EffectStep::Via(_, next) => at = next,
                _ => break,
            }
        }
        out
    }

    /// The query site at an expression.
    pub fn site_at(&self, file: FileId, expr: ExprId) -> Option<&QuerySite> {
        self.sites.get(*self.site_at.get(&(file, expr))?)
    }

    /// The calls that a function makes at an expression, found by its place: functions can have any number of calls.
    pub fn edges_at(&self, code: &Code, function: FnId, expr: ExprId) -> impl Iterator<Item = &Edge> {
        let node = &self.functions[function.index()];
        let module = code.module(node.file);
        let start_of = move |edge: &Edge| module.expr(edge.expr).span.start;
        let start = module.expr(expr).span.start;
        let from = node.edges.partition_point(|edge| start_of(edge) < start);
        let here = node.edges[from..].iter().take_while(move |edge| start_of(edge) == start);
        here.filter(move |edge| edge.expr == expr)
    }

    /// The functions from the entry point down to a function, the entry first.
    pub fn path_to(&self, function: FnId) -> Vec<FnId> {
        let callers = self.calls_to(function).into_iter().map(|(caller, _)| caller);
        callers.chain([function]).collect()
    }

    /// The way from an entry point to a function.
    pub fn way_to(&self, function: FnId) -> Option<Visit> {
        self.reach.get(function.index()).copied().flatten()
    }

    /// The calls from the entry point down to a function: each with the function that makes it and its place among the edges.
    pub fn calls_to(&self, function: FnId) -> Vec<(FnId, usize)> {
        self.calls_on(self.way_to(function))
    }

    /// The calls of a way, in its order.
    pub fn calls_on(&self, way: Option<Visit>) -> Vec<(FnId, usize)> {
        let mut out = Vec::new();
        let mut at = way;
        while let Some((visit, edge)) = at.and_then(|reach| reach.from) {
            let Some(&(caller, reach)) = self.visits.get(visit as usize) else {
                break;
            };
            out.push((caller, edge as usize));
            at = Some(reach);
            if out.len() > LONGEST_WAY {
                break;
            }
        }
        out.reverse();
        out
    }

    /// The file in which an entry point is registered.
    pub fn registered_in(&self, entry: &Entry) -> FileId {
        // Entry points are asked for one by one, as places in the list: to look for each would cost all of them each time.
        let bytes = std::ptr::from_ref(entry).addr().checked_sub(self.entries.as_ptr().addr());
        let at = bytes.map(|bytes| bytes / size_of::<Entry>());
        let is_it = |at: &usize| self.entries.get(*at).is_some_and(|other| std::ptr::eq(other, entry));
        let registered = at.filter(is_it).and_then(|at| self.registered.get(at));
        registered.copied().unwrap_or(entry.function.0)
    }

    /// The entry point that reaches a function.
    pub fn entry_of(&self, function: FnId) -> Option<&Entry> {
        self.reach
            .get(function.index())
            .copied()
            .flatten()
            .and_then(|reach| self.entries.get(reach.entry))
    }

    /// A method name that only one function has is that function; at lower confidence, where nothing else is known.
    fn resolve_unique_names(&mut self, code: &Code) {
        let mut by_name: FxHashMap<&str, Vec<FnId>> = FxHashMap::default();
        for (index, node) in self.functions.iter().enumerate() {
            let module = code.module(node.file);
            let function = module.function(node.id);
            // What only declares a method is no second one.
            let is_method = function.name.is_some() && !module.is_abstract(node.id);
            if let (Some(name), false, true) = (function.name, function.is_lambda && function.class.is_none(), is_method) {
                by_name.entry(module.str(name)).or_default().push(FnId(index as u32));
            }
        }
        for node in &mut self.functions {
            let module = code.module(node.file);
            let mut found = FxHashSet::default();
            for edge in &mut node.edges {
                if !edge.guessed {
                    continue;
                }
                let Some(call) = module.call(edge.expr) else { continue };
                let Some(method) = call.method().filter(|name| is_distinctive(name)) else {
                    continue;
                };
                if let Some([only]) = by_name.get(method).map(Vec::as_slice) {
                    edge.targets = vec![*only];
                    found.insert(edge.expr);
                }
            }
            node.unresolved.retain(|call| !found.contains(call));
        }
    }
}

/// Whether a name says so much that two functions seldom share it by chance.
pub(super) fn is_distinctive(name: &str) -> bool {
    let words = name.split('_').filter(|word| !word.is_empty()).count();
    let humps = name.chars().filter(char::is_ascii_uppercase).count();
    name.len() >= 10 && (words >= 2 || humps >= 1)
}

fn property_names(code: &Code) -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    for (_, module) in code.modules() {
        if module.language == Language::Python {
            names.extend(
                module
                    .functions
                    .iter()
                    .filter(|f| f.is_property)
                    .filter_map(|f| f.name)
                    .map(|name| module.str(name).to_owned()),
            );
        }
    }
    names
}

fn assemble(code: &Code, first: Vec<u32>, files: Vec<FileGraph>) -> Graph {
    let mut graph = Graph { first, ..Graph::default() };
    for (index, file) in files.into_iter().enumerate() {
        let id = FileId(index as u32);
        let module = code.module(id);
        let base = graph.sites.len();
        for (at, site) in file.sites.iter().enumerate() {
            graph.site_at.entry((id, site.expr)).or_insert(base + at);
        }
        graph.sites.extend(file.sites);
        graph.registered.extend(file.entries.iter().map(|_| id));
        graph.entries.extend(file.entries);
        graph.mounts.extend(file.mounts);
        graph.calls.total += file.calls.total;
        graph.calls.resolved += file.calls.resolved;
        graph.calls.external += file.calls.external;
        for (function, ((edges, queries), unresolved)) in file.functions.into_iter().zip(file.unresolved).enumerate() {
            let function = FunctionId(function as u32);
            let definition = module.function(function);
            graph.functions.push(FunctionNode {
                file: id,
                id: function,
                is_async: definition.is_async,
                is_cached: code.part(id, || is_cached(module, definition)).unwrap_or_default(),
                edges,
                queries: queries.into_iter().map(|site| site + base).collect(),
                unresolved,
                effects: Effects::NONE,
                next: [None; TRACKED.len()],
            });
        }
    }
    graph
}

/// Whether what a function gives is kept between its calls.
fn is_cached(module: &Module, function: &Function) -> bool {
    function.decorators.iter().any(|&decorator| is_cache_decorator(module, decorator))
}

/// `@lru_cache(maxsize=100)`, `@cached`, `@method_decorator(cache_page(60))`.
fn is_cache_decorator(module: &Module, decorator: ExprId) -> bool {
    let call = module.call(decorator);
    let name = match module.kind(call.map_or(decorator, |call| call.callee)) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return false,
    };
    let wraps = || {
        call.and_then(|call| call.arg(0))
            .is_some_and(|inner| is_cache_decorator(module, inner))
    };
    List::CacheDecorators.has(name) || callbacks::wraps_a_decorator(name) && wraps()
}
