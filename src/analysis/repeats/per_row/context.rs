//! What methods that run once for each object ask first: serializers of what the view has put into their context, resolvers of what their
//! object has.

use rustc_hash::FxHashSet;

use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::loops::body;

/// How deep a test is read for what it finds missing, by design: one of more parts spares nobody.
const MAX_DEPTH: u32 = 6;

/// Whether a method has returned before it comes to an expression where its context has what some view puts there:
/// `if self.context.get("lines") is not None: return …`.
pub(super) fn answers_first(project: &Project, eval: &Evaluator<'_>, file: FileId, function: FunctionId, place: ExprId) -> bool {
    let module = project.code.module(file);
    if !module.mentions(&["context"]) {
        return false;
    }
    let start = module.expr(place).span.start;
    let body = module.function(function).body.iter();
    let mut earlier = body.map(|&stmt| module.stmt(stmt)).filter(|stmt| stmt.span.end <= start);
    earlier.any(|stmt| match &stmt.kind {
        StmtKind::If { test, then, .. } => returns(module, then) && key_of(eval, file, *test).is_some_and(|key| is_put(project, &key)),
        _ => false,
    })
}

fn returns(module: &Module, block: &[StmtId]) -> bool {
    block
        .last()
        .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(Some(_))))
}

/// Whether a method of each object has returned before it comes to an expression for those objects that lack something else than what
/// the expression asks by: `if (!item.pollCost) return null`. The key that is asked by is there as a rule.
pub(super) fn leaves_for_some(module: &Module, function: FunctionId, object: Sym, place: ExprId) -> bool {
    let start = module.expr(place).span.start;
    let asked_by = parts(module, object, place);
    let body = module.function(function).body.iter();
    let mut earlier = body.map(|&stmt| module.stmt(stmt)).filter(|stmt| stmt.span.end <= start);
    earlier.any(|stmt| match &stmt.kind {
        StmtKind::If { test, then, orelse } if orelse.is_empty() => {
            let tested = lacked(module, object, *test, 0);
            let leaves = then
                .last()
                .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_)));
            leaves && !tested.is_empty() && tested.is_disjoint(&asked_by)
        }
        _ => false,
    })
}

/// The attributes of an object that a test finds missing: `!item.cost`, `item.cost == null || !item.open`.
fn lacked(module: &Module, object: Sym, test: ExprId, depth: u32) -> FxHashSet<Sym> {
    let own = |expr: ExprId| match *module.kind(expr) {
        ExprKind::Attr { base, name } => matches!(*module.kind(base), ExprKind::Name(of) if of == object).then_some(name),
        _ => None,
    };
    match *module.kind(test) {
        ExprKind::Unary { op, operand } if matches!(module.str(op), "not" | "!") => own(operand).into_iter().collect(),
        ExprKind::Binary { op, left, right } => match module.str(op) {
            "is" | "==" | "===" if *module.kind(right) == ExprKind::Null => own(left).into_iter().collect(),
            "or" | "||" if depth < MAX_DEPTH => {
                let parts = [left, right].into_iter();
                parts.flat_map(|part| lacked(module, object, part, depth + 1)).collect()
            }
            _ => FxHashSet::default(),
        },
        _ => FxHashSet::default(),
    }
}

/// The attributes of an object that an expression reads.
fn parts(module: &Module, object: Sym, expr: ExprId) -> FxHashSet<Sym> {
    let read = body::inner(module, expr).into_iter().filter_map(|inner| match *module.kind(inner) {
        ExprKind::Attr { base, name } => matches!(*module.kind(base), ExprKind::Name(of) if of == object).then_some(name),
        _ => None,
    });
    read.collect()
}

/// The key of the context by which a test holds where something is under it.
fn key_of(eval: &Evaluator<'_>, file: FileId, test: ExprId) -> Option<String> {
    let module = eval.module(file);
    match *module.kind(test) {
        ExprKind::Binary { op, left, right } => {
            let is_of_null = matches!(module.kind(right), ExprKind::Null);
            match module.str(op) {
                "is not" | "!=" if is_of_null => taken(eval, file, left),
                // `"lines" in self.context`.
                "in" if is_context(module, right) => module.string(left).map(str::to_owned),
                _ => None,
            }
        }
        _ => taken(eval, file, test),
    }
}

/// The key under which a value was taken out of the context: `self.context.get("lines")`, or a name that holds that.
fn taken(eval: &Evaluator<'_>, file: FileId, value: ExprId) -> Option<String> {
    let (at, value) = eval.definition(file, value).unwrap_or((file, value));
    let module = eval.module(at);
    let (source, key) = if let ExprKind::Index { base, index } = *module.kind(value) {
        (base, index)
    } else {
        let call = module.call(value).filter(|call| call.method() == Some("get"))?;
        (call.receiver()?, call.arg(0)?)
    };
    module.string(key).filter(|_| is_context(module, source)).map(str::to_owned)
}

fn is_context(module: &Module, expr: ExprId) -> bool {
    module.dotted(expr).as_deref() == Some("self.context")
}

/// Whether some code puts something under a key: `context["lines"] = lines_of(page)`, `{"lines": lines_of(page)}`.
fn is_put(project: &Project, key: &str) -> bool {
    let mut modules = project.code.modules().filter(|(_, module)| module.mentions(&[key]));
    modules.any(|(_, module)| {
        let is_something = |value: ExprId| !matches!(module.kind(value), ExprKind::Null);
        module.expr_ids().any(|(id, expr)| match &expr.kind {
            ExprKind::Object(entries) => entries
                .iter()
                .any(|entry| entry.key.and_then(|entry| module.string(entry)) == Some(key) && is_something(entry.value)),
            ExprKind::Index { index, .. } if module.string(*index) == Some(key) => match expr.parent {
                Parent::Stmt(stmt) => {
                    matches!(module.stmt(stmt).kind, StmtKind::Assign { target, value: Some(value), .. } if target == id && is_something(value))
                }
                _ => false,
            },
            _ => false,
        })
    })
}
