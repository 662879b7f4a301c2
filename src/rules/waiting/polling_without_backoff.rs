//! `polling-without-backoff`: a server that is asked again and again at a constant interval.

use std::cell::RefCell;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::Limit;
use crate::finding::{Confidence, Finding, Fix, Related, Role};
use crate::ir::{Entry, ExprId, ExprKind, FunctionId, Language, LoopKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reach};
use crate::judge::{evidence, priority};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling::{self, Delay};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::loops::{self, Verdict};
use crate::source::Span;
use crate::vocabulary::List;

/// A mailbox that can wake its reader may be given this long at least.
const SHORT_WAIT: f64 = 0.5;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files
        .into_par_iter()
        .flat_map_iter(|file| Check::new(project, file).run())
        .collect()
}

struct Check<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    out: Vec<Finding>,
    /// Names that were asked for, and whether their functions set them more than once.
    reassigned: RefCell<FxHashMap<(FileId, FunctionId, Sym), bool>>,
}

/// What a callback asks of a server.
struct Request {
    words: String,
    steps: Vec<Related>,
}

impl<'p> Check<'p> {
    fn new(project: &'p Project, file: FileId) -> Self {
        Check {
            project,
            eval: Evaluator::new(&project.code),
            file,
            module: project.code.module(file),
            out: Vec::new(),
            reassigned: RefCell::default(),
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
            return;
        };
        let (Some(callback), Some(delay)) = (call.arg(0), call.arg(1)) else {
            return;
        };
        let Some(seconds) = self.constant(delay).map(|milliseconds| milliseconds / 1000.0) else {
            return;
        };
        let Some(function) = self.callee(callback) else { return };
        let steps = if name == "setInterval" {
            self.request(function)
        } else {
            self.recursion(id, function)
        };
        let Some(request) = steps else { return };
        self.report(id, seconds, &request, name == "setInterval");
    }

    /// The function that a callback is: a lambda, or a name that leads to one (also through `useCallback`).
    fn callee(&self, callback: ExprId) -> Option<FnId> {
        if let ExprKind::Lambda(function) = self.module.kind(callback) {
            return Some(self.project.graph.id(self.file, *function));
        }
        match self.eval.callees(self.file, callback) {
            crate::project::eval::Callees::Functions(functions) => {
                functions.first().map(|&(file, function)| self.project.graph.id(file, function))
            }
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
        let Some((sleep, seconds)) = exprs.iter().find_map(|&expr| self.sleep(expr)) else {
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
        let passes = is_passing(self.module, at);
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
            code: (self.module.language == Language::TypeScript && request.steps.is_empty())
                .then(|| "refetchInterval: (query) => (isDone(query.state.data) ? false : Math.min(30_000, 2_000 * 2 ** query.state.dataUpdateCount))".to_owned()),
            ..Fix::default()
        };
        self.out.push(finding);
    }
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

/// An interval that an effect starts in one state only, and ends with it: `if (!running) return; const t = setInterval(…);
/// return () => clearInterval(t);`.
fn is_passing(module: &Module, timer: ExprId) -> bool {
    let Some(call) = module.call(timer).filter(|call| call.method() == Some("setInterval")) else {
        return false;
    };
    let body = &module.function(module.owner(call.id)).body;
    let start = module.expr(timer).span.start;
    let leaves = body.iter().any(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::If { then, .. } => {
            module.stmt(stmt).span.end <= start && matches!(then.as_ref(), [only] if matches!(module.stmt(*only).kind, StmtKind::Return(_)))
        }
        _ => false,
    });
    let clears = module.call_ids_in(module.owner(call.id)).filter_map(|id| module.call(id));
    leaves && clears.into_iter().any(|call| call.method() == Some("clearInterval"))
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
