//! Event loops of their own: `asyncio.run(load())` in a plain function starts one and ends it.

use rustc_hash::FxHashSet;

use super::Callers;
use crate::budget::Limit;
use crate::ir::{ExprId, FunctionId, Module, Parent};
use crate::project::Project;
use crate::project::graph::FnId;

/// How many functions are looked at above one; more are told, see [`Limit::BlockingCallers`].
const BUDGET: usize = 200;

/// Whether all that is known to call an async function runs on a loop that a plain function starts and waits for: a server's
/// requests are on another one.
pub fn is_private(project: &Project, callers: &Callers, function: FnId) -> bool {
    let mut seen = FxHashSet::from_iter([function]);
    let mut open = vec![function];
    while let Some(at) = open.pop() {
        let node = project.graph.function(at);
        if is_entry(project, at) {
            return false;
        }
        if seen.len() > BUDGET {
            project.tell(Limit::BlockingCallers, function);
            return false;
        }
        let Some(above) = callers.get(&at) else { return false };
        for &(caller, expr) in above {
            let holder = project.graph.function(caller);
            let module = project.code.module(holder.file);
            let is_plain = !holder.is_async && holder.id != FunctionId::MODULE;
            if is_plain && node.is_async && is_started(module, expr) {
                continue;
            }
            if seen.insert(caller) {
                open.push(caller);
            }
        }
    }
    true
}

/// Frameworks call an entry point on their own loop.
fn is_entry(project: &Project, function: FnId) -> bool {
    let reach = project.graph.reach.get(function.index()).copied().flatten();
    reach.is_some_and(|reach| reach.from.is_none())
}

/// `asyncio.run(load())`, `loop.run_until_complete(load())`, `anyio.run(load)`.
fn is_started(module: &Module, expr: ExprId) -> bool {
    let Parent::Expr(outer) = module.expr(expr).parent else {
        return false;
    };
    let Some(call) = module.call(outer) else { return false };
    let receiver = call.receiver().and_then(|receiver| module.dotted(receiver)).unwrap_or_default();
    match call.method() {
        Some("run") => matches!(receiver.as_str(), "asyncio" | "anyio" | "trio" | "uvloop"),
        Some("run_until_complete") => true,
        _ => false,
    }
}
