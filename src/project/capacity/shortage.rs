//! Where more is let in than the next stage can take: pools below caps, the database below all pools.

use rustc_hash::FxHashMap;

use super::{Bottleneck, Derivation};
use crate::ir::Language;
use crate::project::Project;
use crate::project::deployment::caps::{Cap, CapKind};
use crate::project::deployment::database::Connections;
use crate::project::deployment::pools::Pool;
use crate::project::deployment::workers::{WorkerKind, Workers};

/// A stage that is asked for more than it has.
#[derive(Clone, Debug)]
pub struct Shortage<'p> {
    /// The pool of one process.
    pub pool: &'p Pool,
    /// Connections that it may open.
    pub size: u32,
    /// What asks for more.
    pub kind: ShortageKind<'p>,
    /// The numbers are used at run time, as far as the code shows.
    pub binds: bool,
}

/// What asks for more.
#[derive(Clone, Debug)]
pub enum ShortageKind<'p> {
    /// A cap lets in more work than the pool has connections.
    Cap(&'p Cap),
    /// All processes together may open more connections than the database accepts.
    Database {
        /// The processes.
        workers: &'p Workers,
        /// Connections that one process can use at once.
        each: u32,
        /// What the database accepts.
        connections: Connections,
    },
}

/// All shortages: at most one a pool of each kind.
pub fn find(project: &Project) -> Vec<Shortage<'_>> {
    // Pools of one size and language have the same above and below them.
    let (mut caps, mut workers) = (FxHashMap::default(), FxHashMap::default());
    let largest = largest(project);
    pools(project)
        .flat_map(|pool| {
            let language = project.code.module(pool.file).language;
            let cap = pool
                .max
                .filter(|max| largest.get(&language) == Some(max))
                .and_then(|max| *caps.entry((max, language)).or_insert_with(|| cap_above(project, max, language)));
            let workers = *workers.entry(language).or_insert_with(|| most_processes(project, language));
            [
                cap.and_then(|cap| below_cap(pool, cap)),
                workers.and_then(|workers| above_database(project, pool, workers)),
            ]
        })
        .flatten()
        .collect()
}

/// The pools that work may wait for.
fn pools(project: &Project) -> impl Iterator<Item = &Pool> {
    let all = project.deployment.pools.iter();
    all.filter(|pool| pool.postgres == Some(true) && !pool.short_lived)
}

/// The connections of the largest pool of each language; one whose size is not known may be the largest. A smaller one beside it (of a
/// health check, of one source) is not what a cap lets work in for.
fn largest(project: &Project) -> FxHashMap<Language, u32> {
    let mut largest = FxHashMap::default();
    for pool in pools(project) {
        let most = largest.entry(project.code.module(pool.file).language).or_default();
        *most = pool.max.unwrap_or(u32::MAX).max(*most);
    }
    largest
}

/// The cap that says most clearly that more than so many are let in. Caps of another language run in another process.
fn cap_above(project: &Project, max: u32, language: Language) -> Option<&Cap> {
    let fits =
        |cap: &&Cap| cap.value > max && project.code.module(cap.file).language == language && !(cap.kind == CapKind::Together && max > 4);
    let caps = project.deployment.caps.iter().filter(fits);
    caps.min_by_key(|cap| (!cap.read, cap.kind == CapKind::PoolConstant, cap.file, cap.span.start))
}

/// Alternative ways to start one server: the largest is the one that has to fit.
fn most_processes(project: &Project, language: Language) -> Option<&Workers> {
    let processes = project
        .deployment
        .workers
        .iter()
        .filter(|workers| workers.kind == WorkerKind::Processes && workers.serves && workers.language == language);
    processes.max_by_key(|workers| workers.value)
}

fn below_cap<'p>(pool: &'p Pool, cap: &'p Cap) -> Option<Shortage<'p>> {
    let max = pool.max?;
    Some(Shortage {
        pool,
        size: max,
        // The constant of the pool itself, where another one uses it, is no cap.
        binds: cap.read && cap.kind != CapKind::PoolConstant,
        kind: ShortageKind::Cap(cap),
    })
}

fn above_database<'p>(project: &Project, pool: &'p Pool, workers: &'p Workers) -> Option<Shortage<'p>> {
    let connections = project.deployment.connections?;
    let size = pool.size()?;
    let each = workers.at_once.unwrap_or(size).min(size);
    (u64::from(each) * u64::from(workers.value) > u64::from(connections.value)).then_some(Shortage {
        pool,
        size,
        binds: true,
        kind: ShortageKind::Database {
            workers,
            each,
            connections,
        },
    })
}

impl Shortage<'_> {
    /// What is asked for at once.
    pub fn asked(&self) -> u64 {
        match &self.kind {
            ShortageKind::Cap(cap) => u64::from(cap.value),
            ShortageKind::Database { workers, each, .. } => u64::from(*each) * u64::from(workers.value),
        }
    }

    /// What there is.
    pub fn allows(&self) -> u64 {
        match &self.kind {
            ShortageKind::Cap(_) => u64::from(self.size),
            ShortageKind::Database { connections, .. } => u64::from(connections.value),
        }
    }

    /// The tightest first.
    pub(super) fn order(&self) -> (u64, u64) {
        (self.allows(), self.asked())
    }

    pub(super) fn bottleneck(&self, project: &Project) -> Bottleneck {
        let label = self.pool.kind.label();
        let pool = Derivation {
            text: format!("The pool of `{label}` opens at most {} connections in each process.", self.size),
            location: project.place(self.pool.file, self.pool.span, ""),
        };
        let (summary, mut steps) = match &self.kind {
            ShortageKind::Cap(cap) => (
                format!("The pool of `{label}`: {} connections for {} at once", self.size, cap.value),
                vec![Derivation {
                    text: format!("`{}` lets in {} at once.", cap.name, cap.value),
                    location: project.place(cap.file, cap.span, ""),
                }],
            ),
            ShortageKind::Database {
                workers,
                each,
                connections,
            } => (
                format!(
                    "The database: {} connections for {} that all processes may open",
                    connections.value,
                    self.asked()
                ),
                vec![
                    Derivation {
                        text: format!(
                            "`{}` starts {} processes, each with at most {each} connections in use.",
                            workers.program, workers.value
                        ),
                        location: project.place(workers.file, workers.span, ""),
                    },
                    Derivation {
                        text: format!(
                            "The database accepts {} connections{}.",
                            connections.value,
                            if connections.is_default { ", the server's default" } else { "" }
                        ),
                        location: project.place(connections.file, connections.span, ""),
                    },
                ],
            ),
        };
        steps.insert(0, pool);
        Bottleneck {
            summary,
            allows: self.allows(),
            asked: Some(self.asked()),
            steps,
        }
    }
}
