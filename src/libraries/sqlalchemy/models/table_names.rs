//! The name of a model's table.

use super::assigned;
use super::lineage::Lineage;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtKind, TemplatePart};
use crate::libraries::shared::declared::{Consts, imports};
use crate::libraries::shared::value::FileId;

/// The table's name: a constant, or what a `declared_attr` makes of the class's name.
pub(super) fn table_name(consts: &Consts, lineage: &Lineage, class_name: &str) -> Option<String> {
    let mut schema = None;
    let mut name = None;
    for &(file, class) in &lineage.classes {
        let module = consts.resolver.module(file);
        for &stmt in &module.class(class).body {
            match assigned(module, stmt) {
                Some(("__tablename__", Some(value))) if name.is_none() => name = consts.text(file, value),
                Some(("__table__", Some(value))) if name.is_none() => {
                    name = module
                        .call(value)
                        .and_then(|call| call.arg(0))
                        .and_then(|expr| consts.text(file, expr));
                }
                Some(("__table_args__", Some(value))) if schema.is_none() => schema = schema_of(consts, file, value),
                _ => {}
            }
            if let StmtKind::Function(function) = module.stmt(stmt).kind
                && name.is_none()
                && module.function(function).name.is_some_and(|sym| module.str(sym) == "__tablename__")
            {
                name = computed_name(module, function, class_name);
            }
        }
    }
    let sqlmodel = || {
        let module = consts.resolver.module(lineage.classes.first()?.0);
        imports(module, "sqlmodel").then(|| class_name.to_lowercase())
    };
    let name = name.or_else(sqlmodel)?;
    Some(schema.map_or(name.clone(), |schema| format!("{schema}.{name}")))
}

fn schema_of(consts: &Consts, file: FileId, expr: ExprId) -> Option<String> {
    let module = consts.resolver.module(file);
    let object = match module.kind(expr) {
        ExprKind::Tuple(items) | ExprKind::List(items) => *items.last()?,
        _ => expr,
    };
    consts.text(file, module.entry(object, "schema")?)
}

fn computed_name(module: &Module, function: FunctionId, class_name: &str) -> Option<String> {
    let value = module
        .function(function)
        .body
        .iter()
        .find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Return(value) => value,
            _ => None,
        })?;
    name_expr(module, value, class_name, 8)
}

/// `cls.__name__.lower() + "s"` and its like.
fn name_expr(module: &Module, expr: ExprId, class_name: &str, depth: u32) -> Option<String> {
    if depth == 0 {
        return None;
    }
    match module.kind(expr) {
        ExprKind::Str(text) => Some(module.str(*text).to_owned()),
        ExprKind::Attr { name, .. } if module.str(*name) == "__name__" => Some(class_name.to_owned()),
        ExprKind::Binary { left, right, .. } => {
            Some(name_expr(module, *left, class_name, depth - 1)? + &name_expr(module, *right, class_name, depth - 1)?)
        }
        ExprKind::Template(parts) => parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => Some(module.str(*text).to_owned()),
                TemplatePart::Hole(hole) => name_expr(module, *hole, class_name, depth - 1),
            })
            .collect(),
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            match (call.method(), call.receiver()) {
                (Some("lower"), Some(receiver)) => name_expr(module, receiver, class_name, depth - 1).map(|name| name.to_lowercase()),
                // A helper of the project, or a regular expression: nearly always snake case.
                _ => call
                    .args
                    .iter()
                    .find_map(|arg| name_expr(module, arg.value, class_name, depth - 1).filter(|name| name == class_name))
                    .map(|name| snake(&name)),
            }
        }
        _ => None,
    }
}

pub(super) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_small = at > 0 && (chars[at - 1].is_lowercase() || chars[at - 1].is_ascii_digit());
        let before_small = at > 0 && chars[at - 1].is_uppercase() && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || before_small) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
