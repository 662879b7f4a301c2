//! Frameworks where a file's place and exports make its functions entry points: Next.js, Remix, `SvelteKit`, Nuxt, Astro.

use rustc_hash::FxHashSet;

use super::site::{EntryFile, may_list};
use super::{Entry, EntryKind};
use crate::ir::{ExprKind, FunctionId, Module, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;

const VERBS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Packages whose pages are files; a name that ends in `/` is a scope.
const WITH_PAGES: &[&str] = &["astro", "blitz", "next", "vinext"];
/// Packages that call what the files of a folder of routes export as `loader` and `action`.
const WITH_LOADERS: &[&str] = &[
    "@react-router/",
    "@remix-run/",
    "@shopify/hydrogen",
    "@shopify/remix-oxygen",
    "@vercel/remix",
    "react-router",
    "remix",
];
/// Packages that call what the files below `server/api` and `server/routes` export.
const WITH_SERVER_FILES: &[&str] = &[
    "@analogjs/",
    "@nuxt/",
    "@solidjs/start",
    "h3",
    "nitro",
    "nitropack",
    "nitropack-nightly",
    "nuxt",
    "nuxt-nightly",
    "nuxt3",
    "vinxi",
];

/// The exports that a framework calls.
pub fn file(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    let directive = directive(site, FunctionId::MODULE);
    server_actions(site, directive, out);
    let path = site.path.trim_start_matches("./");
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    // A component of the browser renders there.
    if directive == Some("use client") {
        return;
    }
    match stem {
        "route" if has_folder(folder, "app") => verbs(site, &url(folder, "app"), out),
        "+server" => verbs(site, &url(folder, "routes"), out),
        "+page.server" | "+layout.server" | "+page" | "+layout" => svelte(site, &url(folder, "routes"), out),
        "page" | "layout" | "template" | "default" | "not-found" if has_folder(folder, "app") => {
            let url = url(folder, "app");
            default_export(site, EntryKind::Page, &format!("page {url}"), out);
            named(
                site,
                &["generateMetadata", "generateViewport"],
                EntryKind::Page,
                &format!("page {url}"),
                out,
            );
            // The build asks which pages there are; no visitor does.
            named(site, &["generateStaticParams"], EntryKind::Startup, &format!("build of {url}"), out);
        }
        "hooks.server" => named(site, &["handle"], EntryKind::Route, "every request", out),
        "instrumentation" => named(site, &["register"], EntryKind::Startup, "start-up", out),
        "middleware" if site.imports(&["next/server"]) => {
            named(site, &["middleware"], EntryKind::Route, "every request", out);
            default_export(site, EntryKind::Route, "every request", out);
        }
        _ => {}
    }
    if has_folder(folder, "pages") {
        pages(site, folder, stem, out);
    }
    let has_loaders = has_folder(folder, "routes") || stem == "root" && has_folder(folder, "app");
    if has_loaders && may_have(site, WITH_LOADERS) {
        remix(site, folder, stem, out);
    }
    server_file(site, folder, stem, out);
}

/// Nitro's files, and those of what is built on it. Any server has such folders: the way of exporting must say so, or a manifest.
fn server_file(site: &EntryFile<'_>, folder: &str, stem: &str, out: &mut Vec<Entry>) {
    let root = match format!("/{folder}/") {
        folder if folder.contains("/server/api/") => "server",
        folder if folder.contains("/server/routes/") => "routes",
        _ => return,
    };
    if gives_event_handler(site) || may_have(site, WITH_SERVER_FILES) {
        default_export(site, EntryKind::Route, &format!("ANY {}", page_url(folder, stem, root)), out);
    }
}

/// `export default defineEventHandler(…)`, or what wraps one.
fn gives_event_handler(site: &EntryFile<'_>) -> bool {
    let module = site.module;
    let defaults = module.exports_of("default").filter_map(|at| module.exports[at].value);
    let mut called = defaults.filter_map(|value| module.call(value)?.method());
    called.any(|name| name.ends_with("ventHandler") || name == "defineHandler")
}

/// Whether a framework may be there: a manifest names it, or there is no manifest.
fn may_have(site: &EntryFile<'_>, packages: &[&str]) -> bool {
    site.resolver.asks_for(site.file, packages).unwrap_or(true)
}

fn directive<'r>(site: &EntryFile<'r>, function: FunctionId) -> Option<&'r str> {
    site.module.function(function).directive.map(|sym| site.module.str(sym))
}

/// Exports of a `"use server"` file, and functions with the directive.
fn server_actions(site: &EntryFile<'_>, file_directive: Option<&str>, out: &mut Vec<Entry>) {
    if file_directive == Some("use server") {
        for (name, function, place) in exports(site) {
            let name = if name == "default" { site.title(function) } else { name.to_owned() };
            out.push(Entry::new(function, EntryKind::Action, format!("server action {name}"), place));
        }
    }
    for (id, function) in site.module.function_ids() {
        if id != FunctionId::MODULE && directive(site, id) == Some("use server") {
            let title = site.title((site.file, id));
            out.push(site.own(id, EntryKind::Action, format!("server action {title}"), function.name_span));
        }
    }
}

/// The exported functions with their outside names.
fn exports<'r>(site: &EntryFile<'r>) -> Vec<(&'r str, (FileId, FunctionId), Span)> {
    let module = site.module;
    let mut seen = FxHashSet::default();
    let mut out = Vec::new();
    for export in &module.exports {
        if !seen.insert(export.name) {
            continue;
        }
        let name = module.str(export.name);
        let found = match (export.value, export.local) {
            (Some(value), _) => site.handler(value),
            (None, Some(local)) if export.from.is_none() => site.top_level(module.str(local)).or_else(|| from_elsewhere(site, name)),
            (None, Some(_)) => from_elsewhere(site, name),
            (None, None) => None,
        };
        let Some(function) = found else { continue };
        let place = match export.value {
            Some(value) if function.0 != site.file => module.expr(value).span,
            _ if function.0 == site.file => module.function(function.1).name_span,
            _ => Span::default(),
        };
        out.push((name, function, place));
    }
    out
}

/// `export { GET } from "./handlers"`, and what is imported and exported again. A component of the browser is no entry here either.
fn from_elsewhere(site: &EntryFile<'_>, name: &str) -> Option<(FileId, FunctionId)> {
    let (value, given) = site.resolver.exported(site.file, name)?;
    let found = if let Value::Function(file, function) = value {
        (file, function)
    } else {
        let (file, expr) = given?;
        site.handler_at(file, expr, 0)?
    };
    let module = site.resolver.module(found.0);
    let directive = module.function(FunctionId::MODULE).directive.map(|sym| module.str(sym));
    (directive != Some("use client")).then_some(found)
}

fn named(site: &EntryFile<'_>, names: &[&str], kind: EntryKind, label: &str, out: &mut Vec<Entry>) {
    for (name, function, place) in exports(site) {
        if names.contains(&name) {
            out.push(Entry::new(function, kind, label.to_owned(), place));
        }
    }
}

fn default_export(site: &EntryFile<'_>, kind: EntryKind, label: &str, out: &mut Vec<Entry>) {
    for (name, function, place) in exports(site) {
        if name == "default" {
            let mut entry = Entry::new(function, kind, label.to_owned(), place);
            entry.is_list_capable = matches!(kind, EntryKind::Route | EntryKind::Page);
            out.push(entry);
        }
    }
}

/// `export async function GET`, `export const POST = withAuth(…)`.
fn verbs(site: &EntryFile<'_>, url: &str, out: &mut Vec<Entry>) {
    for (name, function, place) in exports(site) {
        if !VERBS.contains(&name) && name != "fallback" {
            continue;
        }
        let mut entry = Entry::new(function, EntryKind::Route, format!("{name} {url}"), place);
        entry.is_list_capable = may_list(name);
        out.push(entry);
    }
}

/// `load` and `actions`.
fn svelte(site: &EntryFile<'_>, url: &str, out: &mut Vec<Entry>) {
    named(site, &["load"], EntryKind::Page, &format!("page {url}"), out);
    let module = site.module;
    for (_, expr) in module.expr_ids().filter(|(_, expr)| matches!(expr.kind, ExprKind::Object(_))) {
        let crate::ir::Parent::Stmt(stmt) = expr.parent else { continue };
        let crate::ir::StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
        else {
            continue;
        };
        let ExprKind::Object(entries) = module.kind(value) else { continue };
        if module.name(target) != Some("actions") || module.expr(value).span != expr.span {
            continue;
        }
        for action in entries {
            if let Some(function) = site.handler(action.value) {
                let name = action.key.and_then(|key| module.string(key)).unwrap_or("default");
                let place = module.expr(action.value).span;
                out.push(Entry::new(
                    function,
                    EntryKind::Action,
                    format!("action {url}?/{name}"),
                    Span { end: place.start, ..place },
                ));
            }
        }
    }
}

/// Next.js's `pages` folder, Astro's endpoints.
fn pages(site: &EntryFile<'_>, folder: &str, stem: &str, out: &mut Vec<Entry>) {
    let url = page_url(folder, stem, "pages");
    if may_have(site, WITH_PAGES) {
        if url == "/api" || url.starts_with("/api/") {
            default_export(site, EntryKind::Route, &format!("ANY {url}"), out);
        }
        verbs(site, &url, out);
    }
    let data = ["getServerSideProps", "getStaticProps", "getStaticPaths", "getInitialProps"];
    for (name, function, place) in exports(site) {
        if data.contains(&name) {
            let mut entry = Entry::new(function, EntryKind::Page, format!("page {url} ({name})"), place);
            entry.is_list_capable = true;
            out.push(entry);
        }
    }
}

/// Remix's `loader` and `action`.
fn remix(site: &EntryFile<'_>, folder: &str, stem: &str, out: &mut Vec<Entry>) {
    let url = page_url(folder, stem, "routes");
    for (name, function, place) in exports(site) {
        let (kind, verb) = match name {
            "loader" => (EntryKind::Route, "GET"),
            "action" => (EntryKind::Action, "POST"),
            _ => continue,
        };
        let mut entry = Entry::new(function, kind, format!("{verb} {url} ({name})"), place);
        entry.is_list_capable = name == "loader";
        out.push(entry);
    }
}

fn has_folder(folder: &str, name: &str) -> bool {
    folder.split('/').any(|part| part == name)
}

/// The address of a folder below `root`: groups, slots and private folders are no part of it.
fn url(folder: &str, root: &str) -> String {
    let parts: Vec<&str> = folder.split('/').collect();
    let start = parts.iter().position(|part| *part == root).map_or(0, |at| at + 1);
    let kept = parts.iter().skip(start).filter(|part| !part.starts_with(['(', '@']));
    let url: String = kept.flat_map(|part| ["/", part]).collect();
    if url.is_empty() { "/".to_owned() } else { url }
}

fn page_url(folder: &str, stem: &str, root: &str) -> String {
    let base = url(folder, root);
    let stem = stem.trim_end_matches(".server");
    match (base.as_str(), stem) {
        (_, "index" | "_index") => base,
        ("/", stem) => format!("/{stem}"),
        (base, stem) => format!("{base}/{stem}"),
    }
}

/// Whether a file belongs to a package for Workers of Cloudflare, by the tool that builds and starts them. Their requests share no
/// connection, and the platform ends what does not answer: <https://developers.cloudflare.com/workers/platform/limits/>.
pub fn is_for_workers(resolver: &dyn Resolver, file: FileId) -> bool {
    resolver.asks_for(file, &["wrangler"]) == Some(true)
}

/// `export const runtime = "edge"`: the platform's functions have seconds.
pub fn is_at_the_edge(module: &Module) -> bool {
    let is_exported = module.exports.iter().any(|export| module.str(export.name) == "runtime");
    is_exported
        && module
            .function(FunctionId::MODULE)
            .body
            .iter()
            .any(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } => module.name(target) == Some("runtime") && matches!(module.string(value), Some("edge" | "experimental-edge")),
                _ => false,
            })
}
