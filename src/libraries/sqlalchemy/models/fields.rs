//! The columns that the fields of a class declare.

use super::annotations::{inner_type, is_class_var, is_mapped};
use super::lineage::last_name;
use super::relations::relation;
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, StmtKind};
use crate::libraries::shared::declared::imports;
use crate::libraries::shared::value::FileId;
use crate::libraries::sqlalchemy::columns::{Parts, is_column, sql_type};
use crate::statement::{ColumnDef, ModelDef};

/// Parts of an annotation's alias among which its column is looked for.
const MAX_ALIAS_PARTS: usize = 12;

pub(super) fn fields(parts: &Parts, class: ClassId, model: &mut ModelDef) {
    let module = parts.module();
    let is_sqlmodel = imports(module, "sqlmodel");
    for &stmt in &module.class(class).body {
        match &module.stmt(stmt).kind {
            StmtKind::Assign {
                target, value, annotation, ..
            } => {
                let Some(name) = module.name(*target) else { continue };
                let span = module.stmt(stmt).span;
                field(parts, name, *value, *annotation, span, is_sqlmodel, model);
            }
            StmtKind::Function(function) => attribute_function(parts, *function, model),
            _ => {}
        }
    }
}

/// `@declared_attr def user_id(cls): return Column(…)`.
fn attribute_function(parts: &Parts, function: FunctionId, model: &mut ModelDef) {
    let module = parts.module();
    let definition = module.function(function);
    let declared = definition
        .decorators
        .iter()
        .any(|&decorator| last_name(module, decorator).is_some_and(|name| matches!(name, "declared_attr" | "directive" | "cascading")));
    let Some(name) = definition
        .name
        .map(|name| module.str(name))
        .filter(|name| declared && !name.starts_with("__"))
    else {
        return;
    };
    let returned = definition.body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Return(value) => value,
        _ => None,
    });
    field(parts, name, returned, None, definition.span, false, model);
}

fn field(
    parts: &Parts,
    name: &str,
    value: Option<ExprId>,
    annotation: Option<ExprId>,
    span: crate::source::Span,
    is_sqlmodel: bool,
    model: &mut ModelDef,
) {
    let module = parts.module();
    let known = model
        .table
        .columns
        .iter()
        .any(|column| column.field.as_deref().unwrap_or(&column.name) == name)
        || model.relations.iter().any(|relation| relation.name == name);
    if known || name.starts_with("__") || name == "model_config" || name == "metadata" {
        return;
    }
    let call = value.and_then(|value| module.call(value));
    let column = |call: &Call| {
        let mut column = parts.column(call, Some(name))?;
        column.span = span;
        if let Some(annotation) = annotation {
            annotate(parts, annotation, &mut column, call.keyword("nullable").is_none());
        }
        Some(column)
    };
    match call.as_ref().and_then(Call::method) {
        Some(method) if is_column(method) => model.table.columns.extend(call.as_ref().and_then(column)),
        Some("deferred" | "column_property") => {
            let inner = call
                .as_ref()
                .and_then(|call| call.arg(0))
                .and_then(|expr| module.call(expr))
                .filter(|inner| inner.method().is_some_and(is_column));
            model.table.columns.extend(inner.as_ref().and_then(column));
        }
        Some("relationship" | "Relationship" | "dynamic_loader") => model
            .relations
            .extend(call.as_ref().and_then(|call| relation(parts, name, call, annotation, span))),
        Some("Field") if is_sqlmodel => model
            .table
            .columns
            .extend(call.as_ref().and_then(|call| sqlmodel_field(parts, name, call, annotation, span))),
        Some("association_proxy" | "hybrid_property" | "synonym" | "composite" | "query_expression") => {}
        _ => {
            let Some(annotation) = annotation else { return };
            let mapped = is_mapped(module, annotation);
            if mapped || is_sqlmodel && value.is_none_or(|value| module.call(value).is_none()) && !is_class_var(module, annotation) {
                let mut column = ColumnDef {
                    name: name.to_owned(),
                    nullable: false,
                    span,
                    ..ColumnDef::default()
                };
                annotate(parts, annotation, &mut column, true);
                model.table.columns.push(column);
            }
        }
    }
}

/// Takes type, nullability and what `Annotated` aliases hold from an annotation.
fn annotate(parts: &Parts, annotation: ExprId, column: &mut ColumnDef, nullability: bool) {
    let module = parts.module();
    let (inner, optional) = inner_type(module, annotation, 6);
    if nullability && !column.primary {
        column.nullable = optional;
    }
    if let Some((file, call)) = alias_column(parts, inner).or_else(|| alias_column(parts, annotation)) {
        let there = Parts {
            consts: parts.consts,
            file,
        };
        if let Some(found) = there.module().call(call).and_then(|call| there.column(&call, Some(&column.name))) {
            column.primary |= found.primary;
            column.unique |= found.unique;
            column.indexed |= found.indexed;
            column.references = column.references.take().or(found.references);
            if column.data_type.is_empty() {
                column.data_type = found.data_type;
            }
        }
    }
    if column.data_type.is_empty() {
        column.data_type = last_name(module, inner).map(sql_type).unwrap_or_default();
    }
}

/// The `mapped_column(…)` inside an `Annotated[…]`, also behind a name.
fn alias_column(parts: &Parts, annotation: ExprId) -> Option<(FileId, ExprId)> {
    let (file, definition) = match parts.module().kind(annotation) {
        ExprKind::Name(_) | ExprKind::Attr { .. } => parts.consts.resolver.definition(parts.file, annotation)?,
        _ => (parts.file, annotation),
    };
    let module = parts.consts.resolver.module(file);
    let mut at = vec![definition];
    for _ in 0..MAX_ALIAS_PARTS {
        let expr = at.pop()?;
        if module.call(expr).and_then(|call| call.method()).is_some_and(is_column) {
            return Some((file, expr));
        }
        if let ExprKind::Index { .. } | ExprKind::Tuple(_) = module.kind(expr) {
            at.extend(module.children(expr));
        }
    }
    None
}

fn sqlmodel_field(parts: &Parts, name: &str, call: &Call, annotation: Option<ExprId>, span: crate::source::Span) -> Option<ColumnDef> {
    let module = parts.module();
    if let Some(inner) = call.keyword("sa_column").and_then(|expr| module.call(expr)) {
        let mut column = parts.column(&inner, Some(name))?;
        column.span = span;
        return Some(column);
    }
    let mut column = parts.column(call, Some(name)).unwrap_or_default();
    name.clone_into(&mut column.name);
    column.field = None;
    column.span = span;
    column.data_type.clear();
    if let Some(target) = call.keyword("foreign_key").and_then(|expr| parts.text(expr)) {
        let (table, there) = target
            .rsplit_once('.')
            .map_or((target.as_str(), None), |(table, there)| (table, Some(there.to_owned())));
        column.references = Some((table.to_owned(), there));
    }
    if let Some(kind) = call.keyword("sa_type") {
        column.data_type = last_name(module, kind).map(sql_type).unwrap_or_default();
    }
    if let Some(annotation) = annotation {
        annotate(parts, annotation, &mut column, call.keyword("nullable").is_none());
    }
    Some(column)
}
