//! Node's streams of objects: what a `Transform` or a `Writable` is made with runs for each object that is piped into it.

use super::query::Resolver;
use super::value::FileId;
use crate::ir::{ExprId, ExprKind, Module, Parent};

/// The call that makes a stream with an object, and the name of the function among its entries that runs for each object piped in.
pub fn made_with(resolver: &dyn Resolver, file: FileId, object: ExprId) -> Option<(ExprId, &'static str)> {
    let module = resolver.module(file);
    let Parent::Expr(parent) = module.expr(object).parent else {
        return None;
    };
    let call = module.call(parent)?;
    if !call.is_new || call.arg(0) != Some(object) || !takes_objects(module, object) {
        return None;
    }
    let method = match resolver.value(file, call.callee).library_name()? {
        "stream.Transform" => "transform",
        "stream.Duplex" | "stream.Writable" => "write",
        _ => return None,
    };
    Some((call.id, method))
}

/// Whether a stream takes one object after the other: bytes come in chunks, of which nobody says what a row is.
fn takes_objects(module: &Module, object: ExprId) -> bool {
    let is_on = |key: &str| {
        let value = module.entry(object, key);
        value.is_some_and(|value| matches!(module.kind(value), ExprKind::Bool(true)))
    };
    is_on("objectMode") || is_on("writableObjectMode")
}
