//! Django's conditions: keyword lookups (`name__icontains=…`) and `Q` objects.

use super::draft::QuerySetDraft;
use crate::ir::{Arg, ExprId, ExprKind, FunctionId, Module};
use crate::libraries::shared::chain;
use crate::libraries::shared::value::FileId;
use crate::statement::{End, Filter, FilterKind, Sides, Subquery, SubqueryPlace};

const MAX_DEPTH: u32 = 24;

#[derive(Clone, Copy)]
struct Sense {
    optional: bool,
    negated: bool,
    depth: u32,
}

impl QuerySetDraft<'_> {
    /// Reads the arguments of `filter`, `exclude`, `get`.
    pub(super) fn conditions(&mut self, file: FileId, args: &[Arg], optional: bool, negated: bool) {
        let sense = Sense {
            optional: optional || negated && args.len() > 1,
            negated,
            depth: 0,
        };
        for arg in args {
            self.argument(file, arg, sense);
        }
    }

    /// Reads keyword arguments without those that are no conditions.
    pub(super) fn keywords(&mut self, file: FileId, args: &[Arg], without: &[&str]) {
        for arg in args {
            let module = self.resolver.module(file);
            if arg.name.is_some_and(|name| without.contains(&module.str(name))) {
                continue;
            }
            self.argument(
                file,
                arg,
                Sense {
                    optional: false,
                    negated: false,
                    depth: 0,
                },
            );
        }
    }

    fn argument(&mut self, file: FileId, arg: &Arg, sense: Sense) {
        let module = self.resolver.module(file);
        match arg.name {
            Some(name) => self.lookup(file, module.str(name), arg.value, sense),
            None => self.positional(file, arg.value, sense),
        }
    }

    fn positional(&mut self, file: FileId, expr: ExprId, sense: Sense) {
        let sense = Sense {
            depth: sense.depth + 1,
            ..sense
        };
        if sense.depth > MAX_DEPTH {
            self.query.statement.open = true;
            return;
        }
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Call { .. } => {
                let Some(call) = module.call(expr) else { return };
                match call.method() {
                    Some("Q") => {
                        for arg in call.args {
                            self.argument(file, arg, sense);
                        }
                    }
                    Some("Exists") => {
                        if let Some(inner) = call.arg(0).and_then(|inner| self.resolver.query(file, inner)) {
                            self.subquery(inner.statement, SubqueryPlace::Exists);
                        }
                    }
                    _ => self.query.statement.open = true,
                }
            }
            ExprKind::Binary { op, left, right } => {
                let is_or = matches!(module.str(*op), "|" | "or" | "^") != sense.negated;
                let mut sides = Sides::default();
                for side in [*left, *right] {
                    sides.next(&self.query.statement.filters, &self.query.statement.either);
                    self.positional(file, side, sense);
                }
                if is_or {
                    let statement = &mut self.query.statement;
                    sides.close(true, &mut statement.filters, &mut statement.either);
                }
            }
            ExprKind::Unary { operand, .. } => self.positional(
                file,
                *operand,
                Sense {
                    negated: !sense.negated,
                    ..sense
                },
            ),
            ExprKind::Spread(inner) => self.spread(file, *inner, sense),
            ExprKind::Name(_) | ExprKind::Attr { .. } => match self.resolver.definition(file, expr) {
                Some((at, definition)) if at == file && definition != expr && is_set_once(module, expr) => {
                    self.positional(at, definition, sense);
                }
                Some((at, definition)) if (at, definition) != (file, expr) => {
                    // `q |= Q(…)` may follow: nothing is sure.
                    self.query.statement.open = true;
                    self.positional(at, definition, Sense { optional: true, ..sense });
                }
                _ => self.unread(),
            },
            _ => self.unread(),
        }
    }

    /// A condition that is not understood: it may be the one that an index serves.
    fn unread(&mut self) {
        self.query.statement.open = true;
        self.query.open_filters = true;
    }

    /// `**filters`, `*conditions`.
    fn spread(&mut self, file: FileId, expr: ExprId, sense: Sense) {
        if let Some(passed) = self.resolver.passed_keywords(file, expr) {
            for (name, (at, value)) in passed {
                self.lookup(at, &name, value, sense);
            }
            return;
        }
        self.query.statement.open = true;
        let found = self.resolver.definition(file, expr).unwrap_or((file, expr));
        let module = self.resolver.module(found.0);
        if let ExprKind::Object(entries) = module.kind(found.1) {
            for entry in entries {
                if let Some(name) = entry.key.and_then(|key| module.string(key)) {
                    self.lookup(found.0, name, entry.value, sense);
                }
            }
            return;
        }
        let Some(items) = chain::items(self.resolver, file, expr) else {
            return self.unread();
        };
        for (at, item, optional) in items {
            let sense = Sense {
                optional: sense.optional || optional,
                ..sense
            };
            self.positional(at, item, sense);
        }
    }

    fn lookup(&mut self, file: FileId, path: &str, value: ExprId, sense: Sense) {
        let module = self.resolver.module(file);
        let operator = path.rsplit_once("__").map_or("", |(_, last)| last);
        let (path, kind) = split(path);
        let mut kind = kind;
        let mut literal = literal(module, value);
        if path.1 {
            // `isnull=True` and `isnull=False`.
            kind = match module.kind(value) {
                ExprKind::Bool(false) => FilterKind::Negative,
                _ => FilterKind::Equality,
            };
            literal = Some("NULL".to_owned());
        }
        if let (FilterKind::In | FilterKind::Equality, ExprKind::Call { .. } | ExprKind::Name(_)) = (kind, module.kind(value))
            && let Some(inner) = self
                .resolver
                .query(file, value)
                .filter(|inner| !inner.executed && inner.library == "django")
        {
            self.subquery(inner.statement, SubqueryPlace::In);
        }
        // No index finds the rows of which one column is as large as another.
        if names_a_column(module, value) {
            kind = FilterKind::Other;
        }
        let mut end = End::of(operator).filter(|_| kind == FilterKind::Range);
        if sense.negated {
            (kind, end) = match kind {
                FilterKind::Negative => (FilterKind::Equality, None),
                FilterKind::Range => End::denied(end),
                _ => (FilterKind::Negative, None),
            };
        }
        let column = self.column(path.0);
        let filter = Filter::new(column, kind, literal, sense.optional);
        self.query.statement.filters.push(Filter { end, ..filter });
    }

    fn subquery(&mut self, statement: crate::statement::Statement, place: SubqueryPlace) {
        self.query.statement.subqueries.push(Subquery {
            place,
            correlated: false,
            grouped: statement.grouped,
            statement: Box::new(statement),
        });
    }
}

/// Whether a name is given a value in one place of its function: `mine = Q(owner=user)` is that condition wherever it is used.
fn is_set_once(module: &Module, name: ExprId) -> bool {
    let ExprKind::Name(sym) = *module.kind(name) else { return false };
    let owner = module.owner(name);
    let settings = module.settings(module.function(owner).span).iter();
    owner != FunctionId::MODULE && settings.filter(|setting| setting.name == sym).count() == 1
}

/// `F("total")`, `F("total") + 1`.
fn names_a_column(module: &Module, value: ExprId) -> bool {
    match *module.kind(value) {
        ExprKind::Binary { left, right, .. } => names_a_column(module, left) || names_a_column(module, right),
        ExprKind::Call { .. } => module
            .call(value)
            .is_some_and(|call| call.method().or(module.name(call.callee)) == Some("F")),
        _ => false,
    }
}

/// The field path of a lookup (and whether it is `isnull`), and how it compares.
fn split(path: &str) -> ((&str, bool), FilterKind) {
    let (field, last) = path.rsplit_once("__").unwrap_or((path, ""));
    let kind = match last {
        "exact" => FilterKind::Equality,
        "isnull" => return ((field, true), FilterKind::Equality),
        "in" => FilterKind::In,
        "gt" | "gte" | "lt" | "lte" | "range" => FilterKind::Range,
        "startswith" => FilterKind::Prefix,
        "contains" | "icontains" | "istartswith" | "endswith" | "iendswith" | "regex" | "iregex" | "search" | "trigram_similar" => {
            FilterKind::Pattern
        }
        "iexact" => FilterKind::Folded,
        "date" | "year" | "month" | "day" | "week" | "week_day" | "quarter" | "time" | "hour" | "minute" | "second" | "lower" | "upper"
        | "length" | "unaccent" => FilterKind::Function,
        "contained_by" | "overlap" | "has_key" | "has_keys" | "has_any_keys" | "len" => FilterKind::Other,
        _ => return ((path, false), FilterKind::Equality),
    };
    // `created__date__gte`: the column is inside a function.
    match field.rsplit_once("__") {
        Some((inner, "date" | "year" | "month" | "day" | "hour" | "lower" | "upper" | "unaccent" | "length" | "week" | "time")) => {
            ((inner, false), FilterKind::Function)
        }
        _ => ((field, false), kind),
    }
}

fn literal(module: &Module, expr: ExprId) -> Option<String> {
    match module.kind(expr) {
        ExprKind::Str(text) => Some(format!("'{}'", module.str(*text).replace('\'', "''"))),
        ExprKind::Bool(value) => Some(value.to_string()),
        ExprKind::Null => Some("NULL".to_owned()),
        ExprKind::Num(value) => Some(value.to_string()),
        _ => None,
    }
}
