//! What a model inherits columns from.

use super::assigned;
use crate::ir::{ClassId, ExprId, ExprKind, Module};
use crate::libraries::shared::declared;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;

/// A class with those it inherits columns from, itself first.
pub(super) struct Lineage {
    pub(super) classes: Vec<(FileId, ClassId)>,
    /// The nearest ancestor that has a table of its own.
    pub(super) parent: Option<(FileId, ClassId)>,
    /// A base is not known: there can be more columns.
    pub(super) open: bool,
}

/// The lineage of a class; `model` is where the model that asks for it stands.
pub(super) fn lineage(resolver: &dyn Resolver, file: FileId, class: ClassId, model: Span) -> Lineage {
    let mut lineage = Lineage {
        classes: vec![(file, class)],
        parent: None,
        open: false,
    };
    let mut at = 0;
    while let Some(&(file, class)) = lineage.classes.get(at) {
        at += 1;
        let module = resolver.module(file);
        for base in module.class(class).bases.iter().filter(|base| base.name.is_none()) {
            let expr = match module.kind(base.value) {
                ExprKind::Index { base, .. } => *base,
                _ => base.value,
            };
            match resolver.value(file, expr) {
                Value::Class(base_file, base) => {
                    if has_table(resolver.module(base_file), base) {
                        lineage.parent.get_or_insert((base_file, base));
                    } else {
                        declared::add_base(&mut lineage.classes, (base_file, base), model);
                    }
                }
                Value::External(name) => lineage.open |= !is_plain_base(&name),
                _ => lineage.open |= !matches!(last_name(module, expr), Some("Base" | "Model" | "SQLModel" | "DeclarativeBase")),
            }
        }
    }
    lineage
}

pub(super) fn last_name(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        _ => None,
    }
}

/// Library bases that bring no columns.
fn is_plain_base(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    matches!(
        last,
        "DeclarativeBase"
            | "DeclarativeBaseNoMeta"
            | "MappedAsDataclass"
            | "AsyncAttrs"
            | "Base"
            | "Model"
            | "SQLModel"
            | "Generic"
            | "ABC"
            | "object"
            | "declarative_base"
            | "UserMixin"
            | "Protocol"
            | "BaseModel"
            | "str"
            | "Enum"
    )
}

/// Whether a class sets a table of its own.
pub(super) fn has_table(module: &Module, class: ClassId) -> bool {
    let definition = module.class(class);
    let flag = definition
        .bases
        .iter()
        .any(|base| base.name.is_some_and(|name| module.str(name) == "table") && matches!(module.kind(base.value), ExprKind::Bool(true)));
    let is_abstract = definition.body.iter().any(|&stmt| {
        assigned(module, stmt).is_some_and(|(name, value)| {
            name == "__abstract__" && matches!(value.map(|value| module.kind(value)), Some(ExprKind::Bool(true)))
        })
    });
    let named = definition
        .body
        .iter()
        .any(|&stmt| assigned(module, stmt).is_some_and(|(name, value)| value.is_some() && matches!(name, "__tablename__" | "__table__")));
    (flag || named) && !is_abstract
}
