//! Where rows are made, shown and named beside queries: methods of models that run for each row, serializers, the users' model.

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, StmtKind, Sym};

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

/// `OrderSerializer(rows, many=True)`.
pub fn shown(call: &Call<'_>) -> Option<ExprId> {
    let is_many = matches!(call.module.kind(call.keyword("many")?), ExprKind::Bool(true));
    let rows = call.arg(0).or_else(|| call.keyword("instance"));
    rows.filter(|_| is_many && call.keyword("data").is_none())
}

/// `AUTH_USER_MODEL = "accounts.Member"`.
pub fn users(module: &Module) -> Option<(&str, &str)> {
    module.stmts.iter().find_map(|stmt| match stmt.kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(target) == Some("AUTH_USER_MODEL") => module.string(value)?.rsplit_once('.'),
        _ => None,
    })
}
