//! Django's ORM: managers, querysets, related managers, model instances, shortcuts. Tortoise took over its querysets, which start at
//! the model and are awaited.

mod draft;
mod instances;
mod lookups;
mod methods;
mod related;
mod start;
#[cfg(test)]
mod tests;

use crate::ir::{Call, ExprId, ExprKind, FunctionId, StmtKind};
use crate::libraries::shared::chain::{self, ChainGrammar, Step};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::{FileId, Value};
use draft::{QuerySetDraft, at_most_one};
use instances::instance;
use methods::{is_known, is_manager_name, runs};
use start::{given_queryset, handed_back, is_queryset_class, of_model, start};

/// Links of a chain among which a manager is looked for before the chain is followed.
const MAX_CHAIN: usize = 40;

/// The query that a call makes or runs, as far as the library's chain around it says; `None` where the call is not the library's.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    let call = resolver.module(file).call(call.id)?;
    if let Some(given) = handed_back(resolver, file, &call, method) {
        return given_queryset(resolver, file, given);
    }
    if call.receiver().is_none() {
        return shortcut(resolver, file, &call, method);
    }
    if let Some(query) = instance(resolver, file, &call, method) {
        return Some(query);
    }
    if !could_be(&call) {
        return None;
    }
    if !is_of_library(&call)
        && let Value::Function(at, function) = resolver.value(file, call.callee)
    {
        return manager_method(resolver, file, &call, (at, function));
    }
    let start = |file: FileId, expr: ExprId| start(resolver, file, expr);
    let grammar = ChainGrammar {
        start: &start,
        known: &is_of_library,
        helper: &|_, _, found| found,
    };
    let found = chain::walk(resolver, file, call, &grammar)?;
    if !has_querysets(found.start.library) {
        return None;
    }
    let mut draft = QuerySetDraft {
        resolver,
        query: found.start,
    };
    let mut ran_before = draft.query.executed && !found.inline;
    for link in &found.links {
        let before = draft.query.executed;
        match link.step {
            Step::Slice(lower, upper) => chain::slice(resolver.module(link.file), &mut draft.query.statement, lower, upper),
            Step::Call(call) => draft.step(link, &call),
        }
        ran_before |= !before && draft.query.executed && !link.inline;
    }
    // What is called on a row or a number is no query.
    if found
        .links
        .iter()
        .rev()
        .skip(1)
        .any(|link| matches!(link.step, Step::Call(call) if runs(call.method().unwrap_or(""))))
    {
        return None;
    }
    draft.query.fetch |= ran_before;
    if draft.query.library != super::LIBRARY.name() {
        // Nothing of it runs before it is awaited, and then it does not block.
        draft.query.blocking = false;
        draft.query.executed |= chain::is_awaited(call.module, call.id);
    }
    Some(draft.query)
}

/// Whether queries of a library are querysets: Tortoise took them over from Django.
fn has_querysets(library: &str) -> bool {
    matches!(library, "django" | "tortoise")
}

/// A method that the project gives its managers and querysets: what it returns, on the model that it is called for.
fn manager_method(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: (FileId, FunctionId)) -> Option<Query> {
    let receiver = call.receiver()?;
    let base = start(resolver, file, receiver)
        .or_else(|| resolver.query(file, receiver))
        .filter(|base| base.library == "django" && !base.executed)?;
    let module = resolver.module(method.0);
    let class = module.function(method.1).class?;
    if !is_queryset_class(resolver, method.0, class) {
        return None;
    }
    let inner = module.stmts.iter().find_map(|stmt| match stmt.kind {
        StmtKind::Return(Some(value)) if module.owner(value) == method.1 => resolver.query(method.0, value),
        _ => None,
    })?;
    if inner.executed || inner.library != "django" {
        return None;
    }
    let mut query = base;
    let (outer, inner_statement) = (&mut query.statement, inner.statement);
    if outer.tables.is_empty() {
        outer.tables = inner_statement.tables;
        query.model = inner.model;
    }
    outer.filters.extend(inner_statement.filters);
    outer.either.extend(inner_statement.either);
    outer.subqueries.extend(inner_statement.subqueries);
    if !inner_statement.group.is_empty() {
        outer.group = inner_statement.group;
    }
    if !inner_statement.order.is_empty() {
        outer.order = inner_statement.order;
    }
    outer.limit = inner_statement.limit;
    outer.grouped |= inner_statement.grouped;
    query.eager.extend(inner.eager);
    query.deferred.extend(inner.deferred);
    query.only.extend(inner.only);
    Some(query)
}

/// Whether a method is one of querysets and managers by its name. What a view or a manager hands out itself is the project's, where it
/// has a method for it.
fn is_of_library(call: &Call<'_>) -> bool {
    let is_own = || call.receiver().and_then(|receiver| call.module.name(receiver)) == Some("self");
    call.method()
        .is_some_and(|method| is_known(method) && !(method == "get_queryset" && is_own()))
}

/// A cheap look before the chain is followed: a method of querysets, or a manager somewhere in the chain.
fn could_be(call: &Call<'_>) -> bool {
    is_known(call.method().unwrap_or("")) || {
        let mut at = call.receiver();
        for _ in 0..MAX_CHAIN {
            at = match at.map(|expr| call.module.kind(expr)) {
                Some(ExprKind::Attr { base, name }) => {
                    if is_manager_name(call.module.str(*name)) {
                        return true;
                    }
                    Some(*base)
                }
                Some(ExprKind::Call { callee, .. }) => Some(*callee),
                _ => return false,
            };
        }
        false
    }
}

/// `get_object_or_404(Model, …)`, `get_list_or_404(…)`.
fn shortcut(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    if !matches!(
        method,
        "get_object_or_404" | "get_list_or_404" | "aget_object_or_404" | "aget_list_or_404"
    ) {
        return None;
    }
    let what = call.arg(0)?;
    let start = match resolver.query(file, what) {
        Some(query) => query,
        None => match resolver.module(file).kind(what) {
            ExprKind::Attr { .. } => start(resolver, file, what).or_else(|| of_model(resolver, file, what))?,
            _ => of_model(resolver, file, what)?,
        },
    };
    let mut draft = QuerySetDraft { resolver, query: start };
    draft.conditions(file, call.args.get(1..).unwrap_or(&[]), false, false);
    let mut query = draft.query;
    query.executed = true;
    query.blocking = !method.starts_with('a');
    if method.ends_with("object_or_404") {
        at_most_one(&mut query);
    }
    Some(query)
}
