//! What event loops and promises call the work that goes on beside its caller.

use super::api_names::waits_for_all;

/// Calls that wait for several things at once.
pub const GATHERERS: &[&str] = &["gather", "as_completed", "all", "allSettled", "pMap", "pAll", "TaskGroup"];

/// Calls that start something, wait for several things, or go on when something is there: `asyncio.gather`, `Promise.race`, `then`.
pub fn takes_work(method: &str) -> bool {
    waits_for_all(method) || starts_task(method) || matches!(method, "race" | "wait" | "then" | "catch")
}

/// Calls of an event loop that start what they are given as a task.
fn starts_task(method: &str) -> bool {
    matches!(method, "create_task" | "ensure_future")
}

/// Calls whose result is awaited in the place of what they are given: `asyncio.create_task(f())`, `asyncio.wait_for(f(), 5)`.
pub fn wraps_task(method: &str) -> bool {
    starts_task(method) || matches!(method, "wait_for" | "shield")
}
