//! What methods of one instance do: `save`, `delete`, `refresh_from_db`.

use super::draft::{at_most_one, empty, table, write};
use super::methods::sync_name;
use crate::ir::{Call, ExprId, ExprKind, StmtKind, Sym};
use crate::libraries::django::queries::has_querysets;
use crate::libraries::shared::chain;
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::source::Span;
use crate::statement::Operation;
use crate::vocabulary::List;

/// Uses of a name before a `save` that are looked at, by design: of more the instance counts as one that was stored.
const MOST_USES: usize = 100;

/// `save`, `delete`, `refresh_from_db` of an instance.
pub(super) fn instance(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let name = sync_name(method);
    if !matches!(name, "save" | "delete" | "refresh_from_db") {
        return None;
    }
    let receiver = call.receiver()?;
    let mut query = empty();
    match resolver.value(file, receiver) {
        Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class) => {
            match resolver.model_library(at, class) {
                Some(tool) if has_querysets(tool.name()) => query.library = tool.name(),
                // A type of the API that shares its model's name stands where the model's instance does.
                None if takes_model_arguments(call) => {
                    named_instance(resolver, call, receiver, &mut query)?;
                    return Some(saved(query, call, method));
                }
                // A mixin passes on what comes after it in the model that takes it.
                None if passes_on(call, method) && resolver.value(file, call.callee).is_unknown() => {
                    let class = call.module.enclosing_class(call.module.owner(call.id))?;
                    table(&mut query, call.module.str(call.module.class(class).name?).to_owned());
                    return Some(saved(query, call, method));
                }
                _ => return None,
            }
            // An override of the project ends in `super().save()`, which counts.
            if matches!(resolver.value(file, call.callee), Value::Function(..)) {
                return None;
            }
            let name = resolver.module(at).class(class).name?;
            table(&mut query, resolver.module(at).str(name).to_owned());
            query.model = Some(RowModel::Class(at, class));
        }
        Value::ExternalInstance(base) if base.starts_with("django.db.models.") && base.ends_with("Model") => {
            let module = call.module;
            let class = module.enclosing_class(module.owner(call.id))?;
            let name = module.class(class).name?;
            table(&mut query, module.str(name).to_owned());
        }
        Value::Unknown => named_instance(resolver, call, receiver, &mut query)?,
        _ if takes_model_arguments(call) => named_instance(resolver, call, receiver, &mut query)?,
        _ => return None,
    }
    Some(saved(query, call, method))
}

fn saved(mut query: Query, call: &Call<'_>, method: &str) -> Query {
    let name = sync_name(method);
    query.executed = true;
    query.blocking = name == method && !chain::is_awaited(call.module, call.id);
    if name == "refresh_from_db" {
        at_most_one(&mut query);
    } else {
        query.model = None;
        write(
            &mut query,
            match name {
                "delete" => Operation::Delete,
                _ if is_new(call) => Operation::Insert,
                _ => Operation::Update,
            },
        );
    }
    query
}

/// Whether an instance is made in the same function and was not stored before: `channel = Channel(kind="pd")`, then `channel.save()`.
fn is_new(call: &Call<'_>) -> bool {
    let module = call.module;
    let Some(&ExprKind::Name(name)) = call.receiver().map(|receiver| module.kind(receiver)) else {
        return false;
    };
    let start = module.expr(call.id).span.start;
    let function = module.function(module.owner(call.id));
    let range = Span {
        start: function.span.start,
        end: start,
    };
    let before = module.statements_on(name, range, MOST_USES).into_iter();
    let last = before.filter_map(|stmt| match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if *module.kind(target) == ExprKind::Name(name) => Some(value),
        _ => None,
    });
    let made = last.last().and_then(|value| module.call(value));
    let is_class = |text: &str| text.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase));
    // A key of its own may be that of a row.
    made.is_some_and(|made| {
        let has_key = made
            .args
            .iter()
            .any(|arg| arg.name.is_some_and(|name| List::PrimaryKeys.has(module.str(name))));
        !has_key && !made.is_open() && module.dotted(made.callee).is_some_and(|text| is_class(&text))
    }) && !stored_before(call, name, start)
}

/// Whether the instance was saved earlier in the function.
fn stored_before(call: &Call<'_>, name: Sym, start: u32) -> bool {
    let module = call.module;
    module
        .calls_on_before(name, call.id)
        .take(MOST_USES)
        .filter(|&earlier| module.owner(earlier) == module.owner(call.id) && module.expr(earlier).span.start < start)
        .any(|earlier| module.call(earlier).is_some_and(|one| one.method() == Some("save")))
}

/// `super().save(*args, **kwargs)` in `save`.
fn passes_on(call: &Call<'_>, method: &str) -> bool {
    let module = call.module;
    let is_super = call
        .receiver()
        .and_then(|receiver| module.call(receiver))
        .is_some_and(|inner| module.name(inner.callee) == Some("super"));
    let own = module.function(module.owner(call.id)).name.map(|name| module.str(name));
    let spreads = call
        .args
        .iter()
        .filter(|arg| matches!(module.kind(arg.value), ExprKind::Spread(_)))
        .count();
    is_super && own == Some(method) && spreads == 2
}

/// Arguments that only instances of Django's models take.
fn takes_model_arguments(call: &Call<'_>) -> bool {
    ["update_fields", "force_insert", "force_update"]
        .iter()
        .any(|key| call.keyword(key).is_some())
}

/// `order.save(update_fields=[…])` of an instance of unknown type: only Django's instances take such arguments, and the variable
/// is called after its model.
fn named_instance(resolver: &dyn Resolver, call: &Call<'_>, receiver: ExprId, query: &mut Query) -> Option<()> {
    let module = call.module;
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return None,
    };
    let model = camel(name);
    let is_model = resolver.knows_table(&model);
    let imports_models = || crate::libraries::shared::query_builder::imports(module, &["django", "models"]);
    let is_one = takes_model_arguments(call) || is_model && call.args.is_empty() && imports_models();
    if !is_one {
        return None;
    }
    if is_model {
        table(query, model);
    }
    Some(())
}

/// `order_line` as `OrderLine`.
fn camel(name: &str) -> String {
    let parts = name.split('_').map(|part| {
        let mut chars = part.chars();
        chars
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    });
    parts.collect()
}
