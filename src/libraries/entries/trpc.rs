//! tRPC procedures.

use super::mounts::{Router, is_router_call};
use super::often::is_guard;
use super::site::{EntryFile, key_of};
use super::{Entry, EntryKind};
use crate::ir::{Call, ExprId, ExprKind, Parent};
use crate::libraries::shared::value::FileId;

/// Names that a procedure has one after another.
const MAX_NAMES: u32 = 4;

/// `publicProcedure.input(…).query(async ({ ctx }) => …)`. A chain that does not start at a procedure, as
/// `db.query(…)`, is none.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let kind = match method {
        "query" => EntryKind::Route,
        "mutation" => EntryKind::Action,
        "subscription" => EntryKind::Socket,
        _ => return,
    };
    let (Some(receiver), Some(handler), 1) = (call.receiver(), call.arg(0), call.args.len()) else {
        return;
    };
    if !is_procedure(site, site.file, receiver, 0) {
        return;
    }
    let Some(function) = site.handler(handler) else { return };
    let name = key_of(site.module, call.id).unwrap_or_else(|| site.title(function));
    let mut entry = Entry::new(function, kind, format!("tRPC {method} {name}"), site.module.expr(call.id).span);
    entry.is_list_capable = method == "query";
    entry.router = router(site, call.id);
    entry.is_for_staff = call.chain().iter().any(|link| is_guarded(site, *link));
    out.push(entry);
}

/// The `router({ … })` in whose object a procedure stands.
fn router(site: &EntryFile<'_>, procedure: ExprId) -> Option<Router> {
    let Parent::Expr(object) = site.module.expr(procedure).parent else {
        return None;
    };
    let Parent::Expr(outer) = site.module.expr(object).parent else {
        return None;
    };
    let call = site.module.call(outer)?;
    call.method().is_some_and(is_router_call).then_some(Router::Made(site.file, outer))
}

/// `adminProcedure.input(…)`, `publicProcedure.use(isModerator)`.
fn is_guarded(site: &EntryFile<'_>, link: Call<'_>) -> bool {
    let starts_at_guard = site.module.name(link.root()).is_some_and(is_guard);
    let uses_guard = link.method() == Some("use") && link.args.iter().any(|arg| site.last_name(arg.value).is_some_and(is_guard));
    starts_at_guard || uses_guard || link.method().is_some_and(|name| is_procedure_name(name) && is_guard(name))
}

fn is_procedure(site: &EntryFile<'_>, file: FileId, expr: ExprId, depth: u32) -> bool {
    let module = site.resolver.module(file);
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Attr { base, name } => {
                let name = module.str(*name);
                if is_procedure_name(name) {
                    return true;
                }
                if !matches!(
                    name,
                    "input" | "output" | "use" | "meta" | "concat" | "unstable_concat" | "unstable_pipe"
                ) {
                    return false;
                }
                *base
            }
            ExprKind::Name(name) => {
                if is_procedure_name(module.str(*name)) {
                    return true;
                }
                let Some((next, definition)) = site.resolver.definition(file, at) else {
                    return false;
                };
                // Only a chain can be a procedure under another name.
                let is_chain = site
                    .resolver
                    .module(next)
                    .call(definition)
                    .is_some_and(|call| call.receiver().is_some());
                return depth < MAX_NAMES && is_chain && is_procedure(site, next, definition, depth + 1);
            }
            _ => return false,
        };
    }
}

fn is_procedure_name(name: &str) -> bool {
    name.contains("rocedure")
}
