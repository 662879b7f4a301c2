//! `NestJS` and other frameworks with decorated controllers, gateways, resolvers and processors.

use super::mounts::Router;
use super::site::{EntryFile, given_back, join, last_name, may_list, verb};
use super::{Entry, EntryKind, GraphQlField};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Module};

const CONTROLLERS: &[&str] = &["Controller", "JsonController", "RestController", "RootLevelController"];

/// Methods of a decorated class.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let definition = site.module.class(class);
    let decorators = site.decorator_names(&definition.decorators);
    let controller = decorators.iter().find(|(name, _)| CONTROLLERS.contains(name));
    let prefix = controller.map(|(_, expr)| controller_path(site, *expr));
    let resolver = decorators.iter().find(|(name, _)| *name == "Resolver").map(|(_, expr)| *expr);
    let is_resolver = resolver.is_some();
    let is_processor = decorators.iter().any(|(name, _)| matches!(*name, "Processor" | "Process"));
    let name = definition.name.map_or("", |name| site.module.str(name));
    for (function, method) in site.methods(class) {
        for (decorator, expr) in site.decorator_names(&site.module.function(function).decorators) {
            let place = site.module.expr(expr).span;
            let found = match decorator {
                "Get" | "Post" | "Put" | "Patch" | "Delete" | "All" | "Head" | "Options" | "Sse" => {
                    prefix.as_deref().map(|prefix| route(site, function, decorator, prefix, expr))
                }
                "Query" | "Mutation" | "Subscription" | "ResolveField" | "FieldResolver" | "ResolveReference" if is_resolver => {
                    let mut entry = site.own(function, EntryKind::Resolver, format!("GraphQL {decorator} {method}"), place);
                    entry.is_list_capable = decorator != "Mutation";
                    let on = match decorator {
                        "Query" | "Mutation" | "Subscription" => Some(decorator.to_owned()),
                        _ => resolver.and_then(|resolver| type_of(site.module, resolver)),
                    };
                    let name = given_name(site.module, expr).unwrap_or_else(|| method.to_owned());
                    entry.field = Some(GraphQlField { on, name });
                    Some(entry)
                }
                "Cron" | "Interval" | "Timeout" => Some(site.own(function, EntryKind::Job, format!("cron {name}.{method}"), place)),
                "Process" | "OnQueueActive" | "OnQueueCompleted" | "OnWorkerEvent" | "OnEvent" | "OnJob" => {
                    Some(site.own(function, EntryKind::Job, format!("job {name}.{method}"), place))
                }
                "MessagePattern" | "EventPattern" | "SubscribeMessage" | "RabbitSubscribe" | "RabbitRPC" | "GrpcMethod"
                | "SqsMessageHandler" => Some(site.own(function, EntryKind::Socket, format!("message {name}.{method}"), place)),
                _ => None,
            };
            out.extend(found);
        }
        let place = site.module.function(function).name_span;
        if is_processor && method == "process" {
            out.push(site.own(function, EntryKind::Job, format!("job {name}.process"), place));
        }
        if matches!(method, "onModuleInit" | "onApplicationBootstrap") {
            out.push(site.own(function, EntryKind::Startup, format!("start-up {name}.{method}"), place));
        }
    }
}

fn route(site: &EntryFile<'_>, function: FunctionId, decorator: &str, prefix: &str, expr: ExprId) -> Entry {
    let verb = verb(decorator);
    let path = site.first_text(expr).unwrap_or_default();
    let label = format!("{verb} {}", join(prefix, &path));
    let mut entry = site.own(function, EntryKind::Route, label, site.module.expr(expr).span);
    entry.is_list_capable = may_list(verb);
    entry.router = Some(Router::Application(site.file));
    entry
}

/// `@Controller("x")`, `@Controller({ path: "x" })`.
fn controller_path(site: &EntryFile<'_>, expr: ExprId) -> String {
    let argument = site.module.call(expr).and_then(|call| call.arg(0));
    let path = argument.map(|argument| site.module.entry(argument, "path").unwrap_or(argument));
    path.and_then(|path| site.text(path)).unwrap_or_default()
}

/// The type that a resolver's class stands for: `@Resolver("Order")`, `@Resolver(() => Order)`.
fn type_of(module: &Module, decorator: ExprId) -> Option<String> {
    let mut at = module.call(decorator)?.arg(0)?;
    if let ExprKind::Lambda(function) = module.kind(at) {
        at = given_back(module, *function)?;
    }
    match module.string(at) {
        Some(name) => Some(name.to_owned()),
        None => last_name(module, at).map(ToOwned::to_owned),
    }
}

/// The name that a resolver's decorator gives its field: `@ResolveField("lines")`, `@Query(() => Order, { name: "order" })`.
fn given_name(module: &Module, decorator: ExprId) -> Option<String> {
    let call = module.call(decorator)?;
    let first = call.arg(0).and_then(|first| module.string(first));
    let named = || {
        let mut options = call.args.iter().filter_map(|arg| module.entry(arg.value, "name"));
        options.find_map(|name| module.string(name))
    };
    first.or_else(named).map(ToOwned::to_owned)
}
