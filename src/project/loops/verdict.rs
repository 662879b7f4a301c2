//! The verdict on one loop, for one expression inside it.

use super::body::{BodyAssignment, assigned, assignments, expressions, inner, mentions, names, statements};
use super::counting::capped;
use super::ending::{ends_after, ends_in_try, holder};
use super::guard::{is_cache_guarded, is_until_set};
use super::{LoopForm, LoopParts, LoopVerdict, iterable};
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::collections;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::streams;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::vocabulary::{List, Name};

/// The verdict; the first that fits, most certain first.
pub fn of(eval: &Evaluator<'_>, file: FileId, parts: &LoopParts, targets: &[Sym]) -> LoopVerdict {
    let module = eval.module(file);
    let verdict = match parts.form {
        LoopForm::While => while_loop(eval, file, parts),
        LoopForm::For if parts.is_counter => counter(eval, file, parts),
        _ => for_each(eval, file, parts, targets),
    };
    if let Some(verdict) = verdict {
        return verdict;
    }
    if let Some(stmt) = parts.stmt
        && ends_after(module, parts.anchor, stmt)
    {
        return LoopVerdict::FirstMatch;
    }
    if is_dependent(module, parts, targets) {
        return LoopVerdict::Dependent;
    }
    if is_until_set(module, parts, targets) {
        return LoopVerdict::FirstMatch;
    }
    if is_cache_guarded(module, parts, targets) {
        return LoopVerdict::CacheGuarded;
    }
    if let Some(count) = capped(eval, file, parts) {
        return LoopVerdict::Constant { count: Some(count) };
    }
    LoopVerdict::PerRow
}

fn for_each(eval: &Evaluator<'_>, file: FileId, parts: &LoopParts, targets: &[Sym]) -> Option<LoopVerdict> {
    let module = eval.module(file);
    let over = parts.iterable?;
    if iterable::is_retry_range(module, over)
        || iterable::is_range(module, over) && targets.iter().any(|&name| List::Retries.has(module.str(name)))
    {
        return Some(LoopVerdict::Retry);
    }
    if iterable::is_range(module, over) && ends_in_try(module, parts) {
        return Some(LoopVerdict::Retry);
    }
    if iterable::is_chunked(eval, file, over) {
        return Some(LoopVerdict::Chunk);
    }
    if let Some(times) = iterable::fixed(eval, file, over) {
        return Some(LoopVerdict::Constant { count: times.count });
    }
    if streams::is_stream(eval, file, over) {
        return Some(LoopVerdict::Worker);
    }
    let by_page = targets.iter().any(|&name| List::Portions.has(module.str(name)));
    if iterable::is_paged(module, over) || parts.is_async && by_page {
        return Some(LoopVerdict::Cursor);
    }
    None
}

/// `for (let i = 0; i < n; i += size)`.
fn counter(eval: &Evaluator<'_>, file: FileId, parts: &LoopParts) -> Option<LoopVerdict> {
    let module = eval.module(file);
    let StmtKind::Loop { header, .. } = &module.stmt(parts.stmt?).kind else {
        return None;
    };
    let header_mentions = |words: List| {
        header
            .iter()
            .any(|&stmt| module.stmt_exprs(stmt).iter().any(|&expr| mentions(module, expr, words)))
            || parts.test.is_some_and(|test| mentions(module, test, words))
    };
    if header_mentions(List::Retries) || parts.test.is_none() && ends_in_try(module, parts) {
        return Some(LoopVerdict::Retry);
    }
    if header.iter().any(|&stmt| is_big_step(module, stmt)) {
        return Some(if header_mentions(List::PageNumbers) {
            LoopVerdict::Cursor
        } else {
            LoopVerdict::Chunk
        });
    }
    if let Some(count) = counted(eval, file, parts.test) {
        return Some(if ends_in_try(module, parts) {
            LoopVerdict::Retry
        } else {
            LoopVerdict::Constant { count: Some(count) }
        });
    }
    // `for (let page = 1; …; page++)`.
    if header.first().is_some_and(|&first| {
        assigned_names(module, first)
            .iter()
            .any(|&name| List::PageNumbers.has(module.str(name)))
    }) {
        return Some(LoopVerdict::Cursor);
    }
    if parts.test.is_none() { endless(eval, file, parts) } else { None }
}

fn assigned_names(module: &Module, stmt: StmtId) -> Vec<Sym> {
    match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } => assigned(module, target, value, None).targets,
        _ => Vec::new(),
    }
}

/// `i += size`, `i = i + size`, where the step is not one.
fn is_big_step(module: &Module, stmt: StmtId) -> bool {
    let is_one = |expr: ExprId| module.number(expr).is_some_and(|number| (number.abs() - 1.0).abs() < f64::EPSILON);
    match module.stmt(stmt).kind {
        StmtKind::Assign {
            value: Some(value),
            op: Some(op),
            ..
        } => matches!(module.str(op), "+" | "-") && !is_one(value),
        StmtKind::Expr(update) => match module.kind(update) {
            // `i += size` as an expression has its two sides; `i++` has one.
            ExprKind::Other(sides) => matches!(sides.as_ref(), [_, step] if !is_one(*step)),
            ExprKind::Assign { target, value } => match module.kind(*value) {
                ExprKind::Binary { op, left, right } => {
                    module.str(*op) == "+" && module.name(*left) == module.name(*target) && !is_one(*right)
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// `i < 5`, also by a constant's name.
fn counted(eval: &Evaluator<'_>, file: FileId, test: Option<ExprId>) -> Option<u32> {
    let module = eval.module(file);
    let ExprKind::Binary { op, right, .. } = module.kind(test?) else {
        return None;
    };
    if !matches!(module.str(*op), "<" | "<=") {
        return None;
    }
    let (at, definition) = eval.definition(file, *right).unwrap_or((file, *right));
    let bound = eval.module(at).number(definition)?;
    (1..=20_u32).find(|&count| (f64::from(count) - bound).abs() < 0.5)
}

fn while_loop(eval: &Evaluator<'_>, file: FileId, parts: &LoopParts) -> Option<LoopVerdict> {
    let module = eval.module(file);
    let test = parts.test?;
    let in_try_loop = is_true(module, test) && ends_in_try(module, parts);
    if mentions(module, test, List::Retries) || in_try_loop && mentions_in_body(module, parts, List::Retries) {
        return Some(LoopVerdict::Retry);
    }
    let set = assignments(module, &parts.body);
    let tested: Vec<Sym> = names_and_members(module, test);
    let is_set = |name: Sym| set.iter().any(|assigned| assigned.targets.contains(&name));
    // `while (cursor)`, `while has_more`, `while (rows.length === limit)` whose body goes on from what it got.
    let is_cursor = |name: Sym| List::Cursors.has(module.str(name)) || List::Positions.has(module.str(name));
    if tested.iter().any(|&name| is_cursor(name) && is_set(name)) {
        // A chain of parents goes on from one row to the next.
        return Some(if is_dependent(module, parts, &[]) && !moves_a_cursor(module, &set) {
            LoopVerdict::Dependent
        } else {
            LoopVerdict::Cursor
        });
    }
    if inner(module, test)
        .iter()
        .any(|&expr| matches!(module.kind(expr), ExprKind::Assign { value, .. } if is_fetch(module, *value)))
    {
        return Some(LoopVerdict::Cursor);
    }
    if is_stepped(module, &set, &tested) || splices(module, &parts.body, &tested) {
        return Some(LoopVerdict::Chunk);
    }
    if is_true(module, test) {
        return endless(eval, file, parts);
    }
    if waits(eval, file, &parts.body) || mentions(module, test, List::StopFlags) && is_waiting_name(module, test) {
        return Some(LoopVerdict::Worker);
    }
    // `while (page_rows.length === PAGE_SIZE)`: the test looks at the batch that the call brought.
    let own = own_targets(module, parts);
    if own.iter().any(|name| tested.contains(name)) && moves_a_cursor(module, &set) {
        return Some(LoopVerdict::Cursor);
    }
    // `while runs < 100: gone = delete_some(limit); runs += 1; if gone == 0: break`: the same call brings portion after portion.
    if ends_when_empty(module, parts) && !names(module, parts.anchor).iter().any(|&name| is_set(name)) {
        return Some(LoopVerdict::Cursor);
    }
    let in_test = inner(module, test).contains(&parts.anchor);
    if in_test && names(module, test).iter().any(|&name| is_set(name)) {
        return Some(LoopVerdict::Dependent);
    }
    None
}

/// `while True`: pages, a worker, or neither.
fn endless(eval: &Evaluator<'_>, file: FileId, parts: &LoopParts) -> Option<LoopVerdict> {
    let module = eval.module(file);
    let set = assignments(module, &parts.body);
    let ends = statements(module, &parts.body)
        .iter()
        .any(|&stmt| matches!(module.stmt(stmt).kind, StmtKind::Break | StmtKind::Return(_)));
    if ends && (moves_a_cursor(module, &set) || ends_when_empty(module, parts)) {
        return Some(LoopVerdict::Cursor);
    }
    if ends && ends_where_missing(module, parts) {
        return Some(LoopVerdict::Retry);
    }
    if waits(eval, file, &parts.body) {
        return Some(LoopVerdict::Worker);
    }
    // Neither pages nor rows: without an end it is a worker.
    (!ends).then_some(LoopVerdict::Worker)
}

fn is_true(module: &Module, test: ExprId) -> bool {
    matches!(module.kind(test), ExprKind::Bool(true)) || module.number(test).is_some_and(|number| number != 0.0)
}

/// Names, and the members read of them.
fn names_and_members(module: &Module, expr: ExprId) -> Vec<Sym> {
    inner(module, expr)
        .into_iter()
        .filter_map(|id| match module.kind(id) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(*name),
            _ => None,
        })
        .collect()
}

/// `offset += n`, `cursor = page.next`, `last_id = rows[-1].id`, `page++`.
fn moves_a_cursor(module: &Module, set: &[BodyAssignment]) -> bool {
    set.iter().any(|assigned| {
        assigned.targets.iter().any(|&name| {
            let text = module.str(name);
            let words = Name::of(text);
            List::Cursors.has(text) || words.is_compound() && List::PositionStarts.has(text) || text == "start" && assigned.op.is_some()
        })
    })
}

/// Stepping through a list by hand: `while i < len(ids): part = ids[i:i+n]; i += n`.
fn is_stepped(module: &Module, set: &[BodyAssignment], tested: &[Sym]) -> bool {
    set.iter().any(|assigned| {
        let plus = assigned.op.is_some_and(|op| module.str(op) == "+");
        let one = module
            .number(assigned.value)
            .is_some_and(|number| (number - 1.0).abs() < f64::EPSILON);
        plus && !one && assigned.targets.iter().any(|name| tested.contains(name))
    })
}

/// `while (ids.length) { const part = ids.splice(0, n); … }`.
fn splices(module: &Module, body: &[StmtId], tested: &[Sym]) -> bool {
    expressions(module, body).into_iter().any(|expr| {
        module.call(expr).is_some_and(|call| {
            call.method() == Some("splice")
                && call.args.len() >= 2
                && call.arg(1).is_some_and(|size| module.number(size).is_none_or(|size| size > 1.0))
                && call
                    .receiver()
                    .is_some_and(|receiver| names_and_members(module, receiver).iter().any(|name| tested.contains(name)))
        })
    })
}

/// `rows = query(…); if not rows: break`: what the call itself brought decides.
fn ends_when_empty(module: &Module, parts: &LoopParts) -> bool {
    let own = own_targets(module, parts);
    !own.is_empty()
        && statements(module, &parts.body).iter().any(|&stmt| {
            let StmtKind::If { test, then, .. } = &module.stmt(stmt).kind else {
                return false;
            };
            let ends = then
                .iter()
                .any(|&stmt| matches!(module.stmt(stmt).kind, StmtKind::Break | StmtKind::Return(_)));
            ends && names(module, *test).iter().any(|name| own.contains(name))
        })
}

/// A loop that tries values until one is unused (`code = make(); if not taken(code): return code`): it usually ends in its first turn, so
/// its query is not per row.
fn ends_where_missing(module: &Module, parts: &LoopParts) -> bool {
    let set = assignments(module, &parts.body);
    let is_made = |name: Sym| set.iter().any(|assigned| assigned.targets.contains(&name));
    statements(module, &parts.body).iter().any(|&stmt| {
        let StmtKind::If { test, then, .. } = &module.stmt(stmt).kind else {
            return false;
        };
        let ends = then
            .last()
            .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Break | StmtKind::Return(_)));
        let ExprKind::Unary { op, operand } = module.kind(*test) else {
            return false;
        };
        ends && matches!(module.str(*op), "not" | "!")
            && inner(module, *operand).contains(&parts.anchor)
            && names(module, *operand).into_iter().any(is_made)
    })
}

/// The names that the statement with the expression assigns.
fn own_targets(module: &Module, parts: &LoopParts) -> Vec<Sym> {
    let mut node = module.expr(parts.anchor).parent;
    loop {
        node = match node {
            Parent::Expr(id) => {
                if let ExprKind::Assign { target, value } = module.kind(id) {
                    return assigned(module, *target, *value, None).targets;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                return match module.stmt(id).kind {
                    StmtKind::Assign {
                        target,
                        value: Some(value),
                        ..
                    } => assigned(module, target, value, None).targets,
                    _ => Vec::new(),
                };
            }
            _ => return Vec::new(),
        };
    }
}

/// `cursor.fetchmany(n)`, `reader.read()`, `queue.get()`: a call that brings the next portion.
fn is_fetch(module: &Module, value: ExprId) -> bool {
    module.call(module.unawaited(value)).is_some_and(|call| {
        matches!(
            call.method(),
            Some("fetchmany" | "fetchone" | "read" | "readline" | "next" | "partitions" | "limit" | "all" | "exec")
        )
    })
}

/// A sleep, or a pop that waits.
fn waits(eval: &Evaluator<'_>, file: FileId, body: &[StmtId]) -> bool {
    let module = eval.module(file);
    expressions(module, body).into_iter().any(|expr| {
        let Some(call) = module.call(expr) else { return false };
        let method = call.method().unwrap_or("");
        if polling::waits(method) {
            return true;
        }
        if call.is_new && method == "Promise" && sets_timer(call) {
            return true;
        }
        let receiver = call
            .receiver()
            .map(|receiver| names_and_members(module, receiver))
            .unwrap_or_default();
        if matches!(method, "get" | "consume" | "receive" | "dequeue") && receiver.iter().any(|&name| List::Queues.has(module.str(name))) {
            return true;
        }
        let value = eval.value(file, call.callee);
        value
            .library_name()
            .is_some_and(|name| eval.call_effects(file, name).has(Effects::SLEEP))
    })
}

/// `new Promise((resolve) => setTimeout(resolve, 1000))`.
fn sets_timer(call: Call<'_>) -> bool {
    let module = call.module;
    call.args.iter().any(|arg| match module.kind(arg.value) {
        ExprKind::Lambda(function) => expressions(module, &module.function(*function).body)
            .into_iter()
            .any(|expr| module.call(expr).is_some_and(|call| call.method() == Some("setTimeout"))),
        _ => false,
    })
}

/// `while not stop.is_set()`, `while self.running`: a flag, not a quantity.
fn is_waiting_name(module: &Module, test: ExprId) -> bool {
    match module.kind(test) {
        ExprKind::Unary { operand, .. } => is_waiting_name(module, *operand),
        ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Call { .. } => true,
        _ => false,
    }
}

fn mentions_in_body(module: &Module, parts: &LoopParts, words: List) -> bool {
    assignments(module, &parts.body)
        .iter()
        .any(|assigned| assigned.targets.iter().any(|&name| words.has(module.str(name))))
}

/// Whether the call uses what a call before it in the same loop brought: `node = find(node.next)`.
fn is_dependent(module: &Module, parts: &LoopParts, targets: &[Sym]) -> bool {
    if parts.body.is_empty() || matches!(parts.form, LoopForm::Callback(_)) {
        return false;
    }
    let mut carried = own_targets(module, parts);
    if carried.is_empty() {
        return false;
    }
    // What is set from the result is the result's too, over a few steps.
    let set = assignments(module, &parts.body);
    for _ in 0..3 {
        for assigned in &set {
            if names(module, assigned.value).iter().any(|name| carried.contains(name)) {
                let new: Vec<Sym> = assigned.targets.iter().copied().filter(|name| !carried.contains(name)).collect();
                carried.extend(new);
            }
        }
    }
    // A call that is given its element, too, finds what it keeps for all of them there: a cache.
    if !names(module, parts.anchor).iter().any(|name| targets.contains(name)) {
        let state = written_to(module, parts, &carried);
        carried.extend(state);
    }
    carried.retain(|name| !targets.contains(name) && !is_set_before(module, parts, *name));
    // `const after = (row) => row.gt(edge)`: what is put together of it before the call, in a function too.
    for assigned in &set {
        if names_within(module, assigned.value).iter().any(|name| carried.contains(name))
            && !assigned.targets.iter().any(|name| targets.contains(name))
        {
            let new: Vec<Sym> = assigned.targets.iter().copied().filter(|name| !carried.contains(name)).collect();
            carried.extend(new);
        }
    }
    names(module, parts.anchor)
        .iter()
        .any(|name| carried.contains(name) && !is_callee_root(module, parts.anchor, *name))
}

/// What the body writes a result into and hands to the call again: `state["rounds"] = updates["rounds"]` around
/// `updates = step(state)`, `turns.append(answer)` around `answer = ask(turns)`.
fn written_to(module: &Module, parts: &LoopParts, carried: &[Sym]) -> Vec<Sym> {
    let Some(call) = module.call(module.unawaited(parts.anchor)) else {
        return Vec::new();
    };
    let handed: Vec<Sym> = call.args.iter().filter_map(|arg| bare(module, arg.value)).collect();
    if handed.is_empty() {
        return Vec::new();
    }
    let holds = |value: ExprId| names(module, value).iter().any(|name| carried.contains(name));
    let mut written = Vec::new();
    for stmt in statements(module, &parts.body) {
        match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } if holds(value) => match *module.kind(target) {
                ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => written.extend(bare(module, base)),
                _ => {}
            },
            StmtKind::Expr(expr) => {
                let Some(call) = module
                    .call(module.unawaited(expr))
                    .filter(|call| call.args.iter().any(|arg| holds(arg.value)))
                else {
                    continue;
                };
                if call
                    .method()
                    .is_some_and(|method| collections::appends(method) || method == "update")
                {
                    written.extend(call.receiver().and_then(|receiver| bare(module, receiver)));
                }
            }
            _ => {}
        }
    }
    written.retain(|name| handed.contains(name));
    written
}

/// The name that an expression is.
fn bare(module: &Module, expr: ExprId) -> Option<Sym> {
    match module.kind(expr) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

/// The names in an expression and in the functions that it makes.
fn names_within(module: &Module, expr: ExprId) -> Vec<Sym> {
    let mut found = names(module, expr);
    for id in inner(module, expr) {
        if let ExprKind::Lambda(function) = module.kind(id) {
            let (first, end) = module.function(*function).exprs;
            let most = Limit::LoopBody.count();
            found.extend((first.0..end.0).take(most).filter_map(|id| match module.kind(ExprId(id)) {
                ExprKind::Name(name) => Some(*name),
                _ => None,
            }));
        }
    }
    found
}

/// Whether the loop sets a name afresh before the call, from something else: then nothing is carried over.
fn is_set_before(module: &Module, parts: &LoopParts, name: Sym) -> bool {
    let Some(own) = holder(module, parts.anchor) else { return false };
    let start = module.stmt(own).span.start;
    parts.body.iter().any(|&stmt| {
        if module.stmt(stmt).span.start >= start {
            return false;
        }
        match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } => assigned(module, target, value, None).targets.contains(&name) && !names(module, value).contains(&name),
            _ => false,
        }
    })
}

/// `session` in `session = session.merge(x)` is no data.
fn is_callee_root(module: &Module, call: ExprId, name: Sym) -> bool {
    let call = module.unawaited(call);
    let Some(call) = module.call(call) else { return false };
    matches!(module.kind(call.root()), ExprKind::Name(root) if *root == name)
        && !call.args.iter().any(|arg| names(module, arg.value).contains(&name))
}
