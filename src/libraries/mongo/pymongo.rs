//! `MongoDB` in Python: the collections of `PyMongo` and Motor, the documents of Beanie.

#[cfg(test)]
mod tests;

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::mongo::operators::{descends, filters, orders, stages};
use crate::libraries::shared::comparison::{ConditionReader, Conditions};
use crate::libraries::shared::fluent::{self, ChainedCall};
use crate::libraries::shared::handles;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::libraries::shared::{chain, query_builder};
use crate::statement::{ColumnUse, Filter, FilterKind, Operation, Projection, RowLimit};

/// The query that a call makes or runs, as far as the library's chain around it says; `None` where the call is not the library's.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let last = call.method()?;
    if operation(last).is_none() && !is_link(last) && !is_instance_method(last) {
        return None;
    }
    if let Some(query) = instance(resolver, file, &call, last) {
        return Some(query);
    }
    let steps = fluent::steps(resolver, file, call);
    let (at, holder, started) = steps.iter().enumerate().find_map(|(index, step)| {
        let started = operation(step.call.method()?)?;
        let holder = holder(resolver, step.file, step.call.receiver()?, step.call.method()?)?;
        Some((index, holder, started))
    })?;
    let first = *steps.get(at)?;
    let mut draft = Draft::new(resolver, holder, started);
    draft.arguments(first);
    for step in steps.get(at + 1..)? {
        draft.link(*step);
    }
    let query = &mut draft.query;
    let is_cursor = matches!(first.call.method(), Some("find" | "find_many" | "find_all" | "aggregate"));
    query.executed |= !is_cursor;
    query.blocking &= !chain::is_awaited(call.module, call.id);
    Some(draft.query)
}

fn operation(method: &str) -> Option<(Operation, Outcome)> {
    Some(match method {
        "find" | "find_many" | "find_all" | "aggregate" | "distinct" => (Operation::Select, Outcome::Rows),
        "find_one" | "get" => (Operation::Select, Outcome::One),
        "count_documents" | "estimated_document_count" => (Operation::Select, Outcome::Scalar),
        "insert_one" | "insert_many" | "bulk_write" => (Operation::Insert, Outcome::Nothing),
        "update_one" | "update_many" | "replace_one" => (Operation::Update, Outcome::Nothing),
        "find_one_and_update" | "find_one_and_replace" => (Operation::Update, Outcome::One),
        "delete_one" | "delete_many" | "delete_all" => (Operation::Delete, Outcome::Nothing),
        "find_one_and_delete" => (Operation::Delete, Outcome::One),
        _ => return None,
    })
}

fn is_link(method: &str) -> bool {
    matches!(
        method,
        "sort"
            | "limit"
            | "skip"
            | "to_list"
            | "batch_size"
            | "project"
            | "first_or_none"
            | "count"
            | "exists"
            | "hint"
            | "max_time_ms"
            | "aggregate"
    )
}

fn is_instance_method(method: &str) -> bool {
    matches!(method, "insert" | "save" | "save_changes" | "replace" | "delete" | "create")
}

/// What a query is asked of.
struct Holder {
    name: String,
    library: &'static str,
    is_async: bool,
    model: RowModel,
}

/// The collection or document class that a receiver is.
fn holder(resolver: &dyn Resolver, file: FileId, receiver: ExprId, method: &str) -> Option<Holder> {
    if let Value::Class(at, class) = resolver.value(file, receiver) {
        return is_document(resolver, at, class).then(|| document(resolver, at, class)).flatten();
    }
    if matches!(method, "get" | "find_many" | "find_all" | "delete_all") {
        return None;
    }
    let held = resolver.value(file, receiver);
    let library = held.library_name().unwrap_or_default();
    let module = resolver.module(file);
    let (at, definition) = resolver.definition(file, receiver).unwrap_or((file, receiver));
    let name = collection(resolver, at, definition).or_else(|| {
        let is_typed = is_mongo(library) && library.ends_with("Collection");
        let own = objects::last_name(module, receiver)?;
        let is_called_so = own.to_ascii_lowercase().contains("coll") && method.contains('_') && imports_driver(module);
        (is_typed || is_called_so).then(|| own.trim_start_matches('_').trim_end_matches("_collection").to_owned())
    })?;
    Some(Holder {
        model: RowModel::Table(name.clone()),
        name,
        library: "pymongo",
        is_async: library.contains("Async") || query_builder::imports(resolver.module(at), &["motor"]),
    })
}

/// The collection that `db["users"]`, `db.users`, `db.get_collection("users")` names.
fn collection(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<String> {
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::Index { base, index } => {
            let name = query_builder::text(resolver, (file, *index))?;
            is_database(resolver, file, *base).then_some(name)
        }
        ExprKind::Attr { base, name } => is_database(resolver, file, *base).then(|| module.str(*name).to_owned()),
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let is_getter = matches!(call.method(), Some("get_collection" | "Collection" | "with_options"));
            is_getter
                .then(|| call.args.iter().find_map(|arg| module.string(arg.value)))?
                .map(ToOwned::to_owned)
        }
        _ => None,
    }
}

fn is_mongo(library: &str) -> bool {
    library.starts_with("pymongo") || library.starts_with("motor")
}

fn imports_driver(module: &Module) -> bool {
    query_builder::imports(module, &["pymongo", "motor", "bson", "mongo"])
}

/// Whether an expression is a database: by its type, or by its name in a file that imports a driver.
fn is_database(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let held = resolver.value(file, expr);
    if let Some(library) = held.library_name().filter(|library| is_mongo(library)) {
        return library.ends_with("Database") || library.ends_with("Client");
    }
    let module = resolver.module(file);
    // `client["shop"]["users"]`.
    if let ExprKind::Index { base, .. } = module.kind(expr) {
        let client = resolver.value(file, *base);
        return client
            .library_name()
            .is_some_and(|library| is_mongo(library) && library.ends_with("Client"));
    }
    let name = objects::last_name(module, expr).unwrap_or_default();
    held.is_unknown() && imports_driver(module) && (name.contains("mongo") || handles::is_database(name))
}

fn is_document(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> bool {
    let ancestors = resolver.ancestors(file, class);
    ancestors
        .iter()
        .any(|name| name.starts_with("beanie.") && name.ends_with("Document"))
}

fn document(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> Option<Holder> {
    let module = resolver.module(file);
    let name = module.class(class).name.map(|name| module.str(name).to_owned())?;
    Some(Holder {
        name,
        library: "beanie",
        is_async: true,
        model: RowModel::Class(file, class),
    })
}

/// `user.save()`, `user.delete()` of a Beanie document.
fn instance(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let operation = match method {
        "insert" | "create" => Operation::Insert,
        "delete" => Operation::Delete,
        _ if is_instance_method(method) => Operation::Update,
        _ => return None,
    };
    let (Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class)) = resolver.value(file, call.receiver()?) else {
        return None;
    };
    let holder = is_document(resolver, at, class).then(|| document(resolver, at, class)).flatten()?;
    let mut draft = Draft::new(resolver, holder, (operation, Outcome::Nothing));
    draft.query.executed = true;
    Some(draft.query)
}

struct Draft<'r> {
    resolver: &'r dyn Resolver,
    query: Query,
    name: String,
}

impl<'r> Draft<'r> {
    fn new(resolver: &'r dyn Resolver, holder: Holder, (operation, outcome): (Operation, Outcome)) -> Self {
        let mut query = Query {
            library: holder.library,
            outcome,
            blocking: !holder.is_async,
            ..Query::default()
        };
        query.statement.operation = operation;
        query.statement.tables.push(objects::table(holder.name.as_str()));
        match outcome {
            Outcome::One if operation == Operation::Select => query.statement.limit = RowLimit::One,
            Outcome::Scalar => {
                query.statement.limit = RowLimit::One;
                query.statement.projection = Projection::Aggregate;
            }
            _ => {}
        }
        if operation != Operation::Select {
            query.statement.projection = Projection::None;
        }
        if matches!(outcome, Outcome::Rows | Outcome::One) {
            query.model = Some(holder.model);
        }
        Draft {
            resolver,
            query,
            name: holder.name,
        }
    }

    fn arguments(&mut self, step: ChainedCall<'_>) {
        let call = step.call;
        let method = call.method().unwrap_or_default();
        let place = |index: usize, name: &str| call.arg(index).or_else(|| call.keyword(name)).map(|arg| (step.file, arg));
        match method {
            "insert_one" | "insert_many" | "bulk_write" | "find_all" | "delete_all" => {}
            "aggregate" => {
                self.query.model = None;
                if let Some(pipeline) = place(0, "pipeline") {
                    stages(self.resolver, pipeline, &mut self.query);
                }
            }
            "get" => self.query.statement.filters.push(Filter {
                column: objects::first_column("_id"),
                kind: FilterKind::Equality,
                literal: None,
                optional: false,
                end: None,
                hindered: false,
            }),
            "distinct" => {
                self.query.statement.grouped = true;
                if let Some(filter) = place(1, "filter") {
                    filters(self.resolver, filter, &mut self.query);
                }
            }
            _ if self.query.library == "beanie" => {
                for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
                    self.condition((step.file, arg.value));
                }
            }
            _ => {
                if let Some(filter) = place(0, "filter") {
                    filters(self.resolver, filter, &mut self.query);
                }
            }
        }
        if let Some(limit) = call.keyword("limit").filter(|_| method.starts_with("find")) {
            self.query.statement.limit = limits::of(self.resolver, (step.file, limit));
        }
        if let Some(sort) = call.keyword("sort") {
            orders(self.resolver, (step.file, sort), &mut self.query);
        }
    }

    /// A filter document, or a comparison of the document's fields.
    fn condition(&mut self, place: (FileId, ExprId)) {
        let module = self.resolver.module(place.0);
        if !matches!(module.kind(place.1), ExprKind::Binary { .. } | ExprKind::Unary { .. }) {
            return filters(self.resolver, place, &mut self.query);
        }
        let mut found = Conditions::default();
        let column = |file: FileId, expr: ExprId| {
            let module = self.resolver.module(file);
            let ExprKind::Attr { base, name } = module.kind(expr) else {
                return None;
            };
            (objects::last_name(module, *base) == Some(self.name.as_str())).then(|| ColumnUse {
                table: Some(0),
                column: module.str(*name).to_owned(),
            })
        };
        let reader = ConditionReader {
            resolver: self.resolver,
            column: &column,
        };
        reader.read(place.0, place.1, false, &mut found);
        found.joins.clear();
        self.query.open_filters |= found.into_statement(&mut self.query.statement);
    }

    fn link(&mut self, step: ChainedCall<'_>) {
        let call = step.call;
        let first = call.arg(0).map(|arg| (step.file, arg));
        let query = &mut self.query;
        match (call.method().unwrap_or_default(), first) {
            ("sort", Some(place)) => match call.arg(1) {
                // `sort("at", -1)`.
                Some(direction) => {
                    if let Some(name) = query_builder::text(self.resolver, place) {
                        let is_descending = descends(self.resolver, (step.file, direction));
                        query.statement.order.push((objects::first_column(name), is_descending));
                    }
                }
                None => orders(self.resolver, place, query),
            },
            ("limit", Some(place)) => {
                query.statement.limit = match limits::of(self.resolver, place) {
                    // No rows at all is how the driver says no limit.
                    RowLimit::Rows(0) => RowLimit::None,
                    limit => limit,
                };
            }
            ("skip", Some(place)) => query.statement.offset |= objects::skips(self.resolver, place),
            ("to_list", length) => {
                query.executed = true;
                if let Some(place) = length.filter(|_| query.statement.limit == RowLimit::None) {
                    query.statement.limit = limits::of(self.resolver, place);
                }
            }
            ("first_or_none", _) => {
                query.executed = true;
                query.outcome = Outcome::One;
                query.statement.limit = RowLimit::One;
            }
            ("count" | "exists", _) => {
                query.executed = true;
                query.model = None;
                query.outcome = Outcome::Scalar;
                query.statement.limit = RowLimit::One;
                query.statement.projection = Projection::Aggregate;
            }
            ("update" | "update_many" | "set" | "delete" | "delete_many", _) => {
                query.executed = true;
                let is_delete = call.method().is_some_and(|method| method.starts_with("delete"));
                query.statement.operation = if is_delete { Operation::Delete } else { Operation::Update };
                query.outcome = Outcome::Nothing;
            }
            _ => {}
        }
    }
}
