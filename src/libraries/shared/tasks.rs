//! What event loops and promises call the work that goes on beside its caller.

/// Calls that wait for several things at once.
pub const GATHERERS: &[&str] = &["gather", "as_completed", "all", "allSettled", "pMap", "pAll", "TaskGroup"];

/// Calls that start something, wait for several things, or go on when something is there: `asyncio.gather`, `Promise.race`, `then`.
pub fn takes_work(method: &str) -> bool {
    matches!(
        method,
        "race" | "wait" | "gather" | "all" | "create_task" | "then" | "catch" | "ensure_future" | "allSettled"
    )
}
