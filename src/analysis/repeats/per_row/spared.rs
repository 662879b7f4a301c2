//! What is asked only for those elements that lack it: a cache had nothing for them, or they did not bring it.

use rustc_hash::FxHashSet;

use super::{Access, PerRow, context};
use crate::ir::ExprId;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::row_methods::RowMethod;
use crate::project::graph::{EdgeKind, FnId};
use crate::project::loops::LoopForm;
use crate::project::{Project, brought, conditions};
use crate::statement::Operation;

/// Statements and calls below one call that are looked at, by design: what lies beyond counts as asked each time.
const MOST_PLACES: usize = 400;

/// What spares most elements their statement; what comes first spares more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sparing {
    /// Every way to a statement stands under a condition.
    Sometimes,
    /// Objects bring what is asked, where those who made them put it in.
    Brought,
    /// A cache keeps it.
    Cached,
}

/// What spares most elements the statement; `None` where a way to it is open each time.
pub fn sparing(project: &Project, row: &PerRow<'_>) -> Option<Sparing> {
    if row.relation.is_some() {
        return None;
    }
    if let Some(spared) = spares(project, row.function, row.expr) {
        return Some(spared);
    }
    if leaves_for_some(project, row) {
        return Some(Sparing::Sometimes);
    }
    let effect = match row.access {
        _ if row.remote.is_some() => Effects::NETWORK,
        Access::Read => Effects::QUERY,
        Access::Write => Effects::WRITE,
    };
    let mut search = Search {
        project,
        effect,
        seen: FxHashSet::default(),
        places: 0,
        met: None,
    };
    let is_open = search.asks(row.target?);
    search.met.filter(|_| !is_open)
}

/// What stands before a place of a function.
fn spares(project: &Project, function: FnId, expr: ExprId) -> Option<Sparing> {
    let node = project.graph.function(function);
    if project.missed.runs(&project.code, &project.graph, function, expr) {
        return Some(Sparing::Cached);
    }
    brought::stands_in(&project.code, (node.file, node.id), expr).then_some(Sparing::Brought)
}

/// Whether a resolver returns first for objects that lack something.
fn leaves_for_some(project: &Project, row: &PerRow<'_>) -> bool {
    let node = project.graph.function(row.function);
    let is_resolver = matches!(&row.around.kind, LoopForm::Callback(words) if words == RowMethod::GraphQlField.words());
    let object = row.around.target_names.first().filter(|_| is_resolver);
    object.is_some_and(|&object| context::leaves_for_some(project.code.module(node.file), node.id, object, row.expr))
}

struct Search<'p> {
    project: &'p Project,
    effect: Effects,
    seen: FxHashSet<FnId>,
    /// Places that were looked at.
    places: usize,
    /// What spares the statements that were met.
    met: Option<Sparing>,
}

impl Search<'_> {
    /// Whether a function comes to a statement that nothing spares.
    fn asks(&mut self, function: FnId) -> bool {
        if !self.seen.insert(function) {
            return false;
        }
        let project = self.project;
        let node = project.graph.function(function);
        for site in node.queries.iter().filter_map(|&site| project.graph.sites.get(site)) {
            if !site.held && self.is_meant(site.query.statement.operation) && self.is_open(function, site.expr) {
                return true;
            }
        }
        for edge in node.edges.iter().filter(|edge| edge.kind != EdgeKind::Later) {
            let leads = |target: &&FnId| {
                let target = project.graph.function(**target);
                target.effects.has(self.effect) && !target.is_cached
            };
            let is_direct = edge.kind == EdgeKind::Call && edge.effects.has(self.effect);
            let targets: Vec<FnId> = edge.targets.iter().filter(leads).copied().collect();
            if !is_direct && targets.is_empty() || !self.is_open(function, edge.expr) {
                continue;
            }
            if is_direct || targets.into_iter().any(|target| self.asks(target)) {
                return true;
            }
        }
        false
    }

    /// Whether nothing spares a place, or too many were looked at to tell.
    fn is_open(&mut self, function: FnId, expr: ExprId) -> bool {
        self.places += 1;
        if self.places > MOST_PLACES {
            return true;
        }
        let spared = spares(self.project, function, expr).or_else(|| self.is_sometimes(function, expr).then_some(Sparing::Sometimes));
        self.met = self.met.max(spared);
        spared.is_none()
    }

    /// Whether a place runs under a condition of its function.
    fn is_sometimes(&self, function: FnId, expr: ExprId) -> bool {
        let node = self.project.graph.function(function);
        conditions::is_optional(self.project.code.module(node.file), expr)
    }

    fn is_meant(&self, operation: Operation) -> bool {
        let is_write = matches!(operation, Operation::Insert | Operation::Update | Operation::Delete);
        self.effect != Effects::NETWORK && is_write == (self.effect == Effects::WRITE)
    }
}
