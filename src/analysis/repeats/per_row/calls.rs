//! Calls in a loop that lead to a statement or to another machine.

use super::{Access, PerRow, Search};
use crate::analysis::repeats::shape::{by_reference, is_batched};
use crate::analysis::repeats::single;
use crate::ir::{ExprId, ExprKind, Module, Sym};
use crate::libraries::shared::effects::Effects;
use crate::project::graph::{Edge, EdgeKind, FnId, NETWORK_SLOT};
use crate::project::kept_results::{self, KeptAttribute};
use crate::project::loops::Loop;
use crate::project::scope::Bound;
use crate::project::{Project, branches};
use crate::statement::Operation;
use crate::vocabulary::List;

/// Calls that are followed to see that all reads are batched, by design: what lies further down counts as not.
const BATCHED_DEPTH: u32 = 3;

impl Search<'_, '_> {
    pub(super) fn edge(&mut self, function: FnId, edge: &Edge) {
        let found = target_effects(self.project, self.module, edge);
        let asked = remote(self.project, edge);
        if found.is_empty() && asked.is_none() {
            for access in [Access::Read, Access::Write] {
                self.silent(
                    access,
                    edge.expr,
                    || "what is called leads to no statement or blocking request that is known",
                );
            }
            return;
        }
        let writes = found.iter().any(|&(_, access)| access == Access::Write);
        let first = found.first().map_or(Access::Read, |&(_, access)| access);
        let Some((around, outer, chunked)) = self.around(first, edge.expr).or_else(|| by_reference(self.module, edge)) else {
            if writes && first != Access::Write {
                self.silent(Access::Write, edge.expr, || self.no_loop(edge.expr));
            }
            return;
        };
        let found = self
            .first_open(function, edge, &found)
            .map(|(target, access)| (Some(target), access, None));
        let Some((target, access, remote)) = found.or_else(|| asked.map(|(target, name)| (target, Access::Read, Some(name)))) else {
            return self.silent(first, edge.expr, || "the arguments of the call close every way to a statement");
        };
        if writes && access == Access::Read {
            self.silent(
                Access::Write,
                edge.expr,
                || "what is called reads as well, and is told as a read once a row",
            );
        }
        if access == Access::Write && remote.is_none() && self.commits_nothing(function, edge) {
            return self.silent(access, edge.expr, || "it commits at its end, and the block inside changes nothing");
        }
        if around.parallel && target.is_some_and(|target| remote.is_none() && self.only_batched(target, 0)) {
            return self.silent(
                access,
                edge.expr,
                || "all that it reads its client puts together, as the calls come in one tick",
            );
        }
        if target.is_some_and(|target| self.asks_once(function, edge, target, &around)) {
            return self.silent(
                access,
                edge.expr,
                || "an object that is the same in each pass of the loop keeps what is found",
            );
        }
        let key = match (target, &remote) {
            (Some(target), _) => format!("call {}", target.0),
            (None, name) => format!("remote {name:?}"),
        };
        let row = PerRow {
            access,
            target,
            remote,
            guessed: edge.guessed,
            ..PerRow::read(function, edge.expr, (around, outer, chunked))
        };
        self.push(key, row);
    }

    /// Whether an object keeps what is found, and it is the same object in each pass of the loop.
    fn asks_once(&self, function: FnId, edge: &Edge, target: FnId, around: &Loop) -> bool {
        if self.project.graph.function(target).is_cached && self.is_of_self(function, edge.expr) {
            return true;
        }
        let Some((object, attribute)) = self.keeper(edge, target) else {
            return false;
        };
        let ExprKind::Name(name) = *self.module.kind(object) else {
            return false;
        };
        if self.is_emptied_in(function, around, (name, attribute), target) {
            return false;
        }
        let owner = self.project.graph.function(function).id;
        let mut params = self.module.function(owner).params.iter();
        let is_given = self.module.str(name) == "self" || params.any(|param| param.name == Some(name));
        let is_set = self.project.code.scopes.get(self.file.index()).is_some_and(|scope| {
            let mut bindings = scope.bindings_of(owner, name);
            bindings.any(|binding| !matches!(binding.bound, Bound::Param(..)))
        });
        is_given && !is_set && !around.target_names.contains(&name)
    }

    /// Whether an expression is a property of the method's own object, which is the same in each pass of every loop.
    fn is_of_self(&self, function: FnId, expr: ExprId) -> bool {
        let owner = self.project.graph.function(function).id;
        let ExprKind::Attr { base, .. } = *self.module.kind(expr) else {
            return false;
        };
        let receiver = self.module.function(owner).params.first().and_then(|param| param.name);
        self.module.takes_receiver(owner) && self.module.name(base) == receiver.map(|name| self.module.str(name))
    }

    /// Whether a loop empties an attribute of what has a name, or calls a method on it that does, other than the one that keeps it.
    fn is_emptied_in(&self, function: FnId, around: &Loop, (object, attribute): (Sym, &str), keeper: FnId) -> bool {
        if self.changes_in(around, object, attribute).next().is_some() {
            return true;
        }
        let edges = &self.project.graph.function(function).edges;
        let inside = edges.iter().filter(|edge| around.span.encloses(self.module.expr(edge.expr).span));
        let on_it = inside.filter(|edge| {
            let receiver = self.module.call(edge.expr).and_then(|call| call.receiver());
            receiver.is_some_and(|receiver| *self.module.kind(receiver) == ExprKind::Name(object))
        });
        let mut called = on_it.flat_map(|edge| edge.targets.iter().copied());
        called.any(|target| target != keeper && self.empties(target, attribute))
    }

    /// Whether a method empties an attribute of its object.
    fn empties(&self, method: FnId, attribute: &str) -> bool {
        let node = self.project.graph.function(method);
        let module = self.project.code.module(node.file);
        let mut known = self.emptied.borrow_mut();
        let emptied = known.entry(method).or_insert_with(|| kept_results::emptied(module, node.id));
        emptied.iter().any(|&name| module.str(name) == attribute)
    }

    /// The object of a call that keeps what the function finds (what the method is called on, or an argument), and the attribute.
    fn keeper(&self, edge: &Edge, target: FnId) -> Option<(ExprId, &str)> {
        let callee = self.project.graph.function(target);
        let module = self.project.code.module(callee.file);
        let kept_on = *self.kept_on.borrow_mut().entry(target).or_insert_with(|| self.kept_on(target));
        let kept_on = kept_on?;
        let mut params = module.function(callee.id).params.iter();
        let object = match params.position(|param| param.name == Some(kept_on.object)) {
            Some(index) => single::passed_as(self.project, self.module, edge, target, index)?,
            // `this`.
            None => match self.module.kind(edge.expr) {
                ExprKind::Attr { base, .. } => *base,
                _ => self.module.call(edge.expr)?.receiver()?,
            },
        };
        Some((object, module.str(kept_on.attribute)))
    }

    /// Where a function keeps all that it asks for.
    fn kept_on(&self, function: FnId) -> Option<KeptAttribute> {
        let node = self.project.graph.function(function);
        let module = self.project.code.module(node.file);
        let sites = node.queries.iter().map(|&site| self.project.graph.sites[site].expr);
        let asks = |edge: &&Edge| {
            edge.effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK))
                || !target_effects(self.project, module, edge).is_empty()
        };
        let places: Vec<ExprId> = sites.chain(node.edges.iter().filter(asks).map(|edge| edge.expr)).collect();
        kept_results::keeper(module, node.id, &places)
    }

    /// `with session_of(tenant) as session:` commits at its end: where the block only reads, there is nothing to commit.
    fn commits_nothing(&self, function: FnId, edge: &Edge) -> bool {
        let Some(block) = single::entered(self.module, edge.expr) else {
            return false;
        };
        let node = self.project.graph.function(function);
        let is_inside = |expr: ExprId| block.encloses(self.module.expr(expr).span) && expr != edge.expr;
        let writes = node.edges.iter().any(|other| {
            let targets = || other.targets.iter().map(|&target| self.project.graph.function(target).effects);
            is_inside(other.expr) && (other.effects.has(Effects::WRITE) || targets().any(|effects| effects.has(Effects::WRITE)))
        });
        let changes = node.queries.iter().any(|&site| {
            let site = &self.project.graph.sites[site];
            is_inside(site.expr) && site.query.statement.operation != Operation::Select
        });
        let adds = self.module.call_ids_in(node.id).filter(|&id| is_inside(id)).any(|id| {
            let method = self.module.call(id).and_then(|call| call.method());
            method.is_some_and(|method| List::SessionChanges.has(method))
        });
        !writes && !changes && !adds
    }

    /// Whether all that a function reads, it reads by calls that the client makes one statement of, as they come in one tick.
    pub(super) fn only_batched(&self, function: FnId, depth: u32) -> bool {
        let node = self.project.graph.function(function);
        let module = self.project.code.module(node.file);
        let mut sites = node.queries.iter().filter_map(|&site| self.project.graph.sites.get(site));
        let is_open = |edge: &&Edge| edge.kind != EdgeKind::Later;
        let mut edges = node.edges.iter().filter(is_open);
        depth < BATCHED_DEPTH
            && sites.all(|site| is_batched(module, site))
            && edges.all(|edge| {
                let mut targets = edge.targets.iter().copied();
                !edge.effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK))
                    && targets.all(|target| {
                        let effects = self.project.graph.function(target).effects;
                        !effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK)) || self.only_batched(target, depth + 1)
                    })
            })
    }

    /// The first effect that the call's constant arguments leave open.
    pub(super) fn first_open(&self, function: FnId, edge: &Edge, found: &[(FnId, Access)]) -> Option<(FnId, Access)> {
        found.iter().copied().find(|&(target, access)| {
            let effect = if access == Access::Read { Effects::QUERY } else { Effects::WRITE };
            branches::runs(self.project, function, edge, target, effect)
        })
    }
}

/// A synchronous request to another machine, made here or by what is called.
fn remote(project: &Project, edge: &Edge) -> Option<(Option<FnId>, std::sync::Arc<str>)> {
    if edge.kind != EdgeKind::Call || edge.awaited || edge.guessed {
        return None;
    }
    let waits = |effects: Effects| effects.has(Effects::NETWORK.and(Effects::BLOCKING)) && !effects.any(Effects::QUERY.and(Effects::WRITE));
    // What a helper puts into a cache, it puts there beside what it is called for.
    let counts = |effects: Effects| waits(effects) && !effects.has(Effects::CACHE_SET);
    if waits(edge.effects) {
        return edge.external.clone().map(|name| (None, name));
    }
    let target = edge
        .targets
        .iter()
        .copied()
        .find(|&target| !project.graph.function(target).is_async && project.graph.function(target).next[NETWORK_SLOT].is_some())?;
    let (function, step) = *project.graph.chain(target, NETWORK_SLOT).last()?;
    let crate::project::graph::EffectStep::Direct(at) = step else {
        return None;
    };
    let last = project.graph.function(function).edges.get(at)?;
    if counts(last.effects) {
        last.external.clone().map(|name| (Some(target), name))
    } else {
        None
    }
}

/// The reads and writes that a call leads to, reads first.
pub(super) fn target_effects(project: &Project, module: &Module, edge: &Edge) -> Vec<(FnId, Access)> {
    let is_lambda = matches!(module.kind(edge.expr), ExprKind::Lambda(_));
    if edge.kind == EdgeKind::Later || is_lambda {
        return Vec::new();
    }
    let of = |effect: Effects, access: Access| {
        let targets = edge.targets.iter().copied();
        targets
            .filter(move |&target| project.graph.function(target).effects.has(effect))
            .map(move |target| (target, access))
    };
    of(Effects::QUERY, Access::Read).chain(of(Effects::WRITE, Access::Write)).collect()
}
