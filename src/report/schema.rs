//! The schema state as plain data, with the place that gave each part: what `perfaudit schema` prints.

pub mod dbml;
pub mod mermaid;
pub mod table;

use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::escape;
use crate::judge::scale::{self, Scale};
use crate::project::Project;
use crate::project::schema::{self, IndexOrigin, SchemaPart, SourceKind};
use crate::report::{MadeBy, VERSION};
use crate::statement::Dialect;

/// What kind of file a place of the schema is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// Declarations of an ORM.
    Model,
    /// A step of a series of migrations.
    Migration,
    /// Other SQL: set-up scripts, dumps, DDL in code.
    Script,
}

/// A place that gave a part, or took it away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// Path relative to the root.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// What kind of file it is.
    pub source: PlaceKind,
}

/// A column of the schema, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name in the database.
    pub name: String,
    /// Name in the code, where it differs.
    pub field: Option<String>,
    /// Type in lower case, as written; `None` where it is not known.
    #[serde(rename = "type")]
    pub data_type: Option<String>,
    /// It can be NULL.
    pub nullable: bool,
    /// Its default, as written; `None` where it has none or it is not known.
    pub default: Option<String>,
    /// Which sides declare it: models, migrations, or both.
    pub declared_in: Vec<PlaceKind>,
    /// Files and lines that declare or change it.
    pub places: Vec<SourcePlace>,
}

/// What made an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexKind {
    /// A declaration of its own.
    Index,
    /// The database makes it for a primary key.
    PrimaryKey,
    /// The database makes it for a unique constraint.
    UniqueConstraint,
    /// The database or the ORM makes it for a foreign key.
    ForeignKey,
}

/// A column or expression that an index is sorted by, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKey {
    /// A column, or the text of an expression.
    pub column: String,
    /// Whether the key is an expression and no plain column.
    pub expression: bool,
    /// DESC.
    pub descending: bool,
}

/// An index as printed, also one that a key or a constraint makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Name; `None` where the database makes one up.
    pub name: Option<String>,
    /// What made it.
    pub kind: IndexKind,
    /// Whether no two rows may have equal keys.
    pub unique: bool,
    /// `btree`, `gin`, `hash`, …
    pub method: String,
    /// Keys in order.
    pub keys: Vec<IndexKey>,
    /// INCLUDE columns.
    pub include: Vec<String>,
    /// Predicate of a partial index, as written.
    pub predicate: Option<String>,
    /// Which sides declare it: models, migrations, or both.
    pub declared_in: Vec<PlaceKind>,
    /// Files and lines that declare or change it.
    pub places: Vec<SourcePlace>,
}

/// A foreign key, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Name; `None` where the database makes one up.
    pub name: Option<String>,
    /// The referring columns, in the order of `target_columns`.
    pub columns: Vec<String>,
    /// The table that it points to.
    pub target: String,
    /// Columns there; empty for the primary key.
    pub target_columns: Vec<String>,
    /// Which sides declare it: models, migrations, or both.
    pub declared_in: Vec<PlaceKind>,
    /// Files and lines that declare or change it.
    pub places: Vec<SourcePlace>,
}

/// A table of the schema, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Name without its schema.
    pub name: String,
    /// Schema, where it is not the default one.
    pub schema: Option<String>,
    /// `postgresql`, `mysql`, `sqlite`, or `unknown`.
    pub database: String,
    /// Something creates it; `false`: it is only altered or indexed.
    pub created: bool,
    /// All of its parts are known: it copies, inherits and spreads nothing that is not.
    pub complete: bool,
    /// It is partitioned, or a partition of another one.
    pub partitioned: bool,
    /// Columns of the primary key.
    pub primary_key: Vec<String>,
    /// Columns that models or migrations give it, in the order of the schema.
    pub columns: Vec<Column>,
    /// Indexes, those of keys and constraints among them.
    pub indexes: Vec<Index>,
    /// Foreign keys that start at it.
    pub foreign_keys: Vec<ForeignKey>,
    /// Views of the schema that have it.
    pub declared_in: Vec<PlaceKind>,
    /// How many rows it has, as a class: `few`, `unknown`, `many`, `stream`.
    pub rows: Scale,
    /// Why: who writes them, or what the statistics or the name say.
    pub rows_because: String,
    /// Where it is defined.
    pub places: Vec<SourcePlace>,
}

impl Table {
    /// Name with its schema, where that is not the default one.
    pub fn full_name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether a foreign key starts at the column.
    fn is_foreign(&self, column: &str) -> bool {
        self.foreign_keys.iter().any(|key| key.columns.iter().any(|own| own == column))
    }
}

/// A part that was there and was taken away, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub places: Vec<SourcePlace>,
    /// What took it away.
    pub removed_by: SourcePlace,
}

/// DDL that was not understood, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclear {
    /// Where.
    pub place: SourcePlace,
    /// Its first words.
    pub text: String,
}

/// How many parts of each kind the schema has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaSummary {
    /// Number of tables.
    pub tables: usize,
    /// Number of columns, of all tables together.
    pub columns: usize,
    /// Number of indexes, those of keys and constraints among them.
    pub indexes: usize,
    /// Number of foreign keys, of models and migrations together.
    pub foreign_keys: usize,
    /// Migrations and scripts that were replayed.
    pub migrations: usize,
    /// Parts that were taken away again.
    pub removed: usize,
    /// Declarations that were not understood.
    pub not_understood: usize,
}

/// The schema, and what is not known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaReport {
    /// Version of the contract.
    pub version: u32,
    /// Name and version of the program that wrote the list.
    pub tool: MadeBy,
    /// The folder that paths are relative to, as it was given.
    pub root: String,
    /// Counts.
    pub summary: SchemaSummary,
    /// Tables by name.
    pub tables: Vec<Table>,
    /// What was taken away, in the order of the replay.
    pub removed: Vec<Removed>,
    /// What was not understood.
    pub not_understood: Vec<Unclear>,
    /// Anything else a reader must know, a sentence each.
    pub notes: Vec<String>,
    /// What was read and left out.
    pub coverage: Coverage,
}

impl SchemaReport {
    /// The schema of a project.
    pub fn new(root: &str, project: &Project, coverage: Coverage) -> Self {
        let reader = Reader { project };
        let tables: Vec<Table> = project
            .schema
            .tables
            .iter()
            .enumerate()
            .map(|(at, table)| reader.table(at, table))
            .collect();
        SchemaReport {
            version: VERSION,
            tool: MadeBy::default(),
            root: root.to_owned(),
            summary: SchemaSummary {
                tables: tables.len(),
                columns: tables.iter().map(|table| table.columns.len()).sum(),
                indexes: tables.iter().map(|table| table.indexes.len()).sum(),
                foreign_keys: tables.iter().map(|table| table.foreign_keys.len()).sum(),
                migrations: project.migrations,
                removed: project.schema.removed.len(),
                not_understood: project.schema.not_understood,
            },
            tables,
            removed: project.schema.removed.iter().map(|removed| reader.removed(removed)).collect(),
            not_understood: project.schema.unclear.iter().map(|unclear| reader.unclear(unclear)).collect(),
            notes: project.schema.notes.clone(),
            coverage,
        }
    }
}

/// The whole schema as JSON: a contract that other programs read.
pub fn json(report: &SchemaReport) -> String {
    escape::json(report)
}

/// Turns parts of the state into parts of the report.
struct Reader<'p> {
    project: &'p Project,
}

fn source(kind: SourceKind) -> PlaceKind {
    match kind {
        SourceKind::Model(_) => PlaceKind::Model,
        SourceKind::Migration(_) => PlaceKind::Migration,
        SourceKind::Sql => PlaceKind::Script,
    }
}

fn declared_in(places: &[schema::SchemaPlace]) -> Vec<PlaceKind> {
    let mut all: Vec<PlaceKind> = places.iter().map(|place| source(place.kind)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn database(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgresql",
        Dialect::MySql => "mysql",
        Dialect::Sqlite => "sqlite",
        Dialect::Generic => "unknown",
    }
}

impl Reader<'_> {
    fn place(&self, place: &schema::SchemaPlace) -> SourcePlace {
        SourcePlace {
            file: place.file.to_string(),
            line: self.project.schema_place(place).start_line,
            source: source(place.kind),
        }
    }

    fn places(&self, places: &[schema::SchemaPlace]) -> Vec<SourcePlace> {
        let mut all: Vec<SourcePlace> = places.iter().map(|place| self.place(place)).collect();
        all.dedup();
        all
    }

    fn table(&self, at: usize, table: &schema::Table) -> Table {
        let rows = scale::of_table(self.project, at);
        Table {
            name: table.name.clone(),
            schema: table.schema.clone(),
            database: database(table.dialect).to_owned(),
            created: !table.phantom,
            complete: !table.open,
            partitioned: table.partition,
            primary_key: table.primary_key.clone(),
            columns: table.columns.iter().map(|column| self.column(column)).collect(),
            indexes: table.indexes.iter().map(|index| self.index(index)).collect(),
            foreign_keys: table.foreign_keys.iter().map(|key| self.foreign_key(key)).collect(),
            declared_in: declared_in(&table.places),
            rows: rows.scale,
            rows_because: rows.why,
            places: self.places(&table.places),
        }
    }

    fn column(&self, column: &schema::Column) -> Column {
        Column {
            name: column.name.clone(),
            field: column.field.clone(),
            data_type: Some(column.data_type.clone()).filter(|text| !text.is_empty()),
            nullable: column.nullable,
            default: column.default.clone(),
            declared_in: declared_in(&column.places),
            places: self.places(&column.places),
        }
    }

    fn index(&self, index: &schema::Index) -> Index {
        let key = |key: &crate::statement::IndexKey| IndexKey {
            column: key.column.clone(),
            expression: key.expression,
            descending: key.descending,
        };
        Index {
            name: index.name.clone(),
            kind: match index.origin {
                IndexOrigin::Declared => IndexKind::Index,
                IndexOrigin::Primary => IndexKind::PrimaryKey,
                IndexOrigin::Unique => IndexKind::UniqueConstraint,
                IndexOrigin::ForeignKey => IndexKind::ForeignKey,
            },
            unique: index.unique,
            method: index.method_name().to_owned(),
            keys: index.keys.iter().map(key).collect(),
            include: index.include.clone(),
            predicate: index.predicate.clone(),
            declared_in: declared_in(&index.places),
            places: self.places(&index.places),
        }
    }

    fn foreign_key(&self, key: &schema::ForeignKey) -> ForeignKey {
        ForeignKey {
            name: key.name.clone(),
            columns: key.columns.clone(),
            target: key.target.clone(),
            target_columns: key.target_columns.clone(),
            declared_in: declared_in(&key.places),
            places: self.places(&key.places),
        }
    }

    fn removed(&self, removed: &schema::Removed) -> Removed {
        Removed {
            part: removed.part,
            table: removed.table.clone(),
            name: removed.name.clone(),
            columns: removed.columns.clone(),
            places: self.places(&removed.places),
            removed_by: self.place(&removed.by),
        }
    }

    fn unclear(&self, unclear: &schema::Unclear) -> Unclear {
        Unclear {
            place: self.place(&unclear.place),
            text: unclear.text.clone(),
        }
    }
}
