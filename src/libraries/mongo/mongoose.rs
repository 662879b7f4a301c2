//! Mongoose models and the collections of `MongoDB`'s driver.

use crate::ir::{Call, ExprKind};
use crate::libraries::mongo::models::{document, model};
use crate::libraries::mongo::operators::{filters, orders, stages};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::generic;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel};
use crate::statement::{FilterKind, Operation, Projection, RowLimit};

/// Relations in each other in the `populate` of a query.
const MAX_LOADED: usize = 8;

const FLUENT: Fluent = Fluent {
    runs: &["exec", "toArray", "next", "forEach", "eachAsync", "then", "orFail"],
    ends: &["cursor", "stream"],
    takes: &["merge"],
};

/// The query at a call of a model's or a collection's chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let last = call.method()?;
    if let Some(query) = changed_document(resolver, file, &call) {
        return Some(query);
    }
    if operation(last).is_none() && !is_link(last) {
        return None;
    }
    let steps = fluent::steps(resolver, file, call);
    let (start, method, name, library) = steps.iter().enumerate().find_map(|(index, step)| {
        let method = step.call.method()?;
        operation(method)?;
        let receiver = step.call.receiver()?;
        let (name, library) = model(resolver, step.file, receiver)?;
        Some((index, method, name, library))
    })?;
    let (operation, outcome) = operation(method)?;
    let first = steps[start];
    let mut query = Query {
        library,
        outcome,
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.tables.push(objects::table(name.as_str()));
    match outcome {
        Outcome::One if operation == Operation::Select => query.statement.limit = RowLimit::One,
        Outcome::Scalar => {
            query.statement.limit = RowLimit::One;
            query.statement.projection = Projection::Aggregate;
        }
        _ => {}
    }
    if matches!(outcome, Outcome::Rows | Outcome::One) && method != "aggregate" {
        query.model = Some(RowModel::Table(name.clone()));
    }
    arguments(resolver, first, method, &mut query);
    for step in &steps[start + 1..] {
        link(resolver, *step, &mut query);
    }
    if name.is_empty() {
        generic::leave_open(&mut query);
    }
    let is_promise =
        operation != Operation::Select && method != "deleteOne" || library == "mongodb" && !matches!(method, "find" | "aggregate");
    query.executed = is_promise || fluent::runs(call, FLUENT);
    Some(query)
}

/// `order.save()`, `order.updateOne({ … })`, `order.deleteOne()`: a document's own.
fn changed_document(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<Query> {
    let removes = match call.method()? {
        "save" | "updateOne" => false,
        "deleteOne" => true,
        _ => return None,
    };
    let (name, is_new) = document(resolver, file, call.receiver()?)?;
    let mut query = Query {
        library: "mongoose",
        outcome: Outcome::Nothing,
        executed: true,
        ..Query::default()
    };
    query.statement.tables.push(objects::table(name.as_str()));
    query.statement.operation = match (removes, is_new) {
        (true, _) => Operation::Delete,
        (false, true) => Operation::Insert,
        (false, false) => Operation::Update,
    };
    if query.statement.operation != Operation::Insert {
        by_id(&mut query);
    }
    if name.is_empty() {
        generic::leave_open(&mut query);
    }
    Some(query)
}

/// Adds the filter by the document's key.
fn by_id(query: &mut Query) {
    query.statement.filters.push(crate::statement::Filter {
        column: objects::first_column("_id"),
        kind: FilterKind::Equality,
        literal: None,
        optional: false,
        end: None,
        hindered: false,
    });
}

fn operation(method: &str) -> Option<(Operation, Outcome)> {
    Some(match method {
        "find" | "aggregate" | "distinct" => (Operation::Select, Outcome::Rows),
        "findOne" | "findById" => (Operation::Select, Outcome::One),
        "countDocuments" | "estimatedDocumentCount" | "exists" => (Operation::Select, Outcome::Scalar),
        "create" | "insertOne" | "insertMany" | "bulkWrite" => (Operation::Insert, Outcome::Nothing),
        "updateOne" | "updateMany" | "replaceOne" => (Operation::Update, Outcome::Nothing),
        "findOneAndUpdate" | "findByIdAndUpdate" | "findOneAndReplace" => (Operation::Update, Outcome::One),
        "deleteOne" | "deleteMany" => (Operation::Delete, Outcome::Nothing),
        "findOneAndDelete" | "findByIdAndDelete" | "findByIdAndRemove" | "findOneAndRemove" => (Operation::Delete, Outcome::One),
        _ => return None,
    })
}

fn is_link(method: &str) -> bool {
    matches!(
        method,
        "sort"
            | "limit"
            | "skip"
            | "select"
            | "lean"
            | "populate"
            | "where"
            | "equals"
            | "exec"
            | "session"
            | "read"
            | "hint"
            | "collation"
            | "cursor"
            | "project"
            | "toArray"
            | "batchSize"
            | "allowDiskUse"
            | "setOptions"
            | "maxTimeMS"
            | "orFail"
            | "stream"
            | "distinct"
            | "or"
            | "and"
            | "count"
            | "countDocuments"
            | "estimatedDocumentCount"
            | "readConcern"
            | "eachAsync"
            | "next"
    )
}

fn arguments(resolver: &dyn Resolver, step: ChainedCall<'_>, method: &str, query: &mut Query) {
    let call = step.call;
    let at = |index: usize| call.arg(index).map(|arg| (step.file, arg));
    if method.starts_with("findById") {
        by_id(query);
    }
    match method {
        "aggregate" => {
            if let Some(pipeline) = at(0) {
                stages(resolver, pipeline, query);
            }
        }
        "create" | "insertOne" | "insertMany" | "bulkWrite" => {}
        _ if method.starts_with("findById") => {}
        "distinct" => {
            query.statement.grouped = true;
            if let Some(place) = at(1) {
                filters(resolver, place, query);
            }
        }
        _ => {
            if let Some(place) = at(0) {
                filters(resolver, place, query);
            }
        }
    }
    if query.statement.operation == Operation::Update {
        // `updateOne(filter, change, settings)`.
        query.upserts = at(2).is_some_and(|place| upserts(resolver, place));
    }
    if let Some(place) = at(1).filter(|_| query.library == "mongoose" && matches!(method, "find" | "findOne" | "findById")) {
        projection(resolver, place, query);
    }
    // `find(filter, projection, options)`; the driver has the options second.
    for place in [at(1), at(2)].into_iter().flatten() {
        if !matches!(method, "find" | "findOne") || !matches!(call.module.kind(place.1), ExprKind::Object(_) | ExprKind::Name(_)) {
            continue;
        }
        let options = objects::fields(resolver, place.0, place.1);
        query.statement.open |= options.open;
        for field in options.items {
            match field.key.as_str() {
                "limit" if query.statement.limit == RowLimit::None => query.statement.limit = limits::of(resolver, field.value),
                "skip" => query.statement.offset = objects::skips(resolver, field.value),
                "sort" => orders(resolver, field.value, query),
                _ => {}
            }
        }
    }
}

/// The fields that are asked for: `"name port"`, `["name", "port"]`, `{ name: 1, port: 1 }`.
fn projection(resolver: &dyn Resolver, place: ExprPlace, query: &mut Query) {
    let module = resolver.module(place.0);
    let names = match (module.string(place.1), module.kind(place.1)) {
        (Some(text), _) => text.split_whitespace().map(ToOwned::to_owned).collect(),
        (None, ExprKind::Object(_)) => {
            let is_kept = |place: ExprPlace| {
                let module = resolver.module(place.0);
                module.number(place.1).is_some_and(|number| number != 0.0) || matches!(module.kind(place.1), ExprKind::Bool(true))
            };
            let fields = objects::fields(resolver, place.0, place.1).items.into_iter();
            fields.filter(|field| is_kept(field.value)).map(|field| field.key).collect()
        }
        _ => query_builder::strings(resolver, place),
    };
    let kept = names
        .iter()
        .filter(|name| !name.starts_with(['-', '+']))
        .map(|name| objects::first_column(name.as_str()));
    let kept: Vec<_> = kept.collect();
    if !kept.is_empty() {
        query.statement.projection = Projection::Columns(kept);
    }
}

/// Whether the settings of a change say that it adds what is not there.
fn upserts(resolver: &dyn Resolver, place: ExprPlace) -> bool {
    let settings = objects::fields(resolver, place.0, place.1);
    settings
        .get("upsert")
        .is_some_and(|field| !matches!(resolver.module(field.value.0).kind(field.value.1), ExprKind::Bool(false)))
}

fn link(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let call = step.call;
    let first = call.arg(0).map(|arg| (step.file, arg));
    match (call.method().unwrap_or_default(), first) {
        ("limit", Some(place)) if query.statement.limit == RowLimit::None => query.statement.limit = limits::of(resolver, place),
        ("skip", Some(place)) => query.statement.offset |= objects::skips(resolver, place),
        ("sort", Some(place)) => orders(resolver, place, query),
        ("populate", Some(place)) => populate(resolver, place, "", query),
        ("select" | "project", Some(place)) => projection(resolver, place, query),
        ("cursor" | "stream" | "eachAsync", _) => query.outcome = Outcome::Stream,
        ("next", _) => {
            query.outcome = Outcome::One;
            query.statement.limit = RowLimit::One;
        }
        // `find(…).countDocuments()`: the filter is the find's, what comes back is a number.
        ("count" | "countDocuments" | "estimatedDocumentCount", _) => {
            query.outcome = Outcome::Scalar;
            query.model = None;
            query.statement.limit = RowLimit::One;
            query.statement.projection = Projection::Aggregate;
        }
        ("where" | "or" | "and", _) => query.open_filters = true,
        _ => {}
    }
}

fn populate(resolver: &dyn Resolver, place: ExprPlace, prefix: &str, query: &mut Query) {
    if prefix.split('.').count() > MAX_LOADED {
        return;
    }
    let module = resolver.module(place.0);
    let join = |name: &str| {
        if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        }
    };
    if let Some(text) = module.string(place.1) {
        for name in text.split_whitespace() {
            query.eager.push(join(name));
            query.unbounded_includes.push(join(name));
        }
        return;
    }
    if matches!(module.kind(place.1), ExprKind::List(_)) {
        for (item, _) in objects::items(resolver, place.0, place.1).0 {
            populate(resolver, item, prefix, query);
        }
        return;
    }
    let read = objects::fields(resolver, place.0, place.1);
    let Some(path) = read.get("path").and_then(|field| query_builder::text(resolver, field.value)) else {
        return;
    };
    let path = join(&path);
    query.eager.push(path.clone());
    query.unbounded_includes.push(path.clone());
    if let Some(inner) = read.get("populate") {
        populate(resolver, inner.value, &path, query);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    const HEAD: &str = "import mongoose from 'mongoose';\nconst User = mongoose.model('User', schema);\n";

    #[test]
    fn collections_and_models_by_other_ways() {
        let typed = "import { Collection } from 'mongodb'; class Berths { constructor(private berths: Collection<Berth>) {} f() { return this.berths.updateOne({ no }, change); } }";
        let found = queries(typed, &[]);
        assert_eq!((found.len(), found[0].table(), found[0].executed), (1, Some("berths"), true));
        let kept = "import mongoose from 'mongoose'; const Cart = mongoose.models.Cart || mongoose.model('Cart', cartSchema);
            const cart = await Cart.findOne({ id }); await cart.updateOne({ who });";
        let tables: Vec<_> = queries(kept, &[])
            .iter()
            .map(|query| query.table().map(ToOwned::to_owned))
            .collect();
        assert_eq!(tables, [Some("Cart".to_owned()), Some("Cart".to_owned())]);
        let others = "import { Collection } from './shelf'; class Shelf { constructor(private rows: Collection<Row>) {} f() { return this.rows.updateOne({ no }); } }
            const Cart = registry.Cart || makeCart('Cart'); await Cart.findOne({ id });";
        assert_eq!(queries(others, &[]), []);
    }

    #[test]
    fn a_count_at_the_end_of_a_find_gives_no_rows() {
        for count in ["countDocuments()", "estimatedDocumentCount()", "count()"] {
            let query = query(&format!("{HEAD}const total = await User.find({{ orgId }}).{count};"), &[]);
            assert_eq!((query.outcome, query.statement.limit), (Outcome::Scalar, RowLimit::One), "{count}");
            assert!(query.executed && query.statement.filters.len() == 1, "{count}");
        }
    }

    #[test]
    fn reads_a_chain() {
        let query = query(
            &format!(
                "{HEAD}const rows = await User.find({{ orgId, age: {{ $gte: 3 }}, $or: [{{ a: 1 }}, {{ b: 2 }}] }}).populate('posts').sort('-at').limit(10).lean();"
            ),
            &[],
        );
        let seen: Vec<_> = query
            .statement
            .filters
            .iter()
            .map(|f| (f.column.column.as_str(), f.kind, f.optional))
            .collect();
        assert_eq!(
            seen,
            [
                ("orgId", FilterKind::Equality, false),
                ("age", FilterKind::Range, false),
                ("a", FilterKind::Equality, true),
                ("b", FilterKind::Equality, true)
            ]
        );
        assert_eq!(
            (query.table(), query.executed, query.statement.limit.clone()),
            (Some("User"), true, RowLimit::Rows(10))
        );
        assert!(query.statement.order[0].1 && query.eager == ["posts"]);
    }

    #[test]
    fn injected_models_and_collections() {
        let text = "import { Model } from 'mongoose'; class S { constructor(@InjectModel('Cat') private cats: Model<CatDocument>) {} async f() { return this.cats.findById(id).exec(); } }";
        let one = query(text, &[]);
        assert_eq!((one.table(), one.outcome), (Some("Cat"), Outcome::One));
        let raw = query("const rows = await db.collection('cats').find({ a }).toArray();", &[]);
        assert_eq!((raw.library, raw.executed), ("mongodb", true));
    }

    #[test]
    fn documents_are_saved_and_removed() {
        let made = query(&format!("{HEAD}const user = new User({{ name }});\nawait user.save();"), &[]);
        assert_eq!((made.table(), made.statement.operation), (Some("User"), Operation::Insert));
        let text = format!("{HEAD}async function f() {{ const user = await User.findOne({{ name }}); await user.save(); }}");
        let found = queries(&text, &[]);
        let changed = found.last().expect("the change");
        assert_eq!(
            (changed.statement.operation, changed.statement.filters.len()),
            (Operation::Update, 1)
        );
        assert_eq!(queries(&format!("{HEAD}canvas.save(); file.deleteOne();"), &[]), []);
    }

    #[test]
    fn changes_that_add_what_is_not_there() {
        for (settings, adds) in [
            ("{ upsert: true, new: true }", true),
            ("{ upsert: false }", false),
            ("{ new: true }", false),
        ] {
            let query = query(
                &format!("{HEAD}await User.findOneAndUpdate({{ name }}, {{ age: 3 }}, {settings});"),
                &[],
            );
            assert_eq!(query.adds(), adds, "{settings}");
        }
        let change = query(&format!("{HEAD}await User.updateOne({{ name }}, {{ upsert: true }});"), &[]);
        assert!(!change.adds(), "a field that is called so");
    }

    #[test]
    fn fields_that_are_asked_for_beside_the_filter() {
        for fields in ["'name age'", "{ name: 1, age: 1 }", "['name', 'age']"] {
            let query = query(&format!("{HEAD}await User.findById(id, {fields});"), &[]);
            assert!(
                matches!(&query.statement.projection, Projection::Columns(kept) if kept.len() == 2),
                "{fields}"
            );
        }
    }

    #[test]
    fn near_misses() {
        assert_eq!(
            queries(
                &format!("{HEAD}xs.find((x) => x.a); $('a').find('b'); repo.findOne({{ a }}); page.distinct('x');"),
                &[]
            ),
            []
        );
    }
}
