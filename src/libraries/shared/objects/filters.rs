//! Filter objects, as each library writes them: their operators, and what stands under AND, OR and NOT.

use super::lists::items;
use super::literals::literal;
use super::{ExprPlace, MAX_DEPTH, ObjectField, fields};
use crate::ir::{ExprId, ExprKind, TemplatePart};
use crate::libraries::shared::query::Resolver;
use crate::statement::{ColumnUse, Either, Filter, FilterKind, Sides, Statement};

/// What an operator of a filter object means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Compares the column.
    Compare(FilterKind),
    /// Compares the column with nothing that matters here (`mode`, `path`).
    Option,
    /// All of its conditions hold.
    And,
    /// One of its conditions holds.
    Or,
    /// None holds, or the comparison is turned around.
    Not,
    /// Leads into a relation's own conditions.
    Relation,
    /// A condition that cannot be read.
    Opaque,
    /// No operator: a field.
    Field,
}

/// How one library writes its filter objects.
#[derive(Clone, Copy)]
pub struct FilterGrammar {
    /// Operators by key.
    pub key: fn(&str) -> Op,
    /// Operators that are calls: `In([…])`, `Not(…)`.
    pub call: fn(&str) -> Op,
    /// `{ id: [1, 2] }` means IN.
    pub list_is_in: bool,
    /// `{ a_b: { a, b } }` names a compound unique key.
    pub compound_keys: bool,
    /// An object under a field is the field of a relation (otherwise of an embedded document).
    pub relations: bool,
}

/// Filters as they are collected.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Found so far.
    pub list: Vec<Filter>,
    /// ORs that bound the rows.
    pub either: Vec<Either>,
    /// More can apply than were understood.
    pub open: bool,
}

impl Filters {
    /// Adds what was found to a statement; `true` when more can apply.
    pub fn into_statement(self, statement: &mut Statement) -> bool {
        statement.filters.extend(self.list);
        statement.either.extend(self.either);
        self.open
    }
}

#[derive(Clone)]
struct Under {
    prefix: String,
    table: Option<usize>,
    optional: bool,
    negated: bool,
}

/// Collects the filters of a filter object.
pub fn object_filters(
    resolver: &dyn Resolver,
    place: ExprPlace,
    grammar: FilterGrammar,
    table: Option<usize>,
    optional: bool,
    out: &mut Filters,
) {
    let under = Under {
        prefix: String::new(),
        table,
        optional,
        negated: false,
    };
    tree(resolver, place, grammar, &under, MAX_DEPTH, out);
}

fn tree(resolver: &dyn Resolver, place: ExprPlace, grammar: FilterGrammar, under: &Under, depth: u32, out: &mut Filters) {
    if depth == 0 || !resolver.afford(place.0, 1) {
        out.open = true;
        return;
    }
    if matches!(resolver.module(place.0).kind(place.1), ExprKind::List(_)) {
        // An array of conditions where one is meant: TypeORM's `where: [a, b]` is an OR.
        alternatives(resolver, place, grammar, under, depth, out);
        return;
    }
    let read = fields(resolver, place.0, place.1);
    out.open |= read.open;
    for field in &read.items {
        let mut inner = under.clone();
        inner.optional |= field.optional;
        match (grammar.key)(&field.key) {
            Op::And => {
                let module = resolver.module(field.value.0);
                if matches!(module.kind(field.value.1), ExprKind::Object(_)) {
                    tree(resolver, field.value, grammar, &inner, depth - 1, out);
                } else {
                    let (conditions, open) = items(resolver, field.value.0, field.value.1);
                    out.open |= open;
                    for (condition, conditional) in conditions {
                        let mut inner = inner.clone();
                        inner.optional |= conditional;
                        tree(resolver, condition, grammar, &inner, depth - 1, out);
                    }
                }
            }
            Op::Or => alternatives(resolver, field.value, grammar, &inner, depth, out),
            Op::Not => {
                inner.negated = !inner.negated;
                inner.optional = true;
                tree(resolver, field.value, grammar, &inner, depth - 1, out);
            }
            Op::Relation => tree(resolver, field.value, grammar, &inner, depth - 1, out),
            Op::Opaque => out.open = true,
            Op::Option => {}
            Op::Compare(kind) => push_ending(&inner, kind, &field.key, literal(resolver, field.value), out),
            Op::Field => column(resolver, field, grammar, &inner, depth - 1, out),
        }
    }
}

fn alternatives(resolver: &dyn Resolver, place: ExprPlace, grammar: FilterGrammar, under: &Under, depth: u32, out: &mut Filters) {
    let module = resolver.module(place.0);
    if matches!(module.kind(place.1), ExprKind::Object(_)) {
        tree(resolver, place, grammar, under, depth - 1, out);
        return;
    }
    let (conditions, open) = items(resolver, place.0, place.1);
    out.open |= open;
    let several = conditions.len() != 1 || open;
    let mut sides = Sides::default();
    for (condition, conditional) in conditions {
        let mut inner = under.clone();
        inner.optional |= conditional && !several;
        sides.next(&out.list, &out.either);
        tree(resolver, condition, grammar, &inner, depth.saturating_sub(1), out);
    }
    if several {
        sides.close(!open, &mut out.list, &mut out.either);
    }
}

fn push(under: &Under, kind: FilterKind, literal: Option<String>, out: &mut Filters) {
    push_ending(under, kind, "", literal, out);
}

/// Adds a comparison by an operator, which says what end of a range it sets.
fn push_ending(under: &Under, kind: FilterKind, operator: &str, literal: Option<String>, out: &mut Filters) {
    if under.prefix.is_empty() {
        return;
    }
    let column = ColumnUse {
        table: under.table,
        column: under.prefix.clone(),
    };
    let kind = if under.negated { FilterKind::Negative } else { kind };
    let filter = Filter::new(column, kind, literal, under.optional);
    out.list.push(filter.ending(operator.trim_matches(['[', ']'])));
}

/// A field and what it is compared with.
fn column(resolver: &dyn Resolver, field: &ObjectField, grammar: FilterGrammar, under: &Under, depth: u32, out: &mut Filters) {
    let mut inner = under.clone();
    let parent = std::mem::take(&mut inner.prefix);
    inner.prefix = if parent.is_empty() {
        field.key.clone()
    } else {
        // Whose column it is can't be said without the schema.
        inner.table = None;
        format!("{parent}.{}", field.key)
    };
    compare(resolver, field.value, grammar, &inner, &parent, depth, out);
}

fn compare(resolver: &dyn Resolver, place: ExprPlace, grammar: FilterGrammar, under: &Under, parent: &str, depth: u32, out: &mut Filters) {
    if depth == 0 {
        out.open = true;
        return;
    }
    let (file, expr) = place;
    let module = resolver.module(file);
    let optionally = || Under {
        optional: true,
        ..under.clone()
    };
    let is_null = |side: ExprId| matches!(module.kind(side), ExprKind::Null);
    match module.kind(expr) {
        ExprKind::Cond { then, orelse, .. } => match (is_null(*then), is_null(*orelse)) {
            (true, _) => compare(resolver, (file, *orelse), grammar, &optionally(), parent, depth - 1, out),
            (_, true) => compare(resolver, (file, *then), grammar, &optionally(), parent, depth - 1, out),
            _ => {
                let before = out.list.len();
                compare(resolver, (file, *then), grammar, under, parent, depth - 1, out);
                let mut other = Filters::default();
                compare(resolver, (file, *orelse), grammar, under, parent, depth - 1, &mut other);
                merge_branches(out, before, other);
            }
        },
        ExprKind::Binary { op, left, right } if matches!(module.str(*op), "or" | "??" | "and") => {
            let (kept, dropped) = if module.str(*op) == "and" {
                (*right, *left)
            } else {
                (*left, *right)
            };
            let under = if module.str(*op) == "and" || is_null(dropped) {
                optionally()
            } else {
                under.clone()
            };
            compare(resolver, (file, kept), grammar, &under, parent, depth - 1, out);
        }
        ExprKind::Object(_) => compare_object(resolver, place, grammar, under, parent, depth, out),
        ExprKind::List(_) if grammar.list_is_in => push(under, FilterKind::In, None, out),
        ExprKind::Call { .. } => compare_call(resolver, place, grammar, under, parent, depth, out),
        ExprKind::Name(_) | ExprKind::Attr { .. } => match resolver.definition(file, expr) {
            Some((at, definition))
                if (at, definition) != place
                    && matches!(
                        resolver.module(at).kind(definition),
                        ExprKind::Object(_) | ExprKind::Cond { .. } | ExprKind::List(_)
                    ) =>
            {
                compare(resolver, (at, definition), grammar, under, parent, depth - 1, out);
            }
            _ => push(under, FilterKind::Equality, literal(resolver, place), out),
        },
        _ => push(under, FilterKind::Equality, literal(resolver, place), out),
    }
}

/// Both branches of a condition compare: what they agree on holds, the rest is optional.
fn merge_branches(out: &mut Filters, before: usize, other: Filters) {
    out.open |= other.open;
    let first = out.list.split_off(before);
    for mut filter in first {
        match other.list.iter().find(|twin| agree(twin, &filter)) {
            Some(twin) => {
                if twin.literal != filter.literal {
                    filter.literal = None;
                }
                // `all ? { in: [id, other] } : id`: a list of values at the most.
                if twin.kind != filter.kind {
                    filter.kind = FilterKind::In;
                }
            }
            None => filter.optional = true,
        }
        out.list.push(filter);
    }
    for mut filter in other.list {
        if !out.list[before..].iter().any(|twin| agree(twin, &filter)) {
            filter.optional = true;
            out.list.push(filter);
        }
    }
}

/// Whether two branches compare the same column in the same way, or both with values of a list or of one.
fn agree(one: &Filter, other: &Filter) -> bool {
    let is_listed = |kind: FilterKind| matches!(kind, FilterKind::Equality | FilterKind::In);
    one.column == other.column && (one.kind == other.kind || is_listed(one.kind) && is_listed(other.kind))
}

fn compare_call(
    resolver: &dyn Resolver,
    place: ExprPlace,
    grammar: FilterGrammar,
    under: &Under,
    parent: &str,
    depth: u32,
    out: &mut Filters,
) {
    let (file, expr) = place;
    let Some(call) = resolver.module(file).call(expr) else { return };
    match call.method().map_or(Op::Field, grammar.call) {
        Op::Compare(kind) => {
            let literal = call.arg(0).and_then(|arg| literal(resolver, (file, arg)));
            push_ending(under, kind, call.method().unwrap_or_default(), literal, out);
        }
        Op::Not => {
            let mut inner = under.clone();
            inner.negated = !inner.negated;
            match call.arg(0) {
                Some(arg) => compare(resolver, (file, arg), grammar, &inner, parent, depth - 1, out),
                None => push(&inner, FilterKind::Negative, None, out),
            }
        }
        Op::And | Op::Or => {
            for arg in call.args {
                compare(resolver, (file, arg.value), grammar, under, parent, depth - 1, out);
            }
        }
        _ => push(under, FilterKind::Equality, None, out),
    }
}

fn compare_object(
    resolver: &dyn Resolver,
    place: ExprPlace,
    grammar: FilterGrammar,
    under: &Under,
    parent: &str,
    depth: u32,
    out: &mut Filters,
) {
    let read = fields(resolver, place.0, place.1);
    let ops: Vec<Op> = read.items.iter().map(|field| (grammar.key)(&field.key)).collect();
    if ops.iter().all(|op| *op == Op::Field) && !ops.is_empty() {
        // `{ userId_orgId: { userId, orgId } }`: the key's own columns.
        let joined: Vec<&str> = read.items.iter().map(|field| field.key.as_str()).collect();
        let last = under.prefix.rsplit('.').next().unwrap_or_default();
        if grammar.compound_keys && last.contains('_') && (joined.join("_") == last || joined.iter().all(|key| last.contains(key))) {
            let mut inner = under.clone();
            parent.clone_into(&mut inner.prefix);
            for field in &read.items {
                column(resolver, field, grammar, &inner, depth - 1, out);
            }
            return;
        }
        tree(resolver, place, grammar, under, depth - 1, out);
        return;
    }
    let insensitive = read
        .get("mode")
        .is_some_and(|field| literal(resolver, field.value).as_deref() == Some("'insensitive'"));
    out.open |= read.open && read.items.is_empty();
    if read.open && read.items.is_empty() {
        push(
            &Under {
                optional: true,
                ..under.clone()
            },
            FilterKind::Other,
            None,
            out,
        );
    }
    for (field, op) in read.items.iter().zip(ops) {
        let mut inner = under.clone();
        inner.optional |= field.optional || absent_branch(resolver, field.value);
        match op {
            Op::Compare(kind) => {
                let kind = match kind {
                    FilterKind::Prefix | FilterKind::Equality if insensitive => FilterKind::Pattern,
                    // `like: '%a'` tells itself apart from `like: 'a%'`.
                    FilterKind::Pattern => pattern_kind(&field.key, resolver, field.value),
                    kind => kind,
                };
                push_ending(&inner, kind, &field.key, literal(resolver, field.value), out);
            }
            Op::Not => {
                inner.negated = !inner.negated;
                compare(resolver, field.value, grammar, &inner, parent, depth - 1, out);
            }
            Op::And | Op::Or => {
                inner.optional |= op == Op::Or;
                let (conditions, open) = items(resolver, field.value.0, field.value.1);
                out.open |= open;
                for (condition, conditional) in conditions {
                    let mut inner = inner.clone();
                    inner.optional |= conditional;
                    compare(resolver, condition, grammar, &inner, parent, depth - 1, out);
                }
            }
            Op::Relation => {
                inner.optional |= matches!(field.key.as_str(), "none" | "every" | "isNot");
                tree(resolver, field.value, grammar, &inner, depth - 1, out);
            }
            Op::Field => column(resolver, field, grammar, &inner, depth - 1, out),
            Op::Option => {}
            Op::Opaque => out.open = true,
        }
    }
}

fn absent_branch(resolver: &dyn Resolver, place: ExprPlace) -> bool {
    let module = resolver.module(place.0);
    match module.kind(place.1) {
        ExprKind::Cond { then, orelse, .. } => [then, orelse].into_iter().any(|&side| matches!(module.kind(side), ExprKind::Null)),
        ExprKind::Binary { op, right, .. } => matches!(module.str(*op), "or" | "??") && matches!(module.kind(*right), ExprKind::Null),
        _ => false,
    }
}

fn pattern_kind(key: &str, resolver: &dyn Resolver, place: ExprPlace) -> FilterKind {
    if matches!(key.trim_start_matches('$'), "like" | "Op.like") {
        like_kind(resolver, place)
    } else {
        FilterKind::Pattern
    }
}

/// Whether a LIKE's pattern starts with text.
pub fn like_kind(resolver: &dyn Resolver, place: ExprPlace) -> FilterKind {
    let module = resolver.module(place.0);
    let prefix = match module.kind(place.1) {
        ExprKind::Str(text) => Some(module.str(*text)),
        ExprKind::Template(parts) => match (parts.first(), parts.last()) {
            (Some(TemplatePart::Text(text)), _) => Some(module.str(*text)),
            // `${prefix}%`.
            (Some(TemplatePart::Hole(_)), Some(TemplatePart::Text(_))) => Some("x"),
            _ => None,
        },
        _ => None,
    };
    match prefix {
        Some(text) if !text.is_empty() && !text.starts_with(['%', '_']) => FilterKind::Prefix,
        _ => FilterKind::Pattern,
    }
}
