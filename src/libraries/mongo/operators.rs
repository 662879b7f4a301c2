//! What `MongoDB`'s libraries of both languages have in common: filter documents, sort orders, aggregation stages.

use crate::ir::ExprKind;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace, FilterGrammar, Filters, Op};
use crate::libraries::shared::query::{Query, Resolver};
use crate::statement::{FilterKind, Projection, RowLimit};

const GRAMMAR: FilterGrammar = FilterGrammar {
    key: operator,
    call: |_| Op::Field,
    list_is_in: false,
    compound_keys: false,
    relations: false,
};

/// Reads a filter document.
pub fn filters(resolver: &dyn Resolver, place: ExprPlace, query: &mut Query) {
    let mut filters = Filters::default();
    objects::object_filters(resolver, place, GRAMMAR, Some(0), false, &mut filters);
    query.open_filters |= filters.into_statement(&mut query.statement);
}

/// Reads a sort order: a text, a document, a list of pairs.
pub fn orders(resolver: &dyn Resolver, place: ExprPlace, query: &mut Query) {
    if let Some(text) = resolver.module(place.0).string(place.1) {
        for name in text.split_whitespace() {
            let column = objects::first_column(name.trim_start_matches('-'));
            query.statement.order.push((column, name.starts_with('-')));
        }
        return;
    }
    // Python's `[("at", -1)]`.
    if matches!(resolver.module(place.0).kind(place.1), ExprKind::List(_)) {
        for (pair, _) in objects::items(resolver, place.0, place.1).0 {
            let module = resolver.module(pair.0);
            let (ExprKind::Tuple(parts) | ExprKind::List(parts)) = module.kind(pair.1) else {
                continue;
            };
            if let Some(name) = parts.first().and_then(|&name| module.string(name)) {
                let is_descending = parts.get(1).is_some_and(|&direction| descends(resolver, (pair.0, direction)));
                query.statement.order.push((objects::first_column(name), is_descending));
            }
        }
        return;
    }
    for field in objects::fields(resolver, place.0, place.1).items {
        let direction = objects::literal(resolver, field.value).unwrap_or_default();
        let descending = direction.starts_with('-') || direction.trim_matches('\'').starts_with("desc");
        query.statement.order.push((objects::first_column(field.key), descending));
    }
}

/// Whether a direction is downwards: `-1`, `pymongo.DESCENDING`, `"desc"`.
pub fn descends(resolver: &dyn Resolver, place: ExprPlace) -> bool {
    let module = resolver.module(place.0);
    let literal = objects::literal(resolver, place).unwrap_or_default();
    literal.starts_with('-')
        || literal.trim_matches('\'').starts_with("desc")
        || objects::last_name(module, place.1) == Some("DESCENDING")
        || matches!(module.kind(place.1), ExprKind::Unary { op, .. } if module.str(*op) == "-")
}

/// Stages of an aggregation.
pub fn stages(resolver: &dyn Resolver, pipeline: ExprPlace, query: &mut Query) {
    let (stages, open) = objects::items(resolver, pipeline.0, pipeline.1);
    query.statement.open |= open;
    for ((file, stage), conditional) in stages {
        let read = objects::fields(resolver, file, stage);
        query.statement.open |= read.open || conditional;
        for field in read.items {
            match field.key.as_str() {
                // Only before the rows are reshaped do names mean the collection's own fields.
                "$match" if !query.statement.grouped => filters(resolver, field.value, query),
                "$group" | "$bucket" | "$sortByCount" => query.statement.grouped = true,
                "$limit" => query.statement.limit = limits::of(resolver, field.value),
                "$skip" => query.statement.offset = true,
                "$sort" if !query.statement.grouped => orders(resolver, field.value, query),
                "$count" => {
                    query.statement.limit = RowLimit::One;
                    query.statement.projection = Projection::Aggregate;
                }
                _ => {}
            }
        }
    }
}

fn operator(key: &str) -> Op {
    match key {
        "$and" => Op::And,
        "$or" | "$nor" => Op::Or,
        "$not" => Op::Not,
        "$eq" => Op::Compare(FilterKind::Equality),
        "$in" => Op::Compare(FilterKind::In),
        "$ne" | "$nin" => Op::Compare(FilterKind::Negative),
        "$gt" | "$gte" | "$lt" | "$lte" => Op::Compare(FilterKind::Range),
        "$regex" => Op::Compare(FilterKind::Pattern),
        "$elemMatch" => Op::Relation,
        "$options" | "$comment" => Op::Option,
        "$expr" | "$where" | "$text" => Op::Opaque,
        _ if key.starts_with('$') => Op::Compare(FilterKind::Other),
        _ => Op::Field,
    }
}
