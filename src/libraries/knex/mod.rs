//! Knex: queries and migrations.

pub(crate) mod migrations;
pub mod queries;
