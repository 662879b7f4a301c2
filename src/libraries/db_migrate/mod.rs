//! db-migrate: migrations.

pub(crate) mod migrations;
