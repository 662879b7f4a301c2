//! Whether two expressions say the same and one always runs before the other.
#![allow(
    clippy::match_same_arms,
    reason = "arms are told apart by what they are about, not by what follows"
)]

use crate::budget::Limit;
use crate::ir::{Arg, ExprId, ExprKind, Module, ObjectEntry, Parent, Slice, StmtId, StmtKind, TemplatePart};
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Evaluator, Found};

/// Whether two expressions of a file are written alike and their names mean the same.
pub fn expressions(eval: &Evaluator<'_>, file: FileId, left: ExprId, right: ExprId) -> bool {
    let module = eval.code.module(file);
    let mut open = vec![(left, right)];
    let mut steps = 0;
    while let Some((left, right)) = open.pop() {
        steps += 1;
        if !node(eval, file, left, right) {
            return false;
        }
        if steps > Limit::Parts.count() {
            eval.code.tell(Limit::Parts, file, module.expr(left).span.start);
            return false;
        }
        let (ours, theirs) = (module.children(left), module.children(right));
        if ours.len() != theirs.len() {
            return false;
        }
        open.extend(ours.into_iter().zip(theirs));
    }
    true
}

/// Whether two nodes are alike, their children aside.
fn node(eval: &Evaluator<'_>, file: FileId, left: ExprId, right: ExprId) -> bool {
    use ExprKind as K;
    let module = eval.code.module(file);
    match (module.kind(left), module.kind(right)) {
        (K::Name(a), K::Name(b)) => a == b && is_same_name(eval, file, left, right),
        (K::Attr { name: a, .. }, K::Attr { name: b, .. }) => a == b,
        (K::Call { args: a, is_new: x, .. }, K::Call { args: b, is_new: y, .. }) => x == y && names(a) == names(b),
        (K::Str(a), K::Str(b)) => a == b,
        (K::Template(a), K::Template(b)) => texts(a) == texts(b),
        (K::Num(a), K::Num(b)) => a.to_bits() == b.to_bits(),
        (K::Bool(a), K::Bool(b)) => a == b,
        (K::Object(a), K::Object(b)) => shape(a) == shape(b),
        (K::Binary { op: a, .. }, K::Binary { op: b, .. }) | (K::Unary { op: a, .. }, K::Unary { op: b, .. }) => a == b,
        (K::Slice(a), K::Slice(b)) => {
            let given = |slice: &Slice| [slice.lower, slice.upper, slice.step].map(|bound| bound.is_some());
            given(a) == given(b)
        }
        (K::Index { .. }, K::Index { .. })
        | (K::Null, K::Null)
        | (K::List(_), K::List(_))
        | (K::Tuple(_), K::Tuple(_))
        | (K::Set(_), K::Set(_))
        | (K::Await(_), K::Await(_))
        | (K::Spread(_), K::Spread(_)) => true,
        _ => false,
    }
}

fn names(args: &[Arg]) -> Vec<Option<crate::ir::Sym>> {
    args.iter().map(|arg| arg.name).collect()
}

fn texts(parts: &[TemplatePart]) -> Vec<Option<crate::ir::Sym>> {
    let text = |part: &TemplatePart| match part {
        TemplatePart::Text(text) => Some(*text),
        TemplatePart::Hole(_) => None,
    };
    parts.iter().map(text).collect()
}

fn shape(entries: &[ObjectEntry]) -> Vec<bool> {
    entries.iter().map(|entry| entry.key.is_some()).collect()
}

/// Whether a name has the same binding at both places.
fn is_same_name(eval: &Evaluator<'_>, file: FileId, left: ExprId, right: ExprId) -> bool {
    let module = eval.code.module(file);
    let binding = |id: ExprId| {
        let ExprKind::Name(name) = module.kind(id) else { return None };
        eval.lookup(file, module.owner(id), *name, module.expr(id).span.start)
    };
    match (binding(left), binding(right)) {
        (Some(Found::Binding(a, f, one)), Some(Found::Binding(b, g, two))) => a == b && f == g && one.range == two.range,
        (Some(Found::Module(a)), Some(Found::Module(b))) => a == b,
        (Some(Found::External(a)), Some(Found::External(b))) => a == b,
        (None, None) => true,
        _ => false,
    }
}

/// Whether the second runs after the first in one run: they are no alternatives, and no loop or handler holds the first alone.
pub fn always_before(module: &Module, first: ExprId, second: ExprId) -> bool {
    let around = ancestors(module, second);
    let mut at = module.expr(first).parent;
    let mut below: Option<Parent> = Some(Parent::Expr(first));
    for _ in 0..Limit::Holders.count() {
        if around.contains(&at) {
            return joined(module, at, below, &around, second);
        }
        if holds_alone(module, at, below) {
            return false;
        }
        below = Some(at);
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => module.stmt(id).parent,
            Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

fn ancestors(module: &Module, expr: ExprId) -> Vec<Parent> {
    let mut out = Vec::new();
    let mut at = module.expr(expr).parent;
    while out.len() < Limit::Holders.count() {
        out.push(at);
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => module.stmt(id).parent,
            Parent::Function(_) | Parent::Class(_) | Parent::None => break,
        };
    }
    out
}

/// Whether what is below runs only sometimes.
fn holds_alone(module: &Module, at: Parent, below: Option<Parent>) -> bool {
    match at {
        Parent::Expr(id) => match module.kind(id) {
            ExprKind::Cond { test, .. } => below != Some(Parent::Expr(*test)),
            ExprKind::Binary { op, right, .. } if matches!(module.str(*op), "and" | "or" | "??") => below == Some(Parent::Expr(*right)),
            ExprKind::Comp(_) | ExprKind::Lambda(_) => true,
            _ => false,
        },
        Parent::Stmt(id) => match &module.stmt(id).kind {
            // Where a branch goes on to the second, both run.
            StmtKind::If { test, .. } if below == Some(Parent::Expr(*test)) => false,
            StmtKind::If { then, orelse, .. } => [then, orelse]
                .into_iter()
                .any(|block| matches!(below, Some(Parent::Stmt(stmt)) if block.contains(&stmt)) && leaves(module, block)),
            StmtKind::Loop { iterable, .. } => below != iterable.map(Parent::Expr),
            StmtKind::Switch { subject, .. } => below != Some(Parent::Expr(*subject)),
            // What comes after a `try` may come after its failure.
            StmtKind::Try { .. } => true,
            StmtKind::Return(_) | StmtKind::Raise(_) => true,
            _ => false,
        },
        _ => false,
    }
}

/// Whether a block ends the run of its function or loop.
fn leaves(module: &Module, block: &[StmtId]) -> bool {
    let ends = |stmt: &StmtId| {
        matches!(
            module.stmt(*stmt).kind,
            StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Break | StmtKind::Continue
        )
    };
    block.last().is_some_and(ends)
}

/// At the nearest common holder: whether the two stand in parts of it that run one after the other.
fn joined(module: &Module, at: Parent, below: Option<Parent>, around: &[Parent], second: ExprId) -> bool {
    let place = around.iter().position(|&parent| parent == at);
    let other = match place {
        Some(0) | None => Parent::Expr(second),
        Some(index) => around.get(index - 1).copied().unwrap_or(Parent::None),
    };
    match at {
        Parent::Stmt(id) => {
            let is_in = |block: &[StmtId], part: Option<Parent>| matches!(part, Some(Parent::Stmt(stmt)) if block.contains(&stmt));
            match &module.stmt(id).kind {
                StmtKind::If { .. } | StmtKind::Switch { .. } | StmtKind::Try { .. } => {
                    let blocks = module.stmt_blocks(id);
                    let one = blocks.iter().position(|block| is_in(block, below));
                    let two = blocks.iter().position(|block| is_in(block, Some(other)));
                    match (one, two) {
                        // The test runs before each branch.
                        (None, _) => true,
                        (one, two) => one == two,
                    }
                }
                _ => true,
            }
        }
        Parent::Expr(id) => {
            !matches!(module.kind(id), ExprKind::Cond { .. })
                && !matches!(module.kind(id), ExprKind::Binary { op, .. } if matches!(module.str(*op), "or" | "and" | "??"))
        }
        Parent::Function(_) => true,
        Parent::Class(_) | Parent::None => false,
    }
}
