//! From what files declare to the sources of the schema state.

use rustc_hash::FxHashSet;

use super::{SchemaSource, SourceKind};
use crate::libraries::registry;
use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::libraries::sql;
use crate::statement::SchemaOp;

/// The sources that a program file is: its models, its migration.
pub fn of_code(resolver: &dyn Resolver, file: FileId, path: &str) -> Vec<SchemaSource> {
    registry::declared(resolver, file, path)
        .into_iter()
        .map(|declared| source(path, declared))
        .collect()
}

fn source(path: &str, declared: Declared) -> SchemaSource {
    let tool = declared.tool.unwrap_or(sql::TOOL);
    let kind = if declared.is_migration {
        SourceKind::Migration(tool)
    } else if tool == sql::TOOL {
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

/// Drops what programs send for tables that models, migrations or scripts declare, too, where they make the table as well: another way to
/// set the same database up, which is not the one that is deployed. What a file adds to tables that it does not make itself stays.
pub fn drop_alternatives(sources: &mut [SchemaSource]) {
    let is_sent = |source: &SchemaSource| source.kind == SourceKind::Sql && !source.file.ends_with(".sql");
    let declared: FxHashSet<String> = sources.iter().filter(|source| !is_sent(source)).flat_map(made).collect();
    for source in sources.iter_mut().filter(|source| is_sent(source)) {
        let doubled: FxHashSet<String> = made(source).filter(|name| declared.contains(name)).collect();
        if !doubled.is_empty() {
            source
                .changes
                .retain(|change| !table_of(&change.op).is_some_and(|name| doubled.contains(&bare(name))));
        }
    }
}

/// The tables that a source makes, by their bare names.
fn made(source: &SchemaSource) -> impl Iterator<Item = String> + '_ {
    let models = source.models.iter().map(|model| bare(&model.table.name));
    let tables = source.changes.iter().filter_map(|change| match &change.op {
        SchemaOp::CreateTable(table, _) => Some(bare(&table.name)),
        _ => None,
    });
    models.chain(tables)
}

fn table_of(op: &SchemaOp) -> Option<&str> {
    match op {
        SchemaOp::CreateTable(table, _) => Some(&table.name),
        SchemaOp::AddIndex(index, _) => Some(&index.table),
        SchemaOp::AddColumn(table, _) | SchemaOp::AddConstraint(table, _) => Some(table),
        _ => None,
    }
}

fn bare(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).to_lowercase()
}
