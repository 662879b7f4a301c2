//! Sequelize: queries, models and migrations.

pub mod queries;
pub mod schema;

/// Whether a dotted name is what a connection keeps its models in: `sequelize.models`, and from a model `this.sequelize.models`.
pub fn keeps_models(path: &str) -> bool {
    path.starts_with("sequelize") && path.ends_with(".models")
}
