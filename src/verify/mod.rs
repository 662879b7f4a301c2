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
use engine::{Engine, Failure};
use rows::Plan;
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

/// Asks a planner about each of the findings that it can judge.
pub fn prove(project: &Project, findings: &[Finding], engine: &mut dyn Engine) -> Result<Proof, Failure> {
    let subjects = Subject::all(project, findings);
    let is_own = |subject: &&Subject<'_>| {
        project
            .schema
            .tables
            .get(subject.table)
            .is_some_and(|table| table.dialect == engine.dialect())
    };
    let (own, others): (Vec<&Subject<'_>>, Vec<&Subject<'_>>) = subjects.iter().partition(is_own);
    let mut proof = Proof::new(engine.version());
    proof.results.extend(others.into_iter().map(|subject| not_here(project, subject)));
    let mut round = Round {
        project,
        writer: Writer::new(&project.schema, engine.dialect()),
        plan: Plan::of(project),
        engine,
    };
    let few = round.run(&own, FEW_ROWS)?;
    let (unclear, clear): (Vec<_>, Vec<_>) = own.into_iter().zip(few).partition(|(_, result)| is_unclear(result));
    proof.results.extend(clear.into_iter().map(|(_, result)| result));
    let again: Vec<&Subject<'_>> = unclear.into_iter().map(|(subject, _)| subject).collect();
    let many = round.run(&again, MANY_ROWS)?;
    proof.results.extend(many);
    round.crowd(&subjects, &mut proof.results)?;
    proof
        .results
        .sort_by(|one, other| (one.priority, &one.location, &one.rule).cmp(&(other.priority, &other.location, &other.rule)));
    proof.count();
    Ok(proof)
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
    let dialect = project
        .schema
        .tables
        .get(subject.table)
        .map_or(Dialect::Generic, |table| table.dialect);
    Proven::not_verifiable(subject.finding, format!("its table is for {}", name(dialect)))
}

/// All subjects with the same number of rows.
struct Round<'r> {
    project: &'r Project,
    writer: Writer<'r>,
    plan: Plan,
    engine: &'r mut dyn Engine,
}

impl Round<'_> {
    /// Asks once more about what is refuted, with rows of which many share a value.
    fn crowd(&mut self, subjects: &[Subject<'_>], results: &mut [Proven]) -> Result<(), Failure> {
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
    fn run(&mut self, subjects: &[&Subject<'_>], rows: u64) -> Result<Vec<Proven>, Failure> {
        let most = (ROWS_AT_ONCE / rows.max(1)) as usize;
        let mut results = Vec::new();
        let mut held: Vec<&Subject<'_>> = Vec::new();
        let mut tables = BTreeSet::new();
        for &subject in subjects {
            let own = subject.tables(self.project, &self.writer);
            if !held.is_empty() && tables.union(&own).count() > most {
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

    fn ask(&mut self, subjects: &[&Subject<'_>], tables: &BTreeSet<usize>, rows: u64) -> Result<Vec<Proven>, Failure> {
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
