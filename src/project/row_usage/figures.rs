//! Whether the code around an expression makes only a figure or an answer of it.

use crate::ir::{CompKind, ExprId, ExprKind, Module, Parent, StmtId, StmtKind};

/// Statements of a loop that only adds.
const MAX_STEPS: usize = 50;

/// Operators around an expression that only decides.
const MAX_AROUND: usize = 20;

/// Whether an expression only decides: the test of an `if`, a `not`, a comprehension's condition.
pub(super) fn is_condition(module: &Module, mut expr: ExprId) -> bool {
    for _ in 0..MAX_AROUND {
        match module.expr(expr).parent {
            Parent::Stmt(stmt) => {
                return match &module.stmt(stmt).kind {
                    StmtKind::If { test, .. } => *test == expr,
                    StmtKind::Loop { test, .. } => *test == Some(expr),
                    _ => false,
                };
            }
            Parent::Expr(parent) => match module.kind(parent) {
                ExprKind::Unary { op, .. } if matches!(module.str(*op), "not" | "!") => return true,
                ExprKind::Cond { test, .. } => return *test == expr,
                ExprKind::Binary { op, .. } if matches!(module.str(*op), "and" | "or") => expr = parent,
                _ => return false,
            },
            _ => return false,
        }
    }
    false
}

/// Whether a comparison with a number asks only for "any" or "none".
pub(super) fn is_zero_test(op: &str, on_left: bool, number: Option<f64>) -> bool {
    let is = |value: f64| number == Some(value);
    match (op, on_left) {
        ("==" | "!=" | "===" | "!==" | "is" | "is not", _) | (">" | "<=", true) | ("<" | ">=", false) => is(0.0),
        (">=" | "<", true) | ("<=" | ">", false) => is(1.0),
        _ => false,
    }
}

/// `len(rows) > 0`, `if rows.length`.
pub(super) fn is_tested(module: &Module, length: ExprId) -> bool {
    if is_condition(module, length) {
        return true;
    }
    let Parent::Expr(parent) = module.expr(length).parent else {
        return false;
    };
    let ExprKind::Binary { op, left, right } = module.kind(parent) else {
        return false;
    };
    let other = if *left == length { *right } else { *left };
    is_zero_test(module.str(*op), *left == length, module.number(other))
}

/// Whether a comprehension only feeds `sum`, `max`, `len` and the like.
pub(super) fn is_figure(module: &Module, comp: ExprId, kind: CompKind) -> bool {
    let Parent::Expr(parent) = module.expr(comp).parent else {
        return false;
    };
    let Some(call) = module.call(parent) else {
        return kind != CompKind::Dict && is_length_attr(module, parent);
    };
    let function = if call.receiver().is_none() { call.method() } else { None };
    matches!(
        function,
        Some("sum" | "max" | "min" | "len" | "any" | "all" | "Counter" | "mean" | "fsum")
    )
}

/// `any(… for …)`, `rows.some(…)`.
pub(super) fn is_any(module: &Module, by: ExprId) -> bool {
    if let Some(call) = module.call(by) {
        return call.method() == Some("some");
    }
    let Parent::Expr(parent) = module.expr(by).parent else {
        return false;
    };
    module
        .call(parent)
        .is_some_and(|call| call.method() == Some("any") && call.receiver().is_none())
}

fn is_length_attr(module: &Module, expr: ExprId) -> bool {
    matches!(module.kind(expr), ExprKind::Attr { name, .. } if module.str(*name) == "length")
}

/// Whether a call's result is only asked for its `length`.
pub(super) fn is_length(module: &Module, call: ExprId) -> bool {
    matches!(module.expr(call).parent, Parent::Expr(parent) if is_length_attr(module, parent))
}

/// An expression that can be a number and runs nothing of the project's.
fn is_number(module: &Module, expr: ExprId) -> bool {
    let mut open = vec![expr];
    while let Some(id) = open.pop() {
        match module.kind(id) {
            ExprKind::Await(_) | ExprKind::List(_) | ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Lambda(_) | ExprKind::Comp(_) => {
                return false;
            }
            ExprKind::Call { .. } => {
                let name = module.call(id).and_then(|call| call.method()).unwrap_or("");
                if !matches!(
                    name,
                    "len" | "int" | "float" | "abs" | "round" | "Decimal" | "Number" | "get" | "parseInt" | "parseFloat" | "max" | "min"
                ) {
                    return false;
                }
            }
            _ => {}
        }
        open.extend(module.children(id));
    }
    true
}

/// Whether a loop's body only adds up: `total += x`, `counts[k] += 1`, also under conditions.
pub(super) fn is_tally(module: &Module, body: &[StmtId]) -> bool {
    let mut open: Vec<StmtId> = body.to_vec();
    let mut adds = false;
    let mut steps = 0;
    while let Some(stmt) = open.pop() {
        steps += 1;
        match &module.stmt(stmt).kind {
            StmtKind::Assign {
                op: Some(op),
                value: Some(value),
                ..
            } if matches!(module.str(*op), "+" | "-" | "+=" | "-=") && is_number(module, *value) => adds = true,
            StmtKind::If { then, orelse, .. } => open.extend(then.iter().chain(orelse.iter())),
            // `counts[key] = counts.get(key, 0) + 1`.
            StmtKind::Assign {
                target,
                op: None,
                value: Some(value),
                ..
            } if matches!(module.kind(*target), ExprKind::Index { .. })
                && matches!(module.kind(*value), ExprKind::Binary { op, .. } if module.str(*op) == "+") =>
            {
                adds = true;
            }
            // A name for what is counted by.
            StmtKind::Assign {
                target,
                op: None,
                value: Some(value),
                ..
            } if matches!(module.kind(*target), ExprKind::Name(_))
                && matches!(
                    module.kind(*value),
                    ExprKind::Attr { .. } | ExprKind::Index { .. } | ExprKind::Name(_)
                ) => {}
            StmtKind::Continue => {}
            _ => return false,
        }
        if steps > MAX_STEPS {
            return false;
        }
    }
    adds
}
