//! GraphQL resolvers: graphene, strawberry, ariadne; resolver maps and code-first builders.

use super::site::EntryFile;
use super::{Decorator, Entry, EntryKind, GraphQlField};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::shared::value::FileId;
use crate::source::Span;

/// `@strawberry.field`, `@strawberry.mutation`, ariadne's `@query.field("x")`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
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
fn declared_field(site: &EntryFile<'_>, decorator: Decorator<'_>) -> Option<GraphQlField> {
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
    Some(GraphQlField {
        on: root.or_else(of_class),
        name,
    })
}

/// Ariadne: `product = ObjectType("Product")`, `@product.field("variants")`.
fn bound_field(site: &EntryFile<'_>, decorator: Decorator<'_>) -> Option<GraphQlField> {
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
    Some(GraphQlField {
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
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
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
            let field = name.map(|name| GraphQlField {
                on,
                name: camel_case(name),
            });
            push((site.file, function), label, site.module.function(function).name_span, field, out);
        }
    }
}

/// `t.field({ resolve })`, `t.prismaField({ resolve })`, `builder.queryField("x", …)`, `new GraphQLObjectType({ fields })`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    if method == "GraphQLObjectType" && call.is_new {
        return object_type(site, call, out);
    }
    let is_field = method == "field" || method.ends_with("Field") || method.ends_with("onnection");
    if call.receiver().is_none() || !is_field && !is_built(site, call) {
        return;
    }
    for arg in call.args {
        let Some(resolve) = site.module.entry(arg.value, "resolve") else {
            continue;
        };
        if let Some(function) = site.handler(resolve) {
            let name = super::site::key_of(site.module, call.id)
                .or_else(|| call.arg(0).and_then(|first| site.text(first)))
                .or_else(|| single_field(site, call));
            let on = method
                .starts_with("query")
                .then(|| "Query".to_owned())
                .or_else(|| built_type(site, call));
            let field = name.clone().map(|name| GraphQlField { on, name });
            let label = format!("GraphQL {}", name.unwrap_or_else(|| method.to_owned()));
            push(function, label, site.module.expr(resolve).span, field, out);
        }
    }
}

/// `t.int({ resolve })`: a field that a builder's callback makes of its parameter.
fn is_built(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    site.module.name(call.root()) == Some("t") && site.imports(BUILDERS)
}

/// Libraries whose builders make types in code.
const BUILDERS: &[&str] = &["@pothos/core", "@giraphql/core", "nexus", "@nexus/schema"];

/// The name in `builder.objectField(Order, "total", (t) => t.int({ … }))`.
fn single_field(site: &EntryFile<'_>, field: Call<'_>) -> Option<String> {
    let module = site.module;
    let Parent::Expr(lambda) = module.function(module.owner(field.id)).definition else {
        return None;
    };
    let Parent::Expr(outer) = module.expr(lambda).parent else {
        return None;
    };
    let outer = module
        .call(outer)
        .filter(|outer| outer.method().is_some_and(|method| method.ends_with("Field")))?;
    outer
        .args
        .iter()
        .take(2)
        .find_map(|arg| module.string(arg.value))
        .map(ToOwned::to_owned)
}

/// The type in whose declaration a builder's call for a field stands: `Order.implement({ fields: (t) => … })`,
/// `builder.prismaObject("Order", …)`, `objectType({ name: "Order", definition(t) { … } })`.
fn built_type(site: &EntryFile<'_>, field: Call<'_>) -> Option<String> {
    let module = site.module;
    let mut at = module.expr(field.id).parent;
    for _ in 0..DEEPEST_FIELD {
        at = match at {
            Parent::Expr(expr) => {
                if let Some(name) = module.call(expr).and_then(|call| declared_type(site, call)) {
                    return Some(name);
                }
                module.expr(expr).parent
            }
            Parent::Stmt(stmt) => module.stmt(stmt).parent,
            Parent::Function(function) => module.function(function).definition,
            Parent::Class(_) | Parent::None => return None,
        };
    }
    None
}

/// Expressions, statements and functions between a field and the type that it belongs to.
const DEEPEST_FIELD: usize = 16;

fn declared_type(site: &EntryFile<'_>, call: Call<'_>) -> Option<String> {
    let root = |start: &str, name: &str| {
        call.method()
            .is_some_and(|method| method.starts_with(start))
            .then(|| name.to_owned())
    };
    match call.method()? {
        "implement" => type_name(site, site.file, call.receiver()?),
        "queryType" | "queryFields" | "queryField" | "mutationType" | "mutationFields" | "mutationField" | "subscriptionType"
        | "subscriptionFields" | "subscriptionField" | "relayMutationField" => root("query", "Query")
            .or_else(|| root("subscription", "Subscription"))
            .or_else(|| Some("Mutation".to_owned())),
        "objectType"
        | "objectRef"
        | "extendType"
        | "interfaceType"
        | "simpleObject"
        | "prismaObject"
        | "prismaNode"
        | "prismaInterface"
        | "drizzleObject"
        | "drizzleNode"
        | "loadableObject"
        | "loadableNode"
        | "node"
        | "objectFields"
        | "objectField"
        | "interfaceFields"
        | "prismaObjectFields"
        | "prismaObjectField"
        | "drizzleObjectFields"
        | "drizzleObjectField" => type_name(site, site.file, call.arg(0)?),
        _ => None,
    }
}

/// The name of a type: as text, as an entry `name` or `type`, or of what a name stands for.
fn type_name(site: &EntryFile<'_>, file: FileId, expr: ExprId) -> Option<String> {
    let module = site.resolver.module(file);
    if let Some(name) = module.string(expr) {
        return Some(name.to_owned());
    }
    if let Some(named) = module.entry(expr, "name").or_else(|| module.entry(expr, "type")) {
        return module
            .string(named)
            .or_else(|| super::site::last_name(module, named))
            .map(ToOwned::to_owned);
    }
    let (at, made) = site.resolver.definition(file, expr)?;
    let holder = site.resolver.module(at);
    let given = holder.call(made).and_then(|call| holder.string(call.arg(0)?));
    given.or_else(|| super::site::last_name(module, expr)).map(ToOwned::to_owned)
}

/// `new GraphQLObjectType({ name: "Order", fields: () => ({ lines: { resolve } }) })`.
fn object_type(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let module = site.module;
    let entry = |key: &str| call.arg(0).and_then(|options| module.entry(options, key));
    let Some(name) = entry("name").and_then(|name| site.text(name)) else {
        return;
    };
    let kind = ["Query", "Mutation", "Subscription"].into_iter().find(|root| name.contains(root));
    let kind = kind.unwrap_or(&name);
    let Some(fields) = entry("fields") else { return };
    let object = match module.kind(fields) {
        ExprKind::Lambda(function) => super::site::given_back(module, *function),
        _ => Some(fields),
    };
    if let Some(object) = object {
        resolvers(site, (site.file, object), kind, true, 0, out);
    }
}

/// `const resolvers = { Query: { users: async () => … } }`, put together from as many objects and files as there are.
pub fn file(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    let module = site.module;
    for (id, expr) in module.expr_ids() {
        let ExprKind::Object(types) = &expr.kind else { continue };
        if let Some(kind) = typed_resolvers(module, id) {
            resolvers(site, (site.file, id), kind, false, 0, out);
        } else if is_map(module, id, types) {
            map(site, (site.file, id), 0, out);
        }
    }
}

/// The type whose resolvers an object is by its annotation: `const Order: OrderResolvers = {…}`.
fn typed_resolvers(module: &Module, object: ExprId) -> Option<&str> {
    let kind = annotation(module, object)?.strip_suffix("Resolvers")?;
    (kind.len() > 1).then_some(kind)
}

/// Whether an object is a map of resolvers by type: by its name, its annotation, or the root types in it.
fn is_map(module: &Module, object: ExprId, types: &[crate::ir::ObjectEntry]) -> bool {
    let bound = super::site::key_of(module, object).map(|name| name.to_ascii_lowercase());
    if bound.is_some_and(|name| name.ends_with("resolvers") || name.ends_with("resolver")) {
        return true;
    }
    let keys = types.iter().filter_map(|entry| entry.key.and_then(|key| module.string(key)));
    annotation(module, object).is_some_and(|name| matches!(name, "Resolvers" | "IResolvers"))
        || keys.into_iter().any(|name| matches!(name, "Query" | "Mutation" | "Subscription"))
}

/// The last name of the type of the variable that an object is bound to.
fn annotation(module: &Module, object: ExprId) -> Option<&str> {
    let Parent::Stmt(stmt) = module.expr(object).parent else {
        return None;
    };
    let StmtKind::Assign {
        annotation: Some(annotation),
        ..
    } = module.stmt(stmt).kind
    else {
        return None;
    };
    let name = match module.kind(annotation) {
        ExprKind::Index { base, .. } => *base,
        _ => annotation,
    };
    super::site::last_name(module, name)
}

/// Objects in objects, and files, that a map of resolvers is put together from.
const DEEPEST_MAP: u32 = 4;

/// A map of resolvers by type. Type names are capital; `resolvers: { users() {} }` has fields directly.
fn map(site: &EntryFile<'_>, place: (FileId, ExprId), depth: u32, out: &mut Vec<Entry>) {
    let Some((file, object, entries)) = entries_of(site, place, depth) else {
        return;
    };
    let module = site.resolver.module(file);
    // Its own file has it.
    if file != site.file && is_map(module, object, entries) {
        return;
    }
    for kind in entries {
        match kind.key.map(|key| module.string(key)) {
            None => map(site, (file, kind.value), depth + 1, out),
            Some(Some(name)) if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                resolvers(site, (file, kind.value), name, false, depth + 1, out);
            }
            Some(_) => {}
        }
    }
}

/// The resolvers of one type's fields: functions, or for `only_resolve` the functions in the fields' declarations.
fn resolvers(site: &EntryFile<'_>, place: (FileId, ExprId), kind: &str, only_resolve: bool, depth: u32, out: &mut Vec<Entry>) {
    let Some((file, object, fields)) = entries_of(site, place, depth) else {
        return;
    };
    let module = site.resolver.module(file);
    if file != site.file && typed_resolvers(module, object).is_some() {
        return;
    }
    for field in fields {
        let Some(key) = field.key else {
            resolvers(site, (file, field.value), kind, only_resolve, depth + 1, out);
            continue;
        };
        let Some(name) = module.string(key) else { continue };
        let resolve = if only_resolve {
            module.entry(field.value, "resolve")
        } else {
            Some(field.value)
        };
        let Some(function) = resolve.and_then(|resolve| site.handler_at(file, resolve, 0)) else {
            continue;
        };
        // A reader looks for the field; where it stands in another file, for its function there.
        let span = if file == site.file {
            module.expr(key).span
        } else {
            site.resolver.module(function.0).function(function.1).name_span
        };
        let asked = GraphQlField {
            on: Some(kind.to_owned()),
            name: name.to_owned(),
        };
        push(function, format!("GraphQL {kind}.{name}"), span, Some(asked), out);
    }
}

/// The entries of an object, or of the object that a name stands for.
fn entries_of<'s>(
    site: &EntryFile<'s>,
    (file, expr): (FileId, ExprId),
    depth: u32,
) -> Option<(FileId, ExprId, &'s [crate::ir::ObjectEntry])> {
    if depth > DEEPEST_MAP {
        return None;
    }
    let (file, expr) = match site.resolver.module(file).kind(expr) {
        ExprKind::Object(_) => (file, expr),
        _ => site.resolver.definition(file, expr)?,
    };
    match site.resolver.module(file).kind(expr) {
        ExprKind::Object(entries) => Some((file, expr, entries)),
        _ => None,
    }
}

fn push(function: (FileId, FunctionId), label: String, place: Span, field: Option<GraphQlField>, out: &mut Vec<Entry>) {
    let mut entry = Entry::new(function, EntryKind::Resolver, label, place);
    entry.is_list_capable = true;
    entry.field = field;
    out.push(entry);
}
