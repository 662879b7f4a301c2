//! What the statements between a name's definition and its use change of the object that it holds.

use super::{ExprPlace, Fields, ObjectField};
use crate::ir::{ExprId, ExprKind, Module, StmtId, StmtKind};
use crate::libraries::shared::chain;
use crate::libraries::shared::query::Resolver;
use crate::source::Span;

/// `where.status = …` between a name's definition and its use.
pub(super) fn collect_changes(resolver: &dyn Resolver, used: ExprPlace, definition: ExprPlace, out: &mut Fields) {
    let (file, expr) = used;
    let module = resolver.module(file);
    let Some(name) = module.name(expr) else { return };
    let Some(stmts) = changes(resolver, used, definition) else {
        out.open = true;
        return;
    };
    for stmt in stmts.into_iter().map(|stmt| module.stmt(stmt)) {
        match &stmt.kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => match module.kind(*target) {
                ExprKind::Attr { base, name: key } if module.name(*base) == Some(name) => out.items.push(ObjectField {
                    key: module.str(*key).to_owned(),
                    value: (file, *value),
                    optional: true,
                }),
                ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } if starts_with_name(module, *base, name) => out.open = true,
                _ => {}
            },
            StmtKind::Expr(call) => {
                let changes = module.call(*call).is_some_and(|call| {
                    let assigns =
                        call.method() == Some("assign") && call.args.first().is_some_and(|arg| module.name(arg.value) == Some(name));
                    let pushes = matches!(call.method(), Some("push" | "unshift"))
                        && call.receiver().is_some_and(|receiver| starts_with_name(module, receiver, name));
                    assigns || pushes
                });
                out.open |= changes;
            }
            _ => {}
        }
    }
}

/// The statements between a name's definition and a use of it that may change what it holds; `None` where they are too many.
pub(super) fn changes(resolver: &dyn Resolver, used: ExprPlace, definition: ExprPlace) -> Option<Vec<StmtId>> {
    let (file, used) = used;
    let module = resolver.module(file);
    let ExprKind::Name(name) = module.kind(used) else {
        return Some(Vec::new());
    };
    if definition.0 != file {
        return Some(Vec::new());
    }
    let range = Span {
        start: module.expr(definition.1).span.start,
        end: module.expr(used).span.start,
    };
    chain::few(resolver, (file, used), module.statements_on(*name, range, chain::most_additions()))
}

fn starts_with_name(module: &Module, expr: ExprId, name: &str) -> bool {
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
            _ => return module.name(at) == Some(name),
        };
    }
}
