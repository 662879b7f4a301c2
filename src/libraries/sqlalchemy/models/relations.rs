//! Relations between models, and how they are loaded.

use super::annotations::inner_type;
use super::lineage::last_name;
use crate::ir::{Call, ExprId, ExprKind, Module, StmtKind};
use crate::libraries::sqlalchemy::columns::Parts;
use crate::statement::{Loading, RelationDef};

fn loading(parts: &Parts, value: Option<ExprId>) -> Loading {
    let Some(value) = value else { return Loading::Lazy };
    let module = parts.module();
    match module.kind(value) {
        ExprKind::Bool(false) => Loading::Eager,
        _ => match parts.text(value).as_deref() {
            Some("joined" | "selectin" | "subquery") => Loading::Eager,
            Some("dynamic" | "write_only") => Loading::Query,
            Some("raise" | "raise_on_sql" | "noload") => Loading::Explicit,
            _ => Loading::Lazy,
        },
    }
}

pub(super) fn relation(
    parts: &Parts,
    name: &str,
    call: &Call,
    annotation: Option<ExprId>,
    span: crate::source::Span,
) -> Option<RelationDef> {
    let module = parts.module();
    let kwargs = call.keyword("sa_relationship_kwargs");
    let option = |key: &str| call.keyword(key).or_else(|| kwargs.and_then(|kwargs| module.entry(kwargs, key)));
    let inner = annotation.map(|annotation| inner_type(module, annotation, 6).0);
    let (element, collection) = inner.map_or((None, None), |inner| collection_of(module, inner));
    let target = call
        .arg(0)
        .or_else(|| call.keyword("argument"))
        .and_then(|expr| target_name(parts, expr))
        .or_else(|| element.and_then(|expr| target_name(parts, expr)))?;
    let uselist = match option("uselist").map(|expr| module.kind(expr)) {
        Some(ExprKind::Bool(value)) => Some(*value),
        _ => None,
    };
    let secondary = option("secondary").is_some() || call.keyword("link_model").is_some();
    let typed = annotation.is_some() && element.is_some();
    let to_many = uselist.or(collection.filter(|_| typed)).unwrap_or(secondary);
    let decided = uselist.is_some() || typed || secondary;
    let mut relation = RelationDef {
        name: name.to_owned(),
        target,
        to_many,
        loading: loading(parts, option("lazy")),
        fields: option("foreign_keys").map(|expr| parts.names(expr)).unwrap_or_default(),
        span,
        undecided: !decided,
        ..RelationDef::default()
    };
    if call.method() == Some("dynamic_loader") {
        relation.loading = Loading::Query;
    }
    if annotation.is_some_and(|annotation| matches!(module.kind(annotation), ExprKind::Index { base, .. } if matches!(last_name(module, *base), Some("DynamicMapped" | "WriteOnlyMapped")))) {
        relation.loading = Loading::Query;
    }
    if let Some(inverse) = option("back_populates") {
        relation.inverse = parts.text(inverse);
    } else if let Some(inverse) = option("backref") {
        let own = module.call(inverse).and_then(|call| call.arg(0)).unwrap_or(inverse);
        relation.inverse = parts.text(own);
        relation.makes_inverse = Some(!relation.to_many || secondary);
    }
    Some(relation)
}

/// The element of `list[X]`, and whether it is a collection.
fn collection_of(module: &Module, inner: ExprId) -> (Option<ExprId>, Option<bool>) {
    match module.kind(inner) {
        ExprKind::Index { base, index } => match last_name(module, *base) {
            Some("list" | "List" | "set" | "Set" | "Sequence" | "Collection" | "Iterable" | "AppenderQuery" | "tuple") => {
                (Some(*index), Some(true))
            }
            Some("dict" | "Dict") => match module.kind(*index) {
                ExprKind::Tuple(items) => (items.last().copied(), Some(true)),
                _ => (Some(*index), Some(true)),
            },
            _ => (None, None),
        },
        ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Str(_) => (Some(inner), Some(false)),
        _ => (None, None),
    }
}

fn target_name(parts: &Parts, expr: ExprId) -> Option<String> {
    let module = parts.module();
    match module.kind(expr) {
        ExprKind::Str(text) => {
            let text = module.str(*text);
            let inner = text.rsplit('[').next().unwrap_or(text).trim_end_matches(']');
            Some(
                inner
                    .split('|')
                    .next()
                    .unwrap_or(inner)
                    .trim()
                    .rsplit('.')
                    .next()
                    .unwrap_or(inner)
                    .trim_matches(['"', '\''])
                    .to_owned(),
            )
        }
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
        ExprKind::Lambda(function) => module
            .function(*function)
            .body
            .iter()
            .find_map(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Return(Some(value)) => last_name(module, value).map(str::to_owned),
                _ => None,
            }),
        ExprKind::Index { index, .. } => target_name(parts, *index),
        _ => None,
    }
}
