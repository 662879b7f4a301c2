//! Streams of objects: what a `Transform` or a `Writable` is made with runs for each row that is piped into it.

use super::{Loop, LoopForm, Parts, body, finish};
use crate::ir::{Call, ExprId, ExprKind, Module, Parent};
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
    let call = maker(module, object)?;
    let method = match call.method()? {
        "Transform" => "transform",
        "Duplex" | "Writable" => "write",
        _ => return None,
    };
    if module.entry(object, method) != Some(function) || !takes_objects(module, object) {
        return None;
    }
    let span = module.expr(call.id).span;
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

/// The call that an object is an argument of.
fn maker(module: &Module, object: ExprId) -> Option<Call<'_>> {
    let Parent::Expr(parent) = module.expr(object).parent else {
        return None;
    };
    module.call(parent).filter(|call| call.args.iter().any(|arg| arg.value == object))
}

/// Whether a stream takes one object after the other: bytes come in chunks, of which nobody says what a row is.
fn takes_objects(module: &Module, object: ExprId) -> bool {
    let is_on = |key: &str| {
        let value = module.entry(object, key);
        value.is_some_and(|value| matches!(module.kind(value), ExprKind::Bool(true)))
    };
    is_on("objectMode") || is_on("writableObjectMode")
}
