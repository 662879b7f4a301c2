//! The call graph: what every function calls, which queries it runs, and what follows from that for its callers.

use std::collections::VecDeque;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Callees, Code, Evaluator, Parameter, is_iteration};
use super::scope::Member;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtKind};
use crate::libraries::entries::{self, Entry};
use crate::libraries::shared::callbacks::{self, Callback};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::queued::{self, Queued};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::source::Span;

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
    /// File.
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
    /// A call.
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
pub enum Step {
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
    /// File.
    pub file: FileId,
    /// The function there.
    pub id: FunctionId,
    /// `async`.
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
    pub next: [Option<Step>; TRACKED.len()],
}

/// Effects that travel up the call graph.
pub const TRACKED: [Effects; 5] = [Effects::QUERY, Effects::WRITE, Effects::NETWORK, Effects::BLOCKING, Effects::SLEEP];

/// The call graph of a project.
#[derive(Debug, Default)]
pub struct Graph {
    /// All functions, by file and place.
    pub functions: Vec<FunctionNode>,
    /// The first function of each file.
    pub first: Vec<u32>,
    /// All query sites, by file and place.
    pub sites: Vec<QuerySite>,
    /// Entry points.
    pub entries: Vec<Entry>,
    /// Routers and the paths that they are put below, by file and place.
    pub mounts: Vec<entries::Mount>,
    /// The file that registers each entry point: its place is there.
    pub registered: Vec<FileId>,
    /// For each function the entry that reaches it and the function before it on the way.
    pub reach: Vec<Option<Reach>>,
    /// The ways on which entry points reach functions; one function can be reached with different arguments.
    pub visits: Vec<(FnId, Reach)>,
    /// For each function how many entry points that somebody waits for call it, up to [`super::reach::MAX_SHARED`].
    pub shared: Vec<u8>,
    /// Calls seen, and calls resolved to a function or a library.
    pub calls: CallTotals,
}

/// How calls were resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTotals {
    /// Calls.
    pub total: usize,
    /// To functions and classes of the project.
    pub resolved: usize,
    /// To libraries.
    pub external: usize,
}

/// How an entry point reaches a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Index into [`Graph::entries`].
    pub entry: usize,
    /// The caller's place in [`Graph::visits`] and which of its edges it is; `None` for the entry itself.
    pub from: Option<(u32, u32)>,
    /// Calls between.
    pub distance: u32,
    /// A callback that runs later is on the way: nobody waits for it.
    pub later: bool,
}

/// What is found in one file.
struct FileGraph {
    functions: Vec<(Vec<Edge>, Vec<usize>)>,
    /// Calls of each function that lead nowhere.
    unresolved: Vec<Vec<ExprId>>,
    sites: Vec<QuerySite>,
    entries: Vec<Entry>,
    mounts: Vec<entries::Mount>,
    calls: CallTotals,
    arguments: Vec<(Parameter, Value)>,
    /// Parameters on whose arguments something here depends.
    asked: FxHashSet<Parameter>,
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
        let properties = property_names(code);
        let mut files = build(code, &first, &properties, |_| true);
        code.arguments = merge_arguments(files.iter().flatten());
        let is_told = |file: &FileGraph| file.asked.iter().any(|parameter| code.arguments.contains_key(parameter));
        let told: Vec<bool> = files.iter().map(|file| file.as_ref().is_some_and(is_told)).collect();
        let again = build(code, &first, &properties, |file| told[file]);
        for (file, again) in files.iter_mut().zip(again) {
            *file = again.or_else(|| file.take());
        }
        let files = files.into_iter().flatten().collect();
        let mut graph = assemble(code, first, files);
        graph.resolve_unique_names(code);
        hold(code, &mut graph.sites);
        graph.propagate();
        graph
    }

    /// The graph's function of a file's function.
    pub fn id(&self, file: FileId, function: FunctionId) -> FnId {
        FnId(self.first.get(file.index()).copied().unwrap_or(0) + function.0)
    }

    /// A function.
    pub fn function(&self, id: FnId) -> &FunctionNode {
        &self.functions[id.index()]
    }

    /// The steps from a function to an effect: each with the function it is taken in.
    pub fn chain(&self, from: FnId, effect: usize) -> Vec<(FnId, Step)> {
        let mut out = Vec::new();
        let mut at = from;
        while out.len() < 24 {
            let Some(step) = self.function(at).next[effect] else { break };
            out.push((at, step));
            match step {
                Step::Via(_, next) => at = next,
                _ => break,
            }
        }
        out
    }

    /// The functions from the entry point down to a function, the entry first.
    pub fn path_to(&self, function: FnId) -> Vec<FnId> {
        let callers = self.calls_to(function).into_iter().map(|(caller, _)| caller);
        callers.chain([function]).collect()
    }

    /// The calls from the entry point down to a function: each with the function that makes it and its place among the edges.
    pub fn calls_to(&self, function: FnId) -> Vec<(FnId, usize)> {
        let mut out = Vec::new();
        let mut at = self.reach.get(function.index()).copied().flatten();
        while let Some((visit, edge)) = at.and_then(|reach| reach.from) {
            let Some(&(caller, reach)) = self.visits.get(visit as usize) else {
                break;
            };
            out.push((caller, edge as usize));
            at = Some(reach);
            if out.len() > 40 {
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
            if let (Some(name), false) = (function.name, function.is_lambda && function.class.is_none()) {
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

    /// Carries effects from callees to callers, shortest chains first.
    fn propagate(&mut self) {
        let mut callers: Vec<Vec<(FnId, usize)>> = vec![Vec::new(); self.functions.len()];
        for (index, node) in self.functions.iter().enumerate() {
            for (at, edge) in node.edges.iter().enumerate() {
                if edge.kind == EdgeKind::Later {
                    continue;
                }
                for target in &edge.targets {
                    callers[target.index()].push((FnId(index as u32), at));
                }
            }
        }
        for (slot, effect) in TRACKED.into_iter().enumerate() {
            let mut queue = VecDeque::new();
            for index in 0..self.functions.len() {
                if let Some(step) = self.own_step(index, effect) {
                    self.functions[index].next[slot] = Some(step);
                    queue.push_back(FnId(index as u32));
                }
            }
            while let Some(at) = queue.pop_front() {
                let node = &self.functions[at.index()];
                if node.is_cached && effect != Effects::BLOCKING {
                    continue;
                }
                // Who awaits an async function that blocks is not the cause: the function itself is reported.
                if effect == Effects::BLOCKING && node.is_async {
                    continue;
                }
                for &(caller, edge_at) in &callers[at.index()] {
                    let edge = &self.functions[caller.index()].edges[edge_at];
                    if effect == Effects::BLOCKING && edge.kind == EdgeKind::Barrier {
                        continue;
                    }
                    if self.functions[caller.index()].next[slot].is_none() {
                        self.functions[caller.index()].next[slot] = Some(Step::Via(edge_at, at));
                        queue.push_back(caller);
                    }
                }
            }
        }
        for node in &mut self.functions {
            for (slot, effect) in TRACKED.into_iter().enumerate() {
                if node.next[slot].is_some() {
                    node.effects = node.effects.and(effect);
                }
            }
        }
    }

    /// The function's own first step to an effect.
    fn own_step(&self, index: usize, effect: Effects) -> Option<Step> {
        let node = &self.functions[index];
        for &site in &node.queries {
            let query = &self.sites[site].query;
            let is_write = matches!(
                query.statement.operation,
                crate::statement::Operation::Insert | crate::statement::Operation::Update | crate::statement::Operation::Delete
            );
            let has = match effect {
                // Who runs it for rows that were not loaded so is found by what the rows came from.
                Effects::QUERY => !is_write && !self.sites[site].held,
                Effects::WRITE => is_write,
                Effects::BLOCKING => query.blocking && !self.sites[site].awaited,
                _ => false,
            };
            if has {
                return Some(Step::Query(site));
            }
        }
        node.edges
            .iter()
            .position(|edge| edge.kind == EdgeKind::Call && edge.effects.has(effect) && !(effect == Effects::BLOCKING && edge.awaited))
            .map(Step::Direct)
    }
}

fn is_distinctive(name: &str) -> bool {
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

/// The graphs of the wanted files, by place.
fn build(code: &Code, first: &[u32], properties: &FxHashSet<String>, wanted: impl Fn(usize) -> bool + Sync) -> Vec<Option<FileGraph>> {
    (0..code.files.len())
        .into_par_iter()
        .map(|index| wanted(index).then(|| FileBuilder::new(code, first, properties, FileId(index as u32)).run()))
        .collect()
}

/// What calls pass, where they agree.
fn merge_arguments<'f>(files: impl Iterator<Item = &'f FileGraph>) -> FxHashMap<Parameter, Value> {
    let mut merged: FxHashMap<Parameter, Value> = FxHashMap::default();
    let mut clash: FxHashSet<Parameter> = FxHashSet::default();
    for (key, value) in files.flat_map(|file| &file.arguments) {
        match merged.get(key) {
            None => {
                merged.insert(*key, value.clone());
            }
            Some(known) if same_kind(known, value) => {}
            Some(_) => {
                clash.insert(*key);
            }
        }
    }
    merged.retain(|key, _| !clash.contains(key));
    merged
}

/// Whether two callers pass the same kind of thing: rows of one model are one kind whatever query they came from.
fn same_kind(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Row(a, _), Value::Row(b, _)) => a == b,
        (Value::Row(Model::Class(file, class), _), Value::Instance(other, instance))
        | (Value::Instance(other, instance), Value::Row(Model::Class(file, class), _)) => (file, class) == (other, instance),
        (Value::Many(a), Value::Many(b)) => same_kind(a, b),
        _ => a == b,
    }
}

fn assemble(code: &Code, first: Vec<u32>, files: Vec<FileGraph>) -> Graph {
    let mut graph = Graph { first, ..Graph::default() };
    for (index, file) in files.into_iter().enumerate() {
        let id = FileId(index as u32);
        let module = code.module(id);
        let base = graph.sites.len();
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
                is_cached: definition.decorators.iter().any(|&decorator| is_cache_decorator(module, decorator)),
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

fn is_cache_decorator(module: &Module, decorator: ExprId) -> bool {
    let name = match module.kind(decorator) {
        ExprKind::Call { callee, .. } => *callee,
        _ => decorator,
    };
    let name = match module.kind(name) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return false,
    };
    matches!(
        name,
        "lru_cache" | "cache" | "cached" | "alru_cache" | "cached_property" | "memoize" | "ttl_cache" | "async_lru_cache" | "redis_cache"
    )
}

struct FileBuilder<'c> {
    code: &'c Code,
    eval: Evaluator<'c>,
    first: &'c [u32],
    properties: &'c FxHashSet<String>,
    file: FileId,
    module: &'c Module,
    out: FileGraph,
    /// Calls that belong to a query site's chain: no edges of their own.
    claimed: FxHashSet<ExprId>,
    /// What decorators make of plain and of `async` functions.
    wrapped: FxHashMap<(FileId, FunctionId, bool), Vec<FunctionId>>,
    /// Whether a call of a function only puts it into a queue.
    queued: FxHashMap<(FileId, FunctionId), bool>,
    /// Whether a function waits for a thread that it starts.
    joins: FxHashMap<FunctionId, bool>,
}

impl<'c> FileBuilder<'c> {
    fn new(code: &'c Code, first: &'c [u32], properties: &'c FxHashSet<String>, file: FileId) -> Self {
        let module = code.module(file);
        let has_module = code.files.get(file.index()).is_some_and(|facts| facts.module.is_some());
        let count = if has_module { module.functions.len() } else { 0 };
        let out = FileGraph {
            functions: vec![(Vec::new(), Vec::new()); count],
            unresolved: vec![Vec::new(); count],
            sites: Vec::new(),
            entries: Vec::new(),
            mounts: Vec::new(),
            calls: CallTotals::default(),
            arguments: Vec::new(),
            asked: FxHashSet::default(),
        };
        FileBuilder {
            code,
            eval: Evaluator::new(code),
            first,
            properties,
            file,
            module,
            out,
            claimed: FxHashSet::default(),
            wrapped: FxHashMap::default(),
            queued: FxHashMap::default(),
            joins: FxHashMap::default(),
        }
    }

    fn run(mut self) -> FileGraph {
        if self.out.functions.is_empty() {
            return self.out;
        }
        let module = self.module;
        let outermost: Vec<ExprId> = module.call_ids().filter(|&id| !is_chained(module, id)).collect();
        // As the source has them first: a query that statements build one after the other is known before what builds on it.
        let mut in_order = outermost.clone();
        in_order.sort_by_key(|&call| module.expr(call).span.start);
        for call in in_order {
            self.eval.query_at(self.file, call);
        }
        for &call in &outermost {
            self.find_site(call);
        }
        self.find_iterated();
        for (id, expr) in module.expr_ids() {
            match &expr.kind {
                ExprKind::Call { .. } if !self.claimed.contains(&id) => self.edges(id),
                ExprKind::Call { .. } => self.callbacks_of_claimed(id),
                ExprKind::Attr { base, name } if self.properties.contains(module.str(*name)) => self.property(id, *base, module.str(*name)),
                _ => {}
            }
        }
        for (id, function) in module.function_ids() {
            for &decorator in &function.decorators {
                self.decorated(id, decorator);
            }
        }
        self.entries();
        let sort = |edges: &mut Vec<Edge>| edges.sort_by_key(|edge| (module.expr(edge.expr).span.start, edge.expr));
        for (edges, _) in &mut self.out.functions {
            sort(edges);
        }
        self.out.asked = self.eval.asked();
        self.out
    }

    fn fn_id(&self, file: FileId, function: FunctionId) -> FnId {
        FnId(self.first[file.index()] + function.0)
    }

    /// Finds the query that a chain runs: at its outermost recognised call.
    fn find_site(&mut self, outermost: ExprId) {
        let mut at = Some(outermost);
        while let Some(id) = at {
            let Some(call) = self.module.call(id) else { return };
            if let Some(query) = self.eval.query_at(self.file, id) {
                self.claim(id);
                if query.executed && !query.fetch {
                    self.add_site(id, query);
                }
                return;
            }
            for query in self.eval.specialised_sites(self.file, id) {
                self.add_site(id, query);
            }
            at = inner_call(self.module, &call);
        }
    }

    fn claim(&mut self, id: ExprId) {
        let Some(call) = self.module.call(id) else { return };
        // A helper of the project does what it does besides, whatever query it gives. One that a library's recogniser knows is a step of
        // the library's, as a method that wraps a driver's.
        let is_helper = |call: &Call<'_>| {
            !self.eval.is_recognised(self.file, call.id) && matches!(self.eval.value(self.file, call.callee), Value::Function(..))
        };
        let library: Vec<ExprId> = call.chain().iter().filter(|call| !is_helper(call)).map(|call| call.id).collect();
        self.claimed.extend(library);
    }

    fn add_site(&mut self, expr: ExprId, query: Arc<Query>) {
        let owner = self.module.owner(expr);
        let site = self.out.sites.len();
        self.out.functions[owner.index()].1.push(site);
        self.out.sites.push(QuerySite {
            file: self.file,
            expr,
            function: self.fn_id(self.file, owner),
            span: self.module.expr(expr).span,
            query,
            awaited: is_awaited(self.module, expr),
            held: false,
        });
    }

    /// Lazy queries run where they are iterated, counted or awaited.
    fn find_iterated(&mut self) {
        let module = self.module;
        let mut places: Vec<ExprId> = Vec::new();
        for stmt in &module.stmts {
            if let StmtKind::Loop {
                iterable: Some(iterable), ..
            } = &stmt.kind
            {
                places.push(*iterable);
            }
        }
        for expr in &module.exprs {
            match &expr.kind {
                ExprKind::Comp(comp) => places.extend(comp.clauses.iter().map(|clause| clause.iterable)),
                ExprKind::Await(inner) if !matches!(module.kind(*inner), ExprKind::Call { .. }) => places.push(*inner),
                ExprKind::Call { callee, args, .. } if args.len() == 1 => {
                    if let ExprKind::Name(name) = module.kind(*callee)
                        && matches!(
                            module.str(*name),
                            "list"
                                | "len"
                                | "sorted"
                                | "set"
                                | "tuple"
                                | "sum"
                                | "dict"
                                | "bool"
                                | "enumerate"
                                | "iter"
                                | "next"
                                | "any"
                                | "all"
                        )
                    {
                        places.push(args[0].value);
                    }
                }
                _ => {}
            }
        }
        for place in places {
            if let Some(query) = self.eval.query_at(self.file, place).filter(|query| !query.executed) {
                self.claim(place);
                let mut run = (*query).clone();
                run.executed = true;
                self.add_site(place, Arc::new(run));
            }
        }
    }

    fn edges(&mut self, id: ExprId) {
        let module = self.module;
        let Some(call) = module.call(id) else { return };
        self.out.calls.total += 1;
        let owner = module.owner(id);
        let callees = self.eval.callees(self.file, call.callee);
        let mut edge = Edge {
            expr: id,
            targets: Vec::new(),
            external: None,
            effects: Effects::NONE,
            kind: EdgeKind::Call,
            awaited: is_awaited(module, id),
            guessed: false,
        };
        match callees {
            Callees::Functions(functions) => {
                // A helper that builds a query is given rows of many kinds: what its callers pass says less than the names of relations.
                if self.eval.query_at(self.file, id).is_none() {
                    self.pass_arguments(&call, &functions);
                }
                if functions.iter().all(|&(file, function)| self.only_enqueues(file, function)) {
                    edge.kind = EdgeKind::Later;
                }
                edge.targets = functions.into_iter().map(|(file, function)| self.fn_id(file, function)).collect();
                self.out.calls.resolved += 1;
            }
            Callees::External(name) => {
                edge.effects = self
                    .code
                    .data
                    .of(module.language)
                    .call(&name)
                    .map(|facts| facts.effects)
                    .unwrap_or_default();
                edge.external = Some(name);
                self.out.calls.external += 1;
            }
            Callees::Nothing => self.out.calls.resolved += 1,
            Callees::BuiltIn => self.out.calls.external += 1,
            // What comes after the base in the order of resolution is not known here; a subclass it never is.
            Callees::Unknown if is_super(module, &call) => self.out.unresolved[owner.index()].push(id),
            Callees::Unknown => {
                let interface = self.interface_methods(&call);
                if interface.is_empty() {
                    self.out.unresolved[owner.index()].push(id);
                }
                edge.guessed = interface.is_empty() && call.receiver().is_some();
                edge.targets = interface;
            }
        }
        if self.only_makes_generator(&edge) {
            edge.kind = EdgeKind::Later;
        }
        if !edge.targets.is_empty() || edge.external.is_some() || edge.guessed {
            self.out.functions[owner.index()].0.push(edge);
        }
        self.callbacks(&call, owner);
    }

    /// A call of what a queue's decorator made of a function runs nothing of it: a worker does, in its own time.
    fn only_enqueues(&mut self, file: FileId, function: FunctionId) -> bool {
        if self.code.module(file).function(function).decorators.is_empty() {
            return false;
        }
        let known = self.queued.entry((file, function));
        *known.or_insert_with(|| queued::queued(&self.eval, file, function) == Some(Queued::ByCall))
    }

    /// A call of a generator function runs nothing until somebody iterates or enters it.
    fn only_makes_generator(&self, edge: &Edge) -> bool {
        let is_generator = |target: &FnId| {
            let file = FileId((self.first.partition_point(|&first| first <= target.0) - 1) as u32);
            let module = self.code.module(file);
            module
                .functions
                .get((target.0 - self.first[file.index()]) as usize)
                .is_some_and(|function| function.is_generator)
        };
        !edge.targets.is_empty() && edge.targets.iter().all(is_generator) && !is_consumed(self.module, edge.expr)
    }

    fn interface_methods(&self, call: &Call<'_>) -> Vec<FnId> {
        let (Some(receiver), Some(method)) = (call.receiver(), call.method()) else {
            return Vec::new();
        };
        match self.eval.value(self.file, receiver) {
            Value::Instance(file, class) => {
                let found = self.eval.implementations(file, class, method);
                if found.len() > 6 {
                    Vec::new()
                } else {
                    found.iter().map(|&(file, function)| self.fn_id(file, function)).collect()
                }
            }
            _ => Vec::new(),
        }
    }

    fn callbacks_of_claimed(&mut self, id: ExprId) {
        if let Some(call) = self.module.call(id) {
            let owner = self.module.owner(id);
            self.callbacks(&call, owner);
        }
    }

    /// Functions handed to a call.
    fn callbacks(&mut self, call: &Call<'_>, owner: FunctionId) {
        let module = self.module;
        for (index, arg) in call.args.iter().enumerate() {
            let (targets, literal) = match module.kind(arg.value) {
                ExprKind::Lambda(function) => (vec![self.fn_id(self.file, *function)], true),
                ExprKind::Name(_) | ExprKind::Attr { .. } => match self.eval.value(self.file, arg.value) {
                    Value::Function(file, function) => (vec![self.fn_id(file, function)], false),
                    _ => continue,
                },
                _ => continue,
            };
            let kind = match callbacks::callback(&self.eval, self.file, *call, index) {
                Callback::PerElement | Callback::Called => EdgeKind::Inline,
                Callback::Inline if literal => EdgeKind::Inline,
                Callback::Inline | Callback::Later => EdgeKind::Later,
                Callback::Barrier if callbacks::is_thread(call) && !self.waits_for_thread(owner) => EdgeKind::Later,
                Callback::Barrier => EdgeKind::Barrier,
            };
            let edge = Edge {
                expr: arg.value,
                targets,
                external: None,
                effects: Effects::NONE,
                kind,
                awaited: is_awaited(module, call.id),
                guessed: false,
            };
            self.out.functions[owner.index()].0.push(edge);
        }
    }

    /// `thread.join()` in the function that starts the thread; else it goes on by itself.
    fn waits_for_thread(&mut self, function: FunctionId) -> bool {
        let module = self.module;
        let is_wait = |id: ExprId| {
            let call = module.call(id);
            call.is_some_and(|call| call.method() == Some("join") && call.args.len() <= 1 && !is_text(module, call.receiver()))
        };
        let known = self.joins.entry(function);
        *known.or_insert_with(|| module.call_ids_in(function).any(is_wait))
    }

    /// A property that is read runs its function.
    fn property(&mut self, id: ExprId, base: ExprId, name: &str) {
        let place = match self.eval.value(self.file, base) {
            Value::Instance(file, class) | Value::Row(Model::Class(file, class), _) => (file, class),
            _ => return,
        };
        let Some((file, Member::Method(function))) = self.eval.member(place.0, place.1, name) else {
            return;
        };
        let definition = self.code.module(file).function(function);
        // `ping.duration = None` keeps what is set and runs nothing.
        if !definition.is_property || is_set(self.module, id) {
            return;
        }
        let owner = self.module.owner(id);
        let edge = Edge {
            expr: id,
            targets: vec![self.fn_id(file, function)],
            external: None,
            effects: Effects::NONE,
            kind: EdgeKind::Call,
            awaited: false,
            guessed: false,
        };
        self.out.functions[owner.index()].0.push(edge);
    }

    /// Calling a decorated function runs the decorator's innermost function: its retries, its queries.
    fn decorated(&mut self, id: FunctionId, decorator: ExprId) {
        let callee = match self.module.kind(decorator) {
            ExprKind::Call { callee, .. } => *callee,
            _ => decorator,
        };
        let Value::Function(file, wrapper) = self.eval.value(self.file, callee) else {
            return;
        };
        let is_async = self.module.function(id).is_async;
        let made = self.wrapped.entry((file, wrapper, is_async));
        let inner = made.or_insert_with(|| innermost(self.code.module(file), wrapper, is_async));
        let targets: Vec<FnId> = inner.iter().map(|inner| FnId(self.first[file.index()] + inner.0)).collect();
        if targets.is_empty() {
            return;
        }
        let edge = Edge {
            expr: decorator,
            targets,
            external: None,
            effects: Effects::NONE,
            kind: EdgeKind::Call,
            awaited: is_async,
            guessed: false,
        };
        self.out.functions[id.index()].0.push(edge);
    }

    /// Notes what a call passes to parameters that have no annotation.
    fn pass_arguments(&mut self, call: &Call<'_>, functions: &[(FileId, FunctionId)]) {
        let &[(file, function)] = functions else { return };
        let target = self.code.module(file);
        let definition = target.function(function);
        if call.args.is_empty() || !self.code.takes_few(file, definition) {
            return;
        }
        let is_bound = definition.class.is_some()
            && target.language == Language::Python
            && definition
                .params
                .first()
                .and_then(|param| param.name)
                .is_some_and(|name| matches!(target.str(name), "self" | "cls"));
        let shift = usize::from(is_bound);
        for (index, param) in definition.params.iter().enumerate().skip(shift) {
            let says_something = param.annotation.is_some_and(|annotation| target.name(annotation) != Some("Any"));
            if says_something && target.language == Language::Python {
                continue;
            }
            let by_name = param.name.and_then(|name| call.keyword(target.str(name)));
            let Some(arg) = by_name.or_else(|| call.arg(index - shift)) else {
                continue;
            };
            let value = self.eval.value(self.file, arg);
            let telling = match &value {
                Value::Unknown | Value::Literal(..) | Value::Function(..) | Value::Query(..) | Value::External(_) => false,
                Value::Many(element) => matches!(**element, Value::Row(..) | Value::Instance(..)),
                _ => true,
            };
            if telling {
                self.out.arguments.push(((file, function, index), value));
            }
        }
    }

    fn entries(&mut self) {
        let path = self.code.files.get(self.file.index()).map_or("", |facts| facts.path.as_str());
        let found = entries::entries(&self.eval, self.file, path);
        for entry in &found {
            let (file, function) = entry.function;
            if file != self.file {
                continue;
            }
            for dependency in entries::dependencies(&self.eval, file, function) {
                let (at, dependency) = dependency;
                let Callees::Functions(functions) = self.eval.callees(at, dependency) else {
                    continue;
                };
                // An alias of another file has no place in this one: the decorator stands for it.
                let own = if at == file {
                    Some(dependency)
                } else {
                    self.module.function(function).decorators.first().copied()
                };
                let Some(expr) = own else { continue };
                let edge = Edge {
                    expr,
                    targets: functions.into_iter().map(|(file, function)| self.fn_id(file, function)).collect(),
                    external: None,
                    effects: Effects::NONE,
                    // The framework awaits async dependencies and runs others on its thread pool.
                    kind: EdgeKind::Barrier,
                    awaited: true,
                    guessed: false,
                };
                self.out.functions[function.index()].0.push(edge);
            }
        }
        self.out.entries = found;
        self.out.mounts = entries::mounts(&self.eval, self.file, path);
    }
}

/// The innermost functions with a name of their own in a decorator, of one kind. What stands between is run when it is applied.
fn innermost(module: &Module, wrapper: FunctionId, is_async: bool) -> Vec<FunctionId> {
    // Functions are listed as they begin: those inside another one come right after it.
    let is_inside = |id: FunctionId| module.function(id).parent.is_some_and(|parent| parent >= wrapper);
    let ids = (wrapper.0 + 1..module.functions.len() as u32).map(FunctionId);
    let inside: Vec<FunctionId> = ids
        .take_while(|&id| is_inside(id))
        .filter(|&id| !module.function(id).is_lambda)
        .collect();
    let holders: FxHashSet<FunctionId> = inside.iter().filter_map(|&id| module.function(id).parent).collect();
    inside
        .into_iter()
        .filter(|id| module.function(*id).is_async == is_async && !holders.contains(id))
        .collect()
}

/// `", "` of `", ".join(names)`.
fn is_text(module: &Module, receiver: Option<ExprId>) -> bool {
    receiver.is_none_or(|receiver| {
        matches!(module.kind(receiver), ExprKind::Str(_)) || module.dotted(receiver).is_some_and(|name| name.ends_with("path"))
    })
}

/// Whether an attribute is what an assignment sets.
fn is_set(module: &Module, attr: ExprId) -> bool {
    match module.expr(attr).parent {
        Parent::Stmt(stmt) => matches!(&module.stmt(stmt).kind, StmtKind::Assign { target, op: None, .. } if *target == attr),
        _ => false,
    }
}

/// Whether what a call gives is iterated, entered, awaited or handed on where it stands.
fn is_consumed(module: &Module, expr: ExprId) -> bool {
    match module.expr(expr).parent {
        Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
            StmtKind::Loop { iterable, .. } => *iterable == Some(expr),
            StmtKind::With { .. } => true,
            _ => false,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Comp(comp) => comp.clauses.iter().any(|clause| clause.iterable == expr),
            ExprKind::Yield(_) | ExprKind::Spread(_) | ExprKind::Await(_) => true,
            ExprKind::Call { .. } => module.call(parent).and_then(|call| call.method()).is_some_and(|name| {
                matches!(
                    name,
                    "list"
                        | "tuple"
                        | "set"
                        | "dict"
                        | "sorted"
                        | "sum"
                        | "any"
                        | "all"
                        | "next"
                        | "max"
                        | "min"
                        | "join"
                        | "enumerate"
                        | "enter_context"
                        | "enter_async_context"
                        | "anext"
                )
            }),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a call's result is at once called upon: it is not its chain's outermost call.
fn is_chained(module: &Module, id: ExprId) -> bool {
    let mut parent = module.expr(id).parent;
    while let Parent::Expr(at) = parent {
        match module.kind(at) {
            ExprKind::Await(_) => parent = module.expr(at).parent,
            ExprKind::Attr { .. } => {
                let Parent::Expr(outer) = module.expr(at).parent else {
                    return false;
                };
                return match module.kind(outer) {
                    ExprKind::Call { callee, .. } => *callee == at,
                    ExprKind::Attr { .. } => is_chained(module, at),
                    _ => false,
                };
            }
            _ => return false,
        }
    }
    false
}

fn inner_call(module: &Module, call: &Call<'_>) -> Option<ExprId> {
    let mut at = call.receiver()?;
    loop {
        at = module.unawaited(at);
        match module.kind(at) {
            ExprKind::Call { .. } => return Some(at),
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => at = *base,
            _ => return None,
        }
    }
}

/// `super().save()`, `super.save()`.
fn is_super(module: &Module, call: &Call<'_>) -> bool {
    let receiver = call.receiver();
    let root = receiver.map(|receiver| module.call(receiver).map_or(receiver, |inner| inner.callee));
    root.is_some_and(|root| module.name(root) == Some("super"))
}

/// Whether what an expression gives is awaited: at once, through the callback it is returned from, or by a gather.
pub fn is_awaited(module: &Module, id: ExprId) -> bool {
    let mut parent = module.expr(id).parent;
    for _ in 0..12 {
        match parent {
            Parent::Expr(at) => match module.kind(at) {
                ExprKind::Await(_) => return true,
                ExprKind::Attr { .. }
                | ExprKind::List(_)
                | ExprKind::Tuple(_)
                | ExprKind::Spread(_)
                | ExprKind::Comp(_)
                | ExprKind::Cond { .. } => {
                    parent = module.expr(at).parent;
                }
                ExprKind::Call { callee, .. } => {
                    // What a call holds is what is called or an argument.
                    let is_arg = module.expr(id).parent == parent && *callee != id;
                    let name = module.call(at).and_then(|call| call.method()).unwrap_or("");
                    let gathers = matches!(
                        name,
                        "gather"
                            | "all"
                            | "allSettled"
                            | "race"
                            | "wait_for"
                            | "shield"
                            | "create_task"
                            | "ensure_future"
                            | "timeout"
                            | "push"
                            | "append"
                    );
                    // A callee in the chain (`x().then()`) goes on; an argument of something else does not.
                    if is_arg && !gathers && !is_iteration(name) {
                        return false;
                    }
                    parent = module.expr(at).parent;
                }
                _ => return false,
            },
            _ => return false,
        }
    }
    false
}
