//! Clients that a generator lends: to a start-up, which keeps them, or to each request.

use crate::ir::{ExprId, ExprKind, FunctionId, LoopKind, Module, Parent, StmtId, StmtKind};
use crate::judge::reach::{self, Reached};
use crate::libraries::entries;
use crate::libraries::shared::api_names;
use crate::project::Project;
use crate::project::graph::FnId;

/// Context managers inside context managers that are followed.
const HOPS: u32 = 4;

/// Whether what a generator lends ends with the request or the job that took it: every call that leads to it enters it with `with`
/// on such a path, or a framework calls it for each request (`Depends(client)`). A lifespan is passed, and entered by its server.
pub fn ends_with_request(project: &Project, callers: &[Vec<(FnId, ExprId)>], generator: FnId) -> bool {
    ends(project, callers, generator, 0)
}

fn ends(project: &Project, callers: &[Vec<(FnId, ExprId)>], generator: FnId, depth: u32) -> bool {
    let node = project.graph.function(generator);
    let is_manager = is_context_manager(project.code.module(node.file), node.id);
    let takes = callers.get(generator.index()).map(Vec::as_slice).unwrap_or_default();
    let ends_here = |&(taker, expr): &(FnId, ExprId)| {
        let from = project.graph.function(taker);
        let module = project.code.module(from.file);
        if entries::is_dependency(module, from.id, expr) {
            return true;
        }
        if !is_manager || !is_entered(module, expr) || taker == generator {
            return false;
        }
        if module.function(from.id).is_generator {
            return depth < HOPS && ends(project, callers, taker, depth + 1);
        }
        match reach::of(project, taker).level {
            Reached::Request => true,
            Reached::Job => !serves_on(module, expr),
            _ => false,
        }
    };
    !takes.is_empty() && takes.iter().all(ends_here)
}

/// `@contextmanager`, `@asynccontextmanager`.
fn is_context_manager(module: &Module, function: FunctionId) -> bool {
    let mut decorators = module.function(function).decorators.iter();
    decorators.any(|&decorator| module.dotted(decorator).is_some_and(|name| api_names::makes_context_manager(&name)))
}

/// Whether a call stands behind `with` itself: `with pool() as held`, not `stack.enter_context(pool())`.
fn is_entered(module: &Module, call: ExprId) -> bool {
    matches!(module.expr(call).parent, Parent::Stmt(stmt) if matches!(module.stmt(stmt).kind, StmtKind::With { .. }))
}

/// Whether a `while True` stands in the `with`, also in a `try`: a worker's, which keeps what it took while it runs.
fn serves_on(module: &Module, call: ExprId) -> bool {
    let Parent::Stmt(with) = module.expr(call).parent else {
        return false;
    };
    let is_endless = |stmt: StmtId| match module.stmt(stmt).kind {
        StmtKind::Loop {
            kind: LoopKind::While,
            test,
            ..
        } => test.is_none_or(|test| matches!(module.kind(test), ExprKind::Bool(true))),
        _ => false,
    };
    let within = |stmt: StmtId| module.stmt_blocks(stmt).into_iter().flatten().copied();
    within(with).any(|stmt| is_endless(stmt) || matches!(module.stmt(stmt).kind, StmtKind::Try { .. }) && within(stmt).any(is_endless))
}
