//! Methods that frameworks call on a project's classes.

use std::cell::OnceCell;

use super::super::site::EntryFile;
use super::super::{Entry, EntryKind, Often};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, StmtKind};

/// A method that a framework calls: by what the class stands on, and by the method's parameters where the framework asks for no base.
struct Called {
    /// Ends of the names of ancestors that are a library's; none where the method's parameters tell enough.
    bases: &'static [&'static str],
    /// The method; with `*` at the end, all that begin so.
    method: &'static str,
    /// Its parameters after the receiver: all of them where no base is asked for, else the first ones.
    takes: &'static [&'static str],
    often: Often,
    /// What happens when it is called; `{}` is the class.
    label: &'static str,
}

const fn called(
    bases: &'static [&'static str],
    method: &'static str,
    takes: &'static [&'static str],
    often: Often,
    label: &'static str,
) -> Called {
    Called {
        bases,
        method,
        takes,
        often,
        label,
    }
}

const AUTHENTICATION: &[&str] = &["Authentication", "Authenticator"];
const FORMS: &[&str] = &["Form", "FormSet"];
const MIDDLEWARE: &[&str] = &["MiddlewareMixin"];
const MODELS: &[&str] = &["django.db.models.Model", "django.db.models.base.Model"];
const RESOURCES: &[&str] = &[
    "flask_rest_jsonapi.ResourceList",
    "flask_rest_jsonapi.ResourceDetail",
    "flask_rest_jsonapi.ResourceRelationship",
];
const SERIALIZERS: &[&str] = &["Serializer"];
const STRATEGIES: &[&str] = &["PassportStrategy"];
const SUBSCRIBERS: &[&str] = &["EntitySubscriberInterface"];

/// Django, Django REST framework, Starlette, threads, servers of the standard library.
#[rustfmt::skip]
const PYTHON: &[Called] = &[
    called(MIDDLEWARE, "process_request", &["request"], Often::Always, "middleware {}"),
    called(MIDDLEWARE, "process_response", &["request", "response"], Often::Always, "middleware {}"),
    called(MIDDLEWARE, "process_view", &["request"], Often::Always, "middleware {}"),
    called(MIDDLEWARE, "process_exception", &["request", "exception"], Often::Seldom, "a request that fails"),
    called(&["BaseHTTPMiddleware"], "dispatch", &[], Often::Always, "middleware {}"),
    called(&[], "__call__", &["scope", "receive", "send"], Often::Always, "middleware {}"),
    called(&["AuthenticationBackend"], "authenticate", &["conn"], Often::Always, "authentication {}"),
    called(&["Backend"], "get_user", &["user_id"], Often::Always, "authentication {}"),
    called(&["Backend"], "has_perm", &[], Often::Read, "what {} guards"),
    called(AUTHENTICATION, "authenticate", &["request"], Often::Always, "authentication {}"),
    called(AUTHENTICATION, "authenticate_credentials", &[], Often::Always, "authentication {}"),
    called(&[], "has_permission", &["request", "view"], Often::Read, "what {} guards"),
    called(&[], "has_object_permission", &["request", "view", "obj"], Often::Read, "what {} guards"),
    called(&["BasePermission"], "has_permission", &[], Often::Read, "what {} guards"),
    called(&[], "allow_request", &["request", "view"], Often::Read, "what {} throttles"),
    called(&[], "filter_queryset", &["request", "queryset", "view"], Often::Read, "a list that {} filters"),
    called(&["FilterSet"], "filter_*", &["queryset", "name", "value"], Often::Read, "a list that {} filters"),
    called(&[], "paginate_queryset", &["queryset", "request", "view"], Often::Read, "a list that {} pages"),
    called(SERIALIZERS, "validate", &[], Often::Act, "write through {}"),
    called(SERIALIZERS, "validate_*", &["*"], Often::Act, "write through {}"),
    called(SERIALIZERS, "to_internal_value", &[], Often::Act, "write through {}"),
    called(SERIALIZERS, "to_representation", &[], Often::Read, "an answer of {}"),
    called(SERIALIZERS, "get_*", &["*"], Often::Read, "an answer of {}"),
    called(SERIALIZERS, "create", &[], Often::Act, "write through {}"),
    called(SERIALIZERS, "update", &[], Often::Act, "write through {}"),
    called(&["Schema"], "get_*", &["obj"], Often::Read, "an answer of {}"),
    called(&["Schema"], "resolve_*", &["*"], Often::Read, "an answer of {}"),
    called(FORMS, "__init__", &[], Often::Act, "view of {}"),
    called(FORMS, "clean", &[], Often::Act, "check of {}"),
    called(FORMS, "clean_*", &[], Often::Act, "check of {}"),
    called(FORMS, "validate_*", &["field"], Often::Act, "check of {}"),
    called(FORMS, "save", &[], Often::Act, "save of {}"),
    called(MODELS, "clean", &[], Often::Act, "check of {}"),
    called(MODELS, "save", &[], Often::Act, "save of {}"),
    called(MODELS, "delete", &[], Often::Act, "removal of {}"),
    called(&["AccountAdapter"], "*", &["request"], Often::Act, "sign-in through {}"),
    called(&["ModelAdmin"], "*", &["request"], Often::Seldom, "administration {}"),
    called(RESOURCES, "query", &[], Often::Read, "list {}"),
    called(RESOURCES, "before_get*", &[], Often::Read, "an answer of {}"),
    called(RESOURCES, "after_get*", &[], Often::Read, "an answer of {}"),
    called(RESOURCES, "before_*", &[], Often::Act, "write through {}"),
    called(RESOURCES, "after_*", &[], Often::Act, "write through {}"),
    called(&["HTTPRequestHandler"], "do_GET", &[], Often::Read, "{}"),
    called(&["HTTPRequestHandler"], "do_POST", &[], Often::Act, "POST to {}"),
    called(&["twisted.web.resource.Resource"], "render_GET", &[], Often::Read, "{}"),
    called(&["twisted.web.resource.Resource"], "render_*", &["request"], Often::Act, "{}"),
    called(&["threading.Thread", "multiprocessing.Process"], "run", &[], Often::Job, "thread {}"),
];

/// `NestJS`, `TypeORM`, Objection, class-validator, Passport, each with what a file imports that knows it.
#[rustfmt::skip]
const TYPESCRIPT: &[(&str, Called)] = &[
    ("@nestjs/", called(&["CanActivate", "AuthGuard"], "canActivate", &[], Often::Read, "what {} guards")),
    ("@nestjs/", called(&["AuthGuard", "ThrottlerGuard"], "handleRequest", &[], Often::Read, "what {} guards")),
    ("@nestjs/", called(&["NestInterceptor"], "intercept", &[], Often::Read, "what {} intercepts")),
    ("@nestjs/", called(&["NestMiddleware"], "use", &[], Often::Always, "middleware {}")),
    ("@nestjs/", called(&["PipeTransform"], "transform", &[], Often::Act, "check by {}")),
    ("@nestjs/", called(&["ExceptionFilter", "BaseExceptionFilter"], "catch", &[], Often::Seldom, "a request that fails")),
    ("@nestjs/", called(STRATEGIES, "validate", &[], Often::Always, "authentication {}")),
    ("class-validator", called(&["ValidatorConstraintInterface"], "validate", &[], Often::Act, "check by {}")),
    ("typeorm", called(SUBSCRIBERS, "before*", &[], Often::Act, "write that {} hears of")),
    ("typeorm", called(SUBSCRIBERS, "after*", &[], Often::Act, "write that {} hears of")),
    ("objection", called(&["Model"], "$before*", &[], Often::Act, "write of {}")),
    ("objection", called(&["Model"], "$after*", &[], Often::Act, "write of {}")),
    ("@adonisjs/", called(&[], "handle", &["*", "next"], Often::Always, "middleware {}")),
];

/// Packages of Passport's strategies that ask another service who somebody is, or for a password: they are asked when somebody signs in.
/// The others read a token or key of each request.
const SIGNING_IN: &[&str] = &[
    "passport-apple",
    "passport-auth0",
    "passport-discord",
    "passport-facebook",
    "passport-github",
    "passport-gitlab",
    "passport-google",
    "passport-ldapauth",
    "passport-linkedin",
    "passport-local",
    "passport-magic",
    "passport-microsoft",
    "passport-oauth",
    "passport-openidconnect",
    "passport-saml",
    "passport-slack",
    "passport-twitter",
];

/// Decorators of methods that a mapper calls around writes.
const AROUND_WRITES: &[&str] = &[
    "AfterCreate",
    "AfterDestroy",
    "AfterInsert",
    "AfterRemove",
    "AfterSave",
    "AfterUpdate",
    "BeforeCreate",
    "BeforeDestroy",
    "BeforeInsert",
    "BeforeRemove",
    "BeforeSave",
    "BeforeUpdate",
];

/// Methods of a Python class.
pub fn python(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    middleware(site, class, out);
    let rows: Vec<&Called> = PYTHON.iter().collect();
    // A project's own `LandForm` is no form; a library's is named with its module.
    let is_library = |name: &String| name.contains('.');
    let ancestors = || {
        let all = site.resolver.ancestors(site.file, class);
        all.into_iter().filter(is_library).collect()
    };
    methods(site, class, &rows, &ancestors, out);
    validators(site, class, &ancestors, out);
}

/// `goat_id = IntegerField(validators=[check_goat])` of a serializer or a form: asked when something is written.
fn validators(site: &EntryFile<'_>, class: ClassId, ancestors: &dyn Fn() -> Vec<String>, out: &mut Vec<Entry>) {
    let definition = site.module.class(class);
    let fields = definition.body.iter().filter_map(|&stmt| match site.module.stmt(stmt).kind {
        StmtKind::Assign { value: Some(value), .. } => site.module.call(value)?.keyword("validators"),
        _ => None,
    });
    let lists: Vec<ExprId> = fields.collect();
    if lists.is_empty() || !stands_on(&ancestors(), &[SERIALIZERS, FORMS].concat()) {
        return;
    }
    let name = definition.name.map_or("", |name| site.module.str(name));
    for list in lists {
        let place = site.module.expr(list).span;
        let checks = site.handlers(list).into_iter();
        out.extend(checks.map(|check| Entry::hook(check, Often::Act, format!("write through {name}"), place)));
    }
}

/// Methods of a TypeScript class.
pub fn typescript(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let known = TYPESCRIPT.iter().filter(|(package, _)| site.module.imports_from(package));
    let rows: Vec<&Called> = known.map(|(_, row)| row).collect();
    methods(site, class, &rows, &|| named(site, class), out);
    for (function, _) in site.methods(class) {
        let decorators = site.decorator_names(&site.module.function(function).decorators);
        if decorators.iter().any(|(name, _)| AROUND_WRITES.contains(name)) {
            out.push(of_class(site, class, function, Often::Act, "write of {}"));
        }
    }
}

/// What a TypeScript class stands on: ancestors, calls that make its base, interfaces, decorators.
fn named(site: &EntryFile<'_>, class: ClassId) -> Vec<String> {
    let definition = site.module.class(class);
    let mut names = site.resolver.ancestors(site.file, class);
    // `extends PassportStrategy(Strategy)`.
    let made = definition.bases.iter().filter_map(|base| site.module.call(base.value)?.method());
    names.extend(made.map(ToOwned::to_owned));
    let promised = definition.implements.iter().filter_map(|&interface| {
        // `implements NestInterceptor<T, R>`.
        let named = match site.module.kind(interface) {
            ExprKind::Index { base, .. } => *base,
            _ => interface,
        };
        site.last_name(named)
    });
    names.extend(promised.map(ToOwned::to_owned));
    names.extend(
        site.decorator_names(&definition.decorators)
            .into_iter()
            .map(|(name, _)| name.to_owned()),
    );
    names
}

fn methods(site: &EntryFile<'_>, class: ClassId, table: &[&Called], ancestors: &dyn Fn() -> Vec<String>, out: &mut Vec<Entry>) {
    // Most classes have no method of these: their ancestors are not looked for.
    let known = OnceCell::new();
    for (function, method) in site.methods(class) {
        let mut params = site.params((site.file, function));
        if matches!(params.first(), Some(&("self" | "cls"))) {
            params.remove(0);
        }
        let row = table.iter().find(|row| {
            fits(method, row.method)
                && takes(&params, row.takes)
                && (row.bases.is_empty() && params.len() == row.takes.len() || stands_on(known.get_or_init(ancestors), row.bases))
        });
        let Some(row) = row else { continue };
        let mut entry = of_class(site, class, function, row.often, row.label);
        if row.bases == STRATEGIES && SIGNING_IN.iter().any(|package| site.module.imports_from(package)) {
            entry = of_class(site, class, function, Often::Act, "sign-in through {}");
        }
        if row.often == Often::Job {
            entry.kind = EntryKind::Job;
        }
        out.push(entry);
    }
}

fn of_class(site: &EntryFile<'_>, class: ClassId, function: FunctionId, often: Often, label: &str) -> Entry {
    let name = site.module.class(class).name.map_or("", |name| site.module.str(name));
    let place = site.module.function(function).name_span;
    Entry::hook((site.file, function), often, label.replace("{}", name), place)
}

fn fits(method: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => method.starts_with(start) && !method.starts_with("__"),
        None => method == pattern,
    }
}

/// Whether the parameters begin with these; `*` stands for any.
fn takes(params: &[&str], wanted: &[&str]) -> bool {
    wanted.len() <= params.len()
        && wanted
            .iter()
            .zip(params)
            .all(|(wanted, param)| *wanted == "*" || param.trim_start_matches('_') == *wanted)
}

/// Whether an ancestor has one of these names, or one that ends so.
fn stands_on(ancestors: &[String], bases: &[&str]) -> bool {
    ancestors.iter().any(|ancestor| {
        let last = ancestor.rsplit('.').next().unwrap_or(ancestor);
        bases
            .iter()
            .any(|base| ancestor == base || !base.contains('.') && last.ends_with(base))
    })
}

/// Django's middleware: a class that is made with `get_response` and called with a request.
fn middleware(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let methods = site.methods(class);
    let is_made = methods
        .iter()
        .any(|&(function, name)| name == "__init__" && site.params((site.file, function)).contains(&"get_response"));
    let stands = || stands_on(&site.resolver.ancestors(site.file, class), &["MiddlewareMixin"]);
    if !is_made && !stands() {
        return;
    }
    for (function, method) in methods {
        let is_called = matches!(
            method,
            "__acall__" | "__call__" | "process_request" | "process_response" | "process_template_response" | "process_view"
        );
        if is_called && !out.iter().any(|entry| entry.function == (site.file, function)) {
            out.push(of_class(site, class, function, Often::Always, "middleware {}"));
        }
    }
}
