//! `pool-smaller-than-concurrency`: more work is let in at once than there are database connections.

use super::deployed;
use crate::finding::{Confidence, Finding, Priority, Role};
use crate::project::Project;
use crate::project::config::caps::{Cap, CapKind};
use crate::project::config::pools::Pool;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let mut findings: Vec<Finding> = project.deployment.pools.iter().filter_map(|pool| finding(project, pool)).collect();
    // One word on a constant that nothing reads is enough.
    let mut is_first = true;
    findings.retain(|finding| finding.confidence != Confidence::Low || std::mem::take(&mut is_first));
    findings
}

fn finding(project: &Project, pool: &Pool) -> Option<Finding> {
    let max = pool.max.filter(|_| pool.postgres == Some(true) && !pool.short_lived)?;
    let module = project.code.module(pool.file);
    // Caps of another language run in another process.
    let fits = |cap: &&Cap| {
        cap.value > max && project.code.module(cap.file).language == module.language && !(cap.kind == CapKind::Together && max > 4)
    };
    let cap = project
        .deployment
        .caps
        .iter()
        .filter(fits)
        .min_by_key(|cap| (!cap.read, cap.kind == CapKind::PoolConstant, cap.file, cap.span.start))?;
    // The constant of the pool itself, where another one uses it, is no cap.
    let is_declared_only = !cap.read || cap.kind == CapKind::PoolConstant;
    let (priority, confidence) = match cap.kind {
        _ if is_declared_only => (Priority::P3, Confidence::Low),
        CapKind::Together => (Priority::P2, Confidence::Medium),
        _ => (Priority::P1, Confidence::Medium),
    };
    let mut finding = Finding::new(
        "pool-smaller-than-concurrency",
        priority,
        confidence,
        deployed::pool_place(project, pool),
    );
    finding.title = format!("The pool has {max} connections for {}", describe(cap));
    finding.message = format!("`{}` may open {max} connections, while {} at once.", pool.kind.label(), words(cap));
    if is_declared_only {
        finding.message.push_str(if cap.read {
            " The pool itself does not read that constant."
        } else {
            " No code was found that reads that constant, so it may not bind at run time."
        });
    }
    finding.impact = format!("from {} at once on, work waits for a connection", max + 1);
    finding.subject = format!("{max} < {}", cap.name);
    if let Some((file, span)) = pool.max_place {
        finding.relate(project.place(file, span, ""), Role::Evidence, "the size of the pool");
    }
    finding.relate(project.place(cap.file, cap.span, ""), Role::Evidence, describe(cap));
    "Derive both from one number: let in no more work than the pool can serve, or give the pool as many connections as the database allows for each process."
        .clone_into(&mut finding.fix.summary);
    Some(finding)
}

fn describe(cap: &Cap) -> String {
    match cap.kind {
        CapKind::Constant | CapKind::PoolConstant => format!("`{}` = {}", cap.name, cap.value),
        CapKind::Semaphore => format!("`{}`", cap.name),
        CapKind::Together => cap.name.clone(),
    }
}

fn words(cap: &Cap) -> String {
    match cap.kind {
        CapKind::Constant => format!("`{}` allows {}", cap.name, cap.value),
        CapKind::PoolConstant => format!("`{}` says {}", cap.name, cap.value),
        CapKind::Semaphore => format!("`{}` lets {} tasks that query run", cap.name, cap.value),
        CapKind::Together => format!("a request starts {}", cap.name),
    }
}
