//! The one table of priorities: what one use costs, by how often it is used, capped by how sure that is.

use crate::finding::{Cell, Confidence, Judgement, Priority};
use crate::libraries::entries::Often;

use super::cost::{Cost, Weight};
use super::reach::Reach;
use super::scale::Scale;

/// How often a cost is met: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Somebody waits for it, and it is one of the few things that the program is asked.
    Chief,
    /// As often as its entry point is used.
    Of(Often),
    /// Nothing that is known calls it.
    Unknown,
}

/// How often, as the table has it.
pub const COLUMNS: [Use; 8] = [
    Use::Chief,
    Use::Of(Often::Always),
    Use::Of(Often::Read),
    Use::Of(Often::Act),
    Use::Of(Often::Job),
    Use::Of(Often::Seldom),
    Use::Of(Often::Once),
    Use::Unknown,
];

/// The table: a row for each of [`Weight::ALL`], a column for each of [`COLUMNS`]. It falls with weight and with use, but in the last
/// column: what stops an event loop where nothing known calls it is mostly a command's, and a missing limit is added as readily there.
pub const TABLE: [[Priority; 8]; 9] = {
    use Priority::{P0, P1, P2, P3};
    [
        [P0, P0, P1, P2, P2, P3, P3, P2],
        [P0, P1, P2, P2, P2, P3, P3, P3],
        [P0, P1, P2, P2, P2, P3, P3, P3],
        [P1, P2, P2, P2, P2, P3, P3, P2],
        [P1, P2, P2, P2, P3, P3, P3, P3],
        [P1, P2, P2, P3, P3, P3, P3, P3],
        [P1, P2, P3, P3, P3, P3, P3, P3],
        [P2, P3, P3, P3, P3, P3, P3, P3],
        [P3, P3, P3, P3, P3, P3, P3, P3],
    ]
};

/// What a cell of a row is worth, and a column: the order of findings of one priority.
const WORTH: [u32; 9] = [400, 200, 150, 150, 100, 20, 4, 3, 1];
const TIMES: [u32; 8] = [40, 40, 20, 10, 6, 2, 1, 4];

/// One statement that looks through a table, sometimes or nobody knows when: of eight that were read against the code one would get its index.
fn is_one_of_few(cost: &Cost, reach: &Reach) -> bool {
    matches!(
        cost,
        Cost::Walk {
            asks: 0 | 1,
            of_people: false,
            ..
        }
    ) && (reach.often.is_none() || reach.is_conditional)
}

/// The priority of a cost that is met so often.
pub fn of(weight: Weight, often: Use, confidence: Confidence) -> Priority {
    let cell = TABLE.get(row(weight)).and_then(|row| row.get(column(often))).copied();
    capped(cell.unwrap_or(Priority::P3), confidence)
}

/// Judges a finding; `less` steps of weight are taken off for what makes it lighter than its cost says.
pub fn judge(cost: &Cost, reach: &Reach, confidence: Confidence, less: usize) -> Judgement {
    let full = cost.weight().lighter(less);
    // Less urgent, and as much worth within its priority: maintainers who add indexes add these along.
    let weight = full.lighter(usize::from(is_one_of_few(cost, reach)));
    let often = met(cost, reach);
    // What runs once is seldom mended for its time, however easy that is.
    let ease = if often == Use::Of(Often::Once) {
        cost.ease().min(4)
    } else {
        cost.ease()
    };
    let worth = WORTH.get(row(full)).copied().unwrap_or(1) * ease;
    let times = TIMES.get(column(often)).copied().unwrap_or(1);
    let sure = match confidence {
        Confidence::High => 4,
        Confidence::Medium => 3,
        Confidence::Low => 1,
    };
    let asks = match cost {
        Cost::Walk { asks, .. } => *asks,
        _ => reach.shared,
    };
    let spread = 8 + asks.min(64) as u32;
    Judgement {
        // What only may be called so often is at most P2.
        priority: of(weight, often, confidence).max(if reach.is_loose { Priority::P2 } else { Priority::P0 }),
        gain: worth * times * sure * spread,
        reason: format!("{}, {}", cost.words(), reach.words()),
        cell: Some(Cell {
            row: row(weight),
            column: column(often),
            is_probable: reach.is_loose,
        }),
    }
}

/// What a rule's own page says, where nothing is weighed: what holds only if a call that is not certain is made is at most P2.
pub fn said(priority: Priority, is_probable: bool) -> Judgement {
    let most = if is_probable { Priority::P2 } else { Priority::P0 };
    Judgement::from(priority.max(most))
}

/// How often a cost is met by somebody. Nobody waits for what a job does for each row, and whoever exports everything expects it to take
/// as long as there are rows.
fn met(cost: &Cost, reach: &Reach) -> Use {
    let Some(often) = reach.often else {
        // Of five calls without a limit that nothing was seen to call readers of the code would mend none: nothing uses them, or a tool.
        return if reach.is_uncalled { Use::Of(Often::Once) } else { Use::Unknown };
    };
    let often = match (cost, often) {
        (Cost::InTurn { .. }, Often::Job) => Often::Once,
        (Cost::Each { .. }, Often::Job) => Often::Seldom,
        // A list that is loaded on the way of every request is mostly of a user's own few rows.
        (Cost::Load(_) | Cost::Answer(_), Often::Always) => Often::Read,
        // A loop behind a condition, or perhaps not there, is mostly an option's or one branch's: of fifty that pages may come to readers of
        // the code would mend a third, of those that pages always run three of five.
        (Cost::Each { .. } | Cost::InTurn { .. }, Often::Read | Often::Act)
            if (reach.is_conditional || reach.is_loose) && !reach.is_chief && cost.weight() >= Weight::Large =>
        {
            Often::Seldom
        }
        // Who changes something waits for the rows of it, mostly few: of eleven such loops readers of the code would mend one.
        (Cost::Each { rows, .. }, Often::Act) if rows.scale == Scale::OfParent => Often::Seldom,
        (Cost::Each { .. } | Cost::InTurn { .. } | Cost::Load(_) | Cost::Answer(_) | Cost::Waste(_), _) if reach.is_bulk => Often::Seldom,
        (_, often) => often,
    };
    // What a program of few entry points is asked is what it is there for.
    let is_chief = reach.is_chief && matches!(often, Often::Always | Often::Read | Often::Act);
    if is_chief { Use::Chief } else { Use::Of(often) }
}

fn row(weight: Weight) -> usize {
    Weight::ALL
        .iter()
        .position(|&known| known == weight)
        .unwrap_or(Weight::ALL.len() - 1)
}

fn column(often: Use) -> usize {
    COLUMNS.iter().position(|&known| known == often).unwrap_or(COLUMNS.len() - 1)
}

/// A low-confidence finding is never P0 or P1, and a P0 is sure.
fn capped(priority: Priority, confidence: Confidence) -> Priority {
    match confidence {
        Confidence::Low => priority.max(Priority::P2),
        Confidence::Medium => priority.max(Priority::P1),
        Confidence::High => priority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// More often, heavier or surer is never less urgent.
        #[test]
        fn the_table_falls_to_the_right_and_down(weight in 0..Weight::ALL.len(), often in 0..7_usize) {
            let at = |weight: usize, often: usize| of(Weight::ALL[weight], COLUMNS[often], Confidence::High);
            if often + 1 < 7 {
                prop_assert!(at(weight, often) <= at(weight, often + 1));
            }
            if weight + 1 < Weight::ALL.len() {
                prop_assert!(at(weight, often) <= at(weight + 1, often));
            }
        }
    }

    #[test]
    fn what_is_not_sure_is_not_urgent() {
        assert_eq!(of(Weight::Unbounded, Use::Of(Often::Always), Confidence::High), Priority::P0);
        assert_eq!(of(Weight::Unbounded, Use::Of(Often::Always), Confidence::Medium), Priority::P1);
        assert_eq!(of(Weight::Unbounded, Use::Of(Often::Always), Confidence::Low), Priority::P2);
    }
}
