//! Concurrency that a program declares or runs: caps on sessions and jobs, semaphores, and statements run side by side.

use rustc_hash::FxHashSet;

use super::pools::number;
use crate::ir::{ExprId, ExprKind, Module, StmtKind};
use crate::libraries::entries::EntryKind;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Code, Evaluator};
use crate::project::graph::Graph;
use crate::source::Span;
use crate::vocabulary::List;

/// By what code bounds how much of something runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapKind {
    /// A constant for sessions, requests, jobs or workers.
    Constant,
    /// A constant that sizes a database pool.
    PoolConstant,
    /// A semaphore around code that queries.
    Semaphore,
    /// Queries that start together.
    Together,
}

/// How many of something run at once.
#[derive(Clone, Debug)]
pub struct Cap {
    /// File that it stands in.
    pub file: FileId,
    /// Bytes of its file that it spans.
    pub span: Span,
    /// The constant's or setting's name; of a call what it makes.
    pub name: String,
    /// By what it is bounded.
    pub kind: CapKind,
    /// How many.
    pub value: u32,
    /// Whether other code reads the constant, so that it takes effect; an unread one limits nothing.
    pub read: bool,
}

impl Cap {
    /// It holds at run time for all work of a process, as far as the code shows.
    pub fn binds(&self) -> bool {
        self.read && matches!(self.kind, CapKind::Constant | CapKind::Semaphore)
    }
}

/// All caps of the program itself.
pub fn find(code: &Code, graph: &Graph) -> Vec<Cap> {
    let reads: FxHashSet<String> = super::in_sources(code, |_, module| reads(module)).into_iter().collect();
    super::in_sources(code, |file, module| in_module(&Evaluator::new(code), graph, &reads, file, module))
}

fn in_module(eval: &Evaluator<'_>, graph: &Graph, reads: &FxHashSet<String>, file: FileId, module: &Module) -> Vec<Cap> {
    let mut caps = Vec::new();
    if module.strings.iter().any(|name| kind_of(name).is_some()) {
        for stmt in &module.stmts {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = &stmt.kind
            else {
                continue;
            };
            let Some(name) = last_name(module, *target) else { continue };
            let Some(kind) = kind_of(name) else { continue };
            let Some((value, ..)) = number(eval, file, *value, 6).filter(|(value, ..)| (2.0..100_000.0).contains(value)) else {
                continue;
            };
            let (value, read) = (value as u32, reads.contains(name));
            caps.push(Cap {
                file,
                span: stmt.span,
                name: name.to_owned(),
                kind,
                value,
                read,
            });
        }
    }
    if module.mentions(&RUNNING) {
        for id in module.call_ids() {
            caps.extend(running(eval, graph, file, module, id));
        }
    }
    caps
}

fn last_name(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        _ => None,
    }
}

/// Names of constants that say how much runs at once and works with the database.
fn kind_of(name: &str) -> Option<CapKind> {
    let is_constant = name.len() > 6 && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    if !is_constant {
        return None;
    }
    let concurrent = name.contains("CONCURREN") && (name.ends_with("CONCURRENCY") || List::ConcurrentWork.has(name));
    if concurrent {
        return Some(CapKind::Constant);
    }
    List::PoolSizes.has(name).then_some(CapKind::PoolConstant)
}

/// The names of such constants that a module reads.
fn reads(module: &Module) -> Vec<String> {
    let wanted: Vec<bool> = module.strings.iter().map(|name| kind_of(name).is_some()).collect();
    if !wanted.contains(&true) {
        return Vec::new();
    }
    let targets: FxHashSet<ExprId> = module
        .stmts
        .iter()
        .filter_map(|stmt| match stmt.kind {
            StmtKind::Assign { target, .. } => Some(target),
            _ => None,
        })
        .collect();
    let others = module.expr_ids().filter(|(id, _)| !targets.contains(id));
    others
        .filter_map(|(_, expr)| match expr.kind {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } if wanted[name.0 as usize] => Some(module.str(name).to_owned()),
            _ => None,
        })
        .collect()
}

/// Methods that [`running`] knows.
const RUNNING: [&str; 5] = ["Semaphore", "BoundedSemaphore", "CapacityLimiter", "all", "allSettled"];

/// A semaphore in code that queries, or a list of queries that are awaited together.
fn running(eval: &Evaluator<'_>, graph: &Graph, file: FileId, module: &Module, id: ExprId) -> Option<Cap> {
    let call = module.call(id)?;
    let method = call.method()?;
    if !RUNNING.contains(&method) {
        return None;
    }
    let owner = graph.id(file, module.owner(id));
    let queries = graph.function(owner).effects.any(Effects::QUERY.and(Effects::WRITE));
    let cap = |name: String, kind: CapKind, value: u32| Cap {
        file,
        span: module.expr(id).span,
        name,
        kind,
        value,
        read: true,
    };
    match method {
        "Semaphore" | "BoundedSemaphore" | "CapacityLimiter" if queries => {
            let value = number(eval, file, call.arg(0)?, 6)?.0;
            (2.0..100_000.0)
                .contains(&value)
                .then(|| cap(format!("{method}({value})"), CapKind::Semaphore, value as u32))
        }
        "all" | "allSettled" => {
            let is_promise = call.receiver().and_then(|base| module.name(base)) == Some("Promise");
            let ExprKind::List(items) = module.kind(call.arg(0)?) else {
                return None;
            };
            let served = graph.entry_of(owner).is_some_and(|entry| {
                matches!(
                    entry.kind,
                    EntryKind::Route | EntryKind::Page | EntryKind::Action | EntryKind::Resolver
                )
            });
            let count = items
                .iter()
                .filter(|&&item| reaches_query(graph, file, module, owner, item))
                .count();
            (is_promise && served && count >= 2)
                .then(|| cap(format!("{count} queries in Promise.{method}"), CapKind::Together, count as u32))
        }
        _ => None,
    }
}

fn reaches_query(graph: &Graph, file: FileId, module: &Module, owner: crate::project::graph::FnId, item: ExprId) -> bool {
    let span = module.expr(item).span;
    let node = graph.function(owner);
    let direct = node.queries.iter().any(|&site| {
        graph
            .sites
            .get(site)
            .is_some_and(|site| site.file == file && span.encloses(site.span))
    });
    direct
        || node.edges.iter().any(|edge| {
            span.encloses(module.expr(edge.expr).span)
                && !edge.guessed
                && edge
                    .targets
                    .iter()
                    .any(|&target| graph.function(target).effects.any(Effects::QUERY.and(Effects::WRITE)))
        })
}
