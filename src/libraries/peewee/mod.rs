//! Peewee and Tortoise: queries and models.

pub mod migrations;
pub mod models;
pub mod queries;
