//! What stands around a query in a loop: searches, fallbacks, dispatch, bulk statements.

use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::registry;
use crate::libraries::shared::batches;
use crate::libraries::shared::callbacks::is_iteration;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::Value;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, QuerySite};
use crate::project::loops::{Loop, LoopForm, LoopVerdict};
use crate::statement::Operation;

/// Whether the name at the start of an expression is the loop's variable.
pub fn holds(module: &Module, around: &Loop, expr: ExprId) -> bool {
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Name(name) => return around.target_names.contains(name),
            _ => return false,
        };
    }
}

/// `found = load(key); if found: return found`: worst case once a row, usually fewer.
pub fn searches(module: &Module, around: &Loop, expr: ExprId) -> bool {
    // A `return` ends one pass of a callback, and no `map`.
    if matches!(around.kind, LoopForm::Callback(_)) {
        return false;
    }
    let mut at = module.expr(expr).parent;
    let stmt = loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => break id,
            _ => return false,
        };
    };
    let siblings: Vec<StmtId> = match module.stmt(stmt).parent {
        Parent::Stmt(outer) => module
            .stmt_blocks(outer)
            .into_iter()
            .find(|block| block.contains(&stmt))
            .map(<[StmtId]>::to_vec)
            .unwrap_or_default(),
        _ => return false,
    };
    let ends = |block: &[StmtId]| {
        block
            .last()
            .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_) | StmtKind::Break))
    };
    match &module.stmt(stmt).kind {
        // `if await exists(key): return key`. But `if not allowed(row): return error` looks at all rows when all is well.
        StmtKind::If { test, then, .. } => {
            let is_check = is_negated(module, *test) && !gives_element(module, then, around);
            ends(then) && !is_check
        }
        StmtKind::Assign { target, .. } => {
            let ExprKind::Name(name) = module.kind(*target) else { return false };
            let next = siblings.iter().skip_while(|&&sibling| sibling != stmt).nth(1);
            match next.map(|&next| &module.stmt(next).kind) {
                Some(StmtKind::If { test, then, .. }) => mentions(module, *test, *name) && ends(then),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_negated(module: &Module, test: ExprId) -> bool {
    match module.kind(test) {
        ExprKind::Unary { op, .. } => matches!(module.str(*op), "not" | "!"),
        ExprKind::Binary { op, right, .. } if module.str(*op) == "and" => is_negated(module, *right),
        _ => false,
    }
}

/// Whether a block returns the element that was found.
fn gives_element(module: &Module, then: &[StmtId], around: &Loop) -> bool {
    match then.last().map(|&last| &module.stmt(last).kind) {
        Some(StmtKind::Return(Some(value))) => around.target_names.iter().any(|&name| mentions(module, *value, name)),
        _ => false,
    }
}

fn mentions(module: &Module, expr: ExprId, name: Sym) -> bool {
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        if matches!(module.kind(at), ExprKind::Name(other) if *other == name) {
            return true;
        }
        module.each_child(at, &mut |child| open.push(child));
    }
    false
}

/// `for kind in kinds: if kind == "user": …`: each kind's branch runs once, however long the list is.
pub fn is_dispatched(module: &Module, around: &Loop, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let mut below: Option<StmtId> = None;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) if around.span.encloses(module.stmt(id).span) => {
                match &module.stmt(id).kind {
                    StmtKind::If { test, then, .. }
                        if below.is_some_and(|below| then.contains(&below))
                            && compares_with_literal(module, *test, &around.target_names) =>
                    {
                        return true;
                    }
                    StmtKind::Switch { subject, .. } => {
                        if matches!(module.kind(*subject), ExprKind::Name(name) if around.target_names.contains(name)) {
                            return true;
                        }
                    }
                    _ => {}
                }
                below = Some(id);
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
    false
}

fn compares_with_literal(module: &Module, test: ExprId, names: &[Sym]) -> bool {
    let ExprKind::Binary { op, left, right } = module.kind(test) else {
        return false;
    };
    let is_name = |id: ExprId| matches!(module.kind(id), ExprKind::Name(name) if names.contains(name));
    matches!(module.str(*op), "==" | "is")
        && is_name(*left)
        && matches!(module.kind(*right), ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Attr { .. })
}

/// `for kind in kinds: kind.model_class().objects.filter(…)`: each pass asks another table, so no statement can take all.
pub fn is_another_table(eval: &Evaluator<'_>, around: &Loop, site: &QuerySite) -> bool {
    if site.query.table().is_some_and(|table| !table.is_empty()) {
        return false;
    }
    // A query that was built before: `rows = model.objects.all()`, and here `for row in rows`.
    let module = eval.module(site.file);
    let (at, built) = match module.kind(site.expr) {
        ExprKind::Name(_) => eval.definition(site.file, site.expr).unwrap_or((site.file, site.expr)),
        _ => (site.file, site.expr),
    };
    let Some(call) = module.call(built).filter(|_| at == site.file) else {
        return false;
    };
    let root = call.root();
    let ExprKind::Name(name) = module.kind(root) else { return false };
    let is_manager = call.chain().iter().any(|call| {
        let text = call.receiver().and_then(|receiver| module.dotted(receiver));
        text.is_some_and(|text| text.ends_with(".objects") || text.ends_with("._default_manager"))
    });
    is_manager && (around.target_names.contains(name) || is_set_in(module, around, *name))
}

/// `members = Member.objects.filter(…)` before the loop, and `for member in members` inside it: a queryset keeps its rows
/// after the first pass.
pub fn is_kept(module: &Module, around: &Loop, site: &QuerySite) -> bool {
    let ExprKind::Name(name) = module.kind(site.expr) else {
        return false;
    };
    registry::keeps_rows(site.query.library) && !is_set_in(module, around, *name)
}

fn is_set_in(module: &Module, around: &Loop, name: Sym) -> bool {
    module.stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { target, .. } => {
            around.span.encloses(stmt.span) && matches!(module.kind(*target), ExprKind::Name(other) if *other == name)
        }
        _ => false,
    })
}

/// A read by a key that its client makes one statement of, for all that are asked in one tick.
pub fn is_batched(module: &Module, site: &QuerySite) -> bool {
    let method = module.call(site.expr).and_then(|call| call.method());
    method.is_some_and(|method| batches::is_batched_read(site.query.library, method))
}

/// One statement for many rows: in a loop it is the batched form, once a parent or a chunk.
pub fn is_bulk(eval: &Evaluator<'_>, site: &QuerySite) -> bool {
    let module = eval.module(site.file);
    let Some(call) = module.call(site.expr) else { return false };
    if call.method().is_some_and(batches::is_bulk_write) {
        return true;
    }
    // `insertInto(table).values(rows)`: a list of rows.
    let is_list = |expr: ExprId| match eval.value(site.file, expr) {
        Value::Many(_) => true,
        Value::Literal(at, literal) => matches!(eval.module(at).kind(literal), ExprKind::List(_)),
        _ => false,
    };
    site.query.statement.operation == Operation::Insert
        && call.chain().iter().any(|link| {
            let rows = link.arg(0).filter(|_| link.method().is_some_and(batches::takes_rows));
            rows.is_some_and(is_list)
        })
}

/// Whether an expression stands in an exception's handler: there a loop is the way out after the batch failed.
pub fn in_handler(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let mut below: Option<StmtId> = None;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let (StmtKind::Try { handlers, .. }, Some(below)) = (&module.stmt(id).kind, below)
                    && handlers.iter().any(|handler| handler.contains(&below))
                {
                    return true;
                }
                below = Some(id);
                module.stmt(id).parent
            }
            Parent::Function(id) => match module.function(id).definition {
                Parent::Expr(lambda) => module.expr(lambda).parent,
                _ => return false,
            },
            Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

/// `rows.map(load)`: the function's name is the callback.
pub fn by_reference(module: &Module, edge: &Edge) -> Option<(Loop, usize, bool)> {
    let crate::ir::Parent::Expr(parent) = module.expr(edge.expr).parent else {
        return None;
    };
    let call = module.call(parent)?;
    if edge.kind != EdgeKind::Inline || !call.args.iter().any(|arg| arg.value == edge.expr) {
        return None;
    }
    let method = call.method()?;
    if !is_iteration(method) {
        return None;
    }
    let span = module.expr(parent).span;
    let around = Loop {
        span,
        header: span,
        kind: LoopForm::Callback(method.to_owned()),
        iterable: call.receiver(),
        target_names: Vec::new(),
        verdict: LoopVerdict::PerRow,
        parallel: false,
    };
    Some((around, 0, false))
}

/// The innermost loop that makes the cost grow, how many more are around it, and whether chunks are between.
pub fn pick(loops: Vec<Loop>) -> Option<(Loop, usize, bool)> {
    let mut picked: Option<Loop> = None;
    let mut outer = 0;
    let mut chunked = false;
    for around in loops {
        match around.verdict {
            LoopVerdict::PerRow | LoopVerdict::CacheGuarded => {
                if picked.is_some() {
                    outer += 1;
                } else {
                    picked = Some(around);
                }
            }
            LoopVerdict::Chunk => chunked |= picked.is_none(),
            LoopVerdict::FirstMatch | LoopVerdict::Dependent => {
                picked.as_ref()?;
            }
            LoopVerdict::Constant { .. } | LoopVerdict::Retry | LoopVerdict::Cursor | LoopVerdict::Worker => {}
        }
    }
    picked.map(|picked| (picked, outer, chunked))
}
