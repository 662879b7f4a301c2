//! What a deployment lets in and may use, as a table, and what gives out first.

use serde::Serialize;

use super::names::place;
use crate::project::capacity::{self, Capacity, CapacityUnit, LimitKind, NumberOrigin, StatedLimit};
use crate::report::words;

/// The numbers of the deployment that were read, and what follows.
#[derive(Serialize)]
pub struct CapacityView<'a> {
    limits: Vec<Row<'a>>,
    /// Some of them say how much runs at once.
    has_limits: bool,
    bottleneck: Option<Bottleneck<'a>>,
    unknown: &'a [String],
}

#[derive(Serialize)]
struct Row<'a> {
    what: &'static str,
    name: &'a str,
    value: String,
    is_default: bool,
    note: &'a str,
    place: String,
    /// It says how much runs at once; the sizes of batches and time-outs do not.
    is_limit: bool,
}

#[derive(Serialize)]
struct Bottleneck<'a> {
    summary: &'a str,
    /// The places of the summary, where it is a step itself.
    places: Vec<String>,
    allows: u64,
    asked: Option<u64>,
    /// Sentences with their places.
    steps: Vec<(&'a str, String)>,
}

/// The view; `None` where no file says anything.
pub fn view(capacity: &Capacity) -> Option<CapacityView<'_>> {
    if capacity.limits.is_empty() && capacity.bottleneck.is_none() {
        return None;
    }
    let bottleneck = capacity.bottleneck.as_ref().map(self::bottleneck);
    Some(CapacityView {
        limits: rows(&capacity.limits),
        has_limits: capacity.limits.iter().any(is_limit),
        bottleneck,
        unknown: &capacity.unknown,
    })
}

fn bottleneck(bottleneck: &capacity::Bottleneck) -> Bottleneck<'_> {
    // What is said above the steps is not said again by one of them: its places stand there.
    let (said, rest): (Vec<_>, Vec<_>) = bottleneck.steps.iter().partition(|step| step.text == bottleneck.summary);
    Bottleneck {
        summary: &bottleneck.summary,
        places: said.iter().map(|step| place(&step.location)).collect(),
        allows: bottleneck.allows,
        asked: bottleneck.asked,
        steps: rest.iter().map(|step| (step.text.as_str(), place(&step.location))).collect(),
    }
}

/// One row a limit; those that say the same at several places once.
fn rows(limits: &[StatedLimit]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for row in limits.iter().map(row) {
        let is_same = |other: &Row<'_>| (other.what, other.name, &other.value, other.note) == (row.what, row.name, &row.value, row.note);
        if !rows.iter().any(is_same) {
            rows.push(row);
        }
    }
    rows
}

fn row(limit: &StatedLimit) -> Row<'_> {
    Row {
        what: match limit.kind {
            LimitKind::Processes => "processes",
            LimitKind::Threads => "threads",
            LimitKind::Concurrency => "concurrency",
            LimitKind::Pool => "pool",
            LimitKind::Connections => "database connections",
            LimitKind::Batch => "batch",
            LimitKind::Timeout => "time-out",
            LimitKind::Memory => "memory",
        },
        name: &limit.name,
        value: value(limit.value, limit.unit),
        is_default: limit.origin == NumberOrigin::Default,
        note: &limit.note,
        place: place(&limit.location),
        is_limit: is_limit(limit),
    }
}

fn is_limit(limit: &StatedLimit) -> bool {
    !matches!(limit.kind, LimitKind::Batch | LimitKind::Timeout)
}

/// A number with its unit; the largest unit that leaves it whole.
fn value(value: u64, unit: CapacityUnit) -> String {
    const SIZES: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let counted = |one: &str, many: &str| words::count(usize::try_from(value).unwrap_or(usize::MAX), one, many);
    match unit {
        CapacityUnit::Processes => counted("process", "processes"),
        CapacityUnit::Threads => counted("thread", "threads"),
        CapacityUnit::Tasks => format!("{} at once", counted("", "").trim_end()),
        CapacityUnit::Connections => counted("connection", "connections"),
        CapacityUnit::Items => counted("item", "items"),
        CapacityUnit::Milliseconds if value > 0 && value.is_multiple_of(1000) => format!("{} s", value / 1000),
        CapacityUnit::Milliseconds => format!("{value} ms"),
        CapacityUnit::Bytes => {
            let whole = SIZES.iter().find(|(size, _)| value > 0 && value.is_multiple_of(*size));
            whole.map_or_else(|| format!("{value} bytes"), |(size, name)| format!("{} {name}", value / size))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_not_said_again_by_a_step() {
        let step = |text: &str| capacity::Derivation {
            text: text.to_owned(),
            location: crate::finding::Location {
                file: "a.py".to_owned(),
                start_line: 3,
                ..Default::default()
            },
        };
        let of = |summary: &str| {
            let capacity = Capacity {
                bottleneck: Some(capacity::Bottleneck {
                    summary: summary.to_owned(),
                    allows: 5,
                    asked: None,
                    steps: vec![step("the pool"), step("the workers"), step("the pool")],
                }),
                ..Capacity::default()
            };
            let shown = view(&capacity).and_then(|view| view.bottleneck).expect("a bottleneck");
            (shown.places.len(), shown.steps.len())
        };
        assert_eq!(of("the pool"), (2, 1));
        assert_eq!(of("one pool for two workers"), (0, 3));
    }

    #[test]
    fn numbers_have_the_largest_unit_that_leaves_them_whole() {
        let shown = [
            (30_000, CapacityUnit::Milliseconds, "30 s"),
            (1500, CapacityUnit::Milliseconds, "1500 ms"),
            (0, CapacityUnit::Milliseconds, "0 ms"),
            (256 << 20, CapacityUnit::Bytes, "256 MiB"),
            (100, CapacityUnit::Bytes, "100 bytes"),
            (1, CapacityUnit::Connections, "1 connection"),
            (50, CapacityUnit::Tasks, "50 at once"),
        ];
        for (number, unit, wanted) in shown {
            assert_eq!(value(number, unit), wanted);
        }
    }
}
