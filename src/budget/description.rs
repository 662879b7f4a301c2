//! What users are told of bounds.

use super::{LIMITS, Limit};

/// What a user is to know of a bound.
#[derive(Clone, Copy, Debug)]
pub struct LimitDescription {
    /// The bound.
    pub limit: Limit,
    /// What is counted, as the README says it.
    pub what: &'static str,
    /// How many of it at most.
    pub most: u64,
    /// How the README writes that number, where digits alone would be hard to read.
    pub written: &'static str,
    /// What is left out beyond it.
    pub beyond: &'static str,
    /// What went over, as a phrase for one place and for several.
    pub places: (&'static str, &'static str),
}

/// The README's table of bounds, in Markdown.
pub fn table() -> String {
    let rows = LIMITS
        .iter()
        .map(|about| format!("| {} | {} | {} |\n", about.what, about.written, about.beyond));
    format!("| What | Bound | Beyond it |\n|---|---|---|\n{}", rows.collect::<String>())
}
