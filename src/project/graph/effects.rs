//! How effects travel up the graph, from callees to callers.

use std::collections::VecDeque;

use super::{EdgeKind, EffectStep, FnId, Graph, TRACKED};
use crate::libraries::shared::effects::Effects;
use crate::statement::Operation;

impl Graph {
    /// Carries effects from callees to callers, shortest chains first.
    pub(super) fn propagate(&mut self) {
        let mut callers: Vec<Vec<(FnId, usize)>> = vec![Vec::new(); self.functions.len()];
        for (index, node) in self.functions.iter().enumerate() {
            for (at, edge) in node.edges.iter().enumerate() {
                if edge.kind == EdgeKind::Later {
                    continue;
                }
                for target in &edge.targets {
                    callers[target.index()].push((FnId(index as u32), at));
                }
            }
        }
        for (slot, effect) in TRACKED.into_iter().enumerate() {
            let mut queue = VecDeque::new();
            for index in 0..self.functions.len() {
                if let Some(step) = self.own_step(index, effect) {
                    self.functions[index].next[slot] = Some(step);
                    queue.push_back(FnId(index as u32));
                }
            }
            while let Some(at) = queue.pop_front() {
                let node = &self.functions[at.index()];
                if node.is_cached && effect != Effects::BLOCKING {
                    continue;
                }
                // Who awaits an async function that blocks is not the cause: the function itself is reported.
                if effect == Effects::BLOCKING && node.is_async {
                    continue;
                }
                for &(caller, edge_at) in &callers[at.index()] {
                    let edge = &self.functions[caller.index()].edges[edge_at];
                    if effect == Effects::BLOCKING && edge.kind == EdgeKind::Barrier {
                        continue;
                    }
                    if self.functions[caller.index()].next[slot].is_none() {
                        self.functions[caller.index()].next[slot] = Some(EffectStep::Via(edge_at, at));
                        queue.push_back(caller);
                    }
                }
            }
        }
        for node in &mut self.functions {
            for (slot, effect) in TRACKED.into_iter().enumerate() {
                if node.next[slot].is_some() {
                    node.effects = node.effects.and(effect);
                }
            }
        }
    }

    /// The function's own first step to an effect.
    fn own_step(&self, index: usize, effect: Effects) -> Option<EffectStep> {
        let node = &self.functions[index];
        for &site in &node.queries {
            let query = &self.sites[site].query;
            let operation = query.statement.operation;
            let is_write = matches!(operation, Operation::Insert | Operation::Update | Operation::Delete);
            // `SET`, `BEGIN`, DDL: what is understood and reads no rows.
            let is_control = operation == Operation::Other && !query.opaque;
            let has = match effect {
                // Who runs it for rows that were not loaded so is found by what the rows came from.
                Effects::QUERY => !is_write && !is_control && !self.sites[site].held,
                Effects::WRITE => is_write,
                Effects::BLOCKING => query.blocking && !self.sites[site].awaited,
                _ => false,
            };
            if has {
                return Some(EffectStep::Query(site));
            }
        }
        node.edges
            .iter()
            .position(|edge| edge.kind == EdgeKind::Call && edge.effects.has(effect) && !(effect == Effects::BLOCKING && edge.awaited))
            .map(EffectStep::Direct)
    }
}
