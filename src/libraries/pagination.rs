//! Class-based views that page their lists, or return one object.

use crate::ir::{ClassId, ExprKind, Module, StmtKind};
use crate::libraries::value::{FileId, Resolver};

/// The setting by which Django REST framework pages every list.
const DEFAULT: &str = "DEFAULT_PAGINATION_CLASS";

/// Whether a module sets the framework's default pagination.
pub fn sets_default(module: &Module) -> bool {
    module.expr_ids().any(|(id, _)| match module.kind(id) {
        ExprKind::Object(entries) => entries.iter().any(|entry| {
            entry.key.and_then(|key| module.string(key)) == Some(DEFAULT) && !matches!(module.kind(entry.value), ExprKind::Null)
        }),
        _ => false,
    })
}

/// Whether a view's class returns its queryset whole when it is asked for a list.
pub fn lists_everything(resolver: &dyn Resolver, file: FileId, class: ClassId, has_default: bool) -> bool {
    let module = resolver.module(file);
    let ancestors = resolver.ancestors(file, class);
    let has = |names: &[&str]| {
        ancestors
            .iter()
            .any(|ancestor| names.contains(&ancestor.rsplit('.').next().unwrap_or(ancestor)))
    };
    let is_rest = ancestors.iter().any(|ancestor| ancestor.starts_with("rest_framework"));
    let lists = has(&[
        "ListAPIView",
        "ListCreateAPIView",
        "ListModelMixin",
        "ModelViewSet",
        "ReadOnlyModelViewSet",
        "ListView",
        "BaseListView",
        "MultipleObjectMixin",
    ]);
    if !lists {
        return false;
    }
    match attribute(module, class, &["pagination_class", "paginate_by"]) {
        Some(is_set) => !is_set,
        None => !(is_rest && has_default),
    }
}

/// Whether a class sets one of these attributes; `false` where it sets it to `None`.
fn attribute(module: &Module, class: ClassId, names: &[&str]) -> Option<bool> {
    module.class(class).body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(*target).is_some_and(|name| names.contains(&name)) => Some(!matches!(module.kind(*value), ExprKind::Null)),
        _ => None,
    })
}
