//! `redis-no-maxmemory`: a Redis server that code uses may take all memory of its machine.

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let Some(server) = deployed::redis(project).into_iter().find(|server| server.maxmemory.is_none()) else {
        return Vec::new();
    };
    let queue = project.deployment.redis_queue;
    // Of those that were read, nobody would act on one: most run for development, or hold little.
    let cost = Cost::Upkeep;
    let judgement = priority::judge(&cost, &Reach::service(), Confidence::Medium, 0);
    let mut finding = Finding::new(
        "redis-no-maxmemory",
        judgement,
        Confidence::Medium,
        deployed::server_place(project, server),
    );
    finding.title = format!("Redis `{}` has no memory limit", server.name);
    finding.message = format!(
        "The settings of `{}` have no `maxmemory`, neither on its command line nor in a file that it mounts, so Redis takes memory until the container or the machine has none left.",
        server.name
    );
    "the process is killed, and all keys with it, once the data outgrows the memory".clone_into(&mut finding.impact);
    "maxmemory".clone_into(&mut finding.subject);
    deployed::relate_redis_use(project, &mut finding);
    "Set `maxmemory` below the container's memory, with room for replication and persistence.".clone_into(&mut finding.fix.summary);
    let policy = if queue { "noeviction" } else { "allkeys-lru" };
    finding.fix.code = Some(format!("command: redis-server --maxmemory 512mb --maxmemory-policy {policy}"));
    vec![finding]
}
