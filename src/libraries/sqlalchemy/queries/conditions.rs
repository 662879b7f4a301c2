//! Conditions of `SQLAlchemy` statements: comparisons of columns, `and_`, `or_`, operators as methods.

use super::draft::{MAX_DEPTH, SelectDraft};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::chain;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{ColumnUse, End, Filter, FilterKind, Join, Sides, SubqueryPlace};

/// How a condition counts.
#[derive(Clone, Copy)]
pub(super) struct Sense {
    /// It need not hold: under OR, NOT, or a condition of the code.
    pub(super) optional: bool,
    /// It is denied.
    pub(super) negated: bool,
    /// It is one side of an OR.
    pub(super) side: bool,
    pub(super) depth: u32,
}

impl Sense {
    /// The sense of a condition as a whole; `optional` where it is added in some runs only.
    pub(super) fn new(optional: bool) -> Self {
        Sense {
            optional,
            negated: false,
            side: false,
            depth: 0,
        }
    }

    fn optional(self) -> Self {
        Sense { optional: true, ..self }
    }

    fn negated(self) -> Self {
        Sense {
            negated: !self.negated,
            ..self
        }
    }
}

impl SelectDraft<'_> {
    /// Reads one condition.
    pub(super) fn condition(&mut self, file: FileId, expr: ExprId, sense: Sense) {
        if sense.depth > MAX_DEPTH {
            self.query.statement.open = true;
            return;
        }
        let sense = Sense {
            depth: sense.depth + 1,
            ..sense
        };
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Binary { op, left, right } => match module.str(*op) {
                "&" | "and" => {
                    let sense = if sense.negated { sense.optional() } else { sense };
                    self.condition(file, *left, sense);
                    self.condition(file, *right, sense);
                }
                "|" | "or" => {
                    self.either(&[(file, *left), (file, *right)], true, sense);
                }
                op => self.comparison(file, op, *left, *right, sense),
            },
            ExprKind::Unary { op, operand } if matches!(module.str(*op), "~" | "not") => self.condition(file, *operand, sense.negated()),
            ExprKind::Call { .. } => {
                if let Some(call) = module.call(expr) {
                    self.call_condition(file, &call, sense);
                }
            }
            ExprKind::Spread(inner) => {
                self.query.statement.open = true;
                self.listed(file, *inner, sense);
            }
            ExprKind::Cond { then, orelse, .. } => {
                self.condition(file, *then, sense.optional());
                self.condition(file, *orelse, sense.optional());
            }
            ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Null => {}
            // `User.is_active` by itself.
            ExprKind::Attr { .. } => match self.column(file, expr) {
                Some((column, false)) => {
                    let literal = Some((!sense.negated).to_string());
                    self.filter(column, FilterKind::Equality, literal, sense.optional);
                }
                _ => self.named(file, expr, sense),
            },
            ExprKind::Name(_) => self.named(file, expr, sense),
            ExprKind::Comp(_) | ExprKind::Template(_) => self.query.statement.open = true,
            _ => {}
        }
    }

    /// The sides of an OR; `is_whole` says that there are no others.
    fn either(&mut self, sides: &[(FileId, ExprId)], is_whole: bool, sense: Sense) {
        let mut read = Sides::default();
        let is_or = !sense.negated && (sides.len() > 1 || !is_whole);
        let sense = Sense {
            side: sense.side || is_or,
            ..sense
        };
        for &(file, side) in sides {
            read.next(&self.query.statement.filters, &self.query.statement.either);
            self.condition(file, side, sense);
        }
        if is_or {
            let statement = &mut self.query.statement;
            read.close(is_whole, &mut statement.filters, &mut statement.either);
        }
    }

    /// A condition that a name holds.
    fn named(&mut self, file: FileId, expr: ExprId, sense: Sense) {
        match self.resolver.definition(file, expr) {
            Some((at, definition)) if (at, definition) != (file, expr) => {
                let sense = if at == file && chain::is_conditional(self.resolver.module(file), definition, expr) {
                    sense.optional()
                } else {
                    sense
                };
                self.condition(at, definition, sense);
            }
            _ => self.query.statement.open = true,
        }
    }

    fn listed(&mut self, file: FileId, list: ExprId, sense: Sense) {
        let Some(items) = chain::items(self.resolver, file, list) else {
            self.query.statement.open = true;
            return;
        };
        for (at, item, optional) in items {
            let sense = if optional { sense.optional() } else { sense };
            self.condition(at, item, sense);
        }
    }

    fn comparison(&mut self, file: FileId, op: &str, left: ExprId, right: ExprId, sense: Sense) {
        let first = self.column(file, left);
        let second = self.column(file, right);
        let is_turned = first.is_none();
        let (column, function, value) = match (first, second) {
            (Some((left, false)), Some((right, false))) if op == "==" => {
                self.joined(left, right, sense);
                return;
            }
            // A column of a derived table (`latest.c.user_id`): a join with it, no value to look up.
            (Some((_, false)), None) if op == "==" && is_derived(self.resolver.module(file), right) => {
                self.query.statement.open = true;
                return;
            }
            (None, Some((_, false))) if op == "==" && is_derived(self.resolver.module(file), left) => {
                self.query.statement.open = true;
                return;
            }
            (Some((column, function)), _) => (column, function, right),
            (None, Some((column, function))) => (column, function, left),
            (None, None) => {
                self.subqueries_in(file, left);
                self.subqueries_in(file, right);
                return;
            }
        };
        let kind = match op {
            "==" | "is" => FilterKind::Equality,
            "!=" | "is not" | "not in" => FilterKind::Negative,
            "<" | "<=" | ">" | ">=" => FilterKind::Range,
            "in" => FilterKind::In,
            _ => FilterKind::Other,
        };
        let kind = if function { FilterKind::Function } else { kind };
        let literal = self.literal(file, value);
        self.subqueries_in(file, value);
        let end = End::of(op).map(|end| if is_turned { end.turned() } else { end });
        self.compared(column, (kind, end), literal, sense);
    }

    fn subqueries_in(&mut self, file: FileId, expr: ExprId) {
        let module = self.resolver.module(file);
        if matches!(module.kind(expr), ExprKind::Call { .. } | ExprKind::Name(_))
            && let Some(inner) = self.resolver.query(file, expr).filter(|inner| !inner.executed)
        {
            self.subquery(inner, SubqueryPlace::Where);
        }
    }

    fn joined(&mut self, left: ColumnUse, right: ColumnUse, sense: Sense) {
        if left.table == right.table {
            self.filter(left, FilterKind::Other, None, sense.optional);
        } else if sense.side || sense.negated {
            // One side of an OR ties nothing, nor does what is denied.
            for column in [left, right] {
                self.filter(column, FilterKind::Negative, None, true);
            }
        } else {
            self.query.statement.joins.push(Join { left, right });
        }
    }

    /// A comparison in its sense, with the end that it sets.
    fn compared(&mut self, column: ColumnUse, (kind, end): (FilterKind, Option<End>), literal: Option<String>, sense: Sense) {
        let end = end.filter(|_| kind == FilterKind::Range);
        let (kind, end) = match (kind, sense.negated) {
            (FilterKind::Range, true) => End::denied(end),
            (kind, negated) => (negate(kind, negated), end),
        };
        self.filter(column, kind, literal, sense.optional);
        if let Some(last) = self.query.statement.filters.last_mut() {
            last.end = end;
        }
    }

    pub(super) fn filter(&mut self, column: ColumnUse, kind: FilterKind, literal: Option<String>, optional: bool) {
        self.query.statement.filters.push(Filter {
            column,
            kind,
            literal,
            optional,
            end: None,
            hindered: false,
        });
    }

    fn call_condition(&mut self, file: FileId, call: &Call<'_>, sense: Sense) {
        let method = call.method().unwrap_or("");
        match method {
            "and_" | "or_" => {
                if method == "or_" {
                    let sides: Vec<_> = call.args.iter().map(|arg| (file, arg.value)).collect();
                    return self.either(&sides, !call.is_open(), sense);
                }
                let loose = sense.negated && call.args.len() != 1;
                let sense = if loose { sense.optional() } else { sense };
                for arg in call.args {
                    self.condition(file, arg.value, sense);
                }
                return;
            }
            "not_" => {
                if let Some(arg) = call.arg(0) {
                    self.condition(file, arg, sense.negated());
                }
                return;
            }
            "between" if call.receiver().is_none() || call.args.len() == 3 => {
                if let Some((column, function)) = call.arg(0).and_then(|arg| self.column(file, arg)) {
                    let kind = if function { FilterKind::Function } else { FilterKind::Range };
                    self.compared(column, (kind, Some(End::Both)), None, sense);
                }
                return;
            }
            "exists" => {
                let inner = call.arg(0).or_else(|| call.receiver());
                if let Some(inner) = inner.and_then(|inner| self.resolver.query(file, inner)) {
                    self.subquery(inner, SubqueryPlace::Exists);
                }
                return;
            }
            "text" | "true" | "false" | "null" => {
                self.query.statement.open |= method == "text";
                return;
            }
            _ => {}
        }
        if self.row(file, call, sense) {
            return;
        }
        let Some((column, function)) = call.receiver().and_then(|receiver| self.column(file, receiver)) else {
            // `func.lower(User.email).contains(…)` has its column inside; a helper of the project may hold anything.
            match call.args.iter().find_map(|arg| self.column(file, arg.value)) {
                Some((column, _)) => {
                    // `in_array(Order.id, ids)` of the project may be `id = ANY(…)`.
                    let is_own = matches!(self.resolver.value(file, call.callee), Value::Function(..));
                    let kind = if is_own { FilterKind::Other } else { FilterKind::Function };
                    self.filter(column, kind, None, sense.optional);
                }
                None => match self.resolver.query(file, call.id) {
                    Some(inner) => self.subquery(inner, SubqueryPlace::Where),
                    None => self.query.statement.open = true,
                },
            }
            return;
        };
        let value = call.arg(0);
        let mut literal = value.and_then(|value| self.literal(file, value));
        let kind = match method {
            "in_" => {
                if let Some(inner) = value
                    .and_then(|value| self.resolver.query(file, value))
                    .filter(|inner| !inner.executed)
                {
                    self.subquery(inner, SubqueryPlace::In);
                }
                FilterKind::In
            }
            "not_in" | "notin_" | "isnot" | "is_not" | "is_distinct_from" | "not_like" | "notlike" | "notilike" | "not_ilike" => {
                FilterKind::Negative
            }
            "is_" | "is_not_distinct_from" => FilterKind::Equality,
            "like"
                if literal
                    .as_deref()
                    .is_some_and(|text| !text.starts_with("'%") && !text.starts_with("'_")) =>
            {
                FilterKind::Prefix
            }
            "like" if value.is_some_and(|value| self.has_prefix(file, value)) => FilterKind::Prefix,
            "startswith" => FilterKind::Prefix,
            "like" | "ilike" | "contains" | "icontains" | "endswith" | "iendswith" | "istartswith" | "match" | "regexp_match"
            | "bool_op" => FilterKind::Pattern,
            "between" => FilterKind::Range,
            // A relation that exists: `Order.items.any(Item.sku == x)`.
            "any" | "has" => {
                literal = None;
                if let Some(arg) = value {
                    self.condition(file, arg, sense.optional());
                }
                FilterKind::Other
            }
            _ => FilterKind::Other,
        };
        let kind = if function { FilterKind::Function } else { kind };
        self.compared(column, (kind, End::of(method)), literal, sense);
    }

    /// `tuple_(a, b).in_(pairs)` is compared as a row: each column for itself, as an index on them serves it.
    fn row(&mut self, file: FileId, call: &Call<'_>, sense: Sense) -> bool {
        let Some(row) = call.receiver().and_then(|receiver| call.module.call(receiver)) else {
            return false;
        };
        if row.method() != Some("tuple_") || !matches!(call.method(), Some("in_" | "not_in" | "notin_")) {
            return false;
        }
        let columns: Vec<_> = row.args.iter().filter_map(|arg| self.column(file, arg.value)).collect();
        let kind = if call.method() == Some("in_") {
            FilterKind::In
        } else {
            FilterKind::Negative
        };
        for (column, function) in columns {
            let kind = if function { FilterKind::Function } else { kind };
            self.filter(column, negate(kind, sense.negated), None, sense.optional);
        }
        true
    }

    /// Whether a pattern begins with text that is no wildcard.
    fn has_prefix(&self, file: FileId, expr: ExprId) -> bool {
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Template(parts) => match parts.first() {
                Some(crate::ir::TemplatePart::Text(text)) => !module.str(*text).starts_with(['%', '_']),
                Some(crate::ir::TemplatePart::Hole(_)) => parts.len() > 1,
                None => false,
            },
            ExprKind::Binary { left, .. } => module.string(*left).is_none_or(|text| !text.starts_with(['%', '_'])),
            _ => false,
        }
    }

    /// A literal as SQL writes it.
    pub(super) fn literal(&self, file: FileId, expr: ExprId) -> Option<String> {
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Str(text) => Some(format!("'{}'", module.str(*text).replace('\'', "''"))),
            ExprKind::Bool(value) => Some(value.to_string()),
            ExprKind::Null => Some("NULL".to_owned()),
            ExprKind::Num(value) => Some(value.to_string()),
            _ => None,
        }
    }
}

fn negate(kind: FilterKind, negated: bool) -> FilterKind {
    match (kind, negated) {
        (FilterKind::Equality | FilterKind::In | FilterKind::Prefix | FilterKind::Pattern, true) => FilterKind::Negative,
        (FilterKind::Negative, true) => FilterKind::Equality,
        (kind, _) => kind,
    }
}

/// `latest.c.user_id`: a column of what a subquery gives.
fn is_derived(module: &Module, expr: ExprId) -> bool {
    let ExprKind::Attr { base, .. } = module.kind(expr) else {
        return false;
    };
    matches!(module.kind(*base), ExprKind::Attr { name, .. } if matches!(module.str(*name), "c" | "columns"))
}
