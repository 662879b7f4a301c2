//! Peewee: `User.select().where(User.age > 3).limit(10)`, `User.get(…)`, `user.save()`.

mod joined;
#[cfg(test)]
mod tests;

use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::chain::{self, ChainGrammar, Link, Step};
use crate::libraries::shared::comparison::{ConditionReader, Conditions};
use crate::libraries::shared::limits;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::libraries::shared::{objects, sql_text};
use crate::statement::{ColumnUse, Filter, FilterKind, Operation, Projection, RowLimit};

/// The query that a call makes or runs, as far as the library's chain around it says; `None` where the call is not the library's.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_known(method) {
        return None;
    }
    let call = resolver.module(file).call(call.id)?;
    if let Some(query) = instance(resolver, file, &call, method) {
        return Some(query);
    }
    let start = |file: FileId, expr: ExprId| start(resolver, file, expr);
    let grammar = ChainGrammar {
        start: &start,
        known: &|call| call.method().is_some_and(is_known),
        helper: &|_, _, found| found,
    };
    let found = chain::walk(resolver, file, call, &grammar)?;
    if found.start.library != "peewee" {
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
            Step::Call(call) if !before => draft.step(link, &call),
            // What is called on rows is no query.
            Step::Call(_) => return None,
        }
        ran_before |= !before && draft.query.executed && !link.inline;
    }
    draft.query.fetch |= ran_before;
    Some(draft.query)
}

#[rustfmt::skip]
fn is_known(method: &str) -> bool {
    is_start(method)
        || matches!(
            method,
            "where" | "orwhere" | "join" | "join_from" | "left_outer_join" | "switch" | "group_by" | "having" | "order_by" | "order_by_extend"
                | "limit" | "offset" | "paginate" | "distinct" | "dicts" | "tuples" | "namedtuples" | "objects" | "alias" | "for_update" | "on_conflict"
                | "on_conflict_ignore" | "on_conflict_replace" | "returning" | "select_extend" | "execute" | "first" | "peek" | "count" | "exists"
                | "scalar" | "iterator" | "save" | "delete_instance" | "from_" | "with_cte" | "union" | "union_all"
        )
}

#[rustfmt::skip]
fn is_start(method: &str) -> bool {
    matches!(
        method,
        "select" | "insert" | "insert_many" | "replace" | "replace_many" | "update" | "delete" | "raw" | "get" | "get_or_none" | "get_by_id" | "create"
            | "get_or_create" | "bulk_create" | "bulk_update" | "delete_by_id" | "set_by_id" | "insert_from"
    )
}

/// The model that an expression names.
fn model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<(String, RowModel)> {
    let Value::Class(at, class) = resolver.value(file, expr) else {
        return None;
    };
    (resolver.model_library(at, class) == Some(super::TOOL)).then_some(())?;
    let module = resolver.module(at);
    let name = module.class(class).name.map(|name| module.str(name).to_owned())?;
    Some((name, RowModel::Class(at, class)))
}

fn of_model((name, model): (String, RowModel)) -> Query {
    let mut query = Query {
        library: "peewee",
        blocking: true,
        model: Some(model),
        ..Query::default()
    };
    query.statement.tables.push(objects::table(name));
    query
}

fn start(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let call = resolver.module(file).call(expr)?;
    let method = call.method().filter(|method| is_start(method))?;
    let mut draft = Draft {
        resolver,
        query: of_model(model(resolver, file, call.receiver()?)?),
    };
    match method {
        "select" => draft.columns(file, &call),
        "insert" | "insert_many" | "replace" | "replace_many" | "insert_from" => draft.write(Operation::Insert, false),
        "update" => draft.write(Operation::Update, false),
        "delete" => draft.write(Operation::Delete, false),
        "create" | "get_or_create" => {
            let model = draft.query.model.clone();
            draft.write(Operation::Insert, true);
            draft.query.model = model;
            draft.query.outcome = Outcome::One;
        }
        "bulk_create" => draft.write(Operation::Insert, true),
        "bulk_update" => draft.write(Operation::Update, true),
        "set_by_id" | "delete_by_id" => {
            draft.key();
            draft.write(
                if method == "set_by_id" {
                    Operation::Update
                } else {
                    Operation::Delete
                },
                true,
            );
        }
        "get_by_id" => {
            draft.key();
            draft.one();
        }
        "get" | "get_or_none" => {
            draft.conditions(file, &call, false);
            draft.one();
        }
        // `raw("SELECT …")`.
        _ => {
            let text = call.arg(0).and_then(|text| sql_text::query(resolver, file, text));
            match text {
                Some(text) => draft.query.statement = text.statement,
                None => draft.query.opaque = true,
            }
        }
    }
    Some(draft.query)
}

/// `user.save()`, `user.delete_instance()`.
fn instance(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let operation = match method {
        "save" => Operation::Update,
        "delete_instance" => Operation::Delete,
        _ => return None,
    };
    let (Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class)) = resolver.value(file, call.receiver()?) else {
        return None;
    };
    let is_override = matches!(resolver.value(file, call.callee), Value::Function(..));
    if is_override || resolver.model_library(at, class) != Some(super::TOOL) {
        return None;
    }
    let module = resolver.module(at);
    let name = module.class(class).name.map(|name| module.str(name).to_owned())?;
    let mut draft = Draft {
        resolver,
        query: of_model((name, RowModel::Class(at, class))),
    };
    draft.write(operation, true);
    Some(draft.query)
}

struct Draft<'r> {
    resolver: &'r dyn Resolver,
    query: Query,
}

impl Draft<'_> {
    fn step(&mut self, link: &Link<'_>, call: &Call<'_>) {
        let file = link.file;
        let first = call.arg(0).map(|arg| (file, arg));
        match (call.method().unwrap_or_default(), first) {
            ("where", _) => self.conditions(file, call, link.optional),
            ("orwhere", _) => self.conditions(file, call, true),
            ("having", _) => {}
            ("join" | "left_outer_join", Some((_, target))) => self.join(file, call, target),
            ("join_from", _) => {
                if let Some(target) = call.arg(1) {
                    self.join(file, call, target);
                }
            }
            ("group_by", _) => {
                self.query.statement.grouped = true;
                let found: Vec<_> = call.args.iter().filter_map(|arg| self.column(file, arg.value)).collect();
                self.query.statement.group.extend(found);
            }
            ("distinct", _) => self.query.statement.grouped = true,
            ("order_by" | "order_by_extend", _) => self.order(file, call),
            ("limit", Some(place)) => self.query.statement.limit = limits::of(self.resolver, place),
            ("offset", Some(place)) => self.query.statement.offset |= objects::skips(self.resolver, place),
            ("paginate", _) => {
                self.query.statement.limit = call
                    .arg(1)
                    .map_or(RowLimit::Rows(20), |size| limits::of(self.resolver, (file, size)));
                self.query.statement.offset = true;
            }
            ("select_extend", _) => self.columns(file, call),
            ("dicts" | "tuples" | "namedtuples", _) => self.query.model = None,
            ("get" | "get_or_none" | "first" | "peek", _) => {
                self.conditions(file, call, false);
                self.one();
            }
            ("count" | "exists" | "scalar", _) => {
                self.query.executed = true;
                self.query.model = None;
                self.query.outcome = Outcome::Scalar;
                self.query.statement.projection = Projection::Aggregate;
                self.query.statement.limit = RowLimit::One;
            }
            ("execute", _) => self.query.executed = true,
            ("iterator", _) => {
                self.query.executed = true;
                self.query.outcome = Outcome::Stream;
            }
            ("union" | "union_all" | "with_cte" | "from_", _) => self.query.statement.open = true,
            _ => {}
        }
    }

    fn one(&mut self) {
        self.query.executed = true;
        self.query.outcome = Outcome::One;
        self.query.statement.limit = RowLimit::One;
    }

    fn write(&mut self, operation: Operation, runs: bool) {
        self.query.executed = runs;
        self.query.statement.operation = operation;
        self.query.statement.projection = Projection::None;
        self.query.outcome = Outcome::Nothing;
        self.query.model = None;
    }

    fn key(&mut self) {
        self.query.statement.filters.push(objects::by_key(FilterKind::Equality, false));
    }

    /// `User.name`, `cls.model.name`.
    fn column(&self, file: FileId, expr: ExprId) -> Option<ColumnUse> {
        let module = self.resolver.module(file);
        let ExprKind::Attr { base, name } = module.kind(expr) else {
            return None;
        };
        let (table, _) = model(self.resolver, file, *base)?;
        Some(ColumnUse {
            table: self.query.statement.tables.iter().position(|used| used.name == table),
            column: module.str(*name).to_owned(),
        })
    }

    fn conditions(&mut self, file: FileId, call: &Call<'_>, optional: bool) {
        let mut found = Conditions::default();
        {
            let column = |file: FileId, expr: ExprId| self.column(file, expr);
            let reader = ConditionReader {
                resolver: self.resolver,
                column: &column,
            };
            for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
                reader.read(file, arg.value, optional, &mut found);
            }
        }
        // `User.get(name=x)`.
        for arg in call.args {
            let Some(name) = arg.name else { continue };
            found.filters.push(Filter {
                column: objects::first_column(call.module.str(name)),
                kind: FilterKind::Equality,
                literal: objects::literal(self.resolver, (file, arg.value)),
                optional,
                end: None,
                hindered: false,
            });
        }
        self.query.statement.open |= found.into_statement(&mut self.query.statement);
    }

    fn join(&mut self, file: FileId, call: &Call<'_>, target: ExprId) {
        if let Some((name, _)) = model(self.resolver, file, target) {
            self.query.statement.tables.push(objects::table(name));
        }
        let Some(on) = call.keyword("on").or_else(|| call.arg(2)) else {
            return;
        };
        let mut found = Conditions::default();
        {
            let column = |file: FileId, expr: ExprId| self.column(file, expr);
            let reader = ConditionReader {
                resolver: self.resolver,
                column: &column,
            };
            reader.read(file, on, true, &mut found);
        }
        self.query.statement.joins.extend(found.joins);
    }

    fn order(&mut self, file: FileId, call: &Call<'_>) {
        let module = call.module;
        for arg in call.args {
            let (expr, descending) = match module.kind(arg.value) {
                ExprKind::Unary { operand, .. } => (*operand, true),
                ExprKind::Call { .. } => match module.call(arg.value).and_then(|call| Some((call.receiver()?, call.method()?))) {
                    Some((receiver, method)) => (receiver, method == "desc"),
                    None => continue,
                },
                _ => (arg.value, false),
            };
            if let Some(column) = self.column(file, expr) {
                self.query.statement.order.push((column, descending));
            }
        }
    }

    /// Columns, models (all of their columns), aggregates. Those of other models come by joins, and fill the relations that lead to them.
    fn columns(&mut self, file: FileId, call: &Call<'_>) {
        let loaded = joined::paths(self.resolver, self.query.model.as_ref(), (file, call));
        self.query.eager.extend(loaded);
        let (mut columns, mut aggregates, mut whole) = (Vec::new(), 0, call.args.is_empty());
        for arg in call.args {
            let module = call.module;
            let aliased = module
                .call(arg.value)
                .filter(|call| call.method() == Some("alias"))
                .and_then(|call| call.receiver());
            let expr = aliased.unwrap_or(arg.value);
            let function = module.call(expr).and_then(|call| call.method());
            match (self.column(file, expr), function) {
                (Some(column), _) => columns.push(column),
                (None, Some("COUNT" | "SUM" | "MAX" | "MIN" | "AVG")) => aggregates += 1,
                _ => whole = true,
            }
        }
        if whole {
            return;
        }
        self.query.statement.projection = if columns.is_empty() && aggregates > 0 {
            self.query.model = None;
            Projection::Aggregate
        } else {
            Projection::Columns(columns)
        };
    }
}
