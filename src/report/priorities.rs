//! The table of priorities in words, with an example of each cell: what `perfaudit explain priorities` prints.

use std::fmt::Write as _;

use comfy_table::{Cell, ContentArrangement, Table, presets};

use crate::judge::cost::Weight;
use crate::judge::priority::{COLUMNS, TABLE, Use};
use crate::libraries::entries::Often;

/// Renders the table, the assumptions behind it and its examples.
pub fn text() -> String {
    let mut out = String::from(
        "A finding's priority is what one use of the place costs, by how often it is used. No rule has a table of its own.\n\n",
    );
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled);
    let heads = COLUMNS.iter().map(|&often| Cell::new(often_words(often).0));
    table.set_header(std::iter::once(Cell::new("one use costs")).chain(heads));
    for (weight, row) in Weight::ALL.into_iter().zip(TABLE) {
        let cells = row.iter().map(|priority| Cell::new(format!("{priority:?}")));
        table.add_row(std::iter::once(Cell::new(weight_words(weight).0)).chain(cells));
    }
    let _ = writeln!(out, "{table}\n");
    out.push_str(
        "A finding of medium confidence is at most P1, one of low confidence at most P2. What stands in a test, a script, a migration or an \
         example is P3, but for the schema. A loop that a page or an action of a larger program comes to under a condition, or only \
         perhaps, counts as seldom, but where its rows or statements have no bound. Your configuration can say otherwise of a rule or a \
         path, but for what is not sure.\n\nOne use costs:\n",
    );
    for weight in Weight::ALL {
        let (name, meaning, _) = weight_words(weight);
        let _ = writeln!(out, "  {name:<10} {meaning}");
    }
    out.push_str("\nIt is used:\n");
    for often in COLUMNS {
        let (name, meaning, _) = often_words(often);
        let _ = writeln!(out, "  {name:<10} {meaning}");
    }
    out.push_str("\nAn example of each:\n");
    for (weight, row) in Weight::ALL.into_iter().zip(TABLE) {
        for (often, priority) in COLUMNS.into_iter().zip(row) {
            let _ = writeln!(out, "  {priority:?}  {} {}", weight_words(weight).2, often_words(often).2);
        }
    }
    out
}

/// A row's name, its meaning and an example.
pub(super) fn weight_words(weight: Weight) -> (&'static str, &'static str, &'static str) {
    match weight {
        Weight::Unbounded => (
            "unbounded",
            "a table to which everybody adds rows all day, or for which a dozen statements of requests ask, is read whole for a few of them; a list sends seven statements and more for each row",
            "a look-up of comments by an unindexed key",
        ),
        Weight::Stops => (
            "stops",
            "others stand still for a pause or for another process: an event loop, a server of one thread",
            "a sleep on the event loop",
        ),
        Weight::Holds => (
            "holds",
            "others stand still until another machine answers",
            "a synchronous request on the event loop",
        ),
        Weight::Occupies => (
            "occupies",
            "a worker of several may wait for ever, or the processor works for tenths of a second while others stand still",
            "a request without a timeout",
        ),
        Weight::Large => (
            "large",
            "it grows with a list, a page or the rows of one parent, or five statements of requests read a growing table whole",
            "a SELECT for each row of a page,",
        ),
        Weight::Moderate => (
            "moderate",
            "it is bounded, or short as far as can be told",
            "a SELECT for each of an unknown list,",
        ),
        Weight::Whole => (
            "whole",
            "a table that grows is loaded or sent whole, or one statement of requests looks through all of it; an open page asks every few seconds; somebody may wait for ever, and no worker with them",
            "a list without pages",
        ),
        Weight::Slight => ("slight", "few rows, a round trip or two", "the same row read twice"),
        Weight::Upkeep => (
            "upkeep",
            "nobody waits for it: a declaration, a setting, a habit",
            "an index that repeats another,",
        ),
    }
}

/// A column's name, its meaning and an example.
pub(super) fn often_words(often: Use) -> (&'static str, &'static str, &'static str) {
    match often {
        Use::Chief => (
            "chief",
            "one of at most eight things that a small program is asked",
            "in a service of two routes",
        ),
        Use::Of(Often::Always) => (
            "always",
            "with nearly every request: middleware, authentication",
            "in the middleware of every request",
        ),
        Use::Of(Often::Read) => (
            "read",
            "people or programs look at it: a GET, a page, a query, an open page that polls",
            "in GET /orders",
        ),
        Use::Of(Often::Act) => (
            "action",
            "one action of a user, one event: a POST, a mutation, a message",
            "in POST /orders",
        ),
        Use::Of(Often::Job) => ("job", "a queue or a schedule runs it, and nobody waits", "in the nightly job"),
        Use::Of(Often::Seldom) => (
            "seldom",
            "staff use it, it is deprecated, or it sets something up",
            "in the administration",
        ),
        Use::Of(Often::Once) => ("once", "start-up, a command, a script", "in a command"),
        Use::Unknown => ("unknown", "who calls it was not found", "in a function of which no caller is known"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_cell_has_an_example() {
        let text = super::text();
        assert_eq!(text.lines().filter(|line| line.starts_with("  P")).count(), 72);
    }
}
