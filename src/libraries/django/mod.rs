//! Django: querysets, models and migrations.

mod custom_fields;
pub(crate) mod fields;
pub mod migrations;
pub mod models;
pub mod queries;
pub mod rows;
