//! What a database must do to be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::statement::Dialect;
use crate::syntax::sql::expression::text_literal;

/// Letters of a text that a prefix leaves out.
const LEFT_OUT: usize = 2;

/// Why an engine gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineFailure {
    /// It refused one statement; it can be asked on.
    Refused(String),
    /// It cannot be asked any more.
    Gone(String),
}

impl fmt::Display for EngineFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineFailure::Refused(why) | EngineFailure::Gone(why) => out.write_str(why),
        }
    }
}

/// What a planner thinks of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryPlan {
    /// What it costs, without a unit.
    pub cost: f64,
    /// Its steps in short.
    pub steps: String,
}

/// An index of a table that is made after its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeIndex {
    /// Its place among the schema's table's indexes; `None` for a primary key.
    pub at: Option<usize>,
    /// Its name.
    pub name: String,
    /// The statement that makes it.
    pub create: String,
    /// The same without UNIQUE, for rows that are not.
    pub plain: String,
}

/// A value that a row has, as the database gives it. It may come from the scanned project, so that it is written into a statement by
/// [`RowValue::literal`] and [`RowValue::prefix`] alone.
#[derive(Clone, Debug, PartialEq)]
pub enum RowValue {
    /// A whole number.
    Whole(i64),
    /// Another number.
    Real(f64),
    /// Anything else, as text.
    Text(String),
}

impl RowValue {
    /// The value as a literal; `None` where no two databases read it alike.
    pub fn literal(&self) -> Option<String> {
        match self {
            RowValue::Whole(number) => Some(number.to_string()),
            RowValue::Real(number) => number.is_finite().then(|| format!("{number:?}")),
            RowValue::Text(text) => is_plain(text).then(|| text_literal(text)),
        }
    }

    /// The pattern that finds what begins as the value does, `'v12%'` of `v1234`.
    pub fn prefix(&self) -> Option<String> {
        let text = match self {
            RowValue::Whole(number) => number.to_string(),
            RowValue::Real(number) => number.to_string(),
            RowValue::Text(text) => text.replace(['%', '_'], ""),
        };
        let count = text.chars().count().saturating_sub(LEFT_OUT).max(1);
        let start: String = text.chars().take(count).collect();
        is_plain(&start).then(|| text_literal(&format!("{start}%")))
    }

    /// How many rows a count gives.
    pub fn count(&self) -> u64 {
        match self {
            RowValue::Whole(number) => u64::try_from(*number).unwrap_or(0),
            RowValue::Real(_) => 0,
            RowValue::Text(text) => text.parse().unwrap_or(0),
        }
    }
}

/// Whether each database reads a text between quotation marks as it stands: a backslash is a letter to some and not to others.
fn is_plain(text: &str) -> bool {
    !text.contains(|letter: char| letter == '\\' || letter.is_control())
}

/// A table to make, its rows, and its indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableLoad {
    /// The table: an index into the schema's.
    pub table: usize,
    /// Its name as statements name it.
    pub name: String,
    /// The statement that makes it.
    pub create: String,
    /// The statement that fills it.
    pub fill: String,
    /// The indexes to make once it is filled.
    pub indexes: Vec<MadeIndex>,
}

/// What became of the loads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOutcome {
    /// Tables that were not made, and why.
    pub failed: BTreeMap<usize, String>,
    /// Indexes that were made, by table and name.
    pub indexes: BTreeSet<(usize, String)>,
}

/// A database with a planner.
pub trait Engine {
    /// Its name and version.
    fn version(&self) -> String;
    /// The words that it understands.
    fn dialect(&self) -> Dialect;
    /// Makes tables with rows and indexes; nothing else is there before.
    fn load(&mut self, schemas: &[String], loads: &[TableLoad]) -> Result<LoadOutcome, EngineFailure>;
    /// Takes all that [`Engine::load`] made away.
    fn clear(&mut self) -> Result<(), EngineFailure>;
    /// One value that a SELECT gives; `None` where it gives none.
    fn value(&mut self, select: &str) -> Result<Option<RowValue>, EngineFailure>;
    /// What the planner thinks of a statement, which does not run.
    fn plan(&mut self, statement: &str) -> Result<QueryPlan, EngineFailure>;
    /// Changes indexes until [`Engine::undo`].
    fn change(&mut self, statement: &str) -> Result<(), EngineFailure>;
    /// Takes the change back, also one that failed.
    fn undo(&mut self) -> Result<(), EngineFailure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_no_literal() {
        let text = |text: &str| RowValue::Text(text.to_owned());
        assert_eq!(text("it's").literal().as_deref(), Some("'it''s'"));
        assert_eq!(text("v1'; DROP TABLE x").prefix().as_deref(), Some("'v1''; DROP TABLE%'"));
        assert_eq!(text("a%b_c\\'").literal(), None);
        assert_eq!(text("ab\\'d").prefix(), None);
        assert_eq!(text("E'ab'").prefix().as_deref(), Some("'E''a%'"));
        assert_eq!(text("a\0b").literal(), None);
        assert_eq!(RowValue::Whole(-5).literal().as_deref(), Some("-5"));
        assert_eq!(RowValue::Real(f64::NAN).literal(), None);
        assert_eq!(RowValue::Whole(1_234).prefix().as_deref(), Some("'12%'"));
    }
}
