//! Express, Fastify, Koa, Hono and their like: a path and a handler given to a router.

mod around;

use super::mounts::router_of;
use super::often::is_guard;
use super::site::{EntryFile, join, may_list, starts_with_any, verb};
use super::{Entry, EntryKind};
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::handles;

const LIBRARIES: &[&str] = &[
    "express",
    "fastify",
    "hono",
    "koa",
    "koa-router",
    "@koa/router",
    "elysia",
    "restify",
    "polka",
    "@hono/zod-openapi",
    "express-promise-router",
    "itty-router",
    "find-my-way",
    "h3",
    "worktop",
    "@oak/oak",
];

/// `app.get("/x", …, handler)`, `router.route("/x").post(handler)`, `fastify.route({ url, handler })`,
/// `app.openapi(route, handler)`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    match method {
        "get" | "post" | "put" | "patch" | "delete" | "del" | "all" | "head" | "options" => {}
        "route" => return described(site, call, out),
        "use" if is_router(site, call) => return around::used(site, call, out),
        "addHook" if is_router(site, call) => return around::added(site, call, out),
        "decorate" | "decorateRequest" if is_router(site, call) => return around::decorated(site, call, out),
        "param" if is_router(site, call) => return around::of_parameter(site, call, out),
        "openapi" => return documented(site, call, out),
        _ if around::is_elysias(method) => return around::of_elysia(site, call, method, out),
        _ => return,
    }
    let Some(route) = routed(site, call, method) else { return };
    around::before(site, call, &route, out);
    out.push(route);
}

/// `app.get("/x", …, handler)`, `router.route("/x").post(handler)`.
fn routed(site: &EntryFile<'_>, call: Call<'_>, method: &str) -> Option<Entry> {
    let last = call.args.last().map(|arg| arg.value)?;
    let first = call.arg(0).filter(|&first| first != last);
    let path = match first.and_then(|first| site.text(first)) {
        Some(text) => Some(text),
        None => routed_path(site, call),
    };
    let path = path.filter(|path| is_path(path) || is_bare_path(site, call, path))?;
    if !is_router(site, call) {
        return None;
    }
    let function = site.handler(last)?;
    let verb = verb(method);
    let label = format!("{verb} {}", join("", &path));
    let mut entry = Entry::new(function, EntryKind::Route, label, site.module.expr(call.id).span);
    entry.is_list_capable = may_list(verb);
    entry.router = call.receiver().and_then(|receiver| router_of(site, receiver));
    // `app.get("/x", requireAdmin, handler)`.
    let between = call.args.iter().rev().skip(1);
    entry.is_for_staff = between.into_iter().any(|arg| guards(site, arg.value));
    Some(entry)
}

fn is_path(path: &str) -> bool {
    path.is_empty() || path.starts_with(['/', '*', ':', '…'])
}

/// `router.post("documents.list", auth(), handler)`: Koa's router takes a path without a slash, which a client's `get("key", f)`
/// looks like as well; so the receiver must be called a router.
fn is_bare_path(site: &EntryFile<'_>, call: Call<'_>, path: &str) -> bool {
    let is_word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-' | '/' | ':');
    let receiver = site.receiver_name(call).unwrap_or_default().to_ascii_lowercase();
    path.chars().all(is_word) && receiver.ends_with("router") && call.args.len() > 1
}

/// Whether an argument before the handler lets staff in only.
fn guards(site: &EntryFile<'_>, arg: ExprId) -> bool {
    let callee = site.module.call(arg).map_or(arg, |call| call.callee);
    site.last_name(callee).is_some_and(is_guard)
}

/// The path of the `.route("/x")` before `.get(handler)` in a chain.
fn routed_path(site: &EntryFile<'_>, call: Call<'_>) -> Option<String> {
    let chain = call.chain();
    let route = chain.iter().find(|link| link.method() == Some("route"))?;
    site.text(route.arg(0)?)
}

fn described(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let Some(options) = call.arg(0) else { return };
    let (Some(handler), Some(url)) = (
        site.module.entry(options, "handler"),
        site.module.entry(options, "url").or_else(|| site.module.entry(options, "path")),
    ) else {
        return;
    };
    let (Some(function), Some(path)) = (site.handler(handler), site.text(url)) else {
        return;
    };
    let verb = site
        .module
        .entry(options, "method")
        .and_then(|method| site.module.string(method))
        .map_or("ANY", verb);
    push(site, call, function, verb, &path, out);
}

/// `app.openapi(createRoute({ method, path }), handler)`.
fn documented(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let (Some(route), Some(handler)) = (call.arg(0), call.arg(1)) else {
        return;
    };
    let Some(function) = site.handler(handler) else { return };
    let definition = site.resolver.definition(site.file, route).unwrap_or((site.file, route));
    let module = site.resolver.module(definition.0);
    let options = module.call(definition.1).and_then(|call| call.arg(0));
    let read = |key: &str| {
        options
            .and_then(|options| module.entry(options, key))
            .and_then(|value| module.string(value))
    };
    let verb = read("method").map_or("ANY", verb);
    push(site, call, function, verb, read("path").unwrap_or("/"), out);
}

fn push(
    site: &EntryFile<'_>,
    call: Call<'_>,
    function: (crate::libraries::shared::value::FileId, crate::ir::FunctionId),
    verb: &str,
    path: &str,
    out: &mut Vec<Entry>,
) {
    let label = format!("{verb} {}", join("", path));
    let mut entry = Entry::new(function, EntryKind::Route, label, site.module.expr(call.id).span);
    entry.is_list_capable = may_list(verb);
    entry.router = call.receiver().and_then(|receiver| router_of(site, receiver));
    out.push(entry);
}

/// Whether a call is made on a router or a server: by what it is, or by a name that only these go by. A cache's or a
/// client's `get("/x", f)` is none.
fn is_router(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else { return false };
    let root = call.root();
    for expr in [receiver, root] {
        if let Some(name) = site.library_name(expr)
            && starts_with_any(&name, LIBRARIES)
        {
            return true;
        }
    }
    // The start of a chain: `new Hono().get(…).post(…)`.
    let mut at = receiver;
    while let ExprKind::Call { callee, .. } = site.module.kind(at) {
        match site.module.kind(*callee) {
            ExprKind::Attr { base, .. } => at = *base,
            _ => {
                return matches!(
                    site.last_name(*callee),
                    Some("Router" | "Hono" | "OpenAPIHono" | "Elysia" | "express" | "fastify")
                );
            }
        }
    }
    site.last_name(at).is_some_and(handles::takes_routes)
}
