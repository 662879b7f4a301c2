//! Frappe's query builder, which is `PyPika`: `frappe.qb.from_(X).select(X.name).where(X.status == "Open").run()`.

use super::{aggregate, listing, of_type, type_name, write};
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::chain::{self, ChainGrammar, Step};
use crate::libraries::shared::comparison::{ConditionReader, Conditions};
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::FileId;
use crate::statement::{ColumnUse, Operation, Projection, Subquery, SubqueryPlace};

/// Methods of chains.
#[rustfmt::skip]
pub(super) fn is_known(method: &str) -> bool {
    is_start(method)
        || matches!(
            method,
            "select" | "where" | "left_join" | "inner_join" | "right_join" | "outer_join" | "cross_join" | "join" | "on" | "on_field" | "cross"
                | "orderby" | "groupby" | "having" | "limit" | "offset" | "distinct" | "set" | "insert" | "columns" | "delete" | "run" | "as_"
                | "for_update" | "force_index" | "use_index" | "with_" | "ignore" | "walk"
        )
}

fn is_start(method: &str) -> bool {
    matches!(method, "from_" | "update" | "into" | "get_query")
}

/// The query at a call of a chain.
pub(super) fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let start = |file: FileId, expr: ExprId| start(resolver, file, expr);
    let grammar = ChainGrammar {
        start: &start,
        known: &|call| call.method().is_some_and(is_known),
        helper: &|_, _, found| found,
    };
    let found = chain::walk(resolver, file, call, &grammar)?;
    if found.start.library != "frappe" || found.start.executed && found.links.is_empty() {
        return None;
    }
    let mut draft = Draft {
        resolver,
        query: found.start,
        file,
        call: call.id,
    };
    for link in &found.links {
        if let Step::Call(step) = link.step {
            draft.step(link.file, &step, link.optional);
        }
    }
    Some(draft.query)
}

/// `frappe.qb.from_(X)` and the others that begin a chain.
fn start(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    let call = module.call(expr)?;
    let method = call.method().filter(|method| is_start(method))?;
    let receiver = call.receiver()?;
    let is_builder = module
        .dotted(receiver)
        .is_some_and(|name| name == "frappe.qb" || name == "qb" || name.ends_with(".qb"));
    if !is_builder {
        return None;
    }
    let first = call.arg(0).map(|arg| (file, arg));
    let mut query = of_type(resolver, None);
    query
        .statement
        .tables
        .extend(first.and_then(|place| entity(resolver, place)).map(objects::table));
    match method {
        "update" => write(&mut query, Operation::Update),
        "into" => write(&mut query, Operation::Insert),
        "get_query" => listing(resolver, file, call, &mut query),
        _ => {}
    }
    query.executed = false;
    Some(query)
}

/// The table that an expression is: its name, `DocType("X")`, `frappe.qb.Table("x")`, or a name that holds one.
fn entity(resolver: &dyn Resolver, place: ExprPlace) -> Option<String> {
    if let Some(name) = type_name(resolver, place) {
        return Some(name);
    }
    let (at, definition) = resolver.definition(place.0, place.1).unwrap_or(place);
    let module = resolver.module(at);
    let mut call = module.call(definition)?;
    // `DocType("X").as_("x")`.
    if matches!(call.method(), Some("as_" | "alias")) {
        call = module.call(call.receiver()?)?;
    }
    if !matches!(call.method(), Some("DocType" | "Table")) {
        return None;
    }
    call.arg(0).and_then(|arg| type_name(resolver, (at, arg)))
}

struct Draft<'r> {
    resolver: &'r dyn Resolver,
    query: Query,
    file: FileId,
    call: ExprId,
}

impl Draft<'_> {
    fn step(&mut self, file: FileId, call: &Call<'_>, optional: bool) {
        let first = call.arg(0).map(|arg| (file, arg));
        match (call.method().unwrap_or_default(), first) {
            ("select", _) if self.query.statement.operation == Operation::Select => self.columns(file, call),
            ("where" | "having", _) => self.conditions(file, call, optional),
            ("on", _) => self.conditions(file, call, true),
            ("left_join" | "inner_join" | "right_join" | "outer_join" | "cross_join" | "join", Some(place)) => self.join(place),
            ("orderby", _) => self.order(file, call),
            ("groupby", _) => {
                self.query.statement.grouped = true;
                let found: Vec<_> = call.args.iter().filter_map(|arg| self.column(file, arg.value)).collect();
                self.query.statement.group.extend(found);
            }
            ("distinct", _) => self.query.statement.grouped = true,
            ("limit", Some(place)) => self.query.statement.limit = limits::of(self.resolver, place),
            ("offset", Some(place)) => self.query.statement.offset |= objects::skips(self.resolver, place),
            ("delete", _) => write(&mut self.query, Operation::Delete),
            ("insert", _) => write(&mut self.query, Operation::Insert),
            ("run", _) => {
                self.query.executed = true;
                let statement = &self.query.statement;
                if statement.projection == Projection::Aggregate && !statement.grouped && statement.operation == Operation::Select {
                    aggregate(&mut self.query);
                }
            }
            _ => {}
        }
    }

    /// The place of a table among those of the statement.
    fn table(&self, place: ExprPlace) -> Option<usize> {
        let name = entity(self.resolver, place)?;
        self.query.statement.tables.iter().position(|table| table.name == name)
    }

    /// `X.name`, `X["name"]`, `X.field("name")`.
    fn column(&self, file: FileId, expr: ExprId) -> Option<ColumnUse> {
        let module = self.resolver.module(file);
        let (base, column) = match module.kind(expr) {
            ExprKind::Attr { base, name } => (*base, module.str(*name).to_owned()),
            ExprKind::Index { base, index } => (*base, module.string(*index)?.to_owned()),
            ExprKind::Call { .. } => {
                let call = module.call(expr)?;
                let (receiver, name) = (call.receiver()?, call.arg(0)?);
                (call.method() == Some("field")).then_some(())?;
                (receiver, module.string(name)?.to_owned())
            }
            _ => return None,
        };
        let table = self.table((file, base))?;
        Some(ColumnUse {
            table: Some(table),
            column,
        })
    }

    fn conditions(&mut self, file: FileId, call: &Call<'_>, optional: bool) {
        let is_join = call.method() == Some("on");
        let mut found = Conditions::default();
        {
            let column = |file: FileId, expr: ExprId| self.column(file, expr);
            let reader = ConditionReader {
                resolver: self.resolver,
                column: &column,
            };
            for arg in call.args {
                reader.read(file, arg.value, optional, &mut found);
            }
        }
        // What a join leaves out in silence is no clause of the whole.
        self.query.statement.open |= found.into_statement(&mut self.query.statement) && !is_join;
    }

    fn join(&mut self, place: ExprPlace) {
        if let Some(name) = entity(self.resolver, place) {
            self.query.statement.tables.push(objects::table(name));
            return;
        }
        if place == (self.file, self.call) {
            return;
        }
        if let Some(inner) = self.resolver.query(place.0, place.1).filter(|inner| !inner.executed) {
            self.query.statement.subqueries.push(Subquery {
                place: SubqueryPlace::From,
                correlated: false,
                grouped: inner.statement.grouped,
                statement: Box::new(inner.statement),
            });
        }
    }

    fn order(&mut self, file: FileId, call: &Call<'_>) {
        let module = call.module;
        let direction = call.keyword("order").and_then(|order| objects::last_name(module, order));
        for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
            if let Some(column) = self.column(file, arg.value) {
                self.query.statement.order.push((column, direction == Some("desc")));
            }
        }
    }

    fn columns(&mut self, file: FileId, call: &Call<'_>) {
        let (mut columns, mut aggregates, mut unknown) = (Vec::new(), 0, false);
        for arg in call.args {
            let module = call.module;
            if let Some(text) = module.string(arg.value) {
                match text {
                    "*" => unknown = true,
                    text => columns.push(objects::first_column(text)),
                }
                continue;
            }
            let inner = unaliased(module, arg.value);
            match (self.column(file, inner), module.call(inner).and_then(|call| call.method())) {
                (Some(column), _) => columns.push(column),
                (None, Some("Count" | "Sum" | "Max" | "Min" | "Avg")) => aggregates += 1,
                _ => unknown = true,
            }
        }
        let projection = &mut self.query.statement.projection;
        match (columns.is_empty(), aggregates, unknown) {
            (true, 1.., false) => *projection = Projection::Aggregate,
            (false, _, false) => match projection {
                Projection::Columns(known) => known.extend(columns),
                _ => *projection = Projection::Columns(columns),
            },
            _ => {}
        }
    }
}

/// `X.name` of `X.name.as_("x")`.
fn unaliased(module: &crate::ir::Module, expr: ExprId) -> ExprId {
    match module.call(expr) {
        Some(call) if matches!(call.method(), Some("as_")) => call.receiver().unwrap_or(expr),
        _ => expr,
    }
}
