//! Which queries' rows an expression carries: through names, accumulators, comprehensions, mappers and returns.

use rustc_hash::FxHashSet;

use super::eval::{Callees, Evaluator, Found};
use super::scope::{Bound, PatternStep};
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtKind, Sym};
use crate::libraries::registry;
use crate::libraries::shared::api_names;
use crate::libraries::shared::callbacks::is_iteration;
use crate::libraries::shared::chain;
use crate::libraries::shared::query::Outcome;
use crate::libraries::shared::value::{FileId, Value};

/// Functions that hand a query on to each other; behind that it counts as iterated.
const MAX_HANDED_ON: u32 = 3;

const MAX_DEPTH: u32 = 10;
/// Expressions that are looked at for the rows of one; further ones are told, see [`Limit::Distance`].
const MAX_SEEN: usize = 400;

/// The executed queries whose rows are in what an expression holds, each once, in the order they are met.
pub fn sources(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Vec<(FileId, ExprId)> {
    let mut flow = Flow {
        eval,
        seen: FxHashSet::default(),
        out: Vec::new(),
    };
    flow.expr(file, expr, 0);
    flow.out
}

/// The queries whose rows a function returns.
pub fn returned_sources(eval: &Evaluator<'_>, file: FileId, function: FunctionId) -> Vec<(FileId, ExprId)> {
    let mut flow = Flow {
        eval,
        seen: FxHashSet::default(),
        out: Vec::new(),
    };
    flow.function(file, function, 0);
    flow.out
}

fn leads_beside(module: &Module, path: &[PatternStep]) -> bool {
    matches!(path, [PatternStep::Key(key)] if registry::is_beside_rows(module.str(*key)))
}

struct Flow<'e, 'c> {
    eval: &'e Evaluator<'c>,
    seen: FxHashSet<(FileId, ExprId)>,
    out: Vec<(FileId, ExprId)>,
}

impl Flow<'_, '_> {
    /// Whether an expression holds what a query gave.
    fn is_answer(&self, file: FileId, expr: ExprId) -> bool {
        matches!(self.eval.value(file, expr), Value::Query(..) | Value::Many(_) | Value::Row(..))
    }

    fn function(&mut self, file: FileId, function: FunctionId, depth: u32) {
        let module = self.eval.code.module(file);
        for &value in self.eval.returned(file, function).iter() {
            self.expr(file, value, depth + 1);
        }
        if !self.eval.afford(file, module.call_ids_in(function).len()) {
            return;
        }
        for value in sent(module, function) {
            self.expr(file, value, depth + 1);
        }
    }

    fn expr(&mut self, file: FileId, expr: ExprId, depth: u32) {
        if depth > MAX_DEPTH || !self.seen.insert((file, expr)) || !self.eval.afford(file, 1) {
            return;
        }
        if self.seen.len() > MAX_SEEN {
            self.eval.too_far(file);
            return;
        }
        let module = self.eval.code.module(file);
        match module.kind(expr) {
            ExprKind::Call { .. } => self.call(file, expr, depth),
            ExprKind::Name(name) => {
                let Some(Found::Binding(at, function, binding)) =
                    self.eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)
                else {
                    return;
                };
                match binding.bound {
                    // `const { error } = await …`: the answer's, and no rows.
                    Bound::Value(value, ref path) if leads_beside(self.eval.code.module(at), path) && self.is_answer(at, value) => {}
                    Bound::Value(value, _) => {
                        self.expr(at, value, depth + 1);
                        if matches!(
                            self.eval.code.module(at).kind(value),
                            ExprKind::List(_) | ExprKind::Object(_) | ExprKind::Call { .. }
                        ) {
                            self.accumulated(at, function, *name, depth);
                            self.put(at, function, *name, depth);
                        }
                    }
                    Bound::Element(iterable, _) => self.expr(at, iterable, depth + 1),
                    _ => {}
                }
            }
            ExprKind::Attr { name, .. } if matches!(module.str(*name), "length" | "size" | "count") => {}
            ExprKind::Attr { base, name } if registry::is_beside_rows(module.str(*name)) && self.is_answer(file, *base) => {}
            ExprKind::Attr { base, .. } => {
                // `result.items`, `response.data`: the carrier's rows.
                if let Value::Query(at, query) = self.eval.value(file, expr) {
                    self.out.push((at, query));
                } else {
                    self.expr(file, *base, depth + 1);
                }
            }
            ExprKind::Comp(comp) => {
                if let Some(first) = comp.clauses.first() {
                    self.expr(file, first.iterable, depth + 1);
                }
            }
            ExprKind::Binary { op, .. } if !matches!(module.str(*op), "+" | "|" | "or" | "and" | "??") => {}
            ExprKind::Binary { left, right, .. } => {
                self.expr(file, *left, depth + 1);
                self.expr(file, *right, depth + 1);
            }
            ExprKind::Cond { then, orelse, .. } => {
                self.expr(file, *then, depth + 1);
                self.expr(file, *orelse, depth + 1);
            }
            // `orders[:50]` is a query with a limit of its own.
            ExprKind::Index { .. } if self.eval.query_at(file, expr).is_some() => self.out.push((file, expr)),
            ExprKind::Index { base, index } => {
                if matches!(module.kind(*index), ExprKind::Slice(_) | ExprKind::Str(_)) {
                    self.expr(file, *base, depth + 1);
                }
            }
            ExprKind::Lambda(_) | ExprKind::Jsx(_) => {}
            _ => {
                for child in module.children(expr) {
                    self.expr(file, child, depth + 1);
                }
            }
        }
    }

    fn call(&mut self, file: FileId, expr: ExprId, depth: u32) {
        let module = self.eval.code.module(file);
        // What a helper fetches, it ran itself: it is followed.
        let is_helper = || {
            matches!(
                module.call(expr).map(|call| self.eval.value(file, call.callee)),
                Some(Value::Function(..))
            )
        };
        if let Some(query) = self.eval.query_at(file, expr).filter(|query| !query.fetch || !is_helper()) {
            if query.fetch {
                if let Some(inner) = module.call(expr).and_then(|call| call.receiver()) {
                    self.expr(file, module.unawaited(inner), depth + 1);
                }
                return;
            }
            self.out.push((file, expr));
            return;
        }
        let Some(call) = module.call(expr) else { return };
        // What a paginator is given comes out page by page.
        if call.method().is_some_and(|method| method.to_ascii_lowercase().contains("paginat")) {
            return;
        }
        if let Callees::Functions(functions) = self.eval.callees(file, call.callee) {
            for (at, function) in functions {
                let target = self.eval.code.module(at);
                let is_init = target
                    .function(function)
                    .name
                    .is_some_and(|name| api_names::is_initializer(target.str(name)));
                if is_init {
                    for arg in call.args {
                        self.expr(file, arg.value, depth + 1);
                    }
                } else {
                    let before = self.out.len();
                    self.function(at, function, depth + 1);
                    if self.out.len() == before {
                        // A mapper: what goes in comes out, but for a query of which it only asks a figure.
                        for (index, arg) in call.args.iter().enumerate() {
                            let name = parameter(target, function, &call, index);
                            if !name.is_some_and(|name| self.asks_figures(at, function, name)) {
                                self.expr(file, arg.value, depth + 1);
                            }
                        }
                    }
                }
            }
            return;
        }
        // One element, or a yes or no.
        let is_part = |method: &str| {
            matches!(
                method,
                "find" | "findIndex" | "some" | "every" | "includes" | "at" | "pop" | "shift" | "get" | "has" | "count" | "exists"
            )
        };
        if call.receiver().is_some() && call.method().is_some_and(is_part) {
            return;
        }
        if let (Some(method), Some(receiver)) = (call.method(), call.receiver())
            && (is_iteration(method)
                || matches!(
                    method,
                    "slice"
                        | "sort"
                        | "reverse"
                        | "concat"
                        | "flat"
                        | "all"
                        | "scalars"
                        | "fetchall"
                        | "mappings"
                        | "unique"
                        | "values"
                        | "items"
                        | "to_list"
                ))
        {
            self.expr(file, receiver, depth + 1);
            return;
        }
        for arg in call.args {
            self.expr(file, arg.value, depth + 1);
        }
    }

    /// Whether a function asks of a query that it is given only figures: it counts or aggregates it, and its rows stay where they are.
    fn asks_figures(&self, file: FileId, function: FunctionId, name: Sym) -> bool {
        let module = self.eval.code.module(file);
        let asks = |call: &Call<'_>| {
            let is_figure = matches!(
                call.method(),
                Some("aggregate" | "count" | "exists" | "with_only_columns" | "aaggregate" | "acount" | "aexists")
            );
            is_figure && call.receiver().is_some_and(|receiver| is_on(module, receiver, name))
        };
        let mut calls = module.call_ids_in(function).filter_map(|id| module.call(id));
        calls.any(|call| asks(&call)) && !self.takes_rows(file, function, name, 0)
    }

    /// Whether a function iterates a query that it is given, gives it back, or hands it on to what may.
    fn takes_rows(&self, file: FileId, function: FunctionId, name: Sym, depth: u32) -> bool {
        let module = self.eval.code.module(file);
        if depth > MAX_HANDED_ON || !self.eval.afford(file, module.call_ids_in(function).len()) {
            return true;
        }
        let is_figure = |expr: ExprId| self.eval.query_at(file, expr).is_some_and(|query| query.outcome == Outcome::Scalar);
        let values = self.eval.returned(file, function);
        values.iter().any(|&value| is_on(module, value, name) && !is_figure(value))
            || iterables(module, function)
                .into_iter()
                .any(|iterable| is_on(module, iterable, name))
            || module
                .call_ids_in(function)
                .filter_map(|id| module.call(id))
                .any(|call| self.hands_rows_on(file, &call, name, depth))
    }

    /// Whether a call is given a query whole and may read its rows: it is no condition of another query.
    fn hands_rows_on(&self, file: FileId, call: &Call<'_>, name: Sym, depth: u32) -> bool {
        let is_whole = |expr: ExprId| matches!(call.module.kind(expr), ExprKind::Name(other) if *other == name);
        let Some(index) = call.args.iter().position(|arg| is_whole(arg.value)) else {
            return false;
        };
        if self.eval.query_at(file, call.id).is_some() {
            return false;
        }
        let Callees::Functions(functions) = self.eval.callees(file, call.callee) else {
            return true;
        };
        functions.into_iter().any(|(at, function)| {
            let taken = parameter(self.eval.code.module(at), function, call, index);
            taken.is_none_or(|taken| self.takes_rows(at, function, taken, depth + 1))
        })
    }

    /// `context["orders"] = orders`, `context.update({"orders": orders})`, of a mapping that a template is given.
    fn put(&mut self, file: FileId, function: FunctionId, name: Sym, depth: u32) {
        let module = self.eval.code.module(file);
        if module.language != Language::Python || !self.eval.afford(file, module.function(function).body.len()) {
            return;
        }
        for &id in &module.function(function).body {
            match module.stmt(id).kind {
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } if matches!(module.kind(target), ExprKind::Index { base, index }
                    if matches!(module.kind(*base), ExprKind::Name(held) if *held == name) && module.string(*index).is_some()) =>
                {
                    self.expr(file, value, depth + 1);
                }
                StmtKind::Expr(value) => {
                    let Some(call) = module.call(value).filter(|call| call.method() == Some("update")) else {
                        continue;
                    };
                    let on = call.receiver().map(|receiver| module.kind(receiver));
                    if matches!(on, Some(ExprKind::Name(held)) if *held == name) {
                        for arg in call.args {
                            self.expr(file, arg.value, depth + 1);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// `out = []; for row in rows: out.append(...)`: the loops' rows.
    fn accumulated(&mut self, file: FileId, function: FunctionId, name: crate::ir::Sym, depth: u32) {
        let module = self.eval.code.module(file);
        let (first, end) = module.function(function).exprs;
        for id in module
            .calls_on(name)
            .filter(|&id| first <= id && id < end && chain::is_on(module, id, name))
        {
            let ExprKind::Call { callee, args, .. } = module.kind(id) else {
                continue;
            };
            let ExprKind::Attr { name: method, .. } = module.kind(*callee) else {
                continue;
            };
            if !matches!(module.str(*method), "append" | "push" | "extend" | "add") || !self.eval.afford(file, 1) {
                continue;
            }
            if !module.is_within(id, function) {
                continue;
            }
            if let Some(iterable) = nearest_iterable(module, id) {
                self.expr(file, iterable, depth + 1);
            }
            if module.str(*method) == "extend" {
                for arg in args {
                    self.expr(file, arg.value, depth + 1);
                }
            }
        }
    }
}

/// The name of the parameter that an argument goes to, where it is plain.
fn parameter(module: &Module, function: FunctionId, call: &Call<'_>, index: usize) -> Option<Sym> {
    let definition = module.function(function);
    let params = || definition.params.iter().filter_map(|param| param.name);
    let given = call.args.get(index)?;
    if let Some(keyword) = given.name {
        let keyword = call.module.str(keyword);
        return params().find(|&name| module.str(name) == keyword);
    }
    definition.params.get(index + usize::from(module.takes_receiver(function)))?.name
}

/// Whether a chain of calls and attributes starts from a name.
fn is_on(module: &Module, expr: ExprId, name: Sym) -> bool {
    matches!(module.kind(root(module, expr)), ExprKind::Name(root) if *root == name)
}

/// What stands at the start of a chain of calls and attributes.
fn root(module: &Module, expr: ExprId) -> ExprId {
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Await(inner) => *inner,
            _ => return at,
        };
    }
}

/// What the loops and comprehensions of a function run over.
fn iterables(module: &Module, function: FunctionId) -> Vec<ExprId> {
    let (first, end) = module.function(function).exprs;
    let inside = |expr: &ExprId| (first..end).contains(expr);
    let loops = module.stmts.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Loop { iterable, .. } => *iterable,
        _ => None,
    });
    let comprehensions = module.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Comp(comp) => comp.clauses.first().map(|clause| clause.iterable),
        _ => None,
    });
    loops.chain(comprehensions).filter(inside).collect()
}

/// What a handler sends: the arguments of `response.json(…)` and the like, on one of its own parameters.
fn sent(module: &Module, function: FunctionId) -> Vec<ExprId> {
    let params: Vec<_> = module.function(function).params.iter().filter_map(|param| param.name).collect();
    if params.is_empty() || !module.mentions(&["json", "send", "jsonp", "render"]) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for id in module.call_ids_in(function) {
        let Some(call) = module.call(id) else { continue };
        if !call
            .method()
            .is_some_and(|method| matches!(method, "json" | "send" | "jsonp" | "render"))
            || call.receiver().is_none()
            || !module.is_within(id, function)
        {
            continue;
        }
        if matches!(module.kind(call.root()), ExprKind::Name(root) if params.contains(root)) {
            out.extend(call.args.iter().map(|arg| arg.value));
        }
    }
    out
}

/// The iterable of the nearest `for` around an expression.
fn nearest_iterable(module: &Module, expr: ExprId) -> Option<ExprId> {
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let StmtKind::Loop {
                    iterable: Some(iterable), ..
                } = &module.stmt(id).kind
                {
                    return Some(*iterable);
                }
                module.stmt(id).parent
            }
            Parent::Function(id) => match module.function(id).definition {
                Parent::Expr(lambda) => {
                    let Parent::Expr(parent) = module.expr(lambda).parent else {
                        return None;
                    };
                    let call = module.call(parent)?;
                    if call.method().is_some_and(is_iteration) {
                        return call.receiver();
                    }
                    module.expr(parent).parent
                }
                _ => return None,
            },
            Parent::Class(_) | Parent::None => return None,
        };
    }
    None
}
