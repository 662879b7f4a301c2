//! The schema state: what tables, columns, keys and indexes there are, and which file and line gave each.
//!
//! Models and migrations are two views of one database. A table's parts are the union of both; each part says which
//! views have it, so that a difference between them can be told.

mod django;
mod index;
mod merge;
mod naming;
pub mod order;
mod replay;
pub mod sources;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

pub use index::{Index, IndexOrigin};

use crate::budget::{CountedVec, Overrun};
use crate::libraries::prisma;
use crate::libraries::shared::declared::Migration;
pub use crate::libraries::shared::tool::{Tool, Trait};
use crate::source::Span;
use crate::statement::{Dialect, IndexDef, ModelDef, RelationDef, SchemaChange};

/// What kind of file a part of the schema comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SourceKind {
    /// Declarations of an ORM.
    Model(Tool),
    /// A step of a migration tool.
    Migration(Tool),
    /// Other SQL: set-up scripts, schema dumps, DDL in code.
    Sql,
}

impl SourceKind {
    /// Declared by a model.
    pub fn is_model(self) -> bool {
        matches!(self, SourceKind::Model(_))
    }
}

/// One file's part in the schema.
#[derive(Clone, Debug)]
pub struct SchemaSource {
    /// Path relative to the root.
    pub file: Arc<str>,
    /// What declares or changes the schema there, and in which tool's words.
    pub kind: SourceKind,
    /// The database it is written for.
    pub dialect: Dialect,
    /// Sources of one series of migrations, usually their folder.
    pub group: String,
    /// Place within the series, where names decide it.
    pub order: order::SeriesKey,
    /// Alembic's revision and those it follows.
    pub revision: Option<(String, Vec<String>)>,
    /// Changes in order.
    pub changes: Vec<SchemaChange>,
    /// Models.
    pub models: Vec<ModelDef>,
    /// The database has no foreign keys although the models declare them (Prisma's `relationMode`).
    pub emulates_relations: bool,
    /// A Django migration whose operations are still to be turned into changes.
    pub migration: Option<Box<Migration>>,
    /// The label of the Django app whose folder the file is in.
    pub app_label: Option<String>,
    /// It only says which database Django's models are for.
    pub is_settings: bool,
    /// Its series has not run anywhere when it runs: what it indexes is empty.
    pub on_empty_tables: bool,
    /// DDL of this file that was not understood: absences are less sure.
    pub not_understood: usize,
    /// Of it, what has a place: where, and its first words.
    pub unclear: Vec<(Span, String)>,
}

impl SchemaSource {
    /// An empty source of a file.
    pub fn new(file: &str, kind: SourceKind, dialect: Dialect) -> Self {
        let (group, order) = order::place(file);
        SchemaSource {
            file: Arc::from(file),
            kind,
            dialect,
            group,
            order,
            revision: None,
            changes: Vec::new(),
            models: Vec::new(),
            emulates_relations: false,
            migration: None,
            app_label: None,
            is_settings: false,
            on_empty_tables: false,
            not_understood: 0,
            unclear: Vec::new(),
        }
    }

    /// The source that a Prisma file is.
    pub fn prisma(file: &str, parsed: crate::syntax::prisma::PrismaFile) -> Self {
        let mut source = SchemaSource::new(file, SourceKind::Model(prisma::TOOL), parsed.dialect().unwrap_or_default());
        source.emulates_relations = parsed.emulates_relations;
        source.not_understood = parsed.not_understood.len();
        source.unclear = parsed.not_understood;
        source.models = parsed.models;
        source
    }

    /// The source that a SQL file is; `None` for one that undoes or changes nothing.
    pub fn sql(file: &str, parsed: crate::syntax::sql::SqlFile) -> Option<Self> {
        let unclear: Vec<(Span, String)> = parsed.not_understood.into_iter().filter(|(_, head)| is_ddl(head)).collect();
        if (parsed.changes.is_empty() && unclear.is_empty()) || order::undoes(file) {
            return None;
        }
        let kind = order::sql_kind(file);
        let mut source = SchemaSource::new(file, kind, parsed.dialect);
        source.not_understood = unclear.len();
        source.unclear = unclear;
        source.changes = parsed.changes;
        Some(source)
    }
}

fn is_ddl(head: &str) -> bool {
    let word = head.split_whitespace().next().unwrap_or_default();
    ["CREATE", "ALTER", "DROP", "DO", "RENAME"]
        .iter()
        .any(|ddl| word.eq_ignore_ascii_case(ddl))
}

/// A place that defines or changes a part of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaPlace {
    /// Path relative to the root.
    pub file: Arc<str>,
    /// Where in it.
    pub span: Span,
    /// Kind of the file.
    pub kind: SourceKind,
}

/// A column with all places that define it, a model's first.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name in the database.
    pub name: String,
    /// Name in the code, where it differs.
    pub field: Option<String>,
    /// Type in lower case; empty where it is not known.
    pub data_type: String,
    /// It can be NULL.
    pub nullable: bool,
    /// Its default, as written, where it is known.
    pub default: Option<String>,
    /// All sources that declare or change it, in their order.
    pub places: Vec<SchemaPlace>,
}

/// A foreign key with all places that define it, a model's first.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// Name, where given.
    pub name: Option<String>,
    /// The referring columns, in the order of the target's.
    pub columns: Vec<String>,
    /// Table that it points to: its name in the database where the table is known, else as written.
    pub target: String,
    /// Columns there; empty for the primary key.
    pub target_columns: Vec<String>,
    /// All sources that declare or change it, in their order.
    pub places: Vec<SchemaPlace>,
}

/// A table as models and migrations together define it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name without its schema.
    pub name: String,
    /// Schema, where it is not the default one.
    pub schema: Option<String>,
    /// The database.
    pub dialect: Dialect,
    /// Columns.
    pub columns: Vec<Column>,
    /// Primary key's columns; empty where there is none or it is not known.
    pub primary_key: Vec<String>,
    /// Indexes, also those that constraints make.
    pub indexes: Vec<Index>,
    /// Foreign keys that start here, of models and migrations together.
    pub foreign_keys: Vec<ForeignKey>,
    /// It is partitioned, or a partition of another one.
    pub partition: bool,
    /// It may have more than is listed.
    pub open: bool,
    /// So say its models, where it has any.
    pub open_in_models: bool,
    /// So say its migrations and other SQL, where it has any.
    pub open_in_migrations: bool,
    /// SQL creates it with columns that are not listed there, a (materialized) view's or another table's: a model need not have all.
    pub is_derived: bool,
    /// Never created anywhere: only altered or indexed.
    pub phantom: bool,
    /// Where it is defined, a model's place first.
    pub places: Vec<SchemaPlace>,
    /// Models of the table: indexes into [`Schema::models`].
    pub models: Vec<usize>,
    /// The foreign keys exist in the code only.
    pub emulates_relations: bool,
}

/// A model and its table.
#[derive(Clone, Debug)]
pub struct SchemaModel {
    /// Name in the code.
    pub name: String,
    /// Index into [`Schema::tables`].
    pub table: usize,
    /// The library.
    pub tool: Option<Tool>,
    /// File of the definition.
    pub file: Arc<str>,
    /// Relations, also those that the other side makes.
    pub relations: Vec<RelationDef>,
    /// Default order.
    pub ordering: Vec<(String, bool)>,
    /// The name under which its library's connection keeps it.
    pub kept_as: Option<String>,
    /// The field whose value marks a row as deleted, where its library then asks for the others only.
    pub deleted_by: Option<String>,
}

impl SchemaModel {
    /// The relation that the model has under an attribute, if it is one.
    pub fn relation(&self, attribute: &str) -> Option<&RelationDef> {
        self.relations.iter().find(|relation| relation.name == attribute)
    }
}

/// An index that a migration builds.
#[derive(Clone, Debug)]
pub struct IndexBuild {
    /// The index that is built, as the migration writes it.
    pub index: IndexDef,
    /// The source that declares or makes it, and where there.
    pub place: SchemaPlace,
    /// The database.
    pub dialect: Dialect,
    /// The table stood before this migration.
    pub table_existed: bool,
    /// The table's definition is known.
    pub table_known: bool,
    /// The table is partitioned or a partition.
    pub partition: bool,
    /// How many migrations of the series come after this one.
    pub later: usize,
}

/// The kinds of parts that a schema has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaPart {
    /// A table.
    Table,
    /// A column.
    Column,
    /// An index, a primary key, a unique constraint.
    Index,
    /// A foreign key.
    ForeignKey,
}

/// A part that was there and was taken away.
#[derive(Clone, Debug)]
pub struct Removed {
    /// What it was.
    pub part: SchemaPart,
    /// Its table, by the name it had then.
    pub table: String,
    /// Its name, where given.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// What had made it.
    pub places: Vec<SchemaPlace>,
    /// What took it away.
    pub by: SchemaPlace,
}

impl Removed {
    fn index(table: &Table, index: &Index, by: &SchemaPlace) -> Removed {
        Removed {
            part: SchemaPart::Index,
            table: table.full_name(),
            name: index.name.clone(),
            columns: index.keys.iter().map(|key| key.column.clone()).collect(),
            places: index.places.clone(),
            by: by.clone(),
        }
    }

    fn foreign_key(table: &Table, key: &ForeignKey, by: &SchemaPlace) -> Removed {
        Removed {
            part: SchemaPart::ForeignKey,
            table: table.full_name(),
            name: key.name.clone(),
            columns: key.columns.clone(),
            places: key.places.clone(),
            by: by.clone(),
        }
    }
}

/// DDL, or a line of a model, that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// The source that declares or makes it, and where there.
    pub place: SchemaPlace,
    /// Its first words.
    pub text: String,
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Tables, sorted by name.
    pub tables: CountedVec<Table>,
    /// Models.
    pub models: CountedVec<SchemaModel>,
    /// Index builds of migrations, in order.
    pub builds: Vec<IndexBuild>,
    /// What was there and was taken away, in order.
    pub removed: Vec<Removed>,
    /// What a reader must know of the replay: circles of revisions, steps that follow unknown ones.
    pub notes: Vec<String>,
    /// What was not understood and has a place.
    pub unclear: Vec<Unclear>,
    /// What reached a bound, with the file or table.
    pub over: Vec<Overrun>,
    /// The database most sources are for.
    pub dialect: Dialect,
    /// DDL statements that were not understood.
    pub not_understood: usize,
    /// Changes and models that were.
    pub changes: usize,
    by_name: FxHashMap<String, Vec<usize>>,
    by_model: FxHashMap<String, Vec<usize>>,
}

/// A name in the form that tables are looked up by.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// Splits a qualified name; the default schemas are no qualifier.
fn qualified(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('.') {
        Some((schema, name)) => {
            let schema = schema.rsplit('.').next().unwrap_or(schema);
            let default = ["public", "main", "dbo"].iter().any(|known| schema.eq_ignore_ascii_case(known));
            ((!default).then_some(schema), name)
        }
        None => (None, name),
    }
}

impl Schema {
    /// Builds the state from all sources; `fallback` is the database where sources do not tell.
    pub fn build(sources: Vec<SchemaSource>, fallback: Dialect) -> Schema {
        merge::build(sources, fallback)
    }

    /// A table by its name, with or without its schema, or by a model's name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.table_index(name).and_then(|index| self.tables.get(index))
    }

    /// The position of a table in [`Schema::tables`].
    pub fn table_index(&self, name: &str) -> Option<usize> {
        let (schema, bare) = qualified(name);
        let found = self.by_name.get(&folded(bare)).map_or(&[][..], Vec::as_slice);
        let matches = |index: &&usize| {
            self.tables
                .get(**index)
                .is_some_and(|table| table.schema.as_deref().map(folded) == schema.map(folded))
        };
        found
            .iter()
            .find(matches)
            .or_else(|| found.first().filter(|_| found.len() == 1 || schema.is_none()))
            .copied()
            .or_else(|| self.model(name).or_else(|| self.model_of_accessor(name)).map(|model| model.table))
    }

    /// The positions of the tables of a name, whatever their schema.
    pub(crate) fn tables_named(&self, bare: &str) -> impl Iterator<Item = usize> {
        self.by_name.get(&folded(bare)).into_iter().flatten().copied()
    }

    /// Prisma's client calls the model `OrderLine` `orderLine`.
    fn model_of_accessor(&self, name: &str) -> Option<&SchemaModel> {
        let mut chars = name.chars();
        let first = chars.next().filter(|first| first.is_lowercase())?;
        self.model(&first.to_uppercase().chain(chars).collect::<String>())
    }

    /// A model by its name (`User`, `app.User`).
    pub fn model(&self, name: &str) -> Option<&SchemaModel> {
        let bare = name.rsplit('.').next().unwrap_or(name);
        self.by_model.get(bare)?.first().and_then(|&index| self.models.get(index))
    }

    /// The models of a name, where files share it.
    pub fn models_named(&self, name: &str) -> impl Iterator<Item = &SchemaModel> {
        let bare = name.rsplit('.').next().unwrap_or(name);
        self.by_model
            .get(bare)
            .into_iter()
            .flatten()
            .filter_map(|&index| self.models.get(index))
    }

    /// Whether an absence can be trusted: nearly all DDL was understood.
    pub fn is_complete(&self) -> bool {
        self.not_understood * 50 <= self.changes
    }

    pub(crate) fn link_names(&mut self) {
        self.by_name.clear();
        self.by_model.clear();
        for (position, table) in self.tables.iter().enumerate() {
            self.by_name.entry(folded(&table.name)).or_default().push(position);
        }
        for (position, model) in self.models.iter().enumerate() {
            self.by_model.entry(model.name.clone()).or_default().push(position);
        }
    }
}

impl Table {
    /// Name with its schema, where that is not the default one.
    pub fn full_name(&self) -> String {
        self.schema
            .as_ref()
            .map_or_else(|| self.name.clone(), |schema| format!("{schema}.{}", self.name))
    }

    /// A column by its name or its field's name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .or_else(|| self.columns.iter().find(|column| column.field.as_deref() == Some(name)))
            .or_else(|| self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
    }

    /// Whether a program's name of a field is that of a column, exactly.
    pub fn has_field(&self, name: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.field.as_ref().unwrap_or(&column.name) == name)
    }

    /// A column as a program names it: by its field first, which may be called as another column is in the database.
    pub fn column_in_code(&self, name: &str) -> Option<&Column> {
        let by_field = self.columns.iter().find(|column| column.field.as_deref() == Some(name));
        by_field.or_else(|| self.column(name))
    }

    /// The name in the database of a column or field.
    pub fn column_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.column(name).map_or(name, |column| column.name.as_str())
    }

    /// An index that serves equality on all of these columns: its first keys are they, in any order.
    pub fn index_leading_with(&self, columns: &[&str]) -> Option<&Index> {
        let names: Vec<&str> = columns.iter().map(|name| self.column_name(name)).collect();
        self.indexes.iter().find(|index| index.leads_with(&names))
    }

    /// Whether some index serves equality on the column.
    pub fn leads(&self, column: &str) -> bool {
        self.index_leading_with(&[column]).is_some()
    }

    /// Whether equality on these columns leaves at most one row.
    pub fn is_unique(&self, columns: &[&str]) -> bool {
        let names: Vec<&str> = columns.iter().map(|name| self.column_name(name)).collect();
        self.indexes.iter().any(|index| index.is_unique_within(&names))
    }

    /// The first place of the table's definition.
    pub fn place(&self) -> Option<&SchemaPlace> {
        self.places.first()
    }

    /// Whether a model declares it.
    pub fn has_model(&self) -> bool {
        self.places.iter().any(|place| place.kind.is_model())
    }

    /// Whether migrations or other SQL create it.
    pub fn has_migrations(&self) -> bool {
        self.places.iter().any(|place| !place.kind.is_model())
    }

    /// The library of its model.
    pub fn tool(&self) -> Option<Tool> {
        self.places.iter().find_map(|place| match place.kind {
            SourceKind::Model(tool) => Some(tool),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod code_tests;

#[cfg(test)]
mod django_tests;

#[cfg(test)]
mod ts_tests;
