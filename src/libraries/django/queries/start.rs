//! The queryset that starts at an expression: a manager, a view's or helper's queryset, a method of a queryset class.

use super::draft::{QuerySetDraft, empty, table};
use super::methods::{is_manager_name, is_telling_name};
use super::related::related;
use crate::ir::{Call, ExprId, ExprKind, StmtKind};
use crate::libraries::django::TOOL;
use crate::libraries::shared::chain::{Link, Step};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::tool::Trait;
use crate::libraries::shared::value::{FileId, RowModel, Value};

/// Managers belong to classes: `Order.live_manager`, never `self.session_manager`.
fn could_be_model(resolver: &dyn Resolver, file: FileId, base: ExprId) -> bool {
    let module = resolver.module(file);
    match resolver.value(file, base) {
        Value::Class(..) => true,
        Value::Instance(..) | Value::Row(..) => false,
        _ => match module.kind(base) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => {
                let name = module.str(*name);
                name.starts_with(|first: char| first.is_ascii_uppercase()) || matches!(name, "model" | "cls" | "klass")
            }
            _ => false,
        },
    }
}

pub(super) fn of_model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let mut query = empty();
    match resolver.value(file, expr) {
        Value::Class(at, class) => {
            // A class of another kind with an attribute `objects`.
            let library = resolver.model_library(at, class);
            if library.is_some_and(|library| library != TOOL) {
                return None;
            }
            let name = resolver
                .module(at)
                .class(class)
                .name
                .map(|name| resolver.module(at).str(name).to_owned())?;
            table(&mut query, name);
            query.model = library.map(|_| RowModel::Class(at, class));
        }
        Value::External(_) | Value::ExternalInstance(_) | Value::Unknown | Value::Instance(..) | Value::Row(..) => {
            let module = resolver.module(file);
            let name = named_model(resolver, file, expr).or_else(|| match module.kind(expr) {
                ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
                _ => None,
            });
            match name.filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase())) {
                Some(name) => table(&mut query, name),
                None => query.statement.open = true,
            }
        }
        _ => return None,
    }
    Some(query)
}

/// `apps.get_model("app", "Model")`, `get_user_model()`.
fn named_model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<String> {
    let (at, definition) = resolver.definition(file, expr)?;
    let module = resolver.module(at);
    let call = module.call(definition)?;
    match call.method()? {
        "get_model" => {
            let last = call.args.last()?.value;
            Some(module.string(last)?.rsplit('.').next()?.to_owned())
        }
        "get_user_model" => Some("User".to_owned()),
        _ => None,
    }
}

/// The queryset that starts at an expression.
pub(super) fn start(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::Attr { base, name } => {
            let name = module.str(*name);
            if is_manager_name(name) {
                if !is_django(resolver, file, *base) || !is_telling_name(name) && !could_be_model(resolver, file, *base) {
                    return None;
                }
                return of_model(resolver, file, *base);
            }
            if name == "qs" {
                return filtered(resolver, file, *base);
            }
            related(resolver, file, *base, name, expr).or_else(|| match resolver.value(file, expr) {
                Value::Class(at, class) => of_own_manager(resolver, at, class),
                _ => None,
            })
        }
        // A method of a queryset or manager class.
        ExprKind::Name(_) => {
            // A helper that is given a manager: `shown(crew.sailors)`.
            if let Some((at, given)) = resolver.passed(file, expr)
                && matches!(resolver.module(at).kind(given), ExprKind::Attr { .. })
            {
                return start(resolver, at, given);
            }
            let (at, class) = match resolver.value(file, expr) {
                Value::Instance(at, class) => (at, class),
                Value::Class(at, class) => return of_own_manager(resolver, at, class),
                _ => return None,
            };
            if module.name(expr) != Some("self") {
                return None;
            }
            of_manager(resolver, at, class)
        }
        // `super().prefetch_related(…)` in such a method.
        ExprKind::Call { callee, .. } if module.name(*callee) == Some("super") => {
            of_manager(resolver, file, module.enclosing_class(module.owner(expr))?)
        }
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let method = call.method()?;
            if let Some(given) = handed_back(resolver, file, &call, method) {
                return given_queryset(resolver, file, given);
            }
            let receiver = call.receiver()?;
            if let Some(query) = unknown_queryset(resolver, file, &call, method) {
                return Some(query);
            }
            // What the framework makes of a view's `queryset`, where the view has no method for it.
            if method == "get_queryset"
                && module.name(receiver) == Some("self")
                && !matches!(resolver.value(file, call.callee), Value::Function(..))
            {
                return view_queryset(resolver, file, expr);
            }
            // `super().get_queryset()` and a queryset class's own making.
            let is_super = module
                .call(receiver)
                .is_some_and(|inner| module.name(inner.callee) == Some("super"));
            if method == "get_queryset" && is_super {
                let mut query = empty();
                query.statement.open = true;
                return view_queryset(resolver, file, expr).or(Some(query));
            }
            None
        }
        _ => None,
    }
}

/// The rows that a method of a queryset or manager class starts from.
fn of_manager(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> Option<Query> {
    is_queryset_class(resolver, file, class).then_some(())?;
    let mut query = empty();
    query.statement.open = true;
    if let Some(model) = model_of_manager(resolver, file, class) {
        table(&mut query, model);
    }
    Some(query)
}

/// The queryset or model that a call narrows down and hands back: `get_objects_for_user(user, "app.view_order", Order)` of guardian,
/// a view's `self.filter_queryset(orders)`.
pub(super) fn handed_back(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<ExprId> {
    match method {
        "get_objects_for_user" | "get_objects_for_group" => {
            let is_ours = matches!(resolver.value(file, call.callee), Value::External(name) if name.starts_with("guardian."));
            call.keyword("klass").or_else(|| call.arg(2)).filter(|_| is_ours)
        }
        "filter_queryset" if !matches!(resolver.value(file, call.callee), Value::Function(..)) => call
            .keyword("queryset")
            .or_else(|| call.args.iter().rev().find(|arg| arg.name.is_none()).map(|arg| arg.value)),
        _ => None,
    }
}

/// The queryset of an argument that may be a model, its manager or a queryset.
pub(super) fn given_queryset(resolver: &dyn Resolver, file: FileId, given: ExprId) -> Option<Query> {
    if let Value::Class(at, class) = resolver.value(file, given) {
        return (resolver.model_library(at, class) == Some(TOOL)).then(|| of_model(resolver, file, given))?;
    }
    let mut query = resolver
        .query(file, given)
        .filter(|query| query.library == "django" && !query.executed)
        .or_else(|| start(resolver, file, given))?;
    query.open_filters = true;
    Some(query)
}

/// `OrderFilter(request.GET, queryset=orders).qs` of django-filter.
fn filtered(resolver: &dyn Resolver, file: FileId, filter: ExprId) -> Option<Query> {
    let (at, made) = resolver.definition(file, filter)?;
    let call = resolver.module(at).call(made)?;
    let given = call.keyword("queryset").or_else(|| call.arg(1))?;
    given_queryset(resolver, at, given)
}

/// `User.filter(…)`: models of Tortoise are their own managers.
fn of_own_manager(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> Option<Query> {
    let tool = resolver
        .model_library(file, class)
        .filter(|tool| tool.has(Trait::ModelsAreManagers))?;
    let module = resolver.module(file);
    let name = module.class(class).name.map(|name| module.str(name).to_owned())?;
    let mut query = Query {
        library: tool.name(),
        ..Query::default()
    };
    table(&mut query, name);
    query.model = Some(RowModel::Class(file, class));
    Some(query)
}

/// A view's `queryset` attribute, for `super().get_queryset()`.
fn view_queryset(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    let class = module.enclosing_class(module.owner(expr))?;
    let body = &module.class(class).body;
    body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(*target) == Some("queryset") => resolver.query(file, *value),
        _ => None,
    })
}

/// The model that a queryset's or manager's class is named after: `OrderQuerySet`.
fn model_of_manager(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> Option<String> {
    let module = resolver.module(file);
    let name = module.class(class).name.map(|name| module.str(name))?;
    let model = ["QuerySet", "Queryset", "Manager"].iter().find_map(|end| name.strip_suffix(end))?;
    resolver.knows_table(model).then(|| model.to_owned())
}

/// `queryset.filter(owner=x)` of a parameter or the like: whose rows is not known, that it is a queryset is, by its name and by
/// the conditions as keywords.
fn unknown_queryset(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let receiver = call.receiver()?;
    let module = call.module;
    let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = module.kind(receiver) else {
        return None;
    };
    let held = resolver.value(file, receiver);
    let is_annotated = held
        .library_name()
        .is_some_and(|name| name.starts_with("django.") && name.ends_with("QuerySet"));
    let is_called_so = matches!(module.str(*name), "qs" | "queryset" | "query_set") || module.str(*name).ends_with("_qs");
    let is_named = is_annotated || is_called_so && held.is_unknown();
    let is_telling = matches!(method, "filter" | "exclude" | "get") && call.args.iter().any(|arg| arg.name.is_some())
        || matches!(
            method,
            "count" | "exists" | "first" | "last" | "delete" | "select_related" | "prefetch_related"
        ) && is_named;
    if !is_named || !is_telling || !resolver.imports_anywhere("django") || resolver.definition(file, receiver).is_some() {
        return None;
    }
    let mut draft = QuerySetDraft { resolver, query: empty() };
    draft.query.statement.open = true;
    let link = Link {
        file,
        step: Step::Call(*call),
        optional: false,
        inline: true,
    };
    draft.step(&link, call);
    Some(draft.query)
}

pub(super) fn is_queryset_class(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> bool {
    resolver.ancestors(file, class).iter().any(|name| {
        let last = name.rsplit('.').next().unwrap_or(name);
        last == "QuerySet" || last == "Manager" || last.ends_with("QuerySet") || last == "BaseManager"
    })
}

/// Whether a thing that is not known may be a model: by a name like a class's, or because the project has the library at all.
fn may_be_model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let module = resolver.module(file);
    let is_class = match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name).starts_with(|first: char| first.is_ascii_uppercase()),
        _ => false,
    };
    is_class || resolver.imports_anywhere("django")
}

/// Whether an `objects` belongs to a Django model: by the class, or by what the file imports.
fn is_django(resolver: &dyn Resolver, file: FileId, base: ExprId) -> bool {
    match resolver.value(file, base) {
        Value::Class(at, class) => match resolver.model_library(at, class) {
            Some(library) => library == TOOL,
            None => !resolver
                .ancestors(at, class)
                .iter()
                .any(|name| name.contains("mongo") || name.contains("Document")),
        },
        Value::External(name) | Value::ExternalInstance(name) => !name.contains("mongo") && may_be_model(resolver, file, base),
        Value::Row(..) | Value::Instance(..) | Value::Unknown | Value::Function(..) => may_be_model(resolver, file, base),
        _ => false,
    }
}
