//! Iterables that bring what arrives, one at a time and in its own time: sockets, queues, consumers, subscriptions.

use crate::ir::{ExprId, ExprKind, Module};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::vocabulary::List;

/// Libraries whose things are iterated as they arrive.
const LIBRARIES: [&str; 16] = [
    "websockets.",
    "websocket.",
    "starlette.websockets.",
    "fastapi.WebSocket",
    "aiohttp.ClientWebSocketResponse",
    "aiohttp.web.WebSocketResponse",
    "httpx_ws.",
    "aiokafka.",
    "kafka.",
    "confluent_kafka.",
    "aio_pika.",
    "nats.",
    "aiomqtt.",
    "asyncio_mqtt.",
    "pulsar.",
    "zmq.",
];

/// Whether iterating an expression waits for what arrives.
pub fn is_stream(resolver: &dyn Resolver, file: FileId, iterable: ExprId) -> bool {
    let module = resolver.module(file);
    let iterable = module.unawaited(iterable);
    if let Some(call) = module.call(iterable) {
        let brings = matches!(
            call.method(),
            Some("listen" | "iter_text" | "iter_bytes" | "iter_json" | "iter_any" | "iterator" | "messages" | "subscribe" | "consume")
        );
        if let Some(receiver) = call.receiver().filter(|_| brings) {
            return is_source(resolver, file, receiver);
        }
    }
    is_source(resolver, file, iterable)
}

fn is_source(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    match resolver.value(file, expr) {
        Value::External(name) | Value::ExternalInstance(name) => {
            LIBRARIES.iter().any(|library| name.starts_with(library)) || name.starts_with("redis.") && name.contains("pubsub")
        }
        Value::Unknown => is_called_so(resolver.module(file), expr),
        _ => false,
    }
}

fn is_called_so(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => List::Arriving.has(module.str(*name)),
        _ => false,
    }
}
