//! Sequelize: queries, models and migrations.

pub mod queries;
pub mod schema;
