//! Which classes are models of `SQLAlchemy`, beside what their bases say.

use crate::ir::{ClassId, ExprKind, Module, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// Whether a class names its table, or says that it has one (`SQLModel`'s `table=True`).
pub(super) fn has_table(module: &Module, class: ClassId) -> bool {
    let definition = module.class(class);
    let has = |name: &str| {
        definition.body.iter().any(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => module.name(*target) == Some(name),
            _ => false,
        })
    };
    let is_table = || {
        definition.bases.iter().any(|base| {
            base.name.is_some_and(|name| module.str(name) == "table") && matches!(module.kind(base.value), ExprKind::Bool(true))
        })
    };
    has("__tablename__") || has("__table__") || is_table()
}

/// Whether a class of a declarative base has columns or relations.
pub(super) fn has_columns(resolver: &dyn Resolver, file: FileId, class: ClassId, ancestors: &[String]) -> bool {
    let module = resolver.module(file);
    let is_declarative = |name: &String| {
        matches!(
            name.as_str(),
            "Base" | "DeclarativeBase" | "sqlalchemy.orm.DeclarativeBase" | "sqlalchemy.orm.MappedAsDataclass"
        ) || name.starts_with("sqlalchemy.orm.declarative_base")
            || name.starts_with("sqlalchemy.ext.declarative.declarative_base")
    };
    let makes_column = |stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign { value: Some(value), .. } => module
            .call(*value)
            .and_then(|call| call.method())
            .is_some_and(|method| matches!(method, "Column" | "mapped_column" | "relationship")),
        _ => false,
    };
    ancestors.iter().any(is_declarative) && module.class(class).body.iter().any(|&stmt| makes_column(stmt))
}
