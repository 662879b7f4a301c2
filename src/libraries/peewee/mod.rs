//! Peewee and Tortoise: queries and models.

pub mod models;
pub mod queries;
