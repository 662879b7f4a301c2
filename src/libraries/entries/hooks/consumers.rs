//! Consumers of a broker: a loop that takes one message after the other, and functions that are given to one.

use rustc_hash::FxHashMap;

use super::super::site::EntryFile;
use super::super::{CONSUMER, Entry, EntryKind};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, LoopKind, StmtKind};
use crate::source::Span;
use crate::vocabulary::List;

/// Calls that wait for the next messages, whatever they are made on.
const TAKES: &[&str] = &["blpop", "brpop", "receive_message", "receive_messages", "xreadgroup"];
/// Calls that wait for the next messages on what brings them.
const TAKES_FROM: &[&str] = &["consume", "fetch", "get_message", "getone", "poll", "pull", "receive"];

/// `while running: for message in consumer.poll(): …`, `for message in consumer: …`.
pub fn file(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    let module = site.module;
    let mut next: Option<FxHashMap<FunctionId, Vec<Span>>> = None;
    for stmt in &module.stmts {
        let StmtKind::Loop {
            kind,
            iterable,
            body,
            is_async,
            ..
        } = &stmt.kind
        else {
            continue;
        };
        let takes = match (kind, iterable) {
            (LoopKind::ForEach, Some(iterable)) => is_source(site, module.unawaited(*iterable), *is_async),
            (LoopKind::While, _) => {
                let owner = body.first().map(|&first| module.owner_of(module.stmt(first).parent));
                let takes = owner.and_then(|owner| next.get_or_insert_with(|| takes_of(site)).get(&owner));
                takes.is_some_and(|takes| {
                    let first = takes.partition_point(|call| call.start < stmt.span.start);
                    takes.get(first).is_some_and(|&call| stmt.span.encloses(call))
                })
            }
            _ => false,
        };
        if !takes {
            continue;
        }
        let function = module.owner_of(stmt.parent);
        let title = site.title((site.file, function));
        out.push(site.own(function, EntryKind::Job, format!("{CONSUMER}{title}"), stmt.span));
    }
}

/// Where each function waits for the next messages, in the order of the text.
fn takes_of(site: &EntryFile<'_>) -> FxHashMap<FunctionId, Vec<Span>> {
    let mut all: FxHashMap<FunctionId, Vec<Span>> = FxHashMap::default();
    let module = site.module;
    let mut found: Vec<(Span, FunctionId)> = module
        .calls()
        .filter(|&call| takes_next(site, call))
        .map(|call| (module.expr(call.id).span, module.owner(call.id)))
        .collect();
    // Of those that start together the shortest first: where a range holds any, it holds that one.
    found.sort_unstable();
    for (span, owner) in found {
        all.entry(owner).or_default().push(span);
    }
    all
}

/// What is iterated is a consumer, or what it listens to.
fn is_source(site: &EntryFile<'_>, iterable: ExprId, is_async: bool) -> bool {
    let call = site.module.call(iterable);
    match call {
        Some(call) => matches!(call.method(), Some("listen" | "messages" | "subscribe")) && named(site, call),
        // A sheet is called `ws` as well.
        None => site
            .last_name(iterable)
            .is_some_and(|name| List::Arriving.has(name) && (is_async || !List::Sockets.has(name))),
    }
}

/// `consumer.poll(1.0)`, `sqs.receive_message(…)`.
fn takes_next(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    let Some(method) = call.method() else { return false };
    TAKES.contains(&method) || TAKES_FROM.contains(&method) && named(site, call)
}

fn named(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    site.receiver_name(call).is_some_and(|name| List::Arriving.has(name))
}

/// Called upon what goes by such a name, or in a file of a library for it.
fn is_queue(site: &EntryFile<'_>, call: Call<'_>) -> bool {
    named(site, call)
        || site.receiver_name(call).is_some_and(|name| List::Queues.has(name))
        || call.receiver().is_some() && site.imports(&["amqplib", "amqp-connection-manager"])
}

/// `channel.basic_consume(queue, f)`, `consumer.run({ eachMessage: f })`, `channel.consume(queue, f)`.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let handlers: Vec<ExprId> = match method {
        "basic_consume" => given(call),
        "consume" if is_queue(site, call) => given(call),
        // The keys of its options tell enough.
        "run" => {
            let options = call.arg(0);
            let keys = ["eachMessage", "eachBatch"].iter();
            options.map_or_else(Vec::new, |options| keys.filter_map(|key| site.module.entry(options, key)).collect())
        }
        _ => return,
    };
    let is_function = |expr: &ExprId| {
        matches!(
            site.module.kind(*expr),
            ExprKind::Lambda(_) | ExprKind::Name(_) | ExprKind::Attr { .. }
        )
    };
    let Some(function) = handlers.into_iter().filter(is_function).find_map(|handler| site.handler(handler)) else {
        return;
    };
    let label = format!("{CONSUMER}{}", site.title(function));
    out.push(Entry::new(function, EntryKind::Job, label, site.module.expr(call.id).span));
}

fn given(call: Call<'_>) -> Vec<ExprId> {
    let named = call.keyword("on_message_callback").or_else(|| call.keyword("callback"));
    named.into_iter().chain(call.args.iter().map(|arg| arg.value)).collect()
}
