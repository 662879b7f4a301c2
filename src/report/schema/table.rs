//! The schema for a terminal: a block a table, each part with the line that gave it.

use std::fmt::Write as _;

use super::{Column, ForeignKey, Index, IndexKind, PlaceKind, SchemaReport, SourcePlace, Table, Unclear};
use crate::escape;
use crate::project::schema::SchemaPart;
use crate::report::words;

/// Removed indexes, and places that were not understood, that are listed.
const LISTED: usize = 20;

/// Renders the schema.
pub fn render(report: &SchemaReport) -> String {
    let mut out = String::new();
    for table in &report.tables {
        block(table, &mut out);
    }
    removed(report, &mut out);
    not_understood(report, &mut out);
    summary(report, &mut out);
    out
}

fn place(place: &SourcePlace) -> String {
    let source = match place.source {
        PlaceKind::Model => "",
        PlaceKind::Migration => " (migration)",
        PlaceKind::Script => " (script)",
    };
    format!("{}:{}{source}", place.file, place.line)
}

/// The first place of each view.
fn places(all: &[SourcePlace]) -> String {
    let mut shown: Vec<&SourcePlace> = Vec::new();
    for place in all {
        if !shown.iter().any(|other| other.source == place.source) {
            shown.push(place);
        }
    }
    shown.into_iter().map(place).collect::<Vec<_>>().join(" · ")
}

fn block(table: &Table, out: &mut String) {
    let mut facts = vec![table.database.clone()];
    if !table.created {
        facts.push("nothing creates it".to_owned());
    } else if !table.complete {
        facts.push("may have more than is listed".to_owned());
    }
    if table.partitioned {
        facts.push("partitioned".to_owned());
    }
    facts.push(format!("{} rows", words::scale(table.rows)));
    let heading = format!("{} [{}]  {}", table.full_name(), facts.join(", "), places(&table.places));
    let _ = writeln!(out, "{}", escape::line(heading.trim_end()));
    let because = table.rows_because.strip_prefix(&table.name).unwrap_or(&table.rows_because);
    let because = because.trim_start_matches(',').trim_start();
    if !because.is_empty() {
        let _ = writeln!(out, "  rows: {}", escape::line(because));
    }
    let mut rows: Vec<[String; 3]> = Vec::new();
    rows.extend(table.columns.iter().map(column));
    rows.extend(table.indexes.iter().map(index));
    rows.extend(table.foreign_keys.iter().map(foreign_key));
    write_rows(&rows, out);
    out.push('\n');
}

/// Aligns two columns; the last one runs on.
fn write_rows(rows: &[[String; 3]], out: &mut String) {
    let safe: Vec<[String; 3]> = rows
        .iter()
        .map(|row| [escape::line(&row[0]), escape::line(&row[1]), escape::line(&row[2])])
        .collect();
    // One long name does not push all others aside.
    let width = |at: usize, most: usize| {
        let lengths = safe.iter().map(|row| row[at].chars().count());
        lengths.filter(|&length| length <= most).max().unwrap_or(0)
    };
    let (first, second) = (width(0, 32), width(1, 56));
    for [name, what, place] in &safe {
        let line = format!("  {name:<first$}  {what:<second$}  {place}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn column(column: &Column) -> [String; 3] {
    let mut what = column.data_type.clone().unwrap_or_else(|| "type not known".to_owned());
    if !column.nullable {
        what.push_str(" not null");
    }
    if let Some(default) = &column.default {
        let _ = write!(what, " default {default}");
    }
    [column.name.clone(), what, places(&column.places)]
}

fn index(index: &Index) -> [String; 3] {
    let kind = match index.kind {
        IndexKind::PrimaryKey => "primary key",
        IndexKind::UniqueConstraint => "unique",
        IndexKind::ForeignKey => "index of the foreign key",
        IndexKind::Index if index.unique => "unique index",
        IndexKind::Index => "index",
    };
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            if key.descending {
                format!("{} desc", key.column)
            } else {
                key.column.clone()
            }
        })
        .collect();
    let mut what = format!("{kind} ({})", keys.join(", "));
    if index.method != "btree" {
        let _ = write!(what, " using {}", index.method);
    }
    if !index.include.is_empty() {
        let _ = write!(what, " include ({})", index.include.join(", "));
    }
    if let Some(predicate) = &index.predicate {
        let _ = write!(what, " where {predicate}");
    }
    [index.name.clone().unwrap_or_default(), what, places(&index.places)]
}

fn foreign_key(key: &ForeignKey) -> [String; 3] {
    let there = if key.target_columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", key.target_columns.join(", "))
    };
    let what = format!("foreign key ({}) to {}{there}", key.columns.join(", "), key.target);
    [key.name.clone().unwrap_or_default(), what, places(&key.places)]
}

fn removed(report: &SchemaReport, out: &mut String) {
    let gone: Vec<_> = report.removed.iter().filter(|removed| removed.part == SchemaPart::Index).collect();
    if gone.is_empty() {
        return;
    }
    let _ = writeln!(out, "Indexes that were dropped again: {}", gone.len());
    let rows: Vec<[String; 3]> = gone
        .iter()
        .take(LISTED)
        .map(|removed| {
            [
                removed.name.clone().unwrap_or_default(),
                format!("on {} ({})", removed.table, removed.columns.join(", ")),
                format!("{}, dropped by {}", places(&removed.places), place(&removed.removed_by)),
            ]
        })
        .collect();
    write_rows(&rows, out);
    more(gone.len(), out);
    out.push('\n');
}

fn not_understood(report: &SchemaReport, out: &mut String) {
    if report.summary.not_understood == 0 {
        return;
    }
    let _ = writeln!(out, "Not understood: {}", report.summary.not_understood);
    let rows: Vec<[String; 3]> = report
        .not_understood
        .iter()
        .take(LISTED)
        .map(|Unclear { place: at, text }| [place(at), text.clone(), String::new()])
        .collect();
    write_rows(&rows, out);
    more(report.not_understood.len(), out);
    out.push('\n');
}

fn more(count: usize, out: &mut String) {
    if count > LISTED {
        let _ = writeln!(out, "  and {} more: --format json lists all", count - LISTED);
    }
}

fn summary(report: &SchemaReport, out: &mut String) {
    let summary = &report.summary;
    for note in &report.notes {
        let _ = writeln!(out, "{}", escape::line(note));
    }
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let _ = writeln!(
        out,
        "{}, {}, {}, {}; {} replayed",
        count(summary.tables, "table", "tables"),
        count(summary.columns, "column", "columns"),
        count(summary.indexes, "index", "indexes"),
        count(summary.foreign_keys, "foreign key", "foreign keys"),
        count(summary.migrations, "migration", "migrations"),
    );
}
