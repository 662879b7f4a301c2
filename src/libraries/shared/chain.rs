//! Fluent chains: the calls that build and run a query, followed through the names that hold it on the way.

use crate::budget;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, Standing, Sym};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::tasks::wraps_task;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{RowLimit, Statement};

/// Expressions around a call among which its `await` is looked for.
const MAX_AROUND_CALL: usize = 8;

/// One step of a chain.
#[derive(Clone, Copy, Debug)]
pub enum Step<'m> {
    /// A method call.
    Call(Call<'m>),
    /// A slice: its bounds.
    Slice(Option<ExprId>, Option<ExprId>),
}

/// A step with its circumstances.
#[derive(Clone, Copy, Debug)]
pub struct Link<'m> {
    /// File that it stands in.
    pub file: FileId,
    /// What it does.
    pub step: Step<'m>,
    /// It is done only under a condition of the code.
    pub optional: bool,
    /// It stands in the expression that was asked for, not in a statement before.
    pub inline: bool,
}

/// A chain: what it starts from and the steps after it.
#[derive(Debug)]
pub struct Chain<'m> {
    /// What the chain's first call makes, before its steps add to it.
    pub start: Query,
    /// Whether the start stands in the expression that was asked for.
    pub inline: bool,
    /// Steps, first to last.
    pub links: Vec<Link<'m>>,
}

/// What a library knows of its chains.
pub struct ChainGrammar<'a> {
    /// The query that starts at an expression.
    pub start: &'a dyn Fn(FileId, ExprId) -> Option<Query>,
    /// Whether the method that is called belongs to the library, by its name.
    pub known: &'a dyn Fn(&Call<'_>) -> bool,
    /// The query of a project function's call, given what its body says.
    pub helper: &'a dyn Fn(FileId, ExprId, Option<Query>) -> Option<Query>,
}

/// The query of a model's own class method that is called like one of the library's: `Order.all().filter(…)`. It is the first link.
fn of_class(resolver: &dyn Resolver, class: (FileId, ExprId), links: &mut Vec<Link<'_>>, grammar: &ChainGrammar<'_>) -> Option<Query> {
    let Some(Link {
        file,
        step: Step::Call(step),
        ..
    }) = links.last()
    else {
        return None;
    };
    let (file, call) = (*file, step.id);
    let is_its = links.len() > 1 && (file, step.receiver()) == (class.0, Some(class.1));
    if !is_its
        || !matches!(resolver.value(class.0, class.1), Value::Class(..))
        || !matches!(resolver.value(file, step.callee), Value::Function(..))
    {
        return None;
    }
    links.pop();
    (grammar.helper)(file, call, resolver.query(file, call))
}

/// Follows a chain back to its start.
pub fn walk<'m>(resolver: &'m dyn Resolver, file: FileId, call: Call<'m>, grammar: &ChainGrammar<'_>) -> Option<Chain<'m>> {
    let mut links: Vec<Link<'m>> = Vec::new();
    let mut seen: Vec<(FileId, ExprId)> = Vec::new();
    let mut at = (file, call.id);
    let mut inline = true;
    let mut optional = false;
    let mut skipped = false;
    let finish = |start: Query, inline: bool, mut links: Vec<Link<'m>>| {
        links.reverse();
        Some(Chain { start, inline, links })
    };
    loop {
        if links.len().max(seen.len()) > budget::Limit::ChainSteps.count() {
            resolver.too_long(budget::Limit::ChainSteps, file, call.id);
            return None;
        }
        if !resolver.afford(at.0, 1) {
            return None;
        }
        let module = resolver.module(at.0);
        match module.kind(at.1) {
            ExprKind::Await(inner) => at.1 = *inner,
            ExprKind::Call { .. } => {
                if let Some(start) = (grammar.start)(at.0, at.1) {
                    return finish(start, inline, links);
                }
                let step = module.call(at.1)?;
                step.method()?;
                let first = at == (file, call.id);
                if !(grammar.known)(&step) && matches!(resolver.value(at.0, step.callee), Value::Function(..)) {
                    // A helper of the project that hands out a query; asked for itself, it is not ours.
                    if first {
                        return None;
                    }
                    let found = (grammar.helper)(at.0, at.1, resolver.query(at.0, at.1))?;
                    return finish(found, false, links);
                }
                let Some(receiver) = step.receiver() else {
                    return if first {
                        None
                    } else {
                        finish(resolver.query(at.0, at.1)?, inline, links)
                    };
                };
                if !skipped {
                    links.push(Link {
                        file: at.0,
                        step: Step::Call(step),
                        optional,
                        inline,
                    });
                }
                at.1 = receiver;
            }
            ExprKind::Index { base, index } => match module.kind(*index) {
                ExprKind::Slice(slice) => {
                    links.push(Link {
                        file: at.0,
                        step: Step::Slice(slice.lower, slice.upper),
                        optional,
                        inline,
                    });
                    at.1 = *base;
                }
                _ => return None,
            },
            ExprKind::Name(_) => {
                if matches!(module.name(at.1), Some("self" | "cls")) {
                    if let Some(start) = (grammar.start)(at.0, at.1) {
                        return finish(start, inline, links);
                    }
                    let found = of_class(resolver, at, &mut links, grammar)?;
                    return finish(found, false, links);
                }
                let next = resolver.definition(at.0, at.1);
                match next {
                    Some(next) if next != at && leads_on(resolver.module(next.0), next.1) => {
                        if seen.contains(&next) {
                            return None;
                        }
                        if resolver.is_too_long(next.0, next.1) {
                            resolver.too_long(budget::Limit::ChainSteps, file, call.id);
                            return None;
                        }
                        seen.push(next);
                        // What one branch gives is not known, what another gives is.
                        if let Some(mut start) = other_branch(resolver, at, next, grammar) {
                            start.statement.open = true;
                            return finish(start, false, links);
                        }
                        let place = place(resolver, file, call.id, next);
                        optional = place == Standing::Conditional;
                        skipped = place == Standing::OtherBranch;
                        inline = false;
                        at = next;
                    }
                    _ => {
                        let start = resolver.query(at.0, at.1).or_else(|| (grammar.start)(at.0, at.1));
                        let start = start.or_else(|| of_class(resolver, at, &mut links, grammar))?;
                        return finish(start, false, links);
                    }
                }
            }
            ExprKind::Attr { .. } => {
                if let Some(start) = (grammar.start)(at.0, at.1) {
                    return finish(start, inline, links);
                }
                return finish(resolver.query(at.0, at.1)?, false, links);
            }
            ExprKind::Cond { then, orelse, .. } => {
                let mut start = resolver.query(at.0, *then).or_else(|| resolver.query(at.0, *orelse))?;
                start.statement.filters.iter_mut().for_each(|filter| filter.optional = true);
                start.statement.open = true;
                return finish(start, false, links);
            }
            _ => return None,
        }
    }
}

/// The query of another branch, where the last thing that a name was bound to is a call that is none.
fn other_branch(resolver: &dyn Resolver, used: (FileId, ExprId), bound: (FileId, ExprId), grammar: &ChainGrammar<'_>) -> Option<Query> {
    if used.0 != bound.0 {
        return None;
    }
    let module = resolver.module(bound.0);
    let call = module.call(bound.1)?;
    let is_plain = call.receiver().is_none() && !(grammar.known)(&call);
    if !is_plain || module.standing(bound.1, used.1) == Standing::Always || (grammar.start)(bound.0, bound.1).is_some() {
        return None;
    }
    if resolver.query(bound.0, bound.1).is_some() {
        return None;
    }
    let others = resolver
        .alternatives(used.0, used.1)
        .into_iter()
        .rev()
        .filter(|other| *other != bound);
    others
        .filter_map(|(at, other)| resolver.query(at, other))
        .find(|query| !query.executed)
}

fn leads_on(module: &Module, expr: ExprId) -> bool {
    matches!(
        module.kind(expr),
        ExprKind::Call { .. } | ExprKind::Await(_) | ExprKind::Index { .. } | ExprKind::Attr { .. } | ExprKind::Cond { .. }
    )
}

/// How a definition stands to a use of it.
fn place(resolver: &dyn Resolver, file: FileId, use_at: ExprId, definition: (FileId, ExprId)) -> Standing {
    let module = resolver.module(file);
    if definition.0 != file || module.owner(use_at) != module.owner(definition.1) {
        return Standing::Always;
    }
    module.standing(definition.1, use_at)
}

/// Whether a statement of the code is done only under a condition inside its function.
pub fn is_conditional(module: &Module, expr: ExprId, use_at: ExprId) -> bool {
    module.standing(expr, use_at) != Standing::Always
}

/// One side of a choice between two that differ only in what is called on the same thing: `up ? asc(t.at) : desc(t.at)`; the expression
/// itself where it is no such choice.
pub fn either(module: &Module, expr: ExprId) -> ExprId {
    let ExprKind::Cond { then, orelse, .. } = *module.kind(expr) else {
        return expr;
    };
    let of = |side: ExprId| {
        let call = module.call(side);
        let inner = call.as_ref().and_then(|call| call.arg(0).or(call.receiver()));
        module.dotted(inner.unwrap_or(side))
    };
    if of(then).is_some() && of(then) == of(orelse) { then } else { expr }
}

/// Applies a slice to a statement.
pub fn slice(module: &Module, statement: &mut Statement, lower: Option<ExprId>, upper: Option<ExprId>) {
    let number = |expr: Option<ExprId>| expr.and_then(|expr| module.number(expr));
    let from = number(lower).unwrap_or(0.0);
    statement.offset |= lower.is_some() && from != 0.0;
    if let Some(end) = upper.filter(|&end| cuts(module, end)) {
        let known = number(Some(end)).filter(|end| (lower.is_none() || number(lower).is_some()) && *end >= from);
        statement.limit = known.map_or(RowLimit::Value, |end| RowLimit::Rows(whole(end - from)));
    }
}

/// Whether an argument of a limit, or the end of a slice, leaves out more than a few rows: `None` leaves out none, `-1` the last.
pub fn cuts(module: &Module, rows: ExprId) -> bool {
    let is_from_end = matches!(module.kind(rows), ExprKind::Unary { op, .. } if module.str(*op) == "-");
    !is_from_end && !matches!(module.kind(rows), ExprKind::Null) && module.number(rows).is_none_or(|rows| rows >= 0.0)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn whole(number: f64) -> u64 {
    number.clamp(0.0, 1e15) as u64
}

/// Whether what a call gives is awaited, directly or through a function that awaits what it is given.
pub fn is_awaited(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    for _ in 0..MAX_AROUND_CALL {
        let Parent::Expr(parent) = module.expr(at).parent else {
            return false;
        };
        match module.kind(parent) {
            ExprKind::Await(_) => return true,
            ExprKind::Call { callee, .. } if *callee != at => {
                let method = module.call(parent).and_then(|call| call.method()).unwrap_or("");
                return wraps_task(method) || matches!(method, "gather" | "as_completed" | "wait");
            }
            ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Comp(_) | ExprKind::Spread(_) | ExprKind::Cond { .. } => at = parent,
            _ => return false,
        }
    }
    false
}

/// How many additions to one query, list or object are looked for: one more than are followed.
pub fn most_additions() -> usize {
    budget::Limit::Additions.count() + 1
}

/// What was found to add to the query, list or object that a place uses; `None` where it is more than is followed, which is told.
pub fn few<T>(resolver: &dyn Resolver, (file, used): (FileId, ExprId), found: Vec<T>) -> Option<Vec<T>> {
    if found.len() > budget::Limit::Additions.count() {
        resolver.too_long(budget::Limit::Additions, file, used);
        return None;
    }
    resolver.afford(file, found.len()).then_some(found)
}

/// The items of a list that an expression is, or that the name it stands for was bound to, with what is appended to
/// it in the same function; the flag is whether an item is there only under a condition.
pub fn items(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Vec<(FileId, ExprId, bool)>> {
    let (at, list) = match resolver.definition(file, expr) {
        Some(found) => found,
        None => match resolver.value(file, expr) {
            Value::Literal(at, list) => (at, list),
            _ => return None,
        },
    };
    let (at, list) = match (resolver.module(at).kind(list), resolver.value(at, list)) {
        (ExprKind::Call { .. }, Value::Literal(at, list)) => (at, list),
        _ => (at, list),
    };
    let (ExprKind::List(items) | ExprKind::Tuple(items)) = resolver.module(at).kind(list) else {
        return None;
    };
    let mut out: Vec<_> = items.iter().map(|&item| (at, item, false)).collect();
    let module = resolver.module(file);
    if let (ExprKind::Name(name), true) = (module.kind(expr), at == file) {
        let owner = module.owner(expr);
        if owner == module.owner(list) {
            let calls = module.calls_on(*name).filter(|&id| is_on(module, id, *name));
            let calls = calls.take(most_additions()).collect();
            let calls = few(resolver, (file, expr), calls)?;
            let added = appended(module, calls, owner, expr);
            out.extend(added.into_iter().map(|(item, optional)| (file, item, optional)));
        }
    }
    Some(out)
}

/// Whether a call is a method's of just a name.
pub fn is_on(module: &Module, call: ExprId, name: Sym) -> bool {
    let receiver = module.call(call).and_then(|call| call.receiver());
    receiver.is_some_and(|receiver| matches!(module.kind(receiver), ExprKind::Name(found) if *found == name))
}

fn appended(module: &Module, calls: Vec<ExprId>, owner: FunctionId, use_at: ExprId) -> Vec<(ExprId, bool)> {
    let mut out = Vec::new();
    for id in calls {
        let ExprKind::Call { callee, args, .. } = module.kind(id) else {
            continue;
        };
        let ExprKind::Attr { name: method, .. } = module.kind(*callee) else {
            continue;
        };
        if !matches!(module.str(*method), "append" | "extend") {
            continue;
        }
        let (Some(arg), true) = (args.first(), module.owner(id) == owner) else {
            continue;
        };
        let optional = is_conditional(module, id, use_at);
        match module.kind(arg.value) {
            ExprKind::List(items) | ExprKind::Tuple(items) if module.str(*method) == "extend" => {
                out.extend(items.iter().map(|&item| (item, optional)));
            }
            _ if module.str(*method) == "append" => out.push((arg.value, optional)),
            _ => {}
        }
    }
    out
}
