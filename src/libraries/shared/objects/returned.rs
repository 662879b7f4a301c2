//! The object that a function of the project gives: `where: visibleTo(user)`.

use super::{ExprPlace, Fields, ObjectField, collect_fields};
use crate::ir::{FunctionId, Module, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::Value;

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
    let is_whole = ends_with_return(module, function);
    out.open |= !is_whole;
    let optional = optional || !is_whole;
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

/// Whether a function's last statement is one that gives something on each way, as far as its form says it.
fn ends_with_return(module: &Module, function: FunctionId) -> bool {
    let last = module.function(function).body.last();
    last.is_some_and(|&last| match &module.stmt(last).kind {
        StmtKind::Return(value) => value.is_some(),
        StmtKind::If { orelse, .. } => !orelse.is_empty(),
        StmtKind::Raise(_) | StmtKind::Switch { .. } | StmtKind::Try { .. } | StmtKind::With { .. } => true,
        _ => false,
    })
}

/// What all returns have in common stays; the rest is there only sometimes.
fn merged(sides: Vec<Fields>) -> Vec<ObjectField> {
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
    let mut out: Vec<ObjectField> = Vec::new();
    for mut field in sides.into_iter().flat_map(|side| side.items) {
        let is_known = all > 1 && out.iter().any(|known| known.key == field.key && !known.optional);
        // `{ id } : { id: { in: ids } }`: asked in any case, by the first of the ways.
        field.optional |= is_known || !is_common(&field.key);
        out.push(field);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::libraries::testing::query;

    /// The columns of a query whose conditions a helper gives, those that are asked only sometimes with a mark; whether there may be more.
    fn asked(helper: &str) -> (Vec<String>, bool) {
        let head = "import { PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\n";
        let found = query(
            &format!("{head}{helper}\nawait prisma.boat.findMany({{ where: {{ AND: [seen(id), {{ name }}] }} }});"),
            &["boat"],
        );
        let filters = found.statement.filters.iter();
        let names = filters.map(|filter| format!("{}{}", filter.column.column, if filter.optional { "?" } else { "" }));
        (names.collect(), found.open_filters)
    }

    #[test]
    fn what_a_helper_always_gives_is_asked_in_any_case() {
        let all = |names: &[&str], open: bool| (names.iter().map(ToString::to_string).collect::<Vec<_>>(), open);
        assert_eq!(
            asked("const seen = (quayId) => ({ quayId, sunk: null });"),
            all(&["quayId", "sunk", "name"], false)
        );
        assert_eq!(
            asked("function seen(quayId) { if (!admin) { return { quayId, sunk: null }; } return { quayId }; }"),
            all(&["quayId", "sunk?", "quayId?", "name"], false)
        );
        assert_eq!(
            asked("function seen(quayId) { switch (kind) { case 'a': return { quayId, a: 1 }; default: return { quayId }; } }"),
            all(&["quayId", "a?", "quayId?", "name"], false)
        );
        assert_eq!(
            asked("function seen(quayId) { if (quayId) return undefined; return { quayId }; }"),
            all(&["quayId?", "name"], false)
        );
        // What is not known can be more.
        assert_eq!(
            asked("function seen(quayId) { if (quayId) return { quayId }; }"),
            all(&["quayId?", "name"], true)
        );
        assert_eq!(
            asked("function seen(given) { return { ...given, sunk: null }; }"),
            all(&["sunk", "name"], true)
        );
        assert_eq!(asked("import { seen } from 'elsewhere';"), all(&["name"], true));
    }
}
