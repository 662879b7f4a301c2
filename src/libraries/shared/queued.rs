//! Functions that a queue runs: what a call of one does is said by its decorator, the library's or the project's own around it.

pub use super::query::Queued;
use super::query::Resolver;
use super::value::{FileId, Value};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtKind, Sym};

/// Decorators of decorators are followed so far.
const MAX_WRAPPERS: u32 = 3;

/// Whether decorators hand a function to a queue, and how; `None` where they do not.
pub fn queued(resolver: &dyn Resolver, file: FileId, function: FunctionId) -> Option<Queued> {
    let module = resolver.module(file);
    if module.language != Language::Python {
        return None;
    }
    let decorators = &module.function(function).decorators;
    decorators.iter().find_map(|&decorator| registers(resolver, file, decorator))
}

/// Whether a decorator hands its function to a queue, and how.
pub fn registers(resolver: &dyn Resolver, file: FileId, decorator: ExprId) -> Option<Queued> {
    registered(resolver, file, decorator, 0)
}

/// What applying a decorator does: `@huey.task()`, `@shared_task`, or a function of the project that does the same inside.
fn registered(resolver: &dyn Resolver, file: FileId, decorator: ExprId, depth: u32) -> Option<Queued> {
    let callee = resolver.module(file).call(decorator).map_or(decorator, |call| call.callee);
    match resolver.value(file, callee) {
        Value::External(name) => by_library(&name),
        Value::Function(at, wrapper) if depth < MAX_WRAPPERS => {
            resolver.decorator((at, wrapper, depth), &|| wrapped(resolver, at, wrapper, depth))
        }
        _ => None,
    }
}

/// The decorators of queues. Those of the first kind replace the function by one that only enqueues.
fn by_library(name: &str) -> Option<Queued> {
    let (library, rest) = name.split_once('.')?;
    let last = rest.rsplit('.').next()?;
    match (library, last) {
        ("huey", "task" | "db_task" | "periodic_task" | "db_periodic_task") | ("background_task", "background") => Some(Queued::ByCall),
        ("celery", "shared_task" | "task" | "periodic_task")
        | ("dramatiq", "actor")
        | ("rq" | "django_rq", "job")
        | ("taskiq" | "procrastinate", "task") => Some(Queued::ByMethod),
        _ => None,
    }
}

/// What a decorator of the project makes of a function.
fn wrapped(resolver: &dyn Resolver, file: FileId, wrapper: FunctionId, depth: u32) -> Option<Queued> {
    let module = resolver.module(file);
    if !resolver.afford(file, module.call_ids_in(wrapper).len()) {
        return None;
    }
    let calls: Vec<Call<'_>> = module.call_ids_in(wrapper).filter_map(|id| module.call(id)).collect();
    let given = parameters(module, wrapper);
    if only_enqueues(module, &calls, &given) {
        return Some(Queued::ByCall);
    }
    let applied = calls.iter().find_map(|call| registered(resolver, file, call.id, depth + 1));
    applied.or_else(|| {
        within(module, wrapper)
            .filter(|&id| id != wrapper)
            .flat_map(|id| module.function(id).decorators.iter())
            .find_map(|&decorator| registered(resolver, file, decorator, depth + 1))
    })
}

/// A function and those inside it, which come right after it.
fn within(module: &Module, outer: FunctionId) -> impl Iterator<Item = FunctionId> {
    let ids = (outer.0..module.functions.len() as u32).map(FunctionId);
    ids.take_while(move |&id| id == outer || module.function(id).parent.is_some_and(|parent| parent >= outer))
}

/// The names that a decorator and the functions inside it take: one of them is the decorated function.
fn parameters(module: &Module, wrapper: FunctionId) -> Vec<Sym> {
    let inside = within(module, wrapper).flat_map(|id| module.function(id).params.iter());
    inside.filter_map(|param| param.name).collect()
}

/// The decorated function is put into a queue, and not run beside that but in place of it (`if settings.EAGER: return f()`).
fn only_enqueues(module: &Module, calls: &[Call<'_>], given: &[Sym]) -> bool {
    let is_given = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(name) if given.contains(name));
    let enqueues = |call: &&Call<'_>| match call.method() {
        Some("enqueue" | "enqueue_call" | "async_task") => call.arg(0).is_some_and(is_given),
        Some("enqueue_in" | "enqueue_at") => call.arg(1).is_some_and(is_given),
        Some("delay" | "apply_async" | "send" | "send_with_options" | "kiq" | "defer") => {
            call.receiver().is_some_and(|receiver| is_made_of(module, receiver, &is_given))
        }
        _ => false,
    };
    let Some(queue) = calls.iter().find(enqueues) else { return false };
    let owner = module.owner(queue.id);
    let runs = |call: &Call<'_>| is_given(call.callee) && module.owner(call.id) == owner && !is_conditional(module, call.id);
    !calls.iter().any(runs)
}

/// `f.delay` where `f` is given, and `task.delay` after `task = shared_task(f)`.
fn is_made_of(module: &Module, receiver: ExprId, is_given: &dyn Fn(ExprId) -> bool) -> bool {
    if is_given(receiver) {
        return true;
    }
    let made = match module.kind(receiver) {
        ExprKind::Name(name) => assigned(module, *name, module.owner(receiver)),
        _ => Some(receiver),
    };
    made.and_then(|made| module.call(made))
        .is_some_and(|call| call.args.iter().any(|arg| is_given(arg.value)))
}

/// What a name of the functions around a place is bound to.
fn assigned(module: &Module, name: Sym, inner: FunctionId) -> Option<ExprId> {
    let holders = std::iter::successors(Some(inner), |&at| module.function(at).parent).filter(|&at| at != FunctionId::MODULE);
    holders
        .flat_map(|at| module.function(at).body.iter())
        .find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } if matches!(module.kind(target), ExprKind::Name(other) if *other == name) => Some(value),
            _ => None,
        })
}

/// Whether an `if` stands around an expression in its function.
fn is_conditional(module: &Module, expr: ExprId) -> bool {
    let mut parent = module.expr(expr).parent;
    loop {
        parent = match parent {
            Parent::Expr(at) if matches!(module.kind(at), ExprKind::Cond { .. }) => return true,
            Parent::Expr(at) => module.expr(at).parent,
            Parent::Stmt(at) if matches!(module.stmt(at).kind, StmtKind::If { .. }) => return true,
            Parent::Stmt(at) => module.stmt(at).parent,
            _ => return false,
        };
    }
}
