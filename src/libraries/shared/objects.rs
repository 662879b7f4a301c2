//! What recognisers of TypeScript queries share: object arguments read with their spreads and conditions, filter
//! trees, and what becomes of a fluent chain.

use super::chain;
use crate::budget;
use crate::ir::{Call, ExprId, ExprKind, Module, Parent, StmtId, StmtKind, TemplatePart};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;
use crate::statement::{ColumnUse, Either, Filter, FilterKind, Limit, Sides, Statement, TableUse};

/// Bound on nesting of objects and conditions.
pub const MAX_DEPTH: u32 = 12;

/// A place in the project.
pub type Place = (FileId, ExprId);

/// One entry of an object argument.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its key; for a computed key, the dotted name in brackets (`Op.in`).
    pub key: String,
    /// Its value.
    pub value: Place,
    /// It is only there under a condition.
    pub optional: bool,
}

/// The entries of an object argument.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// In source order.
    pub items: Vec<Field>,
    /// More can come from what was not understood.
    pub open: bool,
}

impl Fields {
    /// The last entry of a key.
    pub fn get(&self, key: &str) -> Option<&Field> {
        self.items.iter().rev().find(|field| field.key == key)
    }
}

/// Reads an object argument through names, spreads and conditions.
pub fn fields(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Fields {
    let mut out = Fields::default();
    collect_fields(resolver, (file, expr), false, MAX_DEPTH, &mut out);
    out
}

fn collect_fields(resolver: &dyn Resolver, place: Place, optional: bool, depth: u32, out: &mut Fields) {
    let (file, expr) = place;
    if depth == 0 || !resolver.afford(file, 1) {
        out.open = true;
        return;
    }
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::Object(entries) => {
            for entry in entries {
                let Some(key) = entry.key else {
                    let inner = match module.kind(entry.value) {
                        ExprKind::Spread(inner) => *inner,
                        _ => entry.value,
                    };
                    collect_fields(resolver, (file, inner), optional, depth - 1, out);
                    continue;
                };
                match module.string(key).map(ToOwned::to_owned).or_else(|| module.dotted(key)) {
                    Some(key) => out.items.push(Field {
                        key,
                        value: (file, entry.value),
                        optional,
                    }),
                    None => out.open = true,
                }
            }
        }
        ExprKind::Cond { then, orelse, .. } => {
            for side in [*then, *orelse] {
                collect_fields(resolver, (file, side), true, depth - 1, out);
            }
        }
        ExprKind::Binary { op, right, .. } if module.str(*op) == "and" => {
            collect_fields(resolver, (file, *right), true, depth - 1, out);
        }
        ExprKind::Binary { op, left, right } if matches!(module.str(*op), "or" | "??") => {
            for side in [*left, *right] {
                collect_fields(resolver, (file, side), true, depth - 1, out);
            }
        }
        ExprKind::Null | ExprKind::Bool(false) => {}
        ExprKind::Call { .. } => collect_from_call(resolver, place, optional, depth, out),
        ExprKind::Name(_) | ExprKind::Attr { .. } => match resolver.definition(file, expr) {
            Some(definition) if definition != place => {
                collect_fields(resolver, definition, optional, depth - 1, out);
                collect_changes(resolver, place, definition, out);
            }
            _ => collect_from_value(resolver, place, optional, depth, out),
        },
        _ => out.open = true,
    }
}

fn collect_from_call(resolver: &dyn Resolver, place: Place, optional: bool, depth: u32, out: &mut Fields) {
    let (file, expr) = place;
    let Some(call) = resolver.module(file).call(expr) else { return };
    // `Prisma.validator<T>()({ … })`: the object is the argument.
    let is_validator = call
        .module
        .call(call.callee)
        .is_some_and(|inner| matches!(inner.method(), Some("validator" | "satisfies")));
    match call.arg(0) {
        Some(object) if is_validator => collect_fields(resolver, (file, object), optional, depth - 1, out),
        _ => collect_from_value(resolver, place, optional, depth, out),
    }
}

fn collect_from_value(resolver: &dyn Resolver, place: Place, optional: bool, depth: u32, out: &mut Fields) {
    match resolver.value(place.0, place.1) {
        Value::Literal(at, object) if (at, object) != place => {
            let module = resolver.module(at);
            match module.kind(object) {
                ExprKind::Object(_) => collect_fields(resolver, (at, object), optional, depth - 1, out),
                _ => out.open = true,
            }
        }
        _ => out.open = true,
    }
}

/// `where.status = …` between a name's definition and its use.
fn collect_changes(resolver: &dyn Resolver, used: Place, definition: Place, out: &mut Fields) {
    let (file, expr) = used;
    let module = resolver.module(file);
    let Some(name) = module.name(expr) else { return };
    let Some(stmts) = changes(resolver, used, definition) else {
        out.open = true;
        return;
    };
    for stmt in stmts.into_iter().map(|stmt| module.stmt(stmt)) {
        match &stmt.kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => match module.kind(*target) {
                ExprKind::Attr { base, name: key } if module.name(*base) == Some(name) => out.items.push(Field {
                    key: module.str(*key).to_owned(),
                    value: (file, *value),
                    optional: true,
                }),
                ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } if starts_with_name(module, *base, name) => out.open = true,
                _ => {}
            },
            StmtKind::Expr(call) => {
                let changes = module.call(*call).is_some_and(|call| {
                    let assigns =
                        call.method() == Some("assign") && call.args.first().is_some_and(|arg| module.name(arg.value) == Some(name));
                    let pushes = matches!(call.method(), Some("push" | "unshift"))
                        && call.receiver().is_some_and(|receiver| starts_with_name(module, receiver, name));
                    assigns || pushes
                });
                out.open |= changes;
            }
            _ => {}
        }
    }
}

/// The statements between a name's definition and a use of it that may change what it holds; `None` where they are too many.
fn changes(resolver: &dyn Resolver, used: Place, definition: Place) -> Option<Vec<StmtId>> {
    let (file, used) = used;
    let module = resolver.module(file);
    let ExprKind::Name(name) = module.kind(used) else {
        return Some(Vec::new());
    };
    if definition.0 != file {
        return Some(Vec::new());
    }
    let range = Span {
        start: module.expr(definition.1).span.start,
        end: module.expr(used).span.start,
    };
    chain::few(resolver, (file, used), module.statements_on(*name, range, chain::most_additions()))
}

fn starts_with_name(module: &Module, expr: ExprId, name: &str) -> bool {
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
            _ => return module.name(at) == Some(name),
        };
    }
}

/// The items of a list argument, through names, spreads, `push` and Python's `append`; each with whether it is conditional.
pub fn items(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> (Vec<(Place, bool)>, bool) {
    let mut out = (Vec::new(), false);
    collect_items(resolver, (file, expr), false, MAX_DEPTH, &mut out);
    out
}

fn collect_items(resolver: &dyn Resolver, place: Place, optional: bool, depth: u32, out: &mut (Vec<(Place, bool)>, bool)) {
    let (file, expr) = place;
    if depth == 0 || !resolver.afford(file, 1) {
        out.1 = true;
        return;
    }
    let module = resolver.module(file);
    match module.kind(expr) {
        ExprKind::List(items) => {
            for &item in items {
                match module.kind(item) {
                    ExprKind::Spread(inner) => collect_items(resolver, (file, *inner), optional, depth - 1, out),
                    _ => out.0.push(((file, item), optional)),
                }
            }
        }
        ExprKind::Cond { then, orelse, .. } => {
            for side in [*then, *orelse] {
                collect_items(resolver, (file, side), true, depth - 1, out);
            }
        }
        ExprKind::Binary { right, op, .. } if module.str(*op) == "and" => {
            collect_items(resolver, (file, *right), true, depth - 1, out);
        }
        ExprKind::Call { .. } => match module.call(expr).map(|call| (call.method(), call.receiver())) {
            // `[a, b].filter(Boolean)`, `[…].concat(…)`.
            Some((Some("filter" | "flat"), Some(receiver))) => collect_items(resolver, (file, receiver), true, depth - 1, out),
            _ => out.1 = true,
        },
        ExprKind::Null | ExprKind::Bool(false) => {}
        ExprKind::Name(_) | ExprKind::Attr { .. } => match resolver.definition(file, expr) {
            Some(definition) if definition != place => {
                collect_items(resolver, definition, optional, depth - 1, out);
                collect_pushes(resolver, place, definition, out);
            }
            _ => out.1 = true,
        },
        _ => out.1 = true,
    }
}

fn collect_pushes(resolver: &dyn Resolver, used: Place, definition: Place, out: &mut (Vec<(Place, bool)>, bool)) {
    let (file, expr) = used;
    let module = resolver.module(file);
    let Some(name) = module.name(expr) else { return };
    let Some(stmts) = changes(resolver, used, definition) else {
        out.1 = true;
        return;
    };
    for stmt in stmts.into_iter().map(|stmt| module.stmt(stmt)) {
        let StmtKind::Expr(pushed) = stmt.kind else { continue };
        let Some(call) = module.call(pushed) else { continue };
        if !matches!(call.method(), Some("push" | "append")) || call.receiver().and_then(|receiver| module.name(receiver)) != Some(name) {
            continue;
        }
        let conditional = !matches!(stmt.parent, Parent::Function(_));
        for arg in call.args {
            match module.kind(arg.value) {
                ExprKind::Spread(_) => out.1 = true,
                _ => out.0.push(((file, arg.value), conditional)),
            }
        }
    }
}

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
pub struct Grammar {
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
pub fn object_filters(resolver: &dyn Resolver, place: Place, grammar: Grammar, table: Option<usize>, optional: bool, out: &mut Filters) {
    let under = Under {
        prefix: String::new(),
        table,
        optional,
        negated: false,
    };
    tree(resolver, place, grammar, &under, MAX_DEPTH, out);
}

fn tree(resolver: &dyn Resolver, place: Place, grammar: Grammar, under: &Under, depth: u32, out: &mut Filters) {
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

fn alternatives(resolver: &dyn Resolver, place: Place, grammar: Grammar, under: &Under, depth: u32, out: &mut Filters) {
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
fn column(resolver: &dyn Resolver, field: &Field, grammar: Grammar, under: &Under, depth: u32, out: &mut Filters) {
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

fn compare(resolver: &dyn Resolver, place: Place, grammar: Grammar, under: &Under, parent: &str, depth: u32, out: &mut Filters) {
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

fn compare_call(resolver: &dyn Resolver, place: Place, grammar: Grammar, under: &Under, parent: &str, depth: u32, out: &mut Filters) {
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

fn compare_object(resolver: &dyn Resolver, place: Place, grammar: Grammar, under: &Under, parent: &str, depth: u32, out: &mut Filters) {
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

fn absent_branch(resolver: &dyn Resolver, place: Place) -> bool {
    let module = resolver.module(place.0);
    match module.kind(place.1) {
        ExprKind::Cond { then, orelse, .. } => [then, orelse].into_iter().any(|&side| matches!(module.kind(side), ExprKind::Null)),
        ExprKind::Binary { op, right, .. } => matches!(module.str(*op), "or" | "??") && matches!(module.kind(*right), ExprKind::Null),
        _ => false,
    }
}

fn pattern_kind(key: &str, resolver: &dyn Resolver, place: Place) -> FilterKind {
    if matches!(key.trim_start_matches('$'), "like" | "Op.like") {
        like_kind(resolver, place)
    } else {
        FilterKind::Pattern
    }
}

/// Whether a LIKE's pattern starts with text.
pub fn like_kind(resolver: &dyn Resolver, place: Place) -> FilterKind {
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

/// A literal as SQL writes it: `'active'`, `1`, `true`, `NULL`; also through a constant's name.
pub fn literal(resolver: &dyn Resolver, place: Place) -> Option<String> {
    let module = resolver.module(place.0);
    if let ExprKind::Name(_) | ExprKind::Attr { .. } = module.kind(place.1) {
        if let Some((at, definition)) = resolver.definition(place.0, place.1)
            && (at, definition) != place
        {
            return plain_literal(resolver.module(at), definition);
        }
        return enum_member(module, place.1);
    }
    plain_literal(module, place.1)
}

fn plain_literal(module: &Module, expr: ExprId) -> Option<String> {
    if let Some(text) = module.string(expr) {
        return Some(format!("'{}'", text.replace('\'', "''")));
    }
    if let Some(number) = module.number(expr) {
        return Some(number.to_string());
    }
    match module.kind(expr) {
        ExprKind::Bool(value) => Some(value.to_string()),
        ExprKind::Null => Some("NULL".to_owned()),
        _ => None,
    }
}

/// `Status.ACTIVE`: enums of generated clients hold their own names.
fn enum_member(module: &Module, expr: ExprId) -> Option<String> {
    let ExprKind::Attr { base, name } = module.kind(expr) else {
        return None;
    };
    let holder = match module.kind(*base) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return None,
    };
    let member = module.str(*name);
    let is_constant = member.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (is_constant && holder.starts_with(|c: char| c.is_ascii_uppercase())).then(|| format!("'{member}'"))
}

/// The limit that an argument sets.
pub fn limit(resolver: &dyn Resolver, place: Place) -> Limit {
    let module = resolver.module(place.0);
    match module.kind(place.1) {
        ExprKind::Null => return Limit::None,
        ExprKind::Name(_) | ExprKind::Attr { .. } => {
            let number = resolver
                .definition(place.0, place.1)
                .and_then(|(at, definition)| resolver.module(at).number(definition));
            return number.map_or(Limit::Value, rows);
        }
        _ => {}
    }
    module.number(place.1).map_or(Limit::Value, rows)
}

#[allow(clippy::cast_sign_loss, reason = "the absolute value")]
fn rows(number: f64) -> Limit {
    if number.is_finite() {
        Limit::Rows(number.abs() as u64)
    } else {
        Limit::None
    }
}

/// Whether an offset argument skips anything.
pub fn skips(resolver: &dyn Resolver, place: Place) -> bool {
    let module = resolver.module(place.0);
    !matches!(module.kind(place.1), ExprKind::Null) && module.number(place.1) != Some(0.0)
}

/// A table use by name.
pub fn table(name: impl Into<String>) -> TableUse {
    TableUse {
        name: name.into(),
        alias: None,
    }
}

/// A column of the statement's first table.
pub fn first_column(column: impl Into<String>) -> ColumnUse {
    ColumnUse {
        table: Some(0),
        column: column.into(),
    }
}

/// What becomes of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It runs: awaited, returned, collected.
    Runs,
    /// It is kept or handed to another query.
    Kept,
}

/// How a library with lazy chains spells their ends.
#[derive(Clone, Copy)]
pub struct Fluent {
    /// Methods that run a chain.
    pub runs: &'static [&'static str],
    /// Methods that end a chain without running it.
    pub ends: &'static [&'static str],
    /// Methods and functions that take another query or a callback that builds one, without running it.
    pub takes: &'static [&'static str],
}

/// Whether a lazy chain runs where it stands.
pub fn runs(call: Call<'_>, fluent: Fluent) -> bool {
    match call.method() {
        Some(method) if fluent.runs.contains(&method) => true,
        Some(method) if fluent.ends.contains(&method) => false,
        _ => fate(call.module, call.id, fluent) == Fate::Runs,
    }
}

/// Follows a lazily run chain outwards from one of its calls.
fn fate(module: &Module, call: ExprId, fluent: Fluent) -> Fate {
    let mut at = call;
    for _ in 0..budget::Limit::Holders.count() {
        let parent = match module.expr(at).parent {
            Parent::Expr(parent) => parent,
            Parent::Stmt(stmt) => return statement_fate(module, stmt, at, fluent.takes),
            _ => return Fate::Kept,
        };
        at = match module.kind(parent) {
            ExprKind::Await(_) | ExprKind::Yield(_) => return Fate::Runs,
            ExprKind::Attr { name, .. } => {
                let name = module.str(*name);
                let Parent::Expr(outer) = module.expr(parent).parent else {
                    return Fate::Kept;
                };
                match module.kind(outer) {
                    ExprKind::Call { callee, .. } if *callee == parent => {
                        if matches!(name, "then" | "catch" | "finally") || fluent.runs.contains(&name) {
                            return Fate::Runs;
                        }
                        if fluent.ends.contains(&name) {
                            return Fate::Kept;
                        }
                        outer
                    }
                    _ => return Fate::Kept,
                }
            }
            ExprKind::Call { callee, .. } => return argument_fate(module, *callee, fluent.takes),
            ExprKind::Cond { test, .. } if *test == at => return Fate::Kept,
            ExprKind::Cond { .. }
            | ExprKind::Binary { .. }
            | ExprKind::List(_)
            | ExprKind::Spread(_)
            | ExprKind::Other(_)
            | ExprKind::Unary { .. } => parent,
            _ => return Fate::Kept,
        };
    }
    Fate::Kept
}

fn argument_fate(module: &Module, callee: ExprId, takes: &[&str]) -> Fate {
    let method = match module.kind(callee) {
        ExprKind::Attr { name, .. } | ExprKind::Name(name) => module.str(*name),
        _ => return Fate::Runs,
    };
    if takes.contains(&method) || method == "push" {
        Fate::Kept
    } else {
        Fate::Runs
    }
}

fn statement_fate(module: &Module, stmt: crate::ir::StmtId, expr: ExprId, takes: &[&str]) -> Fate {
    if !matches!(module.stmt(stmt).kind, StmtKind::Return(_)) {
        return Fate::Kept;
    }
    // A callback that hands a subquery to a builder's method.
    let function = module.function(module.owner(expr));
    if let Parent::Expr(lambda) = function.definition
        && let Parent::Expr(holder) = module.expr(lambda).parent
        && let Some(call) = module.call(holder)
    {
        return argument_fate(module, call.callee, takes);
    }
    Fate::Runs
}

/// What a lambda or function argument returns.
pub fn returned(resolver: &dyn Resolver, place: Place) -> Option<Place> {
    let module = resolver.module(place.0);
    let ExprKind::Lambda(function) = module.kind(place.1) else {
        return None;
    };
    let last = module.function(*function).body.last()?;
    match module.stmt(*last).kind {
        StmtKind::Return(Some(value)) => Some((place.0, value)),
        _ => None,
    }
}

/// Whether the statement of an expression stands under a condition that the base of its chain does not stand under.
pub fn conditional_step(module: &Module, expr: ExprId) -> bool {
    module.is_chosen(expr)
}

/// The last name of an expression: `c` for `a.b.c`, `f` for `a.f()`.
pub fn last_name(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        ExprKind::Call { callee, .. } => last_name(module, *callee),
        ExprKind::Await(inner) => last_name(module, *inner),
        _ => None,
    }
}

/// One call of a fluent chain, with the chains that its root name was bound to before.
#[derive(Clone, Copy)]
pub struct Step<'m> {
    /// The file.
    pub file: FileId,
    /// The call.
    pub call: Call<'m>,
    /// It is only made under a condition.
    pub conditional: bool,
}

/// All calls that make up a query: the chain up to this call, before it what statements of their own did to the name it
/// starts from (`query.take(10);`), and first the chain that the name was bound to.
pub fn steps<'r>(resolver: &'r dyn Resolver, file: FileId, call: Call<'r>) -> Vec<Step<'r>> {
    let mut parts = Vec::new();
    let (mut file, mut call) = (file, call);
    for _ in 0..MAX_DEPTH {
        let root = call.root();
        let base = call.module.name(root).and_then(|_| match resolver.value(file, root) {
            Value::Query(at, expr) => Some((at, resolver.module(at).call(expr)?)),
            _ => None,
        });
        let conditional = base.is_some() && conditional_step(call.module, call.id);
        parts.push((file, call, conditional));
        let Some((at, before)) = base else { break };
        if at == file {
            let done = in_place(resolver, file, root, before.id).unwrap_or_default();
            // `f(query)` is no step of it, and a copy (`query.clone().take(1)`) leaves the query as it is.
            let is_step = |change: &Call<'_>| {
                change.module.name(change.root()) == call.module.name(root)
                    && !change.chain().iter().any(|step| step.method() == Some("clone"))
            };
            let changes = done.into_iter().rev().filter(is_step);
            parts.extend(changes.map(|change| (file, change, chain::is_conditional(change.module, change.id, call.id))));
        }
        (file, call) = (at, before);
    }
    let mut steps = Vec::new();
    for (file, call, conditional) in parts.into_iter().rev() {
        steps.extend(call.chain().into_iter().map(|call| Step { file, call, conditional }));
    }
    steps
}

/// Whether a query is handed to a function of the project on the way to this call, which may add to it
/// (`paginate(query, request);`).
pub fn is_handed_on(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> bool {
    let root = call.root();
    let Some(name) = call.module.name(root) else { return false };
    let Value::Query(at, before) = resolver.value(file, root) else {
        return false;
    };
    let takes = |change: &Call<'_>| change.args.iter().any(|arg| change.module.name(arg.value) == Some(name));
    // Of too many it is not known what they add.
    at == file && in_place(resolver, file, root, before).is_none_or(|calls| calls.iter().any(takes))
}

/// The calls that stand as statements of their own between a name's definition and its use, in the same function, and work on
/// the name: on its root (`query.take(10)`) or as an argument (`paginate(query)`); `None` where they are too many.
fn in_place(resolver: &dyn Resolver, file: FileId, used: ExprId, definition: ExprId) -> Option<Vec<Call<'_>>> {
    let module = resolver.module(file);
    let ExprKind::Name(symbol) = module.kind(used) else {
        return Some(Vec::new());
    };
    let name = module.str(*symbol);
    let (from, to) = (module.expr(definition).span.end, module.expr(used).span.start);
    let owner = module.owner(definition);
    let found = chain::few(
        resolver,
        (file, used),
        module.statements_on(*symbol, Span { start: from, end: to }, chain::most_additions()),
    )?;
    let mut calls: Vec<Call<'_>> = found
        .into_iter()
        .map(|stmt| module.stmt(stmt))
        .filter(|stmt| stmt.span.start >= from && stmt.span.end <= to)
        .filter_map(|stmt| match stmt.kind {
            StmtKind::Expr(expr) => module.call(module.unawaited(expr)),
            _ => None,
        })
        .filter(|call| {
            let is_root = module.name(call.root()) == Some(name);
            is_root || call.args.iter().any(|arg| module.name(arg.value) == Some(name))
        })
        .filter(|call| module.owner(call.id) == owner)
        .collect();
    calls.sort_by_key(|call| module.expr(call.id).span.start);
    Some(calls)
}
