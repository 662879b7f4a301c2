//! Python calls that hand a function to a framework.

use super::super::site::EntryFile;
use super::super::{Entry, Often};
use super::decorators::{heard, is_signal, listened};
use crate::ir::{Call, ExprId, ExprKind, FunctionId};
use crate::libraries::shared::value::Value;

/// `app.before_request(f)`, `post_save.connect(f, sender=Order)`, `event.listen(Order, "after_insert", f)`, `Depends(Guard())`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let place = site.module.expr(call.id).span;
    let (handler, often, label) = match method {
        "before_request"
        | "before_app_request"
        | "after_request"
        | "after_app_request"
        | "teardown_request"
        | "teardown_app_request"
        | "teardown_appcontext"
        | "context_processor"
        | "app_context_processor"
        | "user_loader"
        | "request_loader" => (call.arg(0), Often::Always, format!("`{method}`")),
        "register_error_handler" | "add_exception_handler" => (call.arg(1), Often::Seldom, "a request that fails".to_owned()),
        "connect" if call.receiver().is_some() => {
            let Some(receiver) = call.receiver().filter(|&signal| is_signal(site, signal)) else {
                return;
            };
            let signal = site.last_name(receiver).unwrap_or("a signal");
            let (often, label) = heard(site, signal, Some(call));
            (call.arg(0), often, label)
        }
        "listen" if site.imports(&["sqlalchemy", "flask_sqlalchemy", "sqlmodel"]) => {
            let Some((often, label)) = listened(site, call) else { return };
            (call.arg(2), often, label)
        }
        "register" if call.receiver().and_then(|receiver| site.last_name(receiver)) == Some("atexit") => {
            (call.arg(0), Often::Once, "the end of the process".to_owned())
        }
        "Depends" | "Security" => return depends(site, call, out),
        _ => return,
    };
    if let Some(function) = handler.and_then(|handler| site.handler(handler)) {
        out.push(Entry::hook(function, often, label, place));
    }
}

/// `Depends(Guard())`: an object of the project is called; functions and classes are followed as dependencies of their routes.
fn depends(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let Some(given) = call.arg(0).or_else(|| call.keyword("dependency")) else {
        return;
    };
    let made = match site.resolver.definition(site.file, given) {
        Some((file, made)) if file == site.file => made,
        _ => given,
    };
    let Some(class) = class_of(site, made) else { return };
    let (file, id) = class;
    let module = site.resolver.module(file);
    for (function, method) in super::super::site::methods(module, id) {
        if method == "__call__" {
            let name = module.class(id).name.map_or("", |name| module.str(name));
            let label = format!("what {name} guards");
            out.push(Entry::hook((file, function), Often::Read, label, site.module.expr(call.id).span));
        }
    }
}

fn class_of(site: &EntryFile<'_>, made: ExprId) -> Option<(crate::libraries::shared::value::FileId, crate::ir::ClassId)> {
    let ExprKind::Call { callee, .. } = site.module.kind(made) else {
        return None;
    };
    match site.resolver.value(site.file, *callee) {
        Value::Class(file, class) => Some((file, class)),
        _ => None,
    }
}

/// Functions that Django calls by what they take: a middleware that is made with `get_response`, a context processor.
pub fn file(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    let module = site.module;
    let name = site.path.rsplit('/').next().unwrap_or(site.path);
    for (id, function) in module.function_ids() {
        let Some(outer) = function.parent else { continue };
        let own = site.params((site.file, id));
        let title = || site.title((site.file, id));
        if own.as_slice() == ["request"] && site.params((site.file, outer)).contains(&"get_response") {
            let made_by = site.title((site.file, outer));
            out.push(Entry::hook(
                (site.file, id),
                Often::Always,
                format!("middleware {made_by}"),
                function.name_span,
            ));
        } else if own.as_slice() == ["request"] && outer == FunctionId::MODULE && name.contains("context_processor") {
            out.push(Entry::hook(
                (site.file, id),
                Often::Always,
                format!("context processor {}", title()),
                function.name_span,
            ));
        }
    }
}
