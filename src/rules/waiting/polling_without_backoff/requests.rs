//! What a callback or a loop asks of a server, in itself or through what it calls.

use rustc_hash::FxHashSet;

use super::Check;
use crate::budget::Limit;
use crate::finding::{Related, Role};
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind};
use crate::judge::evidence;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling;
use crate::project::graph::{Edge, EdgeKind, FnId};

/// Calls between a timer and the request that it sends.
const HOPS: usize = 6;

/// What a callback asks of a server.
pub(super) struct PolledRequest {
    pub(super) words: String,
    pub(super) steps: Vec<Related>,
    /// In how many turns of what asks it is asked once.
    pub(super) turns: f64,
}

impl Check<'_> {
    /// What a function asks of a server, in itself or through what it calls.
    pub(super) fn request(&self, from: FnId) -> Option<PolledRequest> {
        let mut seen = FxHashSet::default();
        let mut open: Vec<(FnId, Vec<Related>, f64)> = vec![(from, Vec::new(), 1.0)];
        while let Some((at, steps, turns)) = open.pop() {
            if !seen.insert(at) || steps.len() > HOPS {
                continue;
            }
            let node = self.project.graph.function(at);
            let module = self.project.code.module(node.file);
            if polling::is_keep_alive(&self.project.short_name(at)) {
                return None;
            }
            if let Some(found) = self.own_request(at, &steps) {
                return Some(PolledRequest {
                    turns: turns * found.turns,
                    ..found
                });
            }
            let mut edges: Vec<&Edge> = node.edges.iter().rev().collect();
            edges.retain(|edge| edge.kind != EdgeKind::Later && !edge.guessed && !is_on_change(module, edge.expr));
            for edge in edges {
                for &target in &edge.targets {
                    let mut next = steps.clone();
                    if !matches!(module.kind(edge.expr), ExprKind::Lambda(_)) {
                        let message = format!("calls {}", self.project.short_name(target));
                        next.push(Related {
                            location: self.project.place_in(at, module.expr(edge.expr).span),
                            message,
                            role: Role::Call,
                        });
                    }
                    open.push((target, next, turns * every_nth(module, edge.expr)));
                }
            }
        }
        None
    }

    fn own_request(&self, at: FnId, steps: &[Related]) -> Option<PolledRequest> {
        let node = self.project.graph.function(at);
        let module = self.project.code.module(node.file);
        for edge in node.edges.iter().filter(|edge| !is_on_change(module, edge.expr)) {
            if edge.effects.any(Effects::NETWORK.and(Effects::QUERY)) {
                let call = module.call(edge.expr);
                let url = call
                    .and_then(|call| call.arg(0))
                    .and_then(|arg| module.literal_text(arg))
                    .unwrap_or_default();
                if polling::is_keep_alive(&url) {
                    continue;
                }
                let name = evidence::readable(edge.external.as_deref().unwrap_or("a request"));
                return Some(self.finish(at, edge.expr, format!("`{name}`"), steps));
            }
        }
        let sites = node.queries.iter().filter_map(|&site| self.project.graph.sites.get(site));
        if let Some(site) = sites.into_iter().find(|site| !is_on_change(module, site.expr)) {
            return Some(self.finish(at, site.expr, evidence::describe(&site.query), steps));
        }
        for id in module.call_ids_in(node.id).filter(|id| module.owner(*id) == node.id) {
            let Some(method) = module.call(id).and_then(|call| call.method()) else {
                continue;
            };
            if polling::is_refetch(module, id, method) && !is_on_change(module, id) {
                return Some(self.finish(at, id, format!("`{method}`"), steps));
            }
        }
        None
    }

    pub(super) fn finish(&self, at: FnId, expr: ExprId, words: String, steps: &[Related]) -> PolledRequest {
        let node = self.project.graph.function(at);
        let module = self.project.code.module(node.file);
        let mut steps = steps.to_vec();
        steps.push(Related {
            location: self.project.place_in(at, module.expr(expr).span),
            message: format!("the request: {words}"),
            role: Role::Callee,
        });
        let turns = every_nth(module, expr);
        PolledRequest { words, steps, turns }
    }

    /// What one call in a loop asks of a server.
    pub(super) fn request_at(&self, expr: ExprId) -> Option<PolledRequest> {
        let call = self.module.call(expr)?;
        if call.method().is_some_and(polling::is_keep_alive) {
            return None;
        }
        let holder = self.project.graph.id(self.file, self.module.owner(expr));
        let graph = &self.project.graph;
        if graph.site_at(self.file, expr).is_some() {
            return Some(self.finish(holder, expr, "a query".to_owned(), &[]));
        }
        let mut edges = graph.edges_at(&self.project.code, holder, expr);
        let edge = edges.find(|edge| edge.kind != EdgeKind::Later)?;
        if edge.effects.any(Effects::NETWORK.and(Effects::QUERY)) {
            let name = evidence::readable(edge.external.as_deref().unwrap_or("a request"));
            return Some(self.finish(holder, expr, format!("`{name}`"), &[]));
        }
        let target = edge.targets.first().copied().filter(|_| !edge.guessed)?;
        self.request(target)
    }
}

/// In which of its turns a function comes to an expression: in every third under `if (left % 3 === 0)`.
fn every_nth(module: &Module, expr: ExprId) -> f64 {
    let holders = module.holders(expr).take(Limit::Holders.count());
    let divisors = holders.filter_map(|holder| {
        let (Parent::Stmt(at), Some(below)) = (holder.at, holder.below) else {
            return None;
        };
        match &module.stmt(at).kind {
            StmtKind::If { test, then, .. } if then.contains(&below) => divisor(module, *test),
            _ => None,
        }
    });
    divisors.product()
}

/// The number of `left % 3 === 0`.
fn divisor(module: &Module, test: ExprId) -> Option<f64> {
    let ExprKind::Binary { op, left, right } = *module.kind(test) else {
        return None;
    };
    let is_zero = matches!(module.str(op), "==" | "===") && matches!(module.kind(right), ExprKind::Num(0.0));
    let ExprKind::Binary { op, right, .. } = *module.kind(left) else {
        return None;
    };
    match *module.kind(right) {
        ExprKind::Num(divisor) if is_zero && module.str(op) == "%" && divisor >= 1.0 => Some(divisor),
        _ => None,
    }
}

/// `if (url !== seen) { seen = url; refresh(); }`: what stands there runs when something has changed, not at every tick.
fn is_on_change(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let mut below = None;
    loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let StmtKind::If { test, then, .. } = &module.stmt(id).kind
                    && below.is_some_and(|below| then.contains(&below))
                    && notes_change(module, *test, then)
                {
                    return true;
                }
                below = Some(id);
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
}

/// A comparison for a difference with a name that the block then sets.
fn notes_change(module: &Module, test: ExprId, then: &[StmtId]) -> bool {
    let ExprKind::Binary { op, left, right } = module.kind(test) else {
        return false;
    };
    if !matches!(module.str(*op), "!=" | "!==" | "is not") {
        return false;
    }
    let compared = [*left, *right].map(|side| module.dotted(side));
    then.iter().any(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Assign { target, .. } => module.dotted(target).is_some_and(|name| compared.contains(&Some(name))),
        _ => false,
    })
}
