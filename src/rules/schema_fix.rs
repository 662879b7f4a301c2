//! What the schema rules advise: SQL for the table's database, and the declaration in the repository's own ORM.

use crate::project::schema::{Index, Table, Tool};
use crate::statement::Dialect;

/// A name as the database wants it written.
fn quoted(name: &str, dialect: Dialect) -> String {
    let plain =
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    match dialect {
        _ if plain => name.to_owned(),
        Dialect::MySql => format!("`{name}`"),
        _ => format!("\"{name}\""),
    }
}

fn full_name(table: &Table) -> String {
    let name = quoted(&table.name, table.dialect);
    table
        .schema
        .as_ref()
        .map_or(name.clone(), |schema| format!("{}.{name}", quoted(schema, table.dialect)))
}

/// A name for a new index, within the 63 bytes that Postgres keeps.
fn index_name(table: &Table, columns: &[String]) -> String {
    let mut name = format!("ix_{}_{}", table.name, columns.join("_")).to_lowercase();
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// The statement that creates an index on the columns.
pub(super) fn create_index(table: &Table, columns: &[String]) -> String {
    let list: Vec<String> = columns.iter().map(|column| quoted(column, table.dialect)).collect();
    let concurrently = if table.dialect == Dialect::Postgres && !table.partition {
        "CONCURRENTLY "
    } else {
        ""
    };
    format!(
        "CREATE INDEX {concurrently}{} ON {} ({});",
        quoted(&index_name(table, columns), table.dialect),
        full_name(table),
        list.join(", ")
    )
}

/// The statement that drops an index, where its name is known.
pub(super) fn drop_index(table: &Table, index: &Index) -> Option<String> {
    let name = quoted(index.name.as_deref()?, table.dialect);
    Some(match table.dialect {
        Dialect::MySql => format!("DROP INDEX {name} ON {};", full_name(table)),
        Dialect::Postgres => format!("DROP INDEX CONCURRENTLY {name};"),
        _ => format!("DROP INDEX {name};"),
    })
}

/// The declaration of an index on the columns in the table's ORM.
pub(super) fn declare_index(table: &Table, columns: &[String]) -> Option<String> {
    let fields: Vec<String> = columns
        .iter()
        .map(|column| {
            table
                .column(column)
                .and_then(|column| column.field.clone())
                .unwrap_or_else(|| column.clone())
        })
        .collect();
    let name = index_name(table, columns);
    Some(match table.tool()? {
        Tool::Prisma => format!("@@index([{}])", fields.join(", ")),
        Tool::Drizzle => {
            let keys: Vec<String> = fields.iter().map(|field| format!("table.{field}")).collect();
            format!("index(\"{name}\").on({})", keys.join(", "))
        }
        Tool::SqlAlchemy | Tool::SqlModel => {
            let keys: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
            format!("Index(\"{name}\", {})", keys.join(", "))
        }
        Tool::Django => {
            let keys: Vec<String> = fields.iter().map(|field| format!("\"{field}\"")).collect();
            format!("models.Index(fields=[{}])", keys.join(", "))
        }
        Tool::TypeOrm => format!(
            "@Index([{}])",
            fields.iter().map(|field| format!("'{field}'")).collect::<Vec<_>>().join(", ")
        ),
        _ => return None,
    })
}
