//! Calls that a process makes once: what they bring is kept in a variable of the module or of a class, and a test of it stands before them.

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::project::eval::Code;
use crate::project::graph::{FnId, Graph};

/// How deep a test is read.
const MAX_DEPTH: u32 = 12;

/// Whether a call in a function runs once in a process: under `if not loaded:`, after `if (manifest) return manifest`, in
/// `manifest ??= load()`, or in a function without parameters whose result is kept.
pub fn runs_once(code: &Code, graph: &Graph, function: FnId, expr: ExprId) -> bool {
    let node = graph.function(function);
    let here = (code, graph, function);
    let module = code.module(node.file);
    let definition = module.function(node.id);
    let is_kept_for_good = node.is_cached && definition.decorators.iter().any(|&decorator| is_forever(module, decorator));
    if is_kept_for_good && definition.params.is_empty() && !definition.name.is_some_and(|name| is_cleared(module, name)) {
        return true;
    }
    let mut below: Option<StmtId> = None;
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        match at {
            Parent::Expr(outer) => {
                // What a lambda does runs when it is called.
                if matches!(module.kind(outer), ExprKind::Lambda(_)) {
                    return false;
                }
                at = module.expr(outer).parent;
            }
            Parent::Stmt(stmt) => {
                if is_kept(module, stmt, below)
                    || below.is_some_and(|below| module.stmt_blocks(stmt).iter().any(|block| is_left(here, block, below)))
                {
                    return true;
                }
                below = Some(stmt);
                at = module.stmt(stmt).parent;
            }
            Parent::Function(id) => {
                return below.is_some_and(|below| is_left(here, &module.function(id).body, below));
            }
            Parent::Class(_) | Parent::None => return false,
        }
    }
    false
}

/// `@lru_cache`, which keeps a result as long as the process lives; others let it expire.
fn is_forever(module: &Module, decorator: ExprId) -> bool {
    let call = module.call(decorator);
    let path = module.dotted(call.map_or(decorator, |call| call.callee)).unwrap_or_default();
    let expires = call.is_some_and(|call| call.keyword("ttl").is_some());
    matches!(path.rsplit('.').next(), Some("lru_cache" | "cache" | "memoize")) && !expires
}

/// `load.cache_clear()`: it is called again, in the middle of the work.
fn is_cleared(module: &Module, function: Sym) -> bool {
    module.exprs.iter().any(|expr| match expr.kind {
        ExprKind::Attr { base, name } => module.str(name) == "cache_clear" && *module.kind(base) == ExprKind::Name(function),
        _ => false,
    })
}

/// `if not loaded:` around, with `loaded = …` in it; `manifest ??= load()`.
fn is_kept(module: &Module, stmt: StmtId, below: Option<StmtId>) -> bool {
    match (&module.stmt(stmt).kind, below) {
        (StmtKind::If { test, then, .. }, Some(below)) if then.contains(&below) => {
            missing(module, *test, 0).is_some_and(|slot| is_of_module(module, slot) && sets_any(module, then, slot))
        }
        (
            StmtKind::Assign {
                target,
                value: Some(value),
                op,
                ..
            },
            _,
        ) => {
            let Some(slot) = name(module, *target) else {
                return false;
            };
            let falls_back = |op: Sym| matches!(module.str(op), "??" | "or" | "||");
            let keeps = match module.kind(*value) {
                ExprKind::Binary { op, left, .. } => falls_back(*op) && name(module, *left) == Some(slot),
                _ => false,
            };
            (keeps || op.is_some_and(falls_back)) && is_of_module(module, slot)
        }
        _ => false,
    }
}

/// `if (manifest) return manifest` before the statement, and `manifest = …` in it or after it.
fn is_left((code, graph, function): (&Code, &Graph, FnId), block: &[StmtId], below: StmtId) -> bool {
    let node = graph.function(function);
    // Nothing returns from a module.
    if node.id == FunctionId::MODULE {
        return false;
    }
    let module = code.module(node.file);
    // The statements of a block are in the order of the text.
    let start = module.stmt(below).span.start;
    let index = block.partition_point(|&stmt| module.stmt(stmt).span.start < start);
    if block.get(index) != Some(&below) {
        return false;
    }
    let (before, from) = block.split_at(index);
    if before.len() > Limit::Holders.count() {
        code.tell(Limit::Holders, node.file, module.function(node.id).span.start);
    }
    before.iter().rev().take(Limit::Holders.count()).any(|&stmt| {
        let StmtKind::If { test, then, .. } = &module.stmt(stmt).kind else {
            return false;
        };
        let leaves = then
            .last()
            .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_)));
        leaves && present(module, *test).is_some_and(|slot| is_of_module(module, slot) && sets_any(module, from, slot))
    })
}

/// What lives as long as the process: a name of the module, or an attribute of a class itself (`Factory.instance`).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot {
    class: Option<Sym>,
    name: Sym,
}

/// The slot that a test finds missing: `not x`, `x is None`.
fn missing(module: &Module, test: ExprId, depth: u32) -> Option<Slot> {
    if depth > MAX_DEPTH {
        return None;
    }
    match *module.kind(test) {
        ExprKind::Unary { op, operand } if matches!(module.str(op), "not" | "!") => name(module, operand),
        ExprKind::Binary { op, left, right } => match module.str(op) {
            "is" | "==" | "===" if *module.kind(right) == ExprKind::Null => name(module, left),
            "and" => missing(module, left, depth + 1).or_else(|| missing(module, right, depth + 1)),
            _ => None,
        },
        _ => None,
    }
}

/// The slot that a test finds present: `x`, `x is not None`.
fn present(module: &Module, test: ExprId) -> Option<Slot> {
    match *module.kind(test) {
        ExprKind::Binary { op, left, right } if matches!(module.str(op), "is not" | "!=" | "!==") => {
            (*module.kind(right) == ExprKind::Null).then(|| name(module, left)).flatten()
        }
        _ => name(module, test),
    }
}

fn name(module: &Module, expr: ExprId) -> Option<Slot> {
    match *module.kind(expr) {
        ExprKind::Name(name) => Some(Slot { class: None, name }),
        ExprKind::Attr { base, name } => match *module.kind(base) {
            ExprKind::Name(class) => Some(Slot { class: Some(class), name }),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the module itself gives the name its first value, or one of its classes holds it.
fn is_of_module(module: &Module, slot: Slot) -> bool {
    if let Some(class) = slot.class {
        let is_class = module.str(class) == "cls" || module.class_ids().any(|(_, node)| node.name == Some(class));
        return is_class || is_global(module, class);
    }
    let body = &module.function(FunctionId::MODULE).body;
    body.iter()
        .any(|&stmt| matches!(module.stmt(stmt).kind, StmtKind::Assign { target, .. } if name(module, target) == Some(slot)))
}

/// `globalThis`, `global`, or a name of the module for one of them: `const store = global as any`.
fn is_global(module: &Module, name: Sym) -> bool {
    let is_it = |name: Sym| matches!(module.str(name), "global" | "globalThis");
    let stands = |value: ExprId| {
        let inside = module.children(value);
        let mut parts = inside.iter().chain([&value]);
        parts.any(|&part| matches!(*module.kind(part), ExprKind::Name(other) if is_it(other)))
    };
    let body = module.function(FunctionId::MODULE).body.iter();
    is_it(name)
        || body.into_iter().any(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => *module.kind(target) == ExprKind::Name(name) && stands(value),
            _ => false,
        })
}

/// Whether one of the statements, or one inside them, sets the slot.
fn sets_any(module: &Module, block: &[StmtId], slot: Slot) -> bool {
    let mut open: Vec<StmtId> = block.to_vec();
    while let Some(stmt) = open.pop() {
        if let StmtKind::Assign { target, .. } = module.stmt(stmt).kind
            && name(module, target) == Some(slot)
        {
            return true;
        }
        for inner in module.stmt_blocks(stmt) {
            open.extend(inner.iter().copied());
        }
    }
    false
}
