//! Reading a loop's body: nested statements and expressions, assigned names.

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtId, StmtKind, Sym};
use crate::syntax::large;
use crate::vocabulary::List;

/// Expressions looked at in one body. The front ends tell of what is longer, as of [`Limit::LoopBody`].
fn most_exprs() -> usize {
    large::EXPRS_A_STMT * Limit::LoopBody.count()
}

/// All statements of a body, nested ones too, in source order; those of functions inside it are not among them.
pub fn statements(module: &Module, body: &[StmtId]) -> Vec<StmtId> {
    let mut out = Vec::new();
    let mut open: Vec<StmtId> = body.iter().rev().copied().collect();
    while let Some(stmt) = open.pop() {
        if out.len() >= Limit::LoopBody.count() {
            break;
        }
        out.push(stmt);
        for block in module.stmt_blocks(stmt).into_iter().rev() {
            open.extend(block.iter().rev().copied());
        }
    }
    out
}

/// An expression and all inside it; lambdas are not entered.
pub fn inner(module: &Module, expr: ExprId) -> Vec<ExprId> {
    let mut out = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        if out.len() >= most_exprs() {
            break;
        }
        out.push(expr);
        module.each_child(expr, &mut |child| open.push(child));
    }
    out
}

/// All expressions that stand in a body's statements.
pub fn expressions(module: &Module, body: &[StmtId]) -> Vec<ExprId> {
    let mut out = Vec::new();
    for stmt in statements(module, body) {
        for expr in module.stmt_exprs(stmt) {
            if out.len() >= most_exprs() {
                return out;
            }
            out.extend(inner(module, expr));
        }
    }
    out
}

/// The names in an expression; for `a.b` also `a`.
pub fn names(module: &Module, expr: ExprId) -> Vec<Sym> {
    inner(module, expr)
        .into_iter()
        .filter_map(|id| match module.kind(id) {
            ExprKind::Name(name) => Some(*name),
            _ => None,
        })
        .collect()
}

/// The names that a pattern binds.
pub fn pattern_names(module: &Module, target: ExprId, out: &mut Vec<Sym>) {
    let mut open = vec![target];
    while let Some(expr) = open.pop() {
        match module.kind(expr) {
            ExprKind::Name(name) => out.push(*name),
            ExprKind::Assign { target, .. } => open.push(*target),
            ExprKind::Spread(inner) => open.push(*inner),
            ExprKind::Tuple(items) | ExprKind::List(items) => open.extend(items.iter().rev().copied()),
            ExprKind::Object(entries) => open.extend(entries.iter().rev().map(|entry| entry.value)),
            _ => {}
        }
    }
}

/// The names that a function's parameters bind.
pub fn parameter_names(module: &Module, function: FunctionId) -> Vec<Sym> {
    let mut out = Vec::new();
    for param in &module.function(function).params {
        out.extend(param.name);
        if let Some(pattern) = param.pattern {
            pattern_names(module, pattern, &mut out);
        }
    }
    out
}

/// An assignment in a body: names and attributes set, and the value.
pub struct BodyAssignment {
    /// The names that are set.
    pub targets: Vec<Sym>,
    /// What they are given.
    pub value: ExprId,
    /// The operator of `+=` and its like.
    pub op: Option<Sym>,
}

/// The assignments of a body, also those inside expressions (`while (x := f())`).
pub fn assignments(module: &Module, body: &[StmtId]) -> Vec<BodyAssignment> {
    let mut out = Vec::new();
    for stmt in statements(module, body) {
        if let StmtKind::Assign {
            target,
            value: Some(value),
            op,
            ..
        } = module.stmt(stmt).kind
        {
            out.push(assigned(module, target, value, op));
        }
    }
    for expr in expressions(module, body) {
        if let ExprKind::Assign { target, value } = module.kind(expr) {
            out.push(assigned(module, *target, *value, None));
        }
    }
    out
}

/// What one assignment sets.
pub fn assigned(module: &Module, target: ExprId, value: ExprId, op: Option<Sym>) -> BodyAssignment {
    let mut targets = Vec::new();
    pattern_names(module, target, &mut targets);
    // `params.cursor = …`, `params["cursor"] = …`: the member is what is set.
    match module.kind(target) {
        ExprKind::Attr { name, .. } => targets.push(*name),
        ExprKind::Index { index, .. } => {
            if let ExprKind::Str(key) = module.kind(*index) {
                targets.push(*key);
            }
        }
        _ => {}
    }
    BodyAssignment { targets, value, op }
}

/// Whether a name or attribute in an expression is one of a list.
pub fn mentions(module: &Module, expr: ExprId, wanted: List) -> bool {
    inner(module, expr).into_iter().any(|id| match module.kind(id) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => wanted.has(module.str(*name)),
        _ => false,
    })
}
