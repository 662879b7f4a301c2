//! What libraries mean: per-file facts, the vocabulary of values and queries, and one recogniser a library.

pub mod db_migrate;
pub mod django;
pub mod drizzle;
pub mod entries;
pub mod frappe;
pub mod knex;
pub mod kysely;
pub mod medusa;
pub mod mikroorm;
pub mod mongo;
pub mod node_pg_migrate;
pub mod objection;
pub mod own;
pub mod peewee;
pub mod prisma;
pub mod registry;
pub mod sequelize;
pub mod shared;
pub mod sql;
pub mod sqlalchemy;
pub mod supabase;
#[cfg(test)]
pub(crate) mod testing;
pub mod tortoise;
pub mod ts_migrations;
pub mod typeorm;
