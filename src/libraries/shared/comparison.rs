//! Conditions written as comparisons of column attributes (`User.name == x`, `(t.age > 3) & t.at.isnull()`): what `PyPika`, Peewee
//! and Beanie have in common.

use super::chain;
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::statement::{ColumnUse, Either, End, Filter, FilterKind, Join, Sides, Statement};

const MAX_DEPTH: u32 = 24;

/// What conditions say.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Predicates.
    pub filters: Vec<Filter>,
    /// ORs that bound the rows.
    pub either: Vec<Either>,
    /// Columns that must be equal.
    pub joins: Vec<Join>,
    /// More can apply than was understood.
    pub open: bool,
}

impl Conditions {
    /// Adds what was found to a statement; `true` when more can apply.
    pub fn into_statement(self, statement: &mut Statement) -> bool {
        statement.filters.extend(self.filters);
        statement.either.extend(self.either);
        statement.joins.extend(self.joins);
        self.open
    }
}

/// Reads conditions: what it may ask of the project, and which expressions are columns.
pub struct ConditionReader<'a> {
    /// The project.
    pub resolver: &'a dyn Resolver,
    /// The column that an expression is.
    pub column: &'a dyn Fn(FileId, ExprId) -> Option<ColumnUse>,
}

#[derive(Clone, Copy)]
struct Sense {
    optional: bool,
    negated: bool,
    /// It is one side of an OR.
    side: bool,
    depth: u32,
}

impl ConditionReader<'_> {
    /// Reads one condition; `optional` where the code applies it only under a condition of its own.
    pub fn read(&self, file: FileId, expr: ExprId, optional: bool, found: &mut Conditions) {
        let sense = Sense {
            optional,
            negated: false,
            side: false,
            depth: 0,
        };
        self.condition(file, expr, sense, found);
    }

    fn condition(&self, file: FileId, expr: ExprId, sense: Sense, found: &mut Conditions) {
        if sense.depth > MAX_DEPTH {
            found.open = true;
            return;
        }
        let sense = Sense {
            depth: sense.depth + 1,
            ..sense
        };
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Binary { op, left, right } => match module.str(*op) {
                op @ ("&" | "and" | "|" | "or") => {
                    let is_or = matches!(op, "|" | "or") != sense.negated;
                    let mut sides = Sides::default();
                    let sense = Sense {
                        side: sense.side || is_or,
                        ..sense
                    };
                    for side in [*left, *right] {
                        sides.next(&found.filters, &found.either);
                        self.condition(file, side, sense, found);
                    }
                    if is_or {
                        sides.close(true, &mut found.filters, &mut found.either);
                    }
                }
                op => self.comparison(file, op, (*left, *right), sense, found),
            },
            ExprKind::Unary { op, operand } if matches!(module.str(*op), "~" | "not") => {
                let sense = Sense {
                    negated: !sense.negated,
                    ..sense
                };
                self.condition(file, *operand, sense, found);
            }
            ExprKind::Call { .. } => match module.call(expr) {
                Some(call) => self.method(file, &call, sense, found),
                None => found.open = true,
            },
            ExprKind::Attr { .. } if (self.column)(file, expr).is_some() => {
                self.push(
                    (self.column)(file, expr),
                    FilterKind::Equality,
                    Some("true".to_owned()),
                    sense,
                    found,
                );
            }
            ExprKind::Spread(inner) => self.listed(file, *inner, sense, found),
            ExprKind::Name(_) | ExprKind::Attr { .. } => match self.resolver.definition(file, expr) {
                Some((at, definition)) if (at, definition) != (file, expr) => {
                    // `condition &= …` may follow: nothing is sure.
                    found.open = true;
                    self.condition(at, definition, Sense { optional: true, ..sense }, found);
                }
                _ => found.open = true,
            },
            ExprKind::Bool(_) | ExprKind::Null => {}
            _ => found.open = true,
        }
    }

    fn listed(&self, file: FileId, list: ExprId, sense: Sense, found: &mut Conditions) {
        let Some(items) = chain::items(self.resolver, file, list) else {
            found.open = true;
            return;
        };
        for (at, item, optional) in items {
            let sense = Sense {
                optional: sense.optional || optional,
                ..sense
            };
            self.condition(at, item, sense, found);
        }
    }

    fn comparison(&self, file: FileId, op: &str, sides: (ExprId, ExprId), sense: Sense, found: &mut Conditions) {
        let (left, right) = ((self.column)(file, sides.0), (self.column)(file, sides.1));
        if let ("==", Some(left), Some(right)) = (op, &left, &right)
            && left.table != right.table
        {
            // One side of an OR ties nothing, nor does what is denied.
            if sense.side || sense.negated {
                for column in [left, right] {
                    let loose = Sense {
                        optional: true,
                        negated: false,
                        ..sense
                    };
                    self.push(Some(column.clone()), FilterKind::Negative, None, loose, found);
                }
                return;
            }
            found.joins.push(Join {
                left: left.clone(),
                right: right.clone(),
            });
            return;
        }
        // Peewee's `<<` is IN, `%` LIKE, `**` ILIKE.
        let kind = match op {
            "==" | "is" => FilterKind::Equality,
            "!=" | "is not" | "not in" => FilterKind::Negative,
            "<" | "<=" | ">" | ">=" => FilterKind::Range,
            "in" | "<<" => FilterKind::In,
            "%" | "**" => FilterKind::Pattern,
            _ => FilterKind::Other,
        };
        let is_turned = left.is_none();
        let (value, column) = match left {
            Some(column) => (sides.1, Some(column)),
            None => (sides.0, right),
        };
        if column.is_some() {
            let end = End::of(op).map(|end| if is_turned { end.turned() } else { end });
            return self.push_range(column, (kind, end), self.literal(file, value), sense, found);
        }
        let inside = self.inside(file, sides.0).or_else(|| self.inside(file, sides.1));
        self.push(inside, FilterKind::Function, None, sense, found);
    }

    /// The column that stands in a function: `fn.LOWER(User.name)`.
    fn inside(&self, file: FileId, expr: ExprId) -> Option<ColumnUse> {
        let call = self.resolver.module(file).call(expr)?;
        let receiver = call.receiver().and_then(|receiver| (self.column)(file, receiver));
        receiver.or_else(|| call.args.iter().find_map(|arg| (self.column)(file, arg.value)))
    }

    fn method(&self, file: FileId, call: &Call<'_>, sense: Sense, found: &mut Conditions) {
        let Some(column) = call.receiver().and_then(|receiver| (self.column)(file, receiver)) else {
            match self.inside(file, call.id) {
                Some(column) => self.push(Some(column), FilterKind::Function, None, sense, found),
                None => found.open = true,
            }
            return;
        };
        let literal = call.arg(0).and_then(|value| self.literal(file, value));
        let starts_open = literal
            .as_deref()
            .is_none_or(|text| text.starts_with("'%") || text.starts_with("'_"));
        let kind = match call.method().unwrap_or_default() {
            "eq" => FilterKind::Equality,
            "isnull" | "is_null" => {
                let is_denied = literal.as_deref() == Some("false");
                let kind = if is_denied { FilterKind::Negative } else { FilterKind::Equality };
                return self.push(Some(column), kind, Some("NULL".to_owned()), sense, found);
            }
            "isnotnull" | "notnull" | "ne" | "notin" | "not_in" | "not_like" | "not_ilike" => FilterKind::Negative,
            "isin" | "in_" => FilterKind::In,
            "between" | "gt" | "gte" | "lt" | "lte" => FilterKind::Range,
            "startswith" => FilterKind::Prefix,
            "like" if !starts_open => FilterKind::Prefix,
            "like" | "ilike" | "contains" | "endswith" | "regex" | "regexp" | "iregexp" | "rlike" | "search" => FilterKind::Pattern,
            _ => FilterKind::Other,
        };
        let end = call.method().and_then(End::of);
        self.push_range(Some(column), (kind, end), literal, sense, found);
    }

    fn push(&self, column: Option<ColumnUse>, kind: FilterKind, literal: Option<String>, sense: Sense, found: &mut Conditions) {
        self.push_range(column, (kind, None), literal, sense, found);
    }

    #[allow(clippy::unused_self, reason = "reads as its neighbours do")]
    fn push_range(
        &self,
        column: Option<ColumnUse>,
        (kind, end): (FilterKind, Option<End>),
        literal: Option<String>,
        sense: Sense,
        found: &mut Conditions,
    ) {
        let Some(column) = column else {
            found.open = true;
            return;
        };
        let end = end.filter(|_| kind == FilterKind::Range);
        let (kind, end) = match (kind, sense.negated) {
            (FilterKind::Negative, true) => (FilterKind::Equality, None),
            (FilterKind::Range, true) => End::denied(end),
            (_, true) => (FilterKind::Negative, None),
            (kind, false) => (kind, end),
        };
        found.filters.push(Filter {
            column,
            kind,
            literal,
            optional: sense.optional,
            end,
            hindered: false,
        });
    }

    fn literal(&self, file: FileId, expr: ExprId) -> Option<String> {
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
