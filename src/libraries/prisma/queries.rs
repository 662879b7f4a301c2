//! Prisma: `prisma.user.findMany({ where, include, take })` and its kin.

use crate::budget;
use crate::ir::{Call, ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::shared::handles;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, Fields, FilterGrammar, Filters, ObjectField, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{FilterKind, Operation, Projection, RowLimit, Statement};
use crate::vocabulary::List;

/// Objects in each other that say what is sorted by: `{ user: { profile: { name: { sort: 'asc' } } } }`.
const MAX_ORDER_LEVELS: usize = 4;

/// Bound on the nesting of relations.
const MAX_RELATIONS: usize = 12;

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: operator,
    call: |_| Op::Field,
    list_is_in: false,
    compound_keys: true,
    relations: true,
};

/// The query at a Prisma client's call.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    let (operation, outcome) = operation(method)?;
    let receiver = call.receiver()?;
    let Some(model) = delegate(resolver, file, receiver, method, &call) else {
        return computed(resolver, file, receiver, (operation, outcome));
    };
    let mut query = Query {
        library: "prisma",
        statement: Statement {
            operation,
            tables: vec![objects::table(model.as_str())],
            ..Statement::default()
        },
        executed: true,
        outcome,
        ..Query::default()
    };
    if matches!(outcome, Outcome::Rows | Outcome::One) && method != "groupBy" {
        query.model = Some(RowModel::Table(model));
    }
    shape_of_method(method, &mut query.statement);
    match call.arg(0) {
        Some(arg) => arguments(resolver, (file, arg), method, &mut query),
        None => query.statement.open = call.is_open(),
    }
    Some(query)
}

fn operation(method: &str) -> Option<(Operation, Outcome)> {
    Some(match method {
        "findMany" | "groupBy" => (Operation::Select, Outcome::Rows),
        "findFirst" | "findFirstOrThrow" | "findUnique" | "findUniqueOrThrow" => (Operation::Select, Outcome::One),
        "count" | "aggregate" => (Operation::Select, Outcome::Scalar),
        "create" | "upsert" => (Operation::Insert, Outcome::One),
        "createMany" => (Operation::Insert, Outcome::Nothing),
        "createManyAndReturn" => (Operation::Insert, Outcome::Rows),
        "update" => (Operation::Update, Outcome::One),
        "updateMany" => (Operation::Update, Outcome::Nothing),
        "updateManyAndReturn" => (Operation::Update, Outcome::Rows),
        "delete" => (Operation::Delete, Outcome::One),
        "deleteMany" => (Operation::Delete, Outcome::Nothing),
        _ => return None,
    })
}

/// Methods that other interfaces (maps, repositories, stores) have too.
fn is_common(method: &str) -> bool {
    matches!(method, "create" | "update" | "delete" | "count" | "aggregate")
}

/// Whether an expression is what the queries of one model start from: `prisma.user`.
pub(crate) fn is_delegate(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let Some((base, model)) = entry(resolver.module(file), expr) else {
        return false;
    };
    let is_client = |path: &str| path.to_ascii_lowercase().contains("prisma");
    let is_known = match resolver.value(file, base) {
        Value::External(path) | Value::ExternalInstance(path) => is_client(&path),
        Value::Instance(at, class) => resolver
            .ancestors(at, class)
            .iter()
            .any(|ancestor| ancestor.ends_with("PrismaClient")),
        _ => objects::last_name(resolver.module(file), base).is_some_and(is_client),
    };
    is_known && resolver.knows_table(model)
}

/// The model whose queries a receiver has: `prisma.user`, `prisma["user"]`, and a name or field that holds one of them.
fn delegate(resolver: &dyn Resolver, file: FileId, receiver: ExprId, method: &str, call: &Call<'_>) -> Option<String> {
    if let Some((at, given)) = resolver.passed(file, receiver) {
        return delegate(resolver, at, given, method, call);
    }
    if let Some((base, model)) = entry(resolver.module(file), receiver)
        && is_client(resolver, file, base, model, method, call)
    {
        return Some(model.to_owned());
    }
    // `const { user } = prisma`.
    if let Some(((at, base), model)) = resolver.taken_from(file, receiver) {
        let is_model = resolver.knows_table(&model) && is_client(resolver, at, base, &model, method, call);
        return is_model.then_some(model);
    }
    // `delegates[name]` may be any of them.
    if matches!(resolver.module(file).kind(receiver), ExprKind::Index { .. }) {
        return None;
    }
    let defined = resolver.definition(file, receiver).filter(|found| *found != (file, receiver));
    if let Some((at, definition)) = defined {
        let (base, model) = entry(resolver.module(at), definition)?;
        let is_model = resolver.knows_table(model) && is_client(resolver, at, base, model, method, call);
        return is_model.then(|| model.to_owned());
    }
    // `private users: Prisma.UserDelegate`, and a getter that gives one.
    let held = resolver.value(file, receiver);
    let (holder, name) = held
        .library_name()
        .filter(|path| path.to_ascii_lowercase().contains("prisma"))
        .and_then(|path| path.rsplit_once('.'))?;
    let model = match name.strip_suffix("Delegate") {
        Some(model) if holder.ends_with("Prisma") => model,
        _ if is_taken_by_loop(resolver.module(file), receiver) => return None,
        _ if holder.ends_with("PrismaClient") || holder.ends_with("$extends") || holder.ends_with("TransactionClient") => name,
        _ => return None,
    };
    (!model.is_empty() && resolver.knows_table(model)).then(|| model.to_owned())
}

/// Whether a name is what a loop around it takes from a list of models: it may be any of them.
fn is_taken_by_loop(module: &Module, receiver: ExprId) -> bool {
    let ExprKind::Name(name) = *module.kind(receiver) else {
        return false;
    };
    let mut at = module.expr(receiver).parent;
    for _ in 0..budget::Limit::Holders.count() {
        at = match at {
            Parent::Expr(expr) => module.expr(expr).parent,
            Parent::Stmt(stmt) => {
                let stmt = module.stmt(stmt);
                if matches!(stmt.kind, StmtKind::Loop { target: Some(target), .. } if *module.kind(target) == ExprKind::Name(name)) {
                    return true;
                }
                stmt.parent
            }
            _ => return false,
        };
    }
    false
}

/// `prisma[name].findMany()` of a client that is known: which model it asks is not.
fn computed(resolver: &dyn Resolver, file: FileId, receiver: ExprId, (operation, outcome): (Operation, Outcome)) -> Option<Query> {
    let ExprKind::Index { base, .. } = resolver.module(file).kind(receiver) else {
        return None;
    };
    let is_client = |path: &str| {
        let path = path.to_ascii_lowercase();
        path.contains("prisma")
            && ["prismaclient", "$extends", "transactionclient"]
                .iter()
                .any(|end| path.ends_with(end))
    };
    let is_known = match resolver.value(file, *base) {
        Value::External(path) | Value::ExternalInstance(path) => is_client(&path),
        Value::Instance(at, class) => resolver
            .ancestors(at, class)
            .iter()
            .any(|ancestor| ancestor.ends_with("PrismaClient")),
        _ => false,
    };
    let mut query = Query {
        library: "prisma",
        executed: true,
        opaque: true,
        outcome,
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.open = true;
    is_known.then_some(query)
}

/// The base and the name of `prisma.user` and `prisma["user"]`.
fn entry(module: &Module, expr: ExprId) -> Option<(ExprId, &str)> {
    match module.kind(expr) {
        ExprKind::Attr { base, name } => Some((*base, module.str(*name))),
        ExprKind::Index { base, index } => Some((*base, module.string(*index)?)),
        _ => None,
    }
}

/// Whether a dotted name is that of another library whose handles look alike, or of a service.
fn is_other_library(resolver: &dyn Resolver, name: &str) -> bool {
    List::OtherClients.has(name) || resolver.query_library(name).is_some_and(|library| library != super::LIBRARY.name())
}

fn is_client(resolver: &dyn Resolver, file: FileId, base: ExprId, model: &str, method: &str, call: &Call<'_>) -> bool {
    let name = objects::last_name(resolver.module(file), base).unwrap_or_default();
    // `db.query.users.findMany` is Drizzle's; `$extends` blocks spell `query: { user: { findMany } }`.
    if model.starts_with('$') || name == "query" || name == "self" && model.eq_ignore_ascii_case("prisma") {
        return false;
    }
    match resolver.value(file, base) {
        Value::External(library) | Value::ExternalInstance(library) => {
            let library = library.to_ascii_lowercase();
            if library.contains("prisma") {
                return name != "Prisma";
            }
            if is_other_library(resolver, &library) {
                return false;
            }
        }
        Value::Instance(at, class) => {
            let ancestors = resolver.ancestors(at, class);
            if ancestors.iter().any(|ancestor| ancestor.ends_with("PrismaClient")) {
                return true;
            }
            if ancestors
                .iter()
                .any(|ancestor| is_other_library(resolver, &ancestor.to_ascii_lowercase()))
            {
                return false;
            }
        }
        Value::Query(..) | Value::Row(..) | Value::Many(_) | Value::Class(..) => return false,
        _ => {}
    }
    if name.to_ascii_lowercase().contains("prisma") && name != "Prisma" {
        return true;
    }
    let has_object = call
        .arg(0)
        .is_none_or(|arg| matches!(call.module.kind(arg), ExprKind::Object(_) | ExprKind::Name(_)));
    resolver.knows_table(model) && has_object && (!is_common(method) || handles::may_be_database(name))
}

fn shape_of_method(method: &str, statement: &mut Statement) {
    match method {
        "findFirst" | "findFirstOrThrow" | "findUnique" | "findUniqueOrThrow" => statement.limit = RowLimit::One,
        "count" | "aggregate" => {
            statement.limit = RowLimit::One;
            statement.projection = Projection::Aggregate;
        }
        "groupBy" => {
            statement.grouped = true;
            statement.projection = Projection::Aggregate;
        }
        "createMany" | "updateMany" | "deleteMany" => statement.projection = Projection::None,
        _ => {}
    }
}

fn arguments(resolver: &dyn Resolver, place: ExprPlace, method: &str, query: &mut Query) {
    let args = objects::fields(resolver, place.0, place.1);
    let statement = &mut query.statement;
    statement.open |= args.open;
    let mut filters = Filters::default();
    for field in args.items.iter().filter(|field| field.key == "where") {
        objects::object_filters(resolver, field.value, GRAMMAR, Some(0), field.optional, &mut filters);
    }
    query.open_filters |= filters.into_statement(statement);
    if statement.limit == RowLimit::None
        && let Some(take) = args.get("take")
    {
        statement.limit = limits::of(resolver, take.value);
    }
    let by_cursor = args.get("cursor").is_some();
    if let Some(skip) = args.get("skip") {
        statement.offset = !by_cursor && objects::skips(resolver, skip.value);
    }
    if let Some(order) = args.get("orderBy") {
        orders(resolver, order, statement);
    }
    for (key, is_group) in [("distinct", method != "groupBy"), ("by", method == "groupBy")] {
        let Some(field) = args.get(key).filter(|_| is_group) else {
            continue;
        };
        statement.grouped = true;
        let module = resolver.module(field.value.0);
        let columns = match module.kind(field.value.1) {
            ExprKind::List(items) => items.iter().filter_map(|&item| module.string(item)).collect(),
            _ => module.string(field.value.1).into_iter().collect::<Vec<_>>(),
        };
        statement.group = columns.into_iter().map(objects::first_column).collect();
    }
    loaded(resolver, &args, query);
}

fn orders(resolver: &dyn Resolver, order: &ObjectField, statement: &mut Statement) {
    let module = resolver.module(order.value.0);
    let objects: Vec<ExprPlace> = match module.kind(order.value.1) {
        ExprKind::List(_) => {
            let (items, _) = objects::items(resolver, order.value.0, order.value.1);
            items.into_iter().map(|(place, _)| place).collect()
        }
        _ => vec![order.value],
    };
    for object in objects {
        for field in objects::fields(resolver, object.0, object.1).items {
            let mut path = field.key.clone();
            let mut value = field.value;
            let mut table = Some(0);
            // `{ user: { name: 'asc' } }`, `{ name: { sort: 'asc' } }`.
            for _ in 0..MAX_ORDER_LEVELS {
                let inner = resolver.module(value.0);
                if !matches!(inner.kind(value.1), ExprKind::Object(_)) {
                    break;
                }
                let read = objects::fields(resolver, value.0, value.1);
                let Some(first) = read.get("sort").or_else(|| read.items.first()) else {
                    break;
                };
                if first.key != "sort" {
                    path = format!("{path}.{}", first.key);
                    table = None;
                }
                value = first.value;
            }
            let descending = resolver.module(value.0).string(value.1) == Some("desc");
            statement
                .order
                .push((crate::statement::ColumnUse { table, column: path }, descending));
        }
    }
}

/// `include` and `select`: relations that come along, and columns.
fn loaded(resolver: &dyn Resolver, args: &Fields, query: &mut Query) {
    if let Some(include) = args.get("include") {
        relations(resolver, include.value, "", false, query);
    }
    let Some(select) = args.get("select") else { return };
    if query.statement.projection != Projection::All {
        return;
    }
    let read = objects::fields(resolver, select.value.0, select.value.1);
    if !read.open {
        let columns = read.items.iter().filter(|field| is_plain(resolver, field));
        query.statement.projection = Projection::Columns(columns.map(|field| objects::first_column(field.key.as_str())).collect());
    }
    relations(resolver, select.value, "", true, query);
}

/// `field: true` of a `select`: a column, or a relation whole (only the schema can tell).
fn is_plain(resolver: &dyn Resolver, field: &ObjectField) -> bool {
    field.key != "_count" && !is_nested(resolver, field.value)
}

fn is_nested(resolver: &dyn Resolver, value: ExprPlace) -> bool {
    match resolver.module(value.0).kind(value.1) {
        ExprKind::Object(_) | ExprKind::Name(_) => true,
        ExprKind::Cond { then, orelse, .. } => is_nested(resolver, (value.0, *then)) || is_nested(resolver, (value.0, *orelse)),
        _ => false,
    }
}

/// Collects relations as dotted paths; of a `select` only those with arguments, for a bare `true` can be a column.
fn relations(resolver: &dyn Resolver, place: ExprPlace, prefix: &str, is_select: bool, query: &mut Query) {
    if prefix.split('.').count() > MAX_RELATIONS {
        return;
    }
    let read = objects::fields(resolver, place.0, place.1);
    for field in &read.items {
        let module = resolver.module(field.value.0);
        let is_column = is_select && !is_nested(resolver, field.value);
        if is_column || field.key == "_count" || matches!(module.kind(field.value.1), ExprKind::Bool(false) | ExprKind::Null) {
            continue;
        }
        let path = if prefix.is_empty() {
            field.key.clone()
        } else {
            format!("{prefix}.{}", field.key)
        };
        let inner = if is_nested(resolver, field.value) {
            objects::fields(resolver, field.value.0, field.value.1)
        } else {
            Fields::default()
        };
        query.eager.push(path.clone());
        let bounded = inner
            .get("take")
            .is_some_and(|take| limits::of(resolver, take.value) != RowLimit::None)
            || inner.get("where").is_some_and(|own| narrows(resolver, own));
        if !bounded && !inner.open {
            query.unbounded_includes.push(path.clone());
        }
        for (key, is_select) in [("include", false), ("select", true)] {
            if let Some(nested) = inner.get(key) {
                relations(resolver, nested.value, &path, is_select, query);
            }
        }
    }
}

/// Whether a relation's own `where` leaves a part of its rows: more than those that are not deleted or hidden.
fn narrows(resolver: &dyn Resolver, own: &ObjectField) -> bool {
    let mut filters = Filters::default();
    objects::object_filters(resolver, own.value, GRAMMAR, Some(0), own.optional, &mut filters);
    // A flag leaves a part that grows with the table, here as elsewhere.
    let firm = filters
        .list
        .iter()
        .filter(|filter| !filter.optional && !List::FlagColumns.has(&filter.column.column));
    firm.into_iter().any(|filter| {
        let of_null = filter.literal.as_deref() == Some("NULL");
        match filter.kind {
            FilterKind::Equality | FilterKind::In => !of_null && !matches!(filter.literal.as_deref(), Some("true" | "false")),
            FilterKind::Negative => of_null,
            _ => false,
        }
    })
}

fn operator(key: &str) -> Op {
    match key {
        "AND" => Op::And,
        "OR" => Op::Or,
        "NOT" | "not" => Op::Not,
        "is" | "isNot" | "some" | "every" | "none" => Op::Relation,
        "equals" => Op::Compare(FilterKind::Equality),
        "in" => Op::Compare(FilterKind::In),
        "notIn" => Op::Compare(FilterKind::Negative),
        "lt" | "lte" | "gt" | "gte" => Op::Compare(FilterKind::Range),
        "startsWith" => Op::Compare(FilterKind::Prefix),
        "contains" | "endsWith" | "search" => Op::Compare(FilterKind::Pattern),
        "has" | "hasSome" | "hasEvery" | "isEmpty" | "array_contains" | "string_contains" | "string_starts_with" | "array_starts_with"
        | "isSet" => Op::Compare(FilterKind::Other),
        "mode" | "path" => Op::Option,
        _ => Op::Field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    const HEAD: &str = "import { PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\n";

    fn one(text: &str) -> Query {
        query(&format!("{HEAD}{text}"), &[])
    }

    fn filters(query: &Query) -> Vec<(String, FilterKind, bool)> {
        let filters = query.statement.filters.iter();
        filters.map(|f| (f.column.column.clone(), f.kind, f.optional)).collect()
    }

    #[test]
    fn models_that_names_and_fields_hold() {
        let head = "import { Prisma, PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\n";
        let found = |text: &str| {
            let found = queries(&format!("{head}{text}"), &["user", "post"]);
            let tables: Vec<_> = found.iter().map(|query| query.table().unwrap_or_default().to_owned()).collect();
            tables
        };
        assert_eq!(found("const model = prisma.post; await model.deleteMany({});"), ["post"]);
        assert_eq!(
            found("const { user, post: posts } = prisma; await user.findMany(); await posts.count();"),
            ["user", "post"]
        );
        assert_eq!(
            found("async function f(tx: Prisma.TransactionClient) { const { user } = tx; await user.update({}); }"),
            ["user"]
        );
        assert_eq!(found("await prisma['user'].findMany();"), ["user"]);
        assert_eq!(
            found("class Users { private users = prisma.user; f() { return this.users.delete({ where: { id } }); } }"),
            ["user"]
        );
        assert_eq!(
            found("class Users { constructor(private users: Prisma.UserDelegate) {} f() { return this.users.findFirst(); } }"),
            ["User"]
        );
        assert_eq!(
            found(
                "class Users { constructor(private p: PrismaClient) {} get users() { return this.p.user; } f() { return this.users.count(); } }"
            ),
            ["user"]
        );
    }

    #[test]
    fn a_model_by_a_computed_name() {
        let query = one("await prisma[name].count();");
        assert!(query.opaque && query.executed && query.table().is_none());
        assert_eq!(queries(&format!("{HEAD}rows[name].count(); prisma.names[0].count();"), &[]), []);
    }

    #[test]
    fn names_that_hold_something_else() {
        let text = "const rows = { user: new Map() }; const { user } = rows; user.delete(id); user.count(); const held = rows.user; held.update({});
            shelf['user'].delete(id); const { post } = api; post.create({}); const { length } = prisma.names; length.count();
            const all = { user: prisma.user, post: prisma.post }; await all[name].deleteMany({});
            for (const each of [prisma.user, prisma.post]) { await each.deleteMany({}); }";
        assert_eq!(queries(&format!("{HEAD}{text}"), &["user", "post"]), []);
    }

    #[test]
    fn reads_the_whole_argument() {
        let query = one(
            "await prisma.post.findMany({ where: { authorId, status: 'active', createdAt: { gte: a, lt: b }, OR: [{ x: 1 }, { title: { contains: q } }],
                 ...(tag ? { tag } : {}), author: { is: { email: e } }, kind: all ? undefined : k },
               include: { author: true, comments: { take: 5, include: { likes: true } } }, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: 50, skip: n });",
        );
        assert_eq!(query.table(), Some("post"));
        assert_eq!(
            filters(&query),
            [
                ("authorId", FilterKind::Equality, false),
                ("status", FilterKind::Equality, false),
                ("createdAt", FilterKind::Range, false),
                ("createdAt", FilterKind::Range, false),
                ("x", FilterKind::Equality, true),
                ("title", FilterKind::Pattern, true),
                ("tag", FilterKind::Equality, true),
                ("author.email", FilterKind::Equality, false),
                ("kind", FilterKind::Equality, true),
            ]
            .map(|(c, k, o)| (c.to_owned(), k, o))
        );
        assert_eq!(query.statement.filters[1].literal.as_deref(), Some("'active'"));
        assert_eq!(query.eager, ["author", "comments", "comments.likes"]);
        assert_eq!(query.unbounded_includes, ["author", "comments.likes"]);
        assert_eq!(query.statement.limit, RowLimit::Rows(50));
        assert!(query.statement.offset && !query.statement.open && query.executed);
        assert!(query.statement.order[0].1 && !query.statement.order[1].1);
    }

    #[test]
    fn one_row_and_values() {
        let unique = one(
            "await prisma.member.findUnique({ where: { userId_orgId: { userId, orgId } }, select: { id: true, user: { select: { name: true } } } })",
        );
        assert_eq!(unique.statement.limit, RowLimit::One);
        assert_eq!(
            filters(&unique).iter().map(|f| f.0.as_str()).collect::<Vec<_>>(),
            ["userId", "orgId"]
        );
        assert_eq!(unique.statement.projection, Projection::Columns(vec![objects::first_column("id")]));
        assert_eq!(unique.eager, ["user"]);
        assert_eq!(one("await prisma.user.count()").outcome, Outcome::Scalar);
        assert_eq!(
            one("await prisma.user.updateMany({ where: { id: { in: ids } }, data: {} })")
                .statement
                .operation,
            Operation::Update
        );
    }

    #[test]
    fn what_is_not_seen_is_open() {
        assert!(
            one("export function f(args: any) { return prisma.user.findMany(args); }")
                .statement
                .open
        );
        let unknown = one("export function f(where: any) { return prisma.user.findMany({ where, take: 5 }); }");
        assert!(unknown.open_filters && !unknown.statement.open);
        let changed =
            one("function f(s) { const where: any = { a: 1 }; if (s) where.status = s; return prisma.user.findMany({ where }); }");
        assert_eq!(filters(&changed)[1], ("status".to_owned(), FilterKind::Equality, true));
    }

    #[test]
    fn handles_by_other_names() {
        let tx = format!("{HEAD}await prisma.$transaction(async (tx) => {{ await tx.user.update({{ where: {{ id }} }}); }});");
        assert_eq!(queries(&tx, &[]).len(), 1);
        assert_eq!(
            query("export const f = (ctx) => ctx.db.user.findMany({});", &["User"]).table(),
            Some("user")
        );
        assert_eq!(
            query("class A { f() { return this.prisma.user.findMany(); } }", &[]).table(),
            Some("user")
        );
    }

    #[test]
    fn near_misses() {
        let text = "const m = new Map(); m.delete(x); cache.user.delete(k); store.users.update({ a: 1 }); stripe.customers.create({});
            drizzle.user.count; api.user.findMany.useQuery({}); state.items.count();";
        assert_eq!(queries(text, &["User", "Other"]), []);
    }
}
