//! Whether a call is awaited.

use crate::ir::{ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::shared::api_names::waits_for_all;
use crate::libraries::shared::callbacks::is_iteration;
use crate::libraries::shared::tasks::wraps_task;

/// Expressions around a call among which what awaits it is looked for.
const MAX_AROUND_CALL: usize = 12;

/// What becomes of a promise.
#[derive(PartialEq, Eq)]
enum End {
    Awaited,
    Returned,
    Other,
}

/// Whether what an expression gives is awaited: at once, by `async for`, through the callback it is returned from, or by a gather.
pub fn is_awaited(module: &Module, id: ExprId) -> bool {
    is_iterated_asynchronously(module, id) || end(module, id) == End::Awaited
}

/// Whether the function around gives what an expression gives, so that whoever waits for the function waits for it.
pub fn is_given_back(module: &Module, id: ExprId) -> bool {
    end(module, id) == End::Returned
}

fn end(module: &Module, id: ExprId) -> End {
    let mut parent = module.expr(id).parent;
    // Promises in a list are waited for by nobody until they are gathered.
    let mut is_listed = false;
    for _ in 0..MAX_AROUND_CALL {
        match parent {
            Parent::Expr(at) => match module.kind(at) {
                ExprKind::Await(_) => return End::Awaited,
                ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Spread(_) | ExprKind::Comp(_) => {
                    is_listed = true;
                    parent = module.expr(at).parent;
                }
                ExprKind::Attr { .. } | ExprKind::Cond { .. } => parent = module.expr(at).parent,
                ExprKind::Call { callee, .. } => {
                    // What a call holds is what is called or an argument.
                    let is_arg = module.expr(id).parent == parent && *callee != id;
                    let name = module.call(at).and_then(|call| call.method()).unwrap_or("");
                    let gathers = wraps_task(name) || waits_for_all(name) || matches!(name, "race" | "timeout" | "push" | "append");
                    // A callee in the chain (`x().then()`) goes on; an argument of something else does not.
                    if is_arg && !gathers && !is_iteration(name) {
                        return End::Other;
                    }
                    is_listed &= !gathers;
                    parent = module.expr(at).parent;
                }
                _ => return End::Other,
            },
            Parent::Stmt(at) if matches!(module.stmt(at).kind, StmtKind::Return(_)) && !is_listed => return End::Returned,
            _ => return End::Other,
        }
    }
    End::Other
}

/// `async for row in rows`, also in a comprehension.
fn is_iterated_asynchronously(module: &Module, id: ExprId) -> bool {
    match module.expr(id).parent {
        Parent::Expr(at) => match module.kind(at) {
            ExprKind::Comp(comp) => comp.clauses.iter().any(|clause| clause.is_async && clause.iterable == id),
            _ => false,
        },
        Parent::Stmt(at) => match module.stmt(at).kind {
            StmtKind::Loop { iterable, is_async, .. } => is_async && iterable == Some(id),
            _ => false,
        },
        _ => false,
    }
}
