//! GraphQL resolvers: graphene, strawberry, ariadne; resolver maps and code-first builders.

use super::site::Site;
use super::{Decorator, Entry, EntryKind, Field};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId};
use crate::libraries::shared::value::FileId;
use crate::source::Span;

/// `@strawberry.field`, `@strawberry.mutation`, ariadne's `@query.field("x")`.
pub fn decorated(site: &Site<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    if !matches!(
        decorator.name,
        "field" | "mutation" | "subscription" | "offset_paginated" | "connection"
    ) {
        return;
    }
    let is_library = site.is_library(
        decorator.callee,
        &["strawberry", "strawberry_django", "ariadne", "strawberry.django"],
    ) || site
        .module
        .dotted(decorator.callee)
        .is_some_and(|name| name.starts_with("strawberry"));
    let is_ariadne = decorator.name == "field" && decorator.call.is_some() && site.imports(&["ariadne"]);
    if !is_library && !is_ariadne {
        return;
    }
    let label = format!("GraphQL {} {}", decorator.name, site.title((site.file, decorator.function)));
    let function = (site.file, decorator.function);
    let field = if is_library {
        declared_field(site, decorator)
    } else {
        bound_field(site, decorator)
    };
    push(function, label, site.module.expr(decorator.expr).span, field, out);
}

/// Strawberry: the class is the type, and the method's name in camel case the field.
fn declared_field(site: &Site<'_>, decorator: Decorator<'_>) -> Option<Field> {
    let module = site.module;
    let definition = module.function(decorator.function);
    let given = |call: Option<Call<'_>>| Some(module.string(call?.keyword("name")?)?.to_owned());
    let name = given(decorator.call).or_else(|| Some(camel_case(module.str(definition.name?))))?;
    let root = match decorator.name {
        "mutation" => Some("Mutation".to_owned()),
        "subscription" => Some("Subscription".to_owned()),
        _ => None,
    };
    let of_class = || {
        let class = module.class(definition.class?);
        let named = class.decorators.iter().find_map(|&decorator| given(module.call(decorator)));
        named.or_else(|| Some(module.str(class.name?).to_owned()))
    };
    Some(Field {
        on: root.or_else(of_class),
        name,
    })
}

/// Ariadne: `product = ObjectType("Product")`, `@product.field("variants")`.
fn bound_field(site: &Site<'_>, decorator: Decorator<'_>) -> Option<Field> {
    let call = decorator.call?;
    let of_type = || {
        let (file, made) = site.resolver.definition(site.file, call.receiver()?)?;
        let module = site.resolver.module(file);
        let made = module.call(made)?;
        match made.method()? {
            "QueryType" => Some("Query".to_owned()),
            "MutationType" => Some("Mutation".to_owned()),
            _ => Some(module.string(made.arg(0)?)?.to_owned()),
        }
    };
    Some(Field {
        on: of_type(),
        name: site.text(call.arg(0)?)?,
    })
}

/// `experiment_runs` as the schema has it: `experimentRuns`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// graphene's `resolve_x` and `mutate`.
pub fn class(site: &Site<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let ancestors = site.resolver.ancestors(site.file, class);
    let last = |ancestor: &String| ancestor.rsplit('.').next().unwrap_or("").to_owned();
    let is_mutation = ancestors.iter().any(|ancestor| last(ancestor).ends_with("Mutation"));
    // Query mixins are plain classes that are put together elsewhere.
    let is_type = is_mutation
        || site.imports(&["graphene", "graphene_django"])
        || ancestors
            .iter()
            .any(|ancestor| matches!(last(ancestor).as_str(), "ObjectType" | "DjangoObjectType" | "ModelObjectType"));
    if !is_type {
        return;
    }
    for (function, method) in site.methods(class) {
        let is_resolver =
            method.starts_with("resolve_") || is_mutation && matches!(method, "mutate" | "perform_mutation" | "mutate_and_get_payload");
        if is_resolver {
            let label = format!("GraphQL {}", site.title((site.file, function)));
            let name = method.strip_prefix("resolve_");
            let on = site.module.class(class).name.map(|name| site.module.str(name).to_owned());
            let field = name.map(|name| Field {
                on,
                name: camel_case(name),
            });
            push((site.file, function), label, site.module.function(function).name_span, field, out);
        }
    }
}

/// `t.field({ resolve })`, `t.prismaField({ resolve })`, `builder.queryField("x", …)`.
pub fn call(site: &Site<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let is_field = method == "field" || method.ends_with("Field") || method.ends_with("onnection") || method == "relayMutationField";
    if !is_field || call.receiver().is_none() {
        return;
    }
    for arg in call.args {
        let Some(resolve) = site.module.entry(arg.value, "resolve") else {
            continue;
        };
        if let Some(function) = site.handler(resolve) {
            let name = super::site::key_of(site.module, call.id).or_else(|| call.arg(0).and_then(|first| site.text(first)));
            let on = method.starts_with("query").then(|| "Query".to_owned());
            let field = name.clone().map(|name| Field { on, name });
            let label = format!("GraphQL {}", name.unwrap_or_else(|| method.to_owned()));
            push(function, label, site.module.expr(resolve).span, field, out);
        }
    }
}

/// `const resolvers = { Query: { users: async () => … } }`.
pub fn file(site: &Site<'_>, out: &mut Vec<Entry>) {
    let module = site.module;
    for (id, expr) in module.expr_ids() {
        let ExprKind::Object(types) = &expr.kind else { continue };
        let bound = super::site::key_of(module, id);
        let is_map = bound
            .as_deref()
            .is_some_and(|name| name.to_ascii_lowercase().ends_with("resolvers"));
        let has_roots = types
            .iter()
            .filter_map(|entry| entry.key.and_then(|key| module.string(key)))
            .any(|name| matches!(name, "Query" | "Mutation" | "Subscription"));
        if !is_map && !has_roots {
            continue;
        }
        for kind in types {
            let name = kind.key.and_then(|key| module.string(key)).unwrap_or("");
            // Type names are capital; `resolvers: { users() {} }` has fields directly.
            if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
                continue;
            }
            fields(site, name, kind.value, out);
        }
    }
}

fn fields(site: &Site<'_>, kind: &str, object: ExprId, out: &mut Vec<Entry>) {
    let ExprKind::Object(fields) = site.module.kind(object) else {
        return;
    };
    for field in fields {
        let Some(name) = field.key.and_then(|key| site.module.string(key)) else {
            continue;
        };
        if let Some(function) = site.handler(field.value) {
            let place = field.key.map_or(Span::default(), |key| site.module.expr(key).span);
            let asked = Field {
                on: Some(kind.to_owned()),
                name: name.to_owned(),
            };
            push(function, format!("GraphQL {kind}.{name}"), place, Some(asked), out);
        }
    }
}

fn push(function: (FileId, FunctionId), label: String, place: Span, field: Option<Field>, out: &mut Vec<Entry>) {
    let mut entry = Entry::new(function, EntryKind::Resolver, label, place);
    entry.is_list_capable = true;
    entry.field = field;
    out.push(entry);
}
