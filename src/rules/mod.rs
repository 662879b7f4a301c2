//! STUB
pub mod blocking_call_in_async;
pub mod evidence;
pub mod n_plus_one;
pub mod per_row;
pub mod per_row_fix;
pub mod polling_without_backoff;
pub mod unbatched_write;
