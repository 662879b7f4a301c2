//! Functions that a stream of objects is made with: a loop over what is piped into it.

use super::{Loop, LoopForm, Parts, body, finish};
use crate::ir::{ExprId, ExprKind, Parent};
use crate::libraries::shared::pipes::made_with;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::source::Span;

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
    let span = module.expr(call).span;
    let parts = Parts {
        form: LoopForm::Callback(method.to_owned()),
        span,
        header: Span {
            start: span.start,
            end: module.expr(function).span.start,
        },
        iterable: None,
        test: None,
        targets: Vec::new(),
        names: body::parameter_names(module, id),
        stmt: None,
        is_counter: false,
        is_async: false,
        body: module.function(id).body.to_vec(),
        anchor,
    };
    Some(finish(eval, file, parts, false))
}
