//! Loops that run over less than they seem to: one element, the same objects again, a number of tries.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::collections;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Evaluator, Found};
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::loops::{self, Loop};
use crate::project::scope::Bound;
use crate::source::Span;

/// Wrappers around what a loop runs over, by design.
const MAX_WRAPPERS: u32 = 4;

/// Who calls each function: the caller and which of its edges it is.
pub type Callers = FxHashMap<FnId, Vec<(FnId, usize)>>;

/// The callers of all functions, by their place.
pub fn callers(project: &Project) -> Callers {
    let mut out = Callers::default();
    for (index, node) in project.graph.functions.iter().enumerate() {
        for (at, edge) in node.edges.iter().enumerate() {
            for &target in &edge.targets {
                out.entry(target).or_default().push((FnId(index as u32), at));
            }
        }
    }
    out
}

/// How many elements a loop has at most that runs over a parameter, where every call gives a list that can be counted.
pub fn given(
    project: &Project,
    eval: &Evaluator<'_>,
    (callers, entries): (&Callers, &FxHashSet<(FileId, FunctionId)>),
    file: FileId,
    around: &Loop,
) -> Option<u32> {
    let module = project.code.module(file);
    let iterable = around.iterable?;
    let whole = or_nothing(module, iterable);
    let (function, index) = parameter(eval, file, whole)?;
    let is_empty = |expr: ExprId| matches!(module.kind(expr), ExprKind::Null) || collections::is_empty_literal(module, expr);
    let default = module.function(function).params.get(index).and_then(|param| param.default);
    // What a call leaves out is empty, as the parameter or the loop says.
    let is_left_out_empty = default.map_or(whole != iterable && module.language != Language::Python, is_empty);
    let target = project.graph.id(file, function);
    let calls = callers.get(&target).filter(|_| !entries.contains(&(file, function)))?;
    let counts = calls.iter().map(|&(caller, at)| {
        let node = project.graph.function(caller);
        let edge = node.edges.get(at).filter(|edge| !edge.guessed && edge.kind == EdgeKind::Call)?;
        let caller = project.code.module(node.file);
        match passed_as(project, caller, edge, target, index) {
            Some(given) => loops::count_of(eval, node.file, given),
            None => (is_left_out_empty && takes_nothing_else(caller, edge)).then_some(0),
        }
    });
    counts.collect::<Option<Vec<u32>>>()?.into_iter().max()
}

/// `lines` of `lines or []`, `enumerate(lines)` and `(lines or {}).items()`, which have as many elements.
fn or_nothing(module: &Module, iterable: ExprId) -> ExprId {
    let mut at = iterable;
    for _ in 0..MAX_WRAPPERS {
        at = match module.kind(at) {
            ExprKind::Binary { op, left, right }
                if matches!(module.str(*op), "or" | "??") && collections::is_empty_literal(module, *right) =>
            {
                *left
            }
            ExprKind::Call { .. } => {
                let Some(call) = module.call(at) else { return at };
                let parts = call.method().is_some_and(collections::gives_parts) && call.args.is_empty();
                let Some(whole) = call.receiver().filter(|_| parts).or_else(|| collections::handed_on(&call)) else {
                    return at;
                };
                whole
            }
            _ => return at,
        };
    }
    at
}

/// Whether a call says all that it passes: `load(**options)` does not.
fn takes_nothing_else(module: &Module, edge: &Edge) -> bool {
    let is_spread = |arg: &crate::ir::Arg| matches!(module.kind(arg.value), ExprKind::Spread(_));
    module.call(edge.expr).is_some_and(|call| !call.args.iter().any(is_spread))
}

/// What a call passes to a parameter of its target: an argument, or the object whose method or property it is.
pub fn passed_as(project: &Project, module: &Module, edge: &Edge, target: FnId, index: usize) -> Option<ExprId> {
    let callee = project.graph.function(target);
    let there = project.code.module(callee.file);
    let definition = there.function(callee.id);
    let is_method = there.takes_receiver(callee.id);
    let Some(call) = module.call(edge.expr) else {
        // `order.heading`, a property.
        return match module.kind(edge.expr) {
            ExprKind::Attr { base, .. } if is_method && index == 0 => Some(*base),
            _ => None,
        };
    };
    if is_method && index == 0 {
        return call.receiver();
    }
    let name = definition
        .params
        .get(index)
        .and_then(|param| param.name)
        .map(|name| there.str(name));
    let by_name = name.and_then(|name| call.keyword(name));
    by_name.or_else(|| call.arg(index - usize::from(is_method)))
}

/// The parameter that a name is, unless the function sets it anew.
pub fn parameter(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<(FunctionId, usize)> {
    let module = eval.module(file);
    let ExprKind::Name(name) = module.kind(expr) else { return None };
    match eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)? {
        Found::Binding(at, _, binding) if at == file => match &binding.bound {
            Bound::Param(function, index, path) if path.is_empty() => Some((*function, *index)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a further loop around brings the inner one other objects: it is over an element of that loop, or over what is made in it.
pub fn is_renewed(eval: &Evaluator<'_>, file: FileId, inner: &Loop, outer: &Loop) -> bool {
    let Some(iterable) = inner.iterable else { return true };
    let module = eval.module(file);
    let mut at = iterable;
    loop {
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Name(name) => {
                if outer.target_names.contains(name) {
                    return true;
                }
                let made = eval.definition(file, at);
                return made.is_some_and(|(holder, made)| holder == file && outer.span.encloses(module.expr(made).span));
            }
            // A call makes them anew.
            _ => return true,
        };
    }
}

/// Where a file uses names and sets them, to look at few of them.
pub struct NameUses {
    used: FxHashMap<Sym, Vec<Span>>,
    /// By name and function, in the order of the source: where the statement ends, and the value.
    set: FxHashMap<(Sym, FunctionId), Vec<(u32, ExprId)>>,
}

impl NameUses {
    /// Of a file.
    pub fn of(module: &Module) -> NameUses {
        let mut names = NameUses {
            used: FxHashMap::default(),
            set: FxHashMap::default(),
        };
        let used = module.exprs.iter().filter_map(|expr| match expr.kind {
            ExprKind::Name(name) => Some((name, expr.span)),
            _ => None,
        });
        let mut used: Vec<(Sym, Span)> = used.collect();
        used.sort_by_key(|(_, span)| span.start);
        for (name, span) in used {
            names.used.entry(name).or_default().push(span);
        }
        let set = module.stmts.iter().filter_map(|stmt| match stmt.kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => match module.kind(target) {
                ExprKind::Name(name) => Some((*name, stmt.span.end, value)),
                _ => None,
            },
            _ => None,
        });
        let mut set: Vec<(Sym, u32, ExprId)> = set.collect();
        set.sort_by_key(|&(_, end, _)| end);
        for (name, end, value) in set {
            names.set.entry((name, module.owner(value))).or_default().push((end, value));
        }
        names
    }

    /// Whether a name is used in a loop's body.
    fn is_used_in(&self, name: Sym, around: &Loop) -> bool {
        let places = self.used.get(&name).map_or(&[][..], Vec::as_slice);
        let first = places.partition_point(|span| span.start < around.span.start);
        let inside = places[first..].iter().take_while(|span| span.start < around.span.end);
        inside
            .into_iter()
            .any(|&span| around.span.encloses(span) && !around.header.encloses(span))
    }

    /// What a name of the same function was last set to before a place.
    fn set_before(&self, module: &Module, name: Sym, place: ExprId) -> Option<ExprId> {
        let places = self.set.get(&(name, module.owner(place)))?;
        let before = places.partition_point(|&(end, _)| end <= module.expr(place).span.start);
        before.checked_sub(1).and_then(|at| places.get(at)).map(|&(_, value)| value)
    }
}

/// `for _ in range(runs)`: the same again, a number of times, and no row of anything.
pub fn is_repetition(module: &Module, names: &NameUses, around: &Loop) -> bool {
    let call = around.iterable.and_then(|iterable| module.call(iterable));
    let Some(call) = call.filter(|call| call.receiver().is_none() && call.method() == Some("range")) else {
        return false;
    };
    let counts_rows = call.args.iter().any(|arg| matches!(module.kind(arg.value), ExprKind::Call { .. }));
    !counts_rows && !around.target_names.is_empty() && !around.target_names.iter().any(|&name| names.is_used_in(name, around))
}

/// The attribute (and whose it is) for the lack of which an expression runs: `if (!review.product) …`, also through a name that
/// holds it.
pub fn missing<'m>(eval: &'m Evaluator<'_>, names: &NameUses, file: FileId, expr: ExprId) -> Option<(ExprId, &'m str)> {
    let module = eval.module(file);
    let mut at = module.expr(expr).parent;
    let mut below: Option<StmtId> = None;
    loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let StmtKind::If { test, then, .. } = &module.stmt(id).kind
                    && below.is_some_and(|below| then.contains(&below))
                    && let Some(found) = denied(eval, names, file, *test)
                {
                    return Some(found);
                }
                below = Some(id);
                module.stmt(id).parent
            }
            _ => return None,
        };
    }
}

fn denied<'m>(eval: &'m Evaluator<'_>, names: &NameUses, file: FileId, test: ExprId) -> Option<(ExprId, &'m str)> {
    let module = eval.module(file);
    let ExprKind::Unary { op, operand } = module.kind(test) else {
        return None;
    };
    if !matches!(module.str(*op), "!" | "not") {
        return None;
    }
    let held = match module.kind(*operand) {
        ExprKind::Name(name) => names.set_before(module, *name, *operand)?,
        _ => *operand,
    };
    match module.kind(held) {
        ExprKind::Attr { base, name } => Some((*base, module.str(*name))),
        _ => None,
    }
}

/// The `with` statement that enters what a call gives.
pub fn entered(module: &Module, expr: ExprId) -> Option<Span> {
    let Parent::Stmt(stmt) = module.expr(item_of(module, expr)).parent else {
        return None;
    };
    match &module.stmt(stmt).kind {
        StmtKind::With { items, .. } if items.iter().any(|&(value, _)| value == item_of(module, expr)) => Some(module.stmt(stmt).span),
        _ => None,
    }
}

/// The item that a call is: itself, or what awaits it.
fn item_of(module: &Module, expr: ExprId) -> ExprId {
    match module.expr(expr).parent {
        Parent::Expr(outer) if matches!(module.kind(outer), ExprKind::Await(_)) => outer,
        _ => expr,
    }
}
