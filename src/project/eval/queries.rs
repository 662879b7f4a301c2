//! The query that an expression is: seen by a recogniser at the call, or built on further by the code.

use std::sync::Arc;

use super::Evaluator;
use crate::ir::{Call, ExprId, ExprKind, Language};
use crate::libraries::registry;
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::{FileId, Value};
use crate::libraries::shared::{chain, fluent};
use crate::{budget, statement};

impl Evaluator<'_> {
    /// The query at an expression, kept between asks.
    pub fn query_at(&self, file: FileId, expr: ExprId) -> Option<Arc<Query>> {
        if let Some(query) = self.queries.borrow().get(&(file, expr)) {
            return query.clone();
        }
        if !self.busy.borrow_mut().insert((file, expr, true)) {
            self.cut.set(true);
            return None;
        }
        let outer_cut = self.cut.replace(false);
        let query = self.bounded(file, None, || self.find_query(file, expr).map(Arc::new));
        self.busy.borrow_mut().remove(&(file, expr, true));
        if !self.cut.get() || self.depth.get() == 0 {
            self.queries.borrow_mut().insert((file, expr), query.clone());
        }
        self.cut.set(outer_cut || (self.cut.get() && self.depth.get() > 0));
        query
    }

    /// What a builder that statements of their own have changed (`query.count("*");`) has become where its name is used: conditions that
    /// only some of its uses get are optional, and a helper that it is handed to leaves it open.
    pub fn changed_in_place(&self, file: FileId, expr: ExprId, made: &Arc<Query>) -> Option<Arc<Query>> {
        let change = fluent::last_change(self, file, expr);
        let changed = change.and_then(|(certain, last)| self.changed_by(file, certain, last, made));
        if !fluent::is_handed_on(self, file, expr) {
            return changed;
        }
        let mut open = (**changed.as_ref().unwrap_or(made)).clone();
        // What the helper adds is unknown, a limit too.
        open.open_filters = true;
        open.statement.open = true;
        Some(Arc::new(open))
    }

    /// A builder after its last change, where that leaves it the statement that it surely is; otherwise that one, with filters unknown.
    fn changed_by(&self, file: FileId, certain: Option<ExprId>, last: ExprId, made: &Arc<Query>) -> Option<Arc<Query>> {
        let lazy = |expr: ExprId| self.query_at(file, expr).filter(|query| !query.executed);
        let sure = match certain {
            Some(certain) => lazy(certain)?,
            None => Arc::clone(made),
        };
        let kind = |query: &Query| (query.outcome, query.statement.operation);
        if let Some(query) = lazy(last).filter(|query| kind(query) == kind(&sure)) {
            return Some(query);
        }
        let mut open = (*sure).clone();
        open.open_filters = true;
        Some(Arc::new(open))
    }

    fn find_query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let module = self.m(file);
        match module.kind(expr) {
            ExprKind::Call { .. } => match self.own_query(file, expr) {
                Some(query) => Some((*query).clone()),
                None => self.handed_query(file, expr).map(|query| self.narrowed(file, expr, query)),
            },
            ExprKind::Attr { name, .. }
                if module.str(*name) == "query"
                    && let Some(query) = registry::root_query(self, file, expr) =>
            {
                Some(query)
            }
            ExprKind::Await(inner) => self.find_query(file, *inner),
            ExprKind::Index { base, index } => {
                let ExprKind::Slice(slice) = module.kind(*index) else {
                    return None;
                };
                let mut query = (*self.query_at(file, *base)?).clone();
                if query.executed {
                    return None;
                }
                chain::slice(module, &mut query.statement, slice.lower, slice.upper);
                Some(query)
            }
            _ => match self.value(file, expr) {
                Value::Query(at, inner) if (at, inner) != (file, expr) => self.query_at(at, inner).map(|query| (*query).clone()),
                _ => self.held_result(file, expr),
            },
        }
    }

    /// The query that a function of the project hands back.
    fn handed_query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        if let Some(query) = self.specialised(file, expr) {
            return Some(query);
        }
        match self.value(file, expr) {
            Value::Query(at, inner) if (at, inner) != (file, expr) => self.query_at(at, inner).map(|query| (*query).clone()),
            _ => self.extended_query(file, expr),
        }
    }

    /// A query whose function loads columns only where it is given their names, as this call has it.
    fn narrowed(&self, file: FileId, expr: ExprId, mut query: Query) -> Query {
        let (Some((at, function, index)), Some(call)) = (query.narrowed_by, self.m(file).call(expr)) else {
            return query;
        };
        if self.value(file, call.callee) != Value::Function(at, function) {
            return query;
        }
        query.narrowed_by = None;
        let module = self.m(at);
        let shift = usize::from(module.takes_receiver(function));
        let name = module.function(function).params.get(index).and_then(|param| param.name);
        let by_name = name.and_then(|name| call.keyword(module.str(name)));
        let given = by_name.or_else(|| call.arg(index.checked_sub(shift)?));
        if call.is_open() || given.is_some_and(|given| !matches!(self.m(file).kind(given), ExprKind::Null)) {
            query.model = None;
        }
        query
    }

    /// The query that ran where a name was bound to its result.
    fn held_result(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let (at, definition) = self.definition(file, expr)?;
        if (at, definition) == (file, expr) || !matches!(self.m(at).kind(definition), ExprKind::Call { .. }) {
            return None;
        }
        self.query_at(at, definition).map(|query| (*query).clone())
    }

    /// Whether a library's recogniser sees a query at a call itself.
    pub fn is_recognised(&self, file: FileId, expr: ExprId) -> bool {
        self.own_query(file, expr).is_some()
    }

    /// The query that a recogniser sees at a call, kept between asks.
    pub(super) fn own_query(&self, file: FileId, expr: ExprId) -> Option<Arc<Query>> {
        if let Some(query) = self.own.borrow().get(&(file, expr)) {
            return query.clone();
        }
        // Known for certain, also where what else is asked was cut short and is not kept.
        if self.is_too_long(file, expr) {
            return None;
        }
        if !self.busy_own.borrow_mut().insert((file, expr)) {
            self.cut.set(true);
            return None;
        }
        let module = self.m(file);
        let outer_cut = self.cut.replace(false);
        let outer_over = self.over.replace(false);
        // SQL that stands in code tells of places in its text; what a reader can look up is the call.
        let (query, told) = budget::hearing(|| {
            self.bounded(file, None, || {
                let call = module.call(expr)?;
                if self.finds_in_array(file, &call) {
                    return None;
                }
                registry::recognise(self, file, call).map(Arc::new)
            })
        });
        for (limit, _) in told {
            self.code.tell(limit, file, module.expr(expr).span.start);
        }
        self.busy_own.borrow_mut().remove(&(file, expr));
        // Whatever builds on it is too long as well: it need not be walked again.
        if self.over.replace(outer_over) && query.is_none() {
            self.long.borrow_mut().insert((file, expr));
        }
        if !self.cut.get() || self.depth.get() == 0 {
            self.own.borrow_mut().insert((file, expr), query.clone());
        }
        self.cut.set(outer_cut || (self.cut.get() && self.depth.get() > 0));
        query
    }

    /// `order.lines.find((line) => line.open)`: an array's method, however its holder is called. A callback that takes an error first
    /// is a driver's.
    fn finds_in_array(&self, file: FileId, call: &Call<'_>) -> bool {
        if call.module.language != Language::TypeScript || call.method() != Some("find") {
            return false;
        }
        let Some(first) = call.arg(0) else { return false };
        let given = match *call.module.kind(first) {
            ExprKind::Lambda(function) => (file, function),
            ExprKind::Name(_) => match self.value(file, first) {
                Value::Function(at, function) => (at, function),
                _ => return false,
            },
            _ => return false,
        };
        let module = self.m(given.0);
        let params = &module.function(given.1).params;
        let takes_error = params
            .first()
            .and_then(|param| param.name)
            .is_some_and(|name| module.str(name).starts_with("err"));
        !(takes_error && params.len() > 1)
    }

    /// The query that a function of the project is given, builds on and hands back.
    fn extended_query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let module = self.m(file);
        let call = module.call(expr)?;
        let Value::Function(at, function) = self.value(file, call.callee) else {
            return None;
        };
        let inside = self.m(at);
        let values = self.returned(at, function);
        let (given, is_cut) = values.iter().take_while(|_| self.afford(at, 1)).find_map(|&value| {
            // What runs it hands back rows.
            if self.query_at(at, value).is_some_and(|own| own.executed) {
                return None;
            }
            // `return rows[:size]`, `return rows.offset(start).limit(size)`.
            let (value, is_sliced) = match inside.kind(value) {
                ExprKind::Index { base, index } => match inside.kind(*index) {
                    ExprKind::Slice(slice) => (*base, slice.upper.is_some_and(|upper| chain::cuts(inside, upper))),
                    _ => (value, false),
                },
                _ => (value, false),
            };
            let is_limited = |call: Call<'_>| {
                call.chain().iter().any(|link| {
                    matches!(link.method(), Some("limit" | "take")) && link.arg(0).is_some_and(|rows| chain::cuts(inside, rows))
                })
            };
            let is_cut = is_sliced || inside.call(value).is_some_and(is_limited);
            let root = match inside.call(value) {
                Some(call) => call.root(),
                None => value,
            };
            let name = inside.name(root)?;
            let params = &inside.function(function).params;
            let index = params
                .iter()
                .position(|param| param.name.is_some_and(|sym| inside.str(sym) == name))?;
            let method = call.receiver().is_some() && inside.takes_receiver(function);
            let arg = call.keyword(name).or_else(|| call.arg(index.checked_sub(usize::from(method))?))?;
            let query = self.query_at(file, arg).filter(|query| !query.executed)?;
            Some((query, is_cut))
        })?;
        let mut query = (*given).clone();
        query.statement.open = true;
        if is_cut && query.statement.limit == statement::RowLimit::None {
            query.statement.limit = statement::RowLimit::Value;
        }
        Some(query)
    }
}
