//! Tortoise's models.

use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::field_models::{self, FieldModels};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::statement::Loading;

const MODELS: FieldModels = FieldModels {
    tool: super::TOOL,
    indexes_keys: false,
    loading: Loading::Explicit,
};

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    Some(field_models::declared(resolver, file, &MODELS))
}
