//! What a platform or a service invokes: functions of a cloud, messages to a bot, a window's messages to its process.

use super::super::site::{EntryFile, join, key_of};
use super::super::{Decorator, Entry, EntryKind, Often};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId};
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::vocabulary::List;

/// Libraries of bots, whose handlers run with each message.
const BOTS: &[&str] = &[
    "@slack/bolt",
    "botbuilder",
    "discord.js",
    "grammy",
    "node-telegram-bot-api",
    "probot",
    "telegraf",
    "whatsapp-web.js",
];

/// What a project of tRPC calls the function that makes each request's context.
const CONTEXTS: &[&str] = &["createContext", "createInnerTRPCContext", "createTRPCContext"];

fn invoked(function: (FileId, FunctionId), kind: EntryKind, label: String, place: Span) -> Entry {
    Entry::new(function, kind, label, place)
}

/// `@dp.message()`, `@app.event("x")`, `@bot.command()`, `@commands.Cog.listener()`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let is_handler = matches!(
        decorator.name,
        "action"
            | "callback_query"
            | "callback_query_handler"
            | "channel_post"
            | "command"
            | "edited_message"
            | "hybrid_command"
            | "inline_query"
            | "listener"
            | "message"
            | "message_handler"
            | "on_callback_query"
            | "on_message"
            | "shortcut"
            | "slash_command"
            | "user_command"
            | "view"
    ) || is_pressed(site, decorator);
    if !is_handler || !site.is_bot() || site.is_command_line(decorator.callee) {
        return;
    }
    let title = site.title((site.file, decorator.function));
    if title.rsplit('.').next() == Some("on_ready") {
        return;
    }
    let place = site.module.expr(decorator.expr).span;
    out.push(site.own(decorator.function, EntryKind::Socket, format!("message to {title}"), place));
}

/// Libraries whose `ui` has what members of a chat press and fill in: discord.py and what came of it.
const CHAT_UIS: &[&str] = &["discord.ui", "disnake.ui", "nextcord.ui"];

/// `@button()`, `@select()` of a view's method: it runs when somebody presses it.
fn is_pressed(site: &EntryFile<'_>, decorator: Decorator<'_>) -> bool {
    (decorator.name == "button" || decorator.name.ends_with("select")) && site.is_library(decorator.callee, CHAT_UIS)
}

/// Methods that a chat calls on a project's modals, views, buttons and menus.
pub fn class_python(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let is_called = |method: &str| matches!(method, "on_submit" | "callback" | "interaction_check" | "from_custom_id");
    let mut methods = site.methods(class).into_iter().filter(|(_, method)| is_called(method)).peekable();
    if methods.peek().is_none() {
        return;
    }
    let is_ui = |name: &String| {
        CHAT_UIS
            .iter()
            .any(|ui| name.strip_prefix(ui).is_some_and(|rest| rest.starts_with('.')))
    };
    if !site.resolver.ancestors(site.file, class).iter().any(is_ui) {
        return;
    }
    for (function, _) in methods {
        let label = format!("message to {}", site.title((site.file, function)));
        let place = site.module.function(function).name_span;
        out.push(site.own(function, EntryKind::Socket, label, place));
    }
}

/// `CommandHandler("start", f)`, `MessageHandler(filters, f)`.
pub fn call_python(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let at = match method {
        "CommandHandler" | "MessageHandler" => 1,
        "CallbackQueryHandler" | "InlineQueryHandler" => 0,
        _ => return,
    };
    let handler = call.arg(at).or_else(|| call.keyword("callback"));
    let Some(function) = handler.and_then(|handler| site.handler(handler)).filter(|_| site.is_bot()) else {
        return;
    };
    let label = format!("message to {}", site.title(function));
    out.push(invoked(function, EntryKind::Socket, label, site.module.expr(call.id).span));
}

/// Bots, Electron, Firebase, Azure, server functions, signals of the process.
pub fn call_typescript(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    match method {
        "on" | "once" | "command" | "event" | "message" | "action" | "view" | "shortcut" | "hears" | "callbackQuery" => {
            heard(site, call, out);
        }
        "handle" | "handleOnce" if receiver(site, call) == "ipcMain" => heard(site, call, out),
        "handler" if call.chain().iter().any(|link| link.method() == Some("createServerFn")) => {
            one(site, call, 0, EntryKind::Action, "server function", out);
        }
        "http" | "timer" | "storageQueue" | "serviceBusQueue" | "eventHub" | "cosmosDB" if site.imports(&["@azure/functions"]) => {
            azure(site, call, method, out);
        }
        "serve" if call.receiver().is_some_and(|bun| site.last_name(bun) == Some("Bun")) => {
            let fetch = call.arg(0).and_then(|options| site.module.entry(options, "fetch"));
            if let Some(function) = fetch.and_then(|fetch| site.handler(fetch)) {
                out.push(invoked(
                    function,
                    EntryKind::Route,
                    "ANY /".to_owned(),
                    site.module.expr(call.id).span,
                ));
            }
        }
        _ => firebase(site, call, method, out),
    }
}

fn receiver<'r>(site: &EntryFile<'r>, call: Call<'_>) -> &'r str {
    site.receiver_name(call).unwrap_or_default()
}

fn one(site: &EntryFile<'_>, call: Call<'_>, at: usize, kind: EntryKind, word: &str, out: &mut Vec<Entry>) {
    if let Some(function) = call.arg(at).and_then(|arg| site.handler(arg)) {
        let name = key_of(site.module, call.id).unwrap_or_else(|| site.title(function));
        out.push(invoked(function, kind, format!("{word} {name}"), site.module.expr(call.id).span));
    }
}

/// `app.command("/goat", f)`, `client.on("messageCreate", f)`, `ipcMain.handle("goat", f)`, `process.on("SIGTERM", f)`.
fn heard(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let Some(function) = call.args.last().and_then(|last| site.handler(last.value)) else {
        return;
    };
    let event = call.arg(0).and_then(|event| site.text(event)).unwrap_or_default();
    let place = site.module.expr(call.id).span;
    match receiver(site, call) {
        "process" if event.starts_with("SIG") || matches!(event.as_str(), "beforeExit" | "exit") => {
            out.push(Entry::hook(function, Often::Once, "the end of the process".to_owned(), place));
        }
        "ipcMain" => out.push(invoked(function, EntryKind::Socket, format!("message {event}"), place)),
        _ if matches!(event.as_str(), "ready" | "clientReady") => {}
        name if site.imports(BOTS) && call.args.len() > 1 && List::Bots.has(name) => {
            out.push(invoked(function, EntryKind::Socket, format!("message {event}"), place));
        }
        _ => {}
    }
}

/// `app.http("x", { handler })`, `app.timer("x", { handler })`.
fn azure(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let Some(options) = call.arg(1) else { return };
    let Some(function) = site.module.entry(options, "handler").and_then(|handler| site.handler(handler)) else {
        return;
    };
    let name = call.arg(0).and_then(|name| site.text(name)).unwrap_or_default();
    let (kind, label) = match method {
        "http" => (EntryKind::Route, format!("ANY {}", join("", &name))),
        "timer" => (EntryKind::Job, format!("cron {name}")),
        _ => (EntryKind::Job, format!("job {name}")),
    };
    out.push(invoked(function, kind, label, site.module.expr(call.id).span));
}

/// `onRequest(f)`, `https.onCall(f)`, `document("x").onCreate(f)`, `onSchedule("every 5 minutes", f)`.
fn firebase(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let kind = match method {
        "onRequest" => EntryKind::Route,
        "onCall" => EntryKind::Action,
        "onCreate" | "onUpdate" | "onDelete" | "onWrite" | "onPublish" | "onFinalize" | "onRun" | "onSchedule" | "onTaskDispatched"
        | "onMessagePublished" | "onObjectFinalized" | "onDocumentCreated" | "onDocumentDeleted" | "onDocumentUpdated"
        | "onDocumentWritten" | "onDispatch" => EntryKind::Job,
        _ => return,
    };
    if !site.module.imports_part("firebase-functions") {
        return;
    }
    let Some(function) = call.args.last().and_then(|last| site.handler(last.value)) else {
        return;
    };
    let name = key_of(site.module, call.id).unwrap_or_else(|| site.title(function));
    let label = match kind {
        EntryKind::Route => format!("ANY /{name}"),
        EntryKind::Action => format!("call {name}"),
        _ => format!("trigger {name}"),
    };
    out.push(invoked(function, kind, label, site.module.expr(call.id).span));
}

fn exports(site: &EntryFile<'_>, name: &str) -> bool {
    site.module.exports.iter().any(|export| site.module.str(export.name) == name)
}

/// `export const handler = async (event) => …` of AWS Lambda, Python's `lambda_handler(event, context)`, a worker's default export
/// `{ fetch, scheduled, queue }`.
pub fn file(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    for (id, function) in site.module.function_ids() {
        let name = function.name.map_or("", |name| site.module.str(name));
        let is_top = function.parent == Some(FunctionId::MODULE) && function.class.is_none();
        let params = || site.params((site.file, id));
        let is_lambda = match name {
            "lambda_handler" => params().len() == 2,
            "handler" => params().first() == Some(&"event") && exports(site, name),
            _ => false,
        };
        if is_top && is_lambda {
            out.push(site.own(id, EntryKind::Socket, format!("invocation of {name}"), function.name_span));
        }
        if is_top && CONTEXTS.contains(&name) && site.imports(&["@trpc/server"]) {
            out.push(Entry::hook(
                (site.file, id),
                Often::Always,
                "the context of a request".to_owned(),
                function.name_span,
            ));
        }
    }
    worker(site, out);
}

fn worker(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    let exported = site
        .module
        .exports
        .iter()
        .find(|export| site.module.str(export.name) == "default" && export.from.is_none());
    let Some(object) = exported.and_then(|export| export.value) else {
        return;
    };
    let object = match site.resolver.definition(site.file, object) {
        Some((file, at)) if file == site.file => at,
        _ => object,
    };
    if !matches!(site.module.kind(object), ExprKind::Object(_)) {
        return;
    }
    let found = |key: &str| -> Option<(ExprId, (FileId, FunctionId))> {
        let value = site.module.entry(object, key)?;
        Some((value, site.handler(value)?))
    };
    let handles = [
        ("fetch", EntryKind::Route, "ANY /"),
        ("scheduled", EntryKind::Job, "cron scheduled"),
        ("queue", EntryKind::Job, "job queue"),
        ("email", EntryKind::Socket, "message email"),
    ];
    // An object with a `fetch` of other things has no request first.
    let Some((_, fetch)) = found("fetch") else { return };
    if !site
        .params(fetch)
        .first()
        .is_some_and(|first| matches!(first.trim_start_matches('_'), "req" | "request"))
    {
        return;
    }
    for (key, kind, label) in handles {
        if let Some((value, function)) = found(key) {
            out.push(invoked(function, kind, label.to_owned(), site.module.expr(value).span));
        }
    }
}
