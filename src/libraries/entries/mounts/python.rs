//! `include_router`, `register_blueprint`, Django's `include`, routers of viewsets.

use super::router::{Mount, Router, given, own_prefix, router_of, urls_of};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, StmtKind};
use crate::libraries::entries::site::{EntryFile, join};

/// `app.include_router(router, prefix="/x")` and its like, `path("x/", include(…))`, `router.register("x", ViewSet)`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Mount>) {
    match method {
        "include_router" => below(site, call, call.arg(0), call.keyword("prefix"), out),
        "register_blueprint" | "blueprint" => blueprint(site, call, out),
        "add_router" => below(site, call, call.arg(1), call.arg(0), out),
        "mount" | "add_subapp" => below(site, call, call.arg(1).or_else(|| call.keyword("app")), call.arg(0), out),
        "path" | "re_path" | "url" => included(site, call, out),
        "register" if call.args.len() >= 2 => registered(site, call, out),
        _ => {}
    }
}

fn below(site: &EntryFile<'_>, call: Call<'_>, what: Option<ExprId>, prefix: Option<ExprId>, out: &mut Vec<Mount>) {
    let (Some(what), Some(receiver)) = (what.and_then(|what| given(site, what)), call.receiver()) else {
        return;
    };
    let under = router_of(site, receiver);
    let own = under.as_ref().map(|under| own_prefix(site, under)).unwrap_or_default();
    let given = prefix.and_then(|prefix| site.text(prefix)).unwrap_or_default();
    out.push(Mount {
        what,
        under,
        prefix: joined(&own, &given),
        instead_of: String::new(),
    });
}

/// Flask: the path that is given here takes the place of the blueprint's own.
fn blueprint(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let before = out.len();
    below(site, call, call.arg(0), call.keyword("url_prefix"), out);
    if call.keyword("url_prefix").is_none() {
        return;
    }
    for mount in out.iter_mut().skip(before) {
        mount.instead_of = own_prefix(site, &mount.what);
    }
}

/// `path("x/", include("shop.urls"))`, `include(router.urls)`, `include(patterns)`, `include((patterns, "shop"))`.
fn included(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let Some(include) = call.arg(1).and_then(|target| site.module.call(target)) else {
        return;
    };
    let (Some("include"), Some(mut target)) = (include.method(), include.arg(0)) else {
        return;
    };
    if let ExprKind::Tuple(items) = site.module.kind(target)
        && let Some(&first) = items.first()
    {
        target = first;
    }
    let Some(what) = urls(site, target) else { return };
    let prefix = call.arg(0).and_then(|prefix| site.text(prefix)).unwrap_or_default();
    out.push(Mount {
        what,
        under: Some(urls_of(site.module, site.file, call.id)),
        prefix: prefix.trim_start_matches('^').to_owned(),
        instead_of: String::new(),
    });
}

/// What is put below a path: a module of addresses, a router's `urls`, a list.
fn urls(site: &EntryFile<'_>, target: ExprId) -> Option<Router> {
    if let Some(name) = site.module.string(target) {
        return Some(Router::Module(name.to_owned()));
    }
    if let ExprKind::Attr { base, name } = site.module.kind(target)
        && site.module.str(*name) == "urls"
        && let Some(router) = router_of(site, *base)
    {
        return Some(router);
    }
    match site.resolver.value(site.file, target) {
        crate::libraries::shared::value::Value::Module(file) => Some(Router::Urls(file)),
        _ => router_of(site, target),
    }
}

/// `router.register("orders", OrderViewSet)`.
fn registered(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let (Some(prefix), Some(view)) = (call.arg(0).and_then(|prefix| site.text(prefix)), call.arg(1)) else {
        return;
    };
    let Some(what @ Router::View(..)) = given(site, view) else { return };
    let Some(receiver) = call.receiver() else { return };
    out.push(Mount {
        what,
        under: router_of(site, receiver),
        prefix: prefix.trim_start_matches('^').to_owned(),
        instead_of: String::new(),
    });
}

/// `urlpatterns = router.urls`, `urlpatterns = [...] + router.urls`, `urlpatterns += router.urls`.
pub fn patterns(site: &EntryFile<'_>, out: &mut Vec<Mount>) {
    let module = site.module;
    for &stmt in &module.function(FunctionId::MODULE).body {
        let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
        else {
            continue;
        };
        if module.name(target) != Some("urlpatterns") {
            continue;
        }
        let mut open = vec![value];
        while let Some(at) = open.pop() {
            match module.kind(at) {
                ExprKind::Binary { left, right, .. } => open.extend([*left, *right]),
                ExprKind::List(items) => open.extend(items.iter().filter_map(|&item| match module.kind(item) {
                    ExprKind::Spread(inner) => Some(*inner),
                    _ => None,
                })),
                ExprKind::Attr { .. } | ExprKind::Name(_) => out.extend(urls(site, at).map(|what| Mount {
                    what,
                    under: Some(Router::Urls(site.file)),
                    prefix: String::new(),
                    instead_of: String::new(),
                })),
                _ => {}
            }
        }
    }
}

fn joined(own: &str, given: &str) -> String {
    if own.is_empty() && given.is_empty() {
        return String::new();
    }
    join(own, given)
}
