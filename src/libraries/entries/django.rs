//! Django and Django REST framework: views by urls, class views, viewsets, decorated views.

use super::mounts::{Router, urls_of};
use super::site::{EntryFile, methods, verb};
use super::{Decorator, Entry, EntryKind};
use crate::ir::{Call, ClassId, FunctionId};
use crate::libraries::shared::value::Value;

const LIBRARIES: &[&str] = &["django", "rest_framework", "adrf", "ninja_extra"];
/// Bases by which a view is known where the library's own base is not reached.
const VIEWS: &[&str] = &[
    "APIView",
    "ViewSet",
    "GenericViewSet",
    "ModelViewSet",
    "ReadOnlyModelViewSet",
    "GenericAPIView",
];
const HANDLERS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("list", "GET"),
    ("retrieve", "GET"),
    ("create", "POST"),
    ("update", "PUT"),
    ("partial_update", "PATCH"),
    ("destroy", "DELETE"),
    ("get_queryset", "GET"),
    ("get_context_data", "GET"),
    ("get_object", "GET"),
    ("form_valid", "POST"),
    ("perform_create", "POST"),
    ("perform_update", "PUT"),
    ("perform_destroy", "DELETE"),
    ("dispatch", "ANY"),
];

/// `@api_view(["GET"])`, `@action(detail=True)`, `@require_GET`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let verb = match decorator.name {
        "api_view" => decorator
            .call
            .and_then(|call| call.arg(0))
            .and_then(|list| site.text(list))
            .map_or("GET", |method| verb(&method)),
        "require_GET" | "require_safe" => "GET",
        "require_POST" => "POST",
        "require_http_methods" => "ANY",
        "action" | "detail_route" | "list_route" if site.module.function(decorator.function).class.is_some() => "ANY",
        _ => return,
    };
    if decorator.name == "action" && !site.imports(&["rest_framework"]) {
        return;
    }
    let title = site.title((site.file, decorator.function));
    let place = site.module.expr(decorator.expr).span;
    let class = site.module.function(decorator.function).class;
    out.push(Entry {
        router: class.map(|class| Router::View(site.file, class)),
        ..view(site, (site.file, decorator.function), format!("{verb} {title}"), place)
    });
}

/// `path("x/", view)`, `path("x/", View.as_view())`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    if !matches!(method, "path" | "re_path" | "url") || call.args.len() < 2 {
        return;
    }
    let known = site.is_library(call.callee, &["django"]) || site.path.ends_with("urls.py") || site.path.contains("/urls/");
    let (Some(route), Some(target)) = (call.arg(0), call.arg(1)) else {
        return;
    };
    let Some(route) = site.text(route).filter(|_| known) else { return };
    let place = site.module.expr(call.id).span;
    let label = format!("ANY /{}", route.trim_start_matches(['/', '^']).trim_end_matches('$'));
    let router = urls_of(site.module, site.file, call.id);
    let as_view = site.module.call(target).filter(|inner| inner.method() == Some("as_view"));
    let Some(as_view) = as_view else {
        if let Some(function) = site.handler(target) {
            out.push(Entry {
                router: Some(router),
                ..view(site, function, label, place)
            });
        }
        return;
    };
    let Some(Value::Class(file, class)) = as_view.receiver().map(|receiver| site.resolver.value(site.file, receiver)) else {
        return;
    };
    // `View.as_view({"get": "retrieve"})` names the methods of a viewset that the address leads to.
    let mapped: Option<Vec<String>> = as_view.arg(0).and_then(|map| match site.module.kind(map) {
        crate::ir::ExprKind::Object(entries) => Some(
            entries
                .iter()
                .filter_map(|entry| site.module.string(entry.value))
                .map(ToOwned::to_owned)
                .collect(),
        ),
        _ => None,
    });
    for (function, name) in methods(site.resolver.module(file), class) {
        if mapped.as_ref().is_some_and(|mapped| !mapped.iter().any(|method| *method == name)) {
            continue;
        }
        if let Some((_, verb)) = HANDLERS.iter().find(|(handler, _)| *handler == name) {
            let label = label.replacen("ANY", verb, 1);
            out.push(Entry {
                router: Some(router.clone()),
                ..view(site, (file, function), label, place)
            });
        }
    }
}

/// Methods of views and viewsets, and actions of a model's admin.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let ancestors = site.resolver.ancestors(site.file, class);
    let is_view = ancestors.iter().any(|ancestor| {
        let last = ancestor.rsplit('.').next().unwrap_or(ancestor);
        let library = super::site::starts_with_any(ancestor, LIBRARIES);
        VIEWS.contains(&last)
            || library && (last.ends_with("View") || last.ends_with("ViewSet") || last.ends_with("Mixin") && ancestor.contains("views"))
    });
    let is_admin = ancestors
        .iter()
        .any(|ancestor| ancestor.starts_with("django") && ancestor.ends_with("ModelAdmin"));
    if ancestors.iter().any(|ancestor| is_login(ancestor)) {
        logins(site, class, out);
    }
    if !is_view && !is_admin {
        return;
    }
    let name = site.module.class(class).name.map_or("", |name| site.module.str(name));
    for (function, method) in site.methods(class) {
        let verb = HANDLERS.iter().find(|(handler, _)| *handler == method).map(|(_, verb)| *verb);
        let admin = is_admin && matches!(method, "get_queryset" | "changelist_view" | "save_model");
        let Some(verb) = verb.filter(|_| is_view).or(admin.then_some("ANY")) else {
            continue;
        };
        let place = site.module.function(function).name_span;
        out.push(Entry {
            router: Some(Router::View(site.file, class)),
            ..view(site, (site.file, function), format!("{verb} {name}.{method}"), place)
        });
    }
}

/// A base of Django's authentication backends, or of a package's that stands on them.
fn is_login(ancestor: &str) -> bool {
    let last = ancestor.rsplit('.').next().unwrap_or(ancestor);
    matches!(
        last,
        "ModelBackend" | "BaseBackend" | "RemoteUserBackend" | "AllowAllUsersModelBackend"
    ) || last.ends_with("AuthenticationBackend")
}

/// Django calls `authenticate` of each backend with every login.
fn logins(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let name = site.module.class(class).name.map_or("", |name| site.module.str(name));
    for (function, method) in site.methods(class) {
        if method == "authenticate" {
            let place = site.module.function(function).name_span;
            out.push(view(site, (site.file, function), format!("POST {name}.login"), place));
        }
    }
}

fn view(
    site: &EntryFile<'_>,
    function: (crate::libraries::shared::value::FileId, FunctionId),
    label: String,
    place: crate::source::Span,
) -> Entry {
    let mut entry = Entry::new(function, EntryKind::Route, label, place);
    entry.is_list_capable = super::site::may_list(entry.label.split(' ').next().unwrap_or(""));
    entry.threaded = !site.is_async(function);
    entry
}
