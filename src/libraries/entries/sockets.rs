//! Handlers of socket messages.

use super::site::EntryFile;
use super::{Decorator, Entry, EntryKind};
use crate::ir::{Call, ClassId};
use crate::vocabulary::List;

/// `@router.websocket("/ws")`, `@socketio.on("x")`, `@sio.event`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let is_socket = match decorator.name {
        "websocket" | "websocket_route" => decorator.call.is_some(),
        "on" | "event" => site.imports(&["socketio", "flask_socketio", "discord", "telethon", "pyrogram"]),
        _ => false,
    };
    if !is_socket {
        return;
    }
    let name = site
        .first_text(decorator.expr)
        .unwrap_or_else(|| site.title((site.file, decorator.function)));
    let place = site.module.expr(decorator.expr).span;
    out.push(site.own(decorator.function, EntryKind::Socket, format!("socket {name}"), place));
}

/// Channels' consumers, Tornado's socket handlers.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let ancestors = site.resolver.ancestors(site.file, class);
    let is_consumer = ancestors.iter().any(|ancestor| {
        let last = ancestor.rsplit('.').next().unwrap_or(ancestor);
        last.ends_with("WebsocketConsumer")
            || matches!(
                last,
                "AsyncConsumer" | "SyncConsumer" | "WebSocketHandler" | "WebSocketEndpoint" | "AsyncHttpConsumer"
            )
    });
    if !is_consumer {
        return;
    }
    for (function, method) in site.methods(class) {
        if matches!(
            method,
            "connect"
                | "receive"
                | "receive_json"
                | "disconnect"
                | "on_message"
                | "on_receive"
                | "on_connect"
                | "on_disconnect"
                | "open"
                | "websocket_receive"
        ) {
            let label = format!("socket {}", site.title((site.file, function)));
            out.push(site.own(function, EntryKind::Socket, label, site.module.function(function).name_span));
        }
    }
}

/// `io.on("connection", f)`, `socket.on("x", f)`, `wss.on("connection", f)` on a server.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    if !matches!(method, "on" | "once") || call.args.len() < 2 || site.imports(&["socket.io-client"]) {
        return;
    }
    let receiver = site.receiver_name(call).unwrap_or("").to_ascii_lowercase();
    let near = site.imports(&[
        "socket.io",
        "ws",
        "@fastify/websocket",
        "express-ws",
        "uWebSockets.js",
        "@socket.io",
    ]);
    let is_server = List::SocketServers.has(&receiver);
    let is_socket = near && List::SocketHandles.has(&receiver);
    if !is_server && !is_socket {
        return;
    }
    let (Some(event), Some(handler)) = (call.arg(0).and_then(|event| site.text(event)), call.arg(1)) else {
        return;
    };
    if let Some(function) = site.handler(handler) {
        out.push(Entry::new(
            function,
            EntryKind::Socket,
            format!("socket {event}"),
            site.module.expr(call.id).span,
        ));
    }
}
