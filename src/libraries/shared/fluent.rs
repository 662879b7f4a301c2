//! Fluent chains: which calls make up a query, and whether a lazy one runs where it stands.

use crate::budget;
use crate::ir::{Call, ExprId, ExprKind, Language, Module, Parent, StmtKind};
use crate::libraries::shared::chain;
use crate::libraries::shared::objects::{ExprPlace, MAX_DEPTH};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;

/// What becomes of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It runs: awaited, returned, collected.
    Runs,
    /// It is kept or handed to another query.
    Kept,
}

/// How a library with lazy chains spells their ends.
#[derive(Clone, Copy)]
pub struct Fluent {
    /// Methods that run a chain.
    pub runs: &'static [&'static str],
    /// Methods that end a chain without running it.
    pub ends: &'static [&'static str],
    /// Methods and functions that take another query or a callback that builds one, without running it.
    pub takes: &'static [&'static str],
}

/// Whether a lazy chain runs where it stands.
pub fn runs(call: Call<'_>, fluent: Fluent) -> bool {
    match call.method() {
        Some(method) if fluent.runs.contains(&method) => true,
        Some(method) if fluent.ends.contains(&method) => false,
        _ => fate(call.module, call.id, fluent) == Fate::Runs,
    }
}

/// Follows a lazily run chain outwards from one of its calls.
fn fate(module: &Module, call: ExprId, fluent: Fluent) -> Fate {
    let mut at = call;
    for _ in 0..budget::Limit::Holders.count() {
        let parent = match module.expr(at).parent {
            Parent::Expr(parent) => parent,
            Parent::Stmt(stmt) => return statement_fate(module, stmt, at, fluent.takes),
            _ => return Fate::Kept,
        };
        at = match module.kind(parent) {
            ExprKind::Await(_) | ExprKind::Yield(_) => return Fate::Runs,
            ExprKind::Attr { name, .. } => {
                let name = module.str(*name);
                let Parent::Expr(outer) = module.expr(parent).parent else {
                    return Fate::Kept;
                };
                match module.kind(outer) {
                    ExprKind::Call { callee, .. } if *callee == parent => {
                        if matches!(name, "then" | "catch" | "finally") || fluent.runs.contains(&name) {
                            return Fate::Runs;
                        }
                        if fluent.ends.contains(&name) {
                            return Fate::Kept;
                        }
                        outer
                    }
                    _ => return Fate::Kept,
                }
            }
            ExprKind::Call { callee, .. } => return argument_fate(module, *callee, fluent.takes),
            ExprKind::Cond { test, .. } if *test == at => return Fate::Kept,
            ExprKind::Cond { .. }
            | ExprKind::Binary { .. }
            | ExprKind::List(_)
            | ExprKind::Spread(_)
            | ExprKind::Other(_)
            | ExprKind::Unary { .. } => parent,
            _ => return Fate::Kept,
        };
    }
    Fate::Kept
}

fn argument_fate(module: &Module, callee: ExprId, takes: &[&str]) -> Fate {
    let method = match module.kind(callee) {
        // `Promise.all([…])`: no driver's `all`.
        ExprKind::Attr { base, .. } if module.name(*base) == Some("Promise") => return Fate::Runs,
        ExprKind::Attr { name, .. } | ExprKind::Name(name) => module.str(*name),
        _ => return Fate::Runs,
    };
    if takes.contains(&method) || method == "push" {
        Fate::Kept
    } else {
        Fate::Runs
    }
}

fn statement_fate(module: &Module, stmt: crate::ir::StmtId, expr: ExprId, takes: &[&str]) -> Fate {
    if !matches!(module.stmt(stmt).kind, StmtKind::Return(_)) {
        return Fate::Kept;
    }
    // A callback that hands a subquery to a builder's method.
    let function = module.function(module.owner(expr));
    if let Parent::Expr(lambda) = function.definition
        && let Parent::Expr(holder) = module.expr(lambda).parent
        && let Some(call) = module.call(holder)
    {
        return argument_fate(module, call.callee, takes);
    }
    Fate::Runs
}

/// Whether the statement of an expression stands under a condition that the base of its chain does not stand under.
fn conditional_step(module: &Module, expr: ExprId) -> bool {
    module.is_chosen(expr)
}

/// One call of a fluent chain, with the chains that its root name was bound to before.
#[derive(Clone, Copy)]
pub struct ChainedCall<'m> {
    /// File that is read.
    pub file: FileId,
    /// The call.
    pub call: Call<'m>,
    /// It is only made under a condition.
    pub conditional: bool,
}

/// All calls that make up a query: the chain up to this call, before it what statements of their own did to the name it
/// starts from (`query.take(10);`), and first the chain that the name was bound to.
pub fn steps<'r>(resolver: &'r dyn Resolver, file: FileId, call: Call<'r>) -> Vec<ChainedCall<'r>> {
    let mut parts = Vec::new();
    // Calls of the project's functions that stand for what they hand back.
    let mut hidden = Vec::new();
    let (mut file, mut call) = (file, call);
    for _ in 0..MAX_DEPTH {
        let root = call.root();
        let base = call.module.name(root).and_then(|_| match resolver.value(file, root) {
            Value::Query(at, expr) => Some((at, resolver.module(at).call(expr)?)),
            _ => None,
        });
        let conditional = base.is_some() && conditional_step(call.module, call.id);
        if base.is_none()
            && let Some((from, at, before)) = handed_back(resolver, file, &call)
        {
            parts.push((file, call, false));
            hidden.extend(from);
            (file, call) = (at, before);
            continue;
        }
        parts.push((file, call, conditional));
        let Some((at, before)) = base else { break };
        if at == file {
            let done = in_place(resolver, file, root, before.id).unwrap_or_default();
            // `f(query)` is no step of it, and a copy (`query.clone().take(1)`) leaves the query as it is.
            let is_step = |change: &Call<'_>| {
                change.module.name(change.root()) == call.module.name(root)
                    && !change.chain().iter().any(|step| step.method() == Some("clone"))
            };
            let changes = done.into_iter().rev().filter(is_step);
            parts.extend(changes.map(|change| (file, change, chain::is_conditional(change.module, change.id, call.id))));
        }
        (file, call) = (at, before);
    }
    let mut steps = Vec::new();
    for (file, call, conditional) in parts.into_iter().rev() {
        let shown = call.chain().into_iter().filter(|step| !hidden.contains(&(file, step.id)));
        steps.extend(shown.map(|call| ChainedCall { file, call, conditional }));
    }
    steps
}

/// The builder that a chain goes on from where a function or a getter of the project hands it back (`this.open().execute()`,
/// `this.rows.limit(1)`): the call that stands for it, if any, and the last call that built it.
fn handed_back<'r>(resolver: &'r dyn Resolver, file: FileId, call: &Call<'r>) -> Option<(Option<ExprPlace>, FileId, Call<'r>)> {
    if call.module.language != Language::TypeScript {
        return None;
    }
    let first = call.chain().first()?.to_owned();
    let is_field = |&base: &ExprId| matches!(call.module.kind(base), ExprKind::Attr { .. });
    let (held, from) = match first.receiver().filter(is_field).map(|base| resolver.value(file, base)) {
        Some(held @ Value::Query(..)) => (held, None),
        _ if first.id == call.id => return None,
        _ => match resolver.value(file, first.callee) {
            Value::Function(..) => (resolver.value(file, first.id), Some((file, first.id))),
            _ => return None,
        },
    };
    let Value::Query(at, built) = held else { return None };
    if (at, built) == (file, first.id) {
        return None;
    }
    Some((from, at, resolver.module(at).call(built)?))
}

/// Whether a function only hands out the builder that a call makes (`table() { return this.knex("users"); }`): where it has no clause
/// yet, those who ask go on from it.
pub fn is_handed_out(call: Call<'_>) -> bool {
    let module = call.module;
    let Parent::Stmt(stmt) = module.expr(call.id).parent else {
        return false;
    };
    let function = module.function(module.owner(call.id));
    let is_callback = match function.definition {
        Parent::Expr(lambda) => matches!(module.expr(lambda).parent, Parent::Expr(holder) if module.call(holder).is_some()),
        _ => false,
    };
    matches!(module.stmt(stmt).kind, StmtKind::Return(_)) && !function.is_async && !is_callback
}

/// Whether the query of a name is handed to a function of the project before it is used here, which may add to it
/// (`paginate(query, request);`).
pub fn is_handed_on(resolver: &dyn Resolver, file: FileId, used: ExprId) -> bool {
    let Some(name) = resolver.module(file).name(used) else {
        return false;
    };
    let Value::Query(at, before) = resolver.value(file, used) else {
        return false;
    };
    let takes = |change: &Call<'_>| change.args.iter().any(|arg| change.module.name(arg.value) == Some(name));
    // Of too many it is not known what they add.
    at == file && in_place(resolver, file, used, before).is_none_or(|calls| calls.iter().any(takes))
}

/// The last call that surely changes a builder before its name is used, if any does, and the last that does or may; `None` where none
/// may.
pub fn last_change(resolver: &dyn Resolver, file: FileId, used: ExprId) -> Option<(Option<ExprId>, ExprId)> {
    let module = resolver.module(file);
    let name = module.name(used)?;
    let Value::Query(at, made) = resolver.value(file, used) else {
        return None;
    };
    if at != file {
        return None;
    }
    let changes = in_place(resolver, file, used, made)?.into_iter();
    let changes: Vec<ExprId> = changes
        .filter(|change| module.name(change.root()) == Some(name))
        .map(|change| change.id)
        .collect();
    let is_certain = |change: &ExprId| !chain::is_conditional(module, *change, used);
    Some((changes.iter().copied().rfind(is_certain), *changes.last()?))
}

/// The calls that stand as statements of their own between a name's definition and its use, in the same function, and work on
/// the name: on its root (`query.take(10)`) or as an argument (`paginate(query)`); `None` where they are too many.
fn in_place(resolver: &dyn Resolver, file: FileId, used: ExprId, definition: ExprId) -> Option<Vec<Call<'_>>> {
    let module = resolver.module(file);
    let ExprKind::Name(symbol) = module.kind(used) else {
        return Some(Vec::new());
    };
    let name = module.str(*symbol);
    let (from, to) = (module.expr(definition).span.end, module.expr(used).span.start);
    let owner = module.owner(definition);
    let found = chain::few(
        resolver,
        (file, used),
        module.statements_on(*symbol, Span { start: from, end: to }, chain::most_additions()),
    )?;
    let mut calls: Vec<Call<'_>> = found
        .into_iter()
        .map(|stmt| module.stmt(stmt))
        .filter(|stmt| stmt.span.start >= from && stmt.span.end <= to)
        .filter_map(|stmt| match stmt.kind {
            StmtKind::Expr(expr) => module.call(module.unawaited(expr)),
            _ => None,
        })
        .filter(|call| {
            let is_root = module.name(call.root()) == Some(name);
            is_root || call.args.iter().any(|arg| module.name(arg.value) == Some(name))
        })
        .filter(|call| module.owner(call.id) == owner)
        .collect();
    calls.sort_by_key(|call| module.expr(call.id).span.start);
    Some(calls)
}
