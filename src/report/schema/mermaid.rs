//! The schema as a Mermaid entity-relationship diagram.

use std::fmt::Write as _;

use super::{SchemaReport, Table};
use crate::escape;

/// The schema as an entity diagram in Mermaid.
pub fn render(report: &SchemaReport) -> String {
    let mut out = String::from("erDiagram\n");
    let tables = || report.tables.iter().filter(|table| table.created);
    for table in tables() {
        entity(table, &mut out);
    }
    for table in tables() {
        for key in &table.foreign_keys {
            if !tables().any(|other| other.full_name() == key.target) {
                continue;
            }
            let optional = key
                .columns
                .iter()
                .any(|column| table.columns.iter().any(|own| own.name == *column && own.nullable));
            let is_unique = table.indexes.iter().any(|index| {
                index.unique
                    && index.predicate.is_none()
                    && index.keys.len() == key.columns.len()
                    && index.keys.iter().all(|own| key.columns.contains(&own.column))
            });
            let one = if optional { "|o" } else { "||" };
            let many = if is_unique { "o|" } else { "o{" };
            let _ = writeln!(
                out,
                "    {} {one}--{many} {} : {}",
                quoted(&key.target),
                quoted(&table.full_name()),
                quoted(&key.columns.join(", "))
            );
        }
    }
    out
}

/// A name in quotes, which it cannot leave.
fn quoted(text: &str) -> String {
    let text = escape::line(text);
    let safe: String = text
        .chars()
        .map(|c| {
            if matches!(c, '"' | '%' | '\\' | ';' | '#' | '<' | '>' | '&' | '`') {
                '_'
            } else {
                c
            }
        })
        .collect();
    format!("\"{}\"", if safe.trim().is_empty() { "_" } else { &safe })
}

/// A word as attributes have it: they take no quotes.
fn word(text: &str) -> String {
    let mut safe: String = text
        .trim()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '(' | ')' | '[' | ']') {
                c
            } else {
                '_'
            }
        })
        .collect();
    if !safe.starts_with(|c: char| c.is_ascii_alphabetic()) {
        safe.insert(0, '_');
    }
    safe
}

fn entity(table: &Table, out: &mut String) {
    let _ = writeln!(out, "    {} {{", quoted(&table.full_name()));
    for column in &table.columns {
        let mut marks = Vec::new();
        if table.primary_key.contains(&column.name) {
            marks.push("PK");
        }
        if table.is_foreign(&column.name) {
            marks.push("FK");
        }
        let unique = table
            .indexes
            .iter()
            .any(|index| index.unique && index.predicate.is_none() && matches!(index.keys.as_slice(), [key] if key.column == column.name));
        if unique && !marks.contains(&"PK") {
            marks.push("UK");
        }
        let marks = if marks.is_empty() {
            String::new()
        } else {
            format!(" {}", marks.join(", "))
        };
        let kind = column.data_type.as_deref().unwrap_or("unknown");
        let _ = writeln!(out, "        {} {}{marks}", word(kind), word(&column.name));
    }
    out.push_str("    }\n");
}
