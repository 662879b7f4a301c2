//! `redis-single-instance`: one Redis server carries everything, with none to take over.

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let servers = deployed::redis(project);
    if servers.iter().any(|server| server.replicated) {
        return Vec::new();
    }
    let Some(server) = servers.first() else { return Vec::new() };
    let mut finding = Finding::new(
        "redis-single-instance",
        priority::judge(&Cost::Upkeep, &Reach::service(), Confidence::Medium, 0),
        Confidence::Medium,
        deployed::server_place(project, server),
    );
    finding.title = format!("Redis `{}` has no replica", server.name);
    finding.message = format!(
        "`{}` is a single Redis server: no replica, sentinel or cluster is configured, so its one thread is the limit and its restart stops all that uses it.",
        server.name
    );
    "all users of Redis wait while it restarts; throughput is that of one core".clone_into(&mut finding.impact);
    "single".clone_into(&mut finding.subject);
    deployed::relate_redis_use(project, &mut finding);
    let split = if servers.len() > 1 { "" } else { "; split queue and cache first" };
    finding.fix.summary = format!("Run a replica with a sentinel, a cluster or a managed service in production{split}.");
    vec![finding]
}
