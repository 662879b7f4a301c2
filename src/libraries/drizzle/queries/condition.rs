//! Drizzle's conditions: `and(eq(users.id, id), …)`, lists of them, and ``sql`…` `` fragments.

use super::Build;
use crate::ir::{Call, ExprId, ExprKind, Module, StmtKind, TemplatePart};
use crate::libraries::shared::objects::{self, ExprPlace};
use crate::libraries::shared::value::Value;
use crate::statement::{ColumnUse, End, FilterKind, Sides, Subquery, SubqueryPlace, end_ranges};

impl Build<'_> {
    /// Reads a condition into filters and joins.
    pub(super) fn condition(&mut self, place: ExprPlace, optional: bool) {
        self.term(place, optional, false, objects::MAX_DEPTH);
    }

    fn term(&mut self, place: ExprPlace, optional: bool, negated: bool, depth: u32) {
        if depth == 0 {
            self.query.open_filters = true;
            return;
        }
        let (file, expr) = place;
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Call { .. } => {
                if let Some(call) = module.call(expr) {
                    self.call((file, call), optional, negated, depth);
                }
            }
            ExprKind::Cond { then, orelse, .. } => {
                for side in [*then, *orelse] {
                    self.term((file, side), true, negated, depth - 1);
                }
            }
            ExprKind::Binary { op, left, right } => match module.str(*op) {
                "and" => self.term((file, *right), true, negated, depth - 1),
                "or" | "??" => {
                    for side in [*left, *right] {
                        self.term((file, side), true, negated, depth - 1);
                    }
                }
                _ => self.query.open_filters = true,
            },
            ExprKind::Spread(_) | ExprKind::List(_) => self.list(place, optional, negated, depth),
            ExprKind::Null | ExprKind::Bool(_) => {}
            ExprKind::Name(_) | ExprKind::Attr { .. } => match self.resolver.definition(file, expr) {
                Some(definition) if definition != place => self.term(definition, optional, negated, depth - 1),
                _ => self.query.open_filters = true,
            },
            ExprKind::Lambda(_) => match objects::returned(self.resolver, place) {
                Some(body) => self.term(body, optional, negated, depth - 1),
                None => self.query.open_filters = true,
            },
            _ => self.query.open_filters = true,
        }
    }

    fn list(&mut self, place: ExprPlace, optional: bool, negated: bool, depth: u32) {
        let (file, expr) = place;
        let inner = match self.resolver.module(file).kind(expr) {
            ExprKind::Spread(inner) => *inner,
            _ => expr,
        };
        let (items, open) = objects::items(self.resolver, file, inner);
        self.query.open_filters |= open;
        for (item, conditional) in items {
            self.term(item, optional || conditional, negated, depth - 1);
        }
    }

    fn call(&mut self, at: (crate::libraries::shared::value::FileId, Call<'_>), optional: bool, negated: bool, depth: u32) {
        let (file, call) = at;
        let Some(method) = call.method() else {
            self.query.open_filters = true;
            return;
        };
        let kind = match method {
            "eq" | "isNull" => FilterKind::Equality,
            "gt" | "gte" | "lt" | "lte" | "between" => FilterKind::Range,
            "inArray" => FilterKind::In,
            "ne" | "isNotNull" | "notInArray" | "notLike" | "notIlike" | "notBetween" => FilterKind::Negative,
            "like" => call
                .arg(1)
                .map_or(FilterKind::Pattern, |arg| objects::like_kind(self.resolver, (file, arg))),
            "ilike" => FilterKind::Pattern,
            "arrayContains" | "arrayContained" | "arrayOverlaps" => FilterKind::Other,
            "and" => {
                for arg in call.args {
                    self.term((file, arg.value), optional, negated, depth - 1);
                }
                return;
            }
            "or" => {
                let several = call.args.len() != 1 || call.is_open();
                let mut sides = Sides::default();
                for arg in call.args {
                    sides.next(&self.query.statement.filters, &self.query.statement.either);
                    self.term((file, arg.value), optional, negated, depth - 1);
                }
                if several {
                    let statement = &mut self.query.statement;
                    sides.close(!call.is_open(), &mut statement.filters, &mut statement.either);
                }
                return;
            }
            "not" => {
                if let Some(arg) = call.arg(0) {
                    self.term((file, arg), true, !negated, depth - 1);
                }
                return;
            }
            "exists" | "notExists" => {
                self.subquery(file, &call, SubqueryPlace::Exists);
                return;
            }
            "sql" => {
                self.fragment(file, &call, optional);
                return;
            }
            _ => {
                self.helper(file, &call, optional, negated, depth);
                return;
            }
        };
        let kind = if negated { FilterKind::Negative } else { kind };
        self.comparison(file, &call, method, kind, optional);
    }

    fn comparison(
        &mut self,
        file: crate::libraries::shared::value::FileId,
        call: &Call<'_>,
        method: &str,
        kind: FilterKind,
        optional: bool,
    ) {
        let Some(left) = call.arg(0) else { return };
        let right = call.arg(1);
        let left_column = self.column((file, left));
        let right_column = right.and_then(|right| self.column((file, right)));
        match (left_column, right_column) {
            (Some(left), Some(right)) if method == "eq" => self.join(left, right),
            (Some(column), None) => {
                let literal = match (method, right) {
                    ("isNull" | "isNotNull", _) => Some("NULL".to_owned()),
                    (_, Some(right)) => objects::literal(self.resolver, (file, right)),
                    _ => None,
                };
                if matches!(method, "inArray" | "notInArray") {
                    self.subquery(file, call, SubqueryPlace::In);
                }
                let before = self.query.statement.filters.len();
                self.push(column, kind, literal, optional);
                let added = self.query.statement.filters.get_mut(before..).unwrap_or_default();
                end_ranges(added, End::of(method));
            }
            (None, Some(column)) if method == "eq" => self.push(column, kind, objects::literal(self.resolver, (file, left)), optional),
            (None, _) => match self.inner_column((file, left)) {
                // `eq(lower(users.email), x)`, ``eq(sql`lower(${users.email})`, x)``.
                Some(column) => self.push(column, FilterKind::Function, None, optional),
                None => self.query.open_filters = true,
            },
            _ => {}
        }
    }

    fn subquery(&mut self, file: crate::libraries::shared::value::FileId, call: &Call<'_>, place: SubqueryPlace) {
        let arg = if place == SubqueryPlace::In { call.arg(1) } else { call.arg(0) };
        let Some(inner) = arg.and_then(|arg| self.resolver.query(file, arg)).filter(|query| !query.executed) else {
            return;
        };
        self.query.statement.subqueries.push(Subquery {
            place,
            // The inner chain leaves conditions on columns that are not its own unread.
            correlated: inner.open_filters,
            grouped: inner.statement.grouped,
            statement: Box::new(inner.statement),
        });
    }

    /// A function of the project that returns a condition.
    fn helper(&mut self, file: crate::libraries::shared::value::FileId, call: &Call<'_>, optional: bool, negated: bool, depth: u32) {
        // `.if(condition)` keeps or drops what it is called on.
        if let (Some("if" | "append"), Some(receiver)) = (call.method(), call.receiver()) {
            self.term((file, receiver), true, negated, depth - 1);
            return;
        }
        if let Value::Function(at, function) = self.resolver.value(file, call.callee) {
            let module = self.resolver.module(at);
            let last = module.function(function).body.last();
            if let Some(StmtKind::Return(Some(body))) = last.map(|&stmt| &module.stmt(stmt).kind) {
                self.term((at, *body), optional, negated, depth - 1);
                return;
            }
        }
        self.query.open_filters = true;
    }

    /// A column somewhere inside a call.
    fn inner_column(&self, place: ExprPlace) -> Option<ColumnUse> {
        let module = self.resolver.module(place.0);
        let call = module.call(place.1)?;
        let direct = call.args.iter().find_map(|arg| self.column((place.0, arg.value)));
        direct.or_else(|| {
            let text = call.arg(0)?;
            holes(module, text).into_iter().find_map(|hole| self.column((place.0, hole)))
        })
    }

    /// ``sql`${users.email} ilike ${x}` ``: columns that stand in holes, and what follows them.
    fn fragment(&mut self, file: crate::libraries::shared::value::FileId, call: &Call<'_>, optional: bool) {
        let module = self.resolver.module(file);
        let Some(ExprKind::Template(parts)) = call.arg(0).map(|text| module.kind(text)) else {
            self.query.open_filters = true;
            return;
        };
        let mut found = false;
        for (index, part) in parts.iter().enumerate() {
            let TemplatePart::Hole(hole) = part else { continue };
            let Some(column) = self.column((file, *hole)) else { continue };
            let text = |part: Option<&TemplatePart>| match part {
                Some(TemplatePart::Text(text)) => module.str(*text).trim().to_ascii_lowercase(),
                _ => String::new(),
            };
            let before = index.checked_sub(1).map_or_else(String::new, |before| text(parts.get(before)));
            let kind = fragment_kind(&before, &text(parts.get(index + 1)));
            let or = parts
                .iter()
                .any(|part| matches!(part, TemplatePart::Text(text) if module.str(*text).to_ascii_lowercase().contains(" or ")));
            self.push(column, kind, None, optional || or);
            found = true;
        }
        if !found {
            self.query.open_filters = true;
        }
    }
}

fn holes(module: &Module, text: ExprId) -> Vec<ExprId> {
    match module.kind(text) {
        ExprKind::Template(parts) => parts
            .iter()
            .filter_map(|part| match part {
                TemplatePart::Hole(hole) => Some(*hole),
                TemplatePart::Text(_) => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// How a column in a hole is compared, by the text around it.
fn fragment_kind(before: &str, after: &str) -> FilterKind {
    let in_function = before.ends_with('(') && before.trim_end_matches('(').ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if in_function || after.starts_with("::") {
        return FilterKind::Function;
    }
    let starts = |prefix: &str| after.starts_with(prefix);
    if starts("= any") || starts("in ") || starts("in(") {
        FilterKind::In
    } else if starts("is not") || starts("not ") || starts("<>") || starts("!=") {
        FilterKind::Negative
    } else if starts("is null") || starts("=") {
        FilterKind::Equality
    } else if starts("@>") || starts("<@") || starts("->") || starts("<->") || starts("<=>") {
        FilterKind::Other
    } else if starts("<") || starts(">") || starts("between") {
        FilterKind::Range
    } else if starts("like") || starts("ilike") || starts("~") {
        FilterKind::Pattern
    } else {
        FilterKind::Other
    }
}
