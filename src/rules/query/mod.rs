//! Queries: what one asks for, and how much it brings.

pub mod aggregate_in_memory;
pub mod correlated_subquery;
pub mod count_for_existence;
pub mod duplicate_query;
pub mod grouped_in_subquery;
pub mod list_endpoint_without_pagination;
pub mod non_sargable_predicate;
pub mod offset_pagination;
pub mod overfetch_large_column;
pub mod unbounded_query;
pub mod unclamped_user_limit;
