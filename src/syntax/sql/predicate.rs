//! Conditions: which columns they compare, how, and with what; join conditions; the queries inside.

use sqlparser::ast::{self, BinaryOperator, Expr, UnaryOperator, Value};

use super::dml::{self, Lowerer, StatementDraft};
use crate::statement::{ColumnUse, End, FilterKind, Join, Sides, SubqueryPlace, end_ranges};

/// Reads a condition into filters, joins and subqueries of the draft.
pub(super) fn walk(lowerer: &mut Lowerer, draft: &mut StatementDraft, condition: &Expr) {
    conditions(lowerer, draft, condition, Sense::default());
}

/// How a condition counts.
#[derive(Clone, Copy, Default)]
struct Sense {
    /// It need not hold: under a NOT.
    optional: bool,
    /// It is one side of an OR: the other may hold in its place.
    is_side: bool,
}

fn conditions(lowerer: &mut Lowerer, draft: &mut StatementDraft, condition: &Expr, sense: Sense) {
    let mut stack = vec![(condition, sense.optional)];
    while let Some((expr, optional)) = stack.pop() {
        let sense = Sense { optional, ..sense };
        match expr {
            Expr::Nested(inner) => stack.push((inner, optional)),
            Expr::BinaryOp {
                left,
                op: BinaryOperator::And,
                right,
            } => stack.extend([(right.as_ref(), optional), (left.as_ref(), optional)]),
            Expr::BinaryOp {
                op: BinaryOperator::Or, ..
            } => either(lowerer, draft, expr, sense),
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } if matches!(expr.as_ref(), Expr::Nested(_)) => stack.push((expr, true)),
            _ => Leaf { lowerer, draft, sense }.read(expr),
        }
    }
}

/// The sides of `a OR b OR c`.
fn either(lowerer: &mut Lowerer, draft: &mut StatementDraft, or: &Expr, sense: Sense) {
    let mut sides = Sides::default();
    let mut stack = vec![or];
    while let Some(expr) = stack.pop() {
        if let Expr::BinaryOp {
            left,
            op: BinaryOperator::Or,
            right,
        } = expr
        {
            stack.extend([right.as_ref(), left.as_ref()]);
            continue;
        }
        sides.next(&draft.statement.filters, &draft.statement.either);
        conditions(lowerer, draft, expr, Sense { is_side: true, ..sense });
    }
    sides.close(true, &mut draft.statement.filters, &mut draft.statement.either);
}

struct Leaf<'l> {
    lowerer: &'l mut Lowerer,
    draft: &'l mut StatementDraft,
    sense: Sense,
}

impl Leaf<'_> {
    fn read(&mut self, expr: &Expr) {
        match expr {
            Expr::BinaryOp { left, op, right } => self.compare(left, op, right),
            Expr::IsNull(inner) => self.filter(inner, FilterKind::Equality, Some("NULL".to_owned())),
            Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => self.filter(inner, FilterKind::Equality, Some("true".to_owned())),
            Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => self.filter(inner, FilterKind::Equality, Some("false".to_owned())),
            Expr::IsNotNull(inner) => self.filter(inner, FilterKind::Negative, Some("NULL".to_owned())),
            Expr::IsDistinctFrom(left, right) => self.compare(left, &BinaryOperator::NotEq, right),
            Expr::IsNotDistinctFrom(left, right) => self.compare(left, &BinaryOperator::Eq, right),
            Expr::InList { expr, list, negated } => {
                let literals: Option<Vec<String>> = list.iter().map(literal).collect();
                self.filter(
                    expr,
                    if *negated { FilterKind::Negative } else { FilterKind::In },
                    literals.map(|list| list.join(", ")),
                );
                for item in list {
                    self.lowerer.subqueries_of(self.draft, item, SubqueryPlace::Where);
                }
            }
            Expr::InSubquery { expr, subquery, negated } => {
                self.filter(expr, if *negated { FilterKind::Negative } else { FilterKind::In }, None);
                self.lowerer.nested(self.draft, subquery, SubqueryPlace::In);
            }
            Expr::InUnnest { expr, .. } => self.filter(expr, FilterKind::In, None),
            Expr::Between { expr, negated, low, high } => {
                let kind = if *negated { FilterKind::Negative } else { FilterKind::Range };
                let before = self.draft.statement.filters.len();
                self.filter(expr, kind, None);
                self.ending(before, Some(End::Both));
                for side in [low, high] {
                    self.lowerer.subqueries_of(self.draft, side, SubqueryPlace::Where);
                }
            }
            Expr::Like {
                expr, pattern, negated, ..
            } => self.like(expr, pattern, *negated, false),
            Expr::ILike {
                expr, pattern, negated, ..
            } => self.like(expr, pattern, *negated, true),
            Expr::SimilarTo { expr, .. } | Expr::RLike { expr, .. } => self.filter(expr, FilterKind::Pattern, None),
            Expr::AnyOp {
                left, compare_op, right, ..
            } => {
                let kind = if *compare_op == BinaryOperator::Eq {
                    FilterKind::In
                } else {
                    FilterKind::Other
                };
                if let Some(query) = queries(right).into_iter().next() {
                    self.filter(left, kind, None);
                    self.lowerer.nested(self.draft, query.0, SubqueryPlace::In);
                } else if literal(left).is_some() || matches!(left.as_ref(), Expr::Value(_)) {
                    // `$1 = ANY(column)`: containment in an array column.
                    self.filter(right, FilterKind::Other, None);
                } else {
                    self.filter(left, kind, None);
                }
            }
            Expr::AllOp { left, .. } => self.filter(left, FilterKind::Negative, None),
            Expr::Exists { subquery, .. } => self.lowerer.nested(self.draft, subquery, SubqueryPlace::Exists),
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => match expr.as_ref() {
                Expr::Exists { subquery, .. } => self.lowerer.nested(self.draft, subquery, SubqueryPlace::Exists),
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.filter(expr, FilterKind::Equality, Some("false".to_owned())),
                inner => {
                    let mut columns = Vec::new();
                    self.lowerer.columns_of(self.draft, inner, &mut columns);
                    self.each(columns, FilterKind::Negative);
                    self.lowerer.subqueries_of(self.draft, inner, SubqueryPlace::Where);
                }
            },
            // A bare boolean column.
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.filter(expr, FilterKind::Equality, Some("true".to_owned())),
            Expr::Value(value) => {
                self.draft.statement.open |= matches!(&value.value, Value::Placeholder(name) if name == super::mask::OPEN_PLACEHOLDER);
            }
            Expr::Tuple(_) => {}
            Expr::MatchAgainst { columns, .. } => {
                let single = (self.draft.statement.tables.len() == 1).then_some(0);
                for column in columns {
                    let column = ColumnUse {
                        table: single,
                        column: dml::text(column),
                    };
                    dml::filter(self.draft, column, FilterKind::Other, None, self.sense.optional);
                }
            }
            other => {
                let mut columns = Vec::new();
                self.lowerer.columns_of(self.draft, other, &mut columns);
                self.each(columns, FilterKind::Function);
                self.lowerer.subqueries_of(self.draft, other, SubqueryPlace::Where);
            }
        }
    }

    /// Sets the end of the ranges that were added since there were so many filters.
    fn ending(&mut self, before: usize, end: Option<End>) {
        let added = self.draft.statement.filters.get_mut(before..).unwrap_or_default();
        end_ranges(added, end);
    }

    fn each(&mut self, columns: Vec<ColumnUse>, kind: FilterKind) {
        for column in columns {
            dml::filter(self.draft, column, kind, None, self.sense.optional);
        }
    }

    fn filter(&mut self, expr: &Expr, kind: FilterKind, literal: Option<String>) {
        if let Expr::Tuple(items) = expr {
            for item in items {
                self.filter(item, kind, None);
            }
            return;
        }
        let before = self.draft.correlated;
        match self.lowerer.column(self.draft, expr) {
            Some(column) => dml::filter(self.draft, column, kind, literal, self.sense.optional),
            None if self.draft.correlated != before => {}
            None => {
                let mut columns = Vec::new();
                self.lowerer.columns_of(self.draft, expr, &mut columns);
                let kind = if is_json_access(expr) {
                    FilterKind::Other
                } else {
                    FilterKind::Function
                };
                self.each(columns, kind);
                self.lowerer.subqueries_of(self.draft, expr, SubqueryPlace::Where);
            }
        }
    }

    fn like(&mut self, expr: &Expr, pattern: &Expr, negated: bool, ignores_case: bool) {
        let text = literal(pattern);
        let anchored = text
            .as_ref()
            .is_some_and(|text| !text.trim_start_matches('\'').starts_with(['%', '_']));
        let kind = match (negated, anchored && !ignores_case) {
            (true, _) => FilterKind::Negative,
            (false, true) => FilterKind::Prefix,
            (false, false) => FilterKind::Pattern,
        };
        self.filter(expr, kind, text);
    }

    fn compare(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) {
        let kind = kind(op);
        if let (Expr::Tuple(left), Expr::Tuple(right)) = (left, right) {
            for (left, right) in left.iter().zip(right) {
                self.compare(left, op, right);
            }
            return;
        }
        let was = std::mem::replace(&mut self.draft.correlated, false);
        let left_column = self.lowerer.column(self.draft, left);
        let left_outer = std::mem::replace(&mut self.draft.correlated, false);
        let right_column = self.lowerer.column(self.draft, right);
        let right_outer = self.draft.correlated;
        self.draft.correlated = was || left_outer || right_outer;
        match (left_column, right_column) {
            (Some(left), Some(right)) if kind == FilterKind::Equality && !self.sense.optional && !self.sense.is_side => {
                self.draft.statement.joins.push(Join { left, right });
            }
            // One side of an OR ties nothing: the other may hold for any row.
            (Some(left), Some(right)) => self.each(
                vec![left, right],
                if kind == FilterKind::Equality {
                    FilterKind::Negative
                } else {
                    FilterKind::Other
                },
            ),
            (Some(column), None) => {
                // `x = DATE(y)` names a second column, inside a function.
                self.other_side(right, right_outer);
                let before = self.draft.statement.filters.len();
                dml::filter(self.draft, column, kind, literal(right), self.sense.optional);
                self.ending(before, End::of(&op.to_string()));
            }
            (None, Some(column)) => {
                self.other_side(left, left_outer);
                let before = self.draft.statement.filters.len();
                dml::filter(self.draft, column, kind, literal(left), self.sense.optional);
                self.ending(before, End::of(&op.to_string()).map(End::turned));
            }
            (None, None) => {
                for (side, outer) in [(left, left_outer), (right, right_outer)] {
                    if !outer {
                        let before = self.draft.statement.filters.len();
                        self.filter(side, kind, None);
                        debug_assert!(self.draft.statement.filters.len() >= before);
                    }
                }
            }
        }
    }

    fn other_side(&mut self, expr: &Expr, outer: bool) {
        if outer {
            return;
        }
        let mut columns = Vec::new();
        self.lowerer.columns_of(self.draft, expr, &mut columns);
        self.each(columns, FilterKind::Function);
        self.lowerer.subqueries_of(self.draft, expr, SubqueryPlace::Where);
    }
}

fn kind(op: &BinaryOperator) -> FilterKind {
    match op {
        BinaryOperator::Eq | BinaryOperator::Spaceship => FilterKind::Equality,
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => FilterKind::Range,
        BinaryOperator::NotEq => FilterKind::Negative,
        BinaryOperator::PGRegexMatch | BinaryOperator::PGRegexIMatch | BinaryOperator::PGLikeMatch | BinaryOperator::PGILikeMatch => {
            FilterKind::Pattern
        }
        _ => FilterKind::Other,
    }
}

fn is_json_access(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_json_access(inner),
        Expr::JsonAccess { .. } => true,
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Arrow
                | BinaryOperator::LongArrow
                | BinaryOperator::HashArrow
                | BinaryOperator::HashLongArrow
                | BinaryOperator::AtArrow
                | BinaryOperator::Question
        ),
        _ => false,
    }
}

/// A literal as it would be written: `'active'`, `1`, `NULL`, `true`.
pub(super) fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(_) => None,
            other => Some(other.to_string()),
        },
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => literal(inner),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => literal(expr).map(|text| format!("-{text}")),
        Expr::TypedString(_) => Some(expr.to_string()),
        _ => None,
    }
}

/// The expressions among a function's arguments.
pub(super) fn arguments(function: &ast::Function) -> Vec<&Expr> {
    let ast::FunctionArguments::List(list) = &function.args else {
        return Vec::new();
    };
    list.args
        .iter()
        .filter_map(|arg| match arg {
            ast::FunctionArg::Named { arg, .. } | ast::FunctionArg::ExprNamed { arg, .. } | ast::FunctionArg::Unnamed(arg) => match arg {
                ast::FunctionArgExpr::Expr(expr) => Some(expr),
                _ => None,
            },
        })
        .collect()
}

fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Nested(e)
        | Expr::Cast { expr: e, .. }
        | Expr::UnaryOp { expr: e, .. }
        | Expr::Collate { expr: e, .. }
        | Expr::Extract { expr: e, .. }
        | Expr::IsNull(e)
        | Expr::IsNotNull(e)
        | Expr::IsTrue(e)
        | Expr::IsFalse(e)
        | Expr::IsNotTrue(e)
        | Expr::IsNotFalse(e)
        | Expr::Ceil { expr: e, .. }
        | Expr::Floor { expr: e, .. }
        | Expr::Substring { expr: e, .. }
        | Expr::Trim { expr: e, .. }
        | Expr::Convert { expr: e, .. }
        | Expr::JsonAccess { value: e, .. }
        | Expr::CompoundFieldAccess { root: e, .. }
        | Expr::AtTimeZone { timestamp: e, .. } => vec![e],
        Expr::BinaryOp { left, right, .. }
        | Expr::AnyOp { left, right, .. }
        | Expr::AllOp { left, right, .. }
        | Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right) => vec![left, right],
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => vec![expr, pattern],
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::InList { expr, list, .. } => std::iter::once(expr.as_ref()).chain(list).collect(),
        Expr::InSubquery { expr, .. } => vec![expr],
        Expr::Position { expr, r#in } => vec![expr, r#in],
        Expr::Tuple(items) => items.iter().collect(),
        Expr::Array(array) => array.elem.iter().collect(),
        Expr::Interval(interval) => vec![&interval.value],
        Expr::Function(function) => arguments(function),
        Expr::Case {
            operand,
            conditions,
            else_result,
            ..
        } => {
            let mut out: Vec<&Expr> = operand.iter().chain(else_result).map(AsRef::as_ref).collect();
            out.extend(conditions.iter().flat_map(|when| [&when.condition, &when.result]));
            out
        }
        _ => Vec::new(),
    }
}

/// Every expression inside one, itself first, subqueries left out.
fn descend(expr: &Expr) -> Vec<&Expr> {
    let mut out = vec![expr];
    let mut at = 0;
    while at < out.len() {
        let more = children(out[at]);
        out.extend(more);
        at += 1;
    }
    out
}

/// The names inside an expression.
pub(super) fn leaves(expr: &Expr) -> Vec<&Expr> {
    descend(expr)
        .into_iter()
        .filter(|expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
        .collect()
}

/// The queries directly inside an expression, with their place where the expression decides it.
pub(super) fn queries(expr: &Expr) -> Vec<(&ast::Query, Option<SubqueryPlace>)> {
    descend(expr)
        .into_iter()
        .filter_map(|expr| match expr {
            Expr::Subquery(query) => Some((query.as_ref(), None)),
            Expr::InSubquery { subquery, .. } => Some((subquery.as_ref(), Some(SubqueryPlace::In))),
            Expr::Exists { subquery, .. } => Some((subquery.as_ref(), Some(SubqueryPlace::Exists))),
            Expr::Function(function) => match &function.args {
                ast::FunctionArguments::Subquery(query) => Some((query.as_ref(), None)),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
