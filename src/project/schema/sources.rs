//! From what files declare to the sources of the schema state.

use super::{SchemaSource, SourceKind};
use crate::libraries::registry;
use crate::libraries::shared::declared::{Declared, Tool};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// The sources that a program file is: its models, its migration.
pub fn of_code(resolver: &dyn Resolver, file: FileId, path: &str) -> Vec<SchemaSource> {
    registry::declared(resolver, file, path)
        .into_iter()
        .map(|declared| source(path, declared))
        .collect()
}

fn source(path: &str, declared: Declared) -> SchemaSource {
    let tool = declared.tool.unwrap_or(Tool::Sql);
    let kind = if declared.is_migration {
        SourceKind::Migration(tool)
    } else if tool == Tool::Sql {
        SourceKind::Sql
    } else {
        SourceKind::Model(tool)
    };
    let mut source = SchemaSource::new(path, kind, declared.dialect);
    source.is_settings =
        declared.models.is_empty() && declared.changes.is_empty() && declared.migration.is_none() && declared.revision.is_none();
    source.migration = declared.migration;
    source.app_label = declared.app_label;
    source.revision = declared.revision;
    source.changes = declared.changes;
    source.models = declared.models;
    source.not_understood = declared.not_understood;
    source.unclear = declared.unclear;
    source
}
