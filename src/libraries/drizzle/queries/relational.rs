//! Drizzle's relational queries: `db.query.users.findMany({ where, with })`.

use super::{Build, FLUENT, is_synchronous, table};
use crate::ir::{Call, ExprKind};
use crate::libraries::shared::fluent::{self, ChainedCall};
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, Fields, FilterGrammar, Filters, Op};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel};
use crate::statement::{ColumnUse, FilterKind, Projection, RowLimit, Statement};

/// Relations in each other in the `with` of a query.
const MAX_WITH: usize = 12;

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: relational_operator,
    call: |_| Op::Field,
    list_is_in: false,
    compound_keys: false,
    relations: true,
};

/// `db.query.users.findMany({ … }).prepare("all")`, and `all.execute()`.
pub(super) fn prepared(resolver: &dyn Resolver, steps: &[ChainedCall<'_>], call: Call<'_>) -> Option<Query> {
    let start = steps
        .iter()
        .position(|step| matches!(step.call.method(), Some("findMany" | "findFirst")))?;
    let is_prepared = steps[start + 1..].iter().any(|step| step.call.method() == Some("prepare"));
    let mut query = recognise(resolver, steps[start].file, steps[start].call).filter(|_| is_prepared)?;
    query.executed = fluent::runs(call, FLUENT);
    Some(query)
}

/// `db.query.users.findMany({ where, with, columns, limit })`.
pub(super) fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let accessor = call.receiver()?;
    let ExprKind::Attr { base, name } = call.module.kind(accessor) else {
        return None;
    };
    let ExprKind::Attr {
        base: handle,
        name: query_name,
    } = call.module.kind(*base)
    else {
        return None;
    };
    if call.module.str(*query_name) != "query" {
        return None;
    }
    let variable = call.module.str(*name);
    let one = call.method() == Some("findFirst");
    let table = table::of_handle(resolver, (file, *handle), variable);
    let name = table.as_ref().map_or_else(|| variable.to_owned(), |table| table.name.clone());
    let mut build = Build {
        resolver,
        is_told_by_use: false,
        // Without the handle's schema, the tables' constant has the accessor's name.
        tables: vec![table.unwrap_or_else(|| table::ChainTable {
            text: variable.to_owned(),
            name: name.clone(),
            ..table::ChainTable::default()
        })],
        query: Query {
            library: "drizzle",
            statement: Statement {
                tables: vec![objects::table(name.as_str())],
                limit: if one { RowLimit::One } else { RowLimit::None },
                ..Statement::default()
            },
            model: Some(RowModel::Table(name)),
            outcome: if one { Outcome::One } else { Outcome::Rows },
            blocking: is_synchronous(resolver, (file, *handle)),
            ..Query::default()
        },
    };
    match call.arg(0) {
        Some(arg) => build.relational_arguments((file, arg)),
        None => build.query.statement.open = call.is_open(),
    }
    let mut query = build.query;
    query.executed = fluent::runs(call, FLUENT);
    Some(query)
}

impl Build<'_> {
    fn relational_arguments(&mut self, place: ExprPlace) {
        let args = objects::fields(self.resolver, place.0, place.1);
        self.query.statement.open |= args.open;
        for field in &args.items {
            match field.key.as_str() {
                "where" => self.relational_where(field.value, field.optional),
                "limit" if self.query.statement.limit == RowLimit::None => {
                    self.query.statement.limit = limits::of(self.resolver, field.value);
                }
                "offset" => self.query.statement.offset = objects::skips(self.resolver, field.value),
                "orderBy" => self.relational_order(field.value),
                "columns" => {
                    let read = objects::fields(self.resolver, field.value.0, field.value.1);
                    let module = |place: ExprPlace| self.resolver.module(place.0);
                    let kept: Vec<ColumnUse> = read
                        .items
                        .iter()
                        .filter(|field| matches!(module(field.value).kind(field.value.1), ExprKind::Bool(true)))
                        .map(|field| objects::first_column(field.key.as_str()))
                        .collect();
                    if !kept.is_empty() && !read.open {
                        self.query.statement.projection = Projection::Columns(kept);
                    }
                }
                "with" => self.with(field.value, ""),
                _ => {}
            }
        }
    }

    fn relational_where(&mut self, place: ExprPlace, optional: bool) {
        let module = self.resolver.module(place.0);
        if let Some(body) = self.in_callback(place) {
            self.condition(body, optional);
            return;
        }
        if matches!(module.kind(place.1), ExprKind::Object(_)) {
            let mut filters = Filters::default();
            objects::object_filters(self.resolver, place, GRAMMAR, Some(0), optional, &mut filters);
            self.query.open_filters |= filters.into_statement(&mut self.query.statement);
            return;
        }
        // `eq(users.id, id)`: columns name the table constant.
        self.condition(place, optional);
    }

    /// The body of `(users, { eq }) => …`, with the first parameter standing for the table.
    fn in_callback(&mut self, place: ExprPlace) -> Option<ExprPlace> {
        let module = self.resolver.module(place.0);
        let ExprKind::Lambda(function) = module.kind(place.1) else {
            return None;
        };
        if let Some(name) = module.function(*function).params.first().and_then(|param| param.name)
            && let Some(table) = self.tables.first_mut()
        {
            module.str(name).clone_into(&mut table.text);
        }
        let Some(body) = objects::returned(self.resolver, place) else {
            self.query.open_filters = true;
            return None;
        };
        Some(body)
    }

    fn relational_order(&mut self, place: ExprPlace) {
        let at = self.in_callback(place).unwrap_or(place);
        let module = self.resolver.module(at.0);
        if matches!(module.kind(at.1), ExprKind::Object(_)) {
            for field in objects::fields(self.resolver, at.0, at.1).items {
                let descending = self.resolver.module(field.value.0).string(field.value.1) == Some("desc");
                self.query
                    .statement
                    .order
                    .push((objects::first_column(field.key.as_str()), descending));
            }
            return;
        }
        let terms = match module.kind(at.1) {
            ExprKind::List(_) => objects::items(self.resolver, at.0, at.1).0,
            _ => vec![(at, false)],
        };
        for ((file, term), _) in terms {
            let module = self.resolver.module(file);
            let call = module.call(term);
            let inner = call.and_then(|call| call.arg(0)).unwrap_or(term);
            if let Some(column) = self.column((file, inner)) {
                let descending = call.and_then(|call| call.method()) == Some("desc");
                self.query.statement.order.push((column, descending));
            }
        }
    }

    fn with(&mut self, place: ExprPlace, prefix: &str) {
        if prefix.split('.').count() > MAX_WITH {
            return;
        }
        let read = objects::fields(self.resolver, place.0, place.1);
        for field in &read.items {
            let module = self.resolver.module(field.value.0);
            if matches!(module.kind(field.value.1), ExprKind::Bool(false) | ExprKind::Null) {
                continue;
            }
            let path = if prefix.is_empty() {
                field.key.clone()
            } else {
                format!("{prefix}.{}", field.key)
            };
            let inner = match module.kind(field.value.1) {
                ExprKind::Bool(_) => Fields::default(),
                _ => objects::fields(self.resolver, field.value.0, field.value.1),
            };
            self.query.eager.push(path.clone());
            let bounded = inner
                .get("limit")
                .is_some_and(|limit| limits::of(self.resolver, limit.value) != RowLimit::None);
            if !bounded && !inner.open {
                self.query.unbounded_includes.push(path.clone());
            }
            if let Some(nested) = inner.get("with") {
                self.with(nested.value, &path);
            }
        }
    }
}

fn relational_operator(key: &str) -> Op {
    match key {
        "AND" => Op::And,
        "OR" => Op::Or,
        "NOT" => Op::Not,
        "RAW" => Op::Opaque,
        "eq" | "isNull" => Op::Compare(FilterKind::Equality),
        "in" => Op::Compare(FilterKind::In),
        "ne" | "notIn" | "isNotNull" | "notLike" | "notIlike" => Op::Compare(FilterKind::Negative),
        "lt" | "lte" | "gt" | "gte" => Op::Compare(FilterKind::Range),
        "like" | "ilike" => Op::Compare(FilterKind::Pattern),
        "arrayContains" | "arrayContained" | "arrayOverlaps" => Op::Compare(FilterKind::Other),
        _ => Op::Field,
    }
}
