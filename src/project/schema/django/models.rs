//! A model as the migrations so far made it.

use crate::libraries::shared::declared::ModelField;
use crate::project::schema::index::with_columns;
use crate::statement::{ColumnDef, Constraint, TableDef};

/// A model as the migrations so far made it.
#[derive(Clone, Debug, Default)]
pub(super) struct MigratedModel {
    pub(super) table: String,
    /// The table's name was given, so it does not follow the model's.
    pub(super) named: bool,
    pub(super) unmanaged: bool,
    pub(super) fields: Vec<ModelField>,
    pub(super) unique: Vec<Vec<String>>,
    pub(super) together: Vec<Vec<String>>,
}

impl MigratedModel {
    fn column(&self, field: &str) -> Option<&ColumnDef> {
        self.fields.iter().find_map(|own| match own {
            ModelField::Column(column) if field_name(column) == field || column.name == field => Some(column),
            _ => None,
        })
    }

    fn column_name(&self, field: &str) -> String {
        self.column(field).map_or_else(|| field.to_owned(), |column| column.name.clone())
    }

    pub(super) fn columns(&self, fields: &[String]) -> Vec<String> {
        fields.iter().map(|field| self.column_name(field)).collect()
    }

    pub(super) fn position(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|own| name_of(own) == field)
    }
}

fn field_name(column: &ColumnDef) -> &str {
    column.field.as_deref().unwrap_or(&column.name)
}

pub(super) fn name_of(field: &ModelField) -> &str {
    match field {
        ModelField::Column(column) => field_name(column),
        ModelField::Many { name, .. } | ModelField::Virtual(name) => name,
    }
}

pub(super) fn default_table(label: &str, model: &str) -> String {
    let (label, model) = model.rsplit_once('.').unwrap_or((label, model));
    format!("{label}_{}", model.to_lowercase())
}

/// Indexes and constraints with columns for fields.
pub(super) fn placed(model: &MigratedModel, parts: &TableDef) -> TableDef {
    let mut parts = parts.clone();
    for index in &mut parts.indexes {
        index.table.clone_from(&model.table);
        for key in index.keys.iter_mut().filter(|key| !key.expression) {
            key.column = model.column_name(&key.column);
        }
        index.include = model.columns(&index.include);
        let rename = |name: &mut String| *name = model.column_name(name);
        index.predicate = index.predicate.take().map(|text| with_columns(&text, rename));
    }
    for (constraint, _) in &mut parts.constraints {
        let (Constraint::Primary(names) | Constraint::Unique(_, names) | Constraint::Foreign(_, names, _, _)) = constraint;
        *names = model.columns(names);
    }
    parts
}
