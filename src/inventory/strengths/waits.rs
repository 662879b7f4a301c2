//! Waits that run side by side.

use rayon::prelude::*;

use super::strength;
use crate::finding::Strength;
use crate::ir::{ExprId, Module};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::tasks::GATHERERS;
use crate::libraries::shared::value::FileId;
use crate::project::Project;

/// `asyncio.gather(…)`, `Promise.all([…])`, task groups, bounded helpers, around something that leaves the process.
pub fn find(project: &Project) -> Vec<Strength> {
    let outside = Effects::NETWORK.and(Effects::QUERY).and(Effects::WRITE);
    let modules: Vec<(FileId, &Module)> = project.code.modules().filter(|(_, module)| module.mentions(GATHERERS)).collect();
    let found = modules.into_par_iter().map(|(file, module)| {
        let mut out = Vec::new();
        for id in module.call_ids() {
            let expr = module.expr(id);
            let Some(name) = gatherer(module, id) else { continue };
            if expr_effects(project, file, module, id).any(outside) {
                let message = format!("`{name}` lets the waits overlap.");
                out.push(strength(project, "parallel-waits", message, file, expr.span));
            }
        }
        out
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The name of a call that waits for several things at once.
fn gatherer(module: &Module, id: ExprId) -> Option<&str> {
    let call = module.call(id)?;
    let method = call.method()?;
    let receiver = call.receiver().and_then(|receiver| module.name(receiver));
    let known = match method {
        "gather" | "as_completed" => receiver.is_none_or(|receiver| receiver == "asyncio"),
        "all" | "allSettled" => receiver == Some("Promise"),
        "pMap" | "pAll" | "TaskGroup" => true,
        _ => false,
    };
    known.then_some(method)
}

/// What the calls and queries inside an expression do.
fn expr_effects(project: &Project, file: FileId, module: &Module, id: ExprId) -> Effects {
    let span = module.expr(id).span;
    let mut all = Effects::NONE;
    let functions = module
        .function_ids()
        .filter(|(inner, function)| function.span.encloses(span) || span.encloses(function.span) && inner.index() > 0);
    for (function, _) in functions {
        let node = project.graph.function(project.graph.id(file, function));
        for edge in node.edges.iter().filter(|edge| span.encloses(module.expr(edge.expr).span)) {
            all = edge.targets.iter().fold(all.and(edge.effects), |all, &target| {
                all.and(project.graph.function(target).effects)
            });
        }
        if node
            .queries
            .iter()
            .filter_map(|&site| project.graph.sites.get(site))
            .any(|site| span.encloses(site.span))
        {
            all = all.and(Effects::QUERY);
        }
    }
    all
}
