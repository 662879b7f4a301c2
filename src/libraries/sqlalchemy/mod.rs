//! `SQLAlchemy`: queries, models, and Alembic's migrations.

pub mod alembic;
pub(crate) mod columns;
pub mod models;
pub mod queries;
