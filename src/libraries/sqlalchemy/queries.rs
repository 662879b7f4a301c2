//! `SQLAlchemy` (1.x queries, 2.0 statements, sync and async), `SQLModel`, `Flask-SQLAlchemy`.

mod conditions;
mod draft;
mod methods;
mod options;
mod sessions;
mod start;
mod steps;
#[cfg(test)]
mod tests;

use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::chain::{self, ChainGrammar};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::FileId;
use methods::is_known;
use start::{builder, repository_query, start};
use steps::apply;

/// The query that Flask-SQLAlchemy's `User.query` is by itself: it is gone over, handed on or given back.
pub fn root(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    matches!(module.kind(expr), ExprKind::Attr { name, .. } if module.str(*name) == "query").then(|| start(resolver, file, expr))?
}

/// The query that a call makes or runs, as far as the library's chain around it says; `None` where the call is not the library's.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_known(method) && builder(resolver, file, &call).is_none() {
        return None;
    }
    let start = |file: FileId, expr: ExprId| start(resolver, file, expr);
    let helper = |file: FileId, expr: ExprId, found: Option<Query>| repository_query(resolver, file, expr, found);
    let grammar = ChainGrammar {
        start: &start,
        known: &|call| call.method().is_some_and(is_known),
        helper: &helper,
    };
    let call = resolver.module(file).call(call.id)?;
    let chain = chain::walk(resolver, file, call, &grammar)?;
    if chain.start.library != "sqlalchemy" {
        return None;
    }
    Some(apply(resolver, chain))
}
