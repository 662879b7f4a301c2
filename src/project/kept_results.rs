//! Methods and properties that keep what they found on their object: the second call of one asks nothing.

use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtId, StmtKind, Sym};

/// Whether a method looks first whether its object has the attribute that it sets: `if self._rate is None: self._rate = …`,
/// `if not hasattr(self, "_rate"): …`.
pub fn keeps_on_object(module: &Module, function: FunctionId) -> bool {
    let definition = module.function(function);
    if definition.class.is_none() {
        return false;
    }
    let stmts = statements(module, &definition.body);
    let tested: Vec<&str> = stmts
        .iter()
        .filter_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::If { test, .. } => tested(module, test),
            _ => None,
        })
        .collect();
    stmts.iter().any(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            op: None,
            ..
        } => !matches!(module.kind(value), ExprKind::Null) && own(module, target).is_some_and(|name| tested.contains(&module.str(name))),
        _ => false,
    })
}

fn statements(module: &Module, body: &[StmtId]) -> Vec<StmtId> {
    let mut out: Vec<StmtId> = body.to_vec();
    for &stmt in body {
        out.extend(module.stmt_blocks(stmt).into_iter().flatten().copied());
    }
    out
}

/// The attribute of the object whose absence or presence a test asks for.
fn tested(module: &Module, test: ExprId) -> Option<&str> {
    match module.kind(test) {
        ExprKind::Unary { operand, .. } => tested(module, *operand),
        ExprKind::Binary { left, right, .. } if matches!(module.kind(*right), ExprKind::Null) => tested(module, *left),
        ExprKind::Call { .. } => {
            let call = module.call(test)?;
            let is_asked = matches!(call.method(), Some("hasattr" | "getattr")) && module.name(call.arg(0)?) == Some("self");
            module.string(call.arg(1).filter(|_| is_asked)?)
        }
        _ => own(module, test).map(|name| module.str(name)),
    }
}

fn own(module: &Module, expr: ExprId) -> Option<Sym> {
    match module.kind(expr) {
        ExprKind::Attr { base, name } if module.name(*base) == Some("self") => Some(*name),
        _ => None,
    }
}
