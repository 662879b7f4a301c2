//! `FastAPI`'s injected functions: what the framework calls before a route.

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent};
use crate::libraries::shared::injected;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// The functions that the framework calls for a route or for another dependency: the expressions inside
/// `Depends(…)` and `Security(…)`, from defaults, annotations and their aliases, `dependencies=[…]` of the decorator
/// and of the router it belongs to. For `x: Service = Depends()` it is the annotation.
pub fn dependencies(resolver: &dyn Resolver, file: FileId, function: FunctionId) -> Vec<(FileId, ExprId)> {
    let module = resolver.module(file);
    let mut out = Vec::new();
    for param in &module.function(function).params {
        if let Some(default) = param.default {
            injected(module, file, default, param.annotation, &mut out);
        }
        if let Some(annotation) = param.annotation {
            annotated(resolver, file, annotation, &mut out);
        }
    }
    for &decorator in &module.function(function).decorators {
        let Some(call) = module.call(decorator) else { continue };
        listed(module, file, call, &mut out);
        let Some((at, definition)) = call.receiver().and_then(|receiver| resolver.definition(file, receiver)) else {
            continue;
        };
        let router = resolver.module(at);
        if let Some(made) = router.call(definition) {
            listed(router, at, made, &mut out);
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Whether an edge of a function at an expression stands for a dependency, which the framework calls for each request: what
/// `Depends(…)` is given, or the decorator that stands for one of another file.
pub fn is_dependency(module: &Module, function: FunctionId, expr: ExprId) -> bool {
    let is_given = match module.expr(expr).parent {
        Parent::Expr(outer) => module.call(outer).is_some_and(is_depends),
        _ => false,
    };
    is_given || module.function(function).decorators.contains(&expr)
}

fn is_depends(call: Call<'_>) -> bool {
    call.method().is_some_and(injected::is_depends)
}

fn injected(module: &Module, file: FileId, expr: ExprId, annotation: Option<ExprId>, out: &mut Vec<(FileId, ExprId)>) {
    let Some(call) = module.call(expr) else { return };
    if !is_depends(call) {
        return;
    }
    let inner = call.arg(0).or_else(|| call.keyword("dependency")).or(annotation);
    out.extend(inner.map(|inner| (file, inner)));
}

/// `Annotated[T, Depends(f)]`, here or behind a name.
fn annotated(resolver: &dyn Resolver, file: FileId, annotation: ExprId, out: &mut Vec<(FileId, ExprId)>) {
    let (at, expr) = match resolver.module(file).kind(annotation) {
        ExprKind::Name(_) | ExprKind::Attr { .. } => match resolver.definition(file, annotation) {
            Some(found) => found,
            None => return,
        },
        _ => (file, annotation),
    };
    let module = resolver.module(at);
    let ExprKind::Index { base, index } = module.kind(expr) else {
        return;
    };
    if !matches!(module.kind(*base), ExprKind::Name(name) | ExprKind::Attr { name, .. } if module.str(*name) == "Annotated") {
        return;
    }
    if let ExprKind::Tuple(parts) = module.kind(*index) {
        for &part in parts.iter().skip(1) {
            injected(module, at, part, parts.first().copied(), out);
        }
    }
}

fn listed(module: &Module, file: FileId, call: Call<'_>, out: &mut Vec<(FileId, ExprId)>) {
    let Some(list) = call.keyword("dependencies") else { return };
    if let ExprKind::List(items) | ExprKind::Tuple(items) = module.kind(list) {
        for &item in items {
            injected(module, file, item, None, out);
        }
    }
}
