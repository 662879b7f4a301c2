//! Django: querysets, models and migrations.

pub(crate) mod fields;
pub mod migrations;
pub mod models;
pub mod queries;
