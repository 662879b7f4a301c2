//! Loops that count what they do and stop doing it at a number that the source fixes: `if attempts >= 4: continue`.

use super::LoopParts;
use super::body::statements;
use super::ending::holder;
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;

/// Counts above this are not "small".
const SMALL: u32 = 20;

/// How often the call runs at most, where a counter that each run raises closes the way to it.
pub fn capped(eval: &Evaluator<'_>, file: FileId, parts: &LoopParts) -> Option<u32> {
    let module = eval.module(file);
    let stop = parts.stmt?;
    let way = blocks_to(module, parts.anchor, stop);
    way.iter().find_map(|&(block, at)| {
        let before = block.iter().take_while(|&&stmt| stmt != at);
        let closing = before.filter_map(|&stmt| cap(eval, file, stmt, leaves));
        let around = cap(eval, file, at, |_, _| false);
        closing
            .chain(around)
            .find(|&(name, _)| is_raised(module, &way, name))
            .map(|(_, count)| count)
    })
}

/// The blocks around an expression up to its loop, each with the statement in it that holds the expression.
fn blocks_to(module: &Module, anchor: ExprId, stop: StmtId) -> Vec<(&[StmtId], StmtId)> {
    let mut out = Vec::new();
    let Some(mut at) = holder(module, anchor) else { return out };
    for _ in 0..Limit::Holders.count() {
        let Parent::Stmt(outer) = module.stmt(at).parent else { break };
        if let Some(block) = module.stmt_blocks(outer).into_iter().find(|block| block.contains(&at)) {
            out.push((block, at));
        }
        if outer == stop {
            return out;
        }
        at = outer;
    }
    Vec::new()
}

/// The counter and its bound: `if n >= 4:` whose block leaves, or `if n < 4:` around.
fn cap(eval: &Evaluator<'_>, file: FileId, stmt: StmtId, leaves: fn(&Module, &[StmtId]) -> bool) -> Option<(Sym, u32)> {
    let module = eval.module(file);
    let StmtKind::If { test, then, orelse } = &module.stmt(stmt).kind else {
        return None;
    };
    let ExprKind::Binary { op, left, right } = module.kind(*test) else {
        return None;
    };
    let fits = match module.str(*op) {
        ">=" | ">" | "==" | "===" => leaves(module, then),
        "<" | "<=" => orelse.is_empty() && !leaves(module, then),
        _ => false,
    };
    let ExprKind::Name(name) = module.kind(*left) else { return None };
    let (at, definition) = eval.definition(file, *right).unwrap_or((file, *right));
    let bound = eval.module(at).number(definition).filter(|_| fits)?;
    let count = (1..=SMALL).find(|&count| (f64::from(count) - bound).abs() < 0.5)?;
    Some((*name, count))
}

fn leaves(module: &Module, block: &[StmtId]) -> bool {
    block.last().is_some_and(|&last| {
        matches!(
            module.stmt(last).kind,
            StmtKind::Continue | StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise(_)
        )
    })
}

/// Whether each run of the call raises a counter by one: before it, or after it with nothing between that goes on.
fn is_raised(module: &Module, way: &[(&[StmtId], StmtId)], name: Sym) -> bool {
    way.iter().any(|&(block, at)| {
        let Some(held) = block.iter().position(|&stmt| stmt == at) else {
            return false;
        };
        block.iter().enumerate().any(|(index, &stmt)| {
            let between = block.get(held..index).unwrap_or_default();
            let goes_on = || {
                let mut inner = statements(module, between).into_iter();
                inner.any(|inner| matches!(module.stmt(inner).kind, StmtKind::Continue))
            };
            raises(module, stmt, name) && !goes_on()
        })
    })
}

/// `n += 1`, `n = n + 1`, `n++`.
fn raises(module: &Module, stmt: StmtId, name: Sym) -> bool {
    let is_it = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(found) if *found == name);
    let is_one = |expr: ExprId| module.number(expr).is_some_and(|number| (number - 1.0).abs() < f64::EPSILON);
    match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            op: Some(op),
            ..
        } => module.str(op) == "+" && is_it(target) && is_one(value),
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } => is_it(target) && matches!(module.kind(value), ExprKind::Binary { left, right, .. } if is_it(*left) && is_one(*right)),
        // `n++`; a comparison or a call is no such statement.
        StmtKind::Expr(update) => matches!(module.kind(update), ExprKind::Other(sides) if matches!(sides.as_ref(), [one] if is_it(*one))),
        _ => false,
    }
}
