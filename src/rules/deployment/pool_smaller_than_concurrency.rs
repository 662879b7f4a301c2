//! `pool-smaller-than-concurrency`: more work is let in at once than there are database connections.

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::project::Project;
use crate::project::capacity::{Shortage, ShortageKind};
use crate::project::deployment::caps::{Cap, CapKind};
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings: Vec<Finding> = project.shortages().iter().map(|shortage| finding(project, shortage)).collect();
    // One word on a constant that nothing reads is enough.
    let mut is_first = true;
    findings.retain(|finding| finding.confidence != Confidence::Low || std::mem::take(&mut is_first));
    findings
}

fn finding(project: &Project, shortage: &Shortage<'_>) -> Finding {
    let pool = shortage.pool;
    let (cost, confidence) = match &shortage.kind {
        _ if !shortage.binds => (Cost::Upkeep, Confidence::Low),
        ShortageKind::Cap(cap) if cap.kind == CapKind::Together => (Cost::Setting, Confidence::Medium),
        ShortageKind::Cap(_) => (Cost::Limit, Confidence::Medium),
        ShortageKind::Database { connections, .. } if connections.is_default => (Cost::Setting, Confidence::Medium),
        ShortageKind::Database { .. } => (Cost::Limit, Confidence::Medium),
    };
    let judgement = priority::judge(&cost, &Reach::service(), confidence, 0);
    let place = deployed::pool_place(project, pool);
    let mut finding = Finding::new("pool-smaller-than-concurrency", judgement, confidence, place);
    if let Some((file, span)) = pool.max_place {
        finding.relate(project.place(file, span, ""), Role::Evidence, "the size of the pool");
    }
    match &shortage.kind {
        ShortageKind::Cap(cap) => describe_cap(project, shortage, cap, &mut finding),
        ShortageKind::Database { .. } => describe_database(project, shortage, &mut finding),
    }
    finding
}

/// A cap that lets in more than the pool has.
fn describe_cap(project: &Project, shortage: &Shortage<'_>, cap: &Cap, finding: &mut Finding) {
    let (max, label) = (shortage.size, shortage.pool.kind.label());
    finding.title = format!("The pool has {max} connections for {}", describe(cap));
    finding.message = format!("`{label}` may open {max} connections, while {} at once.", words(cap));
    if !shortage.binds {
        finding.message.push_str(if cap.read {
            " The pool itself does not read that constant."
        } else {
            " No code was found that reads that constant, so it may not bind at run time."
        });
    }
    finding.impact = format!("from {} at once on, work waits for a connection", max + 1);
    finding.subject = format!("{max} < {}", cap.name);
    finding.relate(project.place(cap.file, cap.span, ""), Role::Evidence, describe(cap));
    "Derive both from one number: let in no more work than the pool can serve, or give the pool as many connections as the database allows for each process."
        .clone_into(&mut finding.fix.summary);
}

/// Processes that together may open more than the database accepts.
fn describe_database(project: &Project, shortage: &Shortage<'_>, finding: &mut Finding) {
    let ShortageKind::Database {
        workers,
        each,
        connections,
    } = &shortage.kind
    else {
        return;
    };
    let (asked, accepted) = (shortage.asked(), connections.value);
    let default = if connections.is_default {
        ", as nothing else is configured"
    } else {
        ""
    };
    finding.title = format!(
        "{} processes may open {asked} connections, the database accepts {accepted}",
        workers.value
    );
    finding.message = format!(
        "`{}` starts {} processes and each may hold {each} connections of `{}`; the database accepts {accepted}{default}.",
        workers.program,
        workers.value,
        shortage.pool.kind.label()
    );
    "under load the database refuses connections to requests that a smaller pool would have let wait".clone_into(&mut finding.impact);
    finding.subject = format!("{} processes", workers.program);
    let processes = format!("`{}` starts {} processes", workers.program, workers.value);
    finding.relate(project.place(workers.file, workers.span, ""), Role::Evidence, processes);
    let accepts = format!("accepts {accepted} connections");
    finding.relate(project.place(connections.file, connections.span, ""), Role::Evidence, accepts);
    "Keep processes × pool below what the database accepts, with room for migrations and people, or put a pooler in front of it."
        .clone_into(&mut finding.fix.summary);
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
