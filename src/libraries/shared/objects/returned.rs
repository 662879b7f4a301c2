//! The object that a function of the project gives: `where: visibleTo(user)`.

use super::{ExprPlace, Field, Fields, collect_fields};
use crate::ir::{FunctionId, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

/// Returns of a function that are read; of one with more nothing is said.
const MAX_RETURNS: usize = 8;

/// Adds what a call of a function of the project gives. `false` where the function is not known, or its returns are too many: then
/// nothing is added.
pub(super) fn collect_returned(resolver: &dyn Resolver, callee: ExprPlace, optional: bool, depth: u32, out: &mut Fields) -> bool {
    let Value::Function(file, function) = resolver.value(callee.0, callee.1) else {
        return false;
    };
    let module = resolver.module(file);
    let definition = module.function(function);
    let returns = module.returned(function);
    if definition.is_generator || returns.is_empty() || returns.len() > MAX_RETURNS {
        return false;
    }
    // A way that ends without a return gives nothing.
    let optional = optional || !ends_with_return(resolver, file, function);
    let mut sides: Vec<Fields> = Vec::new();
    for value in returns {
        let mut side = Fields::default();
        collect_fields(resolver, (file, value), optional, depth - 1, &mut side);
        out.open |= side.open;
        sides.push(side);
    }
    out.items.extend(merged(sides));
    true
}

fn ends_with_return(resolver: &dyn Resolver, file: FileId, function: FunctionId) -> bool {
    let module = resolver.module(file);
    let last = module.function(function).body.last();
    last.is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(Some(_))))
}

/// What all returns have in common stays; the rest is there only sometimes.
fn merged(sides: Vec<Fields>) -> Vec<Field> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for side in &sides {
        let mut keys: Vec<&str> = side
            .items
            .iter()
            .filter(|field| !field.optional)
            .map(|field| field.key.as_str())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            match counts.iter_mut().find(|(known, _)| known == key) {
                Some((_, count)) => *count += 1,
                None => counts.push((key.to_owned(), 1)),
            }
        }
    }
    let all = sides.len();
    let is_common = |key: &str| counts.iter().any(|(known, count)| known == key && *count == all);
    let mut out: Vec<Field> = Vec::new();
    for mut field in sides.into_iter().flat_map(|side| side.items) {
        let is_known = all > 1 && out.iter().any(|known| known.key == field.key && !known.optional);
        // `{ id } : { id: { in: ids } }`: asked in any case, by the first of the ways.
        field.optional |= is_known || !is_common(&field.key);
        out.push(field);
    }
    out
}
