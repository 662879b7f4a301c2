//! A `SQLAlchemy` statement under construction: its entities and columns.

use crate::ir::{ExprId, ExprKind};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{ColumnUse, Operation, Projection, TableUse};

/// Aliases and names between what is selected and its model.
const MAX_NAMES: u32 = 4;

/// Deepest nesting of expressions that is read.
pub(super) const MAX_DEPTH: u32 = 24;

/// What an argument names: a mapped class, an alias of one, or a table.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub(super) name: String,
    pub(super) alias: Option<String>,
    pub(super) model: Option<RowModel>,
}

/// A query that is read off the chain of a `select` or `Query`, call by call.
pub(super) struct SelectDraft<'r> {
    pub(super) resolver: &'r dyn Resolver,
    pub(super) query: Query,
}

impl<'r> SelectDraft<'r> {
    pub(super) fn new(resolver: &'r dyn Resolver) -> Self {
        let query = Query {
            library: "sqlalchemy",
            ..Query::default()
        };
        SelectDraft { resolver, query }
    }

    /// The place of a table in the statement, where it is added when missing.
    pub(super) fn table(&mut self, entity: &Entity) -> usize {
        let tables = &mut self.query.statement.tables;
        let found = tables
            .iter()
            .position(|table| table.name == entity.name && table.alias == entity.alias)
            .or_else(|| tables.iter().position(|table| table.name == entity.name && entity.alias.is_none()));
        found.unwrap_or_else(|| {
            tables.push(TableUse {
                name: entity.name.clone(),
                alias: entity.alias.clone(),
            });
            tables.len() - 1
        })
    }

    /// The mapped class, alias or table that an expression names.
    pub(super) fn entity(&self, file: FileId, expr: ExprId) -> Option<Entity> {
        entity(self.resolver, file, expr, 0)
    }

    /// The column that an expression stands for, and whether a function or a cast is around it.
    pub(super) fn column(&mut self, file: FileId, expr: ExprId) -> Option<(ColumnUse, bool)> {
        self.column_in(file, expr, 0)
    }

    fn column_in(&mut self, file: FileId, expr: ExprId, depth: u32) -> Option<(ColumnUse, bool)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Attr { base, name } => {
                let mut base = *base;
                if let ExprKind::Attr { base: inner, name } = module.kind(base)
                    && matches!(module.str(*name), "c" | "columns" | "__table__")
                {
                    base = *inner;
                }
                let column = module.str(*name).to_owned();
                let entity = self.entity(file, base)?;
                let table = Some(self.table(&entity));
                Some((ColumnUse { table, column }, false))
            }
            // `User.data["key"]`.
            ExprKind::Index { base, .. } => self.column_in(file, *base, depth + 1).map(|(column, _)| (column, true)),
            ExprKind::Call { .. } => {
                let call = module.call(expr)?;
                let method = call.method()?;
                let receiver = call.receiver();
                let plain = matches!(
                    method,
                    "desc" | "asc" | "nulls_first" | "nulls_last" | "nullsfirst" | "nullslast" | "label" | "of_type" | "col" | "distinct"
                );
                if plain {
                    if let Some((column, function)) = receiver.and_then(|receiver| self.column_in(file, receiver, depth + 1)) {
                        return Some((column, function));
                    }
                    return call.arg(0).and_then(|arg| self.column_in(file, arg, depth + 1));
                }
                let inner = call.args.iter().find_map(|arg| self.column_in(file, arg.value, depth + 1));
                let found = inner.or_else(|| receiver.and_then(|receiver| self.column_in(file, receiver, depth + 1)));
                found.map(|(column, _)| (column, true))
            }
            ExprKind::Binary { left, right, .. } => {
                let found = self
                    .column_in(file, *left, depth + 1)
                    .or_else(|| self.column_in(file, *right, depth + 1));
                found.map(|(column, _)| (column, true))
            }
            _ => None,
        }
    }

    /// Reads what a `select(…)` or `query(…)` is asked for.
    pub(super) fn project(&mut self, file: FileId, args: &[ExprId]) {
        let mut entities = 0;
        let mut columns = Vec::new();
        let mut aggregates = 0;
        for &arg in args {
            let module = self.resolver.module(file);
            if let ExprKind::Spread(inner) = module.kind(arg) {
                let inner = *inner;
                match crate::libraries::shared::chain::items(self.resolver, file, inner) {
                    Some(items) => {
                        for (at, item, _) in items {
                            match self.column(at, item) {
                                Some((column, _)) => columns.push(column),
                                None => self.query.statement.open = true,
                            }
                        }
                    }
                    None => self.query.statement.open = true,
                }
                continue;
            }
            if let Some(entity) = self.entity(file, arg) {
                self.table(&entity);
                self.query.model = entity.model;
                entities += 1;
            } else if is_aggregate(self.resolver, file, arg) {
                self.column(file, arg);
                aggregates += 1;
            } else if let Some((column, _)) = self.column(file, arg) {
                columns.push(column);
            } else if let Some(inner) = self.resolver.query(file, arg) {
                self.subquery(inner, crate::statement::SubqueryPlace::Select);
            } else if let Some(inner) = self.derived(file, arg) {
                self.subquery(inner, crate::statement::SubqueryPlace::From);
            }
        }
        if entities != 1 || !columns.is_empty() || aggregates > 0 {
            self.query.model = None;
        }
        self.query.entities = entities;
        self.query.statement.projection = match (entities, columns.is_empty(), aggregates) {
            (0, true, 1..) => Projection::Aggregate,
            (0, false, _) => Projection::Columns(columns),
            _ => Projection::All,
        };
    }

    /// The subquery that a column like `recent.c.id` reads from.
    fn derived(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let module = self.resolver.module(file);
        let ExprKind::Attr { base, .. } = module.kind(expr) else {
            return None;
        };
        let ExprKind::Attr { base, name } = module.kind(*base) else {
            return None;
        };
        if !matches!(module.str(*name), "c" | "columns") {
            return None;
        }
        self.resolver.query(file, *base)
    }

    pub(super) fn subquery(&mut self, inner: Query, place: crate::statement::SubqueryPlace) {
        let outer = &self.query.statement.tables;
        let correlated = inner.statement.joins.iter().any(|join| {
            [&join.left, &join.right].iter().any(|side| {
                let table = side.table.and_then(|index| inner.statement.tables.get(index));
                table.is_some_and(|table| inner.statement.tables.len() > 1 && outer.contains(table))
            })
        });
        self.query.statement.subqueries.push(crate::statement::Subquery {
            place,
            correlated,
            grouped: inner.statement.grouped,
            statement: Box::new(inner.statement),
        });
    }
}

fn entity(resolver: &dyn Resolver, file: FileId, expr: ExprId, depth: u32) -> Option<Entity> {
    if depth > MAX_NAMES {
        return None;
    }
    let module = resolver.module(file);
    match resolver.value(file, expr) {
        Value::Class(at, class) => {
            let name = resolver.module(at).class(class).name?;
            // A mixin is none of the models that it is for: each use says which.
            let is_model = || resolver.model_library(at, class).is_some() || resolver.knows_table(resolver.module(at).str(name));
            if module.name(expr) == Some("cls") && !is_model() {
                return None;
            }
            return Some(Entity {
                name: resolver.module(at).str(name).to_owned(),
                alias: None,
                model: Some(RowModel::Class(at, class)),
            });
        }
        Value::Function(..) | Value::Module(_) | Value::Literal(..) => return None,
        _ => {}
    }
    let (at, definition) = match module.kind(expr) {
        ExprKind::Name(_) => resolver.definition(file, expr).unwrap_or((file, expr)),
        ExprKind::Attr { base, name } if module.str(*name) == "__table__" => return entity(resolver, file, *base, depth + 1),
        ExprKind::Attr { .. } => resolver.definition(file, expr).unwrap_or((file, expr)),
        _ => (file, expr),
    };
    let inside = resolver.module(at);
    if let Some(call) = inside.call(definition) {
        return match call.method()? {
            "aliased" | "with_polymorphic" | "alias" => {
                let of = call.arg(0).or_else(|| call.receiver())?;
                let mut found = entity(resolver, at, of, depth + 1)?;
                found.alias = module.name(expr).map(ToOwned::to_owned);
                Some(found)
            }
            "Table" => {
                let name = inside.string(call.arg(0)?)?.to_owned();
                Some(Entity {
                    model: Some(RowModel::Table(name.clone())),
                    name,
                    alias: None,
                })
            }
            _ => None,
        };
    }
    // `orders = Order.__table__`.
    if let ExprKind::Attr { base, name } = inside.kind(definition)
        && inside.str(*name) == "__table__"
    {
        return entity(resolver, at, *base, depth + 1);
    }
    // A class that leads nowhere still has its name.
    let text = match module.kind(expr) {
        ExprKind::Name(name) => module.str(*name),
        ExprKind::Attr { base, name } if starts_lower(module.dotted(*base).as_deref()) => module.str(*name),
        _ => return None,
    };
    let is_class = text.starts_with(|first: char| first.is_ascii_uppercase()) && text.chars().any(|letter| letter.is_ascii_lowercase());
    is_class.then(|| Entity {
        name: text.to_owned(),
        alias: None,
        model: None,
    })
}

fn starts_lower(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.starts_with("self"))
}

/// `func.count(…)`, `func.max(…)`: functions of a group.
fn is_aggregate(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let module = resolver.module(file);
    let Some(call) = module.call(expr) else { return false };
    call.chain().iter().chain(std::iter::once(&call)).any(|call| {
        let is_function = call.receiver().is_some_and(|receiver| {
            matches!(
                module.dotted(receiver).as_deref(),
                Some("func" | "sa.func" | "sqlalchemy.func" | "fn")
            ) || matches!(resolver.value(file, receiver), Value::External(name) if name.as_ref() == "sqlalchemy.func")
        });
        let name = call.method().unwrap_or("");
        is_function
            && matches!(
                name,
                "count" | "sum" | "max" | "min" | "avg" | "array_agg" | "string_agg" | "json_agg" | "jsonb_agg" | "bool_or" | "bool_and"
            )
            || call.receiver().is_none() && name == "exists"
            || name == "coalesce" && call.args.iter().any(|arg| is_aggregate_shallow(module, arg.value))
    })
}

fn is_aggregate_shallow(module: &crate::ir::Module, expr: ExprId) -> bool {
    module
        .call(expr)
        .and_then(|call| call.method())
        .is_some_and(|method| matches!(method, "count" | "sum" | "max" | "min" | "avg"))
}

pub(super) fn write(query: &mut Query, method: &str) {
    query.statement.operation = match method {
        "insert" => Operation::Insert,
        "update" => Operation::Update,
        _ => Operation::Delete,
    };
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
    query.model = None;
}
