//! Drizzle: `db.select().from(users).where(eq(users.id, id))`, writes, and `db.query.users.findMany(…)`.

use crate::ir::{Call, ExprId, ExprKind, TemplatePart};
use crate::libraries::shared::chain;
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::generic;
use crate::libraries::shared::handles;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, Fields};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{ColumnUse, Filter, FilterKind, Join, Operation, Projection, RowLimit, Subquery, SubqueryPlace, TableUse};
use table::ChainTable;

mod condition;
mod relational;
mod table;

const FLUENT: Fluent = Fluent {
    runs: &["execute", "all", "get", "run", "sync", "$count"],
    ends: &["as", "prepare", "toSQL", "getSQL", "$dynamic"],
    takes: &[
        "exists",
        "notExists",
        "inArray",
        "notInArray",
        "union",
        "unionAll",
        "intersect",
        "intersectAll",
        "except",
        "exceptAll",
        "from",
        "leftJoin",
        "innerJoin",
        "rightJoin",
        "fullJoin",
        "leftJoinLateral",
        "innerJoinLateral",
        "crossJoin",
        "as",
        "with",
        "where",
        "having",
        "select",
        "set",
        "values",
        "onConflictDoUpdate",
        "sql",
        "eq",
        "ne",
        "gt",
        "lt",
        "gte",
        "lte",
        "and",
        "or",
        "not",
    ],
};

/// Whether an expression leads to a table's constant.
pub fn is_table(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    table::resolve(resolver, (file, expr)).is_some()
}

/// The query at a call of a Drizzle chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_method(method) {
        return None;
    }
    if matches!(method, "findMany" | "findFirst") {
        return relational::recognise(resolver, file, call);
    }
    // The chain's calls come from the module that the resolver holds.
    let module = resolver.module(file);
    let call = module.call(call.id)?;
    let steps = fluent::steps(resolver, file, call);
    let mut build = Build {
        resolver,
        tables: Vec::new(),
        query: Query {
            library: "drizzle",
            ..Query::default()
        },
        is_told_by_use: false,
    };
    let Some(start) = build.start(&steps) else {
        return relational::prepared(resolver, &steps, call);
    };
    for (index, step) in steps.iter().enumerate() {
        if index != start {
            build.step(*step, index < start);
        }
    }
    build.finish(&steps);
    let mut query = build.query;
    if build.is_told_by_use {
        generic::leave_open(&mut query);
    }
    query.executed = fluent::runs(call, FLUENT);
    Some(query)
}

fn is_method(method: &str) -> bool {
    matches!(
        method,
        "from"
            | "insert"
            | "update"
            | "delete"
            | "where"
            | "having"
            | "limit"
            | "offset"
            | "orderBy"
            | "groupBy"
            | "leftJoin"
            | "innerJoin"
            | "rightJoin"
            | "fullJoin"
            | "leftJoinLateral"
            | "innerJoinLateral"
            | "crossJoin"
            | "values"
            | "set"
            | "returning"
            | "returningAll"
            | "onConflictDoNothing"
            | "onConflictDoUpdate"
            | "onDuplicateKeyUpdate"
            | "for"
            | "as"
            | "prepare"
            | "toSQL"
            | "$dynamic"
            | "$withCache"
            | "$returningId"
            | "$count"
            | "union"
            | "unionAll"
            | "intersect"
            | "except"
            | "findMany"
            | "findFirst"
            | "execute"
            | "all"
            | "get"
            | "run"
            | "overridingSystemValue"
    )
}

/// A query as its chain is read.
struct Build<'r> {
    resolver: &'r dyn Resolver,
    tables: Vec<ChainTable>,
    query: Query,
    /// Each use of the body says of which table the statement is.
    is_told_by_use: bool,
}

impl Build<'_> {
    /// The step that names the table, if the chain is one of Drizzle's.
    fn start(&mut self, steps: &[ChainedCall<'_>]) -> Option<usize> {
        let (index, step) = steps.iter().enumerate().find(|(_, step)| {
            matches!(
                step.call.method(),
                Some("from" | "insert" | "update" | "delete" | "$count") if step.call.receiver().is_some()
            )
        })?;
        let target = step.call.arg(0)?;
        let operation = match step.call.method()? {
            "from" | "$count" => Operation::Select,
            "insert" => Operation::Insert,
            "update" => Operation::Update,
            _ => Operation::Delete,
        };
        let handle = match step.call.method() {
            Some("from") => {
                let select = steps[..index]
                    .iter()
                    .rev()
                    .find(|step| matches!(step.call.method(), Some("select" | "selectDistinct" | "selectDistinctOn")))?;
                select.call.receiver().or(Some(select.call.callee))?
            }
            _ => step.call.receiver()?,
        };
        let table = table::resolve(self.resolver, (step.file, target));
        if table.is_none() {
            let name = objects::last_name(step.call.module, target).unwrap_or_default();
            self.is_told_by_use = generic::is_open(self.resolver, step.file, target, name);
        }
        if table.is_none() && !self.could_be_table(step, target, handle, operation, steps) {
            return None;
        }
        self.query.statement.operation = operation;
        self.add_table((step.file, target), table);
        if operation == Operation::Select {
            self.query.outcome = Outcome::Rows;
        } else {
            self.query.outcome = Outcome::Nothing;
            self.query.statement.projection = Projection::None;
        }
        if step.call.method() == Some("$count") {
            self.query.outcome = Outcome::Scalar;
            self.query.statement.projection = Projection::Aggregate;
            self.query.statement.limit = RowLimit::One;
            if let Some(condition) = step.call.arg(1) {
                self.condition((step.file, condition), false);
            }
        }
        self.query.blocking = is_synchronous(self.resolver, (step.file, handle));
        Some(index)
    }

    /// A table that is not found (it comes from a package or a parameter): the rest of the chain must say Drizzle.
    fn could_be_table(
        &self,
        step: &ChainedCall<'_>,
        target: ExprId,
        handle: ExprId,
        operation: Operation,
        steps: &[ChainedCall<'_>],
    ) -> bool {
        let module = step.call.module;
        if !matches!(
            module.kind(target),
            ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Index { .. } | ExprKind::Call { .. }
        ) {
            return false;
        }
        if operation == Operation::Select
            && let Some(query) = self.resolver.query(step.file, target)
        {
            return query.library == "drizzle";
        }
        let is_call = matches!(module.kind(target), ExprKind::Call { .. });
        if matches!(
            self.resolver.value(step.file, target),
            Value::Class(..) | Value::Row(..) | Value::Many(_) | Value::Function(..)
        ) {
            return false;
        }
        let imports = module
            .imports
            .iter()
            .any(|import| module.str(import.module).contains("drizzle") || module.str(import.module).ends_with("/db"));
        let value = self.resolver.value(step.file, handle);
        let known = value.library_name().is_some_and(|name| name.contains("drizzle"));
        let named = objects::last_name(module, handle)
            .is_some_and(|name| name.to_ascii_lowercase().ends_with("drizzle") || handles::may_be_database(name));
        let has = |method: &str| steps.iter().any(|step| step.call.method() == Some(method));
        match operation {
            Operation::Select => known || named && (imports || !is_call),
            Operation::Insert => !is_call && (known || named && imports) && has("values"),
            Operation::Update => !is_call && (known || named && imports) && has("set"),
            _ => !is_call && (known || named && imports) && (has("where") || has("returning")),
        }
    }

    fn add_table(&mut self, place: ExprPlace, table: Option<ChainTable>) -> usize {
        let module = self.resolver.module(place.0);
        let table = table.unwrap_or_else(|| {
            let text = module.dotted(place.1).unwrap_or_default();
            ChainTable {
                name: objects::last_name(module, place.1).unwrap_or("?").to_owned(),
                text,
                ..ChainTable::default()
            }
        });
        self.query.statement.tables.push(TableUse {
            name: table.name.clone(),
            alias: table.alias.clone(),
        });
        self.tables.push(table);
        let index = self.tables.len() - 1;
        if let Some(inner) = self.resolver.query(place.0, place.1).filter(|query| !query.executed) {
            self.query.statement.subqueries.push(Subquery {
                place: SubqueryPlace::From,
                correlated: false,
                grouped: inner.statement.grouped,
                statement: Box::new(inner.statement),
            });
        }
        index
    }

    fn step(&mut self, step: ChainedCall<'_>, before: bool) {
        let Some(method) = step.call.method() else { return };
        let at = |arg: ExprId| (step.file, arg);
        let first = step.call.arg(0);
        match (method, first) {
            ("select" | "selectDistinct" | "selectDistinctOn", _) if before => self.select(step),
            ("where" | "having", Some(condition)) => self.condition(at(condition), step.conditional),
            ("limit", Some(limit)) => {
                self.query.statement.limit = match limits::of(self.resolver, at(limit)) {
                    _ if step.conditional => RowLimit::Value,
                    limit => limit,
                }
            }
            ("offset", Some(offset)) => self.query.statement.offset |= objects::skips(self.resolver, at(offset)),
            ("orderBy", _) => self.order(step),
            ("groupBy", _) => {
                self.query.statement.grouped = true;
                for arg in step.call.args {
                    let column = self.column(at(arg.value));
                    self.query.statement.group.extend(column);
                }
            }
            ("leftJoin" | "innerJoin" | "rightJoin" | "fullJoin" | "leftJoinLateral" | "innerJoinLateral" | "crossJoin", Some(joined)) => {
                let table = table::resolve(self.resolver, at(joined));
                self.add_table(at(joined), table);
                if let Some(on) = step.call.arg(1) {
                    self.condition(at(on), step.conditional);
                }
            }
            ("returning" | "returningAll" | "$returningId", _) => {
                self.query.outcome = Outcome::Rows;
                self.query.statement.projection = Projection::All;
            }
            ("get", None) => {
                self.query.outcome = Outcome::One;
                self.query.statement.limit = RowLimit::One;
            }
            ("union" | "unionAll" | "intersect" | "except", _) => self.query.statement.open = true,
            _ => {}
        }
    }

    fn order(&mut self, step: ChainedCall<'_>) {
        for arg in step.call.args {
            let module = step.call.module;
            // `up ? asc(t.at) : desc(t.at)` is by that column either way.
            let (inner, descending) = match module.call(chain::either(module, arg.value)) {
                Some(call) => match (call.method(), call.arg(0)) {
                    (Some("desc"), Some(inner)) => (inner, true),
                    (Some("asc"), Some(inner)) => (inner, false),
                    _ => continue,
                },
                None => (chain::either(module, arg.value), false),
            };
            if let Some(column) = self.column((step.file, inner)) {
                self.query.statement.order.push((column, descending));
            }
        }
    }

    fn select(&mut self, step: ChainedCall<'_>) {
        let distinct_on = step.call.method() == Some("selectDistinctOn");
        self.query.statement.grouped |= step.call.method() != Some("select");
        let Some(shape) = step.call.arg(usize::from(distinct_on)) else {
            return;
        };
        // Columns are known once the tables are: only the fields' kinds matter here, see `finish`.
        let read = objects::fields(self.resolver, step.file, shape);
        if read.open || read.items.is_empty() {
            return;
        }
        let aggregates = read.items.iter().filter(|field| self.is_aggregate(field.value)).count();
        if aggregates == read.items.len() {
            self.query.statement.projection = Projection::Aggregate;
        }
    }

    /// What needs all tables: the columns of the projection; and what follows from the whole.
    fn finish(&mut self, steps: &[ChainedCall<'_>]) {
        let select = steps
            .iter()
            .find(|step| matches!(step.call.method(), Some("select" | "selectDistinct" | "selectDistinctOn")));
        if let (Some(step), Projection::All) = (select, &self.query.statement.projection) {
            let index = usize::from(step.call.method() == Some("selectDistinctOn"));
            if let Some(object) = step.call.arg(index) {
                self.project(&objects::fields(self.resolver, step.file, object));
            }
        }
        let statement = &mut self.query.statement;
        if statement.operation == Operation::Select && statement.projection == Projection::Aggregate && !statement.grouped {
            statement.limit = RowLimit::One;
            self.query.outcome = Outcome::Scalar;
        }
        if matches!(self.query.outcome, Outcome::Rows | Outcome::One) && statement.projection != Projection::Aggregate {
            self.query.model = statement.tables.first().map(|table| RowModel::Table(table.name.clone()));
        }
    }

    fn project(&mut self, read: &Fields) {
        let mut columns = Vec::new();
        for field in &read.items {
            if self.table_of(field.value).is_some() {
                return;
            }
            if let Some(column) = self.column(field.value) {
                columns.push(column);
            } else if let ExprKind::Object(_) = self.resolver.module(field.value.0).kind(field.value.1) {
                let inner = objects::fields(self.resolver, field.value.0, field.value.1);
                columns.extend(inner.items.iter().filter_map(|field| self.column(field.value)));
            }
        }
        if !read.open && !columns.is_empty() {
            self.query.statement.projection = Projection::Columns(columns);
        }
    }

    fn is_aggregate(&self, place: ExprPlace) -> bool {
        let module = self.resolver.module(place.0);
        let Some(call) = module.call(place.1) else { return false };
        // `count().as('n')`, `sql<number>`count(*)`.mapWith(Number)`.
        call.chain().iter().any(|link| match link.method() {
            Some("count" | "countDistinct" | "sum" | "sumDistinct" | "avg" | "avgDistinct" | "min" | "max")
                if link.receiver().is_none() =>
            {
                true
            }
            Some("sql") => link.arg(0).is_some_and(|text| match module.kind(text) {
                ExprKind::Template(parts) => {
                    matches!(parts.first(), Some(TemplatePart::Text(text)) if starts_with_aggregate(module.str(*text)))
                }
                _ => module.string(text).is_some_and(starts_with_aggregate),
            }),
            _ => false,
        })
    }

    /// The statement's table that an expression names whole.
    fn table_of(&self, place: ExprPlace) -> Option<usize> {
        let module = self.resolver.module(place.0);
        let text = module.dotted(place.1)?;
        if let Some(index) = self.tables.iter().position(|table| table.text == text) {
            return Some(index);
        }
        let definition = self.resolver.definition(place.0, place.1)?;
        self.tables.iter().position(|table| table.definition == Some(definition))
    }

    fn column(&self, place: ExprPlace) -> Option<ColumnUse> {
        let module = self.resolver.module(place.0);
        let ExprKind::Attr { base, name } = module.kind(place.1) else {
            return None;
        };
        let index = self.table_of((place.0, *base))?;
        Some(ColumnUse {
            table: Some(index),
            column: module.str(*name).to_owned(),
        })
    }

    fn push(&mut self, column: ColumnUse, kind: FilterKind, literal: Option<String>, optional: bool) {
        self.query.statement.filters.push(Filter {
            column,
            kind,
            literal,
            optional,
            end: None,
            hindered: false,
        });
    }

    fn join(&mut self, left: ColumnUse, right: ColumnUse) {
        self.query.statement.joins.push(Join { left, right });
    }
}

fn starts_with_aggregate(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut rest = text.trim_start();
    // `cast(count(*) as integer)`, `coalesce(sum(…), 0)`.
    while let Some(inner) = ["cast(", "coalesce("].iter().find_map(|outer| rest.strip_prefix(outer)) {
        rest = inner.trim_start();
    }
    ["count(", "sum(", "avg(", "min(", "max(", "exists("]
        .iter()
        .any(|start| rest.starts_with(start))
}

/// Whether a handle's driver works in the process and gives no promise.
fn is_synchronous(resolver: &dyn Resolver, handle: ExprPlace) -> bool {
    let value = resolver.value(handle.0, handle.1);
    let library = value.library_name().unwrap_or_default();
    library.contains("better-sqlite3") || library.contains("node-sqlite")
}

#[cfg(test)]
mod tests;
