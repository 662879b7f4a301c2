//! `fixed-delay`: somebody waits a constant time, whatever happened.

use rayon::prelude::*;

use super::evidence::{self, Reached};
use crate::finding::{Confidence, Finding, Fix, Priority};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::data::Effects;
use crate::libraries::polling::{self, Delay};
use crate::libraries::value::{FileId, Resolver};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{EdgeKind, FnId};
use crate::project::loops;

/// Shorter delays give way to others, or wait for a repaint.
const SHORTEST: f64 = 0.05;
/// Longer ones are a schedule.
const LONGEST: f64 = 120.0;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files.into_par_iter().flat_map_iter(|file| check_file(project, file)).collect()
}

fn check_file(project: &Project, file: FileId) -> Vec<Finding> {
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let mut out = Vec::new();
    for id in module.call_ids() {
        let Some(seconds) = delay(&eval, file, id).filter(|seconds| (SHORTEST..LONGEST).contains(seconds)) else {
            continue;
        };
        let owner = named(module, module.owner(id));
        if owner == FunctionId::MODULE || has_reason(module, id, owner) || !loops::around(&eval, file, id).is_empty() {
            continue;
        }
        out.extend(finding(project, &eval, file, id, owner, seconds));
    }
    out
}

/// The seconds of a sleep of constant time.
fn delay(eval: &Evaluator<'_>, file: FileId, id: ExprId) -> Option<f64> {
    let module = eval.module(file);
    let call = module.call(id)?;
    let short = call.method()?;
    if !matches!(short, "sleep" | "delay" | "wait" | "setTimeoutPromise" | "waitFor" | "setTimeout") {
        return None;
    }
    let value = eval.value(file, call.callee);
    let name = value.library_name().unwrap_or(short);
    match polling::delay(module, name, &call)? {
        Delay::Seconds(arg) => constant(eval, file, arg, 0),
        Delay::Milliseconds(arg) => constant(eval, file, arg, 0).map(|milliseconds| milliseconds / 1000.0),
    }
}

/// A number in the source, also through a name that is bound once.
fn constant(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<f64> {
    let module = eval.module(file);
    if let Some(number) = module.number(expr) {
        return Some(number);
    }
    if depth > 4 {
        return None;
    }
    match module.kind(expr) {
        ExprKind::Binary { op, left, right } if module.str(*op) == "*" => {
            Some(constant(eval, file, *left, depth + 1)? * constant(eval, file, *right, depth + 1)?)
        }
        ExprKind::Name(name) => {
            let assigned = module.stmts.iter().filter(|stmt| match &stmt.kind {
                StmtKind::Assign { target, .. } => matches!(module.kind(*target), ExprKind::Name(other) if other == name),
                _ => false,
            });
            if assigned.count() > 1 {
                return None;
            }
            let (at, value) = eval.definition(file, expr).filter(|&place| place != (file, expr))?;
            constant(eval, at, value, depth + 1)
        }
        _ => None,
    }
}

/// The function that a person would name: out of promise executors and other inline callbacks.
fn named(module: &Module, mut id: FunctionId) -> FunctionId {
    for _ in 0..6 {
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

/// A retry, a stream, a helper that only waits, a demonstration.
fn has_reason(module: &Module, sleep: ExprId, owner: FunctionId) -> bool {
    let function = module.function(owner);
    let name = module.qualified(owner).to_ascii_lowercase();
    let words = [
        "retry",
        "backoff",
        "poll",
        "wait",
        "debounce",
        "throttle",
        "sleep",
        "delay",
        "simulate",
        "mock",
        "fake",
        "demo",
        "stream",
        "typing",
        "animate",
        "ratelimit",
        "rate_limit",
        "timeout",
        "test",
        "heartbeat",
        "copy",
        "toast",
        "worker",
        "loop",
        "shutdown",
        "cleanup",
        "restart",
        "lock",
    ];
    if function.is_generator || words.iter().any(|word| name.contains(word)) {
        return true;
    }
    let span = function.span;
    let has_yield = module
        .exprs
        .iter()
        .any(|expr| matches!(expr.kind, ExprKind::Yield(_)) && span.encloses(expr.span));
    if has_yield || is_loser(module, sleep) {
        return true;
    }
    // In a handler of errors it is a retry; the function that calls itself is one too.
    let at = module.expr(sleep).span;
    let in_handler = module.stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Try { handlers, .. } => handlers.iter().flatten().any(|&inner| module.stmt(inner).span.encloses(at)),
        _ => false,
    });
    let calls_itself = function.name.is_some_and(|own| {
        module.expr_ids().any(|(id, expr)| {
            matches!(expr.kind, ExprKind::Call { .. })
                && span.encloses(expr.span)
                && module.call(id).and_then(|call| call.method()) == Some(module.str(own))
        })
    });
    in_handler || calls_itself
}

/// `Promise.race([work, sleep(1000)])`: the sleep is a limit; or it is started and not awaited.
fn is_loser(module: &Module, sleep: ExprId) -> bool {
    let mut at = sleep;
    for _ in 0..12 {
        match module.expr(at).parent {
            Parent::Expr(outer) => {
                let method = module.call(outer).and_then(|call| call.method()).unwrap_or("");
                if matches!(
                    method,
                    "race" | "wait" | "gather" | "all" | "create_task" | "then" | "catch" | "ensure_future" | "allSettled"
                ) {
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
    project.graph.path_to(function).windows(2).all(|pair| {
        let node = project.graph.function(pair[0]);
        let mut edges = node.edges.iter().filter(|edge| edge.targets.contains(&pair[1]));
        edges.any(|edge| edge.kind != EdgeKind::Later && !edge.guessed && loops::around(eval, node.file, edge.expr).is_empty())
    })
}

fn finding(project: &Project, eval: &Evaluator<'_>, file: FileId, sleep: ExprId, owner: FunctionId, seconds: f64) -> Option<Finding> {
    let module = project.code.module(file);
    let function = project.graph.id(file, owner);
    let (reached, label) = evidence::reached(project, function);
    let asks = project
        .graph
        .function(function)
        .effects
        .any(Effects::NETWORK.and(Effects::QUERY).and(Effects::WRITE));
    let priority = match reached {
        Reached::Startup | Reached::Command | Reached::Job => return None,
        Reached::Request if !is_waited_for(project, eval, function) => return None,
        Reached::Request if seconds >= 1.0 => Priority::P1,
        Reached::Request => Priority::P2,
        Reached::Unknown if asks => Priority::P3,
        Reached::Unknown => return None,
    };
    let confidence = if reached == Reached::Request {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let mut finding = Finding::new(
        "fixed-delay",
        priority,
        confidence,
        project.place_in(function, module.expr(sleep).span),
    );
    finding.title = format!("Waits {seconds} s at each call, whatever happened");
    finding.message = format!(
        "`{}` sleeps for {seconds} s at each call, not because of a failure and not in a loop.{}",
        project.short_name(function),
        label.as_deref().map(|label| format!(" Reached from {label}.")).unwrap_or_default()
    );
    finding.impact = format!("{seconds} s more for each call{}", evidence::reach_words(label.as_deref()));
    finding.subject = format!("{seconds} s");
    finding.related = evidence::path_from_entry(project, function);
    finding.fix = Fix {
        summary: "Wait for the thing itself: await the operation, ask for its state with back-off, or let it call back.".to_owned(),
        ..Fix::default()
    };
    Some(finding)
}
