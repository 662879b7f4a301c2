//! What applications of web frameworks register, by the framework's name: see `project::deployment::apps`.

/// How responses are compressed: what to do, and the code.
pub fn compression(framework: &str) -> (&'static str, &'static str) {
    match framework {
        "FastAPI" | "Starlette" => (
            "Register the compression middleware.",
            "app.add_middleware(GZipMiddleware, minimum_size=1000)",
        ),
        "Flask" | "Quart" => ("Register Flask-Compress.", "Compress(app)"),
        "Django" => (
            "Put the middleware first in the list.",
            "\"django.middleware.gzip.GZipMiddleware\",",
        ),
        _ => ("Register the compression middleware before the routes.", "app.use(compression())"),
    }
}

/// The code that exports metrics of each route; `None` where none is known for the framework.
pub fn metrics(framework: &str) -> Option<&'static str> {
    match framework {
        "FastAPI" | "Starlette" => Some("Instrumentator().instrument(app).expose(app)"),
        "Flask" => Some("PrometheusMetrics(app)"),
        "Express" => Some("app.use(promBundle({ includeMethod: true, includePath: true }))"),
        _ => None,
    }
}

/// The code that limits the requests of a client; `None` where none is known for the framework.
pub fn rate_limit(framework: &str) -> Option<&'static str> {
    match framework {
        "FastAPI" | "Starlette" => Some("app.state.limiter = limiter\napp.add_middleware(SlowAPIMiddleware)"),
        "Flask" => Some("Limiter(get_remote_address, app=app, default_limits=[\"100/minute\"])"),
        "Express" => Some("app.use(rateLimit({ windowMs: 60_000, limit: 100 }))"),
        _ => None,
    }
}
