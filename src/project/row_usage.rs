//! What becomes of a query's rows: only counted, only tested, which attributes are read, passed on.
#![allow(
    clippy::match_same_arms,
    reason = "arms are told apart by what they are about, not by what follows"
)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Callees, Code, Evaluator, Found, is_iteration};
use super::flow;
use super::graph::{EdgeKind, FnId, Graph};
use super::scope::Bound;
use crate::budget::Limit;
use crate::ir::{Call, CompKind, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::query::{Outcome, Query};
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::Operation;

/// How the rows (or the row, or the figure) at an expression are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// `len(rows)`, `rows.length`.
    pub lengths: Vec<ExprId>,
    /// Tested for being there: `if rows`, `not rows`, `rows == []`.
    pub truths: Vec<ExprId>,
    /// Compared with 0 or 1.
    pub zero_tests: Vec<ExprId>,
    /// `rows[0]`, `rows.first()`.
    pub firsts: Vec<ExprId>,
    /// `x in rows`.
    pub members: Vec<ExprId>,
    /// Loops, comprehensions and callbacks over them.
    pub iterated: Vec<ExprId>,
    /// Of those, the ones that only make a figure: `sum(…)`, `.reduce(…)`, `.filter(…).length`, `total += …`.
    pub aggregated: Vec<ExprId>,
    /// Attributes of single rows that are read.
    pub read: BTreeSet<String>,
    /// Given back by the function.
    pub returned: bool,
    /// Used in another way: passed on, stored, changed.
    pub escapes: bool,
}

impl Usage {
    /// Nothing but their number, or whether there are any, is used.
    pub fn only_counted(&self) -> bool {
        let counted = !self.lengths.is_empty() || !self.truths.is_empty();
        counted
            && !self.escapes
            && !self.returned
            && self.firsts.is_empty()
            && self.members.is_empty()
            && self.iterated.is_empty()
            && self.read.is_empty()
    }

    /// Nothing but figures made of them is used, and at least one needs their values.
    pub fn only_aggregated(&self) -> bool {
        let figures = !self.aggregated.is_empty() && self.aggregated.len() == self.iterated.len();
        figures && !self.escapes && !self.returned && self.firsts.is_empty() && self.members.is_empty()
    }

    /// Of the figures, only "is there one that …" is asked.
    pub fn only_tested(&self, module: &Module) -> bool {
        self.only_aggregated() && self.aggregated.iter().all(|&by| is_any(module, by))
    }

    /// Their number is only compared with 0.
    pub fn only_any(&self, module: &Module) -> bool {
        self.only_counted() && self.lengths.iter().all(|&length| is_tested(module, length))
    }

    /// Whole rows stay in this function: what is read of them is known.
    pub fn is_local(&self) -> bool {
        !self.escapes && !self.returned
    }
}

/// A place where a function gets rows: from a query of its own, or from a function that runs one.
#[derive(Clone, Debug)]
pub struct Load {
    /// File.
    pub file: FileId,
    /// The call.
    pub expr: ExprId,
    /// The function it stands in.
    pub function: FnId,
    /// Where the query runs.
    pub source: (FileId, ExprId),
    /// The query.
    pub query: Arc<Query>,
    /// The called function that runs it, where it is another one.
    pub via: Option<FnId>,
    /// What becomes of the rows.
    pub usage: Usage,
}

/// All loads of a project, by file and place.
pub fn loads(code: &Code, graph: &Graph) -> Vec<Load> {
    let files: Vec<FileId> = code.modules().map(|(file, _)| file).collect();
    let found = files.into_par_iter().map(|file| of_file(code, graph, file));
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn of_file(code: &Code, graph: &Graph, file: FileId) -> Vec<Load> {
    let eval = Evaluator::new(code);
    let users = Users::new(&eval, file);
    let mut out = Vec::new();
    let mut returned: FxHashMap<FnId, Rc<Vec<(FileId, ExprId)>>> = FxHashMap::default();
    let count = code.module(file).functions.len() as u32;
    for id in (0..count).map(FunctionId) {
        let function = graph.id(file, id);
        let Some(node) = graph.functions.get(function.index()) else {
            continue;
        };
        for site in node.queries.iter().filter_map(|&site| graph.sites.get(site)) {
            if site.query.fetch || site.query.opaque || site.query.statement.operation != Operation::Select {
                continue;
            }
            let holds = match site.query.outcome {
                Outcome::Rows | Outcome::Stream => Holds::Rows,
                Outcome::One => Holds::Row,
                Outcome::Scalar => Holds::Figure,
                Outcome::Nothing => continue,
            };
            out.push(Load {
                file,
                expr: site.expr,
                function,
                source: (file, site.expr),
                query: site.query.clone(),
                via: None,
                usage: users.uses(site.expr, holds),
            });
        }
        for edge in &node.edges {
            let ([target], EdgeKind::Call, false) = (edge.targets.as_slice(), edge.kind, edge.guessed) else {
                continue;
            };
            let Some(callee) = graph.functions.get(target.index()) else {
                continue;
            };
            // A call of a body for several models is a query of its own.
            let is_site = node
                .queries
                .iter()
                .any(|&site| graph.sites.get(site).is_some_and(|site| site.expr == edge.expr));
            if callee.next[0].is_none() || is_site {
                continue;
            }
            let Some(holds) = held(&eval, file, edge.expr) else { continue };
            let sources = returned
                .entry(*target)
                .or_insert_with(|| Rc::new(flow::returned_sources(&eval, callee.file, callee.id)))
                .clone();
            let [source] = sources.as_slice() else { continue };
            let Some(query) = eval.query_at(source.0, source.1) else { continue };
            let outcome = if holds == Holds::Rows { Outcome::Rows } else { Outcome::One };
            if query.outcome != outcome || query.opaque || query.statement.operation != Operation::Select {
                continue;
            }
            out.push(Load {
                file,
                expr: edge.expr,
                function,
                source: *source,
                query,
                via: Some(*target),
                usage: users.uses(edge.expr, holds),
            });
        }
    }
    out
}

/// Whether a call of the project's code gives a list or may give one row.
fn held(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<Holds> {
    match eval.value(file, expr) {
        Value::Many(_) => Some(Holds::Rows),
        Value::Query(at, query) => match eval.query_at(at, query)?.outcome {
            Outcome::Rows => Some(Holds::Rows),
            Outcome::One => Some(Holds::Row),
            _ => None,
        },
        Value::Row(..) | Value::Unknown => Some(Holds::Row),
        _ => None,
    }
}

/// What an expression holds on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holds {
    /// A collection of rows.
    Rows,
    /// One row.
    Row,
    /// A number.
    Figure,
}

/// Finds uses in one file.
pub struct Users<'e, 'c> {
    eval: &'e Evaluator<'c>,
    file: FileId,
    module: &'c Module,
    names: RefCell<Option<FxHashMap<Sym, Vec<ExprId>>>>,
    /// The uses of names that were asked for, by what each is bound to there.
    bound: RefCell<FxHashMap<Sym, UsesOf>>,
}

/// The expression or parameter that a name is bound to.
type Anchor = (Parent, usize);

/// The uses of one name, with the whole of what each is bound to.
type UsesOf = Rc<FxHashMap<Anchor, Vec<(ExprId, Bound)>>>;

fn anchor(bound: &Bound) -> Option<Anchor> {
    match bound {
        Bound::Value(expr, _) | Bound::Element(expr, _) | Bound::Context(expr) | Bound::Annotation(expr) => Some((Parent::Expr(*expr), 0)),
        Bound::Param(function, index, _) => Some((Parent::Function(*function), *index)),
        Bound::Import(_) | Bound::Function(_) | Bound::Class(_) => None,
    }
}

impl<'e, 'c> Users<'e, 'c> {
    /// For a file.
    pub fn new(eval: &'e Evaluator<'c>, file: FileId) -> Self {
        Users {
            eval,
            file,
            module: eval.code.module(file),
            names: RefCell::default(),
            bound: RefCell::default(),
        }
    }

    /// How what an expression holds is used.
    pub fn uses(&self, expr: ExprId, holds: Holds) -> Usage {
        let mut walk = Walk {
            users: self,
            origin: expr,
            usage: Usage::default(),
            open: vec![(expr, holds)],
            seen: FxHashSet::default(),
        };
        walk.run();
        walk.usage
    }

    /// The uses of a name that are bound to an expression or a parameter, as told.
    fn of_name(&self, name: Sym, at: Anchor, is_it: impl Fn(&Bound) -> bool) -> Vec<ExprId> {
        let known = self.bound.borrow().get(&name).map(Rc::clone);
        let uses = known.unwrap_or_else(|| {
            let found = Rc::new(self.find(name));
            self.bound.borrow_mut().insert(name, Rc::clone(&found));
            found
        });
        let here = uses.get(&at).into_iter().flatten();
        here.filter(|(_, bound)| is_it(bound)).map(|&(id, _)| id).collect()
    }

    fn find(&self, name: Sym) -> FxHashMap<Anchor, Vec<(ExprId, Bound)>> {
        let mut names = self.names.borrow_mut();
        let index = names.get_or_insert_with(|| {
            let mut index: FxHashMap<Sym, Vec<ExprId>> = FxHashMap::default();
            for (id, expr) in self.module.expr_ids() {
                if let ExprKind::Name(name) = &expr.kind {
                    index.entry(*name).or_default().push(id);
                }
            }
            index
        });
        let mut found: FxHashMap<Anchor, Vec<(ExprId, Bound)>> = FxHashMap::default();
        for &id in index.get(&name).into_iter().flatten() {
            let place = self.module.expr(id);
            let bound = self.eval.lookup(self.file, self.module.owner(id), name, place.span.start);
            if let Some(Found::Binding(at, _, binding)) = bound
                && at == self.file
                && let Some(anchor) = anchor(&binding.bound)
            {
                found.entry(anchor).or_default().push((id, binding.bound));
            }
        }
        found
    }
}

struct Walk<'w, 'e, 'c> {
    users: &'w Users<'e, 'c>,
    origin: ExprId,
    usage: Usage,
    open: Vec<(ExprId, Holds)>,
    seen: FxHashSet<(ExprId, Holds)>,
}

impl<'c> Walk<'_, '_, 'c> {
    fn module(&self) -> &'c Module {
        self.users.module
    }

    fn run(&mut self) {
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

    fn iterated(&mut self, by: ExprId, figure: bool, holds: Holds) {
        if holds != Holds::Rows {
            self.usage.escapes = true;
            return;
        }
        self.usage.iterated.push(by);
        if figure && is_once(self.module(), by, self.origin) {
            self.usage.aggregated.push(by);
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
                self.usage.read.insert(name.to_owned());
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
                        self.usage.read.insert(key.to_owned());
                    }
                    None => self.follow(call.id, holds),
                }
            }
            (Holds::Rows, Some(call)) => self.method(call.id, name),
            _ => self.usage.escapes = true,
        }
    }

    fn method(&mut self, call: ExprId, name: &str) {
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
                    self.usage.read.insert(key.to_owned());
                }
                None => self.usage.escapes = true,
            }
        }
    }

    fn index(&mut self, parent: ExprId, index: ExprId, holds: Holds) {
        let module = self.module();
        match (holds, module.kind(index)) {
            (Holds::Rows, ExprKind::Slice(_)) => self.follow(parent, holds),
            (Holds::Rows, _) if module.number(index).is_some() => {
                self.usage.firsts.push(parent);
                self.follow(parent, Holds::Row);
            }
            (Holds::Row, ExprKind::Str(key)) => {
                self.usage.read.insert(module.str(*key).to_owned());
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
            (_, Some("bool" | "Boolean")) => self.usage.truths.push(parent),
            (Holds::Rows, Some("list" | "sorted" | "tuple" | "reversed" | "iter" | "enumerate" | "zip")) => self.follow(parent, holds),
            (Holds::Figure, Some("int" | "Number" | "parseInt")) => self.follow(parent, holds),
            (_, Some("isinstance")) => {}
            (Holds::Row, Some("getattr" | "hasattr")) if call.arg(0) == Some(expr) => {
                match call.arg(1).and_then(|arg| module.string(arg)) {
                    Some(name) => {
                        self.usage.read.insert(name.to_owned());
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
                let is_it = |bound: &Bound| matches!(bound, Bound::Value(value, path) if *value == at && matches!(path.as_ref(), [super::scope::Step::Index(index)] if *index as usize == place));
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
                let is_length = |entry: &crate::ir::Entry| entry.key.and_then(|key| module.string(key)) == Some("length");
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

/// Whether an expression only decides: the test of an `if`, a `not`, a comprehension's condition.
fn is_condition(module: &Module, mut expr: ExprId) -> bool {
    for _ in 0..20 {
        match module.expr(expr).parent {
            Parent::Stmt(stmt) => {
                return match &module.stmt(stmt).kind {
                    StmtKind::If { test, .. } => *test == expr,
                    StmtKind::Loop { test, .. } => *test == Some(expr),
                    _ => false,
                };
            }
            Parent::Expr(parent) => match module.kind(parent) {
                ExprKind::Unary { op, .. } if matches!(module.str(*op), "not" | "!") => return true,
                ExprKind::Cond { test, .. } => return *test == expr,
                ExprKind::Binary { op, .. } if matches!(module.str(*op), "and" | "or") => expr = parent,
                _ => return false,
            },
            _ => return false,
        }
    }
    false
}

/// Whether a comparison with a number asks only for "any" or "none".
fn is_zero_test(op: &str, on_left: bool, number: Option<f64>) -> bool {
    let is = |value: f64| number == Some(value);
    match (op, on_left) {
        ("==" | "!=" | "===" | "!==" | "is" | "is not", _) | (">" | "<=", true) | ("<" | ">=", false) => is(0.0),
        (">=" | "<", true) | ("<=" | ">", false) => is(1.0),
        _ => false,
    }
}

/// `len(rows) > 0`, `if rows.length`.
fn is_tested(module: &Module, length: ExprId) -> bool {
    if is_condition(module, length) {
        return true;
    }
    let Parent::Expr(parent) = module.expr(length).parent else {
        return false;
    };
    let ExprKind::Binary { op, left, right } = module.kind(parent) else {
        return false;
    };
    let other = if *left == length { *right } else { *left };
    is_zero_test(module.str(*op), *left == length, module.number(other))
}

/// Whether a comprehension only feeds `sum`, `max`, `len` and the like.
fn is_figure(module: &Module, comp: ExprId, kind: CompKind) -> bool {
    let Parent::Expr(parent) = module.expr(comp).parent else {
        return false;
    };
    let Some(call) = module.call(parent) else {
        return kind != CompKind::Dict && is_length_attr(module, parent);
    };
    let function = if call.receiver().is_none() { call.method() } else { None };
    matches!(
        function,
        Some("sum" | "max" | "min" | "len" | "any" | "all" | "Counter" | "mean" | "fsum")
    )
}

/// Whether a use runs once for each time that the rows are loaded: no loop or callback is between. One that runs more
/// often looks the rows up.
fn is_once(module: &Module, by: ExprId, origin: ExprId) -> bool {
    let loaded = module.expr(origin).span;
    let holds = |span: crate::source::Span| span.start <= loaded.start && loaded.end <= span.end;
    let mut at = module.expr(by).parent;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => {
                if matches!(module.kind(id), ExprKind::Comp(_)) && !holds(module.expr(id).span) {
                    return false;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                let stmt = module.stmt(id);
                let is_loop = matches!(&stmt.kind, StmtKind::Loop { iterable, .. } if *iterable != Some(by));
                if is_loop && !holds(stmt.span) {
                    return false;
                }
                stmt.parent
            }
            Parent::Function(id) => return id == module.owner(origin),
            Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

/// `any(… for …)`, `rows.some(…)`.
fn is_any(module: &Module, by: ExprId) -> bool {
    if let Some(call) = module.call(by) {
        return call.method() == Some("some");
    }
    let Parent::Expr(parent) = module.expr(by).parent else {
        return false;
    };
    module
        .call(parent)
        .is_some_and(|call| call.method() == Some("any") && call.receiver().is_none())
}

fn is_length_attr(module: &Module, expr: ExprId) -> bool {
    matches!(module.kind(expr), ExprKind::Attr { name, .. } if module.str(*name) == "length")
}

/// `call.length`.
fn is_length(module: &Module, call: ExprId) -> bool {
    matches!(module.expr(call).parent, Parent::Expr(parent) if is_length_attr(module, parent))
}

/// An expression that can be a number and runs nothing of the project's.
fn is_number(module: &Module, expr: ExprId) -> bool {
    let mut open = vec![expr];
    while let Some(id) = open.pop() {
        match module.kind(id) {
            ExprKind::Await(_) | ExprKind::List(_) | ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Lambda(_) | ExprKind::Comp(_) => {
                return false;
            }
            ExprKind::Call { .. } => {
                let name = module.call(id).and_then(|call| call.method()).unwrap_or("");
                if !matches!(
                    name,
                    "len" | "int" | "float" | "abs" | "round" | "Decimal" | "Number" | "get" | "parseInt" | "parseFloat" | "max" | "min"
                ) {
                    return false;
                }
            }
            _ => {}
        }
        open.extend(module.children(id));
    }
    true
}

/// Whether a loop's body only adds up: `total += x`, `counts[k] += 1`, also under conditions.
fn is_tally(module: &Module, body: &[StmtId]) -> bool {
    let mut open: Vec<StmtId> = body.to_vec();
    let mut adds = false;
    let mut steps = 0;
    while let Some(stmt) = open.pop() {
        steps += 1;
        match &module.stmt(stmt).kind {
            StmtKind::Assign {
                op: Some(op),
                value: Some(value),
                ..
            } if matches!(module.str(*op), "+" | "-" | "+=" | "-=") && is_number(module, *value) => adds = true,
            StmtKind::If { then, orelse, .. } => open.extend(then.iter().chain(orelse.iter())),
            // `counts[key] = counts.get(key, 0) + 1`.
            StmtKind::Assign {
                target,
                op: None,
                value: Some(value),
                ..
            } if matches!(module.kind(*target), ExprKind::Index { .. })
                && matches!(module.kind(*value), ExprKind::Binary { op, .. } if module.str(*op) == "+") =>
            {
                adds = true;
            }
            // A name for what is counted by.
            StmtKind::Assign {
                target,
                op: None,
                value: Some(value),
                ..
            } if matches!(module.kind(*target), ExprKind::Name(_))
                && matches!(
                    module.kind(*value),
                    ExprKind::Attr { .. } | ExprKind::Index { .. } | ExprKind::Name(_)
                ) => {}
            StmtKind::Continue => {}
            _ => return false,
        }
        if steps > 50 {
            return false;
        }
    }
    adds
}
