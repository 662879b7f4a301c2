//! Branches that a call's constant arguments close: under `if url:`, nothing runs for `load(url=None)`.

pub mod constants;

use super::Project;
use super::graph::{Edge, EdgeKind, EffectStep, FnId, QuerySite, TRACKED, Visit};
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Sym};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::Operation;
use constants::{Constant, Constants, KnownNames};

/// How many calls deep constants are followed, by design: further down all counts as open.
const MAX_DEPTH: u32 = 4;
/// How many functions are looked at for one call; what lies further counts as open and is told, see [`Limit::Around`].
const BUDGET: u32 = 60;

/// Whether an effect of a call's target (read, write or network) can happen with the arguments that the call passes.
pub fn runs(project: &Project, from: FnId, edge: &Edge, target: FnId, effect: Effects) -> bool {
    chain(project, from, edge, target, effect).is_some()
}

/// The steps from a call's target to an effect that the arguments of the call leave open; `None` where they close every way.
pub fn chain(project: &Project, from: FnId, edge: &Edge, target: FnId, effect: Effects) -> Option<Vec<(FnId, EffectStep)>> {
    let constants = Constants::new(&project.code, &project.graph.functions);
    let known = constants.entering(from, edge, target, &[]);
    let slot = TRACKED.iter().position(|&tracked| tracked == effect)?;
    let mut search = Search {
        project,
        constants,
        effect,
        slot,
        budget: BUDGET,
    };
    let unused = unused_defaults(project, from, edge, target);
    search.function(target, &known, &unused, 0)
}

/// The defaults of a function's parameters that a call gives values for: they do not run.
fn unused_defaults(project: &Project, from: FnId, edge: &Edge, target: FnId) -> Vec<Span> {
    let node = project.graph.function(target);
    let module = project.code.module(node.file);
    let definition = module.function(node.id);
    if definition.params.iter().all(|param| param.default.is_none()) {
        return Vec::new();
    }
    let Some(call) = project.code.module(project.graph.function(from).file).call(edge.expr) else {
        return Vec::new();
    };
    let is_spread = |arg: &crate::ir::Arg| matches!(call.module.kind(arg.value), ExprKind::Spread(_));
    let plain =
        call.args.iter().take_while(|arg| arg.name.is_none() && !is_spread(arg)).count() + usize::from(module.takes_receiver(node.id));
    let params = definition.params.iter().enumerate();
    params
        .filter(|(index, param)| *index < plain || param.name.is_some_and(|name| call.keyword(module.str(name)).is_some()))
        .filter_map(|(_, param)| param.default)
        .map(|default| module.expr(default).span)
        .collect()
}

/// Whether an expression is reached with the arguments that a call passes; one that the called function only reaches through
/// others, perhaps in other files, is taken to be.
pub fn reaches(project: &Project, from: FnId, edge: &Edge, target: FnId, (place, expr): (FileId, ExprId)) -> bool {
    if place != project.graph.function(target).file {
        return true;
    }
    let constants = Constants::new(&project.code, &project.graph.functions);
    let known = constants.entering(from, edge, target, &[]);
    !constants.closes(target, expr, &known)
}

/// The way from an entry point to an expression of a function: of those that what is known on them does not close, the one on which
/// somebody waits, otherwise the first. The second part tells whether any is closed.
pub fn way_to(project: &Project, function: FnId, expr: ExprId) -> (Option<Visit>, bool) {
    let graph = &project.graph;
    let Some(ways) = project.known_ways.get(&function) else {
        return (graph.way_to(function), false);
    };
    let node = graph.function(function);
    let module = project.code.module(node.file);
    let closes = |way: &(u32, KnownNames)| project.known_ends.closes(module, (function, node.id), expr, (way.0, &way.1));
    let open: Vec<Visit> = ways
        .iter()
        .filter(|way| !closes(way))
        .filter_map(|(visit, _)| graph.visits.get(*visit as usize).map(|(_, visit)| *visit))
        .collect();
    if open.len() == ways.len() {
        return (graph.way_to(function), false);
    }
    // The first one of several stands.
    (open.into_iter().min_by_key(Visit::stage), true)
}

/// What is known of a function's names on a way to it.
pub fn known_on(project: &Project, function: FnId, way: Option<Visit>) -> &[(Sym, Constant)] {
    let is_it = |visit: u32| project.graph.visits.get(visit as usize).map(|(_, visit)| *visit) == way;
    let mut ways = project.known_ways.get(&function).into_iter().flatten();
    ways.find(|(visit, _)| is_it(*visit)).map_or(&[], |(_, known)| known.as_slice())
}

/// Whether calls can follow one another down to an expression: each with what the one before it passes.
pub fn is_open_way(project: &Project, constants: &Constants<'_>, way: &[(FnId, ExprId)], end: (FnId, ExprId)) -> bool {
    let mut known = KnownNames::new();
    for (index, &(at, expr)) in way.iter().enumerate() {
        if constants.closes(at, expr, &known) {
            return false;
        }
        let next = way.get(index + 1).map_or(end.0, |&(next, _)| next);
        let mut edges = project.graph.edges_at(&project.code, at, expr);
        known = edges
            .find(|edge| edge.targets.contains(&next))
            .map(|edge| constants.entering(at, edge, next, &known))
            .unwrap_or_default();
    }
    !constants.closes(end.0, end.1, &known)
}

struct Search<'p> {
    project: &'p Project,
    constants: Constants<'p>,
    effect: Effects,
    slot: usize,
    budget: u32,
}

impl Search<'_> {
    fn function(&mut self, at: FnId, known: &KnownNames, unused: &[Span], depth: u32) -> Option<Vec<(FnId, EffectStep)>> {
        let graph = &self.project.graph;
        if self.budget == 0 {
            self.project.tell(Limit::Around, at);
        }
        if depth > MAX_DEPTH || self.budget == 0 {
            return Some(graph.chain(at, self.slot));
        }
        self.budget -= 1;
        let node = graph.function(at);
        let module = self.project.code.module(node.file);
        let runs = |expr: ExprId| !unused.iter().any(|default| default.encloses(module.expr(expr).span));
        let is_open = |expr: ExprId| (unused.is_empty() || runs(expr)) && !self.constants.closes(at, expr, known);
        let has_effect = |&&site: &&usize| {
            let found = graph.sites.get(site);
            found.is_some_and(|found| has(found, self.effect) && is_open(found.expr))
        };
        if let Some(&site) = node.queries.iter().find(has_effect) {
            return Some(vec![(at, EffectStep::Query(site))]);
        }
        let open: Vec<(usize, &Edge)> = node
            .edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| edge.kind != EdgeKind::Later && is_open(edge.expr))
            .collect();
        let mut direct = open.iter();
        if let Some((index, _)) = direct.find(|(_, edge)| edge.kind == EdgeKind::Call && edge.effects.has(self.effect)) {
            return Some(vec![(at, EffectStep::Direct(*index))]);
        }
        // The shortest way first.
        let shortest = node.next[self.slot];
        let mut steps: Vec<(usize, FnId)> = open
            .iter()
            .flat_map(|&(index, edge)| edge.targets.iter().map(move |&target| (index, target)))
            .filter(|&(_, target)| graph.function(target).effects.has(self.effect) && !graph.function(target).is_cached)
            .collect();
        steps.sort_by_key(|&(index, target)| shortest != Some(EffectStep::Via(index, target)));
        for (index, target) in steps {
            let Some(edge) = node.edges.get(index) else { continue };
            let inner = self.constants.entering(at, edge, target, known);
            let unused = unused_defaults(self.project, at, edge, target);
            if let Some(rest) = self.function(target, &inner, &unused, depth + 1) {
                return Some(std::iter::once((at, EffectStep::Via(index, target))).chain(rest).collect());
            }
        }
        None
    }
}

fn has(site: &QuerySite, effect: Effects) -> bool {
    let is_write = matches!(
        site.query.statement.operation,
        Operation::Insert | Operation::Update | Operation::Delete
    );
    is_write == (effect == Effects::WRITE) && effect != Effects::NETWORK && !site.held
}
