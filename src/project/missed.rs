//! Calls that run only where a cache has not got what they bring: most who ask do not wait for them.

use rustc_hash::FxHashMap;

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Param, Parent, StmtKind, Sym};
use crate::libraries::shared::handles;
use crate::project::eval::Code;
use crate::project::graph::{Edge, EdgeKind, FnId, FunctionNode, Graph};
use crate::project::loops::body;
use crate::project::once::{self, Guard};
use crate::project::scope::Bound;
use crate::vocabulary::{List, Name};

/// Functions that ask a cache, or whose results are kept.
#[derive(Debug, Default)]
pub struct Missed {
    /// Whether all of a function's results are kept.
    functions: FxHashMap<FnId, bool>,
    /// Functions that are given a loader and call it only where their cache has nothing: which of their parameters that is.
    loaders: FxHashMap<FnId, Vec<usize>>,
}

impl Missed {
    /// Looks at what the functions of all files ask.
    pub fn of(code: &Code, graph: &Graph) -> Missed {
        let mut functions: FxHashMap<FnId, bool> = FxHashMap::default();
        for (file, module) in code.modules() {
            let asks = |value: ExprId| asks_a_cache(module, value).then(|| module.owner(value));
            let asked = module.stmts.iter().filter_map(|stmt| match stmt.kind {
                StmtKind::Assign { value: Some(value), .. } => asks(value),
                _ => None,
            });
            // `if rate := cache.get(key):`.
            let within = module.exprs.iter().filter_map(|expr| match expr.kind {
                ExprKind::Assign { value, .. } => asks(value),
                _ => None,
            });
            let asking = asked.chain(within).filter(|&owner| owner != FunctionId::MODULE);
            code.part(file, || functions.extend(asking.map(|owner| (graph.id(file, owner), false))));
        }
        // What an object keeps, mostly one of a request, each request waits for.
        let of_object = |node: &&FunctionNode| {
            let module = code.module(node.file);
            let mut decorators = module.function(node.id).decorators.iter();
            decorators.any(|&decorator| module.dotted(decorator).is_some_and(|name| name.ends_with("cached_property")))
        };
        let kept = graph
            .functions
            .iter()
            .enumerate()
            .filter(|(_, node)| node.is_cached && !of_object(node));
        functions.extend(kept.map(|(at, _)| (FnId(at as u32), true)));
        let mut missed = Missed {
            functions,
            loaders: FxHashMap::default(),
        };
        let asking = missed.functions.iter().filter(|&(_, &is_kept)| !is_kept);
        missed.loaders = asking
            .map(|(&function, _)| (function, missed.loaders_of(code, graph, function)))
            .filter(|(_, loaders)| !loaders.is_empty())
            .collect();
        missed
    }

    /// The parameters that a function calls only where its cache has nothing.
    fn loaders_of(&self, code: &Code, graph: &Graph, function: FnId) -> Vec<usize> {
        let node = graph.function(function);
        let module = code.module(node.file);
        let mut calls: FxHashMap<Sym, bool> = FxHashMap::default();
        for call in module.call_ids_in(node.id) {
            if let Some(ExprKind::Name(name)) = module.call(call).map(|call| module.kind(call.callee)) {
                let is_missed = calls.entry(*name).or_insert(true);
                *is_missed = *is_missed && self.asks_first(code, graph, function, call);
            }
        }
        let is_loader = |param: &Param| param.name.is_some_and(|name| calls.get(&name) == Some(&true));
        let params = module.function(node.id).params.iter().enumerate();
        params.filter(|(_, param)| is_loader(param)).map(|(at, _)| at).collect()
    }

    /// Whether an expression of a function runs only after a cache was asked for its result: under `if not rows:` after
    /// `rows = cache.get(key)`, after `if (rows) return rows`, in a function whose results are kept, or as the loader that a function of
    /// the project is given which does the same: `cached(key, () => load())`.
    pub fn runs(&self, code: &Code, graph: &Graph, function: FnId, expr: ExprId) -> bool {
        self.asks_first(code, graph, function, expr) || self.is_loader(code, graph, function, expr)
    }

    /// Whether an expression is a callback that a function of the project calls only where its cache has nothing.
    fn is_loader(&self, code: &Code, graph: &Graph, function: FnId, expr: ExprId) -> bool {
        if self.loaders.is_empty() {
            return false;
        }
        let module = code.module(graph.function(function).file);
        let Parent::Expr(outer) = module.expr(expr).parent else {
            return false;
        };
        let Some(at) = module
            .call(outer)
            .and_then(|call| call.args.iter().position(|arg| arg.value == expr && arg.name.is_none()))
        else {
            return false;
        };
        let mut edges = graph
            .edges_at(code, function, outer)
            .filter(|edge| edge.kind == EdgeKind::Call)
            .peekable();
        let keeps = |edge: &Edge| {
            let keeps = |target: &FnId| self.loaders.get(target).is_some_and(|loaders| loaders.contains(&at));
            !edge.targets.is_empty() && edge.targets.iter().all(keeps)
        };
        edges.peek().is_some() && edges.all(keeps)
    }

    fn asks_first(&self, code: &Code, graph: &Graph, function: FnId, expr: ExprId) -> bool {
        // Most functions ask no cache.
        let Some(&is_kept) = self.functions.get(&function) else {
            return false;
        };
        if is_kept {
            return true;
        }
        let node = graph.function(function);
        let Some(scope) = code.scopes.get(node.file.index()) else {
            return false;
        };
        let module = code.module(node.file);
        let too_many = || code.tell(Limit::Holders, node.file, module.function(node.id).span.start);
        let is_read = |guard: &Guard| {
            let name = guard.slot.name;
            let bindings = scope.bindings_of(node.id, name);
            let values: Vec<ExprId> = bindings
                .filter_map(|binding| match binding.bound {
                    Bound::Value(value, ..) => Some(value),
                    _ => None,
                })
                .collect();
            let start = |value: ExprId| module.expr(value).span.start;
            let before = values.iter().copied().filter(|&value| start(value) < guard.test);
            let asks = before
                .max_by_key(|&value| start(value))
                .is_some_and(|value| asks_a_cache(module, value));
            // A ban, a lock or a flag is asked for, too: what a cache had is given back, and what it had not is put in its place.
            let gives = match guard.returned {
                Some(returned) => body::names(module, returned).contains(&name),
                // In `found ||= load()` the test is the place that sets it.
                None => guard.upto == guard.test || values.iter().any(|&value| (guard.from..=guard.upto).contains(&start(value))),
            };
            guard.slot.class.is_none() && asks && gives
        };
        once::is_guarded(module, expr, &is_read, &too_many)
    }
}

/// `cache.get(key)`, `await redis.get(key)`, `getCached(key)`, `JSON.parse(await cache.get(key))`.
fn asks_a_cache(module: &Module, value: ExprId) -> bool {
    let Some(call) = module.call(module.unawaited(value)) else {
        return false;
    };
    if let (Some("parse" | "loads"), [text]) = (call.method(), call.args) {
        return asks_a_cache(module, text.value);
    }
    // What it does where the cache fails changes nothing.
    if let (Some("catch" | "then"), Some(before)) = (call.method(), call.receiver()) {
        return asks_a_cache(module, before);
    }
    let path = module.dotted(call.callee).unwrap_or_default();
    match path.rsplit_once('.') {
        Some((handle, method)) => reads(method) && (handles::keeps_results(handle) || handles::keeps_results(method)),
        None => reads(&path) && handles::keeps_results(&path),
    }
}

/// Whether a function says by its name that it only looks something up.
fn reads(name: &str) -> bool {
    List::CacheReads.has(Name::of(name).first())
}
