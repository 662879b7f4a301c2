//! What is kept in memory or in a cache, and for how long.

pub mod cache_without_ttl;
pub mod per_request_cache;
pub mod redis_keys_command;
pub mod unbounded_cache;
pub mod unbounded_growth;
