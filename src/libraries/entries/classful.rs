//! Flask-Classful (Flask-Classy before): the public methods of a `FlaskView` are routes, by their names or by `@route`.

use super::site::{CLASSFUL, EntryFile, join, may_list, methods_argument, verb};
use super::{Entry, EntryKind};
use crate::ir::{Call, ClassId, ExprId, FunctionId, StmtKind};

/// Methods that are routes of a verb by their names; all others are of GET.
const NAMED: &[&str] = &["delete", "patch", "post", "put"];
/// How the names of methods begin that the library calls around others, or leaves alone.
const AROUND: &[&str] = &["_", "after_", "before_"];

/// The routes of a view's own methods.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let ancestors = site.resolver.ancestors(site.file, class);
    let is_view = |name: &String| {
        let mut parts = name.split('.');
        parts.next().is_some_and(|library| CLASSFUL.contains(&library)) && parts.next_back() == Some("FlaskView")
    };
    if !ancestors.iter().any(is_view) {
        return;
    }
    let base = base_of(site, class);
    for (function, method) in site.methods(class) {
        let definition = site.module.function(function);
        if definition.is_static || definition.is_property || AROUND.iter().any(|start| method.starts_with(start)) {
            continue;
        }
        let told = routes_of(site, function);
        let Some(&(_, place)) = told.first() else {
            let verb = NAMED.iter().find(|named| **named == method).map_or("GET", |named| verb(named));
            let path = if matches!(method, "get" | "index") || verb != "GET" {
                ""
            } else {
                method
            };
            out.push(entry(site, function, verb, &join(&base, path), definition.name_span));
            continue;
        };
        for (call, _) in &told {
            let path = call.arg(0).or_else(|| call.keyword("rule")).and_then(|path| site.text(path));
            let label = join(&base, path.as_deref().unwrap_or(""));
            out.push(entry(
                site,
                function,
                methods_argument(site, *call),
                &label,
                site.module.expr(place).span,
            ));
        }
    }
}

/// `@route("/<id>", methods=["GET"])` above a method.
fn routes_of<'r>(site: &EntryFile<'r>, function: FunctionId) -> Vec<(Call<'r>, ExprId)> {
    let decorators = site.module.function(function).decorators.iter();
    let calls = decorators.filter_map(|&decorator| Some((site.module.call(decorator)?, decorator)));
    calls
        .filter(|(call, _)| site.is_library(call.callee, CLASSFUL) && call.method() == Some("route"))
        .collect()
}

/// `route_base = "/assets"`, else what the class is called by.
fn base_of(site: &EntryFile<'_>, class: ClassId) -> String {
    let definition = site.module.class(class);
    let told = definition.body.iter().find_map(|&stmt| match site.module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if site.module.name(target) == Some("route_base") => site.text(value),
        _ => None,
    });
    told.unwrap_or_else(|| {
        let name = definition.name.map_or("", |name| site.module.str(name));
        format!("/{}", name.strip_suffix("View").unwrap_or(name).to_lowercase())
    })
}

fn entry(site: &EntryFile<'_>, function: FunctionId, verb: &str, path: &str, place: crate::source::Span) -> Entry {
    let mut entry = site.own(function, EntryKind::Route, format!("{verb} {path}"), place);
    entry.is_list_capable = may_list(verb);
    entry.threaded = !site.module.function(function).is_async;
    entry
}
