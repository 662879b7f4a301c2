//! `MikroORM`: `em.find(User, where, options)` and its repositories.

use crate::ir::{Call, ClassId, ExprId, ExprKind};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::handles;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, FilterGrammar, Filters, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{FilterKind, Operation, Projection, RowLimit};

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
    if is_builder(method)
        && let Some(query) = builder(resolver, file, call)
    {
        return Some(query);
    }
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
        Outcome::One => query.statement.limit = RowLimit::One,
        Outcome::Scalar => {
            query.statement.limit = RowLimit::One;
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

const FLUENT: Fluent = Fluent {
    runs: &[
        "execute",
        "getResultList",
        "getResult",
        "getSingleResult",
        "getResultAndCount",
        "getCount",
    ],
    ends: &["as", "clone", "getKnexQuery", "getQuery", "toQuery"],
    takes: &[
        "where",
        "andWhere",
        "orWhere",
        "from",
        "select",
        "leftJoin",
        "innerJoin",
        "union",
        "with",
    ],
};

#[rustfmt::skip]
fn is_builder(method: &str) -> bool {
    FLUENT.runs.contains(&method) || FLUENT.ends.contains(&method) || matches!(
        method,
        "createQueryBuilder" | "qb" | "select" | "addSelect" | "distinct" | "where" | "andWhere" | "orWhere" | "orderBy" | "groupBy" | "having"
            | "limit" | "offset" | "join" | "leftJoin" | "innerJoin" | "joinAndSelect" | "leftJoinAndSelect" | "innerJoinAndSelect" | "populate"
            | "insert" | "update" | "delete" | "truncate" | "count" | "onConflict" | "merge" | "ignore" | "returning" | "setFlag" | "from"
    )
}

/// `em.createQueryBuilder(User, "u").where({ age }).getResultList()`; one that is awaited runs too.
fn builder(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let steps = fluent::steps(resolver, file, call);
    let (start, made) = steps
        .iter()
        .enumerate()
        .find(|(_, step)| matches!(step.call.method(), Some("createQueryBuilder" | "qb")))?;
    let ((name, model), _) = target(resolver, made.file, made.call.receiver()?, &made.call)?;
    let mut query = Query {
        library: "mikroorm",
        model: Some(model),
        ..Query::default()
    };
    query.statement.tables.push(objects::table(name));
    for step in &steps[start + 1..] {
        builder_step(resolver, *step, &mut query);
    }
    if !matches!(query.outcome, Outcome::Rows | Outcome::One) {
        query.model = None;
    }
    query.statement.open |= fluent::is_handed_on(resolver, file, call.root());
    query.executed = fluent::runs(call, FLUENT) && !(steps.len() == 1 && fluent::is_handed_out(call));
    Some(query)
}

fn builder_step(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let first = step.call.arg(0).map(|arg| (step.file, arg));
    let mut write = |operation: Operation| {
        query.statement.operation = operation;
        query.statement.projection = Projection::None;
        query.outcome = Outcome::Nothing;
    };
    match (step.call.method().unwrap_or_default(), first) {
        ("insert", _) => write(Operation::Insert),
        ("update", _) => write(Operation::Update),
        ("delete" | "truncate", first) => {
            write(Operation::Delete);
            if let Some(place) = first {
                filters(resolver, place, query);
            }
        }
        ("where" | "andWhere", Some(place))
            if !step.conditional && matches!(resolver.module(place.0).kind(place.1), ExprKind::Object(_)) =>
        {
            filters(resolver, place, query);
        }
        ("where" | "andWhere" | "orWhere" | "having", _) => query.open_filters = true,
        ("limit", Some(place)) if query.statement.limit == RowLimit::None => query.statement.limit = limits::of(resolver, place),
        ("offset", Some(place)) => query.statement.offset = objects::skips(resolver, place),
        ("groupBy" | "distinct", _) => query.statement.grouped = true,
        ("join" | "leftJoin" | "innerJoin" | "joinAndSelect" | "leftJoinAndSelect" | "innerJoinAndSelect" | "from", _) => {
            query.statement.open = true;
        }
        ("getSingleResult", _) => {
            query.outcome = Outcome::One;
            query.statement.limit = RowLimit::One;
        }
        ("count" | "getCount", _) => {
            query.outcome = Outcome::Scalar;
            query.statement.limit = RowLimit::One;
            query.statement.projection = Projection::Aggregate;
        }
        _ => {}
    }
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
fn target(resolver: &dyn Resolver, file: FileId, receiver: ExprId, call: &Call<'_>) -> Option<((String, RowModel), usize)> {
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
    if let Value::Instance(at, class) = resolver.value(file, receiver) {
        return own_repository(resolver, at, class).map(|entity| (entity, 0));
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

/// `class UserRepository extends EntityRepository<User>`, and a class of the project's own between them.
fn own_repository(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<(String, RowModel)> {
    let is_repository = |name: &String| name.contains("mikro-orm") && name.ends_with("EntityRepository");
    if !resolver.ancestors(file, class).iter().any(is_repository) {
        return None;
    }
    query_builder::entity_of_repository(resolver, file, class)
}

fn is_manager(resolver: &dyn Resolver, file: FileId, handle: ExprId) -> bool {
    let module = resolver.module(file);
    match resolver.value(file, handle) {
        Value::External(name) | Value::ExternalInstance(name) => name.contains("mikro-orm"),
        Value::Unknown => {
            query_builder::imports(module, &["mikro-orm"]) && objects::last_name(module, handle).is_some_and(handles::may_be_database)
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
        query.statement.filters.push(objects::by_key(FilterKind::Equality, false));
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
            "limit" | "first" | "last" if query.statement.limit == RowLimit::None => {
                query.statement.limit = limits::of(resolver, field.value);
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
        assert_eq!((query.table(), query.statement.limit.clone()), (Some("User"), RowLimit::Rows(10)));
        assert_eq!(query.eager, ["posts"]);
    }

    #[test]
    fn builders() {
        let run = |body: &str| {
            let mut found = queries(&format!("{HEAD}export async function f(em: EntityManager) {{ {body} }}"), &[]);
            found.retain(|query| query.executed);
            found
        };
        let read = run("const b = em.createQueryBuilder(User, 'u'); b.where({ orgId }); return b.limit(5).getResultList();");
        assert_eq!((read.len(), read[0].table(), read[0].statement.filters.len()), (1, Some("User"), 1));
        assert_eq!(read[0].statement.limit, RowLimit::Rows(5));
        let write = run("await em.qb(User).update({ age }).where({ id });");
        assert_eq!((write.len(), write[0].statement.operation), (1, Operation::Update));
        assert!(
            run("const b = em.createQueryBuilder(User).select('*'); list.select('x').execute(); await shelf.qb(Row).where({});").is_empty()
        );
    }

    #[test]
    fn repositories_of_the_project() {
        let text = "import { EntityRepository } from '@mikro-orm/postgresql'; class Crate {}
            class CrateRepository extends EntityRepository<Crate> { tagged(tag) { return this.find({ tag }); } }
            class Hold { constructor(private crates: CrateRepository) {} f() { return this.crates.findAll({ limit: 3 }); } }";
        let found = queries(text, &[]);
        let tables: Vec<_> = found.iter().map(|query| (query.table(), query.statement.filters.len())).collect();
        assert_eq!(tables, [(Some("Crate"), 1), (Some("Crate"), 0)]);
        let shelf = "import { EntityManager } from '@mikro-orm/core'; class Crates extends Shelf<Crate> { tagged(tag) { return this.find({ tag }); } }";
        assert_eq!(queries(shelf, &[]), []);
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
