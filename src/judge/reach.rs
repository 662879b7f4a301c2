//! How a function is reached: by whom, and whether anybody waits for it.

use crate::ir::Parent;
use crate::libraries::entries::{Entry, EntryKind};
use crate::project::Project;
use crate::project::graph::{EdgeKind, FnId};
use crate::vocabulary::List;

/// Where a function is called from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// A request, page, action, resolver or socket handler.
    Request,
    /// A job or worker.
    Job,
    /// Nothing that was recognised.
    Unknown,
    /// Start-up code.
    Startup,
    /// A command or script.
    Command,
}

/// How a function is reached, and that in words.
pub fn reached(project: &Project, function: FnId) -> (Reached, Option<String>) {
    let Some(entry) = project.graph.entry_of(function) else {
        return (Reached::Unknown, None);
    };
    let later = project
        .graph
        .reach
        .get(function.index())
        .copied()
        .flatten()
        .is_some_and(|reach| reach.later);
    let level = match entry.kind {
        // Nobody waits for what a schedule starts or for what runs after the response.
        EntryKind::Route if later || is_scheduled(project, entry) => Reached::Job,
        EntryKind::Route | EntryKind::Page | EntryKind::Action | EntryKind::Resolver | EntryKind::Socket if later => Reached::Job,
        EntryKind::Route | EntryKind::Page | EntryKind::Action | EntryKind::Resolver | EntryKind::Socket => Reached::Request,
        EntryKind::Job => Reached::Job,
        // A task or thread that start-up code starts goes on while requests are served.
        EntryKind::Startup if is_spawned(project, function) => Reached::Job,
        EntryKind::Startup => Reached::Startup,
        EntryKind::Command => Reached::Command,
    };
    (level, Some(entry.label.clone()))
}

/// Whether the way from the entry point passes through `asyncio.create_task(run())` or a thread.
fn is_spawned(project: &Project, function: FnId) -> bool {
    project.graph.calls_to(function).into_iter().any(|(caller, edge)| {
        let node = project.graph.function(caller);
        let module = project.code.module(node.file);
        node.edges.get(edge).is_some_and(|edge| {
            let outer = match module.expr(edge.expr).parent {
                Parent::Expr(outer) => module.call(outer).and_then(|call| call.method()),
                _ => None,
            };
            matches!(edge.kind, EdgeKind::Later | EdgeKind::Barrier)
                || matches!(
                    outer,
                    Some("create_task" | "ensure_future" | "run_coroutine_threadsafe" | "start_soon")
                )
        })
    })
}

/// Whether a route is there for a scheduler: by its path, or by the signature check of a queue service around it.
fn is_scheduled(project: &Project, entry: &Entry) -> bool {
    let path = project.path(entry.function.0);
    List::ScheduledFolders.has_folder(path) || List::ScheduledFolders.has_folder(&entry.label)
}
