//! `TypeORM`: repositories, entity managers and the query builder.

use super::active_record;
use crate::ir::{Call, ExprId, ExprKind, Module, Parent};
use crate::libraries::shared::fluent::{self, ChainedCall};
use crate::libraries::shared::generic;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, FilterGrammar, Filters, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{ColumnUse, FilterKind, Operation, Projection, RowLimit, TableUse};

/// Relations in each other in the `relations` of a query.
const MAX_LOADED: usize = 8;

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: |_| Op::Field,
    call: operator,
    list_is_in: false,
    compound_keys: false,
    relations: true,
};

/// The query at a call of a repository, a manager or a query builder.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let method = call.method()?;
    let receiver = call.receiver()?;
    // Repositories have methods that builders have too: `update`, `delete`, `insert`.
    if is_builder(method)
        && let Some(query) = query_builder(resolver, file, call)
    {
        return Some(query);
    }
    let (operation, outcome) = operation(method)?;
    // A method that the project's class has under the same name does what is written there.
    if matches!(resolver.value(file, call.callee), Value::Function(..)) {
        return None;
    }
    if let Some(query) = active_record::own(resolver, file, &call) {
        return Some(query);
    }
    let (entity, at) = target(resolver, file, receiver, &call)?;
    let mut query = Query {
        library: "typeorm",
        executed: true,
        outcome,
        ..Query::default()
    };
    query.statement.operation = operation;
    let is_known = entity.is_some();
    if let Some((name, model)) = entity {
        query.statement.tables.push(objects::table(name));
        query.model = matches!(outcome, Outcome::Rows | Outcome::One).then_some(model);
    }
    match outcome {
        Outcome::One if operation == Operation::Select => query.statement.limit = RowLimit::One,
        Outcome::Scalar => {
            query.statement.limit = RowLimit::One;
            query.statement.projection = Projection::Aggregate;
        }
        _ => {}
    }
    arguments(resolver, file, &call, method, at, &mut query);
    if !is_known {
        generic::leave_open(&mut query);
    }
    Some(query)
}

fn operation(method: &str) -> Option<(Operation, Outcome)> {
    Some(match method {
        "find" | "findBy" | "findAndCount" | "findAndCountBy" | "findByIds" => (Operation::Select, Outcome::Rows),
        "findOne" | "findOneBy" | "findOneOrFail" | "findOneByOrFail" => (Operation::Select, Outcome::One),
        "count" | "countBy" | "exist" | "exists" | "existsBy" | "sum" | "average" | "minimum" | "maximum" => {
            (Operation::Select, Outcome::Scalar)
        }
        "save" => (Operation::Insert, Outcome::One),
        "insert" | "upsert" => (Operation::Insert, Outcome::Nothing),
        "update" | "softDelete" | "restore" | "increment" | "decrement" => (Operation::Update, Outcome::Nothing),
        "delete" | "remove" | "clear" => (Operation::Delete, Outcome::Nothing),
        "recover" | "softRemove" => (Operation::Update, Outcome::Nothing),
        "reload" => (Operation::Select, Outcome::One),
        _ => return None,
    })
}

type Entity = Option<(String, RowModel)>;

/// Whether an expression is a repository of an entity that is known.
pub(crate) fn is_repository(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let module = resolver.module(file);
    let (at, made) = resolver.definition(file, expr).unwrap_or((file, expr));
    let getter = resolver.module(at).call(made).and_then(|made| made.method());
    if matches!(getter, Some("getRepository" | "getTreeRepository")) {
        return true;
    }
    query_builder::imports(module, &["typeorm"])
        && query_builder::type_argument(module, expr, &["Repository", "TreeRepository"])
            .is_some_and(|argument| query_builder::entity(resolver, (file, argument)).is_some())
}

/// The entity that a call works on (`None`: each use of the body says it), and the place of its first argument after the entity.
fn target(resolver: &dyn Resolver, file: FileId, receiver: ExprId, call: &Call<'_>) -> Option<(Entity, usize)> {
    if let Some((at, given)) = resolver.passed(file, receiver) {
        return target(resolver, at, given, call);
    }
    let module = resolver.module(file);
    if let Some(repository) = extended(module, receiver) {
        return target(resolver, file, repository, call);
    }
    // `dataSource.getRepository(User).find()`.
    let (at, made) = resolver.definition(file, receiver).unwrap_or((file, receiver));
    if let Some(made) = resolver.module(at).call(resolver.module(at).unawaited(made))
        && matches!(
            made.method(),
            Some("getRepository" | "getTreeRepository" | "getCustomRepository" | "withRepository")
        )
    {
        let is_other = made.receiver().is_some_and(|manager| {
            let held = resolver.value(at, manager);
            held.library_name()
                .map_or(query_builder::imports(made.module, &["mikro-orm"]), |name| {
                    !name.contains("typeorm")
                })
        });
        return (!is_other).then(|| {
            (
                match entity_argument(resolver, at, &made) {
                    Some(arg) => query_builder::entity(resolver, (at, arg)),
                    // `User.getRepository()`.
                    None => made.receiver().and_then(|class| active_record::class(resolver, at, class)),
                },
                0,
            )
        });
    }
    if let Some(entity) = active_record::class(resolver, file, receiver) {
        return Some((Some(entity), 0));
    }
    if let Some(argument) = query_builder::type_argument(module, receiver, &["Repository", "TreeRepository"]) {
        return query_builder::imports(module, &["typeorm"]).then(|| (query_builder::entity(resolver, (file, argument)), 0));
    }
    match resolver.value(file, receiver) {
        Value::ExternalInstance(name) | Value::External(name) if name.starts_with("typeorm.") && !name.contains("QueryBuilder") => {
            let is_manager = name.contains("EntityManager") || name.contains("DataSource") || name.contains(".manager");
            match call.arg(0) {
                Some(class) if is_manager => match resolver.value(file, class) {
                    Value::Class(..) => Some((query_builder::entity(resolver, (file, class)), 1)),
                    Value::Row(..) | Value::Instance(..) => Some((query_builder::entity(resolver, (file, class)), 0)),
                    _ => None,
                },
                _ => Some((
                    objects::last_name(module, receiver).map(|name| (name.to_owned(), RowModel::Table(name.to_owned()))),
                    0,
                )),
            }
        }
        Value::Instance(at, class) => {
            let is_repository = resolver
                .ancestors(at, class)
                .iter()
                .any(|name| name.starts_with("typeorm.") && name.ends_with("Repository") || name == "AbstractRepository");
            is_repository.then(|| (query_builder::entity_of_repository(resolver, at, class), 0))
        }
        _ => None,
    }
}

/// The repository that `this` extends: `getRepository(User).extend({ named() { return this.find(); } })`.
fn extended(module: &Module, receiver: ExprId) -> Option<ExprId> {
    (module.name(receiver) == Some("self")).then_some(())?;
    let Parent::Expr(method) = module.function(module.owner(receiver)).definition else {
        return None;
    };
    let Parent::Expr(object) = module.expr(method).parent else {
        return None;
    };
    let Parent::Expr(holder) = module.expr(object).parent else {
        return None;
    };
    let call = module.call(holder).filter(|call| call.method() == Some("extend"))?;
    let repository = call.receiver()?;
    let is_repository = module
        .call(repository)
        .is_some_and(|made| matches!(made.method(), Some("getRepository" | "getTreeRepository")));
    (call.arg(0) == Some(object) && is_repository).then_some(repository)
}

/// The entity among the arguments: `getRepository(User)`, and a project's own `getRepository(context, User)`, where it is the class.
fn entity_argument(resolver: &dyn Resolver, file: FileId, made: &Call<'_>) -> Option<ExprId> {
    let args = || made.args.iter().map(|arg| arg.value);
    let is_class = |&arg: &ExprId| matches!(resolver.value(file, arg), Value::Class(..));
    // A class of a package that is not here is known by its capital.
    let is_named_as_one = |&arg: &ExprId| {
        made.module
            .name(arg)
            .is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase()))
    };
    args()
        .find(is_class)
        .or_else(|| args().find(is_named_as_one))
        .or_else(|| made.arg(0))
}

fn arguments(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str, at: usize, query: &mut Query) {
    let Some(first) = call.arg(at) else {
        query.statement.open = call.is_open();
        return;
    };
    let place = (file, first);
    let is_write = matches!(method, "save" | "insert" | "upsert" | "remove" | "softRemove" | "clear");
    if is_write {
        return;
    }
    let by = method.ends_with("By")
        || method.ends_with("ByOrFail")
        || matches!(method, "update" | "delete" | "softDelete" | "restore" | "increment" | "decrement");
    let is_object = matches!(
        call.module.kind(first),
        ExprKind::Object(_) | ExprKind::Name(_) | ExprKind::List(_) | ExprKind::Attr { .. }
    );
    if by {
        // `delete(id)`, `update(id, …)`: no object. `findBy(ownedBy(user))`: the object that the function gives.
        let is_criteria = matches!(call.module.kind(first), ExprKind::Object(_) | ExprKind::List(_)) || method.contains("By");
        if is_criteria {
            filters(resolver, place, false, query);
        } else {
            query.open_filters = true;
        }
        // There is a filter, of unknown columns.
        query.statement.open |= query.open_filters && query.statement.filters.is_empty() && query.statement.operation == Operation::Select;
        return;
    }
    if !is_object {
        query.open_filters = true;
        return;
    }
    let args = objects::fields(resolver, file, first);
    query.statement.open |= args.open;
    let is_options = args.items.iter().any(|field| {
        matches!(
            field.key.as_str(),
            "where" | "relations" | "order" | "take" | "skip" | "select" | "withDeleted" | "cache" | "lock" | "loadRelationIds"
        )
    });
    if !is_options && !args.items.is_empty() {
        filters(resolver, place, false, query);
        return;
    }
    for field in &args.items {
        match field.key.as_str() {
            "where" => filters(resolver, field.value, field.optional, query),
            "take" if query.statement.limit == RowLimit::None => query.statement.limit = limits::of(resolver, field.value),
            "skip" => query.statement.offset = objects::skips(resolver, field.value),
            "relations" => relations(resolver, field.value, "", query),
            // Whatever it is set to: it may be set.
            "withDeleted" => query.with_deleted = true,
            "order" => {
                for term in objects::fields(resolver, field.value.0, field.value.1).items {
                    let text = objects::literal(resolver, term.value).unwrap_or_default();
                    let descending = text.eq_ignore_ascii_case("'desc'") || text == "-1";
                    query.statement.order.push((objects::first_column(term.key), descending));
                }
            }
            "select" => {
                let names = query_builder::strings(resolver, field.value);
                let names = if names.is_empty() {
                    let read = objects::fields(resolver, field.value.0, field.value.1);
                    read.items.into_iter().map(|field| field.key).collect()
                } else {
                    names
                };
                if !names.is_empty() {
                    query.statement.projection = Projection::Columns(names.into_iter().map(objects::first_column).collect());
                }
            }
            _ => {}
        }
    }
}

fn filters(resolver: &dyn Resolver, place: ExprPlace, optional: bool, query: &mut Query) {
    let mut filters = Filters::default();
    objects::object_filters(resolver, place, GRAMMAR, Some(0), optional, &mut filters);
    query.open_filters |= filters.into_statement(&mut query.statement);
}

fn relations(resolver: &dyn Resolver, place: ExprPlace, prefix: &str, query: &mut Query) {
    if prefix.split('.').count() > MAX_LOADED {
        return;
    }
    let mut names = query_builder::strings(resolver, place);
    if !names.is_empty() {
        query.unbounded_includes.extend(names.iter().cloned());
        query.eager.append(&mut names);
        return;
    }
    for field in objects::fields(resolver, place.0, place.1).items {
        let path = if prefix.is_empty() {
            field.key.clone()
        } else {
            format!("{prefix}.{}", field.key)
        };
        if matches!(resolver.module(field.value.0).kind(field.value.1), ExprKind::Bool(false)) {
            continue;
        }
        query.eager.push(path.clone());
        query.unbounded_includes.push(path.clone());
        if matches!(resolver.module(field.value.0).kind(field.value.1), ExprKind::Object(_)) {
            relations(resolver, field.value, &path, query);
        }
    }
}

fn operator(name: &str) -> Op {
    match name {
        "In" | "Any" => Op::Compare(FilterKind::In),
        "Equal" | "IsNull" => Op::Compare(FilterKind::Equality),
        "LessThan" | "LessThanOrEqual" | "MoreThan" | "MoreThanOrEqual" | "Between" => Op::Compare(FilterKind::Range),
        "Like" | "ILike" => Op::Compare(FilterKind::Pattern),
        "ArrayContains" | "ArrayContainedBy" | "ArrayOverlap" | "Raw" | "JsonContains" => Op::Compare(FilterKind::Other),
        "Not" => Op::Not,
        "And" => Op::And,
        "Or" => Op::Or,
        _ => Op::Field,
    }
}

fn is_builder(method: &str) -> bool {
    method == "createQueryBuilder"
        || is_end(method)
        || matches!(
            method,
            "where"
                | "andWhere"
                | "orWhere"
                | "leftJoinAndSelect"
                | "innerJoinAndSelect"
                | "leftJoin"
                | "innerJoin"
                | "leftJoinAndMapOne"
                | "leftJoinAndMapMany"
                | "innerJoinAndMapOne"
                | "innerJoinAndMapMany"
                | "orderBy"
                | "addOrderBy"
                | "groupBy"
                | "addGroupBy"
                | "take"
                | "skip"
                | "limit"
                | "offset"
                | "select"
                | "addSelect"
                | "distinct"
                | "distinctOn"
                | "setParameter"
                | "setParameters"
                | "from"
                | "set"
                | "into"
                | "values"
                | "update"
                | "delete"
                | "insert"
                | "softDelete"
                | "withDeleted"
                | "cache"
                | "having"
                | "setLock"
                | "returning"
                | "loadRelationCountAndMap"
                | "whereInIds"
                | "clone"
                | "useIndex"
                | "orUpdate"
                | "orIgnore"
        )
}

fn is_end(method: &str) -> bool {
    matches!(
        method,
        "getMany"
            | "getOne"
            | "getOneOrFail"
            | "getManyAndCount"
            | "getRawMany"
            | "getRawOne"
            | "getRawAndEntities"
            | "getCount"
            | "getExists"
            | "execute"
            | "stream"
    )
}

/// `repo.createQueryBuilder('u').where('u.id = :id').getMany()`.
fn query_builder(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let module = resolver.module(file);
    let call = module.call(call.id)?;
    let steps = fluent::steps(resolver, file, call);
    let (start, made) = steps
        .iter()
        .enumerate()
        .find(|(_, step)| step.call.method() == Some("createQueryBuilder"))?;
    let receiver = made.call.receiver()?;
    let mut is_told_by_use = false;
    let (entity, alias) = match (made.call.arg(0), made.call.arg(1)) {
        // `manager.createQueryBuilder(User, 'u')`.
        (Some(class), Some(alias)) if made.call.module.string(alias).is_some() => {
            (query_builder::entity(resolver, (made.file, class)), made.call.module.string(alias))
        }
        (alias, _) => {
            let found = target(resolver, made.file, receiver, &made.call);
            is_told_by_use = matches!(found, Some((None, _)));
            (
                found.and_then(|(entity, _)| entity),
                alias.and_then(|alias| made.call.module.string(alias)),
            )
        }
    };
    let mut query = Query {
        library: "typeorm",
        ..Query::default()
    };
    let from = steps[start + 1..].iter().find(|step| {
        matches!(step.call.method(), Some("from" | "into" | "update" | "delete" | "softDelete")) && step.call.arg(0).is_some()
    });
    let entity = match from {
        Some(from) => from
            .call
            .arg(0)
            .and_then(|arg| query_builder::entity(resolver, (from.file, arg)))
            .or(entity),
        None => entity,
    };
    let alias = alias.or_else(|| {
        from.and_then(|from| from.call.arg(1))
            .and_then(|alias| made.call.module.string(alias))
    });
    let name = entity
        .as_ref()
        .map(|entity| entity.0.clone())
        .or_else(|| alias.map(ToOwned::to_owned))?;
    query.statement.tables.push(TableUse {
        name,
        alias: alias.map(ToOwned::to_owned),
    });
    query.model = entity.map(|entity| entity.1);
    for step in &steps[start + 1..] {
        builder_step(resolver, *step, &mut query);
    }
    if !matches!(query.outcome, Outcome::Rows | Outcome::One) {
        query.model = None;
    }
    query.statement.open |= fluent::is_handed_on(resolver, file, call.root());
    query.executed = is_end(call.method()?);
    if is_told_by_use && query.model.is_none() && from.is_none() {
        generic::leave_open(&mut query);
    }
    Some(query)
}

fn builder_step(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let call = step.call;
    let first = call.arg(0).map(|arg| (step.file, arg));
    let text = first.and_then(|place| query_builder::text(resolver, place));
    let method = call.method().unwrap_or_default();
    let statement = &mut query.statement;
    match method {
        "where" | "andWhere" | "orWhere" | "having" => {
            let optional = step.conditional || method == "orWhere";
            match (text, first) {
                (Some(text), _) => query.open_filters |= !query_builder::condition(statement, &text, optional),
                (None, Some(place)) if matches!(call.module.kind(place.1), ExprKind::Object(_)) => {
                    filters(resolver, place, optional, query);
                }
                _ => query.open_filters = true,
            }
        }
        "withDeleted" => query.with_deleted = true,
        "whereInIds" => statement.filters.push(objects::by_key(FilterKind::In, step.conditional)),
        "leftJoinAndSelect"
        | "innerJoinAndSelect"
        | "leftJoin"
        | "innerJoin"
        | "leftJoinAndMapOne"
        | "leftJoinAndMapMany"
        | "innerJoinAndMapOne"
        | "innerJoinAndMapMany" => {
            let at = usize::from(method.contains("Map"));
            let joined = call.arg(at).and_then(|arg| query_builder::text(resolver, (step.file, arg)));
            let alias = call.arg(at + 1).and_then(|alias| call.module.string(alias)).map(ToOwned::to_owned);
            let path = joined.unwrap_or_default();
            let relation = path.rsplit('.').next().unwrap_or_default().to_owned();
            if method.contains("And") && !relation.is_empty() {
                query.eager.push(relation.clone());
                query.unbounded_includes.push(relation.clone());
            }
            statement.tables.push(TableUse { name: relation, alias });
        }
        "take" | "limit" => {
            if let Some(place) = first {
                statement.limit = limits::of(resolver, place);
            }
        }
        "skip" | "offset" => statement.offset |= first.is_some_and(|place| objects::skips(resolver, place)),
        "orderBy" | "addOrderBy" => {
            if let Some(name) = text {
                let descending = call
                    .arg(1)
                    .and_then(|order| call.module.string(order))
                    .is_some_and(|order| order.eq_ignore_ascii_case("desc"));
                let column: ColumnUse = query_builder::column(statement, &name);
                statement.order.push((column, descending));
            }
        }
        "groupBy" | "distinct" | "distinctOn" => statement.grouped = true,
        "select" => {
            let names = first.map(|place| query_builder::strings(resolver, place)).unwrap_or_default();
            let aggregate = names.iter().any(|name| name.contains('('));
            if aggregate {
                statement.projection = Projection::Aggregate;
            } else if names.iter().all(|name| name.contains('.')) && !names.is_empty() {
                statement.projection = Projection::Columns(names.iter().map(|name| query_builder::column(statement, name)).collect());
            }
        }
        "update" | "softDelete" => write(query, Operation::Update),
        "delete" => write(query, Operation::Delete),
        "insert" => write(query, Operation::Insert),
        "getOne" | "getOneOrFail" | "getRawOne" => {
            query.outcome = Outcome::One;
            statement.limit = RowLimit::One;
        }
        "getCount" | "getExists" => {
            query.outcome = Outcome::Scalar;
            statement.limit = RowLimit::One;
            statement.projection = Projection::Aggregate;
        }
        "stream" => query.outcome = Outcome::Stream,
        _ => {}
    }
}

fn write(query: &mut Query, operation: Operation) {
    query.statement.operation = operation;
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    fn service(body: &str) -> String {
        format!(
            "import {{ Repository, In, MoreThan, Not, IsNull, DataSource }} from 'typeorm';\nclass User {{ id: number; }}
             class Service {{ constructor(private readonly users: Repository<User>, private dataSource: DataSource) {{}} async f() {{ {body} }} }}"
        )
    }

    #[test]
    fn reads_find_options() {
        let query = query(
            &service(
                "return this.users.find({ where: { id: In(ids), age: MoreThan(3), gone: Not(IsNull()) }, relations: ['posts', 'posts.tags'], order: { id: 'DESC' }, take: 10, skip: n });",
            ),
            &[],
        );
        assert_eq!(query.table(), Some("User"));
        let kinds: Vec<_> = query.statement.filters.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [FilterKind::In, FilterKind::Range, FilterKind::Negative]);
        assert_eq!(query.eager, ["posts", "posts.tags"]);
        assert!(query.statement.offset && query.statement.limit == RowLimit::Rows(10) && query.statement.order[0].1);
        assert!(matches!(query.model, Some(RowModel::Class(..))));
    }

    #[test]
    fn reads_the_builder() {
        let query = query(
            &service(
                "return this.users.createQueryBuilder('u').leftJoinAndSelect('u.posts', 'p').where('u.email = :email AND p.status IN (:...s)', { email }).orderBy('u.id', 'DESC').take(5).getMany();",
            ),
            &[],
        );
        let filters: Vec<_> = query.statement.filters.iter().map(|f| (f.column.column.as_str(), f.kind)).collect();
        assert_eq!(filters, [("email", FilterKind::Equality), ("status", FilterKind::In)]);
        assert!(query.executed && query.eager == ["posts"] && query.statement.limit == RowLimit::Rows(5));
    }

    #[test]
    fn statements_change_the_builder() {
        let run = |body: &str| {
            let mut found = queries(&service(body), &[]);
            found.retain(|query| query.executed);
            assert_eq!(found.len(), 1, "{found:#?}");
            found.remove(0)
        };
        let built = run(
            "const q = this.users.createQueryBuilder('u'); q.andWhere('u.teamId = :team', { team }); if (size) { q.take(size); } q.clone().skip(1); return q.getMany();",
        );
        let filters: Vec<_> = built
            .statement
            .filters
            .iter()
            .map(|f| (f.column.column.as_str(), f.optional))
            .collect();
        assert_eq!(filters, [("teamId", false)]);
        assert!(built.statement.limit == RowLimit::Value && !built.statement.offset);
        assert!(
            run("const q = this.users.createQueryBuilder('u'); this.page(q, size); return q.getMany();")
                .statement
                .open
        );
    }

    #[test]
    fn criteria_from_a_function() {
        let unknown = query(&service("return this.users.findBy(ownedBy(team));"), &[]);
        assert!(unknown.statement.filters.is_empty() && unknown.statement.open);
        let text = service("return this.users.findBy(ownedBy(team));") + "\nfunction ownedBy(team) { return { teamId: team }; }";
        let known = query(&text, &[]);
        assert!(known.statement.filters.len() == 1 && !known.statement.open);
    }

    #[test]
    fn the_entity_is_the_class_among_the_arguments() {
        let text = service("return this.connection.getRepository(ctx, User).find({ where: { age: 3 } });");
        assert_eq!(query(&text, &[]).table(), Some("User"));
        let built = query(
            &service("return this.connection.getRepository(ctx, Parcel).createQueryBuilder('parcel').getMany();"),
            &[],
        );
        assert_eq!(built.table(), Some("Parcel"));
    }

    #[test]
    fn changes_and_deletions_by_a_repository() {
        let found = queries(
            &service(
                "await this.users.update({ id }, { age: 3 }); await this.users.delete(id); await this.dataSource.manager.delete(User, { id });",
            ),
            &[],
        );
        let seen: Vec<_> = found.iter().map(|q| (q.statement.operation, q.table(), q.executed)).collect();
        assert_eq!(
            seen,
            [
                (Operation::Update, Some("User"), true),
                (Operation::Delete, Some("User"), true),
                (Operation::Delete, Some("User"), true)
            ]
        );
        let built = "import { SelectQueryBuilder } from 'typeorm'; export const f = (rows: SelectQueryBuilder<User>) => rows.delete();";
        assert_eq!(queries(built, &[]), [], "a builder that is not known deletes nothing yet");
    }

    #[test]
    fn a_repository_that_is_extended() {
        let head = "import { DataSource } from 'typeorm'; class User {} const source = new DataSource({});\n";
        let own = "{ named(name) { return this.find({ where: { name } }); } }";
        let found = query(
            &format!("{head}export const users = source.getRepository(User).extend({own});"),
            &[],
        );
        assert_eq!((found.table(), found.statement.filters.len()), (Some("User"), 1));
        assert_eq!(
            queries(&format!("{head}export const users = shelf(User).extend({own});"), &[]).len(),
            0
        );
    }

    #[test]
    fn one_built_and_near_misses() {
        let found = queries(
            &service(
                "const u = await this.users.findOneBy({ id }); await this.dataSource.getRepository(User).count(); const q = this.users.createQueryBuilder('u');",
            ),
            &[],
        );
        let seen: Vec<_> = found.iter().map(|q| (q.outcome, q.executed)).collect();
        assert_eq!(seen, [(Outcome::One, true), (Outcome::Scalar, true), (Outcome::Rows, false)]);
        assert_eq!(
            queries(
                &service("xs.find((x) => x.id); this.cache.delete(k); await this.store.save(x);"),
                &[]
            ),
            []
        );
    }
}
