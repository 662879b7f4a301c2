//! The list of query sites for a terminal: a block a file, a row a site.

use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle, Width};

use super::queries::QueryList;
use super::words;
use crate::analysis::queries::RowBound;
use crate::escape;
use crate::inventory::rows::QueryRow;

/// Columns of a filter list, an order or a projection that are shown.
const SHOWN: usize = 6;
const NARROWEST: u16 = 40;

/// Renders the list for a terminal of `width` columns.
pub fn render(list: &QueryList, width: u16, color: bool) -> String {
    let mut out = String::new();
    let mut rest = list.queries.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|row| row.location.file == first.location.file).count();
        let (rows, others) = rest.split_at(same);
        let file = escape::line(&first.location.file);
        if color {
            let style = Style::new().bold().underline();
            let _ = writeln!(out, "{style}{file}{style:#}");
        } else {
            let _ = writeln!(out, "{file}");
        }
        let _ = writeln!(out, "{}\n", block(rows, width));
        rest = others;
    }
    let _ = writeln!(out, "{}", summary(list));
    out
}

fn block(rows: &[QueryRow], width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width.max(NARROWEST))
        .force_no_tty();
    for row in rows {
        let tables = if row.tables.is_empty() {
            "?".to_owned()
        } else {
            row.tables.join(", ")
        };
        table.add_row(vec![
            format!("  :{}", row.location.start_line),
            escape::line(&format!("{} {tables}", row.operation)),
            row.rows.clone(),
            escape::line(&details(row)),
        ]);
    }
    for (column, constraint) in [
        ColumnConstraint::ContentWidth,
        ColumnConstraint::UpperBoundary(Width::Percentage(40)),
        ColumnConstraint::ContentWidth,
        ColumnConstraint::LowerBoundary(Width::Percentage(30)),
    ]
    .into_iter()
    .enumerate()
    {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(constraint);
        }
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What is known of a site beyond its table: who, how often, by what.
fn details(row: &QueryRow) -> String {
    let mut parts = Vec::new();
    if !row.function.is_empty() {
        parts.push(format!("in {}", row.function));
    }
    if let Some(entry) = &row.entry {
        parts.push(match entry.calls {
            0 => format!("reached from {}", entry.label),
            calls => format!("reached from {} ({})", entry.label, words::count(calls as usize, "call", "calls")),
        });
    }
    if let Some(repeated) = &row.repeated {
        parts.push(format!("in the loop :{} ({})", repeated.line, repeated.verdict));
    }
    let filters = row.filters.iter().map(|filter| {
        let table = filter.table.as_ref().map_or_else(String::new, |table| format!("{table}."));
        let maybe = if filter.optional { "?" } else { "" };
        format!("{table}{}{maybe} ({})", filter.column, filter.kind)
    });
    if !row.filters.is_empty() {
        parts.push(format!("where {}", some(filters)));
    }
    if !row.order.is_empty() {
        parts.push(format!("order {}", some(row.order.iter().cloned())));
    }
    if row.limit != "none" {
        parts.push(format!("limit {}", row.limit));
    }
    if row.offset {
        parts.push("offset".to_owned());
    }
    if row
        .projection
        .first()
        .is_some_and(|first| !matches!(first.as_str(), "all" | "none"))
    {
        parts.push(format!("columns {}", some(row.projection.iter().cloned())));
    }
    if !row.eager.is_empty() {
        parts.push(format!("loads {}", some(row.eager.iter().cloned())));
    }
    match &row.index {
        Some(index) => parts.push(format!("index {} ({})", index.name, index.keys)),
        None if row.known_table && !row.filters.is_empty() => parts.push("no index".to_owned()),
        None => {}
    }
    parts.join(" · ")
}

/// The first of a list, and how many more there are.
fn some(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    let more = items.len().saturating_sub(SHOWN);
    let mut text = items.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(text, ", {more} more");
    }
    text
}

fn summary(list: &QueryList) -> String {
    if list.queries.is_empty() {
        return "No query sites: nothing here reaches a database in a way that is known.".to_owned();
    }
    let of = |wanted: RowBound| list.queries.iter().filter(|row| row.rows == wanted.words()).count();
    let known = list.queries.iter().filter(|row| row.known_table).count();
    let named = list.queries.iter().filter(|row| !row.tables.is_empty()).count();
    let counts = RowBound::ALL
        .into_iter()
        .filter(|&verdict| of(verdict) > 0)
        .map(|verdict| format!("{} {}", words::grouped(of(verdict)), verdict.words()));
    format!(
        "{}: {}. {} name a table, {} one of the schema.",
        words::count(list.queries.len(), "query site", "query sites"),
        counts.collect::<Vec<_>>().join(" · "),
        words::grouped(named),
        words::grouped(known)
    )
}
