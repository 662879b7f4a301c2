//! Which classes are database models, by the library they inherit from.

use crate::ir::{ClassId, ExprId, ExprKind, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// The library whose model a class is.
pub fn library(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<&'static str> {
    let module = resolver.module(file);
    let definition = module.class(class);
    let keyword = |name: &str| {
        definition
            .bases
            .iter()
            .any(|base| base.name.is_some_and(|sym| module.str(sym) == name) && matches!(module.kind(base.value), ExprKind::Bool(true)))
    };
    let has = |name: &str| {
        definition.body.iter().any(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => module.name(*target) == Some(name),
            _ => false,
        })
    };
    if has("__tablename__") || has("__table__") || keyword("table") {
        return Some("sqlalchemy");
    }
    let ancestors = resolver.ancestors(file, class);
    for name in &ancestors {
        match name.as_str() {
            "django.db.models.Model" | "models.Model" => return Some("django"),
            "peewee.Model" => return Some("peewee"),
            "tortoise.models.Model" | "tortoise.Model" => return Some("tortoise"),
            _ if name.starts_with("django.db.models.") || name.starts_with("django.contrib.") && name.contains(".models.") => {
                return Some("django");
            }
            _ if name.starts_with("mptt.")
                || name.starts_with("polymorphic.")
                || name.starts_with("model_utils.")
                || name.starts_with("treebeard.") =>
            {
                return Some("django");
            }
            _ if name.ends_with("db.Model") || name.starts_with("flask_sqlalchemy.") && name.ends_with(".Model") => {
                return Some("sqlalchemy");
            }
            _ => {}
        }
    }
    if has_django_fields(resolver, file, class) {
        return Some("django");
    }
    let declarative = ancestors.iter().any(|name| {
        matches!(
            name.as_str(),
            "Base" | "DeclarativeBase" | "sqlalchemy.orm.DeclarativeBase" | "sqlalchemy.orm.MappedAsDataclass"
        ) || name.starts_with("sqlalchemy.orm.declarative_base")
            || name.starts_with("sqlalchemy.ext.declarative.declarative_base")
    });
    let has_columns = definition.body.iter().any(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign { value: Some(value), .. } => module
            .call(*value)
            .and_then(|call| call.method())
            .is_some_and(|method| matches!(method, "Column" | "mapped_column" | "relationship")),
        _ => false,
    });
    (declarative && has_columns).then_some("sqlalchemy")
}

/// Whether an expression is a table: `Table("orders", …)`, a mapped class's `__table__`, or a name of one.
pub fn is_table(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let Some((at, definition)) = resolver.definition(file, expr) else {
        return false;
    };
    let module = resolver.module(at);
    match module.kind(definition) {
        ExprKind::Attr { name, .. } => module.str(*name) == "__table__",
        ExprKind::Call { .. } => module.call(definition).is_some_and(|call| call.method() == Some("Table")),
        _ => false,
    }
}

/// Whether a class with bases declares fields of Django's models, whatever library its base comes from.
fn has_django_fields(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let module = resolver.module(file);
    let definition = module.class(class);
    if definition.bases.is_empty() {
        return false;
    }
    definition.body.iter().any(|&stmt| {
        let StmtKind::Assign { value: Some(value), .. } = &module.stmt(stmt).kind else {
            return false;
        };
        let Some(call) = module.call(*value) else { return false };
        let is_field = call
            .method()
            .is_some_and(|name| name.ends_with("Field") || matches!(name, "ForeignKey"));
        is_field
            && resolver
                .value(file, call.callee)
                .library_name()
                .is_some_and(|name| name.starts_with("django.db.models."))
    })
}
