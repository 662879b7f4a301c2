//! Python decorators that hand a function to a framework, which calls it around requests, templates, writes and checks.

use super::super::site::EntryFile;
use super::super::{Decorator, Entry, Often};
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::handles;
use crate::libraries::shared::value::Value;
use crate::vocabulary::List;

/// Flask, Quart, Sanic, Bottle, their packages for sign-in.
const EACH_REQUEST: &[&str] = &[
    "after_app_request",
    "after_request",
    "app_context_processor",
    "app_url_value_preprocessor",
    "before_app_request",
    "before_request",
    "context_processor",
    "get_user_roles",
    "on_request",
    "on_response",
    "request_loader",
    "teardown_app_request",
    "teardown_appcontext",
    "teardown_request",
    "token_in_blocklist_loader",
    "url_value_preprocessor",
    "user_loader",
    "user_lookup_loader",
    "verify_password",
    "verify_token",
];
/// Flask-JWT-Extended: when a token is made.
const TOKENS: &[&str] = &["additional_claims_loader", "user_identity_loader"];
const ERRORS: &[&str] = &["app_errorhandler", "errorhandler", "exception_handler"];
const TEMPLATES: &[&str] = &[
    "app_template_filter",
    "app_template_global",
    "app_template_test",
    "inclusion_tag",
    "simple_block_tag",
    "simple_tag",
    "template_filter",
    "template_global",
    "template_test",
];
/// Decorators of Pydantic's and marshmallow's validators, which run for each object that is validated.
const CHECKS: &[&str] = &[
    "field_validator",
    "model_validator",
    "post_load",
    "pre_load",
    "root_validator",
    "validates",
    "validates_schema",
    "validator",
];

/// `@app.before_request`, `@receiver(post_save, sender=Order)`, `@register.simple_tag`, `@field_validator("name")`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let function = (site.file, decorator.function);
    let name = decorator.name;
    let title = || site.title(function);
    // A project's own decorator of such a name does what it likes.
    if matches!(
        site.resolver.value(site.file, decorator.callee),
        Value::Function(..) | Value::Class(..)
    ) {
        return;
    }
    let is_method = decorator.callee_base(site).is_some();
    let (often, label) = match name {
        _ if TOKENS.contains(&name) && is_method => (Often::Act, "sign-in".to_owned()),
        _ if EACH_REQUEST.contains(&name) && is_method => (Often::Always, format!("`{name}` {}", title())),
        "middleware" if is_application(site, decorator) => (Often::Always, format!("middleware {}", title())),
        "hook" if site.imports(&["bottle", "hug"]) => (Often::Always, format!("hook {}", title())),
        _ if ERRORS.contains(&name) && is_method => (Often::Seldom, "a request that fails".to_owned()),
        _ if TEMPLATES.contains(&name) => (Often::Read, format!("a page with `{}`", title())),
        "filter" if is_template_library(site, decorator) => (Often::Read, format!("a page with `{}`", title())),
        "receiver" => signal(site, decorator.call),
        "connect" | "connect_via" => match decorator.signal(site) {
            Some(signal) => heard(site, signal, decorator.call),
            None => return,
        },
        "listens_for" => match decorator.call.and_then(|call| listened(site, call)) {
            Some(found) => found,
            None => return,
        },
        _ if CHECKS.contains(&name) => {
            let class = site.module.function(decorator.function).class;
            let class = class.and_then(|class| site.module.class(class).name);
            (
                Often::Act,
                format!("check of {}", class.map_or("a value", |name| site.module.str(name))),
            )
        }
        _ => return,
    };
    out.push(Entry::hook(function, often, label, site.module.expr(decorator.expr).span));
}

/// Packages whose signals call what is connected to them.
const SIGNALLING: &[&str] = &[
    "allauth",
    "axes",
    "blinker",
    "celery",
    "django",
    "django_rq",
    "flask",
    "registration",
    "simple_history",
];

/// Whether an expression is a signal: of one of these packages, or of the project's own in a file that imports one.
pub fn is_signal(site: &EntryFile<'_>, expr: ExprId) -> bool {
    match site.library_name(expr) {
        Some(name) => SIGNALLING.iter().any(|package| name.split('.').next() == Some(package)),
        None => site.imports(SIGNALLING) && site.last_name(expr).is_some_and(|name| List::SignalNames.has(name)),
    }
}

impl<'m> Decorator<'m> {
    /// The signal of `@post_save.connect`.
    fn signal(&self, site: &EntryFile<'m>) -> Option<&'m str> {
        match site.module.kind(self.callee) {
            ExprKind::Attr { base, .. } => site.last_name(*base).filter(|_| is_signal(site, *base)),
            _ => None,
        }
    }

    /// `post_save` of `@post_save.connect`.
    fn callee_base(&self, site: &EntryFile<'m>) -> Option<&'m str> {
        match site.module.kind(self.callee) {
            ExprKind::Attr { base, .. } => site.last_name(*base),
            _ => None,
        }
    }
}

/// `@app.middleware("http")`, aiohttp's `@web.middleware`.
fn is_application(site: &EntryFile<'_>, decorator: Decorator<'_>) -> bool {
    decorator.callee_base(site).is_some_and(handles::takes_routes) || site.imports(&["aiohttp"])
}

/// Django's `@register.filter`.
fn is_template_library(site: &EntryFile<'_>, decorator: Decorator<'_>) -> bool {
    decorator.callee_base(site) == Some("register") && site.path.contains("templatetags/")
}

/// `@receiver(post_save, sender=Order)`, also with a list of signals.
fn signal(site: &EntryFile<'_>, call: Option<Call<'_>>) -> (Often, String) {
    let first = call.and_then(|call| call.arg(0)).and_then(|first| match site.module.kind(first) {
        ExprKind::List(items) | ExprKind::Tuple(items) => items.first().copied(),
        _ => Some(first),
    });
    let name = first.and_then(|first| site.last_name(first)).unwrap_or("a signal");
    heard(site, name, call)
}

/// What sends a signal of this name, and how often.
pub fn heard(site: &EntryFile<'_>, signal: &str, call: Option<Call<'_>>) -> (Often, String) {
    let sender = call
        .and_then(|call| call.keyword("sender"))
        .and_then(|sender| site.last_name(sender).map(ToOwned::to_owned).or_else(|| site.text(sender)));
    let of = sender.unwrap_or_else(|| "a row".to_owned());
    match signal {
        "pre_save" | "post_save" => (Often::Act, format!("save of {of}")),
        "pre_delete" | "post_delete" => (Often::Act, format!("removal of {of}")),
        "m2m_changed" => (Often::Act, format!("change of a relation of {of}")),
        "pre_init" | "post_init" => (Often::Read, format!("an object of {of}")),
        "request_started" | "request_finished" | "request_tearing_down" | "appcontext_pushed" => {
            (Often::Always, format!("signal `{signal}`"))
        }
        "user_logged_in" | "user_login_failed" | "user_logged_out" | "user_signed_up" | "email_confirmed" => {
            (Often::Act, format!("`{signal}`"))
        }
        "class_prepared"
        | "pre_migrate"
        | "post_migrate"
        | "worker_init"
        | "worker_ready"
        | "worker_process_init"
        | "beat_init"
        | "celeryd_init"
        | "setup_logging"
        | "setting_changed"
        | "connection_created" => (Often::Once, format!("signal `{signal}`")),
        "before_task_publish"
        | "after_task_publish"
        | "task_prerun"
        | "task_postrun"
        | "task_success"
        | "task_failure"
        | "task_retry"
        | "task_revoked" => (Often::Job, format!("signal `{signal}`")),
        _ => (Often::Act, format!("signal `{signal}`")),
    }
}

/// SQLAlchemy's `listens_for(Order, "after_insert")`.
pub fn listened(site: &EntryFile<'_>, call: Call<'_>) -> Option<(Often, String)> {
    let event = call.arg(1).and_then(|event| site.text(event))?;
    let of = call.arg(0).and_then(|target| site.last_name(target)).unwrap_or("a row");
    Some(match event.as_str() {
        "before_cursor_execute"
        | "after_cursor_execute"
        | "do_orm_execute"
        | "before_execute"
        | "after_execute"
        | "checkout"
        | "checkin" => (Often::Always, format!("event `{event}`")),
        "load" | "refresh" => (Often::Read, format!("an object of {of}")),
        "connect" | "first_connect" | "before_create" | "after_create" | "mapper_configured" | "after_configured" => {
            (Often::Once, format!("event `{event}`"))
        }
        _ => (Often::Act, format!("write of {of}")),
    })
}
