//! What runs at once and what it may use, from configuration alone, and where that gives out first.
//!
//! Every number has a place where it was read; defaults of a library or server are marked as such, and nothing is estimated.

use serde::{Deserialize, Serialize};

use super::Project;
use super::deployment::workers::WorkerKind;
use crate::finding::Location;

mod limits;
mod shortage;

pub use shortage::{Shortage, ShortageKind};

/// What limits a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Every number that was found, by kind, then place.
    pub limits: Vec<StatedLimit>,
    /// What gives out first, where at least one number of the way to the database is known.
    pub bottleneck: Option<Bottleneck>,
    /// What a statement on capacity would need and no file says.
    pub unknown: Vec<String>,
}

/// What a number limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Processes that answer requests or take jobs.
    Processes,
    /// Threads of one process.
    Threads,
    /// Work that is let in at once: sessions, jobs, tasks under a semaphore.
    Concurrency,
    /// Connections of one pool in one process.
    Pool,
    /// Connections that the database accepts.
    Connections,
    /// Rows, texts or messages handled together.
    Batch,
    /// How long something may take.
    Timeout,
    /// Memory of a server or container.
    Memory,
}

/// What a number of the deployment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityUnit {
    /// Processes of a server or a pool of workers.
    Processes,
    /// Threads of one process.
    Threads,
    /// Pieces of work at once.
    Tasks,
    /// Connections to a database, or to a service.
    Connections,
    /// Items of a batch.
    Items,
    /// Time.
    Milliseconds,
    /// Memory.
    Bytes,
}

/// Where a number of the deployment comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberOrigin {
    /// It is written there, or is the written default of a variable.
    Configured,
    /// Nothing is written: the library's or the server's own default holds.
    Default,
}

/// One limit on concurrent work that code or configuration sets (pool, workers, semaphore), with where it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedLimit {
    /// Which resource the number limits: connections, workers, tasks at once.
    pub kind: LimitKind,
    /// Its name: `gunicorn`, `create_engine`, `MAX_CONCURRENT_JOBS`, `statement_timeout`.
    pub name: String,
    /// The number.
    pub value: u64,
    /// What the number counts.
    pub unit: CapacityUnit,
    /// Written, or a default.
    pub origin: NumberOrigin,
    /// It takes part in the bottleneck. A constant that no code reads does not.
    pub counts: bool,
    /// What to know of it, a sentence; may be empty.
    pub note: String,
    /// Where.
    pub location: Location,
}

/// What gives out first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bottleneck {
    /// One sentence: `The pool of create_engine: 15 connections in each process`.
    pub summary: String,
    /// What it allows at once.
    pub allows: u64,
    /// What is asked of it at once, where that is known.
    pub asked: Option<u64>,
    /// How that was derived, step by step.
    pub steps: Vec<Derivation>,
}

/// A step of a derivation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// A sentence.
    pub text: String,
    /// What it rests on.
    pub location: Location,
}

impl Project {
    /// Where more is let in than the next stage can take.
    pub fn shortages(&self) -> Vec<Shortage<'_>> {
        shortage::find(self)
    }

    /// What runs at once and what it may use.
    pub fn capacity(&self) -> Capacity {
        Capacity {
            limits: limits::find(self),
            bottleneck: bottleneck(self),
            unknown: unknown(self),
        }
    }
}

/// A shortage where there is one; else the narrowest number of the way from the request to the database.
fn bottleneck(project: &Project) -> Option<Bottleneck> {
    let worst = project
        .shortages()
        .into_iter()
        .filter(|shortage| shortage.binds)
        .min_by_key(Shortage::order);
    worst.map(|shortage| shortage.bottleneck(project)).or_else(|| narrowest(project))
}

/// The pool of one process, the caps and the threads before it: the smallest binds first.
fn narrowest(project: &Project) -> Option<Bottleneck> {
    let deployment = &project.deployment;
    let place = |file, span| project.place(file, span, "");
    let language = |file| project.code.module(file).language;
    let pools: Vec<_> = deployment
        .pools
        .iter()
        .filter(|pool| !pool.short_lived && pool.size().is_some())
        .collect();
    let of = language(pools.first()?.file);
    let mut stages: Vec<(u64, String, Location)> = Vec::new();
    for pool in pools.iter().filter(|pool| language(pool.file) == of) {
        let size = pool.size().unwrap_or_default();
        let default = if pool.max.is_none() { ", the library's default" } else { "" };
        let words = format!("The pool of `{}`: {size} connections in each process{default}", pool.kind.label());
        stages.push((size.into(), words, place(pool.file, pool.span)));
    }
    for cap in deployment.caps.iter().filter(|cap| cap.binds() && language(cap.file) == of) {
        let words = format!("`{}`: {} at once in each process", cap.name, cap.value);
        stages.push((cap.value.into(), words, place(cap.file, cap.span)));
    }
    for workers in deployment.workers.iter().filter(|workers| workers.language == of && workers.serves) {
        let Some(each) = workers.at_once else { continue };
        let words = format!("`{}`: {each} at once in each process", workers.program);
        stages.push((each.into(), words, place(workers.file, workers.span)));
    }
    stages.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    stages.dedup();
    let (allows, summary, _) = stages.first()?.clone();
    let steps = stages.into_iter().map(|(_, text, location)| Derivation { text, location });
    Some(Bottleneck {
        summary,
        allows,
        asked: None,
        steps: steps.collect(),
    })
}

/// What no file says, and a statement on capacity needs.
fn unknown(project: &Project) -> Vec<String> {
    let deployment = &project.deployment;
    let is_server = !deployment.apps.is_empty();
    let mut out = Vec::new();
    if is_server
        && !deployment
            .workers
            .iter()
            .any(|workers| workers.serves && workers.kind == WorkerKind::Processes)
    {
        out.push("how many processes serve requests".to_owned());
    }
    if !deployment.pools.is_empty() && deployment.connections.is_none() {
        out.push("how many connections the database accepts".to_owned());
    }
    let open = deployment.pools.iter().filter(|pool| !pool.short_lived && pool.size().is_none());
    out.extend(open.map(|pool| {
        let place = project.place(pool.file, pool.span, "");
        format!(
            "how large the pool of `{}` is ({}:{})",
            pool.kind.label(),
            place.file,
            place.start_line
        )
    }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts;
    use crate::walk::FileKind;

    fn capacity(texts: &[(&str, &str)]) -> Capacity {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        let files = texts
            .iter()
            .filter_map(|(path, text)| Some(facts::extract(path, FileKind::of(path)?, text)));
        Project::link(files.collect()).capacity()
    }

    const ENGINE: &str =
        "from sqlalchemy import create_engine\n\nengine = create_engine('postgresql://db/x', pool_size=20, max_overflow=10)\n";

    #[test]
    fn processes_times_pool_against_the_database_is_the_bottleneck() {
        let found = capacity(&[
            ("app/db.py", ENGINE),
            ("Procfile", "web: gunicorn app:app -w 8 -k uvicorn.workers.UvicornWorker\n"),
            ("postgresql.conf", "max_connections = 200\n"),
        ]);
        let bottleneck = found.bottleneck.expect("a bottleneck");
        assert_eq!((bottleneck.allows, bottleneck.asked), (200, Some(240)));
        assert_eq!(bottleneck.steps.len(), 3);
        let kinds: Vec<LimitKind> = found.limits.iter().map(|limit| limit.kind).collect();
        assert_eq!(kinds, [LimitKind::Processes, LimitKind::Pool, LimitKind::Connections]);
        assert!(found.unknown.is_empty());
    }

    #[test]
    fn a_process_that_takes_one_request_at_a_time_uses_one_connection() {
        let found = capacity(&[
            ("app/db.py", ENGINE),
            ("Procfile", "web: gunicorn app:app -w 8\n"),
            ("postgresql.conf", "max_connections = 100\n"),
        ]);
        let bottleneck = found.bottleneck.expect("a bottleneck");
        assert_eq!((bottleneck.allows, bottleneck.asked), (1, None));
        assert_eq!(bottleneck.summary, "`gunicorn`: 1 at once in each process");
    }

    #[test]
    fn what_no_file_says_is_named_and_never_estimated() {
        let found = capacity(&[("app/db.py", ENGINE)]);
        assert_eq!(found.unknown, ["how many connections the database accepts"]);
        assert_eq!(found.bottleneck.map(|bottleneck| bottleneck.allows), Some(30));
        assert_eq!(capacity(&[("app/x.py", "print(1)\n")]), Capacity::default());
    }

    #[test]
    fn a_constant_that_nothing_reads_is_listed_and_does_not_count() {
        let found = capacity(&[("app/db.py", ENGINE), ("app/limits.py", "MAX_CONCURRENT_JOBS = 90\n")]);
        let cap = found
            .limits
            .iter()
            .find(|limit| limit.kind == LimitKind::Concurrency)
            .expect("the constant");
        assert!(!cap.counts && !cap.note.is_empty());
        assert_eq!(found.bottleneck.map(|bottleneck| bottleneck.allows), Some(30));
    }
}
