//! The way from where rows are loaded through all their uses.
#![allow(
    clippy::match_same_arms,
    reason = "arms are told apart by what they are about, not by what follows"
)]

use rustc_hash::FxHashSet;

use super::figures::{is_condition, is_figure, is_length, is_tally, is_zero_test};
use super::{Holds, RowUsage, Users, is_once};
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::callbacks::is_iteration;
use crate::libraries::shared::collections::handed_on;
use crate::project::eval::Callees;
use crate::project::scope::Bound;

/// Follows rows from the expression that gives them to all places that use them.
pub(super) struct UsageWalk<'w, 'e, 'c> {
    pub(super) users: &'w Users<'e, 'c>,
    pub(super) origin: ExprId,
    pub(super) usage: RowUsage,
    pub(super) open: Vec<(ExprId, Holds)>,
    pub(super) seen: FxHashSet<(ExprId, Holds)>,
}

impl<'c> UsageWalk<'_, '_, 'c> {
    pub(super) fn module(&self) -> &'c Module {
        self.users.module
    }

    pub(super) fn run(&mut self) {
        while let Some((expr, holds)) = self.open.pop() {
            if !self.seen.insert((expr, holds)) {
                continue;
            }
            let eval = self.users.eval;
            if self.seen.len() > Limit::Uses.count() {
                let place = self.module().expr(self.origin).span.start;
                eval.code.tell(Limit::Uses, self.users.file, place);
                self.usage.escapes = true;
                return;
            }
            if !eval.afford(self.users.file, 1) {
                self.usage.escapes = true;
                return;
            }
            match self.module().expr(expr).parent {
                Parent::Expr(parent) => self.in_expr(expr, parent, holds),
                Parent::Stmt(stmt) => self.in_stmt(expr, stmt, holds),
                Parent::Function(_) | Parent::Class(_) | Parent::None => self.usage.escapes = true,
            }
        }
    }

    fn follow(&mut self, expr: ExprId, holds: Holds) {
        self.open.push((expr, holds));
    }

    fn in_expr(&mut self, expr: ExprId, parent: ExprId, holds: Holds) {
        let module = self.module();
        match module.kind(parent) {
            ExprKind::Await(_) => self.follow(parent, holds),
            ExprKind::Attr { name, .. } => self.attribute(parent, module.str(*name), holds),
            ExprKind::Index { base, index } if *base == expr => self.index(parent, *index, holds),
            ExprKind::Call { .. } => self.argument(expr, parent, holds),
            ExprKind::Binary { op, left, right } => self.binary(expr, parent, (module.str(*op), *left, *right), holds),
            ExprKind::Unary { op, .. } if matches!(module.str(*op), "not" | "!") => self.usage.truths.push(parent),
            ExprKind::Cond { test, .. } if *test == expr => self.usage.truths.push(expr),
            ExprKind::Cond { .. } => self.follow(parent, holds),
            ExprKind::Comp(comp) => {
                if let Some(clause) = comp.clauses.iter().find(|clause| clause.iterable == expr) {
                    self.iterated(parent, is_figure(module, parent, comp.kind), holds);
                    self.pattern(
                        clause.target,
                        expr,
                        &|bound| matches!(bound, Bound::Element(iterable, _) if *iterable == expr),
                    );
                } else if comp.elements.contains(&expr) && holds == Holds::Row {
                    self.follow(parent, Holds::Rows);
                } else if comp.clauses.iter().any(|clause| clause.conditions.contains(&expr)) {
                    self.usage.truths.push(expr);
                } else {
                    self.usage.escapes = true;
                }
            }
            ExprKind::Spread(_) if holds == Holds::Rows => match module.expr(parent).parent {
                Parent::Expr(list) if matches!(module.kind(list), ExprKind::List(_)) => self.follow(list, holds),
                _ => self.usage.escapes = true,
            },
            // Something else is put under the name.
            ExprKind::Assign { target, .. } if *target == expr => {}
            ExprKind::Assign { target, value } if *value == expr => {
                self.assigned(*target, expr, holds);
                self.follow(parent, holds);
            }
            ExprKind::List(items) => self.gathered(expr, parent, items, holds),
            ExprKind::Yield(_) => self.usage.returned = true,
            _ => self.usage.escapes = true,
        }
    }

    pub(super) fn iterated(&mut self, by: ExprId, figure: bool, holds: Holds) {
        if holds != Holds::Rows {
            self.usage.escapes = true;
            return;
        }
        self.usage.iterated.push(by);
        if figure && is_once(self.module(), by, self.origin) {
            self.usage.aggregated.push(by);
        }
    }

    /// An attribute of a row is read, or its length alone.
    fn read(&mut self, name: &str, is_measured: bool) {
        self.usage.read.insert(name.to_owned());
        if is_measured && !self.usage.opened.contains(name) {
            self.usage.measured.insert(name.to_owned());
        } else if !is_measured {
            self.usage.measured.remove(name);
            self.usage.opened.insert(name.to_owned());
        }
    }

    /// `load().then((rows) => …)`: what the promise brings is the callback's. Whether it is that.
    fn settled(&mut self, call: &Call<'_>, name: &str, holds: Holds) -> bool {
        let module = self.module();
        if module.language != Language::TypeScript {
            return false;
        }
        match (name, call.args) {
            ("catch" | "finally", _) => {
                self.follow(call.id, holds);
                true
            }
            ("then", [only]) => {
                let ExprKind::Lambda(function) = *module.kind(only.value) else {
                    return false;
                };
                let Some(name) = module.function(function).params.first().and_then(|param| param.name) else {
                    return false;
                };
                let is_it = |bound: &Bound| matches!(bound, Bound::Param(at, 0, path) if *at == function && path.is_empty());
                for id in self.users.of_name(name, (Parent::Function(function), 0), is_it) {
                    self.follow(id, holds);
                }
                true
            }
            _ => false,
        }
    }

    /// `rows.name`, `row.name`, and calls of it.
    fn attribute(&mut self, attr: ExprId, name: &str, holds: Holds) {
        let module = self.module();
        let call = match module.expr(attr).parent {
            Parent::Expr(parent) => module.call(parent).filter(|call| call.callee == attr),
            _ => None,
        };
        if call.is_some_and(|call| self.settled(&call, name, holds)) {
            return;
        }
        match (holds, call) {
            (Holds::Figure, Some(call))
                if matches!(
                    name,
                    "scalar" | "scalar_one" | "scalar_one_or_none" | "scalars" | "one" | "first" | "all"
                ) =>
            {
                self.follow(call.id, holds);
            }
            (Holds::Figure, _) => self.usage.escapes = true,
            // `page.items` of a paginator's page.
            (Holds::Rows, None) if name == "items" => self.follow(attr, holds),
            (Holds::Rows, None) if matches!(name, "length" | "size") => self.usage.lengths.push(attr),
            (Holds::Row, None) => {
                self.read(name, is_measured(module, attr));
                if is_target(module, attr) {
                    self.usage.escapes = true;
                }
            }
            (Holds::Row, Some(call))
                if matches!(
                    name,
                    "get"
                        | "scalar_one_or_none"
                        | "scalar_one"
                        | "one"
                        | "one_or_none"
                        | "first"
                        | "scalars"
                        | "mappings"
                        | "unique"
                        | "fetchone"
                ) =>
            {
                match call.arg(0).and_then(|arg| module.string(arg)) {
                    Some(key) => {
                        self.read(key, false);
                    }
                    None => self.follow(call.id, holds),
                }
            }
            (Holds::Rows, Some(call)) => self.method(call.id, name),
            _ => self.usage.escapes = true,
        }
    }

    pub(super) fn method(&mut self, call: ExprId, name: &str) {
        let module = self.module();
        let Some(seen) = module.call(call) else { return };
        let lambda = seen.args.iter().find_map(|arg| match module.kind(arg.value) {
            ExprKind::Lambda(function) => Some(*function),
            _ => None,
        });
        match name {
            "all" | "scalars" | "fetchall" | "unique" | "mappings" | "to_list" | "slice" | "reverse" | "toSorted" | "concat" | "copy"
            | "tuples" | "execute" => self.follow(call, Holds::Rows),
            "first" | "one" | "one_or_none" | "at" | "fetchone" | "pop" | "shift" => {
                self.usage.firsts.push(call);
                self.follow(call, Holds::Row);
            }
            _ if is_iteration(name) => {
                let Some(function) = lambda else {
                    self.usage.escapes = true;
                    return;
                };
                let place = usize::from(matches!(name, "reduce" | "reduceRight"));
                self.parameter(function, place);
                match name {
                    "filter" | "sort" if is_length(module, call) => self.iterated(call, true, Holds::Rows),
                    "filter" | "sort" => self.follow(call, Holds::Rows),
                    "find" => {
                        self.usage.iterated.push(call);
                        self.follow(call, Holds::Row);
                    }
                    // What is gathered in an object or a list is no figure.
                    "reduce" | "reduceRight" => {
                        let gathers = seen.arg(1).is_some_and(|start| {
                            !matches!(module.kind(start), ExprKind::Num(_) | ExprKind::Unary { .. } | ExprKind::Name(_))
                        });
                        self.iterated(call, !gathers, Holds::Rows);
                    }
                    "some" | "every" => self.iterated(call, true, Holds::Rows),
                    _ => self.iterated(call, false, Holds::Rows),
                }
            }
            _ => self.usage.escapes = true,
        }
    }

    /// The uses of a callback's parameter.
    fn parameter(&mut self, function: FunctionId, place: usize) {
        let module = self.module();
        let Some(param) = module.function(function).params.get(place) else {
            return;
        };
        let is_it = |bound: &Bound| matches!(bound, Bound::Param(at, index, path) if *at == function && *index == place && path.is_empty());
        match (param.name, param.pattern) {
            (Some(name), _) => {
                for id in self.users.of_name(name, (Parent::Function(function), place), is_it) {
                    self.follow(id, Holds::Row);
                }
            }
            (None, Some(pattern)) => self.keys(pattern),
            (None, None) => {}
        }
    }

    /// `{ id, name }` of a row.
    fn keys(&mut self, pattern: ExprId) {
        let module = self.module();
        let ExprKind::Object(entries) = module.kind(pattern) else {
            self.usage.escapes = true;
            return;
        };
        for entry in entries {
            match entry.key.and_then(|key| module.string(key)) {
                Some(key) => {
                    self.read(key, false);
                }
                None => self.usage.escapes = true,
            }
        }
    }

    pub(super) fn index(&mut self, parent: ExprId, index: ExprId, holds: Holds) {
        let module = self.module();
        match (holds, module.kind(index)) {
            (Holds::Rows, ExprKind::Slice(_)) => self.follow(parent, holds),
            (Holds::Rows, _) if module.number(index).is_some() => {
                self.usage.firsts.push(parent);
                self.follow(parent, Holds::Row);
            }
            (Holds::Row, ExprKind::Str(key)) => {
                self.read(module.str(*key), false);
            }
            _ => self.usage.escapes = true,
        }
    }

    fn argument(&mut self, expr: ExprId, parent: ExprId, holds: Holds) {
        let module = self.module();
        let Some(call) = module.call(parent) else { return };
        let name = if call.receiver().is_none() { call.method() } else { None };
        let is_builtin = matches!(
            self.users.eval.callees(self.users.file, call.callee),
            Callees::External(_) | Callees::Unknown
        );
        match (holds, name.filter(|_| is_builtin)) {
            (Holds::Rows, Some("len")) => self.usage.lengths.push(parent),
            // What two lists have in common counts once: their lengths do not tell it.
            (_, Some("set" | "frozenset" | "Set")) if has_others(module, expr) => self.usage.escapes = true,
            (_, Some("bool" | "Boolean")) => self.usage.truths.push(parent),
            (Holds::Rows, Some(name)) if name == "zip" || handed_on(&call).is_some() => self.follow(parent, holds),
            (Holds::Figure, Some("int" | "Number" | "parseInt")) => self.follow(parent, holds),
            (_, Some("isinstance")) => {}
            (Holds::Row, Some("getattr" | "hasattr")) if call.arg(0) == Some(expr) => {
                match call.arg(1).and_then(|arg| module.string(arg)) {
                    Some(name) => {
                        self.read(name, false);
                    }
                    None => self.usage.escapes = true,
                }
            }
            _ => self.usage.escapes = true,
        }
    }

    fn binary(&mut self, expr: ExprId, parent: ExprId, (op, left, right): (&str, ExprId, ExprId), holds: Holds) {
        let module = self.module();
        let other = if left == expr { right } else { left };
        match op {
            "or" | "??" if left == expr && is_condition(module, parent) => self.usage.truths.push(expr),
            "and" if left == expr => self.usage.truths.push(expr),
            "and" | "or" if is_condition(module, parent) => self.usage.truths.push(expr),
            "or" | "??" | "and" => self.follow(parent, holds),
            "in" | "not in" if right == expr => self.usage.members.push(parent),
            "==" | "!=" | "===" | "!==" | "is" | "is not" | "<" | ">" | "<=" | ">=" => {
                let number = module.number(other);
                if holds == Holds::Figure {
                    if is_zero_test(op, left == expr, number) {
                        self.usage.zero_tests.push(parent);
                    } else {
                        self.usage.escapes = true;
                    }
                } else if matches!(module.kind(other), ExprKind::Null | ExprKind::List(_)) {
                    self.usage.truths.push(parent);
                } else {
                    self.usage.escapes = true;
                }
            }
            "+" if holds == Holds::Rows => self.follow(parent, holds),
            _ => self.usage.escapes = true,
        }
    }

    /// `Promise.all([a(), b()])`: each has its place in what comes back.
    fn gathered(&mut self, expr: ExprId, list: ExprId, items: &[ExprId], holds: Holds) {
        let module = self.module();
        let place = items.iter().position(|&item| item == expr);
        let (Some(place), Parent::Expr(call)) = (place, module.expr(list).parent) else {
            self.usage.escapes = true;
            return;
        };
        let is_all = module
            .call(call)
            .and_then(|call| module.dotted(call.callee))
            .is_some_and(|name| name == "Promise.all");
        let (mut at, mut parent) = (call, module.expr(call).parent);
        while let Parent::Expr(outer) = parent {
            if !matches!(module.kind(outer), ExprKind::Await(_)) {
                break;
            }
            (at, parent) = (outer, module.expr(outer).parent);
        }
        let target = match parent {
            Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } if *value == at => Some(*target),
                _ => None,
            },
            _ => None,
        };
        let names = target.and_then(|target| match module.kind(target) {
            ExprKind::List(names) | ExprKind::Tuple(names) => names.get(place).copied(),
            _ => None,
        });
        match names.filter(|_| is_all).map(|name| module.kind(name)) {
            Some(ExprKind::Name(name)) => {
                let is_it = |bound: &Bound| matches!(bound, Bound::Value(value, path) if *value == at && matches!(path.as_ref(), [crate::project::scope::PatternStep::Index(index)] if *index as usize == place));
                self.named(*name, target, (at, &is_it), holds);
            }
            _ => self.usage.escapes = true,
        }
    }

    fn in_stmt(&mut self, expr: ExprId, stmt: StmtId, holds: Holds) {
        let module = self.module();
        match &module.stmt(stmt).kind {
            StmtKind::Expr(_) => {}
            StmtKind::Return(_) => self.usage.returned = true,
            StmtKind::If { .. } => self.usage.truths.push(expr),
            StmtKind::Assign {
                target,
                op: None,
                value: Some(value),
                ..
            } if *value == expr => self.assigned(*target, expr, holds),
            // Something else is put under the name, or it is only declared.
            StmtKind::Assign { target, op: None, .. } if *target == expr => {}
            StmtKind::Loop {
                iterable: Some(iterable),
                target,
                body,
                ..
            } if *iterable == expr => {
                self.iterated(expr, is_tally(module, body), holds);
                if let Some(target) = *target {
                    self.pattern(
                        target,
                        expr,
                        &|bound| matches!(bound, Bound::Element(iterable, _) if *iterable == expr),
                    );
                }
            }
            StmtKind::Loop { test: Some(test), .. } if *test == expr => self.usage.truths.push(expr),
            _ => self.usage.escapes = true,
        }
    }

    fn assigned(&mut self, target: ExprId, value: ExprId, holds: Holds) {
        let module = self.module();
        match module.kind(target) {
            ExprKind::Name(name) => {
                let is_it = |bound: &Bound| matches!(bound, Bound::Value(at, path) if *at == value && path.is_empty());
                self.named(*name, Some(target), (value, &is_it), holds);
            }
            ExprKind::Object(entries) if holds == Holds::Rows => {
                let is_length = |entry: &crate::ir::ObjectEntry| entry.key.and_then(|key| module.string(key)) == Some("length");
                if entries.len() == 1 && entries.iter().all(is_length) {
                    self.usage.lengths.push(target);
                } else {
                    self.usage.escapes = true;
                }
            }
            ExprKind::Object(_) if holds == Holds::Row => self.keys(target),
            _ => self.usage.escapes = true,
        }
    }

    fn named(&mut self, name: Sym, target: Option<ExprId>, (bound_to, is_it): (ExprId, &dyn Fn(&Bound) -> bool), holds: Holds) {
        let module = self.module();
        for id in self.users.of_name(name, (Parent::Expr(bound_to), 0), is_it) {
            let place = module.expr(id).span;
            let is_target = target.is_some_and(|target| {
                let span = module.expr(target).span;
                span.start <= place.start && place.end <= span.end
            });
            if !is_target {
                self.follow(id, holds);
            }
        }
    }

    fn is_enumerated(&self, iterable: ExprId) -> bool {
        let call = self.module().call(iterable);
        call.is_some_and(|call| call.method() == Some("enumerate") && call.receiver().is_none())
    }

    /// The names of a loop's target, each one row (or a part of one).
    fn pattern(&mut self, target: ExprId, iterable: ExprId, is_it: &dyn Fn(&Bound) -> bool) {
        let module = self.module();
        match module.kind(target) {
            ExprKind::Name(name) => self.named(*name, Some(target), (iterable, is_it), Holds::Row),
            ExprKind::Object(_) => self.keys(target),
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                // `for i, row in enumerate(rows)`: the first is a number.
                let skipped = usize::from(items.len() == 2 && self.is_enumerated(iterable));
                for &item in items.iter().skip(skipped) {
                    if let ExprKind::Name(name) = module.kind(item) {
                        self.named(*name, Some(target), (iterable, is_it), Holds::Row);
                    } else {
                        self.usage.escapes = true;
                    }
                }
            }
            _ => self.usage.escapes = true,
        }
    }
}

/// Whether an attribute is assigned to.
fn is_target(module: &Module, attr: ExprId) -> bool {
    match module.expr(attr).parent {
        Parent::Stmt(stmt) => matches!(&module.stmt(stmt).kind, StmtKind::Assign { target, .. } if *target == attr),
        Parent::Expr(parent) => matches!(module.kind(parent), ExprKind::Assign { target, .. } if *target == attr),
        _ => false,
    }
}

/// Whether a list holds others' elements as well: `orders + returns`, `[...orders, ...returns]`.
fn has_others(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Binary { op, .. } => module.str(*op) == "+",
        ExprKind::List(items) => items.len() > 1,
        _ => false,
    }
}

/// `row.lines.length`, `len(row.lines)`: nothing but the length of an attribute is read here.
fn is_measured(module: &Module, attr: ExprId) -> bool {
    let Parent::Expr(parent) = module.expr(attr).parent else {
        return false;
    };
    match module.kind(parent) {
        ExprKind::Attr { name, .. } if module.str(*name) == "length" => match module.expr(parent).parent {
            Parent::Expr(outer) => module.call(outer).is_none_or(|call| call.callee != parent),
            _ => true,
        },
        ExprKind::Call { .. } => module
            .call(parent)
            .is_some_and(|call| call.receiver().is_none() && call.method() == Some("len") && call.args.len() == 1),
        _ => false,
    }
}
