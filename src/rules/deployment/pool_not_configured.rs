//! `pool-not-configured`: a server whose database pool has the library's default size.

use crate::advice::texts::{Advised, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::libraries::entries::EntryKind;
use crate::project::deployment::pools::{Pool, PoolKind};
use crate::rules::shared::deployed;

const ID: &str = "pool-not-configured";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let is_server = project.graph.entries.iter().any(|entry| {
        matches!(
            entry.kind,
            EntryKind::Route | EntryKind::Page | EntryKind::Action | EntryKind::Resolver
        )
    });
    let default = |pool: &&Pool| !pool.sized && !pool.open && !pool.short_lived && pool.postgres == Some(true);
    for pool in &project.deployment.pools {
        let why = match () {
            () if pool.sized || pool.open => "an option says how large it is, or its options are not all known",
            () if pool.short_lived => "the function that makes it disposes of it",
            () if pool.postgres != Some(true) => "it is not known to be for PostgreSQL",
            () if !is_server => "nothing here serves requests",
            () => continue,
        };
        project.silent(ID, pool.file, pool.span, || why);
    }
    let mut pools = project.deployment.pools.iter().filter(default);
    let Some(pool) = pools.next().filter(|_| is_server) else {
        return Vec::new();
    };
    let mut finding = Finding::new(
        ID,
        priority::judge(&Cost::Upkeep, &Reach::service(), Confidence::Medium, 0),
        Confidence::Medium,
        deployed::pool_place(project, pool),
    );
    let label = pool.kind.label();
    finding.title = format!("`{label}` gets the default pool of a server");
    finding.message = format!(
        "`{label}` says nothing about the size of its pool, so each process has at most {} connections{}.",
        pool.kind.default_size(),
        if pool.kind == PoolKind::SqlAlchemy {
            " (5 and an overflow of 10)"
        } else {
            ""
        }
    );
    "requests over that number wait for a connection, and fail when the wait times out".clone_into(&mut finding.impact);
    label.clone_into(&mut finding.subject);
    for other in pools.take(5) {
        finding.relate(deployed::pool_place(project, other), Role::Evidence, "another one with defaults");
    }
    "Set the size on purpose: the requests that one process serves at once, and no more in all processes together than the database allows."
        .clone_into(&mut finding.fix.summary);
    finding.fix.code = advice(Advised::SizePool, pool.kind.library(), &[]).code;
    vec![finding]
}
