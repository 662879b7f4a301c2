//! The loops around an expression, and what each of them means for a call inside it.

use super::eval::Evaluator;
use crate::ir::{Comp, ExprId, ExprKind, FunctionId, LoopKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::callbacks::{self, Callback, callback};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::source::Span;

pub mod body;
mod counting;
mod ending;
mod gather;
mod guard;
mod iterable;
pub mod pace;
mod pipes;
#[cfg(test)]
mod tests;
mod verdict;

/// Places looked at in each statement of a loop's body, about.
const STEPS_A_STATEMENT: usize = 8;

/// What repeating a call in a loop means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoopVerdict {
    /// As often as there are rows.
    PerRow,
    /// A number of times that the source fixes.
    Constant {
        /// How often, where it can be counted.
        count: Option<u32>,
    },
    /// Again after a failure.
    Retry,
    /// The loop ends right after the call.
    FirstMatch,
    /// Page after page: each call brings many rows.
    Cursor,
    /// Batch after batch: the fixed form.
    Chunk,
    /// A worker or a poll: as often as time passes.
    Worker,
    /// Each call needs what the one before brought.
    Dependent,
    /// Once for each key, kept in a local cache.
    CacheGuarded,
}

impl LoopVerdict {
    /// As findings and lists write it.
    pub fn words(self) -> &'static str {
        match self {
            LoopVerdict::PerRow => "per row",
            LoopVerdict::Constant { .. } => "constant",
            LoopVerdict::Retry => "retry",
            LoopVerdict::FirstMatch => "first match",
            LoopVerdict::Cursor => "cursor",
            LoopVerdict::Chunk => "chunk",
            LoopVerdict::Worker => "worker",
            LoopVerdict::Dependent => "dependent",
            LoopVerdict::CacheGuarded => "cached",
        }
    }
}

/// How a loop is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LoopForm {
    /// A `for` statement, `async for` and `for … of` among them.
    For,
    /// A `while` or `do … while` statement.
    While,
    /// A clause of a comprehension.
    Comprehension,
    /// A callback that runs once an element, by the method's name.
    Callback(String),
}

/// A loop around an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// The statement, comprehension or call.
    pub span: Span,
    /// The place to show: the `for …` line, the clause, the call up to its callback.
    pub header: Span,
    /// How it is written.
    pub kind: LoopForm,
    /// What is iterated.
    pub iterable: Option<ExprId>,
    /// The names bound once an iteration.
    pub target_names: Vec<Sym>,
    /// What it means for the expression.
    pub verdict: LoopVerdict,
    /// Iterations overlap: `Promise.all(xs.map(…))`, `gather(*[…])`, calls that are collected and awaited later.
    pub parallel: bool,
}

/// A loop's parts, whatever its form.
struct LoopParts {
    form: LoopForm,
    span: Span,
    header: Span,
    iterable: Option<ExprId>,
    test: Option<ExprId>,
    /// Targets of `for` and of comprehensions.
    targets: Vec<ExprId>,
    /// Names of a callback's parameters.
    names: Vec<Sym>,
    stmt: Option<StmtId>,
    is_counter: bool,
    is_async: bool,
    /// The statements that repeat.
    body: Vec<StmtId>,
    /// The expression, or the callback that holds it, in the loop's own function.
    anchor: ExprId,
}

impl LoopParts {
    /// Those of a function that a call runs again and again, by the call's method; what it runs over is not known.
    fn of_callback(module: &Module, (call, method): (ExprId, &str), function: ExprId, anchor: ExprId) -> LoopParts {
        let span = module.expr(call).span;
        LoopParts {
            form: LoopForm::Callback(method.to_owned()),
            span,
            header: Span {
                start: span.start,
                end: module.expr(function).span.start,
            },
            iterable: None,
            test: None,
            targets: Vec::new(),
            names: Vec::new(),
            stmt: None,
            is_counter: false,
            is_async: false,
            body: Vec::new(),
            anchor,
        }
    }
}

/// How many elements an expression has, where the source says so.
pub fn count_of(eval: &Evaluator<'_>, file: FileId, iterable: ExprId) -> Option<u32> {
    iterable::fixed(eval, file, iterable)?.count
}

/// The loops that repeat an expression, innermost first, up to the named function that holds it. A function that is
/// passed by name (`rows.map(load)`, `map(load, rows)`) is in the loop that calls it.
pub fn around(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Vec<Loop> {
    let module = eval.module(file);
    let mut out = Vec::new();
    let mut from = Parent::Expr(expr);
    let mut node = module.expr(expr).parent;
    let mut anchor = expr;
    let mut passed = matches!(module.kind(expr), ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Lambda(_)).then_some(expr);
    loop {
        let next = match node {
            Parent::Expr(id) => {
                match module.kind(id) {
                    ExprKind::Comp(_) => comprehension(module, id, from, anchor, &mut out, eval, file),
                    ExprKind::Call { .. } => {
                        if let Some(function) = passed.filter(|&function| Parent::Expr(function) == from) {
                            if !enter(eval, file, id, function, anchor, &mut out) {
                                return out;
                            }
                            if matches!(module.kind(function), ExprKind::Lambda(_)) {
                                anchor = function;
                            }
                        }
                    }
                    // A function kept in an object or a list is called by somebody else.
                    ExprKind::Object(_) | ExprKind::List(_) | ExprKind::Jsx(_) if is_lambda(module, from) => {
                        out.extend(pipes::around(eval, file, id, from, anchor));
                        return out;
                    }
                    _ => {}
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                if is_lambda(module, from) && !matches!(module.stmt(id).kind, StmtKind::Loop { .. }) {
                    // Bound to a name, or returned: called elsewhere.
                    return out;
                }
                statement(module, id, from, anchor, &mut out, eval, file);
                module.stmt(id).parent
            }
            Parent::Function(function) => match module.function(function).definition {
                Parent::Expr(lambda) => {
                    passed = Some(lambda);
                    from = Parent::Expr(lambda);
                    node = module.expr(lambda).parent;
                    continue;
                }
                _ => return out,
            },
            Parent::Class(_) | Parent::None => return out,
        };
        from = node;
        node = next;
    }
}

fn is_lambda(module: &Module, node: Parent) -> bool {
    matches!(node, Parent::Expr(id) if matches!(module.kind(id), ExprKind::Lambda(_)))
}

/// Passes from a function to the call it is given to; false where the call does not run it here.
fn enter(eval: &Evaluator<'_>, file: FileId, call_id: ExprId, function: ExprId, anchor: ExprId, out: &mut Vec<Loop>) -> bool {
    let module = eval.module(file);
    let Some(call) = module.call(call_id) else { return true };
    let Some(index) = call.args.iter().position(|arg| arg.value == function) else {
        // Called on the spot: `(async () => …)()`.
        return true;
    };
    let method = call.method().unwrap_or("");
    let is_map = matches!(method, "map" | "imap" | "imap_unordered" | "starmap");
    match callback(eval, file, call, index) {
        Callback::Later => false,
        Callback::Inline | Callback::Called => true,
        // The thread that a call runs on does not change how often it runs.
        Callback::Barrier if !is_map => true,
        Callback::Barrier | Callback::PerElement => {
            let receiver = call.receiver().filter(|&receiver| !is_namespace(module, receiver));
            let other = call.args.iter().map(|arg| arg.value).find(|&arg| arg != function);
            let from_receiver = receiver.is_some()
                && !matches!(method, "from" | "imap" | "imap_unordered" | "starmap")
                && !(is_map && index == 0 && call.args.len() > 1 && module.language == crate::ir::Language::Python);
            let iterable = if from_receiver { receiver } else { other };
            let (names, body) = match module.kind(function) {
                ExprKind::Lambda(id) => (body::parameter_names(module, *id), module.function(*id).body.to_vec()),
                _ => (Vec::new(), Vec::new()),
            };
            let parts = LoopParts {
                iterable,
                names,
                body,
                ..LoopParts::of_callback(module, (call_id, method), function, anchor)
            };
            let parallel = gather::is_gathered(module, call_id) || matches!(method, "pMap" | "mapLimit" | "asyncPool" | "parallel");
            out.push(finish(eval, file, parts, parallel));
            true
        }
    }
}

/// `_`, `async`, `R`: the collection is an argument.
fn is_namespace(module: &Module, receiver: ExprId) -> bool {
    let name = module.name(receiver);
    name.is_some_and(|name| matches!(name, "Array" | "Promise") || callbacks::is_function_library(name))
}

/// The clauses that repeat a part of a comprehension: the element is in all of them, a condition in its own and those
/// before, an iterable only in those before.
fn comprehension(module: &Module, id: ExprId, from: Parent, anchor: ExprId, out: &mut Vec<Loop>, eval: &Evaluator<'_>, file: FileId) {
    let (ExprKind::Comp(comp), Parent::Expr(child)) = (module.kind(id), from) else {
        return;
    };
    let Comp { elements, clauses, .. } = comp.as_ref();
    let inside = if elements.contains(&child) {
        clauses.len()
    } else {
        let own = clauses
            .iter()
            .position(|clause| clause.conditions.contains(&child))
            .map(|at| at + 1);
        own.or_else(|| clauses.iter().position(|clause| clause.iterable == child))
            .unwrap_or(0)
    };
    for clause in clauses.iter().take(inside).rev() {
        let header = Span {
            start: module.expr(clause.target).span.start,
            end: module.expr(clause.iterable).span.end,
        };
        let parts = LoopParts {
            form: LoopForm::Comprehension,
            span: module.expr(id).span,
            header,
            iterable: Some(clause.iterable),
            test: None,
            targets: vec![clause.target],
            names: Vec::new(),
            stmt: None,
            is_counter: false,
            is_async: clause.is_async,
            body: Vec::new(),
            anchor,
        };
        let parallel = gather::is_gathered(module, id) && !gather::is_awaited_within(module, anchor, id);
        let mut found = finish(eval, file, parts, parallel);
        if found.verdict == LoopVerdict::PerRow
            && clause.conditions.iter().any(|&test| guard::is_cache_test(module, test))
            && elements.contains(&child)
        {
            found.verdict = LoopVerdict::CacheGuarded;
        }
        out.push(found);
    }
}

fn statement(module: &Module, id: StmtId, from: Parent, anchor: ExprId, out: &mut Vec<Loop>, eval: &Evaluator<'_>, file: FileId) {
    let stmt = module.stmt(id);
    let StmtKind::Loop {
        kind,
        is_async,
        target,
        iterable,
        test,
        header,
        body,
    } = &stmt.kind
    else {
        return;
    };
    let inside = match from {
        Parent::Expr(child) => *test == Some(child),
        // `for (init; …; update)`: the first part runs once.
        Parent::Stmt(child) => !header.first().is_some_and(|&first| first == child && is_init(module, first)),
        _ => false,
    };
    if !inside {
        return;
    }
    let end = iterable.or(*test).map_or(stmt.span.start, |last| module.expr(last).span.end);
    let parts = LoopParts {
        form: if *kind == LoopKind::While { LoopForm::While } else { LoopForm::For },
        span: stmt.span,
        header: Span {
            start: stmt.span.start,
            end: end.max(stmt.span.start),
        },
        iterable: *iterable,
        test: *test,
        targets: target.iter().copied().collect(),
        names: Vec::new(),
        stmt: Some(id),
        is_counter: *kind == LoopKind::ForCounter,
        is_async: *is_async,
        body: body.to_vec(),
        anchor,
    };
    let parallel = gather::is_collected(module, anchor);
    out.push(finish(eval, file, parts, parallel));
}

fn is_init(module: &Module, stmt: StmtId) -> bool {
    matches!(module.stmt(stmt).kind, StmtKind::Assign { op: None, .. })
}

fn finish(eval: &Evaluator<'_>, file: FileId, parts: LoopParts, parallel: bool) -> Loop {
    let module = eval.module(file);
    let mut names = parts.names.clone();
    parts
        .targets
        .iter()
        .for_each(|&target| body::pattern_names(module, target, &mut names));
    // Its body is gone through several times. Where there is no going through any more, nothing is said of how often it runs.
    let size = || body::statements(module, &parts.body).len();
    let verdict = if eval.afford(file, 1) && eval.afford(file, STEPS_A_STATEMENT * (size() + 1)) {
        verdict::of(eval, file, &parts, &names)
    } else {
        LoopVerdict::Constant { count: None }
    };
    Loop {
        span: parts.span,
        header: parts.header,
        kind: parts.form,
        iterable: parts.iterable,
        target_names: names,
        verdict,
        parallel,
    }
}

/// The function whose body a loop's statement stands in.
fn owner(module: &Module, stmt: StmtId) -> FunctionId {
    module.owner_of(module.stmt(stmt).parent)
}
