//! Whether the iterations of a loop overlap: what a gather waits for.

use rustc_hash::FxHashSet;

use crate::ir::{Call, ExprId, ExprKind, Language, Module, Parent, StmtKind};
use crate::libraries::shared::api_names::waits_for_all;
use crate::vocabulary::List;

/// Expressions between a call and the gather or list that takes it.
const MAX_AROUND_CALL: usize = 6;

/// Whether a comprehension or `map` call is what a gather waits for: `gather(*[…])`, `Promise.all(xs.map(…))`.
pub fn is_gathered(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    for _ in 0..MAX_AROUND_CALL {
        at = match module.expr(at).parent {
            Parent::Expr(parent) => match module.kind(parent) {
                // Also `xs.map(f).filter(…)` inside the gather.
                ExprKind::Spread(_) | ExprKind::Await(_) | ExprKind::List(_) | ExprKind::Attr { .. } => parent,
                ExprKind::Call { .. } => {
                    let call = module.call(parent);
                    if call.is_some_and(|call| is_gather(&call)) {
                        return true;
                    }
                    let method = call.and_then(|call| call.method()).unwrap_or("");
                    if !matches!(method, "map" | "filter" | "concat" | "flat" | "list" | "tuple") {
                        return false;
                    }
                    parent
                }
                _ => return false,
            },
            // `tasks = [f(x) for x in xs]; await gather(*tasks)`.
            Parent::Stmt(stmt) => {
                let StmtKind::Assign { target, .. } = module.stmt(stmt).kind else {
                    return false;
                };
                return module.dotted(target).is_some_and(|name| is_gathered_name(module, &name));
            }
            _ => return false,
        };
    }
    false
}

/// Whether a place in a comprehension is awaited there, before its element is made: in `[load(await key(n)) for n in names]` the keys come
/// one after the other, whoever waits for the loads.
pub fn is_awaited_within(module: &Module, place: ExprId, comprehension: ExprId) -> bool {
    let mut at = place;
    for _ in 0..MAX_AROUND_CALL {
        if matches!(module.kind(at), ExprKind::Await(_)) {
            return true;
        }
        at = match module.expr(at).parent {
            Parent::Expr(parent) if parent != comprehension => parent,
            _ => return false,
        };
    }
    false
}

fn is_gather(call: &Call<'_>) -> bool {
    match call.method().unwrap_or_default() {
        // Python's own `any([…])` takes what is there.
        "all" | "any" => call.receiver().is_some() || call.module.language != Language::Python,
        "race" | "as_completed" | "wait" => true,
        method => waits_for_all(method) || List::Gathering.has(method),
    }
}

fn is_gathered_name(module: &Module, name: &str) -> bool {
    module.index.gathered.get_or_init(|| gathered_names(module)).contains(name)
}

fn gathered_names(module: &Module) -> FxHashSet<String> {
    let gathers = module.calls().filter(|call| is_gather(call));
    let names = gathers.flat_map(|call| {
        call.args.iter().filter_map(|arg| match module.kind(arg.value) {
            ExprKind::Spread(inner) => module.dotted(*inner),
            _ => module.dotted(arg.value),
        })
    });
    names.collect()
}

/// Whether a call in a loop only makes a coroutine or promise that something waits for later:
/// `tasks.append(f(x))`, `group.create_task(f(x))`.
pub fn is_collected(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    for _ in 0..MAX_AROUND_CALL {
        let Parent::Expr(parent) = module.expr(at).parent else {
            return false;
        };
        match module.kind(parent) {
            ExprKind::Await(_) => return false,
            ExprKind::Call { .. } => {
                let Some(call) = module.call(parent).filter(|call| call.args.iter().any(|arg| arg.value == at)) else {
                    return false;
                };
                match call.method() {
                    Some("create_task" | "ensure_future" | "start_soon" | "spawn") => return true,
                    Some("append" | "push" | "add") => {
                        let name = call.receiver().and_then(|receiver| module.dotted(receiver));
                        return name.is_some_and(|name| is_gathered_name(module, &name));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        at = parent;
    }
    false
}
