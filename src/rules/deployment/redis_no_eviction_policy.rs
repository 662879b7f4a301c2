//! `redis-no-eviction-policy`: a Redis server that is used as a cache refuses writes once it is full.

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    // Jobs must not be evicted: the default is right for a queue.
    if project.deployment.redis_queue {
        return Vec::new();
    }
    let Some(server) = deployed::redis(project).into_iter().find(|server| server.policy.is_none()) else {
        return Vec::new();
    };
    let cost = if server.maxmemory.is_some() { Cost::Setting } else { Cost::Upkeep };
    let judgement = priority::judge(&cost, &Reach::service(), Confidence::Medium, 0);
    let mut finding = Finding::new(
        "redis-no-eviction-policy",
        judgement,
        Confidence::Medium,
        deployed::server_place(project, server),
    );
    finding.title = format!("Redis `{}` has no eviction policy", server.name);
    finding.message = match &server.maxmemory {
        Some(limit) => format!(
            "`{}` may hold {limit} and has no `maxmemory-policy`; the default `noeviction` answers every write with an error once that is full.",
            server.name
        ),
        None => format!(
            "`{}` has no `maxmemory-policy`, so with any memory limit the default `noeviction` would refuse writes when it is full.",
            server.name
        ),
    };
    "writes to the cache fail once it is full".clone_into(&mut finding.impact);
    "maxmemory-policy".clone_into(&mut finding.subject);
    deployed::relate_redis_use(project, &mut finding);
    "Choose a policy: `allkeys-lru` for a cache, `volatile-lru` where some keys must stay.".clone_into(&mut finding.fix.summary);
    finding.fix.code = Some("--maxmemory-policy allkeys-lru".to_owned());
    vec![finding]
}
