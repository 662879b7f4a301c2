//! Methods of a model that run for each row that a query loads.

use crate::ir::{ExprKind, FunctionId, Module, StmtKind, Sym};

/// The name that such a method has for the row: `self` of `__init__`, `row` of `row = super().from_db(…)` in `from_db`.
pub fn loaded(module: &Module, function: FunctionId) -> Option<Sym> {
    let function = module.function(function);
    match module.str(function.name?) {
        "__init__" => function.params.first()?.name,
        "from_db" => function.body.iter().find_map(|&stmt| made_by_base(module, &module.stmt(stmt).kind)),
        _ => None,
    }
}

fn made_by_base(module: &Module, statement: &StmtKind) -> Option<Sym> {
    let StmtKind::Assign {
        target,
        value: Some(value),
        ..
    } = statement
    else {
        return None;
    };
    let is_base = module.call(*value)?.method() == Some("from_db");
    match module.kind(*target) {
        ExprKind::Name(name) => is_base.then_some(*name),
        _ => None,
    }
}
