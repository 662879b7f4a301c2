//! The schema as DBML.

use std::fmt::Write as _;

use super::{Column, ForeignKey, Index, IndexKind, SchemaReport, Table};
use crate::escape;

/// The schema in DBML: a table a block, references and indexes in it.
pub fn render(report: &SchemaReport) -> String {
    let mut out = String::new();
    let tables = || report.tables.iter().filter(|table| table.created);
    for table in tables() {
        table_block(table, &mut out);
    }
    for table in tables() {
        for key in &table.foreign_keys {
            reference(report, table, key, &mut out);
        }
    }
    out
}

/// A name in quotes, which it cannot leave.
fn name(text: &str) -> String {
    format!("\"{}\"", escape::line(text).replace(['"', '\\'], "'"))
}

/// A text in single quotes, which it cannot leave.
fn text(text: &str) -> String {
    format!("'{}'", escape::line(text).replace('\\', "/").replace('\'', "\\'"))
}

fn expression(text: &str) -> String {
    format!("`{}`", escape::line(text).replace('`', "'"))
}

fn full_name(table: &Table) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", name(schema), name(&table.name)),
        None => name(&table.name),
    }
}

fn table_block(table: &Table, out: &mut String) {
    let _ = writeln!(out, "Table {} {{", full_name(table));
    for column in &table.columns {
        column_line(table, column, out);
    }
    if table.columns.is_empty() {
        // A table without columns is no DBML.
        out.push_str("  \"?\" \"unknown\"\n");
    }
    // A key of one column stands at the column.
    let listed: Vec<&Index> = table.indexes.iter().filter(|index| !is_inline(index)).collect();
    if !listed.is_empty() {
        out.push_str("\n  indexes {\n");
        for index in listed {
            index_line(index, out);
        }
        out.push_str("  }\n");
    }
    if let Some(place) = table.places.first() {
        let _ = writeln!(out, "\n  Note: {}", text(&format!("{}:{}", place.file, place.line)));
    }
    out.push_str("}\n\n");
}

fn is_inline(index: &Index) -> bool {
    index.kind == IndexKind::PrimaryKey && index.keys.len() == 1
}

fn column_line(table: &Table, column: &Column, out: &mut String) {
    let mut settings = Vec::new();
    if table.primary_key.len() == 1 && table.primary_key.contains(&column.name) {
        settings.push("pk".to_owned());
    }
    if !column.nullable {
        settings.push("not null".to_owned());
    }
    if let Some(default) = &column.default {
        settings.push(format!("default: {}", expression(default)));
    }
    let settings = if settings.is_empty() {
        String::new()
    } else {
        format!(" [{}]", settings.join(", "))
    };
    let kind = column.data_type.as_deref().unwrap_or("unknown");
    let _ = writeln!(out, "  {} {}{settings}", name(&column.name), name(kind));
}

fn index_line(index: &Index, out: &mut String) {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            if key.expression {
                expression(&key.column)
            } else {
                name(&key.column)
            }
        })
        .collect();
    let mut settings = Vec::new();
    if index.kind == IndexKind::PrimaryKey {
        settings.push("pk".to_owned());
    } else if index.unique {
        settings.push("unique".to_owned());
    }
    settings.extend(index.name.as_ref().map(|own| format!("name: {}", text(own))));
    if matches!(index.method.as_str(), "btree" | "hash") {
        settings.push(format!("type: {}", index.method));
    }
    let mut notes = Vec::new();
    if !matches!(index.method.as_str(), "btree" | "hash") {
        notes.push(format!("using {}", index.method));
    }
    if index.keys.iter().any(|key| key.descending) {
        let falling = index.keys.iter().filter(|key| key.descending).map(|key| key.column.as_str());
        notes.push(format!("descending: {}", falling.collect::<Vec<_>>().join(", ")));
    }
    if !index.include.is_empty() {
        notes.push(format!("include: {}", index.include.join(", ")));
    }
    notes.extend(index.predicate.as_ref().map(|predicate| format!("where {predicate}")));
    if !notes.is_empty() {
        settings.push(format!("note: {}", text(&notes.join("; "))));
    }
    let _ = writeln!(out, "    ({}) [{}]", keys.join(", "), settings.join(", "));
}

fn reference(report: &SchemaReport, table: &Table, key: &ForeignKey, out: &mut String) {
    let Some(target) = report.tables.iter().find(|other| other.created && other.full_name() == key.target) else {
        return;
    };
    let there = if key.target_columns.is_empty() {
        &target.primary_key
    } else {
        &key.target_columns
    };
    if there.len() != key.columns.len() {
        return;
    }
    let list = |columns: &[String]| {
        let names: Vec<String> = columns.iter().map(|column| name(column)).collect();
        match names.as_slice() {
            [one] => one.clone(),
            _ => format!("({})", names.join(", ")),
        }
    };
    let _ = writeln!(
        out,
        "Ref: {}.{} > {}.{}",
        full_name(table),
        list(&key.columns),
        full_name(target),
        list(there)
    );
}
