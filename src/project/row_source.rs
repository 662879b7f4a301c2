//! The query whose rows an expression goes through, where rows are no objects of a model: what a driver answers, a list that is made
//! of its rows, a cursor.

use std::sync::Arc;

use super::eval::{Callees, Evaluator, Found};
use super::scope::{Bound, PatternStep};
use crate::ir::{Call, ExprId, ExprKind, Language};
use crate::libraries::shared::answers::{TOLD_BY, gives_rows, holds_rows};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::Operation;

/// How many names, calls and steps lie between an expression and the query, by design: what is further away is a list of its own.
const MAX_DEPTH: u32 = 8;

/// Calls on a cursor between what it was told and where its rows are read, by design.
const MOST_CALLS: usize = 16;

/// The query that rows come from, and where it stands.
pub type RowSource = (FileId, ExprId, Arc<Query>);

/// Finds it.
pub fn of(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<RowSource> {
    at(eval, file, expr, 0)
}

fn at(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<RowSource> {
    if depth > MAX_DEPTH || !eval.afford(file, 1) {
        return None;
    }
    if let Some(found) = by_value(eval, file, expr) {
        return Some(found);
    }
    let module = eval.module(file);
    match module.kind(expr) {
        ExprKind::Await(inner) => at(eval, file, *inner, depth + 1),
        ExprKind::Call { .. } => call(eval, file, module.call(expr)?, depth),
        // `(await pool.query(text)).rows`.
        ExprKind::Attr { base, name } if holds_rows(module.str(*name)) => at(eval, file, *base, depth + 1),
        // `rows ?? []`, `rows or []`.
        ExprKind::Binary { op, left, .. } if matches!(module.str(*op), "??" | "||" | "or") => at(eval, file, *left, depth + 1),
        // `[row.id for row in rows]`.
        ExprKind::Comp(comp) => match comp.clauses.as_ref() {
            [clause] => at(eval, file, clause.iterable, depth + 1),
            _ => None,
        },
        ExprKind::Name(_) => named(eval, file, expr, depth),
        _ => None,
    }
}

/// What the evaluator knows: a query that was not sent yet, the rows of a model, a statement.
fn by_value(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<RowSource> {
    let (from, place) = match eval.value(file, expr) {
        Value::Many(element) => match *element {
            Value::Row(_, Some(place)) => place,
            _ => return statement(eval, file, expr),
        },
        Value::Query(from, place) => (from, place),
        _ => return statement(eval, file, expr),
    };
    Some((from, place, eval.query_at(from, place)?))
}

/// A call that sends a statement for rows.
fn statement(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<RowSource> {
    eval.module(file).call(expr)?;
    let query = eval.query_at(file, expr)?;
    let is_rows = query.statement.operation == Operation::Select && matches!(query.outcome, Outcome::Rows | Outcome::Stream);
    is_rows.then_some((file, expr, query))
}

fn call(eval: &Evaluator<'_>, file: FileId, call: Call<'_>, depth: u32) -> Option<RowSource> {
    if let Some(collection) = eval.handed_on(file, &call) {
        return at(eval, file, collection, depth + 1);
    }
    if let (Some(receiver), Some(method)) = (call.receiver(), call.method())
        && gives_rows(method)
    {
        let cursor = || sent_before(eval, file, receiver, call.id);
        return at(eval, file, receiver, depth + 1).or_else(cursor);
    }
    let Callees::Functions(functions) = eval.callees(file, call.callee) else {
        return None;
    };
    // Of several it is not known which runs.
    let &[(from, function)] = functions.as_slice() else { return None };
    let &[returned] = &*eval.returned(from, function) else {
        return None;
    };
    at(eval, from, returned, depth + 1)
}

/// What a cursor was last told to ask before a place: `cursor.fetchall()` and `for row in cursor` after `cursor.execute("SELECT …")`.
fn sent_before(eval: &Evaluator<'_>, file: FileId, cursor: ExprId, place: ExprId) -> Option<RowSource> {
    let module = eval.module(file);
    let ExprKind::Name(name) = *module.kind(cursor) else {
        return None;
    };
    let before = module.expr(place).span.start;
    let is_before = |id: &ExprId| module.owner(*id) == module.owner(place) && module.expr(*id).span.start < before;
    let on_it = |id: &ExprId| {
        let sent = module.call(*id).filter(|sent| sent.method() == Some(TOLD_BY));
        sent.and_then(|sent| sent.receiver())
            .is_some_and(|receiver| *module.kind(receiver) == ExprKind::Name(name))
    };
    let mut near = module.calls_on_before(name, place).take(MOST_CALLS);
    statement(eval, file, near.find(|id| is_before(id) && on_it(id))?)
}

fn named(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<RowSource> {
    let module = eval.module(file);
    let ExprKind::Name(name) = *module.kind(expr) else {
        return None;
    };
    let found = eval.lookup(file, module.owner(expr), name, module.expr(expr).span.start)?;
    let Found::Binding(from, _, binding) = found else { return None };
    let Bound::Value(value, path) = &binding.bound else {
        return sent_before(eval, file, expr, expr);
    };
    let there = eval.module(from);
    let is_whole = match path.as_ref() {
        [] => true,
        // `const { rows } = await pool.query(text)`.
        [PatternStep::Key(key)] => holds_rows(there.str(*key)),
        // `const [rows] = await connection.query(text)`.
        [PatternStep::Index(0)] => there.language == Language::TypeScript,
        _ => false,
    };
    if !is_whole || (from, *value) == (file, expr) {
        return None;
    }
    at(eval, from, *value, depth + 1).or_else(|| sent_before(eval, file, expr, expr))
}
