//! What the rules on configuration share: the servers and applications that are really used.

use crate::finding::{Confidence, Finding, Location, Role};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::deployment::apps::{App, slot};
use crate::project::deployment::pools::Pool;
use crate::project::deployment::{RedisServer, has_postgres, has_timeout};
use crate::statement::Dialect;

/// Places that are listed beside the main one.
const MAX_RELATED: usize = 5;

/// The Redis servers, where code uses Redis.
pub fn redis(project: &Project) -> Vec<&RedisServer> {
    if project.deployment.redis_use.is_none() {
        return Vec::new();
    }
    project.deployment.redis.iter().collect()
}

/// Where a server is configured.
pub fn server_place(project: &Project, server: &RedisServer) -> Location {
    project.place(server.file, server.span, "")
}

/// Says where code uses Redis.
pub fn relate_redis_use(project: &Project, finding: &mut Finding) {
    if let Some((file, span)) = project.deployment.redis_use {
        finding.relate(project.place(file, span, ""), Role::Evidence, "code uses Redis");
    }
}

/// A pool's place, with the function it is made in.
pub fn pool_place(project: &Project, pool: &Pool) -> Location {
    project.place_in(project.graph.id(pool.file, pool.function), pool.span)
}

/// Where a project meets `PostgreSQL`: its engines, then its Prisma schema, then its services.
fn postgres_places(project: &Project) -> Vec<(Location, String)> {
    let deployment = &project.deployment;
    let mut pools: Vec<&Pool> = deployment.pools.iter().filter(|pool| pool.postgres == Some(true)).collect();
    // The pools that serve requests first: those that were given a size, and that live on.
    pools.sort_by_key(|pool| (pool.short_lived, !pool.sized));
    let mut places: Vec<(Location, String)> = pools
        .into_iter()
        .map(|pool| (pool_place(project, pool), format!("{} connects here", pool.kind.label())))
        .collect();
    if places.is_empty() && has_postgres(&project.code) {
        for (index, facts) in project.code.files.iter().enumerate() {
            if facts
                .prisma
                .as_ref()
                .is_some_and(|prisma| prisma.dialect() == Some(Dialect::Postgres))
            {
                places.push((
                    project.place(FileId(index as u32), crate::source::Span::default(), ""),
                    "the Prisma schema connects to it".to_owned(),
                ));
            }
        }
    }
    let is_used = !places.is_empty() || !project.graph.sites.is_empty();
    let services = deployment.postgres.iter().filter(|_| is_used);
    places.extend(services.map(|(file, span, name)| (project.place(*file, *span, ""), format!("service `{name}`"))));
    places
}

/// The finding of a time limit that `PostgreSQL` has none of.
pub fn missing_timeout(project: &Project, rule: &str, setting: &str) -> Option<Finding> {
    let mut places = postgres_places(project).into_iter();
    let (place, _) = places.next()?;
    if has_timeout(&project.code, setting) {
        return None;
    }
    let mut finding = Finding::new(
        rule,
        priority::judge(&Cost::Upkeep, &Reach::service(), Confidence::Medium, 0),
        Confidence::Medium,
        place,
    );
    setting.clone_into(&mut finding.subject);
    for (place, what) in places.take(MAX_RELATED) {
        finding.relate(place, Role::Evidence, what);
    }
    Some(finding)
}

/// The finding of something that an application does not register: one a language, at its main application.
pub fn unregistered(project: &Project, rule: &str, registered: [bool; 2], fits: fn(&App) -> bool) -> Vec<Finding> {
    let mut findings: Vec<(usize, Finding)> = Vec::new();
    for app in project
        .deployment
        .apps
        .iter()
        .filter(|app| !registered[slot(app.language)] && fits(app))
    {
        let place = project.place(app.file, app.span, "");
        match findings.iter_mut().find(|(at, _)| *at == slot(app.language)) {
            Some((_, finding)) if finding.related.len() < MAX_RELATED => {
                finding.relate(place, Role::Evidence, format!("another {} application", app.framework));
            }
            Some(_) => {}
            None => {
                let mut finding = Finding::new(
                    rule,
                    priority::judge(&Cost::Upkeep, &Reach::service(), Confidence::Medium, 0),
                    Confidence::Medium,
                    place,
                );
                app.framework.clone_into(&mut finding.subject);
                finding.message = format!("The {} application serves {} routes", app.framework, app.routes);
                findings.push((slot(app.language), finding));
            }
        }
    }
    findings.into_iter().map(|(_, finding)| finding).collect()
}
