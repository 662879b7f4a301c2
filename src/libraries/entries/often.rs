//! How often an entry point is used, and by whom: from its method, its path, its name and its decorators.

mod stage;

use serde::{Deserialize, Serialize};

use super::site::EntryFile;
use super::{Entry, EntryKind};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtId, StmtKind};
use crate::libraries::shared::value::FileId;
use crate::vocabulary::{List, Name};

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

/// How often an entry point is used.
pub fn often(site: &EntryFile<'_>, entry: &Entry) -> Often {
    let base = match entry.kind {
        EntryKind::Startup | EntryKind::Command => return Often::Once,
        EntryKind::Job => return Often::Job,
        EntryKind::Socket => Often::Act,
        // Whoever found it knows what calls it.
        EntryKind::Hook => return entry.often,
        EntryKind::Page => Often::Read,
        EntryKind::Action => by_name(&entry.label, Often::Act),
        EntryKind::Resolver => resolver(&entry.label),
        EntryKind::Route => of_address(&entry.label),
    };
    // A scheduler's address is a job; only its path tells.
    let is_scheduled = List::ScheduledFolders.has_folder(site.path) || List::ScheduledFolders.has_folder(&entry.label);
    if is_scheduled && entry.kind == EntryKind::Route {
        return Often::Job;
    }
    // What is for staff by its address or folder is said where the words of the run are known.
    let is_staff = List::SetUpPaths.has(&entry.label) || entry.is_for_staff || is_guarded(site, entry.function);
    // The link of a mail is opened once, and such a mail is asked for seldom.
    let recovers = List::RecoveringPaths.has(last_part(&entry.label));
    if is_staff || recovers || is_deprecated(site, entry) || stage::is_for_developers(site, entry) {
        return base.max(Often::Seldom);
    }
    base
}

/// How often an address is asked, by its method and its path.
pub fn of_address(label: &str) -> Often {
    if label == "every request" {
        return Often::Always;
    }
    let (verb, rest) = label.split_once(' ').unwrap_or(("", label));
    match verb {
        "GET" | "HEAD" | "OPTIONS" if List::PassingPaths.has(rest) || is_bulk(rest) => Often::Act,
        "GET" | "HEAD" | "OPTIONS" => Often::Read,
        "PUT" | "PATCH" | "DELETE" => Often::Act,
        // Whoever comes signs in, as often as they like: nothing else is open to everybody and costs as much.
        "POST" if List::SigningIn.has(last_part(rest)) => Often::Read,
        "POST" => by_name(rest, Often::Act),
        _ => by_name(rest, Often::Read),
    }
}

/// `GraphQL Mutation x`, `GraphQL mutation Type.x`, `GraphQL CreateOrder.mutate`.
fn resolver(label: &str) -> Often {
    if List::Mutations.has(label) { Often::Act } else { Often::Read }
}

/// Whether a function's name says that it changes something: `deleteOrder`, `create_order`.
pub fn acts(name: &str) -> bool {
    List::Acting.has(name)
}

/// Whether a name lets staff in only: `adminProcedure`, `requireModerator`.
pub fn is_guard(name: &str) -> bool {
    List::StaffGuards.has(name) && !List::SharedGuards.has(name)
}

/// Whether everything is taken out or put in at once: by an address (`/orders/export`, `/export/csv`), or by a function's name.
pub fn is_bulk(name: &str) -> bool {
    let path = name.rsplit(' ').next().unwrap_or(name);
    if !path.contains('/') {
        return is_bulk_part(path.rsplit('.').next().unwrap_or(path));
    }
    let mut parts = fixed_parts(path);
    let (last, before) = (parts.next(), parts.next());
    last.is_some_and(is_bulk_part) || before.is_some_and(|part| List::BulkPaths.has(part) && !Name::of(part).is_compound())
}

/// `export`, `order-export`, `export_all`, `exportCsv`: no `exports`, which is a list of them, and no `import-duties`.
fn is_bulk_part(part: &str) -> bool {
    if List::BulkPaths.has(part) {
        return true;
    }
    let name = Name::of(part);
    let mut words = name.words();
    let is_verb = words.next().is_some_and(|first| List::BulkPaths.has(first));
    is_verb && name.is_compound() && words.all(|word| List::BulkForms.has(word))
}

/// The last part of a path or a dotted name that is no parameter.
fn last_part(name: &str) -> &str {
    fixed_parts(name).next().unwrap_or(name)
}

/// The parts of a path or a dotted name that are no parameters, the last one first.
fn fixed_parts(name: &str) -> impl Iterator<Item = &str> {
    let is_fixed = |part: &&str| !part.is_empty() && !part.starts_with(['{', ':', '[', '<', '*', '(', '?']);
    name.rsplit(['/', '.']).filter(is_fixed)
}

/// What the last words of a path or a function's name say, where the method leaves it open.
fn by_name(name: &str, otherwise: Often) -> Often {
    if is_bulk(name) {
        return Often::Act.max(otherwise);
    }
    let last = last_part(name);
    let asks = Name::of(last);
    if List::Asking.has(asks.first()) {
        return Often::Read;
    }
    if List::Acting.has(last) {
        return Often::Act;
    }
    if otherwise == Often::Act && List::Asking.has(last) {
        return Often::Read;
    }
    otherwise
}

/// Decorators and permission classes of a handler or of its class.
fn is_guarded(site: &EntryFile<'_>, (file, function): (FileId, FunctionId)) -> bool {
    let module = site.resolver.module(file);
    let definition = module.function(function);
    if leaves_others(module, &definition.body) {
        return true;
    }
    let of_class = definition.class.map(|class| module.class(class));
    let decorators = definition
        .decorators
        .iter()
        .chain(of_class.iter().flat_map(|class| class.decorators.iter()));
    decorators.copied().any(|decorator| guards(module, decorator))
        || of_class.is_some_and(|class| {
            class.body.iter().any(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } => module.name(target) == Some("permission_classes") && guards(module, value),
                _ => false,
            })
        })
}

/// Statements at the start of a handler that may turn callers away.
const FIRST: usize = 6;

/// `if not request.user.is_superuser: return redirect("/")` at the start of a handler.
fn leaves_others(module: &Module, body: &[StmtId]) -> bool {
    body.iter().take(FIRST).any(|&stmt| {
        let StmtKind::If { test, then, .. } = &module.stmt(stmt).kind else {
            return false;
        };
        let leaves = then
            .last()
            .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_) | StmtKind::Raise(_)));
        leaves && is_denied(module, *test)
    })
}

/// `not user.is_superuser`, `!session.user.isAdmin`: not the other way round, which turns staff away.
fn is_denied(module: &Module, cond: ExprId) -> bool {
    let ExprKind::Unary { op, operand } = module.kind(cond) else {
        return false;
    };
    matches!(module.str(*op), "not" | "!") && guards(module, *operand)
}

/// Whether an expression names a guard for staff: `@staff_member_required`, `@Roles("admin")`, `[IsAdminUser]`.
fn guards(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => is_guard(module.str(*name)),
        ExprKind::Str(text) => is_guard(module.str(*text)),
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().any(|&item| guards(module, item)),
        ExprKind::Call { .. } => module.call(expr).is_some_and(|call| {
            // `@admin.register(Model)` is no guard, nor is `@router.get("/admin")`, whose path is read elsewhere.
            let is_named_so = call.method().is_some_and(is_guard);
            // `@group_required("admin")`.
            let mut texts = call.args.iter().filter_map(|arg| module.string(arg.value));
            if texts.any(|text| List::StaffGuards.has(text) && !Name::of(text).is_compound()) {
                return true;
            }
            let is_wrapper = call.method().is_some_and(|method| {
                matches!(
                    method,
                    "Roles" | "UseGuards" | "method_decorator" | "permission_classes" | "HasRole" | "Authorized" | "user_passes_test"
                )
            });
            is_named_so || is_wrapper && call.args.iter().any(|arg| guards(module, arg.value))
        }),
        _ => false,
    }
}

/// `deprecated=True` where the entry is registered.
fn is_deprecated(site: &EntryFile<'_>, entry: &Entry) -> bool {
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
            ("GET /oauth/github/callback", Often::Act),
            ("POST /orders/search", Often::Read),
            ("ANY /api/v1/orders", Often::Read),
            ("ANY /api/orders/create_order", Often::Act),
            ("ANY OrderViewSet.perform_update", Often::Act),
            ("DELETE /orders/{id}", Often::Act),
            ("GET /orders/export", Often::Act),
            ("POST /orders/export/{format}", Often::Act),
            ("ANY /backup/import", Often::Act),
            ("GET /export/csv", Often::Act),
            ("GET /orders/export-all", Often::Act),
            ("ANY data.exportOrders", Often::Read),
            ("ANY data.exportAll", Often::Act),
            ("ANY ImportRunViewSet.list", Often::Read),
            ("GET /import-duties", Often::Read),
            ("GET /trade/exports", Often::Read),
            ("GET /importers/{id}/orders/lines", Often::Read),
            ("GET /important", Often::Read),
            ("every request", Often::Always),
        ];
        for (label, often) in cases {
            assert_eq!(of_address(label), often, "{label}");
        }
        assert_eq!(resolver("GraphQL Mutation addItem"), Often::Act);
        assert_eq!(resolver("GraphQL CreateOrder.mutate"), Often::Act);
        assert_eq!(resolver("GraphQL field Order.lines"), Often::Read);
    }

    #[test]
    fn a_guard_that_lets_others_in_is_none_for_staff() {
        assert!(is_guard("adminProcedure") && is_guard("requireModerator"));
        assert!(!is_guard("isOwnerOrModerator") && !is_guard("badminton"));
    }
}
