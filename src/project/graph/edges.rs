//! What each call of a function may run: functions of the project and of libraries, callbacks, properties, decorators.

use rustc_hash::FxHashSet;

use super::awaited::is_awaited;
use super::file::FileBuilder;
use super::{Edge, EdgeKind, FnId};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, TemplatePart};
use crate::libraries::shared::callbacks::{self, Callback};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::queued::{self, Queued};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Callees;
use crate::project::scope::Member;
use crate::syntax::sql::mask::looks_like_sql;

/// Implementations of an interface among which a call may go; of more, none is the one.
const MOST_IMPLEMENTATIONS: usize = 6;

impl FileBuilder<'_> {
    pub(super) fn edges(&mut self, id: ExprId) {
        let module = self.module;
        let Some(call) = module.call(id) else { return };
        self.out.calls.total += 1;
        let owner = module.owner(id);
        let callees = self.eval.callees(self.file, call.callee);
        let mut edge = Edge {
            expr: id,
            targets: Vec::new(),
            external: None,
            effects: Effects::NONE,
            kind: EdgeKind::Call,
            awaited: is_awaited(module, id),
            guessed: false,
        };
        match callees {
            Callees::Functions(functions) => {
                // A helper that builds a query is given rows of many kinds: what its callers pass says less than the names of relations.
                if self.eval.query_at(self.file, id).is_none() {
                    self.pass_arguments(&call, &functions);
                }
                if functions.iter().all(|&(file, function)| self.only_enqueues(file, function)) {
                    edge.kind = EdgeKind::Later;
                }
                edge.targets = functions.into_iter().map(|(file, function)| self.fn_id(file, function)).collect();
                self.out.calls.resolved += 1;
            }
            Callees::External(name) => {
                edge.effects = self
                    .code
                    .data
                    .of(module.language)
                    .call(&name)
                    .filter(|facts| !facts.is_tag || is_statement(&call))
                    .map(|facts| facts.effects)
                    .unwrap_or_default();
                edge.external = Some(name);
                self.out.calls.external += 1;
            }
            Callees::Nothing => self.out.calls.resolved += 1,
            Callees::BuiltIn => self.out.calls.external += 1,
            // What comes after the base in the order of resolution is not known here; a subclass it never is.
            Callees::Unknown if is_super(module, &call) => self.out.unresolved[owner.index()].push(id),
            Callees::Unknown => {
                let interface = self.interface_methods(&call);
                if interface.is_empty() {
                    self.out.unresolved[owner.index()].push(id);
                }
                edge.guessed = interface.is_empty() && call.receiver().is_some();
                edge.targets = interface;
            }
        }
        if self.only_makes_generator(&edge) {
            edge.kind = EdgeKind::Later;
        }
        if !edge.targets.is_empty() || edge.external.is_some() || edge.guessed {
            self.out.functions[owner.index()].0.push(edge);
        }
        self.callbacks(&call, owner);
    }

    /// A call of what a queue's decorator made of a function runs nothing of it: a worker does, in its own time.
    fn only_enqueues(&mut self, file: FileId, function: FunctionId) -> bool {
        if self.code.module(file).function(function).decorators.is_empty() {
            return false;
        }
        let known = self.queued.entry((file, function));
        *known.or_insert_with(|| queued::queued(&self.eval, file, function) == Some(Queued::ByCall))
    }

    /// A call of a generator function runs nothing until somebody iterates or enters it.
    fn only_makes_generator(&self, edge: &Edge) -> bool {
        let is_generator = |target: &FnId| {
            let file = FileId((self.first.partition_point(|&first| first <= target.0) - 1) as u32);
            let module = self.code.module(file);
            module
                .functions
                .get((target.0 - self.first[file.index()]) as usize)
                .is_some_and(|function| function.is_generator)
        };
        !edge.targets.is_empty() && edge.targets.iter().all(is_generator) && !is_consumed(self.module, edge.expr)
    }

    fn interface_methods(&self, call: &Call<'_>) -> Vec<FnId> {
        let (Some(receiver), Some(method)) = (call.receiver(), call.method()) else {
            return Vec::new();
        };
        match self.eval.value(self.file, receiver) {
            Value::Instance(file, class) => {
                let found = self.eval.implementations(file, class, method);
                if found.len() > MOST_IMPLEMENTATIONS {
                    Vec::new()
                } else {
                    found.iter().map(|&(file, function)| self.fn_id(file, function)).collect()
                }
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn callbacks_of_claimed(&mut self, id: ExprId) {
        if let Some(call) = self.module.call(id) {
            let owner = self.module.owner(id);
            self.callbacks(&call, owner);
        }
    }

    /// Functions handed to a call.
    fn callbacks(&mut self, call: &Call<'_>, owner: FunctionId) {
        let module = self.module;
        for (index, arg) in call.args.iter().enumerate() {
            let (targets, literal) = match module.kind(arg.value) {
                ExprKind::Lambda(function) => (vec![self.fn_id(self.file, *function)], true),
                ExprKind::Name(_) | ExprKind::Attr { .. } => match self.eval.value(self.file, arg.value) {
                    Value::Function(file, function) => (vec![self.fn_id(file, function)], false),
                    _ => continue,
                },
                _ => continue,
            };
            let kind = match callbacks::callback(&self.eval, self.file, *call, index) {
                Callback::PerElement | Callback::Called => EdgeKind::Inline,
                Callback::Inline if literal => EdgeKind::Inline,
                Callback::Inline | Callback::Later => EdgeKind::Later,
                // `background_tasks.add_task(pull)`: the answer is sent before.
                Callback::Barrier if call.method().is_some_and(callbacks::hands_over) => EdgeKind::Later,
                Callback::Barrier if callbacks::is_thread(call) && !self.waits_for_thread(owner) => EdgeKind::Later,
                Callback::Barrier => EdgeKind::Barrier,
            };
            let edge = Edge {
                expr: arg.value,
                targets,
                external: None,
                effects: Effects::NONE,
                kind,
                awaited: is_awaited(module, call.id),
                guessed: false,
            };
            self.out.functions[owner.index()].0.push(edge);
        }
    }

    /// `thread.join()` in the function that starts the thread; else it goes on by itself.
    fn waits_for_thread(&mut self, function: FunctionId) -> bool {
        let module = self.module;
        let is_wait = |id: ExprId| {
            let call = module.call(id);
            call.is_some_and(|call| call.method() == Some("join") && call.args.len() <= 1 && !is_text(module, call.receiver()))
        };
        let known = self.joins.entry(function);
        *known.or_insert_with(|| module.call_ids_in(function).any(is_wait))
    }

    /// A property that is read runs its function.
    pub(super) fn property(&mut self, id: ExprId, base: ExprId, name: &str) {
        let place = match self.eval.value(self.file, base) {
            Value::Instance(file, class) | Value::Row(RowModel::Class(file, class), _) => (file, class),
            _ => return,
        };
        let Some((file, Member::Method(function))) = self.eval.member(place.0, place.1, name) else {
            return;
        };
        let definition = self.code.module(file).function(function);
        // `ping.duration = None` keeps what is set and runs nothing.
        if !definition.is_property || is_set(self.module, id) {
            return;
        }
        let owner = self.module.owner(id);
        let edge = Edge {
            expr: id,
            targets: vec![self.fn_id(file, function)],
            external: None,
            effects: Effects::NONE,
            kind: EdgeKind::Call,
            awaited: false,
            guessed: false,
        };
        self.out.functions[owner.index()].0.push(edge);
    }

    /// Calling a decorated function runs the decorator's innermost function: its retries, its queries.
    pub(super) fn decorated(&mut self, id: FunctionId, decorator: ExprId) {
        let callee = match self.module.kind(decorator) {
            ExprKind::Call { callee, .. } => *callee,
            _ => decorator,
        };
        let Value::Function(file, wrapper) = self.eval.value(self.file, callee) else {
            return;
        };
        let is_async = self.module.function(id).is_async;
        let made = self.wrapped.entry((file, wrapper, is_async));
        let inner = made.or_insert_with(|| innermost(self.code.module(file), wrapper, is_async));
        let targets: Vec<FnId> = inner.iter().map(|inner| FnId(self.first[file.index()] + inner.0)).collect();
        if targets.is_empty() {
            return;
        }
        let edge = Edge {
            expr: decorator,
            targets,
            external: None,
            effects: Effects::NONE,
            kind: EdgeKind::Call,
            awaited: is_async,
            guessed: false,
        };
        self.out.functions[id.index()].0.push(edge);
    }
}

/// The innermost functions with a name of their own in a decorator, of one kind. What stands between is run when it is applied.
fn innermost(module: &Module, wrapper: FunctionId, is_async: bool) -> Vec<FunctionId> {
    // Functions are listed as they begin: those inside another one come right after it.
    let is_inside = |id: FunctionId| module.function(id).parent.is_some_and(|parent| parent >= wrapper);
    let ids = (wrapper.0 + 1..module.functions.len() as u32).map(FunctionId);
    let inside: Vec<FunctionId> = ids
        .take_while(|&id| is_inside(id))
        .filter(|&id| !module.function(id).is_lambda)
        .collect();
    let holders: FxHashSet<FunctionId> = inside.iter().filter_map(|&id| module.function(id).parent).collect();
    inside
        .into_iter()
        .filter(|id| module.function(*id).is_async == is_async && !holders.contains(id))
        .collect()
}

/// `", "` of `", ".join(names)`.
fn is_text(module: &Module, receiver: Option<ExprId>) -> bool {
    receiver.is_none_or(|receiver| {
        matches!(module.kind(receiver), ExprKind::Str(_)) || module.dotted(receiver).is_some_and(|name| name.ends_with("path"))
    })
}

/// Whether an attribute is what an assignment sets.
fn is_set(module: &Module, attr: ExprId) -> bool {
    match module.expr(attr).parent {
        Parent::Stmt(stmt) => matches!(&module.stmt(stmt).kind, StmtKind::Assign { target, op: None, .. } if *target == attr),
        _ => false,
    }
}

/// Whether what a call gives is iterated, entered, awaited or handed on where it stands.
fn is_consumed(module: &Module, expr: ExprId) -> bool {
    match module.expr(expr).parent {
        Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
            StmtKind::Loop { iterable, .. } => *iterable == Some(expr),
            StmtKind::With { .. } => true,
            _ => false,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Comp(comp) => comp.clauses.iter().any(|clause| clause.iterable == expr),
            ExprKind::Yield(_) | ExprKind::Spread(_) | ExprKind::Await(_) => true,
            ExprKind::Call { .. } => module.call(parent).and_then(|call| call.method()).is_some_and(|name| {
                matches!(
                    name,
                    "list"
                        | "tuple"
                        | "set"
                        | "dict"
                        | "sorted"
                        | "sum"
                        | "any"
                        | "all"
                        | "next"
                        | "max"
                        | "min"
                        | "join"
                        | "enumerate"
                        | "enter_context"
                        | "enter_async_context"
                        | "anext"
                )
            }),
            _ => false,
        },
        _ => false,
    }
}

/// `super().save()`, `super.save()`.
fn is_super(module: &Module, call: &Call<'_>) -> bool {
    let receiver = call.receiver();
    let root = receiver.map(|receiver| module.call(receiver).map_or(receiver, |inner| inner.callee));
    root.is_some_and(|root| module.name(root) == Some("super"))
}

/// Whether a template is a whole statement: ``sql`SELECT …` ``, not ``sql`(name = ${name})` `` or `sql(columns)`.
fn is_statement(call: &Call<'_>) -> bool {
    let Some(ExprKind::Template(parts)) = call.arg(0).map(|text| call.module.kind(text)) else {
        return false;
    };
    let texts = parts.iter().map(|part| match part {
        TemplatePart::Text(text) => call.module.str(*text),
        TemplatePart::Hole(_) => " x ",
    });
    looks_like_sql(&texts.collect::<String>())
}
