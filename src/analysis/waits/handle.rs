//! Transactions that statements share: one connection runs them one by one, so nothing is gained by starting them together.

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent};
use crate::project::Project;
use crate::project::graph::{Edge, EffectStep, FnId, QUERY_SLOT, WRITE_SLOT};
use crate::vocabulary::List;

/// Callbacks between a statement and the one that opens its transaction.
const MAX_CALLBACKS: usize = 6;

/// Whether what a call asks of a database runs on a transaction that is open around it: by the handle that it is called on or
/// given, by the callback that it stands in, by a decorator on the way here, or by the handle that its callee uses.
pub fn in_transaction(project: &Project, function: FnId, expr: ExprId) -> bool {
    let module = project.code.module(project.graph.function(function).file);
    let Some(call) = module.call(expr) else { return false };
    is_handed(module, &call) || in_callback(module, expr) || is_decorated(project, function) || {
        let mut edges = project.graph.edges_at(&project.code, function, expr);
        let is_carried = is_on_handle(&call) || edges.any(|edge| leads_to_handle(project, edge));
        is_carried && is_opened_above(project, function)
    }
}

/// Whether a transaction is open on the way from the entry point: without one, what hands out its client hands out the pool's.
fn is_opened_above(project: &Project, function: FnId) -> bool {
    project.graph.calls_to(function).into_iter().any(|(caller, edge)| {
        let node = project.graph.function(caller);
        let module = project.code.module(node.file);
        node.edges.get(edge).is_some_and(|edge| in_callback(module, edge.expr))
    })
}

/// `save(order, tx)`, `save(order, { tx })`, `tx.user.findMany()`.
fn is_handed(module: &Module, call: &Call<'_>) -> bool {
    let handed = call.args.iter().map(|arg| arg.value).flat_map(|arg| bare_names(module, arg));
    handed.chain(module.name(call.root())).any(is_handle)
}

/// The names that an argument hands on whole: itself, or the values of its object.
fn bare_names(module: &Module, arg: ExprId) -> Vec<&str> {
    match module.kind(arg) {
        ExprKind::Name(name) => vec![module.str(*name)],
        ExprKind::Object(entries) => entries.iter().filter_map(|entry| module.name(entry.value)).collect(),
        _ => Vec::new(),
    }
}

/// `db.txClient().user.findMany()`, `this.host.tx.user.findMany()`: what hands out a handle on the way from the root to the method.
fn is_on_handle(call: &Call<'_>) -> bool {
    let module = call.module;
    let mut at = call.receiver();
    while let Some(id) = at {
        at = match module.kind(id) {
            ExprKind::Attr { name, .. } if List::TransactionParts.has(module.str(*name)) => return true,
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => Some(*base),
            ExprKind::Call { callee, .. } => Some(*callee),
            ExprKind::Await(inner) => Some(*inner),
            _ => None,
        };
    }
    false
}

/// Inside `db.transaction(async (handle) => …)`, where the handle is the callback's parameter, or inside `db.$tx(async () => …)`.
fn in_callback(module: &Module, expr: ExprId) -> bool {
    let mut owner = module.owner(expr);
    for _ in 0..MAX_CALLBACKS {
        if let Some(found) = opened_around(module, owner) {
            return found;
        }
        match module.function(owner).parent {
            Some(parent) => owner = parent,
            None => return false,
        }
    }
    false
}

fn opened_around(module: &Module, owner: FunctionId) -> Option<bool> {
    let function = module.function(owner);
    let Parent::Expr(lambda) = function.definition else { return None };
    let Parent::Expr(outer) = module.expr(lambda).parent else {
        return None;
    };
    let method = module.call(outer)?.method()?.to_ascii_lowercase();
    if method == "$tx" {
        return Some(true);
    }
    let opens = method.contains("transaction") || method == "begin";
    opens.then(|| function.params.iter().any(|param| param.name.is_some() || param.pattern.is_some()))
}

/// `@Transaction()` on a resolver, `@Transactional()` on a method of a service: what is called from there shares its connection.
fn is_decorated(project: &Project, function: FnId) -> bool {
    project.graph.path_to(function).into_iter().any(|at| {
        let node = project.graph.function(at);
        let module = project.code.module(node.file);
        module.function(node.id).decorators.iter().any(|&decorator| {
            let callee = module.call(decorator).map_or(decorator, |call| call.callee);
            matches!(module.dotted(callee).as_deref(), Some("Transaction" | "Transactional"))
        })
    })
}

/// Whether the statement that a call leads to is on the handle of a transaction.
fn leads_to_handle(project: &Project, edge: &Edge) -> bool {
    let ends = edge
        .targets
        .iter()
        .flat_map(|&target| [QUERY_SLOT, WRITE_SLOT].map(|slot| project.graph.chain(target, slot).last().copied()));
    ends.flatten().any(|(at, step)| match step {
        EffectStep::Query(site) => project.graph.sites.get(site).is_some_and(|site| {
            let module = project.code.module(project.graph.function(at).file);
            module.call(site.expr).is_some_and(|call| is_on_handle(&call))
        }),
        _ => false,
    })
}

/// Names of transactions, their sessions, and pages of a driven browser.
fn is_handle(name: &str) -> bool {
    List::TransactionHandles.has(name) || List::DrivenBrowsers.has(name)
}
