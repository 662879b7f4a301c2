//! Which database table a Drizzle table constant stands for.

use crate::ir::{Call, ExprId, ExprKind, TemplatePart};
use crate::libraries::shared::objects::{self, ExprPlace};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::Value;

/// Objects that are spread into each other on the way to a table.
const MAX_SPREADS: u32 = 4;

/// A table as a chain names it.
#[derive(Clone, Debug, Default)]
pub struct ChainTable {
    /// Name in the database, or the variable's.
    pub name: String,
    /// The name that the query gives it, where it gives one.
    pub alias: Option<String>,
    /// As written in the chain.
    pub text: String,
    /// The call that makes it.
    pub definition: Option<ExprPlace>,
}

/// The table that an expression leads to; `None` when it leads to something else or nowhere.
pub fn resolve(resolver: &dyn Resolver, place: ExprPlace) -> Option<ChainTable> {
    let definition = resolver.definition(place.0, place.1)?;
    let module = resolver.module(definition.0);
    let call = module.call(definition.1)?;
    let text = resolver.module(place.0).dotted(place.1).unwrap_or_default();
    if call.method() == Some("alias") {
        let inner = call.arg(0).filter(|&arg| arg != place.1)?;
        let inner_definition = resolver.definition(definition.0, inner)?;
        let inner_call = resolver.module(inner_definition.0).call(inner_definition.1)?;
        return Some(ChainTable {
            name: table_name(resolver, inner_definition, inner_call)?,
            alias: call.arg(1).and_then(|name| module.string(name)).map(ToOwned::to_owned),
            text,
            definition: Some(definition),
        });
    }
    Some(ChainTable {
        name: table_name(resolver, definition, call)?,
        alias: None,
        text,
        definition: Some(definition),
    })
}

/// The name in `pgTable('users', { … })` and its like.
fn table_name(resolver: &dyn Resolver, place: ExprPlace, call: Call<'_>) -> Option<String> {
    // `pgTable(…).enableRLS()`, `pgView('v').as(…)`.
    let call = *call.chain().first()?;
    let method = call.method()?;
    let lower = method.to_ascii_lowercase();
    let makes = lower.ends_with("table") || lower.ends_with("view") || matches!(method, "table" | "view" | "materializedView");
    if !makes {
        return None;
    }
    let module = call.module;
    let name = module.string(call.arg(0)?)?;
    if let Some(receiver) = call.receiver() {
        return Some(match schema_name(resolver, (place.0, receiver)) {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_owned(),
        });
    }
    let prefixed = creator(resolver, (place.0, call.callee)).map(|(before, after)| format!("{before}{name}{after}"));
    Some(prefixed.unwrap_or_else(|| name.to_owned()))
}

/// The name in `pgSchema('auth')`.
fn schema_name(resolver: &dyn Resolver, place: ExprPlace) -> Option<String> {
    let (at, definition) = resolver.definition(place.0, place.1)?;
    let module = resolver.module(at);
    let call = module.call(definition)?;
    if !call.method()?.ends_with("Schema") {
        return None;
    }
    call.arg(0).and_then(|name| module.string(name)).map(ToOwned::to_owned)
}

/// What ``pgTableCreator((name) => `app_${name}`)`` puts around a name.
fn creator(resolver: &dyn Resolver, callee: ExprPlace) -> Option<(String, String)> {
    let (at, definition) = resolver.definition(callee.0, callee.1)?;
    let module = resolver.module(at);
    let call = module.call(definition)?;
    if !call.method()?.ends_with("TableCreator") {
        return None;
    }
    let (file, body) = objects::returned(resolver, (at, call.arg(0)?))?;
    let module = resolver.module(file);
    let ExprKind::Template(parts) = module.kind(body) else {
        return None;
    };
    let (mut before, mut after, mut passed) = (String::new(), String::new(), false);
    for part in parts {
        match part {
            TemplatePart::Text(text) if passed => after.push_str(module.str(*text)),
            TemplatePart::Text(text) => before.push_str(module.str(*text)),
            TemplatePart::Hole(_) => passed = true,
        }
    }
    passed.then_some((before, after))
}

/// The table that `db.query.<variable>` means: looked up in the schema that the handle was made with.
pub fn of_handle(resolver: &dyn Resolver, handle: ExprPlace, variable: &str) -> Option<ChainTable> {
    let (at, definition) = resolver.definition(handle.0, handle.1)?;
    let module = resolver.module(at);
    let call = module.call(definition)?;
    let schema = call.args.iter().find_map(|arg| module.entry(arg.value, "schema"))?;
    let (file, found) = member(resolver, (at, schema), variable, 0)?;
    let mut table = resolve(resolver, (file, found))?;
    table.text = String::new();
    Some(table)
}

/// A top-level constant of a module, or an entry of an object (through spreads).
fn member(resolver: &dyn Resolver, holder: ExprPlace, name: &str, depth: u32) -> Option<ExprPlace> {
    if depth > MAX_SPREADS {
        return None;
    }
    let module = resolver.module(holder.0);
    if let ExprKind::Object(entries) = module.kind(holder.1) {
        if let Some(value) = module.entry(holder.1, name) {
            return Some((holder.0, value));
        }
        let spreads = entries
            .iter()
            .filter(|entry| entry.key.is_none())
            .map(|entry| match module.kind(entry.value) {
                ExprKind::Spread(inner) => *inner,
                _ => entry.value,
            });
        return spreads
            .into_iter()
            .find_map(|inner: ExprId| member(resolver, (holder.0, inner), name, depth + 1));
    }
    match resolver.value(holder.0, holder.1) {
        Value::Module(file) => resolver.constant_of(file, name),
        Value::Literal(at, object) if (at, object) != holder => member(resolver, (at, object), name, depth + 1),
        _ => None,
    }
}
