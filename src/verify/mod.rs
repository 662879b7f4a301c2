//! Asks a database's planner whether advised indexes pay: the schema is made in an empty database, with made-up rows, and each
//! statement that a finding cites is explained before and after the advised index. Nothing is kept: all of it is one transaction that
//! is rolled back.
//!
//! All that the database is sent is written here from the model, name by name: no text of the scanned project is run.

pub mod engine;
mod explain;
pub mod postgres;
mod rows;
pub mod sqlite;
mod subject;
mod trial;
pub mod verdict;

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::project::Project;
use crate::render::ddl::Writer;
use crate::statement::Dialect;
use engine::{Engine, EngineFailure};
use rows::ComparedValues;
use subject::{Subject, Wish};
use trial::Trial;
use verdict::{Proof, Proven, Verdict};

/// Rows of a table in the first round.
pub const FEW_ROWS: u64 = 10_000;
/// Rows of a table in the second round, where the first is no answer.
pub const MANY_ROWS: u64 = 100_000;
/// Rows of all tables that are there at the same time.
const ROWS_AT_ONCE: u64 = 1_500_000;
/// Between no gain and this one the first round is no answer.
const CLEAR: f64 = 5.0;
/// An index pays where the plan costs so many times less.
pub const PAYS: f64 = 1.5;

/// The rules whose findings a planner can judge.
pub const RULES: [&str; 4] = [
    "missing-composite-index",
    "missing-index",
    "redundant-index",
    "unindexed-foreign-key",
];

/// The databases that the findings' tables are for.
pub fn dialects(project: &Project, findings: &[Finding]) -> BTreeSet<Dialect> {
    let subjects = Subject::all(project, findings);
    subjects.iter().filter_map(|subject| dialect_of(project, subject)).collect()
}

fn dialect_of(project: &Project, subject: &Subject<'_>) -> Option<Dialect> {
    project.schema.tables.get(subject.table).map(|table| table.dialect)
}

/// Asks planners about each of the findings that one of them can judge, each about the tables that are for its database.
pub fn prove(project: &Project, findings: &[Finding], engines: &mut [&mut dyn Engine]) -> Result<Proof, EngineFailure> {
    let mut open = Subject::all(project, findings);
    let mut proof = Proof::default();
    for engine in engines {
        let (own, others): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|subject| dialect_of(project, subject) == Some(engine.dialect()));
        open = others;
        proof.engines.push(engine.version());
        proof.results.extend(asked(project, &own, *engine)?);
    }
    proof.results.extend(open.iter().map(|subject| not_here(project, subject)));
    proof
        .results
        .sort_by(|one, other| (one.priority, &one.location, &one.rule).cmp(&(other.priority, &other.location, &other.rule)));
    proof.count();
    Ok(proof)
}

/// What one planner says of the findings about its own tables.
fn asked(project: &Project, subjects: &[Subject<'_>], engine: &mut dyn Engine) -> Result<Vec<Proven>, EngineFailure> {
    let mut round = Round {
        project,
        writer: Writer::new(&project.schema, engine.dialect()),
        plan: ComparedValues::of(project),
        engine,
    };
    let all: Vec<&Subject<'_>> = subjects.iter().collect();
    let few = round.run(&all, FEW_ROWS)?;
    let (unclear, clear): (Vec<_>, Vec<_>) = all.into_iter().zip(few).partition(|(_, result)| is_unclear(result));
    let mut results: Vec<Proven> = clear.into_iter().map(|(_, result)| result).collect();
    let again: Vec<&Subject<'_>> = unclear.into_iter().map(|(subject, _)| subject).collect();
    results.extend(round.run(&again, MANY_ROWS)?);
    round.crowd(subjects, &mut results)?;
    Ok(results)
}

/// Whether more rows can change the answer.
fn is_unclear(result: &Proven) -> bool {
    let is_form = || result.statements.iter().any(|one| one.kind != "delete");
    result.ratio.is_some_and(|ratio| ratio > 1.0 && ratio < CLEAR) || result.verdict == Verdict::Demoted && is_form()
}

fn not_here(project: &Project, subject: &Subject<'_>) -> Proven {
    let name = |dialect: Dialect| match dialect {
        Dialect::Postgres => "PostgreSQL",
        Dialect::MySql => "MySQL",
        Dialect::Sqlite => "SQLite",
        Dialect::Generic => "a database that is not known",
    };
    let dialect = dialect_of(project, subject).unwrap_or_default();
    Proven::not_verifiable(subject.finding, format!("its table is for {}", name(dialect)))
}

/// All subjects with the same number of rows.
struct Round<'r> {
    project: &'r Project,
    writer: Writer<'r>,
    plan: ComparedValues,
    engine: &'r mut dyn Engine,
}

impl Round<'_> {
    /// Asks once more about what is refuted, with rows of which many share a value.
    fn crowd(&mut self, subjects: &[Subject<'_>], results: &mut [Proven]) -> Result<(), EngineFailure> {
        let is_refuted = |subject: &&Subject<'_>| {
            let mut own = results.iter().filter(|result| result.fingerprint == subject.finding.fingerprint);
            matches!(subject.wish, Wish::Lacking(_)) && own.any(|result| result.verdict == Verdict::Refuted)
        };
        let again: Vec<&Subject<'_>> = subjects.iter().filter(is_refuted).collect();
        self.plan.is_crowded = true;
        for mut other in self.run(&again, MANY_ROWS)? {
            let Some(own) = results.iter_mut().find(|result| result.fingerprint == other.fingerprint) else {
                continue;
            };
            if matches!(other.verdict, Verdict::Proven | Verdict::Demoted) {
                other.verdict = Verdict::Demoted;
                other.why = format!(
                    "it pays where about {} rows or more share a value, and not where few do",
                    rows::CROWD
                );
                *own = other;
            }
        }
        Ok(())
    }

    /// Asks about findings, so many tables at a time.
    fn run(&mut self, subjects: &[&Subject<'_>], rows: u64) -> Result<Vec<Proven>, EngineFailure> {
        let mut results = Vec::new();
        let mut held: Vec<&Subject<'_>> = Vec::new();
        let mut tables = BTreeSet::new();
        for &subject in subjects {
            let own = subject.tables(self.project, &self.writer);
            if !held.is_empty() && self.rows_of(tables.union(&own), rows) > ROWS_AT_ONCE {
                results.extend(self.ask(&held, &std::mem::take(&mut tables), rows)?);
                held.clear();
            }
            tables.extend(own);
            held.push(subject);
        }
        if !held.is_empty() {
            results.extend(self.ask(&held, &tables, rows)?);
        }
        Ok(results)
    }

    /// The rows of tables, where one of unknown size has so many.
    fn rows_of<'a>(&self, tables: impl Iterator<Item = &'a usize>, rows: u64) -> u64 {
        tables.map(|&at| rows::rows_of(self.project, at, rows)).sum()
    }

    fn ask(&mut self, subjects: &[&Subject<'_>], tables: &BTreeSet<usize>, rows: u64) -> Result<Vec<Proven>, EngineFailure> {
        let mut loads = Vec::new();
        for &at in tables {
            loads.extend(rows::load(self.project, &self.writer, &self.plan, at, rows));
        }
        if loads.is_empty() {
            return Ok(subjects
                .iter()
                .map(|subject| Proven::not_verifiable(subject.finding, "its table cannot be made"))
                .collect());
        }
        let schemas: Vec<String> = self.writer.schemas().iter().map(|name| self.writer.column(name)).collect();
        let made = self.engine.load(&schemas, &loads)?;
        let mut trial = Trial::new(self.project, &self.writer, self.engine, made, rows);
        let results = subjects.iter().map(|subject| trial.judge(subject)).collect();
        self.engine.clear()?;
        results
    }
}

#[cfg(test)]
mod tests;
