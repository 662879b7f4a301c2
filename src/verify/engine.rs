//! What a database must do to be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::statement::Dialect;

/// Why an engine gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It refused one statement; it can be asked on.
    Refused(String),
    /// It cannot be asked any more.
    Gone(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(why) | Failure::Gone(why) => out.write_str(why),
        }
    }
}

/// What a planner thinks of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
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

/// A table to make, its rows, and its indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The table: an index into the schema's.
    pub table: usize,
    /// Its name as statements name it.
    pub name: String,
    /// The statement that makes it.
    pub create: String,
    /// The statement that fills it.
    pub fill: String,
    /// Its indexes.
    pub indexes: Vec<MadeIndex>,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
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
    fn load(&mut self, schemas: &[String], loads: &[Load]) -> Result<Made, Failure>;
    /// Takes all that [`Engine::load`] made away.
    fn clear(&mut self) -> Result<(), Failure>;
    /// One value that a SELECT gives, as a literal; `None` where it gives none.
    fn value(&mut self, select: &str) -> Result<Option<String>, Failure>;
    /// What the planner thinks of a statement, which does not run.
    fn plan(&mut self, statement: &str) -> Result<Plan, Failure>;
    /// Changes indexes until [`Engine::undo`].
    fn change(&mut self, statement: &str) -> Result<(), Failure>;
    /// Takes the change back, also one that failed.
    fn undo(&mut self) -> Result<(), Failure>;
}
