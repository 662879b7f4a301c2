//! What the annotation of a field says: whether it is mapped, of which type, and whether it can be None.

use super::lineage::last_name;
use crate::ir::{ExprId, ExprKind, Module};

/// What is inside `Mapped[…]`, `Optional[…]`, `… | None`; whether it can be None.
pub(super) fn inner_type(module: &Module, annotation: ExprId, depth: u32) -> (ExprId, bool) {
    if depth == 0 {
        return (annotation, false);
    }
    match module.kind(annotation) {
        ExprKind::Index { base, index } => match last_name(module, *base) {
            Some("Mapped" | "DynamicMapped" | "WriteOnlyMapped" | "Annotated") => {
                let first = match module.kind(*index) {
                    ExprKind::Tuple(items) => items.first().copied().unwrap_or(*index),
                    _ => *index,
                };
                inner_type(module, first, depth - 1)
            }
            Some("Optional") => (inner_type(module, *index, depth - 1).0, true),
            Some("Union") => match module.kind(*index) {
                ExprKind::Tuple(items) => (
                    items.first().map_or(*index, |&item| inner_type(module, item, depth - 1).0),
                    items.iter().any(|&item| is_none(module, item)),
                ),
                _ => (*index, false),
            },
            _ => (annotation, false),
        },
        ExprKind::Binary { left, right, .. } => {
            let (some, none) = if is_none(module, *left) {
                (*right, true)
            } else {
                (*left, is_none(module, *right))
            };
            (inner_type(module, some, depth - 1).0, none)
        }
        _ => (annotation, false),
    }
}

pub(super) fn is_none(module: &Module, expr: ExprId) -> bool {
    matches!(module.kind(expr), ExprKind::Null)
}

pub(super) fn is_class_var(module: &Module, annotation: ExprId) -> bool {
    matches!(module.kind(annotation), ExprKind::Index { base, .. } if last_name(module, *base) == Some("ClassVar"))
}

pub(super) fn is_mapped(module: &Module, annotation: ExprId) -> bool {
    matches!(module.kind(annotation), ExprKind::Index { base, .. } if matches!(last_name(module, *base), Some("Mapped" | "DynamicMapped" | "WriteOnlyMapped")))
}
