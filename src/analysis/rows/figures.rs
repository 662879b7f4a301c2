//! What figures are made of rows in the application: counts, or sums and the like.

use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind};
use crate::project::row_usage::RowUsage;

/// Statements of a loop that only adds to a figure.
const MAX_STEPS: usize = 50;

/// Whether the rows are counted as a whole, or only counted in parts.
pub fn is_counting(module: &Module, usage: &RowUsage) -> bool {
    usage.only_aggregated() && (!usage.lengths.is_empty() || usage.aggregated.iter().all(|&by| is_count(module, by)))
}

/// `rows.filter(…).length`, `sum(1 for …)`, `len([…])`, `counts[key] += 1`.
fn is_count(module: &Module, by: ExprId) -> bool {
    let parent = module.expr(by).parent;
    if let (Some(call), Parent::Expr(outer)) = (module.call(by), parent) {
        return call.method() == Some("filter")
            && matches!(module.kind(outer), ExprKind::Attr { name, .. } if module.str(*name) == "length");
    }
    match (module.kind(by), parent) {
        (ExprKind::Comp(comp), Parent::Expr(outer)) => match module.call(outer).and_then(|call| call.method()) {
            Some("len" | "Counter") => true,
            Some("sum") => comp.elements.last().is_some_and(|&element| module.number(element) == Some(1.0)),
            _ => false,
        },
        (_, Parent::Stmt(stmt)) => match &module.stmt(stmt).kind {
            StmtKind::Loop { body, .. } => adds_one(module, body),
            _ => false,
        },
        _ => false,
    }
}

/// Whether all that a loop's body adds is 1.
fn adds_one(module: &Module, body: &[StmtId]) -> bool {
    let mut open: Vec<StmtId> = body.to_vec();
    let mut steps = 0;
    while let Some(stmt) = open.pop() {
        steps += 1;
        let one = match &module.stmt(stmt).kind {
            StmtKind::Assign {
                op: Some(_),
                value: Some(value),
                ..
            } => module.number(*value) == Some(1.0),
            StmtKind::Assign { value: Some(value), .. } => match module.kind(*value) {
                ExprKind::Binary { op, right, .. } => module.str(*op) == "+" && module.number(*right) == Some(1.0),
                // A name for what is counted by.
                _ => true,
            },
            StmtKind::If { then, orelse, .. } => {
                open.extend(then.iter().chain(orelse.iter()));
                true
            }
            _ => true,
        };
        if !one || steps > MAX_STEPS {
            return false;
        }
    }
    true
}
