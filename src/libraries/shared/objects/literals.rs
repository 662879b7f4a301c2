//! What is written as a constant.

use super::ExprPlace;
use crate::ir::{ExprId, ExprKind, Module};
use crate::libraries::shared::query::Resolver;

/// A literal as SQL writes it: `'active'`, `1`, `true`, `NULL`; also through a constant's name.
pub fn literal(resolver: &dyn Resolver, place: ExprPlace) -> Option<String> {
    let module = resolver.module(place.0);
    if let ExprKind::Name(_) | ExprKind::Attr { .. } = module.kind(place.1) {
        if let Some((at, definition)) = resolver.definition(place.0, place.1)
            && (at, definition) != place
        {
            return plain_literal(resolver.module(at), definition);
        }
        return enum_member(module, place.1);
    }
    plain_literal(module, place.1)
}

fn plain_literal(module: &Module, expr: ExprId) -> Option<String> {
    if let Some(text) = module.string(expr) {
        return Some(format!("'{}'", text.replace('\'', "''")));
    }
    if let Some(number) = module.number(expr) {
        return Some(number.to_string());
    }
    match module.kind(expr) {
        ExprKind::Bool(value) => Some(value.to_string()),
        ExprKind::Null => Some("NULL".to_owned()),
        _ => None,
    }
}

/// `Status.ACTIVE`: enums of generated clients hold their own names.
fn enum_member(module: &Module, expr: ExprId) -> Option<String> {
    let ExprKind::Attr { base, name } = module.kind(expr) else {
        return None;
    };
    let holder = match module.kind(*base) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return None,
    };
    let member = module.str(*name);
    let is_constant = member.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (is_constant && holder.starts_with(|c: char| c.is_ascii_uppercase())).then(|| format!("'{member}'"))
}
