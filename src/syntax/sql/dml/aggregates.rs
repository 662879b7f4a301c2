//! What an aggregate is.

use sqlparser::ast::{self, Expr};

use super::{predicate, text};

const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "total",
    "array_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "string_agg",
    "group_concat",
    "bool_or",
    "bool_and",
    "every",
    "stddev",
    "variance",
    "json_group_array",
    "json_arrayagg",
    "percentile_cont",
    "mode",
];

/// Whether an expression is an aggregate, or computed from aggregates and literals only.
pub(super) fn is_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Function(function) => {
            let name = text(&function.name).to_ascii_lowercase();
            if function.over.is_some() {
                return false;
            }
            AGGREGATES.contains(&name.as_str())
                || (matches!(name.as_str(), "coalesce" | "round" | "ifnull") && first_argument(function).is_some_and(is_aggregate))
        }
        Expr::Exists { .. } => true,
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_aggregate(inner),
        Expr::BinaryOp { left, right, .. } => {
            let literal = |expr: &Expr| matches!(expr, Expr::Value(_));
            (is_aggregate(left) && (is_aggregate(right) || literal(right))) || (literal(left) && is_aggregate(right))
        }
        _ => false,
    }
}

fn first_argument(function: &ast::Function) -> Option<&Expr> {
    predicate::arguments(function).into_iter().next()
}
