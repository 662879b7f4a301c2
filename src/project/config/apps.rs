//! Applications that serve requests, and what they register: compression, metrics, rate limits.

use rustc_hash::FxHashSet;

use crate::ir::{Call, ExprId, ExprKind, Language, Module, StmtKind};
use crate::libraries::entries::EntryKind;
use crate::libraries::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::project::graph::{FnId, Graph};
use crate::source::Span;
use crate::syntax::settings::ConfigKind;

/// An application with fewer routes is a probe or a hook of something else.
const FEWEST_ROUTES: usize = 2;

/// A server application.
#[derive(Clone, Debug)]
pub struct App {
    /// File.
    pub file: FileId,
    /// The call that makes it, or Django's list of middleware.
    pub span: Span,
    /// The framework.
    pub framework: &'static str,
    /// Language.
    pub language: Language,
    /// Routes of this language below its folder.
    pub routes: usize,
}

/// What is registered, by language (Python, then TypeScript).
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// Responses are compressed.
    pub compression: [bool; 2],
    /// Figures or traces leave the process.
    pub metrics: [bool; 2],
    /// Requests of one client are limited.
    pub limiter: [bool; 2],
}

const COMPRESSION: [&str; 17] = [
    "fastapi.middleware.gzip",
    "starlette.middleware.gzip",
    "brotli_asgi",
    "starlette_compress",
    "asgi_compression",
    "zstd_asgi",
    "flask_compress",
    "compression",
    "compression-next",
    "@fastify/compress",
    "fastify-compress",
    "hono/compress",
    "koa-compress",
    "shrink-ray-current",
    "compress_middleware",
    "http-compression",
    "@polka/compression",
];
const METRICS: [&str; 37] = [
    "prometheus_client",
    "prometheus_fastapi_instrumentator",
    "starlette_exporter",
    "starlette_prometheus",
    "aioprometheus",
    "prometheus_flask_exporter",
    "django_prometheus",
    "opentelemetry",
    "@opentelemetry",
    "prom-client",
    "express-prom-bundle",
    "statsd",
    "datadog",
    "ddtrace",
    "dd-trace",
    "hot-shots",
    "newrelic",
    "elasticapm",
    "elastic-apm-node",
    "logfire",
    "applicationinsights",
    "azure.monitor.opentelemetry",
    "appsignal",
    "scout_apm",
    "@vercel/otel",
    "@willsoto/nestjs-prometheus",
    "fastify-metrics",
    "pyroscope",
    "@google-cloud/monitoring",
    "aws_xray_sdk",
    "aws-xray-sdk",
    "markus",
    "@hono/prometheus",
    "node-statsd",
    "prometheus_async",
    "honeycomb",
    "@appsignal/nodejs",
];
const LIMITERS: [&str; 22] = [
    "slowapi",
    "fastapi_limiter",
    "limits",
    "flask_limiter",
    "django_ratelimit",
    "ratelimit",
    "express-rate-limit",
    "rate-limiter-flexible",
    "@upstash/ratelimit",
    "@fastify/rate-limit",
    "@nestjs/throttler",
    "express-slow-down",
    "koa-ratelimit",
    "hono-rate-limiter",
    "pyrate_limiter",
    "axes",
    "@elysiajs/rate-limit",
    "fastapi_throttle",
    "asgi_ratelimit",
    "@unkey/ratelimit",
    "@arcjet/node",
    "@arcjet/next",
];

/// Finds the applications, the main one of each language first.
pub fn find(eval: &Evaluator<'_>, graph: &Graph) -> Vec<App> {
    let served: Vec<(&str, Language)> = graph
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Route)
        .map(|entry| {
            let file = entry.function.0;
            let path = eval.code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
            (path, eval.code.module(file).language)
        })
        .collect();
    let mut apps = Vec::new();
    for (file, module) in super::sources(eval.code) {
        let path = eval.code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        if super::is_beside(path) || path.split('/').any(|part| matches!(part, "worker" | "workers")) {
            continue;
        }
        // Routers stand in folders below the application's, or beside its folder.
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = |route: &str| folder.is_empty() || route.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let count = served
            .iter()
            .filter(|(route, language)| *language == module.language && below(route))
            .count();
        if count < FEWEST_ROUTES && (served.is_empty() || django(module).is_none()) {
            continue;
        }
        for (id, expr) in module.expr_ids() {
            if let Some(framework) = module.call(id).and_then(|call| framework(eval, file, call)) {
                apps.push(App {
                    file,
                    span: expr.span,
                    framework,
                    language: module.language,
                    routes: count,
                });
            }
        }
        if let Some(list) = django(module) {
            apps.push(App {
                file,
                span: Span {
                    start: list.start,
                    end: list.end,
                },
                framework: "Django",
                language: Language::Python,
                routes: count,
            });
        }
    }
    let path = |app: &App| eval.code.files.get(app.file.index()).map_or("", |facts| facts.path.as_str());
    apps.sort_by_key(|app| {
        let path = path(app);
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or("");
        (
            !matches!(stem, "main" | "app" | "server" | "index" | "base" | "settings"),
            path.matches('/').count(),
            app.file,
            app.span.start,
        )
    });
    apps
}

/// The index of a language in [`Features`].
pub fn slot(language: Language) -> usize {
    usize::from(language == Language::TypeScript)
}

fn framework(eval: &Evaluator<'_>, file: FileId, call: Call<'_>) -> Option<&'static str> {
    const NAMES: [&str; 6] = ["FastAPI", "Starlette", "Flask", "Quart", "express", "Express"];
    if !call.method().is_some_and(|method| NAMES.contains(&method)) {
        return None;
    }
    let Value::External(name) = eval.value(file, call.callee) else {
        return None;
    };
    let package = name.split('.').next().unwrap_or_default();
    Some(match (package, name.rsplit('.').next()?) {
        ("fastapi", "FastAPI") => "FastAPI",
        ("starlette", "Starlette") => "Starlette",
        ("flask", "Flask") => "Flask",
        ("quart", "Quart") => "Quart",
        ("express", "express" | "default") => "Express",
        _ => return None,
    })
}

/// The place of Django's `MIDDLEWARE = […]`.
fn django(module: &Module) -> Option<Span> {
    if module.language != Language::Python {
        return None;
    }
    module.stmts.iter().find_map(|stmt| match stmt.kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(target) == Some("MIDDLEWARE") => {
            let mut is_django = false;
            module.each_child(value, &mut |item| {
                is_django |= module.string(item).is_some_and(|text| text.starts_with("django."));
            });
            is_django.then_some(stmt.span)
        }
        _ => None,
    })
}

impl Features {
    /// What the program's own code registers, and what a proxy or a command adds.
    pub fn of(eval: &Evaluator<'_>, graph: &Graph) -> Features {
        let mut features = Features::default();
        let called = called(graph);
        for (file, module) in super::sources(eval.code) {
            let at = slot(module.language);
            let live = |expr: ExprId| is_live(graph, &called, file, module, expr);
            features.compression[at] |=
                uses(module, &COMPRESSION, &live) || registers(module, is_compressor, &live) || wraps(module, &live);
            features.metrics[at] |= uses(module, &METRICS, &live) || registers(module, is_meter, &live) || traces(module);
            features.limiter[at] |= uses(module, &LIMITERS, &live) || registers(module, is_limiter, &live) || guards(module, &live);
            let listed = |wanted: &dyn Fn(&str) -> bool| module.strings.iter().any(|text| !text.contains([' ', '\n']) && wanted(text));
            if at == 0 {
                features.compression[at] |=
                    listed(&|text| text.ends_with("GZipMiddleware") && text.contains('.') || text.contains("compression_middleware."));
                features.metrics[at] |= listed(&|text| text.starts_with("django_prometheus.") || text == "elasticapm.contrib.django");
                features.limiter[at] |= listed(&|text| {
                    matches!(text, "DEFAULT_THROTTLE_CLASSES" | "DEFAULT_THROTTLE_RATES" | "throttle_classes") || text.starts_with("axes.")
                });
            }
        }
        for entry in graph
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Route && entry.label.ends_with(" /metrics"))
        {
            features.metrics[slot(eval.code.module(entry.function.0).language)] = true;
        }
        features.add_settings(eval);
        features
    }

    /// What proxies and commands add, for every language.
    fn add_settings(&mut self, eval: &Evaluator<'_>) {
        for (_, _, facts) in super::files(eval.code) {
            let has = |wanted: &dyn Fn(&str, &str) -> bool| {
                facts
                    .entries
                    .iter()
                    .any(|entry| wanted(entry.path.last().map_or("", String::as_str), &entry.value))
            };
            if facts.kind == ConfigKind::Proxy {
                let gzip = has(&|key, value| matches!(key, "gzip" | "brotli" | "zstd") && value.starts_with("on") || key == "encode");
                let limit = has(&|key, _| matches!(key, "limit_req" | "limit_req_zone" | "rate_limit"));
                self.compression.iter_mut().for_each(|there| *there |= gzip);
                self.limiter.iter_mut().for_each(|there| *there |= limit);
            }
            if facts.kind == ConfigKind::Compose {
                let label = |part: &str| {
                    has(&|key, value| {
                        (key.contains("traefik") || value.contains("traefik")) && (key.contains(part) || value.contains(part))
                    })
                };
                let (gzip, limit) = (label(".compress"), label(".ratelimit"));
                self.compression.iter_mut().for_each(|there| *there |= gzip);
                self.limiter.iter_mut().for_each(|there| *there |= limit);
            }
            let mut words = facts
                .commands
                .iter()
                .flat_map(|command| &command.words)
                .chain(facts.services.iter().flat_map(|service| &service.command));
            if words.any(|word| {
                matches!(
                    word.as_str(),
                    "ddtrace-run" | "newrelic-admin" | "opentelemetry-instrument" | "dd-trace/init"
                ) || word.contains("@opentelemetry/")
            }) {
                self.metrics = [true, true];
            }
        }
    }
}

/// Functions that something calls.
fn called(graph: &Graph) -> FxHashSet<FnId> {
    graph
        .functions
        .iter()
        .flat_map(|node| &node.edges)
        .flat_map(|edge| edge.targets.iter().copied())
        .collect()
}

/// Whether an expression can run: what stands in a function that nothing calls does not count.
fn is_live(graph: &Graph, called: &FxHashSet<FnId>, file: FileId, module: &Module, expr: ExprId) -> bool {
    let owner = module.owner(expr);
    let id = graph.id(file, owner);
    let function = module.function(owner);
    owner.index() == 0
        || called.contains(&id)
        || graph.entry_of(id).is_some()
        || function.is_lambda
        || function.class.is_some()
        || !function.decorators.is_empty()
        || module.language == Language::TypeScript
}

/// Whether a name that comes from one of these packages is used, or such a package is imported for what its import does.
fn uses(module: &Module, packages: &[&str], live: &dyn Fn(ExprId) -> bool) -> bool {
    let is_wanted = |name: &str| packages.iter().any(|package| super::is_module(name, package));
    let names: FxHashSet<&str> = module
        .imports
        .iter()
        .filter(|import| !import.is_type && is_wanted(module.str(import.module)))
        .map(|import| module.str(import.local))
        .collect();
    let required = |id: ExprId| {
        module.call(id).is_some_and(|call| {
            matches!(call.method(), Some("require" | "import")) && call.arg(0).and_then(|arg| module.string(arg)).is_some_and(is_wanted)
        })
    };
    module.expr_ids().any(|(id, _)| match module.kind(id) {
        ExprKind::Name(name) => names.contains(module.str(*name)) && live(id),
        ExprKind::Call { .. } => required(id),
        _ => false,
    })
}

/// Whether something with such a name is handed to a call that registers: `add_middleware(X)`, `app.use(x)`.
fn registers(module: &Module, wanted: fn(&str) -> bool, live: &dyn Fn(ExprId) -> bool) -> bool {
    module.expr_ids().any(|(id, _)| {
        let Some(call) = module.call(id) else { return false };
        let is_registration = matches!(
            call.method(),
            Some(
                "add_middleware"
                    | "use"
                    | "register"
                    | "Middleware"
                    | "apply"
                    | "useGlobalGuards"
                    | "useGlobalInterceptors"
                    | "middleware"
                    | "init_app"
                    | "append"
                    | "mount"
                    | "before_request"
            )
        );
        is_registration && live(id) && call.args.iter().any(|arg| tail(module, arg.value).is_some_and(wanted))
    })
}

/// Whether an application is wrapped by hand: `application = gzip(application)`.
fn wraps(module: &Module, live: &dyn Fn(ExprId) -> bool) -> bool {
    module.expr_ids().any(|(id, _)| {
        let Some(call) = module.call(id) else { return false };
        let of_app = call
            .arg(0)
            .and_then(|arg| module.name(arg))
            .is_some_and(|name| matches!(name, "app" | "application" | "handler"));
        of_app && tail(module, id).is_some_and(is_compressor) && live(id)
    })
}

/// The last name of an expression or of what it calls.
fn tail(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        ExprKind::Call { callee, .. } => match module.kind(*callee) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
            _ => None,
        },
        _ => None,
    }
}

fn is_compressor(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["gzip", "compress", "brotli", "deflate", "zstd"]
        .iter()
        .any(|part| lower.contains(part))
}

fn is_meter(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["metric", "prometheus", "telemetry", "tracing", "apm"]
        .iter()
        .any(|part| lower.contains(part))
}

fn is_limiter(name: &str) -> bool {
    let lower = name.to_lowercase().replace('_', "");
    ["ratelimit", "throttl", "slowdown"].iter().any(|part| lower.contains(part))
}

/// A limiter of the project's own: a decorator, a dependency or a call with such a name.
fn guards(module: &Module, live: &dyn Fn(ExprId) -> bool) -> bool {
    let decorated = module
        .functions
        .iter()
        .flat_map(|function| &function.decorators)
        .chain(module.classes.iter().flat_map(|class| &class.decorators));
    if decorated
        .into_iter()
        .any(|&decorator| tail(module, decorator).is_some_and(is_limiter))
    {
        return true;
    }
    module.expr_ids().any(|(id, _)| {
        let Some(call) = module.call(id) else { return false };
        let by_name = tail(module, id).is_some_and(is_limiter);
        let depends =
            matches!(call.method(), Some("Depends" | "Security")) && call.arg(0).and_then(|arg| tail(module, arg)).is_some_and(is_limiter);
        (by_name || depends) && live(id)
    }) || module.stmts.iter().any(|stmt| match stmt.kind {
        StmtKind::Assign { target, .. } => module.name(target) == Some("throttle_classes"),
        _ => false,
    })
}

/// An error tracker counts once it samples traces.
fn traces(module: &Module) -> bool {
    module.strings.iter().any(|text| {
        matches!(
            text.as_ref(),
            "traces_sample_rate" | "tracesSampleRate" | "traces_sampler" | "tracesSampler"
        )
    })
}
