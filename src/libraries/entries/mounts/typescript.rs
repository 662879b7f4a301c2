//! `app.use("/x", router)`, Hono's `route`, Fastify's `register`, the global prefix of `NestJS`, routers in routers of tRPC.

use super::router::{Mount, Router, given, router_of};
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::entries::site::EntryFile;

/// What a call puts where.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Mount>) {
    match method {
        "use" | "route" | "mount" if call.receiver().is_some() => used(site, call, out),
        "register" => plugin(site, call, out),
        "setGlobalPrefix" => {
            let prefix = call.arg(0).and_then(|prefix| site.text(prefix));
            out.extend(prefix.map(|prefix| Mount {
                what: Router::Application(site.file),
                under: None,
                prefix,
                instead_of: String::new(),
            }));
        }
        "enableVersioning" => versioned(site, call, out),
        _ if is_router_call(method) => nested(site, call, out),
        _ => {}
    }
}

/// `app.enableVersioning({ defaultVersion: "1" })`: `v1` stands between the application's prefix and its controllers, unless the
/// version is in a header.
fn versioned(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let Some(options) = call.arg(0) else { return };
    let kind = site.module.entry(options, "type").and_then(|kind| site.last_name(kind));
    let version = site
        .module
        .entry(options, "defaultVersion")
        .and_then(|version| site.module.string(version));
    if let (None | Some("URI"), Some(version)) = (kind, version) {
        out.push(Mount {
            what: Router::Application(site.file),
            under: Some(Router::Application(site.file)),
            prefix: format!("v{version}"),
            instead_of: String::new(),
        });
    }
}

/// Whether a call makes a router of tRPC, by its name: `router({ … })`, `createTRPCRouter({ … })`, `t.router({ … })`.
pub fn is_router_call(method: &str) -> bool {
    method == "router" || method.ends_with("TRPCRouter") || method == "createRouter" || method == "mergeRouters"
}

/// `app.use("/api", auth, router)`: the last argument that is a router.
fn used(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let prefix = call.arg(0).and_then(|first| site.module.string(first)).unwrap_or_default();
    let Some(under) = call.receiver().and_then(|receiver| router_of(site, receiver)) else {
        return;
    };
    for arg in call.args {
        // Middleware is a function, which no route is registered on.
        let Some(what @ Router::Made(..)) = router_of(site, arg.value) else {
            continue;
        };
        if what == under {
            continue;
        }
        out.push(Mount {
            what,
            under: Some(under.clone()),
            prefix: prefix.to_owned(),
            instead_of: String::new(),
        });
    }
}

/// `app.register(orders, { prefix: "/orders" })`.
fn plugin(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let (Some(first), Some(receiver)) = (call.arg(0), call.receiver()) else {
        return;
    };
    let Some(what @ Router::Plugin(..)) = given(site, first).or_else(|| lambda(site, first)) else {
        return;
    };
    let prefix = call.arg(1).and_then(|options| site.module.entry(options, "prefix"));
    out.push(Mount {
        what,
        under: router_of(site, receiver),
        prefix: prefix.and_then(|prefix| site.text(prefix)).unwrap_or_default(),
        instead_of: String::new(),
    });
}

fn lambda(site: &EntryFile<'_>, expr: ExprId) -> Option<Router> {
    site.handler(expr).map(|(file, function)| Router::Plugin(file, function))
}

/// `router({ order: orderRouter, item: router({ … }) })`, `mergeRouters(a, b)`.
fn nested(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Mount>) {
    let under = Router::Made(site.file, call.id);
    let mut push = |what: Option<Router>, prefix: &str| {
        out.extend(what.filter(|what| *what != under).map(|what| Mount {
            what,
            under: Some(under.clone()),
            prefix: prefix.to_owned(),
            instead_of: String::new(),
        }));
    };
    for arg in call.args {
        match site.module.kind(arg.value) {
            ExprKind::Object(entries) => {
                for entry in entries {
                    let key = entry.key.and_then(|key| site.module.string(key)).unwrap_or("");
                    push(router_named(site, entry.value), key);
                }
            }
            _ => push(router_named(site, arg.value), ""),
        }
    }
}

/// The router of tRPC that an expression stands for.
fn router_named(site: &EntryFile<'_>, expr: ExprId) -> Option<Router> {
    let router = router_of(site, expr)?;
    let Router::Made(file, at) = &router else { return None };
    let call = site.resolver.module(*file).call(*at)?;
    call.method().is_some_and(is_router_call).then_some(router)
}
