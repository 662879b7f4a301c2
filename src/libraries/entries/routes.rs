//! Python HTTP frameworks with decorated functions and method classes: `FastAPI`, Starlette, Flask, Quart, Sanic,
//! Litestar, aiohttp, Tornado.

use super::mounts::{own_prefix, router_of};
use super::site::{CLASSFUL, EntryFile, join, may_list, methods_argument, starts_with_any, verb};
use super::{Decorator, Entry, EntryKind};
use crate::ir::{Call, ClassId, ExprKind, FunctionId, Module, StmtKind};
use crate::libraries::shared::handles;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;
use crate::vocabulary::{List, Name};

const LIBRARIES: &[&str] = &[
    "fastapi",
    "starlette",
    "flask",
    "quart",
    "sanic",
    "litestar",
    "aiohttp.web",
    "ninja",
    "starlite",
    "bottle",
    "falcon",
    "robyn",
    "blacksheep",
    "flask_restx",
    "flask_smorest",
    "apiflask",
    "fastapi_utils",
    "aiohttp",
];
/// Frameworks that run a plain `def` handler on the event loop itself.
const ON_LOOP: &[&str] = &["sanic", "aiohttp", "litestar", "starlite", "tornado", "blacksheep"];
const VERBS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
const VIEWS: &[&str] = &[
    "MethodView",
    "View",
    "HTTPEndpoint",
    "RequestHandler",
    "Resource",
    "HTTPMethodView",
    "BaseHandler",
    "APIHandler",
    "Controller",
    "CBV",
];

/// `@app.get("/x")`, `@router.route("/x", methods=[…])`, `@routes.view("/x")`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    if let Some(word) = remote(site, decorator) {
        let name = decorator.call.and_then(|call| call.keyword("name").or_else(|| call.arg(0)));
        let name = name
            .and_then(|name| site.text(name))
            .unwrap_or_else(|| site.title((site.file, decorator.function)));
        let place = site.module.expr(decorator.expr).span;
        let mut entry = site.own(decorator.function, EntryKind::Route, format!("{word} {name}"), place);
        entry.is_list_capable = true;
        entry.threaded = !site.module.function(decorator.function).is_async;
        out.push(entry);
        return;
    }
    let is_verb = VERBS.contains(&decorator.name);
    if !is_verb && !matches!(decorator.name, "route" | "api_route" | "head" | "trace" | "sse") {
        return;
    }
    let Some(call) = decorator.call else { return };
    // What a class's view adds to it is known there.
    if site.is_library(call.callee, CLASSFUL) {
        return;
    }
    let path = call.arg(0).or_else(|| call.keyword("path")).or_else(|| call.keyword("rule"));
    let text = path.and_then(|path| site.text(path));
    let known = is_router(site, call);
    let is_path = text.as_deref().is_some_and(|text| text.is_empty() || text.starts_with('/'));
    // `@mock.patch("a.b")` has the form but no path.
    if !(known || is_path && (call.receiver().is_some() || site.is_library(call.callee, LIBRARIES))) || text.is_none() && !known {
        return;
    }
    let verb = if is_verb {
        verb(decorator.name)
    } else {
        methods_argument(site, call)
    };
    let label = format!("{verb} {}", addressed(site, call, text.as_deref().unwrap_or("")));
    let place = site.module.expr(decorator.expr).span;
    out.push(route(site, (site.file, decorator.function), verb, label, place, call));
}

/// `@rpc_method(name="goats.list")`, `@jsonrpc.method("goats.list")`, the tools of a model's server: `@mcp.tool()`.
fn remote(site: &EntryFile<'_>, decorator: Decorator<'_>) -> Option<&'static str> {
    let owner = match site.module.kind(decorator.callee) {
        ExprKind::Attr { base, .. } => site.last_name(*base).unwrap_or(""),
        _ => "",
    };
    let is_rpc = |word: &str| word.ends_with("rpc") && word != "grpc";
    let words = |name: &str| Name::of(name).words().map(ToOwned::to_owned).collect::<Vec<String>>();
    let (own, of_owner) = (words(decorator.name), words(owner));
    let is_method = match own.as_slice() {
        [.., before, last] if last == "method" => is_rpc(before),
        [last] => is_rpc(last) || last == "method" && of_owner.last().is_some_and(|last| is_rpc(last)),
        _ => false,
    };
    if is_method {
        return Some("RPC");
    }
    let is_tool = matches!(decorator.name, "tool" | "resource" | "prompt") && of_owner.iter().any(|word| word == "mcp");
    is_tool.then_some("tool")
}

/// `add_api_route("/x", f)`, `add_url_rule`, `app.router.add_get("/x", f)`, `web.get("/x", f)`, `Route("/x", f)`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let (verb, path, handler) = match method {
        "add_api_route" | "add_route" => {
            let (first, second) = (call.arg(0), call.arg(1));
            // Sanic takes the handler first.
            if first.is_some_and(|first| site.text(first).is_none()) {
                (methods_argument(site, call), second, first)
            } else {
                (
                    methods_argument(site, call),
                    first,
                    second.or_else(|| call.keyword("endpoint")).or_else(|| call.arg(2)),
                )
            }
        }
        "add_url_rule" => (
            methods_argument(site, call),
            call.arg(0),
            call.keyword("view_func").or_else(|| call.arg(2)),
        ),
        "add_get" | "add_post" | "add_put" | "add_patch" | "add_delete" => {
            (verb(method.trim_start_matches("add_")), call.arg(0), call.arg(1))
        }
        "Route" => (
            methods_argument(site, call),
            call.arg(0),
            call.arg(1).or_else(|| call.keyword("endpoint")),
        ),
        "get" | "post" | "put" | "patch" | "delete" if site.is_library(call.callee, &["aiohttp.web"]) => {
            (verb(method), call.arg(0), call.arg(1))
        }
        _ => return,
    };
    let (Some(path), Some(handler)) = (path, handler) else { return };
    let Some(text) = site.text(path).filter(|text| text.is_empty() || text.starts_with('/')) else {
        return;
    };
    if method == "add_url_rule"
        && let Value::Class(at, class) = site.resolver.value(site.file, handler)
    {
        let label = format!("{verb} {}", addressed(site, call, &text));
        for function in processed(site.resolver.module(at), class) {
            out.push(route(
                site,
                (at, function),
                verb,
                label.clone(),
                site.module.expr(call.id).span,
                call,
            ));
        }
        return;
    }
    let handler = match site.module.kind(handler) {
        ExprKind::Call { .. } if site.module.call(handler).and_then(|call| call.method()) == Some("as_view") => None,
        _ => site.handler(handler),
    };
    let Some(function) = handler else { return };
    let label = format!("{verb} {}", addressed(site, call, &text));
    out.push(route(site, function, verb, label, site.module.expr(call.id).span, call));
}

/// The methods by which a project's own kind of handler class answers, by what they are called: its base class calls them.
fn processed(module: &Module, class: ClassId) -> Vec<FunctionId> {
    let methods = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Function(function) => Some(function),
        _ => None,
    });
    let is_called = |function: &FunctionId| {
        let name = module.function(*function).name.map_or("", |name| module.str(name));
        let word = Name::of(name).first().to_owned();
        List::Handling.has(&word) || VERBS.contains(&word.as_str())
    };
    methods.filter(is_called).collect()
}

/// `get`, `post`, … of method classes.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let ancestors = site.resolver.ancestors(site.file, class);
    let is_view = ancestors.iter().any(|ancestor| {
        let last = ancestor.rsplit('.').next().unwrap_or(ancestor);
        VIEWS.contains(&last) && !ancestor.starts_with("django") && !ancestor.starts_with("rest_framework")
    });
    if !is_view || !site_has(site, &ancestors) {
        return;
    }
    let name = site.module.class(class).name.map_or("", |name| site.module.str(name));
    let on_loop = ancestors.iter().any(|ancestor| starts_with_any(ancestor, ON_LOOP));
    for (function, method) in site.methods(class) {
        if !VERBS.contains(&method) || site.module.function(function).is_static {
            continue;
        }
        let verb = verb(method);
        let mut entry = site.own(
            function,
            EntryKind::Route,
            format!("{verb} {name}"),
            site.module.function(function).name_span,
        );
        entry.is_list_capable = may_list(verb);
        entry.threaded = !site.module.function(function).is_async && !on_loop;
        out.push(entry);
    }
}

/// A project's own class named `View` or `Controller` is no HTTP handler unless a framework is near.
fn site_has(site: &EntryFile<'_>, ancestors: &[String]) -> bool {
    const NEAR: &[&str] = &[
        "flask",
        "quart",
        "starlette",
        "fastapi",
        "tornado",
        "sanic",
        "aiohttp",
        "litestar",
        "flask_restful",
        "flask_restx",
        "flask_smorest",
        "notebook",
        "jupyter_server",
        "falcon",
    ];
    ancestors.iter().any(|ancestor| starts_with_any(ancestor, NEAR)) || site.imports(NEAR)
}

fn route(site: &EntryFile<'_>, function: (FileId, FunctionId), verb: &str, label: String, place: Span, call: Call<'_>) -> Entry {
    let on_loop = match site.library_name(call.callee) {
        Some(name) => starts_with_any(&name, ON_LOOP),
        None => site.imports(ON_LOOP) && !site.imports(&["fastapi", "flask", "starlette"]),
    };
    let mut entry = Entry::new(function, EntryKind::Route, label, place);
    entry.is_list_capable = may_list(verb);
    entry.threaded = !site.is_async(function) && !on_loop;
    entry.router = call.receiver().and_then(|receiver| router_of(site, receiver));
    entry
}

/// Whether a call is made on a router, by what it is or by its name.
fn is_router(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else {
        return site.is_library(call.callee, LIBRARIES);
    };
    if let Some(name) = site.library_name(receiver) {
        return starts_with_any(&name, LIBRARIES);
    }
    site.last_name(receiver).is_some_and(handles::takes_routes)
}

/// A path below the one that its router has of its own.
fn addressed(site: &EntryFile<'_>, call: Call<'_>, path: &str) -> String {
    let router = call.receiver().and_then(|receiver| router_of(site, receiver));
    let prefix = router.map(|router| own_prefix(site, &router)).unwrap_or_default();
    join(&prefix, path)
}
