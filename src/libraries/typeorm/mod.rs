//! `TypeORM`: queries, entities and migrations.

pub mod entities;
pub(crate) mod migrations;
pub mod queries;
