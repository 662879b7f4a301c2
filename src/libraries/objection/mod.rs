//! Objection.js: models on top of Knex.

pub mod classes;
pub mod models;
pub mod queries;
