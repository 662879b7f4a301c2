//! The repository's own clients, joined to what its server offers: who asks an entry point, and under what.

mod graphql;
mod offered;

pub use graphql::{Asked, Clients};
