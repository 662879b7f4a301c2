//! TypeScript calls that hand functions to a framework: hooks of documents and statements, callbacks of sign-in, contexts of GraphQL and
//! tRPC.

use super::super::site::EntryFile;
use super::super::{Entry, Often};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, ObjectEntry};
use crate::libraries::shared::value::FileId;
use crate::vocabulary::List;

/// Calls that take the function that makes each request's context.
const CONTEXTS: &[&str] = &[
    "ApolloServer",
    "createContext",
    "createExpressMiddleware",
    "createHTTPHandler",
    "createHTTPServer",
    "createHandler",
    "createNextApiHandler",
    "createYoga",
    "expressMiddleware",
    "fastifyApollo",
    "fetchRequestHandler",
    "koaMiddleware",
    "startServerAndCreateLambdaHandler",
    "startServerAndCreateNextHandler",
    "startStandaloneServer",
    "trpcServer",
];
/// Packages of those calls, by how their names begin.
const SERVERS: &[&str] = &[
    "@apollo/",
    "@as-integrations/",
    "@hono/trpc-server",
    "@trpc/",
    "apollo-server",
    "graphql-http",
    "graphql-yoga",
];

/// What a call hands to its framework.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    match method {
        "use" if is_trpc(site) || site.receiver_name(call).is_some_and(|name| name.ends_with("rocedure")) => {
            each(site, call, 0, Often::Always, "middleware of tRPC", out);
        }
        "pre" | "post" => documents(site, call, out),
        "addHook" => around_writes(site, call, out),
        "$use" => each(site, call, 0, Often::Always, "every statement of the client", out),
        "$extends" => extended(site, call, out),
        "middleware" if is_trpc(site) => each(site, call, 0, Often::Always, "middleware of tRPC", out),
        "deserializeUser" => each(site, call, 0, Often::Always, "authentication of a session", out),
        "serializeUser" => each(site, call, 0, Often::Act, "sign-in", out),
        _ => {}
    }
    if CONTEXTS.contains(&method) && imports_any(site, SERVERS) {
        contexts(site, call, out);
    }
    if call.is_new && method.ends_with("Strategy") {
        verified(site, call, out);
    }
    signed_in(site, call, method, out);
}

/// The function that an argument is, if it is one.
fn each(site: &EntryFile<'_>, call: Call<'_>, at: usize, often: Often, label: &str, out: &mut Vec<Entry>) {
    if let Some(function) = call.arg(at).and_then(|arg| site.handler(arg)) {
        out.push(Entry::hook(function, often, label.to_owned(), site.module.expr(call.id).span));
    }
}

fn imports_any(site: &EntryFile<'_>, starts: &[&str]) -> bool {
    starts.iter().any(|start| site.module.imports_from(start))
}

fn is_trpc(site: &EntryFile<'_>) -> bool {
    site.imports(&["@trpc/server"])
}

/// Sequelize's `Order.addHook("afterCreate", f)`.
fn around_writes(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let event = call.arg(0).and_then(|event| site.module.string(event)).unwrap_or("");
    let is_of_rows = [
        "Bulk", "Count", "Create", "Destroy", "Find", "Restore", "Save", "Update", "Upsert", "Validate",
    ]
    .iter()
    .any(|what| event.contains(what));
    let is_hook = event.starts_with("before") || event.starts_with("after");
    if !is_hook || !is_of_rows || !site.module.imports_from("sequelize") {
        return;
    }
    let Some(function) = call.args.iter().skip(1).find_map(|arg| site.handler(arg.value)) else {
        return;
    };
    let of = call.receiver().and_then(|model| site.last_name(model)).unwrap_or("a row");
    let is_read = event.contains("Find") || event.contains("Count");
    let (often, what) = if is_read { (Often::Read, "a find") } else { (Often::Act, "write") };
    out.push(Entry::hook(
        function,
        often,
        format!("{what} of {of}"),
        site.module.expr(call.id).span,
    ));
}

/// Mongoose's `schema.pre("save", f)`, `schema.post("find", f)`, `schema.pre(/^find/, f)`.
fn documents(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let receiver = site.receiver_name(call).unwrap_or_default();
    let is_schema = receiver.to_ascii_lowercase().ends_with("schema") && site.module.imports_part("mongoose");
    let Some(first) = call.arg(0).filter(|_| is_schema) else { return };
    let handler = call.args.iter().skip(1).find_map(|arg| site.handler(arg.value));
    let Some(function) = handler else { return };
    let is_read = match site.text(first) {
        Some(event) => {
            let reads = ["aggregate", "count", "distinct", "estimated", "find", "init"];
            !event.contains("And") && reads.iter().any(|start| event.starts_with(start))
        }
        // An expression fits several: most are of finds.
        None => true,
    };
    let (often, what) = if is_read { (Often::Read, "a find") } else { (Often::Act, "write") };
    let label = format!("{what} of {receiver}");
    out.push(Entry::hook(function, often, label, site.module.expr(call.id).span));
}

/// Prisma's `$extends({ query: { user: { findMany: f } } })`: what it puts around statements.
fn extended(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let around = call.arg(0).and_then(|options| site.module.entry(options, "query"));
    let Some(around) = around else { return };
    let place = site.module.expr(call.id).span;
    for (function, _) in leaves(site, around, 3) {
        out.push(Entry::hook(function, Often::Always, "statements of the client".to_owned(), place));
    }
}

/// The functions in an object, so deep, with their keys.
fn leaves<'r>(site: &EntryFile<'r>, object: ExprId, depth: u32) -> Vec<((FileId, FunctionId), &'r str)> {
    let ExprKind::Object(entries) = site.module.kind(object) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for &ObjectEntry { key, value } in entries {
        let key = key.and_then(|key| site.module.string(key)).unwrap_or("");
        match site.module.kind(value) {
            ExprKind::Object(_) if depth > 0 => out.extend(leaves(site, value, depth - 1)),
            ExprKind::Object(_) => {}
            _ => out.extend(site.handler(value).map(|function| (function, key))),
        }
    }
    out
}

/// `expressMiddleware(server, { context: f })`, `createNextApiHandler({ createContext: f })`.
fn contexts(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    for arg in call.args {
        let found = ["context", "createContext", "onRequest"]
            .iter()
            .find_map(|key| site.module.entry(arg.value, key));
        if let Some(function) = found.and_then(|value| site.handler(value)) {
            let place = site.module.expr(call.id).span;
            out.push(Entry::hook(function, Often::Always, "the context of a request".to_owned(), place));
        }
    }
}

/// Passport's `new Strategy(options, verify)`: one of tokens asks with each request, others at sign-in.
fn verified(site: &EntryFile<'_>, call: Call<'_>, out: &mut Vec<Entry>) {
    let handler = call.args.last().and_then(|last| site.handler(last.value));
    let Some(function) = handler.filter(|_| site.imports_passport()) else {
        return;
    };
    let is_token = call.method().is_some_and(|name| List::TokenStrategies.has(name));
    let (often, label) = if is_token {
        (Often::Always, "authentication")
    } else {
        (Often::Read, "the sign-in")
    };
    out.push(Entry::hook(function, often, label.to_owned(), site.module.expr(call.id).span));
}

impl EntryFile<'_> {
    /// Passport and its strategies, one package each.
    fn imports_passport(&self) -> bool {
        self.imports(&["passport", "@nestjs/passport"]) || self.module.imports_from("passport-")
    }
}

/// `NextAuth({ callbacks: { session, jwt, signIn } })`, `CredentialsProvider({ authorize })`, `betterAuth({ … })`. The options often
/// stand under a name.
fn signed_in(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let is_provider = method.starts_with("Credentials") || method.ends_with("CredentialsProvider");
    let is_auth = matches!(method, "NextAuth" | "Auth" | "SvelteKitAuth" | "ExpressAuth" | "getServerSession");
    if !is_provider && !is_auth && method != "betterAuth" {
        return;
    }
    if !imports_any(site, &["@auth/", "@next-auth/", "better-auth", "next-auth"]) {
        return;
    }
    let place = site.module.expr(call.id).span;
    for arg in call.args {
        let options = site
            .resolver
            .definition(site.file, arg.value)
            .filter(|(file, _)| *file == site.file);
        let options = options.map_or(arg.value, |(_, at)| at);
        for (function, key) in leaves(site, options, 5) {
            let (often, label) = match key {
                "session" | "jwt" if is_auth => (Often::Always, format!("callback `{key}` of a session")),
                "authorize" | "signIn" => (Often::Read, "the sign-in".to_owned()),
                _ if !is_auth && !is_provider && !["after", "before", "on", "send"].iter().any(|start| key.starts_with(start)) => continue,
                _ => (Often::Act, format!("callback `{key}` of a sign-in")),
            };
            out.push(Entry::hook(function, often, label, place));
        }
    }
}
