//! What entry points reach, and how: calls that the arguments on the way close lead nowhere.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};

use super::branches::constants::{Constants, KnownNames};
use super::eval::Code;
use super::graph::{Edge, EdgeKind, FnId, Graph, Visit, VisitStage};
use super::may_call::{self, MayCall};
use super::missed::Missed;
use super::once::Once;
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Language, Module, Parent, StmtKind};
use crate::libraries::entries::{Entry, EntryKind, Often};
use crate::libraries::shared::effects::Effects;
use crate::vocabulary::List;
use crate::walk::FileRole;

/// With how many different sets of constants one function is visited; then with nothing known.
const MAX_CONTEXTS: usize = 4;

/// Of how many entry points a function is counted; more are as good as all.
pub const MAX_SHARED: usize = 64;

/// Of so few entry points each is a large part of what a program is there for.
const FEW: usize = 8;

/// A program of more functions does more than its entry points say: class views and components are none.
const SMALL: usize = 150;

/// Of fewer functions that do something, their share says nothing.
const FEWEST_FOLLOWED: usize = 12;

/// The share of them that is most, as a fraction.
const MOSTLY: (usize, usize) = (2, 3);

/// For functions of which some way knows names, all ways to them, as places in [`Graph::visits`], with what each knows.
pub type KnownWays = FxHashMap<FnId, Vec<(u32, KnownNames)>>;

/// Marks what entry points reach. What is used most often comes first, so that a function that a list, a form and a script
/// call is said to be the list's. Gives back what is known on the ways.
pub fn mark(graph: &mut Graph, code: &Code, (once, missed): (&Once, &Missed)) -> KnownWays {
    let (reach, visits, known) = {
        let mut walk = Walk {
            graph,
            code,
            once,
            missed,
            constants: Constants::new(code, &graph.functions),
            reach: vec![None; graph.functions.len()],
            visits: Vec::new(),
            known: Vec::new(),
            contexts: vec![Vec::new(); graph.functions.len()],
            queue: VecDeque::new(),
        };
        walk.entries();
        walk.loose(&may_call::find(code, graph));
        let knowing = walk.contexts.into_iter().enumerate().filter_map(|(at, contexts)| {
            let is_known = contexts.iter().any(|context| !context.known.is_empty());
            let ways = contexts.into_iter().map(|context| (context.visit, context.known));
            is_known.then(|| (FnId(at as u32), ways.collect()))
        });
        (walk.reach, walk.visits, knowing.collect())
    };
    graph.reach = reach;
    graph.visits = visits;
    graph.shared = shared(graph);
    graph.is_small = graph.functions.len() <= SMALL && graph.entries.iter().filter(|entry| counts(entry)).count() <= FEW;
    known
}

/// Says in which languages entry points reach most of the program's functions that do something. What they do not reach there nothing
/// calls; in a library, or where calls are lost on the way, it may be anybody.
pub fn mark_followed(graph: &mut Graph, code: &Code) {
    let does = Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK);
    let is_served = graph.entries.iter().any(counts);
    graph.followed = Language::ALL
        .into_iter()
        .filter(|&language| {
            let (mut reached, mut all) = (0, 0);
            for (index, node) in graph.functions.iter().enumerate() {
                let is_source = || {
                    code.files
                        .get(node.file.index())
                        .is_some_and(|facts| facts.role == FileRole::Source)
                };
                if code.module(node.file).language == language && node.effects.any(does) && is_source() {
                    all += 1;
                    reached += usize::from(graph.way_to(FnId(index as u32)).is_some());
                }
            }
            is_served && all >= FEWEST_FOLLOWED && reached * MOSTLY.1 >= all * MOSTLY.0
        })
        .collect();
}

/// Whether somebody waits for an entry point's answer.
fn is_waited_for(entry: &Entry) -> bool {
    entry.kind.is_waited_for() && entry.often < Often::Job
}

/// Whether it counts among the things that a program is asked. What stands around a handler is no entry point besides it.
fn counts(entry: &Entry) -> bool {
    is_waited_for(entry) && entry.kind != EntryKind::Hook
}

/// For each function how many entry points that somebody waits for call it, at most [`MAX_SHARED`].
fn shared(graph: &Graph) -> Vec<u8> {
    let mut sets: Vec<Vec<u32>> = vec![Vec::new(); graph.functions.len()];
    let mut queue: VecDeque<(FnId, u32)> = VecDeque::new();
    for (index, entry) in graph.entries.iter().enumerate().filter(|(_, entry)| counts(entry)) {
        queue.push_back((graph.id(entry.function.0, entry.function.1), index as u32));
    }
    // Each function takes at most MAX_SHARED entries, so each call is followed at most as often.
    while let Some((at, entry)) = queue.pop_front() {
        let Some(set) = sets.get_mut(at.index()) else { continue };
        if set.len() >= MAX_SHARED || set.contains(&entry) {
            continue;
        }
        set.push(entry);
        let edges = graph
            .function(at)
            .edges
            .iter()
            .filter(|edge| edge.kind != EdgeKind::Later && !edge.guessed);
        queue.extend(edges.flat_map(|edge| edge.targets.iter().map(move |&target| (target, entry))));
    }
    sets.iter().map(|set| set.len() as u8).collect()
}

/// One visit to a function.
#[derive(Clone)]
struct VisitContext {
    visit: u32,
    /// What is known of the function's names in it.
    known: KnownNames,
    stage: VisitStage,
}

struct Walk<'g> {
    graph: &'g Graph,
    code: &'g Code,
    once: &'g Once,
    missed: &'g Missed,
    constants: Constants<'g>,
    reach: Vec<Option<Visit>>,
    visits: Vec<(FnId, Visit)>,
    /// What is known in each visit.
    known: Vec<KnownNames>,
    /// For each function what was known in the visits to it, and when they run.
    contexts: Vec<Vec<VisitContext>>,
    queue: VecDeque<u32>,
}

impl Walk<'_> {
    fn entries(&mut self) {
        let entries = &self.graph.entries;
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|&index| (rank(&entries[index]), index));
        let levels = order.chunk_by(|&left, &right| rank(&entries[left]) == rank(&entries[right]));
        for level in levels {
            for &entry in level {
                let (file, function) = entries[entry].function;
                let start = Visit {
                    entry,
                    from: None,
                    distance: 0,
                    later: false,
                    is_loose: false,
                    // What somebody starts by hand takes no function from a request, not even from one that answers first.
                    is_once: entries[entry].often == Often::Once,
                    is_missed: false,
                };
                self.visit(self.graph.id(file, function), start, KnownNames::new());
            }
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(visit) = self.queue.pop_front() {
            self.calls(visit);
        }
    }

    /// Goes on to what nothing certain reaches: over calls that may be, from what is used most.
    fn loose(&mut self, may_call: &MayCall) {
        let mut open: BinaryHeap<Reverse<(u8, u32, FnId)>> = BinaryHeap::new();
        // Whoever names a table first stands for all that do.
        let mut opened: FxHashSet<usize> = FxHashSet::default();
        let mut next = 0;
        loop {
            while let Some(&(at, here)) = self.visits.get(next) {
                let rank = self.graph.entries.get(here.entry).map_or(u8::MAX, rank);
                let tables = may_call.tables_of(at).iter().filter(|&&table| opened.insert(table));
                let held = tables.flat_map(|&table| may_call.held(table));
                for &target in may_call.calls_of(at).iter().chain(held) {
                    if self.reach[target.index()].is_none() {
                        open.push(Reverse((rank, next as u32, target)));
                    }
                }
                next += 1;
            }
            let Some(Reverse((_, visit, target))) = open.pop() else { return };
            let Some(&(_, here)) = self.visits.get(visit as usize).filter(|_| self.reach[target.index()].is_none()) else {
                continue;
            };
            // The way goes on from there: what comes before is told by the entry point alone.
            let reach = Visit {
                from: None,
                distance: here.distance + 1,
                is_loose: true,
                ..here
            };
            self.visit(target, reach, KnownNames::new());
            self.drain();
        }
    }

    /// Goes on to what one visit's function calls.
    fn calls(&mut self, visit: u32) {
        let graph = self.graph;
        let Some(&(at, here)) = self.visits.get(visit as usize) else {
            return;
        };
        let known = self.known.get_mut(visit as usize).map(std::mem::take).unwrap_or_default();
        let is_startup = graph.entries.get(here.entry).is_some_and(|entry| entry.kind == EntryKind::Startup);
        for (index, edge) in graph.function(at).edges.iter().enumerate() {
            if edge.targets.is_empty() || !known.is_empty() && self.constants.closes(at, edge.expr, &known) {
                continue;
            }
            let reach = Visit {
                entry: here.entry,
                from: Some((visit, index as u32)),
                distance: here.distance + 1,
                later: here.later || edge.kind == EdgeKind::Later || self.goes_on_alone(at, edge),
                is_loose: here.is_loose,
                // A timer that is started once goes on, and so does a task of start-up code.
                is_once: edge.kind != EdgeKind::Later
                    && !(is_startup && spawns(self.code.module(graph.function(at).file), edge))
                    && (here.is_once || self.once.runs(self.code, graph, at, edge.expr)),
                is_missed: here.is_missed || self.missed.runs(self.code, graph, at, edge.expr),
            };
            for &target in &edge.targets {
                if self.is_seen(target, &[], reach.stage()) {
                    continue;
                }
                let inner = self.constants.entering(at, edge, target, &known);
                self.visit(target, reach, inner);
            }
        }
    }

    /// Whether a call starts an asynchronous function of TypeScript and drops what it promises (`void track(user)`,
    /// `track(user).catch(log)`): nobody waits for what it does.
    fn goes_on_alone(&self, at: FnId, edge: &Edge) -> bool {
        let module = self.code.module(self.graph.function(at).file);
        let mut targets = edge.targets.iter();
        edge.kind == EdgeKind::Call
            && !edge.awaited
            && module.language == Language::TypeScript
            && targets.all(|&target| self.graph.function(target).is_async)
            && is_dropped(module, edge.expr)
            && !may_answer(module, edge.expr)
    }

    fn visit(&mut self, at: FnId, reach: Visit, mut known: KnownNames) {
        if self.is_seen(at, &known, reach.stage()) {
            return;
        }
        if self.contexts[at.index()].len() >= MAX_CONTEXTS {
            known.clear();
        }
        // A way on which somebody waits is worth more than one that runs later, and that more than what runs once.
        let before = self.reach[at.index()];
        if before.is_none_or(|before| reach.stage() < before.stage()) {
            self.reach[at.index()] = Some(reach);
        }
        self.queue.push_back(self.visits.len() as u32);
        self.visits.push((at, reach));
        self.contexts[at.index()].push(VisitContext {
            visit: self.visits.len() as u32 - 1,
            known: known.clone(),
            stage: reach.stage(),
        });
        self.known.push(known);
    }

    /// Whether a visit that knew no more, and that is worth as much, was there before.
    fn is_seen(&self, at: FnId, known: &[(crate::ir::Sym, super::branches::constants::Constant)], stage: VisitStage) -> bool {
        self.contexts[at.index()]
            .iter()
            .any(|seen| seen.stage <= stage && seen.known.iter().all(|fact| known.contains(fact)))
    }
}

/// Whether a call starts a task or thread that goes on by itself.
pub fn spawns(module: &Module, edge: &Edge) -> bool {
    let outer = match module.expr(edge.expr).parent {
        Parent::Expr(outer) => module.call(outer).and_then(|call| call.method()),
        _ => None,
    };
    matches!(edge.kind, EdgeKind::Later | EdgeKind::Barrier)
        || matches!(
            outer,
            Some("create_task" | "ensure_future" | "run_coroutine_threadsafe" | "start_soon")
        )
}

fn rank(entry: &Entry) -> u8 {
    match (entry.often, entry.kind) {
        (Often::Always, _) => 0,
        (Often::Read, _) => 1,
        (Often::Act, _) => 2,
        // A job runs by itself; few people use what staff use.
        (Often::Job, _) => 3,
        (Often::Seldom, _) => 4,
        (Often::Once, EntryKind::Startup) => 5,
        (Often::Once, _) => 6,
    }
}

/// Whether a call is given what an answer goes through: a callback, a response.
fn may_answer(module: &Module, call: ExprId) -> bool {
    let args = module.call(call).map_or(&[][..], |call| call.args);
    args.iter().any(|arg| match module.kind(arg.value) {
        ExprKind::Lambda(_) => true,
        ExprKind::Name(name) => List::Answering.has(module.str(*name)),
        _ => false,
    })
}

/// Whether nothing is made of what a call gives but to handle its failure.
fn is_dropped(module: &Module, call: ExprId) -> bool {
    let mut at = call;
    for _ in 0..Limit::Holders.count() {
        at = match module.expr(at).parent {
            Parent::Stmt(stmt) => return matches!(module.stmt(stmt).kind, StmtKind::Expr(_)),
            Parent::Expr(outer) => match module.kind(outer) {
                ExprKind::Attr { name, .. } if matches!(module.str(*name), "catch" | "finally") => outer,
                ExprKind::Call { callee, .. } if *callee == at => outer,
                ExprKind::Unary { op, .. } if module.str(*op) == "void" => outer,
                _ => return false,
            },
            _ => return false,
        };
    }
    false
}
