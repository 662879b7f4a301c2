//! How it is deployed: pools, limits, timeouts and metrics, as the configuration says.

pub mod bundle_keeps_console;
pub mod no_compression;
pub mod no_metrics;
pub mod no_rate_limit;
pub mod pool_not_configured;
pub mod pool_smaller_than_concurrency;
pub mod postgres_no_idle_in_transaction_timeout;
pub mod postgres_no_statement_timeout;
pub mod redis_no_eviction_policy;
pub mod redis_no_maxmemory;
pub mod redis_single_instance;
pub mod small_batch_size;
