//! Sequelize: `User.findAll({ where, include, limit })`.

use crate::ir::{Call, ClassId, ExprId, ExprKind};
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, FilterGrammar, Filters, ObjectField, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{FilterKind, Operation, Projection, RowLimit};

/// Relations in each other in the `include` of a query.
const MAX_LOADED: usize = 8;

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: operator,
    call: |_| Op::Field,
    list_is_in: true,
    compound_keys: false,
    relations: false,
};

/// The query at a call of a model's static method.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_method(method) {
        return None;
    }
    // A method that the project's class has under the same name does what is written there.
    if matches!(resolver.value(file, call.callee), Value::Function(..)) {
        return None;
    }
    if let Some(query) = own(resolver, file, &call, method) {
        return Some(query);
    }
    let (operation, outcome) = operation(method)?;
    let is_of_class = is_of_class(method) || has_where(&call);
    let (name, model) = model(resolver, file, call.receiver()?, method, is_of_class)?;
    let mut query = Query {
        library: "sequelize",
        executed: true,
        outcome,
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.tables.push(objects::table(name));
    if matches!(outcome, Outcome::Rows | Outcome::One) {
        query.model = Some(model);
    }
    // A scope adds conditions, limits and relations of its own.
    let is_scoped = call.chain().iter().any(|step| step.method() == Some("scope"));
    query.statement.open = is_scoped;
    query.open_filters = is_scoped;
    match outcome {
        Outcome::One if operation == Operation::Select => query.statement.limit = RowLimit::One,
        Outcome::Scalar => {
            query.statement.limit = RowLimit::One;
            query.statement.projection = Projection::Aggregate;
        }
        _ => {}
    }
    let is_by_key = method == "findByPk";
    if is_by_key {
        by_key(&mut query);
    }
    // Values come before the options of a change; the column does before those of a sum.
    let at = usize::from(is_by_key || matches!(method, "update" | "sum" | "max" | "min" | "increment" | "decrement"));
    if operation != Operation::Insert || method == "findOrCreate" {
        match call.arg(at) {
            Some(options) => arguments(resolver, (file, options), &mut query),
            None => query.statement.open |= call.is_open(),
        }
    }
    Some(query)
}

/// What models and rows do.
fn is_method(method: &str) -> bool {
    operation(method).is_some() || matches!(method, "save" | "restore" | "reload")
}

fn operation(method: &str) -> Option<(Operation, Outcome)> {
    Some(match method {
        "findAll" | "findAndCountAll" => (Operation::Select, Outcome::Rows),
        "findOne" | "findByPk" => (Operation::Select, Outcome::One),
        "count" | "sum" | "max" | "min" => (Operation::Select, Outcome::Scalar),
        "create" | "findOrCreate" | "upsert" => (Operation::Insert, Outcome::One),
        "bulkCreate" => (Operation::Insert, Outcome::Nothing),
        "update" | "increment" | "decrement" => (Operation::Update, Outcome::Nothing),
        "destroy" | "truncate" => (Operation::Delete, Outcome::Nothing),
        _ => return None,
    })
}

/// `row.save()`, `row.update({ … })`, `row.destroy()`: what a row does with itself.
fn own(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let operation = match method {
        "save" | "update" | "increment" | "decrement" | "restore" => Operation::Update,
        "destroy" => Operation::Delete,
        "reload" => Operation::Select,
        _ => return None,
    };
    if has_where(call) {
        return None;
    }
    let (name, is_new) = row(resolver, file, call.receiver()?)?;
    let mut query = Query {
        library: "sequelize",
        executed: true,
        outcome: Outcome::Nothing,
        ..Query::default()
    };
    query.statement.tables.push(objects::table(name));
    query.statement.operation = if is_new && method == "save" { Operation::Insert } else { operation };
    if operation == Operation::Select {
        query.outcome = Outcome::One;
        query.statement.limit = RowLimit::One;
    }
    // `this` is a row in a method of rows, and the model in a static one: then other options than a plain object may say which rows.
    if call.receiver().is_some_and(|receiver| call.module.name(receiver) == Some("self")) {
        query.open_filters = true;
    } else if query.statement.operation != Operation::Insert {
        by_key(&mut query);
    }
    Some(query)
}

/// The model of a row that an expression holds, and whether it is new: `new User()`, `User.build({ … })`, what a query gave, `this`.
fn row(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<(String, bool)> {
    let (at, definition) = resolver.definition(file, expr).unwrap_or((file, expr));
    let made = resolver.module(at).call(definition);
    if let Some(class) = made.filter(|made| made.method() == Some("build")).and_then(|made| made.receiver())
        && let Some((name, _)) = model(resolver, at, class, "build", true)
    {
        return Some((name, true));
    }
    match resolver.value(file, expr) {
        Value::Instance(at, class) | Value::Row(RowModel::Class(at, class), _) if is_model(resolver, at, class) => {
            let holder = resolver.module(at);
            let name = holder.class(class).name.map(|name| holder.str(name).to_owned())?;
            Some((name, made.is_some_and(|made| made.is_new)))
        }
        Value::Row(RowModel::Table(name), Some((at, place))) => {
            let is_own = resolver.query(at, place).is_some_and(|query| query.library == "sequelize");
            is_own.then_some((name, false))
        }
        _ => None,
    }
}

fn is_model(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    resolver
        .ancestors(file, class)
        .iter()
        .any(|name| name.starts_with("sequelize") && name.ends_with("Model"))
}

/// Whether a call says which rows it changes: then it is of the model, not of a row.
fn has_where(call: &Call<'_>) -> bool {
    call.args.iter().any(|arg| call.module.entry(arg.value, "where").is_some())
}

fn by_key(query: &mut Query) {
    query.statement.filters.push(objects::by_key(FilterKind::Equality, false));
}

/// Methods that models have and their rows do not.
fn is_of_class(method: &str) -> bool {
    !matches!(method, "update" | "destroy" | "increment" | "decrement")
}

/// The model that a receiver is: a class that extends Sequelize's, or what `define` gave.
fn model(resolver: &dyn Resolver, file: FileId, receiver: ExprId, method: &str, is_of_class: bool) -> Option<(String, RowModel)> {
    let module = resolver.module(file);
    // `User.scope("active").findAll()`.
    if let Some(scoped) = module.call(receiver)
        && matches!(scoped.method(), Some("scope" | "unscoped" | "schema"))
    {
        return model(resolver, file, scoped.receiver()?, method, true);
    }
    let held = resolver.value(file, receiver);
    // `this.findAll()` in a static method of the model: rows do not have these methods.
    let own = match held {
        Value::Class(at, class) => Some((at, class)),
        Value::Instance(at, class) if is_of_class => Some((at, class)),
        _ => None,
    };
    if let Some((at, class)) = own {
        return is_model(resolver, at, class)
            .then(|| query_builder::entity(resolver, (file, receiver)))
            .flatten();
    }
    let (at, definition) = resolver.definition(file, receiver).unwrap_or((file, receiver));
    let holder = resolver.module(at);
    if let Some(made) = holder.call(definition)
        && made.method() == Some("define")
        && made
            .receiver()
            .is_some_and(|handle| query_builder::comes_from(resolver, at, handle, "sequelize"))
    {
        let name = made.arg(0).and_then(|name| query_builder::text(resolver, (at, name)))?;
        return Some((name.clone(), RowModel::Table(name)));
    }
    let table = |name: &str| Some((name.to_owned(), RowModel::Table(name.to_owned())));
    let name = objects::last_name(module, receiver)?;
    if let Some(path) = held.library_name() {
        // `sequelize.models.User.count`, and a model that comes out of the function in which it was defined.
        let looked_up = path.rsplit_once('.').filter(|(keeper, _)| super::keeps_models(keeper));
        let is_defined = path.starts_with("sequelize") && path.ends_with(".define") && resolver.knows_table(name);
        if looked_up.is_some() || is_defined {
            return table(looked_up.map_or(name, |(_, name)| name));
        }
    }
    // `models.User.count`, `User.count` where the models come from out of sight. A row can have a model's lower-case name.
    let is_class = name.starts_with(|c: char| c.is_ascii_uppercase());
    let is_among_models = match module.kind(receiver) {
        ExprKind::Attr { base, .. } => objects::last_name(module, *base) == Some("models"),
        _ => false,
    };
    if held.is_unknown() && (is_class || is_among_models) && resolver.keeps_model(name) {
        return table(name);
    }
    // `models.User.findAll`, `db.User.findByPk`: methods that no other library has.
    let told = matches!(method, "findAll" | "findByPk" | "findAndCountAll" | "bulkCreate");
    if told && is_class && resolver.knows_table(name) {
        table(name)
    } else {
        None
    }
}

fn arguments(resolver: &dyn Resolver, place: ExprPlace, query: &mut Query) {
    let args = objects::fields(resolver, place.0, place.1);
    query.statement.open |= args.open;
    for field in &args.items {
        match field.key.as_str() {
            "where" => {
                let mut filters = Filters::default();
                objects::object_filters(resolver, field.value, GRAMMAR, Some(0), field.optional, &mut filters);
                query.open_filters |= filters.into_statement(&mut query.statement);
            }
            "limit" if query.statement.limit == RowLimit::None => query.statement.limit = limits::of(resolver, field.value),
            "offset" => query.statement.offset = objects::skips(resolver, field.value),
            "order" => orders(resolver, field, query),
            "group" => query.statement.grouped = true,
            "paranoid" => query.with_deleted = !is_true(resolver, field),
            "force" => query.with_deleted |= is_true(resolver, field),
            "include" => includes(resolver, field.value, "", query),
            "attributes" => {
                let names = query_builder::strings(resolver, field.value);
                if !names.is_empty() {
                    query.statement.projection = Projection::Columns(names.into_iter().map(objects::first_column).collect());
                }
            }
            _ => {}
        }
    }
}

/// Whether an option is turned on as it is written; of any other value it is not known.
fn is_true(resolver: &dyn Resolver, field: &ObjectField) -> bool {
    matches!(resolver.module(field.value.0).kind(field.value.1), ExprKind::Bool(true))
}

/// `order: [['createdAt', 'DESC'], 'id']`.
fn orders(resolver: &dyn Resolver, field: &ObjectField, query: &mut Query) {
    for ((file, term), _) in objects::items(resolver, field.value.0, field.value.1).0 {
        let names = query_builder::strings(resolver, (file, term));
        if let Some(name) = names.first() {
            let descending = names.get(1).is_some_and(|order| order.eq_ignore_ascii_case("desc"));
            query.statement.order.push((objects::first_column(name.as_str()), descending));
        }
    }
}

/// `include: [User, { model: Post, as: 'posts', include: […] }]`.
fn includes(resolver: &dyn Resolver, place: ExprPlace, prefix: &str, query: &mut Query) {
    if prefix.split('.').count() > MAX_LOADED {
        return;
    }
    let items = match resolver.module(place.0).kind(place.1) {
        ExprKind::List(_) => objects::items(resolver, place.0, place.1).0,
        _ => vec![(place, false)],
    };
    for ((file, item), _) in items {
        let module = resolver.module(file);
        let read = match module.kind(item) {
            ExprKind::Object(_) => objects::fields(resolver, file, item),
            _ => objects::Fields::default(),
        };
        let named = ["as", "association", "model"]
            .iter()
            .find_map(|key| read.get(key))
            .map_or((file, item), |field| field.value);
        let Some(name) =
            query_builder::text(resolver, named).or_else(|| objects::last_name(resolver.module(named.0), named.1).map(ToOwned::to_owned))
        else {
            continue;
        };
        let path = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        query.eager.push(path.clone());
        if read.get("limit").is_none() {
            query.unbounded_includes.push(path.clone());
        }
        if let Some(inner) = read.get("include") {
            includes(resolver, inner.value, &path, query);
        }
    }
}

fn operator(key: &str) -> Op {
    let Some(name) = key
        .strip_prefix("Op.")
        .or_else(|| key.strip_prefix("Sequelize.Op."))
        .or_else(|| key.strip_prefix('$'))
    else {
        return Op::Field;
    };
    match name {
        "and" => Op::And,
        "or" => Op::Or,
        "not" => Op::Not,
        "eq" | "is" => Op::Compare(FilterKind::Equality),
        "in" | "any" => Op::Compare(FilterKind::In),
        "ne" | "notIn" | "notLike" | "notILike" | "notBetween" => Op::Compare(FilterKind::Negative),
        "gt" | "gte" | "lt" | "lte" | "between" => Op::Compare(FilterKind::Range),
        "startsWith" => Op::Compare(FilterKind::Prefix),
        "like" | "iLike" | "substring" | "endsWith" | "regexp" | "iRegexp" => Op::Compare(FilterKind::Pattern),
        _ if key.starts_with('$') => Op::Field,
        _ => Op::Compare(FilterKind::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    const HEAD: &str = "import { Model, Op } from 'sequelize';\nclass User extends Model {}\nclass Post extends Model {}\n";

    #[test]
    fn reads_options() {
        let query = query(
            &format!(
                "{HEAD}await User.findAll({{ where: {{ orgId, age: {{ [Op.gte]: 3 }}, id: [1, 2], [Op.or]: [{{ a: 1 }}, {{ b: 2 }}] }}, include: [{{ model: Post, as: 'posts' }}], order: [['id', 'DESC']], limit: 5 }});"
            ),
            &[],
        );
        let kinds: Vec<_> = query.statement.filters.iter().map(|f| (f.kind, f.optional)).collect();
        assert_eq!(
            kinds,
            [
                (FilterKind::Equality, false),
                (FilterKind::Range, false),
                (FilterKind::In, false),
                (FilterKind::Equality, true),
                (FilterKind::Equality, true)
            ]
        );
        assert_eq!(
            (query.table(), query.eager.clone(), query.statement.limit.clone()),
            (Some("User"), vec!["posts".to_owned()], RowLimit::Rows(5))
        );
        assert!(query.statement.order[0].1);
    }

    #[test]
    fn rows_write_themselves() {
        let found = queries(
            &format!(
                "{HEAD}const user = await User.findByPk(id); await user.update({{ a: 1 }}); await user.destroy();
                 const made = Post.build({{ id }}); await made.save(); for (const post of await Post.scope('old').findAll()) {{ await post.save(); }}
                 class Shelf {{ constructor(private users: typeof User) {{}} f() {{ return this.users.update({{ a: 1 }}, {{ where: {{ id }} }}); }} }}"
            ),
            &[],
        );
        let seen: Vec<_> = found
            .iter()
            .map(|query| {
                (
                    query.statement.operation,
                    query.table().unwrap_or_default(),
                    query.statement.filters.len(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (Operation::Select, "User", 1),
                (Operation::Update, "User", 1),
                (Operation::Delete, "User", 1),
                (Operation::Insert, "Post", 0),
                (Operation::Select, "Post", 0),
                (Operation::Update, "Post", 1),
                (Operation::Update, "User", 1)
            ]
        );
        // What a scope adds is not known.
        assert!(found[4].statement.open && found[4].open_filters);
    }

    #[test]
    fn this_may_be_the_model_or_a_row() {
        let found = query(
            &format!("{HEAD}class Crate extends Model {{ static shut(options) {{ return this.update({{ shut: true }}, options); }} }}"),
            &[],
        );
        assert_eq!(
            (found.table(), found.statement.filters.len(), found.open_filters),
            (Some("Crate"), 0, true)
        );
    }

    #[test]
    fn rows_of_others() {
        let text = "class Draft { save() {} destroy() {} } const draft = new Draft(); draft.save(); draft.destroy(); canvas.save(); socket.destroy();
            const held = await fetchUser(id); held.save(); hash.scope('a').count();
            class Kept extends Model { save() { return keep(this); } static findAll() { return shelf; } } const kept = new Kept(); kept.save();
            Kept.findAll();";
        assert_eq!(queries(&format!("{HEAD}{text}"), &[]), []);
    }

    #[test]
    fn writes_and_near_misses() {
        let update = query(&format!("{HEAD}await User.update({{ a: 1 }}, {{ where: {{ id }} }});"), &[]);
        assert_eq!((update.statement.operation, update.statement.filters.len()), (Operation::Update, 1));
        assert_eq!(
            queries(
                &format!("{HEAD}session.destroy(); store.update(x); Math.max(1, 2); hash.update('a'); list.count();"),
                &[]
            ),
            []
        );
    }
}
