//! Timers that ask again and again: `setInterval`, a `setTimeout` that starts itself, a hook that hands on to one.

use rustc_hash::FxHashMap;

use super::Check;
use super::requests::PolledRequest;
use crate::finding::{Related, Role};
use crate::ir::{ExprId, ExprKind, FunctionId, StmtKind};
use crate::libraries::shared::polling;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::query_builder::imports;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Callees, Evaluator, Found};
use crate::project::graph::FnId;
use crate::project::scope::{Bound, PatternStep};

/// The places where each component is rendered.
pub(super) type Elements = FxHashMap<FnId, Vec<(FileId, ExprId)>>;

fn elements(project: &Project) -> Elements {
    let mut found = Elements::default();
    for (file, module) in project.code.modules() {
        let eval = Evaluator::new(&project.code);
        for (id, expr) in module.expr_ids() {
            let ExprKind::Jsx(element) = &expr.kind else { continue };
            let Some(name) = element.name.filter(|_| !element.props.is_empty()) else {
                continue;
            };
            if let Callees::Functions(functions) = eval.callees(file, name)
                && let &[(at, component)] = functions.as_slice()
            {
                found.entry(project.graph.id(at, component)).or_default().push((file, id));
            }
        }
    }
    found
}

/// A timer that a function starts with what it is given.
#[derive(Clone, Copy)]
pub(super) struct Timer {
    /// The parameter that it calls; `None` where a query hook asks.
    pub(super) callback: Option<usize>,
    pub(super) delay: Pace,
    pub(super) place: ExprId,
}

/// How long a timer waits, in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    Constant(f64),
    /// What the parameter at a place holds.
    Param(usize),
}

/// A call with more arguments hands nothing to a timer.
const MOST_ARGUMENTS: usize = 6;

impl<'p> Check<'p> {
    /// `setInterval(callback, 5000)`, and `setTimeout(callback, 5000)` in the function that it calls again.
    pub(super) fn timer(&mut self, id: ExprId) {
        let Some(call) = self.module.call(id) else { return };
        let Some(name @ ("setInterval" | "setTimeout")) = call.method() else {
            return self.hook(id);
        };
        let (Some(callback), Some(delay)) = (call.arg(0), call.arg(1)) else {
            return self.silent(id, "the timer is given no callback or no delay");
        };
        let Some(seconds) = self.constant(delay).map(|milliseconds| milliseconds / 1000.0) else {
            return self.silent(id, "the delay is no constant: it may grow");
        };
        let Some(function) = self.callee(callback) else {
            match self.given(callback).filter(|_| name == "setInterval") {
                Some(request) => self.report(id, seconds, &request, true),
                None => self.silent(id, "it is not known what the callback runs"),
            }
            return;
        };
        let steps = if name == "setInterval" {
            self.request(function)
        } else {
            self.recursion(id, function)
        };
        let Some(request) = steps else {
            let why = if name == "setInterval" {
                "the callback asks no server that is known"
            } else {
                "the callback does not both ask a server that is known and start the timer again"
            };
            return self.silent(id, why);
        };
        let is_client = name == "setInterval" && imports(self.module, polling::UI_LIBRARIES);
        self.report(id, seconds * request.turns, &request, is_client);
    }

    /// `usePolling(callback, 5000)`: a function of the project that hands what it is given to a timer, or to a query hook as its
    /// interval.
    fn hook(&mut self, id: ExprId) {
        let Some(call) = self
            .module
            .call(id)
            .filter(|call| !call.args.is_empty() && call.args.len() <= MOST_ARGUMENTS)
        else {
            return;
        };
        // Only what is given a number, or a function, can be such a call.
        let is_function = |arg: &crate::ir::Arg| matches!(self.module.kind(arg.value), ExprKind::Lambda(_) | ExprKind::Name(_));
        let is_number = |arg: &crate::ir::Arg| self.is_number(arg.value);
        if !call.args.iter().any(is_number) && !call.args.iter().any(is_function) {
            return;
        }
        let Callees::Functions(functions) = self.eval.callees(self.file, call.callee) else {
            return;
        };
        let &[(file, function)] = functions.as_slice() else { return };
        let Some(timer) = self.timer_of(file, function) else { return };
        let delay = match timer.delay {
            Pace::Constant(milliseconds) => Some(milliseconds),
            Pace::Param(index) => match call.arg(index) {
                Some(arg) => self.constant(arg),
                // The default of a query's interval is told in the hook.
                None => timer.callback.and_then(|_| self.default_pace(file, function, index)),
            },
        };
        let Some(seconds) = delay.map(|milliseconds| milliseconds / 1000.0).filter(|&seconds| seconds > 0.0) else {
            return;
        };
        let request = match timer.callback {
            Some(index) => {
                let callback = call.arg(index).and_then(|callback| self.callee(callback));
                callback.and_then(|callback| self.request(callback))
            }
            None => Some(PolledRequest {
                words: "the query of the hook".to_owned(),
                steps: Vec::new(),
                turns: 1.0,
            }),
        };
        let Some(mut request) = request else { return };
        let hook = self.project.graph.id(file, function);
        let place = self.project.place_in(hook, self.project.code.module(file).expr(timer.place).span);
        request.steps.insert(
            0,
            Related {
                location: place,
                message: format!("{} starts the interval", self.project.short_name(hook)),
                role: Role::Call,
            },
        );
        self.report(id, seconds, &request, true);
    }

    fn is_number(&self, expr: ExprId) -> bool {
        matches!(
            self.module.kind(expr),
            ExprKind::Num(_) | ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Binary { .. }
        )
    }

    fn default_pace(&self, file: FileId, function: FunctionId, index: usize) -> Option<f64> {
        let default = self.project.code.module(file).function(function).params.get(index)?.default?;
        self.constant_at(file, default, 0)
    }

    /// The timer that a function starts with what it is given, kept between asks.
    fn timer_of(&self, file: FileId, function: FunctionId) -> Option<Timer> {
        if let Some(known) = self.timers.borrow().get(&(file, function)) {
            return *known;
        }
        let found = self.find_timer(file, function);
        self.timers.borrow_mut().insert((file, function), found);
        found
    }

    fn find_timer(&self, file: FileId, function: FunctionId) -> Option<Timer> {
        let module = self.project.code.module(file);
        if module.function(function).params.is_empty() || !module.language.has_timers() {
            return None;
        }
        let option = || {
            let (first, end) = module.function(function).exprs;
            let ids = (first.0..end.0).map(ExprId);
            ids.filter_map(|id| match module.kind(id) {
                ExprKind::Object(entries) => Some(entries),
                _ => None,
            })
            .flatten()
            .find(|entry| {
                let key = entry.key.and_then(|key| module.string(key));
                key.is_some_and(polling::is_interval_option)
            })
            .map(|entry| entry.value)
        };
        let mut intervals = module.call_ids_in(function).filter_map(|id| module.call(id));
        let Some(call) = intervals.find(|call| call.method() == Some("setInterval")) else {
            let value = option()?;
            let index = self.param_of(file, function, value)?;
            return Some(Timer {
                callback: None,
                delay: Pace::Param(index),
                place: value,
            });
        };
        let (callback, delay) = (call.arg(0)?, call.arg(1)?);
        let delay = match self.param_of(file, function, delay) {
            Some(index) => Pace::Param(index),
            None => Pace::Constant(self.constant_at(file, delay, 0)?),
        };
        Some(Timer {
            callback: Some(self.called_param(file, function, callback)?),
            delay,
            place: call.id,
        })
    }

    /// The parameter of a function that a name stands for.
    fn param_of(&self, file: FileId, function: FunctionId, expr: ExprId) -> Option<usize> {
        let module = self.project.code.module(file);
        let ExprKind::Name(name) = module.kind(expr) else { return None };
        match self.eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)? {
            Found::Binding(at, _, binding) if at == file => match binding.bound {
                Bound::Param(owner, index, path) if owner == function && path.is_empty() => Some(index),
                _ => None,
            },
            _ => None,
        }
    }

    /// The parameter that a timer's callback calls: itself, in a lambda, or out of a ref that keeps the latest one.
    fn called_param(&self, file: FileId, function: FunctionId, callback: ExprId) -> Option<usize> {
        if let Some(index) = self.param_of(file, function, callback) {
            return Some(index);
        }
        let module = self.project.code.module(file);
        let inner = match module.kind(callback) {
            ExprKind::Lambda(inner) => *inner,
            // `const tick = () => latest.current()`, in the effect.
            _ => match self.eval.callees(file, callback) {
                Callees::Functions(functions) => functions.iter().find(|(at, _)| *at == file)?.1,
                _ => return None,
            },
        };
        let mut calls = module.call_ids_in(inner).filter_map(|id| module.call(id));
        calls.find_map(|call| {
            if let Some(index) = self.param_of(file, function, call.callee) {
                return Some(index);
            }
            let held = match module.kind(call.callee) {
                ExprKind::Attr { base, name } if module.str(*name) == "current" => *base,
                _ => return None,
            };
            let (at, made) = self.eval.definition(file, held)?;
            let made = self
                .project
                .code
                .module(at)
                .call(made)
                .filter(|made| at == file && made.method() == Some("useRef"))?;
            let first = made.arg(0).and_then(|first| self.param_of(file, function, first));
            first.or_else(|| self.kept(file, function, held))
        })
    }

    /// `latest.current = callback`.
    fn kept(&self, file: FileId, function: FunctionId, held: ExprId) -> Option<usize> {
        let module = self.project.code.module(file);
        let ExprKind::Name(name) = module.kind(held) else { return None };
        let stmts = module.statements_on(*name, module.function(function).span, usize::MAX);
        stmts.into_iter().find_map(|stmt| match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } if matches!(module.kind(target), ExprKind::Attr { .. }) => self.param_of(file, function, value),
            _ => None,
        })
    }

    /// What a component asks that is given its timer's callback: `setInterval(onTick, 4000)` with `<Ticker onTick={load} />`.
    fn given(&self, callback: ExprId) -> Option<PolledRequest> {
        let (owner, key) = self.prop(callback)?;
        let component = self.project.graph.id(self.file, owner);
        let elements = self.elements.get_or_init(|| elements(self.project));
        elements.get(&component)?.iter().find_map(|&(file, element)| {
            let module = self.project.code.module(file);
            let ExprKind::Jsx(element) = module.kind(element) else {
                return None;
            };
            let entry = element
                .props
                .iter()
                .find(|entry| entry.key.and_then(|name| module.string(name)) == Some(key))?;
            let function = match module.kind(entry.value) {
                ExprKind::Lambda(function) => Some((file, *function)),
                _ => match self.eval.callees(file, entry.value) {
                    Callees::Functions(functions) => functions.first().copied(),
                    _ => None,
                },
            };
            let (at, function) = function?;
            self.request(self.project.graph.id(at, function))
        })
    }

    /// The component and the property that a name or `props.name` is.
    fn prop(&self, callback: ExprId) -> Option<(FunctionId, &'p str)> {
        let module = self.module;
        let (name, own) = match module.kind(callback) {
            ExprKind::Name(name) => (callback, module.str(*name)),
            ExprKind::Attr { base, name } => (*base, module.str(*name)),
            _ => return None,
        };
        let ExprKind::Name(sym) = module.kind(name) else { return None };
        let found = self
            .eval
            .lookup(self.file, module.owner(name), *sym, module.expr(name).span.start)?;
        let Found::Binding(at, _, binding) = found else { return None };
        match (binding.bound, name == callback) {
            (Bound::Param(owner, 0, path), true) if at == self.file => match path.as_ref() {
                [PatternStep::Key(key)] => Some((owner, module.str(*key))),
                _ => None,
            },
            (Bound::Param(owner, 0, path), false) if at == self.file && path.is_empty() => Some((owner, own)),
            _ => None,
        }
    }

    /// The function that a callback is: a lambda, or a name that leads to one (also through `useCallback`).
    pub(super) fn callee(&self, callback: ExprId) -> Option<FnId> {
        if let ExprKind::Lambda(function) = self.module.kind(callback) {
            return Some(self.project.graph.id(self.file, *function));
        }
        match self.eval.callees(self.file, callback) {
            Callees::Functions(functions) => functions.first().map(|&(file, function)| self.project.graph.id(file, function)),
            _ => None,
        }
    }

    /// `const poll = async () => { …; setTimeout(poll, 2000) }`.
    fn recursion(&self, id: ExprId, function: FnId) -> Option<PolledRequest> {
        let mut around = Vec::new();
        let mut at = Some(self.module.owner(id));
        while let Some(owner) = at.filter(|&owner| owner != FunctionId::MODULE) {
            around.push(self.project.graph.id(self.file, owner));
            at = self.module.function(owner).parent;
        }
        let again = around.iter().copied().find(|&owner| {
            owner == function
                || self
                    .project
                    .graph
                    .function(function)
                    .edges
                    .iter()
                    .any(|edge| edge.targets.contains(&owner))
        })?;
        self.request(again)
    }
}
