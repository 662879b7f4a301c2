//! Applications that serve requests, and what they register: compression, metrics, rate limits.

use rustc_hash::FxHashSet;

use crate::ir::{Call, ExprId, ExprKind, Language, Module, StmtKind};
use crate::libraries::entries::EntryKind;
use crate::libraries::shared::handles;
use crate::libraries::shared::injected;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Code, Evaluator};
use crate::project::graph::{FnId, Graph};
use crate::source::{Span, has_ignoring_case};
use crate::syntax::settings::ConfigKind;
use crate::vocabulary::List;

/// An application with fewer routes is a probe or a hook of something else.
const FEWEST_ROUTES: usize = 2;

/// A server application.
#[derive(Clone, Debug)]
pub struct App {
    /// File that it stands in.
    pub file: FileId,
    /// The call that makes it, or Django's list of middleware.
    pub span: Span,
    /// Name of the web framework, for people: `FastAPI`.
    pub framework: &'static str,
    /// Language of the file that makes it.
    pub language: Language,
    /// Routes of this language below its folder.
    pub routes: usize,
}

/// What is registered, by language (Python, then TypeScript).
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// Responses are compressed.
    pub compression: [Registered; 2],
    /// Figures or traces leave the process.
    pub metrics: [Registered; 2],
    /// Something is limited that may be the requests of one client: enough to say that a limit is not missing.
    pub limiter: [Registered; 2],
    /// Requests of one client are limited: a limiter stands before the handlers, and not before what the program asks of others.
    pub guard: [Registered; 2],
}

/// Where something is registered first, if it is.
pub type Registered = Option<(FileId, Span)>;

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
/// Packages that limit what comes in.
const GUARDS: [&str; 16] = [
    "@arcjet/next",
    "@arcjet/node",
    "@elysiajs/rate-limit",
    "@fastify/rate-limit",
    "@nestjs/throttler",
    "asgi_ratelimit",
    "axes",
    "django_ratelimit",
    "express-rate-limit",
    "express-slow-down",
    "fastapi_limiter",
    "fastapi_throttle",
    "flask_limiter",
    "hono-rate-limiter",
    "koa-ratelimit",
    "slowapi",
];
/// Packages that limit what comes in or what is asked of others.
const LIMITERS: [&str; 6] = [
    "@unkey/ratelimit",
    "@upstash/ratelimit",
    "limits",
    "pyrate_limiter",
    "rate-limiter-flexible",
    "ratelimit",
];

/// Finds the applications, the main one of each language first.
pub fn find(code: &Code, graph: &Graph) -> Vec<App> {
    let eval = &Evaluator::new(code);
    let mut served: Vec<(Language, &str)> = graph
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Route)
        .map(|entry| {
            let file = entry.function.0;
            let path = eval.code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
            (eval.code.module(file).language, path)
        })
        .collect();
    served.sort_unstable();
    let mut apps = Vec::new();
    for (file, module) in super::sources(eval.code) {
        let path = eval.code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        if super::is_beside(path) || path.split('/').any(|part| matches!(part, "worker" | "workers")) {
            continue;
        }
        // Routers stand in folders below the application's, or beside its folder.
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let count = count_below(&served, module.language, folder);
        if count < FEWEST_ROUTES && (served.is_empty() || django(module).is_none()) {
            continue;
        }
        let makes_apps = module.mentions(&FRAMEWORKS);
        for (id, expr) in module.expr_ids().take_while(|_| makes_apps) {
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
        (!List::MainFiles.has(stem), path.matches('/').count(), app.file, app.span.start)
    });
    apps
}

/// How many of the routes, sorted, stand in a folder or below it.
fn count_below(served: &[(Language, &str)], language: Language, folder: &str) -> usize {
    let upto = |bound: &str| served.partition_point(|&(of, path)| (of, path) < (language, bound));
    if folder.is_empty() {
        return served.partition_point(|&(of, _)| of <= language) - upto("");
    }
    // `0` comes after `/`: what starts with the folder and a slash lies between.
    upto(&format!("{folder}0")) - upto(&format!("{folder}/"))
}

/// The index of a language in [`Features`].
pub fn slot(language: Language) -> usize {
    usize::from(language == Language::TypeScript)
}

/// Constructors of applications.
const FRAMEWORKS: [&str; 6] = ["FastAPI", "Starlette", "Flask", "Quart", "express", "Express"];

fn framework(eval: &Evaluator<'_>, file: FileId, call: Call<'_>) -> Option<&'static str> {
    if !call.method().is_some_and(|method| FRAMEWORKS.contains(&method)) {
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
    if module.language != Language::Python || !module.mentions(&["MIDDLEWARE"]) {
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
    pub fn of(code: &Code, graph: &Graph) -> Features {
        let mut features = Features::default();
        let called = called(graph);
        let found = super::in_sources(code, |file, module| {
            let live = |expr: ExprId| is_live(graph, &called, file, module, expr);
            vec![(file, slot(module.language), in_module(module, &live))]
        });
        for (file, at, [compression, metrics, limiter, guard]) in found {
            let note = |slot: &mut Registered, found: Option<Span>| *slot = slot.or_else(|| found.map(|span| (file, span)));
            note(&mut features.compression[at], compression);
            note(&mut features.metrics[at], metrics);
            note(&mut features.limiter[at], limiter);
            note(&mut features.guard[at], guard);
        }
        for entry in graph
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Route && entry.label.ends_with(" /metrics"))
        {
            let file = entry.function.0;
            let slot = &mut features.metrics[slot(code.module(file).language)];
            let span = code.module(file).function(entry.function.1).name_span;
            *slot = slot.or(Some((file, span)));
        }
        features.add_settings(code);
        features
    }

    /// What proxies and commands add, for every language.
    fn add_settings(&mut self, code: &Code) {
        for (file, _, facts) in super::files(code) {
            let find = |wanted: &dyn Fn(&str, &str) -> bool| -> Registered {
                let mut entries = facts.entries.iter();
                let entry = entries.find(|entry| wanted(entry.path.last().map_or("", String::as_str), &entry.value))?;
                Some((file, entry.span))
            };
            let (mut gzip, mut limit) = (None, None);
            if facts.kind == ConfigKind::Proxy {
                gzip = find(&|key, value| matches!(key, "gzip" | "brotli" | "zstd") && value.starts_with("on") || key == "encode");
                limit = find(&|key, _| matches!(key, "limit_req" | "limit_req_zone" | "rate_limit"));
            }
            if facts.kind == ConfigKind::Compose {
                let label = |part: &str| {
                    find(&|key, value| {
                        (key.contains("traefik") || value.contains("traefik")) && (key.contains(part) || value.contains(part))
                    })
                };
                (gzip, limit) = (label(".compress"), label(".ratelimit"));
            }
            let commands = facts.commands.iter().map(|command| (&command.words, command.span));
            let services = facts
                .services
                .iter()
                .map(|service| (&service.command, service.command_span.unwrap_or(service.span)));
            let agent = commands.chain(services).find(|(words, _)| words.iter().any(|word| is_agent(word)));
            let agent = agent.map(|(_, span)| (file, span));
            for (slots, found) in [
                (&mut self.compression, gzip),
                (&mut self.limiter, limit),
                (&mut self.guard, limit),
                (&mut self.metrics, agent),
            ] {
                for slot in slots.iter_mut() {
                    *slot = slot.or(found);
                }
            }
        }
    }
}

/// What one module registers: compression, metrics, limits of any kind, limits of what comes in.
fn in_module(module: &Module, live: &dyn Fn(ExprId) -> bool) -> [Option<Span>; 4] {
    let in_settings = |wanted: fn(&str) -> bool| (module.language == Language::Python).then(|| listed(module, wanted)).flatten();
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii())
    };
    let named = |wanted: fn(&str) -> bool| module.strings.iter().any(|text| is_name(text) && wanted(text));
    let (compressor, limiter) = (named(is_compressor), named(is_limiter));
    let compression = uses(module, &COMPRESSION, live)
        .or_else(|| compressor.then(|| registers(module, is_compressor, live)).flatten())
        .or_else(|| compressor.then(|| wraps(module, live)).flatten())
        .or_else(|| in_settings(is_compression_setting));
    let metrics = uses(module, &METRICS, live)
        .or_else(|| named(is_meter).then(|| registers(module, is_meter, live)).flatten())
        .or_else(|| traces(module))
        .or_else(|| in_settings(is_metrics_setting));
    let guard = uses(module, &GUARDS, live)
        .or_else(|| limiter.then(|| registers(module, is_limiter, live)).flatten())
        .or_else(|| limiter.then(|| depends(module, live)).flatten())
        .or_else(|| throttles(module))
        .or_else(|| in_settings(is_limit_setting));
    let limits = guard
        .or_else(|| uses(module, &LIMITERS, live))
        .or_else(|| limiter.then(|| limits(module, live)).flatten());
    [compression, metrics, limits, guard]
}

/// A program that starts another one under its measurement.
fn is_agent(word: &str) -> bool {
    matches!(
        word,
        "ddtrace-run" | "newrelic-admin" | "opentelemetry-instrument" | "dd-trace/init"
    ) || word.contains("@opentelemetry/")
}

fn is_compression_setting(text: &str) -> bool {
    text.ends_with("GZipMiddleware") && text.contains('.') || text.contains("compression_middleware.")
}

fn is_metrics_setting(text: &str) -> bool {
    text.starts_with("django_prometheus.") || text == "elasticapm.contrib.django"
}

fn is_limit_setting(text: &str) -> bool {
    matches!(text, "DEFAULT_THROTTLE_CLASSES" | "DEFAULT_THROTTLE_RATES" | "throttle_classes") || text.starts_with("axes.")
}

/// A word of a settings file that turns something on.
fn listed(module: &Module, wanted: fn(&str) -> bool) -> Option<Span> {
    let is_it = |text: &str| !text.contains([' ', '\n']) && wanted(text);
    if !module.strings.iter().any(&is_it) {
        return None;
    }
    let mut places = module.expr_ids().filter(|(id, _)| module.string(*id).is_some_and(is_it));
    Some(places.next().map_or_else(Span::default, |(_, expr)| expr.span))
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
fn uses(module: &Module, packages: &[&str], live: &dyn Fn(ExprId) -> bool) -> Option<Span> {
    let is_wanted = |name: &str| packages.iter().any(|package| super::is_module(name, package));
    let names: FxHashSet<&str> = module
        .imports
        .iter()
        .filter(|import| !import.is_type && is_wanted(module.str(import.module)))
        .map(|import| module.str(import.local))
        .collect();
    let is_required = module.mentions(&["require", "import"]) && module.strings.iter().any(&is_wanted);
    if names.is_empty() && !is_required {
        return None;
    }
    let required = |id: ExprId| {
        module.call(id).is_some_and(|call| {
            matches!(call.method(), Some("require" | "import")) && call.arg(0).and_then(|arg| module.string(arg)).is_some_and(is_wanted)
        })
    };
    let mut found = module.expr_ids().filter(|(id, _)| match module.kind(*id) {
        ExprKind::Name(name) => names.contains(module.str(*name)) && live(*id),
        ExprKind::Call { .. } => required(*id),
        _ => false,
    });
    found.next().map(|(_, expr)| expr.span)
}

/// Whether something with such a name is handed to a call that registers: `add_middleware(X)`, `app.use(x)`.
fn registers(module: &Module, wanted: fn(&str) -> bool, live: &dyn Fn(ExprId) -> bool) -> Option<Span> {
    let mut found = module.expr_ids().filter(|&(id, _)| {
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
        // `missing_metrics.append(metric)` fills a list.
        let is_list = call.method() == Some("append") && !call.receiver().is_some_and(|list| tail(module, list).is_some_and(is_middleware));
        is_registration && !is_list && live(id) && call.args.iter().any(|arg| tail(module, arg.value).is_some_and(wanted))
    });
    found.next().map(|(_, expr)| expr.span)
}

/// Whether an application is wrapped by hand: `application = gzip(application)`.
fn wraps(module: &Module, live: &dyn Fn(ExprId) -> bool) -> Option<Span> {
    let mut found = module.expr_ids().filter(|&(id, _)| {
        let Some(call) = module.call(id) else { return false };
        let of_app = call
            .arg(0)
            .and_then(|arg| module.name(arg))
            .is_some_and(|name| name == "handler" || handles::is_application(name));
        of_app && tail(module, id).is_some_and(is_compressor) && live(id)
    });
    found.next().map(|(_, expr)| expr.span)
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

/// `app.middlewares`, `MIDDLEWARE`.
fn is_middleware(name: &str) -> bool {
    has_ignoring_case(name, "middleware")
}

fn is_compressor(name: &str) -> bool {
    List::Compressing.has(name)
}

fn is_meter(name: &str) -> bool {
    List::Metering.has(name)
}

fn is_limiter(name: &str) -> bool {
    List::Limiting.has(name)
}

/// A limiter of the project's own that handlers depend on.
fn depends(module: &Module, live: &dyn Fn(ExprId) -> bool) -> Option<Span> {
    let mut depends = module.call_ids().filter(|&id| {
        let Some(call) = module.call(id) else { return false };
        let given = || call.arg(0).and_then(|arg| tail(module, arg));
        call.method().is_some_and(injected::is_depends) && given().is_some_and(is_limiter) && live(id)
    });
    depends.next().map(|id| module.expr(id).span)
}

/// The classes that throttle a view.
fn throttles(module: &Module) -> Option<Span> {
    if !module.mentions(&["throttle_classes"]) {
        return None;
    }
    let mut settings = module.stmts.iter().filter(|stmt| match stmt.kind {
        StmtKind::Assign { target, .. } => module.name(target) == Some("throttle_classes"),
        _ => false,
    });
    settings.next().map(|stmt| stmt.span)
}

/// A decorator or a call with the name of a limiter: whose requests it limits is not known.
fn limits(module: &Module, live: &dyn Fn(ExprId) -> bool) -> Option<Span> {
    let of_functions = module.functions.iter().flat_map(|function| &function.decorators);
    let mut decorators = of_functions.chain(module.classes.iter().flat_map(|class| &class.decorators));
    if let Some(&decorator) = decorators.find(|&&decorator| tail(module, decorator).is_some_and(is_limiter)) {
        return Some(module.expr(decorator).span);
    }
    let mut calls = module.call_ids().filter(|&id| tail(module, id).is_some_and(is_limiter) && live(id));
    calls.next().map(|id| module.expr(id).span)
}

/// An error tracker counts once it samples traces.
fn traces(module: &Module) -> Option<Span> {
    let is_it = |text: &str| matches!(text, "traces_sample_rate" | "tracesSampleRate" | "traces_sampler" | "tracesSampler");
    if !module.strings.iter().any(&is_it) {
        return None;
    }
    let mut named = module.expr_ids().filter(|&(id, _)| {
        let by_keyword = module
            .call(id)
            .is_some_and(|call| call.args.iter().any(|arg| arg.name.is_some_and(|name| is_it(module.str(name)))));
        by_keyword || module.string(id).is_some_and(is_it)
    });
    Some(named.next().map_or_else(Span::default, |(_, expr)| expr.span))
}
