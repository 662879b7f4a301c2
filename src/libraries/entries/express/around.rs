//! What stands around the handlers of such servers: middleware of a server, a router or a route, Fastify's hooks.

use super::super::mounts::router_of;
use super::super::often::of_address;
use super::super::site::{EntryFile, join};
use super::super::{Entry, EntryKind, Often};
use crate::ir::{Call, ExprId, ExprKind, FunctionId};
use crate::libraries::shared::handles;
use crate::libraries::shared::value::FileId;
use crate::vocabulary::List;

/// Fastify's hooks, which routes take as options too.
const FASTIFY: &[&str] = &[
    "onError",
    "onRequest",
    "onResponse",
    "onSend",
    "preHandler",
    "preParsing",
    "preSerialization",
    "preValidation",
];
/// Elysia's steps around its handlers.
const ELYSIA: &[&str] = &[
    "derive",
    "mapResponse",
    "onAfterHandle",
    "onAfterResponse",
    "onBeforeHandle",
    "onError",
    "onParse",
    "onRequest",
    "onTransform",
    "resolve",
];

/// What stands before a route's handler: `app.get("/x", load, check("goats"), handler)`, lists of them, Fastify's hooks in its options.
pub fn before(site: &EntryFile<'_>, call: Call<'_>, route: &Entry, out: &mut Vec<Entry>) {
    let often = of_address(&route.label);
    for arg in call.args {
        let steps = match site.module.kind(arg.value) {
            ExprKind::Object(_) => optional(site, arg.value, often),
            ExprKind::Str(_) | ExprKind::Template(_) => continue,
            _ => site.before(arg.value, often),
        };
        let others = steps.into_iter().filter(|function| *function != route.function);
        out.extend(others.map(|function| of_route(function, route, often)));
    }
}

/// `app.use(f)`, `router.use("/x", f, g)`, `app.use(async (ctx, next) => …)`.
pub fn used(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let place = site.module.expr(call.id).span;
    let path = call.arg(0).and_then(|first| site.module.string(first)).unwrap_or("");
    for arg in call.args {
        for function in site.handlers(arg.value) {
            let params = site.params(function);
            if !params.iter().skip(1).any(|param| List::Answering.has(param)) {
                continue;
            }
            // A server of sockets asks it of each connection, not of each message.
            if params.len() == 2 && params.first().is_some_and(|first| matches!(*first, "client" | "socket")) {
                out.push(Entry::hook(function, Often::Act, "a connection of a socket".to_owned(), place));
                continue;
            }
            // What takes an error first is for requests that failed.
            if params.len() == 4 && params.first().is_some_and(|first| List::Errors.has(first)) {
                out.push(Entry::hook(function, Often::Seldom, "a request that fails".to_owned(), place));
                continue;
            }
            if matches!(path, "" | "*" | "/" | "/*") && is_application(site, call) {
                out.push(Entry::hook(function, Often::Always, middleware(site, function), place));
                continue;
            }
            let mut entry = Entry::hook(function, Often::Read, format!("ANY {}", join("", path)), place);
            entry.router = call.receiver().and_then(|receiver| router_of(site, receiver));
            out.push(entry);
        }
    }
}

/// `middleware authenticate`; one without a name goes by its file.
fn middleware(site: &EntryFile<'_>, function: (FileId, FunctionId)) -> String {
    let name = site.resolver.module(function.0).qualified(function.1);
    if name.is_empty() {
        return format!("middleware of {}", site.path.rsplit('/').next().unwrap_or(site.path));
    }
    format!("middleware {name}")
}

/// A server by its name, and by what makes it: other objects of these libraries are put below one.
fn is_application(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else { return false };
    let is_named = site.last_name(receiver).is_some_and(handles::is_application);
    let made = site.resolver.definition(site.file, receiver);
    let made = made.and_then(|(file, at)| site.resolver.module(file).call(at)?.method());
    // Each file of routes makes one of these.
    let is_small = matches!(made, Some("Elysia" | "Hono" | "OpenAPIHono" | "Router"));
    let file = site.path.rsplit('/').next().unwrap_or(site.path);
    let is_main = file.split('.').next().is_some_and(|stem| List::MainFiles.has(stem));
    is_named && (!is_small || is_main)
}

/// `server.addHook("preHandler", f)`.
pub fn added(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let Some(event) = call.arg(0).and_then(|event| site.module.string(event)) else {
        return;
    };
    let handler = call.args.iter().skip(1).find_map(|arg| site.handler(arg.value));
    let Some(function) = handler else { return };
    let place = site.module.expr(call.id).span;
    if FASTIFY.contains(&event) {
        let often = if event == "onError" { Often::Seldom } else { Often::Always };
        out.push(Entry::hook(function, often, format!("hook `{event}`"), place));
    }
}

/// Whether a method is called as one of Elysia's steps.
pub fn is_elysias(method: &str) -> bool {
    ELYSIA.contains(&method)
}

/// `new Elysia().onBeforeHandle({ as: "global" }, f)`: it runs with each request of its server or part of one.
pub fn of_elysia(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    if !site.imports(&["elysia"]) || !super::is_router(site, call) {
        return;
    }
    let Some(function) = call.args.last().and_then(|arg| site.handler(arg.value)) else {
        return;
    };
    let often = if method == "onError" { Often::Seldom } else { Often::Always };
    out.push(Entry::hook(
        function,
        often,
        format!("hook `{method}`"),
        site.module.expr(call.id).span,
    ));
}

/// `server.decorate("authenticate", async (request, reply) => …)`.
pub fn decorated(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let Some(function) = call.arg(1).and_then(|arg| site.handler(arg)) else {
        return;
    };
    if site.params(function).iter().skip(1).any(|param| List::Answering.has(param)) {
        let name = call.arg(0).and_then(|name| site.text(name)).unwrap_or_default();
        out.push(Entry::hook(
            function,
            Often::Read,
            format!("what `{name}` guards"),
            site.module.expr(call.id).span,
        ));
    }
}

/// `router.param("id", load)`.
pub fn of_parameter(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    if let Some(function) = call.arg(1).and_then(|arg| site.handler(arg)) {
        let place = site.module.expr(call.id).span;
        out.push(Entry::hook(function, Often::Read, "a route with this parameter".to_owned(), place));
    }
}

/// Fastify's hooks among a route's options.
fn optional(site: &EntryFile<'_>, options: ExprId, often: Often) -> Vec<(FileId, FunctionId)> {
    let values = FASTIFY.iter().filter_map(|key| site.module.entry(options, key));
    values.flat_map(|value| site.before(value, often)).collect()
}

/// A function that stands before a route's handler, under the route's own address.
fn of_route(function: (FileId, FunctionId), route: &Entry, often: Often) -> Entry {
    let mut entry = route.clone();
    entry.function = function;
    entry.kind = EntryKind::Hook;
    entry.is_list_capable = false;
    entry.often = often;
    entry
}
