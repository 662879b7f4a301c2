//! Tables without a class, table arguments, and indexes that stand beside their class.

use super::assigned;
use crate::budget::{self, Limit};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::libraries::shared::declared::{Consts, Declared};
use crate::libraries::shared::value::FileId;
use crate::libraries::sqlalchemy::columns::Parts;
use crate::statement::{ModelDef, TableDef};

/// Calls and attributes around a column, as in `func.lower(User.email).desc()`.
const MAX_AROUND_COLUMN: usize = 8;

/// `__table_args__`, as a value or as a method.
pub(super) fn arguments(parts: &Parts, class: ClassId, model: &mut ModelDef, depth: usize) {
    let module = parts.module();
    for &stmt in &module.class(class).body {
        let value = match &module.stmt(stmt).kind {
            StmtKind::Function(function)
                if module
                    .function(*function)
                    .name
                    .is_some_and(|name| module.str(name) == "__table_args__") =>
            {
                module
                    .function(*function)
                    .body
                    .iter()
                    .find_map(|&stmt| match module.stmt(stmt).kind {
                        StmtKind::Return(value) => value,
                        _ => None,
                    })
            }
            _ => assigned(module, stmt)
                .filter(|(name, _)| matches!(*name, "__table_args__" | "__table__"))
                .and_then(|(_, value)| value),
        };
        // The nearest class's arguments replace those of its bases.
        let Some(value) = value.filter(|_| depth == 0 || model.table.indexes.is_empty()) else {
            continue;
        };
        let mut queue = vec![value];
        let mut steps = 0;
        while let Some(expr) = queue.pop() {
            steps += 1;
            if steps > Limit::Indexes.count() {
                budget::tell(Limit::Indexes, module.expr(expr).span.start);
                break;
            }
            match module.kind(expr) {
                ExprKind::Tuple(items) | ExprKind::List(items) => queue.extend(items.iter().rev()),
                ExprKind::Binary { left, right, .. } => queue.extend([*right, *left]),
                ExprKind::Spread(inner) => queue.push(*inner),
                ExprKind::Call { .. } if module.call(expr).and_then(|call| call.method()) == Some("Table") => {
                    queue.extend(module.call(expr).into_iter().flat_map(|call| elements(module, &call)));
                }
                ExprKind::Call { .. } => parts.element(expr, &mut model.table),
                _ => {}
            }
        }
    }
}

/// `users = Table("users", metadata, Column(…), …)`.
pub(super) fn tables(consts: &Consts, file: FileId, declared: &mut Declared) {
    let module = consts.resolver.module(file);
    let parts = Parts { consts, file };
    for expr in module.call_ids() {
        let Some(call) = module
            .call(expr)
            .filter(|call| call.method() == Some("Table") && module.owner(expr) == FunctionId::MODULE)
        else {
            continue;
        };
        let Some(name) = call.arg(0).and_then(|expr| parts.text(expr)) else {
            continue;
        };
        let schema = call.keyword("schema").and_then(|expr| parts.text(expr));
        let in_class = declared
            .models
            .iter()
            .any(|model| model.table.span.start != 0 && is_table_of_class(module, expr));
        if in_class {
            continue;
        }
        let full = schema.map_or(name.clone(), |schema| format!("{schema}.{name}"));
        let variable = module.expr(expr).parent;
        let variable = match variable {
            crate::ir::Parent::Stmt(stmt) => assigned(module, stmt).map(|(name, _)| name.to_owned()),
            _ => None,
        };
        let mut table = TableDef {
            name: full,
            span: module.expr(expr).span,
            open: call.keyword("autoload_with").is_some() || call.keyword("autoload").is_some(),
            ..TableDef::default()
        };
        for element in elements(module, &call) {
            parts.element(element, &mut table);
        }
        if table.columns.is_empty() && !table.open {
            continue;
        }
        declared.models.push(ModelDef {
            name: variable.unwrap_or(name),
            table,
            ..ModelDef::default()
        });
    }
}

/// What a table is made of: what stands after its name and the metadata, which Flask-SQLAlchemy's `db.Table` has itself.
fn elements(module: &Module, table: &Call<'_>) -> Vec<ExprId> {
    let args = table.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value).skip(1);
    let is_metadata =
        |(place, arg): &(usize, ExprId)| *place == 0 && module.call(*arg).is_none_or(|call| call.method() == Some("MetaData"));
    args.enumerate().filter(|arg| !is_metadata(arg)).map(|(_, arg)| arg).collect()
}

fn is_table_of_class(module: &Module, expr: ExprId) -> bool {
    match module.expr(expr).parent {
        crate::ir::Parent::Stmt(stmt) => matches!(module.stmt(stmt).parent, crate::ir::Parent::Class(_)),
        _ => false,
    }
}

/// `Index("ix", User.email)` after the class.
pub(super) fn loose_indexes(consts: &Consts, file: FileId, declared: &mut Declared) {
    let module = consts.resolver.module(file);
    let parts = Parts { consts, file };
    for &stmt in &module.function(FunctionId::MODULE).body {
        let expr = match module.stmt(stmt).kind {
            StmtKind::Expr(expr) => Some(expr),
            StmtKind::Assign { value, .. } => value,
            _ => None,
        };
        let Some(call) = expr
            .and_then(|expr| module.call(expr))
            .filter(|call| call.method() == Some("Index"))
        else {
            continue;
        };
        let keys: Vec<ExprId> = call
            .args
            .iter()
            .filter(|arg| arg.name.is_none())
            .skip(1)
            .map(|arg| arg.value)
            .collect();
        let Some(owner) = keys.iter().find_map(|&key| owner_name(module, key)) else {
            continue;
        };
        let name = call.arg(0).and_then(|expr| parts.text(expr));
        if let Some(model) = declared.models.iter_mut().find(|model| model.name == owner) {
            let index = parts.index(&call, name, keys);
            model.table.indexes.push(index);
        }
    }
}

/// `User` of `User.email`, `users.c.email`, `func.lower(User.email)`, `User.at.desc()`.
fn owner_name(module: &Module, expr: ExprId) -> Option<&str> {
    let mut at = expr;
    for _ in 0..MAX_AROUND_COLUMN {
        at = match module.kind(at) {
            ExprKind::Attr { base, name } if module.name(*base).is_some() && !module.str(*name).is_empty() => return module.name(*base),
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Call { callee, args, .. } => match module.kind(*callee) {
                ExprKind::Attr { base, .. } if args.is_empty() => *base,
                _ => args.first()?.value,
            },
            _ => return None,
        };
    }
    None
}
