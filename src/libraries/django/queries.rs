//! Django's ORM: managers, querysets, related managers, model instances, shortcuts. Tortoise took over its querysets, which start at
//! the model and are awaited.

mod lookups;
#[cfg(test)]
mod tests;

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::shared::chain::{self, Grammar, Link, Step};
use crate::libraries::shared::query::{Outcome, Query, Relation, Resolver};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::statement::{ColumnUse, Limit, Operation, Projection, TableUse};

/// The query at a call.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    let call = resolver.module(file).call(call.id)?;
    if let Some(given) = handed_back(resolver, file, &call, method) {
        return given_queryset(resolver, file, given);
    }
    if call.receiver().is_none() {
        return shortcut(resolver, file, &call, method);
    }
    if let Some(query) = instance(resolver, file, &call, method) {
        return Some(query);
    }
    if !could_be(&call) {
        return None;
    }
    if !is_known(method)
        && let Value::Function(at, function) = resolver.value(file, call.callee)
    {
        return manager_method(resolver, file, &call, (at, function));
    }
    let start = |file: FileId, expr: ExprId| start(resolver, file, expr);
    let grammar = Grammar {
        start: &start,
        known: &is_known,
        helper: &|_, _, found| found,
    };
    let found = chain::walk(resolver, file, call, &grammar)?;
    if !matches!(found.start.library, "django" | "tortoise") {
        return None;
    }
    let mut draft = Draft {
        resolver,
        query: found.start,
    };
    let mut ran_before = draft.query.executed && !found.inline;
    for link in &found.links {
        let before = draft.query.executed;
        match link.step {
            Step::Slice(lower, upper) => chain::slice(resolver.module(link.file), &mut draft.query.statement, lower, upper),
            Step::Call(call) => draft.step(link, &call),
        }
        ran_before |= !before && draft.query.executed && !link.inline;
    }
    // What is called on a row or a number is no query.
    if found
        .links
        .iter()
        .rev()
        .skip(1)
        .any(|link| matches!(link.step, Step::Call(call) if runs(call.method().unwrap_or(""))))
    {
        return None;
    }
    draft.query.fetch |= ran_before;
    if draft.query.library == "tortoise" {
        // Nothing of it runs before it is awaited, and then it does not block.
        draft.query.blocking = false;
        draft.query.executed |= chain::is_awaited(call.module, call.id);
    }
    Some(draft.query)
}

/// A method that the project gives its managers and querysets: what it returns, on the model that it is called for.
fn manager_method(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: (FileId, FunctionId)) -> Option<Query> {
    let receiver = call.receiver()?;
    let base = start(resolver, file, receiver)
        .or_else(|| resolver.query(file, receiver))
        .filter(|base| base.library == "django" && !base.executed)?;
    let module = resolver.module(method.0);
    let class = module.function(method.1).class?;
    if !is_queryset_class(resolver, method.0, class) {
        return None;
    }
    let inner = module.stmts.iter().find_map(|stmt| match stmt.kind {
        StmtKind::Return(Some(value)) if module.owner(value) == method.1 => resolver.query(method.0, value),
        _ => None,
    })?;
    if inner.executed || inner.library != "django" {
        return None;
    }
    let mut query = base;
    let (outer, inner_statement) = (&mut query.statement, inner.statement);
    if outer.tables.is_empty() {
        outer.tables = inner_statement.tables;
        query.model = inner.model;
    }
    outer.filters.extend(inner_statement.filters);
    outer.either.extend(inner_statement.either);
    outer.subqueries.extend(inner_statement.subqueries);
    if !inner_statement.group.is_empty() {
        outer.group = inner_statement.group;
    }
    if !inner_statement.order.is_empty() {
        outer.order = inner_statement.order;
    }
    outer.limit = inner_statement.limit;
    outer.grouped |= inner_statement.grouped;
    query.eager.extend(inner.eager);
    query.deferred.extend(inner.deferred);
    query.only.extend(inner.only);
    Some(query)
}

/// A cheap look before the chain is followed: a method of querysets, or a manager somewhere in the chain.
fn could_be(call: &Call<'_>) -> bool {
    is_known(call.method().unwrap_or("")) || {
        let mut at = call.receiver();
        for _ in 0..40 {
            at = match at.map(|expr| call.module.kind(expr)) {
                Some(ExprKind::Attr { base, name }) => {
                    if is_manager_name(call.module.str(*name)) {
                        return true;
                    }
                    Some(*base)
                }
                Some(ExprKind::Call { callee, .. }) => Some(*callee),
                _ => return false,
            };
        }
        false
    }
}

fn is_known(method: &str) -> bool {
    is_build(method) || runs(method)
}

fn is_build(method: &str) -> bool {
    matches!(
        method,
        "filter"
            | "exclude"
            | "annotate"
            | "alias"
            | "order_by"
            | "reverse"
            | "distinct"
            | "values"
            | "values_list"
            | "dates"
            | "datetimes"
            | "none"
            | "all"
            | "union"
            | "intersection"
            | "difference"
            | "select_related"
            | "prefetch_related"
            | "extra"
            | "defer"
            | "only"
            | "using"
            | "select_for_update"
            | "raw"
            | "iterator"
            | "aiterator"
            | "get_queryset"
            | "complex_filter"
            | "limit"
            | "offset"
    )
}

/// Methods that reach the database, also with the `a` of the asynchronous ones.
fn runs(method: &str) -> bool {
    matches!(
        sync_name(method),
        "get"
            | "get_or_none"
            | "create"
            | "get_or_create"
            | "update_or_create"
            | "bulk_create"
            | "bulk_update"
            | "count"
            | "in_bulk"
            | "latest"
            | "earliest"
            | "first"
            | "last"
            | "aggregate"
            | "exists"
            | "contains"
            | "update"
            | "delete"
            | "explain"
            | "iterator"
    ) || matches!(method, "add" | "set" | "remove" | "clear" | "aadd" | "aset" | "aremove" | "aclear")
}

fn sync_name(method: &str) -> &str {
    match method {
        "aget" | "acreate" | "aget_or_create" | "aupdate_or_create" | "abulk_create" | "abulk_update" | "acount" | "ain_bulk"
        | "alatest" | "aearliest" | "afirst" | "alast" | "aaggregate" | "aexists" | "acontains" | "aupdate" | "adelete" | "aexplain"
        | "aiterator" | "asave" | "arefresh_from_db" => &method[1..],
        _ => method,
    }
}

fn is_manager_name(name: &str) -> bool {
    matches!(name, "objects" | "_default_manager" | "_base_manager" | "query_set")
        || name.ends_with("_objects")
        || name.ends_with("_manager")
}

/// Names that only Django gives its managers: a `connection_manager` may be anything.
fn is_telling_name(name: &str) -> bool {
    !name.ends_with("_manager") || name.starts_with('_')
}

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

fn empty() -> Query {
    Query {
        library: "django",
        blocking: true,
        ..Query::default()
    }
}

fn of_model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let mut query = empty();
    match resolver.value(file, expr) {
        Value::Class(at, class) => {
            // A class of another kind with an attribute `objects`.
            let library = resolver.model_library(at, class);
            if library.is_some_and(|library| library != "django") {
                return None;
            }
            let name = resolver
                .module(at)
                .class(class)
                .name
                .map(|name| resolver.module(at).str(name).to_owned())?;
            table(&mut query, name);
            query.model = library.map(|_| Model::Class(at, class));
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

fn table(query: &mut Query, name: String) {
    query.statement.tables = vec![TableUse { name, alias: None }];
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
fn start(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
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
                Value::Class(at, class) => tortoise(resolver, at, class),
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
                Value::Class(at, class) => return tortoise(resolver, at, class),
                _ => return None,
            };
            if module.name(expr) != Some("self") {
                return None;
            }
            of_manager(resolver, at, class)
        }
        // `super().prefetch_related(…)` in such a method.
        ExprKind::Call { callee, .. } if module.name(*callee) == Some("super") => {
            of_manager(resolver, file, chain::enclosing_class(module, module.owner(expr))?)
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
fn handed_back(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<ExprId> {
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
fn given_queryset(resolver: &dyn Resolver, file: FileId, given: ExprId) -> Option<Query> {
    if let Value::Class(at, class) = resolver.value(file, given) {
        return (resolver.model_library(at, class) == Some("django")).then(|| of_model(resolver, file, given))?;
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

/// `User.filter(…)`: Tortoise's models are their own managers.
fn tortoise(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> Option<Query> {
    (resolver.model_library(file, class) == Some("tortoise")).then_some(())?;
    let module = resolver.module(file);
    let name = module.class(class).name.map(|name| module.str(name).to_owned())?;
    let mut query = Query {
        library: "tortoise",
        ..Query::default()
    };
    table(&mut query, name);
    query.model = Some(Model::Class(file, class));
    Some(query)
}

/// A view's `queryset` attribute, for `super().get_queryset()`.
fn view_queryset(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    let class = chain::enclosing_class(module, module.owner(expr))?;
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
    let mut draft = Draft { resolver, query: empty() };
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

fn is_queryset_class(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> bool {
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
            Some(library) => library == "django",
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

/// `order.items`, `user.order_set`: the rows that belong to one.
fn related(resolver: &dyn Resolver, file: FileId, base: ExprId, name: &str, whole: ExprId) -> Option<Query> {
    let (Value::Row(Model::Class(at, class), _) | Value::Instance(at, class)) = resolver.value(file, base) else {
        return related_by_name(resolver, file, base, name, whole);
    };
    if resolver.model_library(at, class) != Some("django") {
        return None;
    }
    if let Some(relation) = resolver.relation(Some((at, class)), name).filter(|relation| relation.to_many) {
        return Some(of_relation((file, base), name, relation));
    }
    let mut query = empty();
    query.relation = Some(((file, base), name.to_owned()));
    if let Some(model) = name.strip_suffix("_set") {
        table(&mut query, model.to_owned());
    }
    match resolver.value(file, whole) {
        Value::Unknown => {}
        Value::ExternalInstance(field) | Value::External(field)
            if field.contains("ManyToMany") || field.contains("GenericRelation") || field.contains("Manager") =>
        {
            let (at, definition) = resolver.definition(file, whole)?;
            let inside = resolver.module(at);
            let target = inside.call(definition)?.arg(0);
            match target.map(|target| (inside.string(target).map(ToOwned::to_owned), resolver.value(at, target))) {
                Some((Some(text), _)) if text != "self" => table(&mut query, text.rsplit('.').next().unwrap_or(&text).to_owned()),
                Some((_, Value::Class(model_file, model))) => {
                    let name = resolver.module(model_file).class(model).name?;
                    table(&mut query, resolver.module(model_file).str(name).to_owned());
                    query.model = Some(Model::Class(model_file, model));
                }
                _ => {}
            }
        }
        // A method or attribute of the library's base class is no relation.
        Value::External(field) if field.starts_with("django.") && !is_foreign_attribute(&field) => {}
        _ => return None,
    }
    Some(query)
}

fn of_relation(owner: (FileId, ExprId), name: &str, relation: Relation) -> Query {
    let mut query = empty();
    query.relation = Some((owner, name.to_owned()));
    table(&mut query, relation.target);
    query.model = relation.class.map(|(at, class)| Model::Class(at, class));
    query
}

/// The rows of a relation of what is not known: the models that have such a relation agree where it leads, and what is called
/// on it is a method that only querysets have.
fn related_by_name(resolver: &dyn Resolver, file: FileId, base: ExprId, name: &str, whole: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    let Parent::Expr(next) = module.expr(whole).parent else {
        return None;
    };
    let ExprKind::Attr { name: method, .. } = module.kind(next) else {
        return None;
    };
    let Parent::Expr(call) = module.expr(next).parent else {
        return None;
    };
    let call = module.call(call).filter(|call| call.callee == next)?;
    let is_telling = match module.str(*method) {
        "all" | "exists" | "first" | "last" | "count" => call.args.is_empty(),
        "filter" | "exclude" => call.args.iter().any(|arg| arg.name.is_some()),
        "select_related" | "prefetch_related" | "order_by" | "values_list" | "using" | "in_bulk" => true,
        _ => false,
    };
    let held = resolver.value(file, base);
    // A type variable says no more than nothing.
    let is_open = held.is_unknown() || held.library_name().is_some_and(|name| name.starts_with("typing."));
    if !is_telling || !is_open {
        return None;
    }
    let relation = resolver.relation(None, name).filter(|relation| relation.to_many)?;
    Some(of_relation((file, base), name, relation))
}

fn is_foreign_attribute(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or("");
    matches!(
        last,
        "save" | "delete" | "refresh_from_db" | "full_clean" | "clean" | "pk" | "id" | "_meta"
    )
}

/// `save`, `delete`, `refresh_from_db` of an instance.
fn instance(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let name = sync_name(method);
    if !matches!(name, "save" | "delete" | "refresh_from_db") {
        return None;
    }
    let receiver = call.receiver()?;
    let mut query = empty();
    match resolver.value(file, receiver) {
        Value::Row(Model::Class(at, class), _) | Value::Instance(at, class) => {
            match resolver.model_library(at, class) {
                Some(library @ ("django" | "tortoise")) => query.library = library,
                // A type of the API that shares its model's name stands where the model's instance does.
                None if takes_model_arguments(call) => {
                    named_instance(resolver, call, receiver, &mut query)?;
                    return Some(saved(query, call, method));
                }
                // A mixin passes on what comes after it in the model that takes it.
                None if passes_on(call, method) && resolver.value(file, call.callee).is_unknown() => {
                    let class = chain::enclosing_class(call.module, call.module.owner(call.id))?;
                    table(&mut query, call.module.str(call.module.class(class).name?).to_owned());
                    return Some(saved(query, call, method));
                }
                _ => return None,
            }
            // An override of the project ends in `super().save()`, which counts.
            if matches!(resolver.value(file, call.callee), Value::Function(..)) {
                return None;
            }
            let name = resolver.module(at).class(class).name?;
            table(&mut query, resolver.module(at).str(name).to_owned());
            query.model = Some(Model::Class(at, class));
        }
        Value::ExternalInstance(base) if base.starts_with("django.db.models.") && base.ends_with("Model") => {
            let module = call.module;
            let class = chain::enclosing_class(module, module.owner(call.id))?;
            let name = module.class(class).name?;
            table(&mut query, module.str(name).to_owned());
        }
        Value::Unknown => named_instance(resolver, call, receiver, &mut query)?,
        _ if takes_model_arguments(call) => named_instance(resolver, call, receiver, &mut query)?,
        _ => return None,
    }
    Some(saved(query, call, method))
}

fn saved(mut query: Query, call: &Call<'_>, method: &str) -> Query {
    let name = sync_name(method);
    query.executed = true;
    query.blocking = name == method && !chain::is_awaited(call.module, call.id);
    if name == "refresh_from_db" {
        at_most_one(&mut query);
    } else {
        query.model = None;
        write(&mut query, if name == "save" { Operation::Update } else { Operation::Delete });
    }
    query
}

/// `super().save(*args, **kwargs)` in `save`.
fn passes_on(call: &Call<'_>, method: &str) -> bool {
    let module = call.module;
    let is_super = call
        .receiver()
        .and_then(|receiver| module.call(receiver))
        .is_some_and(|inner| module.name(inner.callee) == Some("super"));
    let own = module.function(module.owner(call.id)).name.map(|name| module.str(name));
    let spreads = call
        .args
        .iter()
        .filter(|arg| matches!(module.kind(arg.value), ExprKind::Spread(_)))
        .count();
    is_super && own == Some(method) && spreads == 2
}

/// Arguments that only instances of Django's models take.
fn takes_model_arguments(call: &Call<'_>) -> bool {
    ["update_fields", "force_insert", "force_update"]
        .iter()
        .any(|key| call.keyword(key).is_some())
}

/// `order.save(update_fields=[…])` of an instance of unknown type: only Django's instances take such arguments, and the variable
/// is called after its model.
fn named_instance(resolver: &dyn Resolver, call: &Call<'_>, receiver: ExprId, query: &mut Query) -> Option<()> {
    let module = call.module;
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return None,
    };
    let model = camel(name);
    let is_model = resolver.knows_table(&model);
    let imports_models = || crate::libraries::shared::query_builder::imports(module, &["django", "models"]);
    let is_one = takes_model_arguments(call) || is_model && call.args.is_empty() && imports_models();
    if !is_one {
        return None;
    }
    if is_model {
        table(query, model);
    }
    Some(())
}

/// `order_line` as `OrderLine`.
fn camel(name: &str) -> String {
    let parts = name.split('_').map(|part| {
        let mut chars = part.chars();
        chars
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    });
    parts.collect()
}

/// `get_object_or_404(Model, …)`, `get_list_or_404(…)`.
fn shortcut(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    if !matches!(
        method,
        "get_object_or_404" | "get_list_or_404" | "aget_object_or_404" | "aget_list_or_404"
    ) {
        return None;
    }
    let what = call.arg(0)?;
    let start = match resolver.query(file, what) {
        Some(query) => query,
        None => match resolver.module(file).kind(what) {
            ExprKind::Attr { .. } => start(resolver, file, what).or_else(|| of_model(resolver, file, what))?,
            _ => of_model(resolver, file, what)?,
        },
    };
    let mut draft = Draft { resolver, query: start };
    draft.conditions(file, call.args.get(1..).unwrap_or(&[]), false, false);
    let mut query = draft.query;
    query.executed = true;
    query.blocking = !method.starts_with('a');
    if method.ends_with("object_or_404") {
        at_most_one(&mut query);
    }
    Some(query)
}

fn at_most_one(query: &mut Query) {
    query.executed = true;
    query.outcome = Outcome::One;
    query.statement.limit = Limit::One;
}

fn write(query: &mut Query, operation: Operation) {
    query.executed = true;
    query.statement.operation = operation;
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
}

struct Draft<'r> {
    resolver: &'r dyn Resolver,
    query: Query,
}

impl Draft<'_> {
    fn step(&mut self, link: &Link<'_>, call: &Call<'_>) {
        let method = call.method().unwrap_or("");
        if self.query.executed {
            return;
        }
        let file = link.file;
        let module = call.module;
        match method {
            "filter" | "complex_filter" => self.conditions(file, call.args, link.optional, false),
            "exclude" => self.conditions(file, call.args, link.optional, true),
            "order_by" => self.order(module, call),
            "distinct" => {
                self.query.statement.grouped = true;
                let names = strings(module, call);
                // Without names it drops whole rows that are equal, and leaves the groups of `values()` as they are.
                if !names.is_empty() && names.len() == call.args.len() {
                    self.query.statement.group = names.iter().map(|name| self.column(name)).collect();
                }
            }
            "dates" | "datetimes" => self.query.statement.grouped = true,
            "values" | "values_list" => {
                self.columns(file, call);
                self.query.model = None;
            }
            "only" => {
                self.columns(file, call);
                self.only(strings(module, call), call);
            }
            "defer" => {
                let names = strings(module, call);
                self.query.deferred.extend(names.into_iter().map(|name| name.replace("__", ".")));
            }
            "none" => self.query.statement.limit = Limit::Rows(0),
            "limit" => {
                if let Some(rows) = call.arg(0) {
                    self.query.statement.limit = chain::limit(self.resolver, file, rows);
                }
            }
            "offset" => self.query.statement.offset = true,
            "select_related" => self.select_related(file, call),
            "prefetch_related" => self.prefetch_related(file, call),
            "union" | "intersection" | "difference" | "extra" => self.query.statement.open = true,
            "raw" => {
                self.query.statement.open = true;
                if let Some(text) = call
                    .arg(0)
                    .and_then(|text| crate::libraries::shared::sql_text::query(self.resolver, file, text))
                {
                    self.query.statement = text.statement;
                }
            }
            "iterator" | "aiterator" => {
                self.query.executed = true;
                self.query.outcome = Outcome::Stream;
                self.query.blocking = method == "iterator";
            }
            "annotate" => self.group(call),
            "alias" | "reverse" | "all" | "using" | "select_for_update" | "get_queryset" => {}
            _ if runs(method) => self.run(link, call, method),
            _ => self.query.statement.open = true,
        }
    }

    /// `values("kind").annotate(total=Count("pk"))` is GROUP BY: a row for each value of what was asked for.
    fn group(&mut self, call: &Call<'_>) {
        let is_aggregate = |arg: &crate::ir::Arg| {
            let function = call.module.call(arg.value).and_then(|call| call.method());
            matches!(
                function,
                Some("Count" | "Sum" | "Avg" | "Max" | "Min" | "StdDev" | "Variance" | "ArrayAgg" | "StringAgg")
            )
        };
        let Projection::Columns(columns) = &self.query.statement.projection else {
            return;
        };
        if self.query.model.is_none() && call.args.iter().any(is_aggregate) {
            self.query.statement.grouped = true;
            self.query.statement.group = columns.clone();
        }
    }

    fn run(&mut self, link: &Link<'_>, call: &Call<'_>, method: &str) {
        let name = sync_name(method);
        self.query.blocking = name == method && !chain::is_awaited(call.module, call.id);
        match name {
            "get" | "get_or_none" => {
                self.conditions(link.file, call.args, false, false);
                at_most_one(&mut self.query);
            }
            "first" | "last" | "latest" | "earliest" => at_most_one(&mut self.query),
            "get_or_create" | "update_or_create" => {
                self.keywords(link.file, call.args, &["defaults", "create_defaults"]);
                let model = self.query.model.clone();
                write(&mut self.query, Operation::Insert);
                self.query.model = model;
                self.query.outcome = Outcome::One;
            }
            "create" => {
                let model = self.query.model.clone();
                write(&mut self.query, Operation::Insert);
                self.query.model = model;
                self.query.outcome = Outcome::One;
            }
            "bulk_create" => write(&mut self.query, Operation::Insert),
            "update" | "bulk_update" => write(&mut self.query, Operation::Update),
            "delete" => write(&mut self.query, Operation::Delete),
            "add" | "set" | "remove" | "clear" | "aadd" | "aset" | "aremove" | "aclear" => {
                if self.query.relation.is_none() {
                    self.query.statement.open = true;
                    return;
                }
                self.query.model = None;
                let removes = matches!(method.trim_start_matches('a'), "remove" | "clear");
                write(&mut self.query, if removes { Operation::Delete } else { Operation::Insert });
            }
            "in_bulk" => {
                self.query.executed = true;
                let column = self.column("pk");
                self.query.statement.filters.push(crate::statement::Filter {
                    column,
                    kind: crate::statement::FilterKind::In,
                    literal: None,
                    optional: call.args.is_empty(),
                    end: None,
                });
            }
            // `count`, `exists`, `aggregate`, `contains`, `explain`.
            _ => {
                self.query.executed = true;
                self.query.model = None;
                self.query.outcome = Outcome::Scalar;
                self.query.statement.projection = Projection::Aggregate;
                self.query.statement.limit = Limit::One;
            }
        }
    }

    fn column(&self, name: &str) -> ColumnUse {
        ColumnUse {
            table: (!self.query.statement.tables.is_empty() && !name.contains("__")).then_some(0),
            column: name.to_owned(),
        }
    }

    fn order(&mut self, module: &Module, call: &Call<'_>) {
        self.query.statement.order.clear();
        for arg in call.args {
            let found = match module.string(arg.value) {
                Some("?") => None,
                Some(text) => Some((text.trim_start_matches('-').to_owned(), text.starts_with('-'))),
                // `F("name").desc(nulls_last=True)`.
                None => module.call(arg.value).and_then(|call| {
                    let chain = call.chain();
                    let name = chain.first()?.arg(0).and_then(|arg| module.string(arg))?;
                    Some((name.to_owned(), chain.iter().any(|step| step.method() == Some("desc"))))
                }),
            };
            if let Some((name, descending)) = found {
                let column = self.column(&name);
                self.query.statement.order.push((column, descending));
            }
        }
    }

    fn columns(&mut self, file: FileId, call: &Call<'_>) {
        let names = strings(self.resolver.module(file), call);
        if names.is_empty() && !call.is_open() {
            return;
        }
        let columns = names.iter().map(|name| self.column(name)).collect();
        self.query.statement.projection = Projection::Columns(columns);
    }

    /// `only("title", "author__name")`: each model's columns by themselves. The last one of several replaces the others.
    fn only(&mut self, names: Vec<String>, call: &Call<'_>) {
        self.query.only.clear();
        if call.is_open() || names.len() != call.args.len() || names.is_empty() {
            return;
        }
        for name in names {
            let (path, column) = match name.rsplit_once("__") {
                Some((path, column)) => (path.replace("__", "."), column),
                None => (String::new(), name.as_str()),
            };
            match self.query.only.iter_mut().find(|(known, _)| *known == path) {
                Some((_, columns)) => columns.push(column.to_owned()),
                None => self.query.only.push((path, vec![column.to_owned()])),
            }
        }
    }

    fn eager(&mut self, path: &str) {
        let mut full = String::new();
        for part in path.split("__") {
            if !full.is_empty() {
                full.push('.');
            }
            full.push_str(part);
            if !self.query.eager.contains(&full) {
                self.query.eager.push(full.clone());
            }
        }
    }

    fn select_related(&mut self, file: FileId, call: &Call<'_>) {
        if call.args.is_empty() {
            return self.eager("*");
        }
        self.eager_arguments(file, call);
    }

    fn prefetch_related(&mut self, file: FileId, call: &Call<'_>) {
        self.eager_arguments(file, call);
    }

    fn eager_arguments(&mut self, file: FileId, call: &Call<'_>) {
        for arg in call.args {
            let module = self.resolver.module(file);
            match module.kind(arg.value) {
                ExprKind::Null => self.query.eager.clear(),
                ExprKind::Spread(inner) => match chain::items(self.resolver, file, *inner) {
                    Some(items) => items.into_iter().for_each(|(at, item, _)| self.eager_argument(at, item)),
                    None => self.eager("*"),
                },
                _ => self.eager_argument(file, arg.value),
            }
        }
    }

    fn eager_argument(&mut self, file: FileId, expr: ExprId) {
        let (file, expr) = match self.resolver.module(file).kind(expr) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => self.resolver.definition(file, expr).unwrap_or((file, expr)),
            _ => (file, expr),
        };
        let module = self.resolver.module(file);
        if let Some(path) = module.string(expr) {
            let path = path.to_owned();
            return self.eager(&path);
        }
        let Some(call) = module.call(expr) else { return self.eager("*") };
        let Some(path) = call.arg(0).or_else(|| call.keyword("lookup")).and_then(|path| module.string(path)) else {
            return self.eager("*");
        };
        let path = path.to_owned();
        self.eager(&path);
        if let Some(name) = call.keyword("to_attr").and_then(|name| module.string(name)) {
            let parent = path.rsplit_once("__").map_or(String::new(), |(parent, _)| format!("{parent}__"));
            self.eager(&format!("{parent}{name}"));
        }
        // What the inner queryset loads along is loaded too.
        let inner = call
            .arg(1)
            .or_else(|| call.keyword("queryset"))
            .and_then(|inner| self.resolver.query(file, inner));
        for below in inner.into_iter().flat_map(|inner| inner.eager) {
            self.eager(&format!("{path}__{}", below.replace('.', "__")));
        }
    }
}

fn strings(module: &Module, call: &Call<'_>) -> Vec<String> {
    let positional = call.args.iter().filter(|arg| arg.name.is_none());
    positional
        .filter_map(|arg| module.string(arg.value))
        .map(ToOwned::to_owned)
        .collect()
}
