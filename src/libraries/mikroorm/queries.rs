//! `MikroORM`: `em.find(User, where, options)` and its repositories.

use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::objects::{self, ExprPlace, FilterGrammar, Filters, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::statement::{FilterKind, Limit, Operation, Projection};

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: operator,
    call: |_| Op::Field,
    list_is_in: true,
    compound_keys: false,
    relations: true,
};

/// The query at a call of an entity manager or a repository.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    let (operation, outcome) = operation(method)?;
    let ((name, model), at) = target(resolver, file, call.receiver()?, &call)?;
    let mut query = Query {
        library: "mikroorm",
        executed: true,
        outcome,
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.tables.push(objects::table(name));
    if matches!(outcome, Outcome::Rows | Outcome::One) {
        query.model = Some(model);
    }
    match outcome {
        Outcome::One => query.statement.limit = Limit::One,
        Outcome::Scalar => {
            query.statement.limit = Limit::One;
            query.statement.projection = Projection::Aggregate;
        }
        _ => {}
    }
    if operation == Operation::Insert {
        return Some(query);
    }
    let rest = match call.arg(at) {
        Some(first) if matches!(method, "findAll") => Some((file, first)),
        Some(first) => {
            filters(resolver, (file, first), &mut query);
            call.arg(at + 1).map(|options| (file, options))
        }
        None => {
            query.statement.open = call.is_open();
            None
        }
    };
    if let Some(place) = rest.filter(|_| operation == Operation::Select) {
        options(resolver, place, &mut query);
    }
    Some(query)
}

fn operation(method: &str) -> Option<(Operation, Outcome)> {
    Some(match method {
        "find" | "findAll" | "findAndCount" | "findByCursor" => (Operation::Select, Outcome::Rows),
        "findOne" | "findOneOrFail" => (Operation::Select, Outcome::One),
        "count" => (Operation::Select, Outcome::Scalar),
        "insert" | "insertMany" | "upsert" | "upsertMany" => (Operation::Insert, Outcome::Nothing),
        "nativeUpdate" => (Operation::Update, Outcome::Nothing),
        "nativeDelete" => (Operation::Delete, Outcome::Nothing),
        _ => return None,
    })
}

/// The entity, and the place of the first argument after it.
fn target(resolver: &dyn Resolver, file: FileId, receiver: ExprId, call: &Call<'_>) -> Option<((String, Model), usize)> {
    let module = call.module;
    let (at, made) = resolver.definition(file, receiver).unwrap_or((file, receiver));
    if let Some(made) = resolver.module(at).call(made).filter(|made| made.method() == Some("getRepository")) {
        let handle = made.receiver()?;
        let is_manager = is_manager(resolver, at, handle);
        return is_manager
            .then(|| made.arg(0).and_then(|class| query_builder::entity(resolver, (at, class))))
            .flatten()
            .map(|entity| (entity, 0));
    }
    if let Some(argument) = query_builder::type_argument(module, receiver, &["EntityRepository"]) {
        return query_builder::entity(resolver, (file, argument)).map(|entity| (entity, 0));
    }
    if !is_manager(resolver, file, receiver) {
        return None;
    }
    let class = call.arg(0)?;
    let is_entity = match resolver.value(file, class) {
        Value::Class(..) | Value::External(_) | Value::ExternalInstance(_) => true,
        _ => objects::last_name(module, class).is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase())),
    };
    is_entity
        .then(|| query_builder::entity(resolver, (file, class)))
        .flatten()
        .map(|entity| (entity, 1))
}

fn is_manager(resolver: &dyn Resolver, file: FileId, handle: ExprId) -> bool {
    let module = resolver.module(file);
    match resolver.value(file, handle) {
        Value::External(name) | Value::ExternalInstance(name) => name.contains("mikro-orm"),
        Value::Unknown => {
            query_builder::imports(module, &["mikro-orm"])
                && objects::last_name(module, handle)
                    .is_some_and(|name| matches!(name, "em" | "manager" | "entityManager" | "orm" | "transactionManager" | "tx"))
        }
        _ => false,
    }
}

fn filters(resolver: &dyn Resolver, place: ExprPlace, query: &mut Query) {
    let module = resolver.module(place.0);
    // `findOne(User, id)`: a primary key, unless the name stands for an object.
    let is_key = match module.kind(place.1) {
        ExprKind::Str(_) | ExprKind::Num(_) => true,
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name).to_ascii_lowercase().ends_with("id"),
        _ => false,
    };
    if is_key {
        query.statement.filters.push(crate::statement::Filter {
            column: objects::first_column("id"),
            kind: FilterKind::Equality,
            literal: None,
            optional: false,
            end: None,
        });
        return;
    }
    let mut filters = Filters::default();
    objects::object_filters(resolver, place, GRAMMAR, Some(0), false, &mut filters);
    query.open_filters |= filters.into_statement(&mut query.statement);
}

fn options(resolver: &dyn Resolver, place: ExprPlace, query: &mut Query) {
    let read = objects::fields(resolver, place.0, place.1);
    query.statement.open |= read.open;
    for field in &read.items {
        match field.key.as_str() {
            "where" => filters(resolver, field.value, query),
            "limit" | "first" | "last" if query.statement.limit == Limit::None => {
                query.statement.limit = objects::limit(resolver, field.value);
            }
            "offset" => query.statement.offset = objects::skips(resolver, field.value),
            "populate" => {
                let names = query_builder::strings(resolver, field.value);
                query.unbounded_includes.extend(names.iter().cloned());
                query.eager.extend(names);
            }
            "fields" => {
                let names = query_builder::strings(resolver, field.value);
                if !names.is_empty() {
                    query.statement.projection = Projection::Columns(names.into_iter().map(objects::first_column).collect());
                }
            }
            "groupBy" => query.statement.grouped = true,
            "orderBy" => {
                for term in objects::fields(resolver, field.value.0, field.value.1).items {
                    let order = objects::literal(resolver, term.value).unwrap_or_default();
                    let descending = order.trim_matches('\'').eq_ignore_ascii_case("desc");
                    query.statement.order.push((objects::first_column(term.key), descending));
                }
            }
            _ => {}
        }
    }
}

fn operator(key: &str) -> Op {
    match key {
        "$and" => Op::And,
        "$or" => Op::Or,
        "$not" => Op::Not,
        "$eq" => Op::Compare(FilterKind::Equality),
        "$in" => Op::Compare(FilterKind::In),
        "$ne" | "$nin" => Op::Compare(FilterKind::Negative),
        "$gt" | "$gte" | "$lt" | "$lte" => Op::Compare(FilterKind::Range),
        "$like" | "$ilike" | "$re" | "$fulltext" => Op::Compare(FilterKind::Pattern),
        "$some" | "$every" | "$none" => Op::Relation,
        _ if key.starts_with('$') => Op::Compare(FilterKind::Other),
        _ => Op::Field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    const HEAD: &str = "import { EntityManager } from '@mikro-orm/postgresql';\nclass User {}\n";

    #[test]
    fn reads_find() {
        let query = query(
            &format!(
                "{HEAD}export async function f(em: EntityManager) {{ return em.find(User, {{ orgId, age: {{ $gte: 3 }}, id: ids.length ? [1] : undefined }}, {{ populate: ['posts'], limit: 10, orderBy: {{ id: 'desc' }} }}); }}"
            ),
            &[],
        );
        let kinds: Vec<_> = query.statement.filters.iter().map(|f| (f.kind, f.optional)).collect();
        assert_eq!(
            kinds,
            [(FilterKind::Equality, false), (FilterKind::Range, false), (FilterKind::In, true)]
        );
        assert_eq!((query.table(), query.statement.limit.clone()), (Some("User"), Limit::Rows(10)));
        assert_eq!(query.eager, ["posts"]);
    }

    #[test]
    fn keys_and_near_misses() {
        let one = query(
            &format!("{HEAD}export const f = async (em: EntityManager, id) => em.findOne(User, id);"),
            &[],
        );
        assert_eq!(one.statement.filters.len(), 1);
        assert_eq!(
            queries(&format!("{HEAD}list.find(User); em2.find((x) => x.id); array.count(User);"), &[]),
            []
        );
    }
}
