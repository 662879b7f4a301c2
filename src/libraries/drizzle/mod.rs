//! Drizzle: queries and tables.

pub mod queries;
pub mod schema;
