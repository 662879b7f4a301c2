//! Calls that run only where a cache has not got what they bring: most who ask do not wait for them.

use rustc_hash::FxHashSet;

use crate::budget::Limit;
use crate::ir::{ExprId, FunctionId, Module, StmtKind};
use crate::project::eval::Code;
use crate::project::graph::{FnId, Graph};
use crate::project::once::{self, Slot};
use crate::project::scope::Bound;
use crate::vocabulary::{List, Name};

/// Functions that ask a cache, or whose results are kept.
#[derive(Debug, Default)]
pub struct Missed {
    functions: FxHashSet<FnId>,
}

impl Missed {
    /// Looks at what the functions of all files ask.
    pub fn of(code: &Code, graph: &Graph) -> Missed {
        let mut functions: FxHashSet<FnId> = FxHashSet::default();
        for (file, module) in code.modules() {
            let asked = module.stmts.iter().filter_map(|stmt| match stmt.kind {
                StmtKind::Assign { value: Some(value), .. } if asks_a_cache(module, value) => Some(module.owner(value)),
                _ => None,
            });
            functions.extend(
                asked
                    .filter(|&owner| owner != FunctionId::MODULE)
                    .map(|owner| graph.id(file, owner)),
            );
        }
        let kept = graph.functions.iter().enumerate().filter(|(_, node)| node.is_cached);
        functions.extend(kept.map(|(at, _)| FnId(at as u32)));
        Missed { functions }
    }

    /// Whether an expression of a function runs only after a cache was asked for its result: under `if not rows:` after
    /// `rows = cache.get(key)`, after `if (rows) return rows`, or in a function whose results are kept.
    pub fn runs(&self, code: &Code, graph: &Graph, function: FnId, expr: ExprId) -> bool {
        // Most functions ask no cache.
        if !self.functions.contains(&function) {
            return false;
        }
        let node = graph.function(function);
        if node.is_cached {
            return true;
        }
        let Some(scope) = code.scopes.get(node.file.index()) else {
            return false;
        };
        let module = code.module(node.file);
        let too_many = || code.tell(Limit::Holders, node.file, module.function(node.id).span.start);
        let is_read = |slot: Slot, test: u32, _: u32, upto: u32| {
            // In `found ||= load()` the test is the place that sets it.
            let is_before = |value: &ExprId| module.expr(*value).span.start < test || upto == test;
            let bindings = scope.bindings_of(node.id, slot.name);
            let values = bindings.filter_map(|binding| match binding.bound {
                Bound::Value(value, ..) => Some(value),
                _ => None,
            });
            let last = values.filter(is_before).max_by_key(|&value| module.expr(value).span.start);
            slot.class.is_none() && last.is_some_and(|value| asks_a_cache(module, value))
        };
        once::is_guarded(module, expr, &is_read, &too_many)
    }
}

/// `cache.get(key)`, `await redis.get(key)`, `getCached(key)`, `JSON.parse(await cache.get(key))`.
fn asks_a_cache(module: &Module, value: ExprId) -> bool {
    let Some(call) = module.call(module.unawaited(value)) else {
        return false;
    };
    let path = module.dotted(call.callee).unwrap_or_default();
    match path.rsplit_once('.') {
        Some((handle, method)) => reads(method) && (List::Caches.has(handle) || List::Caches.has(method)),
        None => reads(&path) && List::Caches.has(&path),
    }
}

/// Whether a function says by its name that it only looks something up.
fn reads(name: &str) -> bool {
    List::CacheReads.has(Name::of(name).first())
}
