//! Event loops of their own: `asyncio.run(load())` in a plain function starts one and ends it.

use rustc_hash::FxHashSet;

use super::CallSites;
use crate::budget::Limit;
use crate::ir::{ExprId, FunctionId, Module, Parent};
use crate::libraries::shared::api_names;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::FnId;
use crate::vocabulary::List;

/// How many functions are looked at above one; more are told, see [`Limit::BlockingCallers`].
const BUDGET: usize = 200;

/// What else is on the event loop that an async function runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Anything: a server's requests.
    Others,
    /// A plain function starts the loop and waits for it: only its own tasks.
    Own,
    /// As before, and no other task is started on the way: nothing waits.
    Nobody,
}

/// What else is on the loop, by all that is known to call an async function.
pub fn company(project: &Project, eval: &Evaluator<'_>, callers: (&CallSites, &CallSites), function: FnId) -> Company {
    match callers_on_loop(project, eval, callers, function) {
        None => Company::Others,
        Some(on_loop) if on_loop.iter().any(|&at| starts_tasks(project, at)) => Company::Own,
        Some(_) => Company::Nobody,
    }
}

/// The function and all above it that run on loops which plain functions start and wait for; `None` where another loop may run it.
fn callers_on_loop(
    project: &Project,
    eval: &Evaluator<'_>,
    (callers, by_name): (&CallSites, &CallSites),
    function: FnId,
) -> Option<Vec<FnId>> {
    let mut order = vec![function];
    let mut is_seen_started = false;
    let mut seen = FxHashSet::from_iter([function]);
    let mut open = vec![function];
    while let Some(at) = open.pop() {
        let node = project.graph.function(at);
        if is_entry(project, at) {
            return None;
        }
        if seen.len() > BUDGET {
            project.tell(Limit::BlockingCallers, function);
            return None;
        }
        let Some(above) = callers
            .get(&at)
            .or_else(|| inherited(project, eval, callers, at))
            .or_else(|| by_name.get(&at))
        else {
            if is_filled_in(project, eval, at) {
                is_seen_started = true;
                continue;
            }
            return None;
        };
        for &(caller, expr) in above {
            let holder = project.graph.function(caller);
            let module = project.code.module(holder.file);
            let is_plain = !holder.is_async && holder.id != FunctionId::MODULE;
            if is_plain && node.is_async && is_started(eval, holder.file, module, expr) {
                is_seen_started = true;
                continue;
            }
            if seen.insert(caller) {
                order.push(caller);
                open.push(caller);
            }
        }
    }
    // Methods that only call each other say nothing of who starts them.
    is_seen_started.then_some(order)
}

/// The callers of the method that a method overrides: a base class calls what its subclasses fill in.
fn inherited<'c>(project: &Project, eval: &Evaluator<'_>, callers: &'c CallSites, function: FnId) -> Option<&'c Vec<(FnId, ExprId)>> {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let definition = module.function(node.id);
    let (class, name) = (definition.class?, module.str(definition.name?));
    eval.lineage(node.file, class).into_iter().find_map(|(file, class)| {
        let base = project.code.module(file);
        let method = base
            .function_ids()
            .find(|(_, method)| method.class == Some(class) && method.name.is_some_and(|own| base.str(own) == name))?;
        let id = project.graph.id(file, method.0);
        callers.get(&id).filter(|_| id != function)
    })
}

/// Whether a plain method of a base class starts a loop for a method that only subclasses have: `runner.run(self.run(…))`.
fn is_filled_in(project: &Project, eval: &Evaluator<'_>, function: FnId) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let definition = module.function(node.id);
    let (Some(class), Some(name)) = (definition.class, definition.name) else {
        return false;
    };
    let name = module.str(name);
    eval.lineage(node.file, class).into_iter().any(|(file, class)| {
        let base = project.code.module(file);
        let plain = base
            .function_ids()
            .filter(|(_, method)| method.class == Some(class) && !method.is_async);
        let mut calls = plain.flat_map(|(id, _)| base.call_ids_in(id)).filter_map(|id| base.call(id));
        calls.any(|call| {
            let on_self = call.receiver().and_then(|receiver| base.name(receiver)) == Some("self");
            on_self && call.method() == Some(name) && is_started(eval, file, base, call.id)
        })
    })
}

/// Whether a function starts tasks beside its own.
fn starts_tasks(project: &Project, function: FnId) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let starts = |id: ExprId| {
        let method = module.call(id).and_then(|call| call.method());
        method.is_some_and(|name| List::StartingTasks.has(name))
    };
    module.call_ids_in(node.id).any(starts)
}

/// Frameworks call an entry point on their own loop.
fn is_entry(project: &Project, function: FnId) -> bool {
    let reach = project.graph.reach.get(function.index()).copied().flatten();
    reach.is_some_and(|reach| reach.from.is_none())
}

/// `asyncio.run(load())`, `loop.run_until_complete(load())`, `anyio.run(load)`, `runner.run(load())`.
fn is_started(eval: &Evaluator<'_>, file: FileId, module: &Module, expr: ExprId) -> bool {
    let Parent::Expr(outer) = module.expr(expr).parent else {
        return false;
    };
    let Some(call) = module.call(outer) else { return false };
    let receiver = call.receiver().and_then(|receiver| module.dotted(receiver)).unwrap_or_default();
    match call.method() {
        Some("run") => {
            let runner = call.receiver().map(|receiver| eval.value(file, receiver));
            api_names::makes_loop(&receiver) || runner.is_some_and(|value| value.library_name().is_some_and(api_names::is_runner))
        }
        Some("run_until_complete") => true,
        _ => false,
    }
}
