//! Calls that a loop makes only for keys which a container does not hold yet.

use super::LoopParts;
use super::body::{assignments, expressions, names, statements};
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind, Sym};

/// Parts of a test in each other, among which the question whether a key is missing is looked for.
const MAX_TEST_DEPTH: u32 = 40;

/// `k not in cache`, `!seen.has(k)`.
pub fn is_cache_test(module: &Module, test: ExprId) -> bool {
    cache_of(module, test).is_some_and(|(_, missing)| missing)
}

/// The container that a test asks for a key, and whether the test holds when the key is missing.
fn cache_of(module: &Module, test: ExprId) -> Option<(String, bool)> {
    cache_at(module, test, 0)
}

fn cache_at(module: &Module, test: ExprId, depth: u32) -> Option<(String, bool)> {
    // Chains of `and` can be thousands long.
    if depth > MAX_TEST_DEPTH {
        return None;
    }
    match module.kind(test) {
        ExprKind::Binary { op, left, right } => match module.str(*op) {
            "not in" => Some((module.dotted(*right)?, true)),
            "in" => Some((module.dotted(*right)?, false)),
            "and" | "or" => cache_at(module, *left, depth + 1).or_else(|| cache_at(module, *right, depth + 1)),
            "is" | "==" if matches!(module.kind(*right), ExprKind::Null) => {
                let (cache, present) = cache_at(module, *left, depth + 1)?;
                Some((cache, !present))
            }
            _ => None,
        },
        ExprKind::Unary { op, operand } if module.str(*op) == "not" => {
            let (cache, missing) = cache_at(module, *operand, depth + 1)?;
            Some((cache, !missing))
        }
        ExprKind::Call { .. } => {
            let call = module.call(test)?;
            matches!(call.method(), Some("has" | "get" | "includes")).then_some(())?;
            Some((module.dotted(call.receiver()?)?, false))
        }
        ExprKind::Index { base, .. } => Some((module.dotted(*base)?, false)),
        _ => None,
    }
}

/// Whether the call runs only for keys that a container, filled in the same loop, does not have yet.
pub fn is_cache_guarded(module: &Module, parts: &LoopParts, targets: &[Sym]) -> bool {
    let mut filled = filled(module, &parts.body);
    // A row that gets a missing field is no cache: every row has its own.
    filled.retain(|name| {
        let root = name.split('.').next().unwrap_or(name);
        !targets.iter().any(|&target| module.str(target) == root)
    });
    if filled.is_empty() {
        return false;
    }
    steps(module, parts).any(|(node, from)| match node {
        Parent::Expr(id) => {
            let ExprKind::Cond { test, then, orelse } = module.kind(id) else {
                return false;
            };
            cache_of(module, *test).is_some_and(|(cache, missing)| {
                let branch = if missing { *then } else { *orelse };
                Parent::Expr(branch) == from && filled.contains(&cache)
            })
        }
        Parent::Stmt(id) => is_guard(module, id, from, &filled, parts) || skips_known(module, id, &filled, parts),
        _ => false,
    })
}

/// What holds the call within the loop, innermost first, each with what it holds of it.
fn steps(module: &Module, parts: &LoopParts) -> impl Iterator<Item = (Parent, Parent)> {
    let loop_itself = parts.stmt.map(Parent::Stmt);
    let first = (module.expr(parts.anchor).parent, Parent::Expr(parts.anchor));
    let outwards = std::iter::successors(Some(first), |&(node, _)| match node {
        Parent::Expr(id) => Some((module.expr(id).parent, node)),
        Parent::Stmt(id) => Some((module.stmt(id).parent, node)),
        _ => None,
    });
    outwards
        .take(Limit::Holders.count())
        .take_while(move |&(node, _)| Some(node) != loop_itself)
}

/// Whether the call runs until it has brought something, and then no more: `if not event: event = load(row)`, of a variable that
/// nothing else in the loop sets.
pub fn is_until_set(module: &Module, parts: &LoopParts, targets: &[Sym]) -> bool {
    let set = assignments(module, &parts.body);
    if set.is_empty() {
        return false;
    }
    let is_lambda = |node: Parent| matches!(node, Parent::Expr(id) if matches!(module.kind(id), ExprKind::Lambda(_)));
    let mut outwards = steps(module, parts).take_while(|&(node, _)| !is_lambda(node));
    // The test stands right around the statement that holds the call.
    let Some((Parent::Stmt(id), Parent::Stmt(own))) = outwards.find(|&(_, from)| matches!(from, Parent::Stmt(_))) else {
        return false;
    };
    let StmtKind::If { test, then, .. } = &module.stmt(id).kind else {
        return false;
    };
    let Some(name) = unset(module, *test).filter(|name| then.contains(&own) && !targets.contains(name)) else {
        return false;
    };
    let mut sets = set.iter().filter(|assigned| assigned.targets.contains(&name));
    let is_own = |value: ExprId| {
        let anchor = module.expr(parts.anchor).span;
        module.expr(value).span.encloses(anchor) && module.stmt(own).span.encloses(module.expr(value).span)
    };
    sets.next().is_some_and(|assigned| is_own(assigned.value)) && sets.next().is_none()
}

/// The variable that a test asks to be unset: `not event`, `event is None`, `event == null`.
fn unset(module: &Module, test: ExprId) -> Option<Sym> {
    let name = |expr: ExprId| match module.kind(expr) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    };
    match module.kind(test) {
        ExprKind::Unary { op, operand } if matches!(module.str(*op), "not" | "!") => name(*operand),
        ExprKind::Binary { op, left, right } if matches!(module.str(*op), "is" | "==" | "===") => {
            let is_nothing = matches!(module.kind(*right), ExprKind::Null) || module.name(*right) == Some("undefined");
            is_nothing.then(|| name(*left)).flatten()
        }
        _ => None,
    }
}

/// `if k not in cache:` around; `if value is None:` around, with the value read from a container.
fn is_guard(module: &Module, stmt: StmtId, from: Parent, filled: &[String], parts: &LoopParts) -> bool {
    let (StmtKind::If { test, then, orelse }, Parent::Stmt(child)) = (&module.stmt(stmt).kind, from) else {
        return false;
    };
    let (cache, missing) = match cache_of(module, *test) {
        Some(found) => found,
        None => match read_from(module, *test, parts) {
            Some(cache) => (cache, true),
            None => return false,
        },
    };
    let branch = if missing { then } else { orelse };
    filled.contains(&cache) && branch.contains(&child)
}

/// `if k in cache: continue` before the call.
fn skips_known(module: &Module, stmt: StmtId, filled: &[String], parts: &LoopParts) -> bool {
    let blocks = match module.stmt(stmt).parent {
        Parent::Stmt(outer) => module.stmt_blocks(outer),
        Parent::Function(function) if parts.stmt.is_none() => vec![module.function(function).body.as_ref()],
        _ => return false,
    };
    let Some(block) = blocks.into_iter().find(|block| block.contains(&stmt)) else {
        return false;
    };
    block.iter().take_while(|&&other| other != stmt).any(|&other| {
        let StmtKind::If { test, then, .. } = &module.stmt(other).kind else {
            return false;
        };
        let leaves = then
            .iter()
            .any(|&inner| matches!(module.stmt(inner).kind, StmtKind::Continue | StmtKind::Return(_)));
        leaves && cache_of(module, *test).is_some_and(|(cache, missing)| !missing && filled.contains(&cache))
    })
}

/// The container that a tested name was read from in the loop: `v = cache.get(k)`.
fn read_from(module: &Module, test: ExprId, parts: &LoopParts) -> Option<String> {
    let tested = names(module, test);
    assignments(module, &parts.body)
        .into_iter()
        .filter(|assigned| assigned.targets.iter().any(|name| tested.contains(name)))
        .find_map(|assigned| cache_of(module, assigned.value).map(|(cache, _)| cache))
}

/// The containers that a body fills by key.
fn filled(module: &Module, body: &[StmtId]) -> Vec<String> {
    let mut out = Vec::new();
    for stmt in statements(module, body) {
        if let StmtKind::Assign { target, .. } = module.stmt(stmt).kind
            && let ExprKind::Index { base, .. } = module.kind(target)
        {
            out.extend(module.dotted(*base));
        }
    }
    for expr in expressions(module, body) {
        let Some(call) = module.call(expr) else { continue };
        if matches!(call.method(), Some("set" | "add" | "setdefault" | "append" | "push")) {
            out.extend(call.receiver().and_then(|receiver| module.dotted(receiver)));
        }
    }
    out
}
