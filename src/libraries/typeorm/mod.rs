//! `TypeORM`: queries, entities and migrations.

mod active_record;
pub mod entities;
pub(crate) mod migrations;
pub mod queries;
