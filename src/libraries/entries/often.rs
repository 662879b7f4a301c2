//! How often an entry point is used, and by whom: from its method, its path, its name and its decorators.

use serde::{Deserialize, Serialize};

use super::site::Site;
use super::{Entry, EntryKind};
use crate::ir::{ExprId, ExprKind, FunctionId, Module};
use crate::libraries::shared::value::FileId;

/// How often an entry point is used. What is used most often comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Often {
    /// With every request, or without a pause: middleware, a request's authentication.
    Always,
    /// People and programs look at it: a GET, a page, a query.
    Read,
    /// One action of a user, one event: a POST, a mutation, a message.
    Act,
    /// A queue or a schedule runs it, and nobody waits.
    Job,
    /// Staff use it, or it is about to go, or it sets something up: an administration, a deprecated address.
    Seldom,
    /// It runs once and ends: start-up, a command, a script.
    Once,
}

/// Words of a path or name by which an address that takes any method changes something.
const ACTS: &[&str] = &[
    "accept",
    "add",
    "apply",
    "approve",
    "archive",
    "assign",
    "bulk",
    "callback",
    "cancel",
    "change",
    "checkout",
    "clone",
    "complete",
    "confirm",
    "connect",
    "copy",
    "create",
    "delete",
    "destroy",
    "disable",
    "disconnect",
    "duplicate",
    "edit",
    "enable",
    "import",
    "invite",
    "login",
    "logout",
    "merge",
    "move",
    "new",
    "perform",
    "post",
    "publish",
    "reject",
    "remove",
    "reorder",
    "reset",
    "restore",
    "save",
    "send",
    "set",
    "signup",
    "submit",
    "sync",
    "toggle",
    "update",
    "upload",
    "upsert",
    "webhook",
    "webhooks",
];
/// Words of a path or name by which a POST only reads: its body is a filter.
const READS: &[&str] = &[
    "search", "query", "list", "filter", "lookup", "preview", "fetch", "get", "find", "stats", "count", "export", "graphql",
];
/// Words of a path or name that only staff, operators or internal programs use.
const STAFF: &[&str] = &[
    "admin",
    "admins",
    "backoffice",
    "debug",
    "internaltools",
    "mod",
    "moderation",
    "moderator",
    "operator",
    "staff",
    "superadmin",
    "superuser",
];
/// Words of a path that set something up once, or that a scheduler calls.
const SET_UP: &[&str] = &[
    "bootstrap",
    "install",
    "migrate",
    "migration",
    "onboarding",
    "reindex",
    "seed",
    "setup",
    "wizard",
];
/// Words of decorators, permission classes and guards that let staff in only.
const GUARDS: &[&str] = &["admin", "staff", "superuser", "superadmin", "moderator", "maintainer"];
/// Words of a path that a scheduler calls over HTTP.
const SCHEDULED: &[&str] = &["cron", "crons", "qstash", "jobs", "scheduled", "scheduler", "housekeeping"];

/// How often an entry point is used.
pub fn often(site: &Site<'_>, entry: &Entry) -> Often {
    let base = match entry.kind {
        EntryKind::Startup | EntryKind::Command => return Often::Once,
        EntryKind::Job => return Often::Job,
        EntryKind::Socket => Often::Act,
        EntryKind::Page => Often::Read,
        EntryKind::Action => by_name(&entry.label, Often::Act),
        EntryKind::Resolver => resolver(&entry.label),
        EntryKind::Route => route(&entry.label),
    };
    let label = words(&entry.label);
    let path = words(site.path);
    let has = |list: &[&str]| label.iter().chain(&path).any(|word| list.contains(&word.as_str()));
    // A scheduler's address is a job; only its path tells.
    if has(SCHEDULED) && entry.kind == EntryKind::Route {
        return Often::Job;
    }
    let is_staff =
        has(STAFF) || label.iter().any(|word| SET_UP.contains(&word.as_str())) || entry.is_for_staff || is_guarded(site, entry.function);
    if is_staff || is_deprecated(site, entry) {
        return base.max(Often::Seldom);
    }
    base
}

fn route(label: &str) -> Often {
    if label == "every request" {
        return Often::Always;
    }
    let (verb, rest) = label.split_once(' ').unwrap_or(("", label));
    match verb {
        "GET" | "HEAD" | "OPTIONS" => Often::Read,
        "PUT" | "PATCH" | "DELETE" => Often::Act,
        "POST" => by_name(rest, Often::Act),
        _ => by_name(rest, Often::Read),
    }
}

/// `GraphQL Mutation x`, `GraphQL mutation Type.x`, `GraphQL CreateOrder.mutate`.
fn resolver(label: &str) -> Often {
    let changes = words(label)
        .iter()
        .any(|word| matches!(word.as_str(), "mutation" | "mutate" | "mutations"));
    if changes { Often::Act } else { Often::Read }
}

/// Whether a function's name says that it changes something: `deleteOrder`, `create_order`.
pub fn acts(name: &str) -> bool {
    words(name).first().is_some_and(|word| ACTS.contains(&word.as_str()))
}

/// Whether the words of a path say that only staff go there: `GET /admin/orders`.
pub fn is_for_staff(path: &str) -> bool {
    words(path).iter().any(|word| STAFF.contains(&word.as_str()))
}

/// Whether a name lets staff in only: `adminProcedure`, `requireModerator`.
pub fn is_guard(name: &str) -> bool {
    let words = words(name);
    // `isOwnerOrModerator` lets others in too.
    let is_either = words.iter().any(|word| matches!(word.as_str(), "or" | "owner" | "self" | "member"));
    !is_either && words.iter().any(|word| GUARDS.contains(&word.as_str()))
}

/// What the last words of a path or a function's name say, where the method leaves it open.
fn by_name(name: &str, otherwise: Often) -> Often {
    let last = name
        .rsplit(['/', '.'])
        .find(|part| !part.is_empty() && !part.starts_with(['{', ':', '[', '<', '*']))
        .unwrap_or(name);
    let words = words(last);
    match words.first().map(String::as_str) {
        Some(word) if READS.contains(&word) => Often::Read,
        Some(word) if ACTS.contains(&word) => Often::Act,
        _ if otherwise == Often::Act && words.last().is_some_and(|word| READS.contains(&word.as_str())) => Often::Read,
        _ => otherwise,
    }
}

/// A name's or path's words in lower case: `getHTTPState/x-y` is `get`, `http`, `state`, `x`, `y`.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (at, &char) in chars.iter().enumerate() {
        if !char.is_alphanumeric() {
            out.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before_is_lower = at
            .checked_sub(1)
            .and_then(|at| chars.get(at))
            .is_some_and(|before| before.is_lowercase());
        let next_is_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if char.is_uppercase() && (before_is_lower || next_is_lower) {
            out.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        word.extend(char.to_lowercase());
    }
    out.extend((!word.is_empty()).then_some(word));
    out
}

/// Decorators and permission classes of a handler or of its class.
fn is_guarded(site: &Site<'_>, (file, function): (FileId, FunctionId)) -> bool {
    let module = site.resolver.module(file);
    let definition = module.function(function);
    let of_class = definition.class.map(|class| module.class(class));
    let decorators = definition
        .decorators
        .iter()
        .chain(of_class.iter().flat_map(|class| class.decorators.iter()));
    decorators.copied().any(|decorator| guards(module, decorator))
        || of_class.is_some_and(|class| {
            class.body.iter().any(|&stmt| match module.stmt(stmt).kind {
                crate::ir::StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } => module.name(target) == Some("permission_classes") && guards(module, value),
                _ => false,
            })
        })
}

/// Whether an expression names a guard for staff: `@staff_member_required`, `@Roles("admin")`, `[IsAdminUser]`.
fn guards(module: &Module, expr: ExprId) -> bool {
    let says = |text: &str| is_guard(text);
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => says(module.str(*name)),
        ExprKind::Str(text) => says(module.str(*text)),
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().any(|&item| guards(module, item)),
        ExprKind::Call { .. } => module.call(expr).is_some_and(|call| {
            // `@admin.register(Model)` is no guard, nor is `@router.get("/admin")`, whose path is read elsewhere.
            let is_guard = call.method().is_some_and(says);
            let is_wrapper = call.method().is_some_and(|method| {
                matches!(
                    method,
                    "Roles" | "UseGuards" | "method_decorator" | "permission_classes" | "HasRole" | "Authorized" | "user_passes_test"
                )
            });
            is_guard || is_wrapper && call.args.iter().any(|arg| guards(module, arg.value))
        }),
        _ => false,
    }
}

/// `deprecated=True` where the entry is registered.
fn is_deprecated(site: &Site<'_>, entry: &Entry) -> bool {
    let (file, function) = entry.function;
    let module = site.resolver.module(file);
    module.function(function).decorators.iter().any(|&decorator| {
        let keyword = module.call(decorator).and_then(|call| call.keyword("deprecated"));
        keyword.is_some_and(|value| matches!(module.kind(value), ExprKind::Bool(true)))
            || module.call(decorator).map_or_else(
                || super::site::last_name(module, decorator) == Some("deprecated"),
                |call| call.method() == Some("deprecated"),
            )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_names_tell_reads_from_actions() {
        let cases = [
            ("GET /orders/{id}", Often::Read),
            ("POST /orders", Often::Act),
            ("POST /orders/search", Often::Read),
            ("ANY /api/v1/orders", Often::Read),
            ("ANY /api/orders/create_order", Often::Act),
            ("ANY OrderViewSet.perform_update", Often::Act),
            ("DELETE /orders/{id}", Often::Act),
            ("every request", Often::Always),
        ];
        for (label, often) in cases {
            assert_eq!(route(label), often, "{label}");
        }
        assert_eq!(resolver("GraphQL Mutation addItem"), Often::Act);
        assert_eq!(resolver("GraphQL CreateOrder.mutate"), Often::Act);
        assert_eq!(resolver("GraphQL field Order.lines"), Often::Read);
    }

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words("getHTTPState/x-y_Z"), ["get", "http", "state", "x", "y", "z"]);
        assert_eq!(words("src/badminton.ts"), ["src", "badminton", "ts"]);
    }
}
