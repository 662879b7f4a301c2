//! Clients that are built once although they stand in a function: for an event loop, a worker, a layer of services.

use rustc_hash::FxHashSet;

use super::names::NameMentions;
use crate::ir::{ExprId, FunctionId, Module, Parent};
use crate::judge::evidence;
use crate::libraries::shared::api_names;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{FnId, FunctionNode};
use crate::project::loops::{self, LoopVerdict};
use crate::vocabulary::List;

/// Functions around a client among which a layer's builder is looked for.
const MAX_AROUND: usize = 10;

/// How far the coroutines around a call are followed.
const HOPS: u32 = 4;

/// Whether a client belongs to an event loop that ends with the call: `asyncio.run(search())` makes a new loop each time, and
/// what one loop opened no other can use.
pub fn has_own_loop(project: &Project, callers: &[Vec<(FnId, ExprId)>], function: FnId, name: &str) -> bool {
    List::AsyncPackages.has(name) && runs_alone(project, callers, function, 0)
}

fn runs_alone(project: &Project, callers: &[Vec<(FnId, ExprId)>], function: FnId, depth: u32) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    if depth > HOPS || !node.is_async || module.language.runs_on_event_loop() {
        return false;
    }
    let calls = callers.get(function.index()).map(Vec::as_slice).unwrap_or_default();
    let alone = |&(caller, call): &(FnId, ExprId)| {
        let from: &FunctionNode = project.graph.function(caller);
        if from.is_async {
            return caller != function && runs_alone(project, callers, caller, depth + 1);
        }
        starts_loop(project.code.module(from.file), call)
    };
    !calls.is_empty() && calls.iter().all(alone)
}

/// `asyncio.run(call)`, `loop.run_until_complete(call)`.
fn starts_loop(module: &Module, call: ExprId) -> bool {
    let Parent::Expr(outer) = module.expr(call).parent else {
        return false;
    };
    module.call(outer).is_some_and(|outer| match outer.method() {
        Some("run") => module.dotted(outer.callee).is_none_or(|name| api_names::runs_program(&name)),
        Some("run_until_complete") => true,
        _ => false,
    })
}

/// Whether a function that only commands reach makes its client again and again: the place, or a call on the way to it, stands
/// in a loop.
pub fn repeats(project: &Project, callers: &[Vec<(FnId, ExprId)>], function: FnId, expr: ExprId) -> bool {
    let eval = Evaluator::new(&project.code);
    let mut seen: FxHashSet<(FnId, ExprId)> = FxHashSet::default();
    let mut open = vec![(function, expr)];
    for _ in 0..=HOPS {
        let mut next = Vec::new();
        for (at, expr) in open {
            if !seen.insert((at, expr)) {
                continue;
            }
            let around = loops::around(&eval, project.graph.function(at).file, expr);
            if around
                .iter()
                .any(|around| matches!(around.verdict, LoopVerdict::PerRow | LoopVerdict::Chunk))
            {
                return true;
            }
            let calls = callers.get(at.index()).map(Vec::as_slice).unwrap_or_default();
            next.extend(calls.iter().copied().filter(|&(caller, _)| caller != at));
        }
        open = next;
    }
    false
}

/// Whether a worker keeps the client: it is made before a `while` that uses it, in a function that no request waits for.
pub fn is_workers(names: &NameMentions, module: &Module, function: FunctionId, expr: ExprId) -> bool {
    evidence::bound(module, expr).is_some_and(|name| names.repeats(function, name, module.expr(expr).span.start))
}

/// Whether the code around builds a service that its framework makes once: `Layer.effect(Cache, …)`.
pub fn is_in_layer(module: &Module, function: FunctionId) -> bool {
    let mut function = function;
    for _ in 0..MAX_AROUND {
        if function == FunctionId::MODULE {
            return false;
        }
        let mut at = module.function(function).definition;
        while let Parent::Expr(outer) = at {
            let receiver = module.call(outer).and_then(|call| call.receiver());
            if receiver.is_some_and(|receiver| module.name(receiver) == Some("Layer")) {
                return true;
            }
            at = module.expr(outer).parent;
        }
        let Some(parent) = module.function(function).parent else {
            return false;
        };
        function = parent;
    }
    false
}
