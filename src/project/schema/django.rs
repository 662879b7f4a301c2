//! Django's migrations in the order of their dependencies, turned from operations on models into changes of tables.

mod models;
mod operations;
mod run_order;

use rustc_hash::FxHashMap;

use super::{Schema, SchemaSource, SourceKind, Table, order};
use crate::libraries::django;
use crate::libraries::django::fields::app_label;
use crate::statement::Dialect;
use crate::vocabulary::Vocabulary;
use crate::walk;
use models::default_table;
use operations::ProjectState;
use run_order::{MigrationId, Order};

/// The series that all apps' migrations are one of: they depend on each other.
const SERIES: &str = "django migrations";

/// Puts Django's migrations into one series, in order, with their changes; gives models the labels of their apps.
pub(super) fn lower(sources: &mut Vec<SchemaSource>) {
    let labels = app_labels(sources);
    set_dialect(sources);
    let (mut files, rest): (Vec<_>, Vec<_>) = std::mem::take(sources).into_iter().partition(|source| source.migration.is_some());
    *sources = rest;
    let nodes: Vec<MigrationId> = files.iter().map(|source| MigrationId::new(&source.file, &labels)).collect();
    let mut apps = labels;
    apps.extend(nodes.iter().map(|node| (node.folder.clone(), node.label.clone())));
    relabel(sources, &apps);
    let order = Order::new(&files, &nodes).run();
    let mut state = ProjectState::default();
    for (place, &at) in order.iter().enumerate() {
        let (Some(source), Some(node)) = (files.get_mut(at), nodes.get(at)) else {
            continue;
        };
        let Some(migration) = source.migration.take() else { continue };
        source.changes = state.migration(&node.label, &migration);
        source.on_empty_tables = migration.initial;
        SERIES.clone_into(&mut source.group);
        source.order = vec![order::NamePiece::Number(place as u128)];
    }
    // What a squashed migration stands for, or stands for it, runs once.
    sources.extend(files.into_iter().filter(|source| source.migration.is_none()));
}

/// Labels that differ from the folder's name, by the app's folder.
fn app_labels(sources: &[SchemaSource]) -> FxHashMap<String, String> {
    let labelled = sources.iter().filter_map(|source| Some((source, source.app_label.clone()?)));
    labelled
        .filter_map(|(source, label)| {
            let (folder, _) = source.file.rsplit_once('/')?;
            Some((folder.strip_suffix("/apps").unwrap_or(folder).to_owned(), label))
        })
        .collect()
}

/// A model's default table starts with the label of its app: of the nearest folder that has migrations or a label.
fn relabel(sources: &mut [SchemaSource], apps: &FxHashMap<String, String>) {
    for source in sources.iter_mut().filter(|source| source.kind == SourceKind::Model(django::TOOL)) {
        let folders = source.file.match_indices('/').rev().map(|(at, _)| &source.file[..at]);
        let Some(label) = folders.into_iter().find_map(|folder| apps.get(folder)) else {
            continue;
        };
        let own = app_label(&source.file);
        for model in &mut source.models {
            if model.table.name == default_table(own, &model.name) {
                model.table.name = default_table(label, &model.name);
            }
        }
    }
}

/// The engine of the settings is the database of what Django declares.
fn set_dialect(sources: &mut Vec<SchemaSource>) {
    let is_django =
        |source: &SchemaSource| source.kind == SourceKind::Model(django::TOOL) || source.kind == SourceKind::Migration(django::TOOL);
    let engines = |role: walk::FileRole| {
        let own = sources.iter().filter(|source| is_django(source) && source.is_settings);
        own.filter(|source| walk::role(&source.file, &Vocabulary::default()) == role)
            .map(|source| source.dialect)
            .min()
    };
    let engine = engines(walk::FileRole::Source).unwrap_or_default();
    sources.retain(|source| !source.is_settings || source.app_label.is_some());
    for source in sources
        .iter_mut()
        .filter(|source| is_django(source) && source.dialect == Dialect::Generic)
    {
        source.dialect = engine;
    }
}

impl Schema {
    /// Whether an index of one of Django's models names a way into the JSON of a column: `body__data__id`.
    pub fn is_path(&self, table: &Table, name: &str) -> bool {
        let is_django = |model: &usize| self.models.get(*model).is_some_and(|model| model.tool == Some(django::TOOL));
        let column = name.split_once("__").map(|(column, _)| column);
        column.is_some_and(|column| table.column_in_code(column).is_some()) && table.models.iter().any(is_django)
    }
}
