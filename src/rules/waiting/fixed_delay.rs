//! `fixed-delay`: somebody waits a constant time, whatever happened.

use std::cell::OnceCell;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::Analyses;
use crate::budget;
use crate::finding::{Confidence, Finding, Fix};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling::{self, Delay};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::tasks::takes_work;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::graph::{EdgeKind, FnId};
use crate::project::{Project, loops};
use crate::source::Span;
use crate::vocabulary::List;

const ID: &str = "fixed-delay";

/// Names and factors between a sleep and the number that it waits for.
const MAX_NAMES: u32 = 4;

/// Expressions around a sleep among which a race is looked for.
const MAX_AROUND_SLEEP: usize = 12;

/// Inline callbacks between a sleep and the function that a person would name.
const MAX_CALLBACKS: usize = 6;

/// Shorter delays give way to others, or wait for a repaint.
const SHORTEST: f64 = 0.05;
/// Longer ones are a schedule.
const LONGEST: f64 = 120.0;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files.into_par_iter().flat_map_iter(|file| check_file(project, file)).collect()
}

fn check_file(project: &Project, file: FileId) -> Vec<Finding> {
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let search = Search {
        eval: &eval,
        constants: Constants::default(),
    };
    let reasons = OnceCell::new();
    let mut out = Vec::new();
    for id in module.call_ids() {
        let silent = |why: &str| project.silent(ID, file, module.expr(id).span, || why);
        let Some(seconds) = search.delay(file, id) else {
            silent("it is no sleep, or the time that it waits is no constant");
            continue;
        };
        let owner = named(module, module.owner(id));
        if !(SHORTEST..LONGEST).contains(&seconds) {
            silent("it is too short to be felt, or so long that it is a schedule");
        } else if owner == FunctionId::MODULE {
            silent("it runs once, when the module is loaded");
        } else if has_reason(module, reasons.get_or_init(|| Reasons::of(module)), id, owner) {
            silent("it has a reason: a retry, a refusal, a stream, a race, a measure of time, or a function that is there to wait");
        } else if !loops::around(&eval, file, id).is_empty() {
            silent("it is in a loop, which asks again and again");
        } else {
            out.extend(finding(project, &eval, file, id, owner, seconds));
        }
    }
    out
}

/// How often each name of a file is given a value, for the files that were asked for.
type Constants = std::cell::RefCell<FxHashMap<FileId, FxHashMap<Sym, u32>>>;

/// Reads the times of sleeps.
struct Search<'e, 'p> {
    eval: &'e Evaluator<'p>,
    constants: Constants,
}

impl Search<'_, '_> {
    /// The seconds of a sleep of constant time.
    fn delay(&self, file: FileId, id: ExprId) -> Option<f64> {
        let module = self.eval.module(file);
        let call = module.call(id)?;
        let short = call.method()?;
        if !polling::may_delay(short) {
            return None;
        }
        let value = self.eval.value(file, call.callee);
        let name = value.library_name().unwrap_or(short);
        match polling::delay(module, name, &call)? {
            Delay::Seconds(arg) => self.constant(file, arg, 0),
            Delay::Milliseconds(arg) => self.constant(file, arg, 0).map(|milliseconds| milliseconds / 1000.0),
        }
    }

    /// A number in the source, also through a name that is bound once.
    fn constant(&self, file: FileId, expr: ExprId, depth: u32) -> Option<f64> {
        let module = self.eval.module(file);
        if let Some(number) = module.number(expr) {
            return Some(number);
        }
        if depth > MAX_NAMES {
            return None;
        }
        match module.kind(expr) {
            ExprKind::Binary { op, left, right } if module.str(*op) == "*" => {
                Some(self.constant(file, *left, depth + 1)? * self.constant(file, *right, depth + 1)?)
            }
            ExprKind::Name(name) => {
                if self.assigned(file, *name) > 1 {
                    return None;
                }
                let (at, value) = self.eval.definition(file, expr).filter(|&place| place != (file, expr))?;
                self.constant(at, value, depth + 1)
            }
            _ => None,
        }
    }

    /// How often a file gives a name a value: counted once for all names of it.
    fn assigned(&self, file: FileId, name: Sym) -> u32 {
        let mut constants = self.constants.borrow_mut();
        let counts = constants.entry(file).or_insert_with(|| assignments(self.eval.module(file)));
        counts.get(&name).copied().unwrap_or_default()
    }
}

fn assignments(module: &Module) -> FxHashMap<Sym, u32> {
    let mut counts = FxHashMap::default();
    for stmt in &module.stmts {
        if let StmtKind::Assign { target, .. } = stmt.kind
            && let ExprKind::Name(name) = *module.kind(target)
        {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

/// The function that a person would name: out of promise executors and other inline callbacks.
fn named(module: &Module, mut id: FunctionId) -> FunctionId {
    for _ in 0..MAX_CALLBACKS {
        let function = module.function(id);
        let Parent::Expr(lambda) = function.definition else { return id };
        let is_executor = match module.expr(lambda).parent {
            Parent::Expr(outer) => module
                .call(outer)
                .is_some_and(|call| call.is_new && call.method() == Some("Promise")),
            _ => false,
        };
        match function.parent {
            Some(parent) if is_executor => id = parent,
            _ => return id,
        }
    }
    id
}

/// What a file has that gives a sleep its reason, in the order of the text: found once, however many sleeps there are.
struct Reasons<'m> {
    yields: Vec<Span>,
    /// Statements of handlers of errors; those inside of others are left out.
    handlers: Vec<Span>,
    /// Calls by the name that is called.
    calls: FxHashMap<&'m str, Vec<Span>>,
    /// Calls that read a clock: `time.perf_counter()`, `Date.now()`.
    clocks: Vec<Span>,
    /// Where each name is taken off something for the last time: `after - before`.
    taken_off: FxHashMap<Sym, u32>,
    /// See [`neighbours`]; for files in which a clock is read beside a sleep.
    beside: OnceCell<Vec<(Option<StmtId>, Option<StmtId>)>>,
}

impl<'m> Reasons<'m> {
    fn of(module: &'m Module) -> Self {
        let mut reasons = Reasons {
            yields: Vec::new(),
            handlers: Vec::new(),
            calls: FxHashMap::default(),
            clocks: Vec::new(),
            taken_off: FxHashMap::default(),
            beside: OnceCell::new(),
        };
        for (id, expr) in module.expr_ids() {
            match expr.kind {
                ExprKind::Yield(_) => reasons.yields.push(expr.span),
                ExprKind::Call { .. } => {
                    if let Some(method) = module.call(id).and_then(|call| call.method()) {
                        reasons.calls.entry(method).or_default().push(expr.span);
                        if List::Clocks.has(method) {
                            reasons.clocks.push(expr.span);
                        }
                    }
                }
                ExprKind::Binary { op, right, .. } if module.str(op) == "-" => {
                    if let ExprKind::Name(name) = *module.kind(right) {
                        let last = reasons.taken_off.entry(name).or_default();
                        *last = (*last).max(expr.span.start);
                    }
                }
                _ => {}
            }
        }
        for stmt in &module.stmts {
            if let StmtKind::Try { handlers, .. } = &stmt.kind {
                reasons
                    .handlers
                    .extend(handlers.iter().flatten().map(|&inner| module.stmt(inner).span));
            }
        }
        let by_start = |span: &Span| (span.start, std::cmp::Reverse(span.end));
        reasons.yields.sort_unstable_by_key(by_start);
        reasons.clocks.sort_unstable_by_key(by_start);
        reasons.handlers.sort_unstable_by_key(by_start);
        reasons.handlers.dedup_by(|inner, outer| outer.encloses(*inner));
        #[expect(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
        for spans in reasons.calls.values_mut() {
            spans.sort_unstable_by_key(by_start);
        }
        reasons
    }

    fn has_yield(&self, function: Span) -> bool {
        has_within(&self.yields, function)
    }

    fn calls(&self, name: &str, function: Span) -> bool {
        self.calls.get(name).is_some_and(|calls| has_within(calls, function))
    }

    fn handles(&self, sleep: Span) -> bool {
        let after = self.handlers.partition_point(|span| span.start <= sleep.start);
        after
            .checked_sub(1)
            .and_then(|at| self.handlers.get(at))
            .is_some_and(|span| span.encloses(sleep))
    }
}

/// Whether one of the spans, which are sorted, lies inside another.
fn has_within(sorted: &[Span], around: Span) -> bool {
    let first = sorted.partition_point(|span| span.start < around.start);
    sorted[first..]
        .iter()
        .take_while(|span| span.start < around.end)
        .any(|span| around.encloses(*span))
}

/// A retry, a stream, a helper that only waits, a demonstration, a measure of how late timers come.
fn has_reason(module: &Module, reasons: &Reasons<'_>, sleep: ExprId, owner: FunctionId) -> bool {
    let function = module.function(owner);
    let name = module.qualified(owner);
    if function.is_generator || List::Pacing.has(&name) || List::Delaying.has(&name) {
        return true;
    }
    let span = function.span;
    if reasons.has_yield(span) || is_loser(module, sleep) || follows_failure(module, sleep, owner) || refuses(module, sleep, owner) {
        return true;
    }
    if measures_delay(module, reasons, sleep, owner) {
        return true;
    }
    // In a handler of errors it is a retry; the function that calls itself is one too.
    let calls_itself = || function.name.is_some_and(|own| reasons.calls(module.str(own), span));
    reasons.handles(module.expr(sleep).span) || calls_itself()
}

/// `if is_invalid(path, failed): sleep(3)`: it comes before the second try.
fn follows_failure(module: &Module, sleep: ExprId, owner: FunctionId) -> bool {
    let mut at = module.expr(sleep).parent;
    for _ in 0..budget::Limit::Holders.count() {
        at = match at {
            Parent::Expr(outer) => module.expr(outer).parent,
            Parent::Stmt(stmt) => {
                if let StmtKind::If { test, .. } = module.stmt(stmt).kind
                    && loops::body::names(module, test)
                        .iter()
                        .any(|&name| List::Failures.has(module.str(name)))
                {
                    return true;
                }
                module.stmt(stmt).parent
            }
            Parent::Function(function) if function == owner => return false,
            Parent::Function(function) => module.function(function).definition,
            Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

/// Answers of a server by which it refuses somebody.
const REFUSALS: [f64; 3] = [401.0, 403.0, 429.0];

/// `if not check(password): sleep(2); raise Denied()`: whoever guesses is slowed down, and nobody else. The block that the sleep stands in
/// ends in an error or in an answer that refuses, or its condition looks for such an answer.
fn refuses(module: &Module, sleep: ExprId, owner: FunctionId) -> bool {
    let Some(mut below) = statement_of(module, sleep, owner) else {
        return false;
    };
    let holds = |expr: ExprId| loops::body::inner(module, expr).into_iter().any(|part| is_refusal(module, part));
    for _ in 0..budget::Limit::Holders.count() {
        let parent = module.stmt(below).parent;
        let (block, test) = match parent {
            Parent::Stmt(outer) => {
                let (block, _) = module.place_in_block(below);
                let test = match module.stmt(outer).kind {
                    StmtKind::If { test, .. } => Some(test),
                    _ => None,
                };
                (module.stmt_blocks(outer).get(block).copied().unwrap_or_default(), test)
            }
            Parent::Function(function) => (&*module.function(function).body, None),
            _ => return false,
        };
        let ends = block.last().is_some_and(|&last| match module.stmt(last).kind {
            StmtKind::Raise(_) => true,
            StmtKind::Return(Some(value)) => holds(value),
            _ => false,
        });
        if ends || test.is_some_and(holds) {
            return true;
        }
        match parent {
            Parent::Stmt(outer) => below = outer,
            _ => return false,
        }
    }
    false
}

/// `401`, `status.HTTP_403_FORBIDDEN`, `AccessDenied`.
fn is_refusal(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Num(number) => REFUSALS.iter().any(|refusal| (number - refusal).abs() < f64::EPSILON),
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => List::Refusals.has(module.str(*name)),
        _ => false,
    }
}

/// `before = time.monotonic(); await asyncio.sleep(1); lag = time.monotonic() - before`: the clock is read on both sides of the sleep alone,
/// and the difference used, so the sleep itself is what is measured.
fn measures_delay(module: &Module, reasons: &Reasons<'_>, sleep: ExprId, owner: FunctionId) -> bool {
    if !has_within(&reasons.clocks, module.function(owner).span) {
        return false;
    }
    let Some(stmt) = statement_of(module, sleep, owner) else {
        return false;
    };
    let Some(&(Some(before), Some(after))) = reasons.beside.get_or_init(|| neighbours(module)).get(stmt.index()) else {
        return false;
    };
    let StmtKind::Assign { target, .. } = module.stmt(before).kind else {
        return false;
    };
    let ExprKind::Name(start) = *module.kind(target) else {
        return false;
    };
    let reads_clock = |stmt: StmtId| has_within(&reasons.clocks, module.stmt(stmt).span);
    let is_taken_off = reasons
        .taken_off
        .get(&start)
        .is_some_and(|&last| last >= module.stmt(stmt).span.end);
    is_taken_off && reads_clock(before) && reads_clock(after)
}

/// The statements right before and right after each one, by its place.
fn neighbours(module: &Module) -> Vec<(Option<StmtId>, Option<StmtId>)> {
    let mut out = vec![(None, None); module.stmts.len()];
    let bodies = module.functions.iter().map(|function| &*function.body);
    let blocks = (0..module.stmts.len() as u32).flat_map(|id| module.stmt_blocks(StmtId(id)));
    for pair in bodies.chain(blocks).flat_map(|block| block.windows(2)) {
        let [first, second] = *pair else { continue };
        if let Some(beside) = out.get_mut(first.index()) {
            beside.1 = Some(second);
        }
        if let Some(beside) = out.get_mut(second.index()) {
            beside.0 = Some(first);
        }
    }
    out
}

/// The statement of a function that an expression lies in, out of promises that it makes.
fn statement_of(module: &Module, expr: ExprId, owner: FunctionId) -> Option<StmtId> {
    let mut at = module.expr(expr).parent;
    for _ in 0..budget::Limit::Holders.count() {
        at = match at {
            Parent::Expr(outer) => module.expr(outer).parent,
            Parent::Stmt(stmt) if module.owner_of(at) == owner => return Some(stmt),
            Parent::Stmt(stmt) => module.stmt(stmt).parent,
            Parent::Function(function) => module.function(function).definition,
            Parent::Class(_) | Parent::None => return None,
        };
    }
    None
}

/// `Promise.race([work, sleep(1000)])`: the sleep is a limit; or it is started and not awaited.
fn is_loser(module: &Module, sleep: ExprId) -> bool {
    let mut at = sleep;
    for _ in 0..MAX_AROUND_SLEEP {
        match module.expr(at).parent {
            Parent::Expr(outer) => {
                let method = module.call(outer).and_then(|call| call.method()).unwrap_or("");
                if takes_work(method) {
                    return true;
                }
                at = outer;
            }
            Parent::Function(function) => match module.function(function).definition {
                Parent::Expr(lambda) => at = lambda,
                _ => return false,
            },
            Parent::Stmt(stmt) => match module.stmt(stmt).kind {
                StmtKind::Expr(_) | StmtKind::Return(_) => {
                    let Parent::Function(function) = module.stmt(stmt).parent else {
                        return false;
                    };
                    let Parent::Expr(lambda) = module.function(function).definition else {
                        return false;
                    };
                    at = lambda;
                }
                // `const slow = sleep(100)`: raced or cancelled later.
                StmtKind::Assign { value: Some(value), .. } => return !matches!(module.kind(value), ExprKind::Await(_)),
                _ => return false,
            },
            _ => return false,
        }
    }
    false
}

/// Whether every call from the entry point down is waited for, once.
fn is_waited_for(project: &Project, eval: &Evaluator<'_>, function: FnId) -> bool {
    project.graph.calls_to(function).into_iter().all(|(caller, edge)| {
        let node = project.graph.function(caller);
        node.edges
            .get(edge)
            .is_some_and(|edge| edge.kind != EdgeKind::Later && !edge.guessed && loops::around(eval, node.file, edge.expr).is_empty())
    })
}

fn finding(project: &Project, eval: &Evaluator<'_>, file: FileId, sleep: ExprId, owner: FunctionId, seconds: f64) -> Option<Finding> {
    let module = project.code.module(file);
    let function = project.graph.id(file, owner);
    let reach = reach::at(project, function, sleep);
    let reached = reach.level;
    let asks = project
        .graph
        .function(function)
        .effects
        .any(Effects::NETWORK.and(Effects::QUERY).and(Effects::WRITE));
    let is_felt = match reached {
        Reached::Startup | Reached::Command | Reached::Job => false,
        Reached::Request => is_waited_for(project, eval, function),
        Reached::Unknown => asks,
    };
    if !is_felt {
        let why = "nobody is known to wait for it: it is start-up, a command, a job, or not waited for";
        project.silent(ID, file, module.expr(sleep).span, || why);
        return None;
    }
    let confidence = if reached == Reached::Request {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let less = usize::from(reached == Reached::Unknown);
    let judgement = priority::judge(&Cost::Sleep(seconds), &reach, confidence, less);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(function, module.expr(sleep).span));
    finding.title = format!("Waits {seconds} s at each call, whatever happened");
    finding.message = format!(
        "`{}` sleeps for {seconds} s at each call, not because of a failure and not in a loop.{}",
        project.short_name(function),
        label.as_deref().map(|label| format!(" Reached from {label}.")).unwrap_or_default()
    );
    finding.impact = format!("{seconds} s more for each call{}", evidence::reach_words(label.as_deref()));
    finding.subject = format!("{seconds} s");
    finding.related = evidence::path_to_place(project, function, sleep);
    finding.fix = Fix {
        summary: "Wait for the thing itself: await the operation, ask for its state with back-off, or let it call back.".to_owned(),
        ..Fix::default()
    };
    Some(finding)
}
