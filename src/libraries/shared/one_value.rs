//! What holds one value or none, though it has an array's methods: results, options, effects. Their `map` runs its callback once.

use super::query::Resolver;
use super::value::{FileId, Value};
use crate::ir::{Call, ClassId, ExprId, ExprKind, Module, Parent};
use crate::libraries::shared::objects::last_name;
use crate::vocabulary::List;

/// Calls of one chain that are looked at, on either side.
const MOST_CALLS: usize = 12;

/// Whether a method that an array has as well is called on what holds at most one value.
pub fn is_one_value(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else { return false };
    // What goes through something of its own can end in a result all the same: `events().forEach(f).andThen(g)`.
    let is_mapping = matches!(call.method(), Some("map" | "flatMap" | "filter"));
    is_mapping && (goes_on(call) || comes_from(call.module, receiver) || is_typed(resolver, file, receiver))
}

/// Whether the chain goes on with a call that arrays do not have: `found.map(f).mapErr(g)`.
fn goes_on(call: &Call<'_>) -> bool {
    let module = call.module;
    let mut at = call.id;
    for _ in 0..MOST_CALLS {
        let Parent::Expr(link) = module.expr(at).parent else { return false };
        let (ExprKind::Attr { base, .. }, Parent::Expr(outer)) = (module.kind(link), module.expr(link).parent) else {
            return false;
        };
        let Some(next) = module.call(outer).filter(|next| next.callee == link && *base == at) else {
            return false;
        };
        let method = next.method().unwrap_or_default();
        let is_end = List::OneValueEnds.has(method) || List::OneValueFolds.has(method) && takes_functions(&next);
        if is_end || List::OneValueLinks.has(method) {
            return true;
        }
        if !is_shared(method) {
            return false;
        }
        at = outer;
    }
    false
}

/// `match(onSome, onNone)`, `fold(…)`.
fn takes_functions(call: &Call<'_>) -> bool {
    let is_plain = |arg: ExprId| matches!(call.module.kind(arg), ExprKind::Str(_) | ExprKind::Other(_) | ExprKind::Template(_));
    call.args.len() > 1 && !call.args.iter().any(|arg| is_plain(arg.value))
}

/// Whether a link before it says what the chain holds: `find(id).andThen(f).map(g)`.
fn comes_from(module: &Module, receiver: ExprId) -> bool {
    let mut at = module.unawaited(receiver);
    for _ in 0..MOST_CALLS {
        let Some(call) = module.call(at) else { return false };
        let method = call.method().unwrap_or_default();
        let Some(inner) = call.receiver() else { return false };
        if List::OneValueLinks.has(method) {
            return true;
        }
        if !is_shared(method) {
            return false;
        }
        at = module.unawaited(inner);
    }
    false
}

/// Methods that arrays and such holders have both, and that give a holder again.
fn is_shared(method: &str) -> bool {
    matches!(method, "map" | "flatMap" | "filter" | "tap")
}

/// Whether its library, or what the function that gives it says, makes it one.
fn is_typed(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> bool {
    let module = resolver.module(file);
    let receiver = module.unawaited(receiver);
    if resolver.value(file, receiver).library_name().is_some_and(is_of_library) {
        return true;
    }
    let (at, made) = resolver.definition(file, receiver).unwrap_or((file, receiver));
    let holder = resolver.module(at);
    let Some(call) = holder.call(holder.unawaited(made)) else {
        return false;
    };
    let Value::Function(at, function) = resolver.value(at, call.callee) else {
        return false;
    };
    let returns = resolver.module(at).function(function).returns;
    returns.is_some_and(|returns| is_type(resolver, at, returns))
}

/// `Result<Order, Gone>`, `Promise<Option<Order>>`: one of such a library, or a class of the project by such a name that is no array.
fn is_type(resolver: &dyn Resolver, file: FileId, annotation: ExprId) -> bool {
    let module = resolver.module(file);
    let ExprKind::Index { base, index } = module.kind(annotation) else {
        return false;
    };
    let name = last_name(module, *base).unwrap_or_default();
    if matches!(name, "Promise" | "PromiseLike") {
        return is_type(resolver, file, *index);
    }
    match resolver.value(file, *base) {
        Value::External(library) => List::OneValueTypes.has(name) && is_of_library(&library),
        Value::Class(at, class) => List::OneValueTypes.has(name) && !is_array(resolver, at, class),
        _ => false,
    }
}

/// `interface Result<T> extends Array<T>`.
fn is_array(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    resolver.lineage(file, class).into_iter().any(|(at, class)| {
        let module = resolver.module(at);
        module.class(class).bases.iter().any(|base| {
            let named = match module.kind(base.value) {
                ExprKind::Index { base, .. } => *base,
                _ => base.value,
            };
            matches!(last_name(module, named), Some("Array" | "ReadonlyArray"))
        })
    })
}

/// `neverthrow.ResultAsync`, `fp-ts/TaskEither`; such libraries have functions for arrays, too.
fn is_of_library(name: &str) -> bool {
    let package = name.split(['.', '/']).next().unwrap_or_default();
    let scoped = name.split('.').next().unwrap_or_default();
    let is_collection = name.split(['.', '/']).any(|part| List::ManyValueModules.has(part));
    (List::OneValueLibraries.has(package) || List::OneValueLibraries.has(scoped)) && !is_collection
}
