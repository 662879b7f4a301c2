//! Waiting: calls that block, that wait for each other, that wait for ever, and polling.

pub mod blocking_call_in_async;
pub mod client_per_call;
pub mod fixed_delay;
pub mod long_transaction;
pub mod missing_timeout;
pub mod polling_never_stops;
pub mod polling_without_backoff;
pub mod sequential_await_in_loop;
pub mod sequential_awaits;
