//! `polling-without-backoff`: a server that is asked again and again at a constant interval.

use std::cell::RefCell;
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::Analyses;
use crate::analysis::repeats::shape::in_handler;
use crate::budget::Limit;
use crate::finding::{Confidence, Finding, Fix, Related, Role};
use crate::ir::{Entry, ExprId, ExprKind, FunctionId, Language, LoopKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reach};
use crate::judge::{evidence, priority};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling::{self, Delay};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::query_builder::imports;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Callees, Evaluator, Found};
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::loops::{self, Verdict};
use crate::project::scope::{Bound, Step};
use crate::source::Span;
use crate::vocabulary::List;

/// A mailbox that can wake its reader may be given this long at least.
const SHORT_WAIT: f64 = 0.5;
/// Seconds from which on an interval that ends by itself is a wait like any other.
const PATIENT: f64 = 2.0;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    let elements = OnceLock::new();
    files
        .into_par_iter()
        .flat_map_iter(|file| Check::new(project, file, &elements).run())
        .collect()
}

/// The places where each component is rendered.
type Elements = FxHashMap<FnId, Vec<(FileId, ExprId)>>;

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

struct Check<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    out: Vec<Finding>,
    /// Names that were asked for, and whether their functions set them more than once.
    reassigned: RefCell<FxHashMap<(FileId, FunctionId, Sym), bool>>,
    timers: RefCell<FxHashMap<(FileId, FunctionId), Option<Timer>>>,
    /// Where the functions that were asked for are left early, when they end their intervals.
    passing: RefCell<FxHashMap<FunctionId, Option<u32>>>,
    /// Worked out for the first timer that calls what a component is given.
    elements: &'p OnceLock<Elements>,
}

/// A timer that a function starts with what it is given.
#[derive(Clone, Copy)]
struct Timer {
    /// The parameter that it calls; `None` where a query hook asks.
    callback: Option<usize>,
    delay: Pace,
    place: ExprId,
}

/// How long a timer waits, in milliseconds.
#[derive(Clone, Copy)]
enum Pace {
    Constant(f64),
    /// What the parameter at a place holds.
    Param(usize),
}

/// A call with more arguments hands nothing to a timer.
const MOST_ARGUMENTS: usize = 6;

/// What a callback asks of a server.
struct Request {
    words: String,
    steps: Vec<Related>,
}

impl<'p> Check<'p> {
    fn new(project: &'p Project, file: FileId, elements: &'p OnceLock<Elements>) -> Self {
        Check {
            project,
            eval: Evaluator::new(&project.code),
            file,
            module: project.code.module(file),
            out: Vec::new(),
            reassigned: RefCell::default(),
            timers: RefCell::default(),
            passing: RefCell::default(),
            elements,
        }
    }

    fn run(mut self) -> Vec<Finding> {
        for (id, expr) in self.module.expr_ids() {
            match &expr.kind {
                ExprKind::Call { .. } if self.module.language == Language::TypeScript => self.timer(id),
                ExprKind::Object(_) if self.module.language == Language::TypeScript => self.options(id),
                _ => {}
            }
        }
        for index in 0..self.module.stmts.len() {
            self.sleeping_loop(StmtId(index as u32));
        }
        self.out
    }

    /// `setInterval(callback, 5000)`, and `setTimeout(callback, 5000)` in the function that it calls again.
    fn timer(&mut self, id: ExprId) {
        let Some(call) = self.module.call(id) else { return };
        let Some(name @ ("setInterval" | "setTimeout")) = call.method() else {
            return self.hook(id);
        };
        let (Some(callback), Some(delay)) = (call.arg(0), call.arg(1)) else {
            return;
        };
        let Some(seconds) = self.constant(delay).map(|milliseconds| milliseconds / 1000.0) else {
            return;
        };
        let Some(function) = self.callee(callback) else {
            if let Some(request) = self.given(callback).filter(|_| name == "setInterval") {
                self.report(id, seconds, &request, true);
            }
            return;
        };
        let steps = if name == "setInterval" {
            self.request(function)
        } else {
            self.recursion(id, function)
        };
        let Some(request) = steps else { return };
        let is_client = name == "setInterval" && imports(self.module, polling::UI_LIBRARIES);
        self.report(id, seconds, &request, is_client);
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
            None => Some(Request {
                words: "the query of the hook".to_owned(),
                steps: Vec::new(),
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
        if module.function(function).params.is_empty() || module.language != Language::TypeScript {
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
    fn given(&self, callback: ExprId) -> Option<Request> {
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
                [Step::Key(key)] => Some((owner, module.str(*key))),
                _ => None,
            },
            (Bound::Param(owner, 0, path), false) if at == self.file && path.is_empty() => Some((owner, own)),
            _ => None,
        }
    }

    /// The function that a callback is: a lambda, or a name that leads to one (also through `useCallback`).
    fn callee(&self, callback: ExprId) -> Option<FnId> {
        if let ExprKind::Lambda(function) = self.module.kind(callback) {
            return Some(self.project.graph.id(self.file, *function));
        }
        match self.eval.callees(self.file, callback) {
            Callees::Functions(functions) => functions.first().map(|&(file, function)| self.project.graph.id(file, function)),
            _ => None,
        }
    }

    /// `const poll = async () => { …; setTimeout(poll, 2000) }`.
    fn recursion(&self, id: ExprId, function: FnId) -> Option<Request> {
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

    /// `useQuery({ refetchInterval: 5000 })`.
    fn options(&mut self, object: ExprId) {
        let ExprKind::Object(entries) = self.module.kind(object) else {
            return;
        };
        for entry in entries {
            let Some(key) = entry.key.and_then(|key| self.module.string(key)) else {
                continue;
            };
            if !polling::is_interval_option(key)
                || !self.is_hook_option(object)
                || ends_by_itself(self.module, entries)
                || self.watches_files(object)
            {
                continue;
            }
            let Some(seconds) = self
                .constant(entry.value)
                .map(|milliseconds| milliseconds / 1000.0)
                .filter(|&seconds| seconds > 0.0)
            else {
                continue;
            };
            // What a hook asks again within its own window is answered by the request before.
            let window = polling::shared_for(key).filter(|_| !has_key(self.module, entries, polling::WINDOW_OPTION));
            let seconds = window.map_or(seconds, |window| seconds.max(window));
            let steps = Vec::new();
            let words = format!("the query with `{key}`");
            let at = entry.key.unwrap_or(entry.value);
            self.report(at, seconds, &Request { words, steps }, true);
        }
    }

    /// The options stand in a call (a hook, a collection's or client's factory), not in a plain table of settings.
    fn is_hook_option(&self, object: ExprId) -> bool {
        let mut at = self.module.expr(object).parent;
        for _ in 0..6 {
            match at {
                Parent::Expr(expr) => {
                    if let Some(call) = self.module.call(expr) {
                        return call.args.len() <= 4;
                    }
                    at = self.module.expr(expr).parent;
                }
                Parent::Stmt(stmt) => return matches!(self.module.stmt(stmt).kind, StmtKind::Return(_)),
                _ => return false,
            }
        }
        false
    }

    /// The options of a library that looks at files and asks nobody: `watch(folder, { awaitWriteFinish: { pollInterval: 100 } })`.
    fn watches_files(&self, object: ExprId) -> bool {
        let mut at = self.module.expr(object).parent;
        for _ in 0..6 {
            let Parent::Expr(expr) = at else { return false };
            if let Some(call) = self.module.call(expr) {
                let callee = self.eval.value(self.file, call.callee);
                return callee.library_name().is_some_and(polling::is_file_watcher);
            }
            at = self.module.expr(expr).parent;
        }
        false
    }

    /// `while …: request(); sleep(2)`.
    fn sleeping_loop(&mut self, id: StmtId) {
        let stmt = self.module.stmt(id);
        let StmtKind::Loop {
            kind: LoopKind::While,
            body,
            test,
            ..
        } = &stmt.kind
        else {
            return;
        };
        let exprs = self.inside(body);
        if self.mailbox(&exprs) {
            return;
        }
        // A pause after an error is the way back, not the rhythm.
        let calm = exprs.iter().filter(|&&expr| !in_handler(self.module, expr));
        let Some((sleep, seconds)) = calm.into_iter().find_map(|&expr| self.sleep(expr)) else {
            return;
        };
        if self.goes_on(sleep, stmt.span) || self.works_off(&exprs) || self.gives_up(sleep, id) || self.takes_work(&exprs) {
            return;
        }
        let mut request = None;
        for &expr in exprs.iter().chain(test.iter()) {
            if expr == sleep {
                continue;
            }
            request = self.request_at(expr);
            if request.is_some() {
                break;
            }
        }
        let Some(request) = request else { return };
        self.report(sleep, seconds, &request, false);
    }

    /// The sleep is of another rhythm than the loop's: page after page, batch after batch, or in a loop of its own that can be
    /// interrupted.
    fn goes_on(&self, sleep: ExprId, span: Span) -> bool {
        let around = loops::around(&self.eval, self.file, sleep);
        let is_inner = around.first().is_some_and(|inner| inner.span != span && span.encloses(inner.span));
        let own = around.iter().find(|around| around.span == span);
        is_inner || own.is_some_and(|own| matches!(own.verdict, Verdict::Cursor | Verdict::Chunk))
    }

    /// The sleep stands where something failed, in a handler that also leaves the loop: after so many tries it gives up.
    fn gives_up(&self, sleep: ExprId, repeated: StmtId) -> bool {
        let module = self.module;
        let mut below = None;
        let mut at = module.expr(sleep).parent;
        for _ in 0..Limit::Holders.count() {
            at = match at {
                Parent::Expr(id) => module.expr(id).parent,
                Parent::Stmt(id) if id == repeated => return false,
                Parent::Stmt(id) => {
                    if let (StmtKind::Try { handlers, .. }, Some(below)) = (&module.stmt(id).kind, below)
                        && let Some(handler) = handlers.iter().find(|handler| handler.contains(&below))
                    {
                        return handler.iter().any(|&stmt| leaves(module, stmt, 0));
                    }
                    below = Some(id);
                    module.stmt(id).parent
                }
                Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
            };
        }
        false
    }

    /// `item = await queue.get()`: the loop waits for the next piece of work and asks nobody for it.
    fn takes_work(&self, exprs: &[ExprId]) -> bool {
        exprs.iter().any(|&expr| {
            let Some(call) = self.module.call(expr) else { return false };
            let takes = matches!(call.method(), Some("get" | "receive" | "dequeue"));
            let receiver = call.receiver().map(|receiver| self.module.kind(receiver));
            let is_queue =
                matches!(receiver, Some(ExprKind::Name(name) | ExprKind::Attr { name, .. }) if List::Queues.has(self.module.str(*name)));
            takes && is_queue && call.args.iter().all(|arg| arg.name.is_some())
        })
    }

    /// Each round removes or changes what it has found: the next round finds other rows.
    fn works_off(&self, exprs: &[ExprId]) -> bool {
        exprs.iter().any(|&expr| {
            let method = self
                .module
                .call(expr)
                .and_then(|call| call.method())
                .unwrap_or("")
                .to_ascii_lowercase();
            method.contains("delete") || method.contains("bulk") || method.contains("purge")
        })
    }

    /// `while True: message = pubsub.get_message()`: asks a mailbox that could wake it, with no pause or a very short one.
    fn mailbox(&mut self, exprs: &[ExprId]) -> bool {
        let asks = exprs.iter().copied().find(|&expr| {
            let Some(call) = self.module.call(expr).filter(|call| call.method() == Some("get_message")) else {
                return false;
            };
            let receiver = call
                .receiver()
                .and_then(|receiver| self.module.dotted(receiver))
                .unwrap_or_default();
            receiver.to_ascii_lowercase().contains("pubsub")
        });
        let Some((ask, call)) = asks.and_then(|ask| Some((ask, self.module.call(ask)?))) else {
            return false;
        };
        let wait = match call.keyword("timeout").map(|timeout| self.constant(timeout)) {
            None => 0.0,
            Some(Some(seconds)) => seconds,
            Some(None) => return false,
        };
        let pause = exprs.iter().find_map(|&expr| self.sleep(expr)).map_or(0.0, |(_, seconds)| seconds);
        if wait + pause < SHORT_WAIT {
            let words = "`get_message`".to_owned();
            let request = self.finish(self.project.graph.id(self.file, self.module.owner(ask)), ask, words, &[]);
            self.report(ask, wait + pause, &request, false);
        }
        true
    }

    /// All calls in statements, lambdas that run where they stand included.
    fn inside(&self, body: &[StmtId]) -> Vec<ExprId> {
        let mut out = Vec::new();
        let (Some(&first), Some(&last)) = (body.first(), body.last()) else {
            return out;
        };
        let span = Span {
            start: self.module.stmt(first).span.start,
            end: self.module.stmt(last).span.end,
        };
        let function = self.module.owner_of(Parent::Stmt(first));
        for id in self.module.call_ids_in(function) {
            let expr = self.module.expr(id);
            if span.encloses(expr.span) {
                out.push(id);
            }
        }
        out
    }

    /// A sleep of a constant time: the call and its seconds.
    fn sleep(&self, expr: ExprId) -> Option<(ExprId, f64)> {
        let call = self.module.call(expr)?;
        let value = self.eval.value(self.file, call.callee);
        let name = value
            .library_name()
            .map_or_else(|| call.method().unwrap_or("").to_owned(), ToOwned::to_owned);
        let seconds = match polling::delay(self.module, &name, &call)? {
            Delay::Seconds(arg) => self.constant(arg)?,
            Delay::Milliseconds(arg) => self.constant(arg)? / 1000.0,
        };
        (seconds > 0.0).then_some((expr, seconds))
    }

    /// A number that is the same every time: a literal, or a name that is bound to one once.
    fn constant(&self, expr: ExprId) -> Option<f64> {
        self.constant_at(self.file, expr, 0)
    }

    fn constant_at(&self, file: FileId, expr: ExprId, depth: u32) -> Option<f64> {
        let module = self.project.code.module(file);
        if let Some(number) = module.number(expr) {
            return Some(number);
        }
        match module.kind(expr) {
            // What the environment says by default.
            ExprKind::Binary { op, left, right } if depth < 6 && matches!(module.str(*op), "or" | "??") && is_setting(module, *left) => {
                self.constant_at(file, *right, depth + 1)
            }
            ExprKind::Cond { test, then, orelse } if depth < 6 && is_setting(module, *test) && is_setting(module, *then) => {
                self.constant_at(file, *orelse, depth + 1)
            }
            ExprKind::Binary { op, left, right } if depth < 6 => {
                let (left, right) = (
                    self.constant_at(file, *left, depth + 1)?,
                    self.constant_at(file, *right, depth + 1)?,
                );
                match module.str(*op) {
                    "*" => Some(left * right),
                    "+" => Some(left + right),
                    "-" => Some(left - right),
                    "/" => Some(left / right),
                    _ => None,
                }
            }
            ExprKind::Name(name) if depth < 6 => {
                let owner = module.owner(expr);
                if self.is_reassigned(file, owner, *name) {
                    return None;
                }
                if let Some((at, definition)) = self.eval.definition(file, expr).filter(|&place| place != (file, expr)) {
                    return self.constant_at(at, definition, depth + 1);
                }
                self.default_of(file, owner, *name)
                    .and_then(|default| self.constant_at(file, default, depth + 1))
            }
            // `parseInt(process.env.POLL ?? "3000", 10)`.
            ExprKind::Call { args, .. } if depth < 6 && is_conversion(module, expr) => {
                self.constant_at(file, args.first()?.value, depth + 1)
            }
            ExprKind::Unary { op, operand } if depth < 6 && module.str(*op) == "+" => self.constant_at(file, *operand, depth + 1),
            ExprKind::Str(text) if depth > 0 => module.str(*text).trim().parse().ok(),
            ExprKind::Attr { .. } if depth < 6 => {
                let (at, definition) = self.eval.definition(file, expr).filter(|&place| place != (file, expr))?;
                self.constant_at(at, definition, depth + 1)
            }
            _ => None,
        }
    }

    fn default_of(&self, file: FileId, owner: FunctionId, name: crate::ir::Sym) -> Option<ExprId> {
        let module = self.project.code.module(file);
        let mut at = Some(owner);
        while let Some(id) = at {
            let function = module.function(id);
            if let Some(param) = function.params.iter().find(|param| param.name == Some(name)) {
                return param.default;
            }
            at = function.parent;
        }
        None
    }

    /// A delay that is computed anew in the function backs off.
    fn is_reassigned(&self, file: FileId, owner: FunctionId, name: Sym) -> bool {
        let mut known = self.reassigned.borrow_mut();
        *known
            .entry((file, owner, name))
            .or_insert_with(|| self.sets_twice(file, owner, name))
    }

    fn sets_twice(&self, file: FileId, owner: FunctionId, name: Sym) -> bool {
        let module = self.project.code.module(file);
        let mut scopes = vec![owner];
        while let Some(parent) = scopes.last().and_then(|&id| module.function(id).parent) {
            scopes.push(parent);
        }
        let outermost = scopes.last().map(|&id| module.function(id).span).unwrap_or_default();
        let named = module
            .statements_on(name, outermost, usize::MAX)
            .into_iter()
            .map(|id| module.stmt(id));
        let mut assigned = named.filter(|stmt| match &stmt.kind {
            StmtKind::Assign { target, .. } => {
                matches!(module.kind(*target), ExprKind::Name(other) if *other == name) && scopes.contains(&module.owner_of(stmt.parent))
            }
            _ => false,
        });
        assigned.nth(1).is_some()
    }

    /// What a function asks of a server, in itself or through what it calls.
    fn request(&self, from: FnId) -> Option<Request> {
        let mut seen = FxHashSet::default();
        let mut open: Vec<(FnId, Vec<Related>)> = vec![(from, Vec::new())];
        while let Some((at, steps)) = open.pop() {
            if !seen.insert(at) || steps.len() > 6 {
                continue;
            }
            let node = self.project.graph.function(at);
            let module = self.project.code.module(node.file);
            if polling::is_keep_alive(&self.project.short_name(at)) {
                return None;
            }
            if let Some(found) = self.own_request(at, &steps) {
                return Some(found);
            }
            let mut edges: Vec<&Edge> = node.edges.iter().rev().collect();
            edges.retain(|edge| edge.kind != EdgeKind::Later && !edge.guessed && !is_on_change(module, edge.expr));
            for edge in edges {
                for &target in &edge.targets {
                    let mut next = steps.clone();
                    if !matches!(module.kind(edge.expr), ExprKind::Lambda(_)) {
                        let message = format!("calls {}", self.project.short_name(target));
                        next.push(Related {
                            location: self.project.place_in(at, module.expr(edge.expr).span),
                            message,
                            role: Role::Call,
                        });
                    }
                    open.push((target, next));
                }
            }
        }
        None
    }

    fn own_request(&self, at: FnId, steps: &[Related]) -> Option<Request> {
        let node = self.project.graph.function(at);
        let module = self.project.code.module(node.file);
        for edge in node.edges.iter().filter(|edge| !is_on_change(module, edge.expr)) {
            if edge.effects.any(Effects::NETWORK.and(Effects::QUERY)) {
                let call = module.call(edge.expr);
                let url = call
                    .and_then(|call| call.arg(0))
                    .and_then(|arg| literal_text(module, arg))
                    .unwrap_or_default();
                if polling::is_keep_alive(&url) {
                    continue;
                }
                let name = evidence::readable(edge.external.as_deref().unwrap_or("a request"));
                return Some(self.finish(at, edge.expr, format!("`{name}`"), steps));
            }
        }
        let sites = node.queries.iter().filter_map(|&site| self.project.graph.sites.get(site));
        if let Some(site) = sites.into_iter().find(|site| !is_on_change(module, site.expr)) {
            return Some(self.finish(at, site.expr, evidence::describe(&site.query), steps));
        }
        for id in module.call_ids_in(node.id).filter(|id| module.owner(*id) == node.id) {
            let Some(method) = module.call(id).and_then(|call| call.method()) else {
                continue;
            };
            if polling::is_refetch(module, id, method) && !is_on_change(module, id) {
                return Some(self.finish(at, id, format!("`{method}`"), steps));
            }
        }
        None
    }

    fn finish(&self, at: FnId, expr: ExprId, words: String, steps: &[Related]) -> Request {
        let node = self.project.graph.function(at);
        let module = self.project.code.module(node.file);
        let mut steps = steps.to_vec();
        steps.push(Related {
            location: self.project.place_in(at, module.expr(expr).span),
            message: format!("the request: {words}"),
            role: Role::Callee,
        });
        Request { words, steps }
    }

    /// What one call in a loop asks of a server.
    fn request_at(&self, expr: ExprId) -> Option<Request> {
        let call = self.module.call(expr)?;
        if call.method().is_some_and(polling::is_keep_alive) {
            return None;
        }
        let holder = self.project.graph.id(self.file, self.module.owner(expr));
        let node = self.project.graph.function(holder);
        if node.queries.iter().any(|&site| self.project.graph.sites[site].expr == expr) {
            return Some(self.finish(holder, expr, "a query".to_owned(), &[]));
        }
        let edge = node.edges.iter().find(|edge| edge.expr == expr && edge.kind != EdgeKind::Later)?;
        if edge.effects.any(Effects::NETWORK.and(Effects::QUERY)) {
            let name = evidence::readable(edge.external.as_deref().unwrap_or("a request"));
            return Some(self.finish(holder, expr, format!("`{name}`"), &[]));
        }
        let target = edge.targets.first().copied().filter(|_| !edge.guessed)?;
        self.request(target)
    }

    /// An interval that an effect starts in one state only, and ends with it: `if (!running) return; const t = setInterval(…);
    /// return () => clearInterval(t);`.
    fn is_passing(&self, timer: ExprId) -> bool {
        let Some(call) = self.module.call(timer).filter(|call| call.method() == Some("setInterval")) else {
            return false;
        };
        let function = self.module.owner(call.id);
        let mut known = self.passing.borrow_mut();
        let guard = *known.entry(function).or_insert_with(|| passes_from(self.module, function));
        guard.is_some_and(|end| end <= self.module.expr(timer).span.start)
    }

    fn report(&mut self, at: ExprId, seconds: f64, request: &Request, is_client: bool) {
        let function = self.project.graph.id(self.file, self.module.owner(at));
        let path = self.project.path(self.file);
        if polling::is_keep_alive(&self.project.short_name(function)) {
            return;
        }
        let in_ui = path.ends_with('x')
            || path.contains("hook")
            || path.contains("client")
            || path.contains("frontend")
            || path.contains("component");
        let mut reach = reach::of(self.project, function);
        let label = reach.label.clone();
        if reach.often.is_none() && (is_client || in_ui) {
            reach = Reach::read("for each open page");
        }
        let ends = ends_itself(self.module, at);
        if ends && seconds >= PATIENT {
            return;
        }
        let passes = ends || self.is_passing(at);
        let judgement = priority::judge(&Cost::Poll(seconds), &reach, Confidence::High, usize::from(passes));
        let span = self.module.expr(at).span;
        let mut finding = Finding::new(
            "polling-without-backoff",
            judgement,
            Confidence::High,
            self.project.place_in(function, span),
        );
        let rate = 60.0 / seconds;
        let is_spin = seconds <= 0.0;
        finding.title = format!("Asks the server every {} without back-off", duration(seconds));
        finding.message = format!(
            "{} is asked again every {} {}, whether or not anything changed{}.",
            evidence::capitalised(&request.words),
            duration(seconds),
            if passes {
                "while the condition before it holds"
            } else {
                "as long as this runs"
            },
            label.as_deref().map(|label| format!("; reached from {label}")).unwrap_or_default()
        );
        finding.impact = format!(
            "{} requests a minute for each {}",
            trim(rate),
            match (is_client, passes) {
                (true, true) => "open client in that state",
                (true, false) => "open client",
                (false, _) => "running loop",
            }
        );
        if is_spin {
            "Asks the server again and again without a pause".clone_into(&mut finding.title);
            finding.message = format!(
                "{} is asked again as soon as it has answered, whether or not anything came.",
                evidence::capitalised(&request.words)
            );
            "one processor is busy with asking for each running loop".clone_into(&mut finding.impact);
        }
        finding.subject = request.words.clone();
        finding.related.extend(request.steps.iter().cloned());
        finding.fix = Fix {
            summary: "Let the interval grow while nothing changes and stop at a terminal state; or have the server push (SSE, WebSocket) and fetch on that signal.".to_owned(),
            code: self.module.string(at).and_then(polling::growing).map(ToOwned::to_owned),
            ..Fix::default()
        };
        self.out.push(finding);
    }
}

fn has_key(module: &Module, entries: &[Entry], name: &str) -> bool {
    entries
        .iter()
        .any(|entry| entry.key.and_then(|key| module.string(key)) == Some(name))
}

/// Whether a statement leaves the loop around it, in one of its branches.
fn leaves(module: &Module, stmt: StmtId, depth: u32) -> bool {
    match module.stmt(stmt).kind {
        StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise(_) => true,
        StmtKind::If { .. } if depth < 4 => module
            .stmt_blocks(stmt)
            .into_iter()
            .flatten()
            .any(|&stmt| leaves(module, stmt, depth + 1)),
        _ => false,
    }
}

/// `if (url !== seen) { seen = url; refresh(); }`: what stands there runs when something has changed, not at every tick.
fn is_on_change(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let mut below = None;
    loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let StmtKind::If { test, then, .. } = &module.stmt(id).kind
                    && below.is_some_and(|below| then.contains(&below))
                    && notes_change(module, *test, then)
                {
                    return true;
                }
                below = Some(id);
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
}

/// A comparison for a difference with a name that the block then sets.
fn notes_change(module: &Module, test: ExprId, then: &[StmtId]) -> bool {
    let ExprKind::Binary { op, left, right } = module.kind(test) else {
        return false;
    };
    if !matches!(module.str(*op), "!=" | "!==" | "is not") {
        return false;
    }
    let compared = [*left, *right].map(|side| module.dotted(side));
    then.iter().any(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Assign { target, .. } => module.dotted(target).is_some_and(|name| compared.contains(&Some(name))),
        _ => false,
    })
}

/// Options that say when the asking ends: `{ pollInterval: 500, timeoutMs: 60_000 }`.
fn ends_by_itself(module: &Module, entries: &[Entry]) -> bool {
    let keys = entries.iter().filter_map(|entry| module.string(entry.key?));
    keys.into_iter().any(|key| key.to_ascii_lowercase().starts_with("timeout"))
}

/// An interval whose own callback ends it, when what it waits for has come: `if (answer.ready) clearInterval(timer)`.
fn ends_itself(module: &Module, timer: ExprId) -> bool {
    let Some(call) = module.call(timer).filter(|call| call.method() == Some("setInterval")) else {
        return false;
    };
    let Some(ExprKind::Lambda(callback)) = call.arg(0).map(|callback| module.kind(callback)) else {
        return false;
    };
    let (first, end) = module.function(*callback).exprs;
    (first.0..end.0)
        .map(ExprId)
        .any(|id| module.call(id).is_some_and(|call| call.method() == Some("clearInterval")))
}

/// Where the first `if (…) return;` of a function's body ends, in a function that clears an interval.
fn passes_from(module: &Module, function: FunctionId) -> Option<u32> {
    let guard = module
        .function(function)
        .body
        .iter()
        .find_map(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::If { then, .. } => matches!(then.as_ref(), [only] if matches!(module.stmt(*only).kind, StmtKind::Return(_)))
                .then_some(module.stmt(stmt).span.end),
            _ => None,
        })?;
    let mut calls = module.call_ids_in(function).filter_map(|id| module.call(id));
    calls.any(|call| call.method() == Some("clearInterval")).then_some(guard)
}

/// `Number(x)`, `parseInt(x, 10)`.
fn is_conversion(module: &Module, expr: ExprId) -> bool {
    let Some(call) = module.call(expr) else { return false };
    matches!(call.method(), Some("Number" | "parseInt" | "parseFloat"))
        && matches!(
            module.dotted(call.callee).as_deref(),
            Some("Number" | "parseInt" | "parseFloat" | "Number.parseInt" | "Number.parseFloat")
        )
}

/// Whether an expression reads the environment: `process.env.POLL`, `import.meta.env.VITE_POLL`, `Number(process.env.POLL)`.
fn is_setting(module: &Module, expr: ExprId) -> bool {
    let read = match module.kind(expr) {
        ExprKind::Call { args, .. } if is_conversion(module, expr) => match args.first() {
            Some(first) => first.value,
            None => return false,
        },
        ExprKind::Unary { operand, .. } => *operand,
        ExprKind::Index { base, .. } => *base,
        _ => expr,
    };
    let name = module.dotted(read).unwrap_or_default();
    name.split('.').any(|part| part == "env")
}

fn literal_text(module: &Module, expr: ExprId) -> Option<String> {
    match module.kind(expr) {
        ExprKind::Str(text) => Some(module.str(*text).to_owned()),
        ExprKind::Template(parts) => Some(
            parts
                .iter()
                .filter_map(|part| match part {
                    crate::ir::TemplatePart::Text(text) => Some(module.str(*text)),
                    crate::ir::TemplatePart::Hole(_) => None,
                })
                .collect(),
        ),
        _ => None,
    }
}

fn duration(seconds: f64) -> String {
    if seconds >= 120.0 {
        format!("{} min", trim(seconds / 60.0))
    } else {
        format!("{} s", trim(seconds))
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
