//! The rows that belong to a row: `order.items`, `user.order_set`.

use super::draft::{empty, table};
use crate::ir::{ClassId, ExprId, ExprKind, Parent, StmtKind};
use crate::libraries::django::TOOL;
use crate::libraries::shared::query::{Query, Relation, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};

/// `order.items`, `user.order_set`: the rows that belong to one.
pub(super) fn related(resolver: &dyn Resolver, file: FileId, base: ExprId, name: &str, whole: ExprId) -> Option<Query> {
    let (Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class)) = resolver.value(file, base) else {
        return related_by_name(resolver, file, base, name, whole);
    };
    if resolver.model_library(at, class) != Some(TOOL) {
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
        // A property of the model gives what it makes.
        Value::Unknown if is_method(resolver, (at, class), name) => return None,
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
                    query.model = Some(RowModel::Class(model_file, model));
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

/// Whether a class, or one that it stands on, has a method or property of a name.
fn is_method(resolver: &dyn Resolver, (file, class): (FileId, ClassId), name: &str) -> bool {
    resolver.lineage(file, class).into_iter().any(|(file, class)| {
        let module = resolver.module(file);
        let mut methods = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Function(function) => module.function(function).name,
            _ => None,
        });
        methods.any(|method| module.str(method) == name)
    })
}

fn of_relation(owner: (FileId, ExprId), name: &str, relation: Relation) -> Query {
    let mut query = empty();
    query.relation = Some((owner, name.to_owned()));
    table(&mut query, relation.target);
    query.model = relation.class.map(|(at, class)| RowModel::Class(at, class));
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
