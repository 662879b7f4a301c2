//! The whole project: schema state, query sites, call graph.
pub mod schema;
