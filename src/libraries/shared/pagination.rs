//! Class-based views that page their lists, or return one object.

use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Holder, Language, Module, Parent, StmtId, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// The language of these views, and of what belongs to their framework: querysets, forms, administration.
pub const LANGUAGE: Language = Language::Python;

/// The packages whose views answer through serializers.
pub const REST: [&str; 2] = ["adrf", "rest_framework"];

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

/// Whether a view's class answers a request for a list of its objects.
pub fn lists(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let names = [
        "ListAPIView",
        "ListCreateAPIView",
        "ListModelMixin",
        "ModelViewSet",
        "ReadOnlyModelViewSet",
        "ListView",
        "BaseListView",
        "MultipleObjectMixin",
    ];
    resolver
        .ancestors(file, class)
        .iter()
        .any(|ancestor| names.contains(&ancestor.rsplit('.').next().unwrap_or(ancestor)))
}

/// Whether a view's class answers a request for a new object by saving its serializer, and does not close that way.
pub fn creates(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let names = ["CreateAPIView", "CreateModelMixin", "ListCreateAPIView", "ModelViewSet"];
    let is_it = |ancestor: &String| {
        let mut parts = ancestor.split('.');
        let is_rest = parts.next().is_some_and(|package| REST.contains(&package));
        is_rest && parts.next_back().is_some_and(|last| names.contains(&last))
    };
    if !resolver.ancestors(file, class).iter().any(is_it) {
        return false;
    }
    let mut classes = resolver.lineage(file, class).into_iter();
    let methods = classes.find_map(|(at, class)| Some((at, value_of(resolver.module(at), class, "http_method_names")?)));
    methods.is_none_or(|(at, list)| {
        let module = resolver.module(at);
        let (ExprKind::List(items) | ExprKind::Tuple(items)) = module.kind(list) else {
            return true;
        };
        items
            .iter()
            .any(|&item| module.string(item).is_none_or(|method| method.eq_ignore_ascii_case("post")))
    })
}

/// What a class's own statements set an attribute to.
fn value_of(module: &Module, class: ClassId, attribute: &str) -> Option<ExprId> {
    module.class(class).body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(*target) == Some(attribute) => Some(*value),
        _ => None,
    })
}

/// Methods by which a view lists in its own way.
pub const LISTING: [&str; 5] = ["get_queryset", "list", "get", "filter_queryset", "paginate_queryset"];

/// Whether a view's class answers with a list of its objects as data.
pub fn is_rest_list(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let is_rest = |name: &String| name.starts_with("rest_framework");
    lists(resolver, file, class) && resolver.ancestors(file, class).iter().any(is_rest)
}

/// Whether a view's method answers for one object, or for none.
pub fn is_of_one_object(method: &str) -> bool {
    matches!(
        method,
        "create"
            | "destroy"
            | "dispatch"
            | "form_valid"
            | "get_object"
            | "partial_update"
            | "perform_create"
            | "perform_destroy"
            | "perform_update"
            | "retrieve"
            | "update"
    )
}

/// Whether a class is a view of these frameworks.
pub fn is_view(class: &str) -> bool {
    class.starts_with("django.views.") || REST.iter().any(|package| class.split('.').next() == Some(package))
}

/// Whether a view's method is given the form or serializer that it then saves.
pub fn saves(method: &str) -> bool {
    matches!(method, "perform_create" | "perform_update" | "form_valid")
}

/// `@action(detail=True)`: it is asked for one object, not for the list.
pub fn is_action_of_one(module: &Module, function: FunctionId) -> bool {
    let decorators = &module.function(function).decorators;
    decorators.iter().any(|&decorator| {
        let detail = module.call(decorator).and_then(|call| call.keyword("detail"));
        detail.is_some_and(|detail| matches!(module.kind(detail), ExprKind::Bool(true)))
    })
}

/// Whether a class is Django's for a page about one row, which it keeps as `object`.
pub fn shows_one(class: &str) -> bool {
    let last = class.rsplit('.').next().unwrap_or(class);
    let of_django = matches!(
        last,
        "DetailView" | "BaseDetailView" | "UpdateView" | "DeleteView" | "SingleObjectMixin"
    );
    // Of REST framework's, all but the bare views and those of lists alone.
    let of_rest = last.ends_with("APIView") && !matches!(last, "APIView" | "ListAPIView" | "CreateAPIView" | "ListCreateAPIView")
        || matches!(last, "GenericViewSet" | "ModelViewSet" | "ReadOnlyModelViewSet");
    class.starts_with("django.views") && of_django || class.starts_with("rest_framework.") && of_rest
}

/// Whether a view's class returns its queryset whole when it is asked for a list.
pub fn lists_everything(resolver: &dyn Resolver, file: FileId, class: ClassId, has_default: bool) -> bool {
    if !lists(resolver, file, class) || refuses_lists(resolver, file, class) {
        return false;
    }
    let is_rest = || {
        resolver
            .ancestors(file, class)
            .iter()
            .any(|ancestor| ancestor.starts_with("rest_framework"))
    };
    let classes = resolver.lineage(file, class).into_iter();
    let told = classes
        .map(|(at, class)| attribute(resolver.module(at), class, &["pagination_class", "paginate_by"]))
        .find(Option::is_some);
    match told.flatten() {
        Some(is_set) => !is_set,
        None => !(has_default && is_rest()),
    }
}

/// Whether a view's own `list` only raises: the library's would list.
fn refuses_lists(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let own = resolver.lineage(file, class).into_iter().find_map(|(at, class)| {
        let module = resolver.module(at);
        let mut methods = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Function(function) => Some(function),
            _ => None,
        });
        let list = methods.find(|&method| module.function(method).name.is_some_and(|name| module.str(name) == "list"))?;
        Some((module, list))
    });
    own.is_some_and(|(module, list)| {
        let raises = |stmt: &StmtId| matches!(module.stmt(*stmt).kind, StmtKind::Raise(_));
        module.is_abstract(list) && module.function(list).body.iter().any(raises)
    })
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

/// The action in which a view lists.
pub const LIST: &str = "list";

/// What a method returns for the plain list: `if self.action == "list": return OrderRow`.
pub fn shown_by_list(module: &Module, body: &[StmtId]) -> Option<ExprId> {
    body.iter().find_map(|&stmt| {
        let StmtKind::If { test, then, orelse, .. } = &module.stmt(stmt).kind else {
            return None;
        };
        let is_it = asked_actions(module, *test).is_some_and(|actions| actions.contains(&LIST));
        if !is_it {
            return shown_by_list(module, orelse);
        }
        then.iter().find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Return(value) => value,
            _ => None,
        })
    })
}

/// The actions that a test asks for: `self.action == "list"`, `self.action in ["list", "retrieve"]`.
fn asked_actions(module: &Module, test: ExprId) -> Option<Vec<&str>> {
    let ExprKind::Binary { op, left, right } = *module.kind(test) else {
        return None;
    };
    let is_action = module.dotted(left).is_some_and(|name| name.ends_with(".action"));
    if !is_action || !matches!(module.str(op), "==" | "in") {
        return None;
    }
    let parts = module.children(right).into_iter().chain([right]);
    Some(parts.filter_map(|part| module.string(part)).collect())
}

/// Whether a view gives a value only for actions that it names, none of which lists: `if self.action == "approve": return ApproveSerializer`.
pub fn is_of_another_action(module: &Module, value: ExprId) -> bool {
    module.holders(value).any(|Holder { at, below, .. }| {
        let (Parent::Stmt(at), Some(below)) = (at, below) else {
            return false;
        };
        let StmtKind::If { test, then, .. } = &module.stmt(at).kind else {
            return false;
        };
        let actions = asked_actions(module, *test).filter(|actions| !actions.is_empty());
        then.contains(&below) && actions.is_some_and(|actions| !actions.contains(&LIST))
    })
}
