//! Functions that a stream of objects is made with: a loop over what is piped into it.

use super::{Loop, LoopParts, body, finish};
use crate::ir::{ExprId, ExprKind, Parent};
use crate::libraries::shared::pipes::made_with;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;

/// The loop that a function is the body of, as one of the functions in the object that a stream is made with.
pub(super) fn around(eval: &Evaluator<'_>, file: FileId, object: ExprId, function: Parent, anchor: ExprId) -> Option<Loop> {
    let module = eval.module(file);
    let Parent::Expr(function) = function else { return None };
    let &ExprKind::Lambda(id) = module.kind(function) else {
        return None;
    };
    let (call, method) = made_with(eval, file, object)?;
    if module.entry(object, method) != Some(function) {
        return None;
    }
    let parts = LoopParts {
        names: body::parameter_names(module, id),
        body: module.function(id).body.to_vec(),
        ..LoopParts::of_callback(module, (call, method), function, anchor)
    };
    Some(finish(eval, file, parts, false))
}
