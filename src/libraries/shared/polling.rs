//! What libraries call their polling: options, sleeps, refetches, and signs of life that are no polling.

use crate::ir::{Call, ExprId, ExprKind, Language, Module};
use crate::libraries::shared::redis::waits_for_element;
use crate::vocabulary::List;

/// Options of query hooks that repeat the request at an interval (`TanStack` Query, SWR, Apollo, RTK Query).
pub fn is_interval_option(key: &str) -> bool {
    matches!(key, "refetchInterval" | "refreshInterval" | "pollInterval" | "pollingInterval")
}

/// What code of a page imports: a timer elsewhere may be a server's own.
pub const UI_LIBRARIES: &[&str] = &[
    "react",
    "preact",
    "vue",
    "svelte",
    "solid-js",
    "@angular/core",
    "next/navigation",
    "next/router",
];

/// The option that sets another window within which requests of one key are one.
pub const WINDOW_OPTION: &str = "dedupingInterval";

/// Seconds within which a hook sends one request for a key, however often it asks (SWR's default).
pub fn shared_for(key: &str) -> Option<f64> {
    (key == "refreshInterval").then_some(2.0)
}

/// An interval that grows and ends, in the words of the library that an option belongs to.
pub fn growing(key: &str) -> Option<&'static str> {
    match key {
        "refetchInterval" => Some(
            "refetchInterval: (query) => (isDone(query.state.data) ? false : Math.min(10 * interval, interval * 2 ** query.state.dataUpdateCount))",
        ),
        "refreshInterval" => Some("refreshInterval: (latest) => (isDone(latest) ? 0 : longer)"),
        "pollInterval" => Some("pollInterval: isDone(data) ? 0 : longer"),
        "pollingInterval" => Some("pollingInterval: isDone(data) ? 0 : longer,\nskipPollingIfUnfocused: true"),
        _ => None,
    }
}

/// Names of things that only say "still here".
pub fn is_keep_alive(name: &str) -> bool {
    List::KeepAlive.has(name)
}

/// Libraries whose intervals are looks at local files.
pub fn is_file_watcher(library: &str) -> bool {
    matches!(
        library.split('.').next(),
        Some("chokidar" | "fs" | "gulp" | "watchpack" | "webpack")
    )
}

/// How long a sleep waits.
pub enum Delay {
    /// In seconds.
    Seconds(ExprId),
    /// In milliseconds.
    Milliseconds(ExprId),
}

/// The delay of a call that waits, by the called thing's name.
pub fn delay(module: &Module, name: &str, call: &Call<'_>) -> Option<Delay> {
    match module.language {
        Language::Python => matches!(
            name,
            "time.sleep" | "asyncio.sleep" | "anyio.sleep" | "trio.sleep" | "gevent.sleep" | "eventlet.sleep"
        )
        .then(|| call.arg(0).map(Delay::Seconds))
        .flatten(),
        Language::TypeScript => {
            let short = call.method().unwrap_or("");
            if List::Sleeps.has(short) && call.receiver().is_none() || name == "timers/promises.setTimeout" {
                return call
                    .arg(0)
                    .filter(|&arg| !matches!(module.kind(arg), ExprKind::Lambda(_)))
                    .map(Delay::Milliseconds);
            }
            // `await new Promise((resolve) => setTimeout(resolve, 1000))`.
            if short == "setTimeout" && is_promise_timer(module, call) {
                return call.arg(1).map(Delay::Milliseconds);
            }
            None
        }
    }
}

/// Whether a call by this name may wait for a time: [`delay`] says whether it does.
pub fn may_delay(method: &str) -> bool {
    method == "setTimeout" || List::Sleeps.has(method)
}

/// Whether a call by this name waits for a time or until something arrives.
pub fn waits(method: &str) -> bool {
    may_delay(method) || matches!(method, "timeout" | "poll" | "receive_message" | "wait_for_notify") || waits_for_element(method)
}

fn is_promise_timer(module: &Module, call: &Call<'_>) -> bool {
    let owner = module.owner(call.id);
    let crate::ir::Parent::Expr(lambda) = module.function(owner).definition else {
        return false;
    };
    let crate::ir::Parent::Expr(parent) = module.expr(lambda).parent else {
        return false;
    };
    module
        .call(parent)
        .is_some_and(|outer| outer.is_new && outer.method() == Some("Promise"))
}

/// Calls that make a query library or a router fetch again.
pub fn is_refetch(module: &Module, call: ExprId, method: &str) -> bool {
    match method {
        "refetch" | "invalidateQueries" | "refetchQueries" | "revalidate" | "invalidate" | "revalidateTag" => true,
        "refresh" => module
            .call(call)
            .and_then(|call| call.receiver())
            .and_then(|receiver| module.dotted(receiver))
            .is_some_and(|name| name.to_ascii_lowercase().ends_with("router")),
        "mutate" => module
            .call(call)
            .is_some_and(|call| call.args.is_empty() || call.receiver().is_none()),
        _ => {
            method.len() > 7
                && (method.starts_with("refetch") || method.starts_with("refresh"))
                && method.chars().nth(7).is_some_and(char::is_uppercase)
        }
    }
}
