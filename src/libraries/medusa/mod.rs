//! Medusa: its models.

pub mod models;
