//! `blocking-call-in-async`: a call that keeps the event loop's thread, made by an async function itself or through
//! the plain functions that it calls. One finding a cause, with every place that leads to it.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::advice::texts::{Advised, Unblock, advice_of_first};
use crate::analysis::Analyses;
use crate::analysis::repeats::shape::in_handler;
use crate::analysis::waits;
use crate::budget::{Limit, Steps};
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::fix::remedy::{Remedy, Rewrite, RewriteKind};
use crate::ir::{ExprId, ExprKind, Language, Module, Parent};
use crate::judge::cost::{Cost, Stall};
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::registry;
use crate::libraries::shared::api_names;
use crate::libraries::shared::clients::{self, is_sql_driver};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::redis;
use crate::libraries::shared::value::FileId;
use crate::project::branches::constants::Constants;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::{Project, branches};

mod one_place;
mod private_loop;
mod words;

use one_place::one_a_place;
use private_loop::Company;
use words::StallWords;

const ID: &str = "blocking-call-in-async";

/// Steps that what blocks after an error only is lighter by: to the least that there is.
const RARE: usize = 3;
/// Functions that are looked at on the way from one cause to its callers; more are told, see [`Limit::BlockingCallers`].
const MAX_CALLERS: usize = 3000;
/// Places of one cause that are listed; the message says how many there are.
const MAX_PLACES: usize = 600;
/// Places that all findings together list, and those that each may list when they are used up.
const MAX_LISTED: usize = 60_000;
const LISTED_AT_LEAST: usize = 20;
/// What a found place costs, beside the steps of its way: it is kept.
const PLACE_COST: u64 = 10;

/// Ways from one plain function to a cause that are followed, by design: further ways come to the same callers, and differ in what the
/// arguments further up close.
const MAX_WAYS: u32 = 3;

/// What is noted of a call that blocks no loop.
const NO_WAY: &str = "no async function that runs on an event loop is known to call it on its own thread";

/// What blocks, in the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Calls of one library function in one async function.
    Call { function: FnId, name: String },
    /// All that one plain function calls: running it on a thread mends them together.
    Helper { function: FnId },
    /// Synchronous statements (or Redis commands) of one library: one choice of driver, session or kind of handler mends them all.
    Database { library: String },
}

/// An async function and where in it the blocking starts.
#[derive(Clone, Debug)]
struct Place {
    function: FnId,
    expr: ExprId,
    /// Calls from there to the function that blocks: caller and expression, the first one's is `expr`.
    way: Vec<(FnId, ExprId)>,
    /// The blocking call itself.
    end: (FnId, ExprId),
    effects: Effects,
    name: String,
}

/// Who calls a function: the caller and the expression.
pub type CallSites = FxHashMap<FnId, Vec<(FnId, ExprId)>>;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let by_name = callers(project, true);
    let callers = callers(project, false);
    let callbacks = loop_callbacks(project);
    let eval = Evaluator::new(&project.code);
    let constants = Constants::new(&project.code, &project.graph.functions);
    let ways = Ways {
        project,
        eval: &eval,
        callers: &callers,
        callbacks: &callbacks,
        constants: &constants,
        steps: Steps::of(Limit::BlockingCallers),
    };
    let mut causes: BTreeMap<Cause, Vec<Place>> = BTreeMap::new();
    for index in 0..project.graph.functions.len() {
        let id = FnId(index as u32);
        let left = Cell::new(Limit::BlockingCallers.most() / 10);
        ways.of_calls(id, &left, &mut causes);
        ways.of_queries(id, &left, &mut causes);
    }
    let mut listed = 0;
    // One choice of driver mends all places of these, and it is another than that of one place.
    let (mut out, mut drivers) = (Vec::new(), Vec::new());
    let mut loops = Loops {
        eval: &eval,
        callers: (&callers, &by_name),
        known: FxHashMap::default(),
    };
    for (cause, places) in causes {
        let most = MAX_LISTED.saturating_sub(listed).clamp(LISTED_AT_LEAST, MAX_PLACES);
        let found = finding(project, &mut loops, &cause, places, most);
        listed += found.as_ref().map_or(0, |finding| finding.related.len());
        let kind = if matches!(cause, Cause::Database { .. }) {
            &mut drivers
        } else {
            &mut out
        };
        kind.extend(found);
    }
    drivers.extend(one_a_place(out));
    drivers
}

/// A pause of so many seconds is as short as a file that is read.
const SHORT_PAUSE: f64 = 0.1;

/// What a call does: a pause that is written to be short (`time.sleep(0.01)`, between two looks) takes a moment.
fn effects_of(module: &Module, edge: &Edge) -> Effects {
    let call = module.call(edge.expr).filter(|_| edge.effects.has(Effects::SLEEP));
    let seconds = call.and_then(|call| call.arg(0)).and_then(|seconds| module.number(seconds));
    if seconds.is_some_and(|seconds| seconds < SHORT_PAUSE) {
        edge.effects.and(Effects::BRIEF)
    } else {
        edge.effects
    }
}

/// Why a call does not block the thread that it runs on, by itself.
fn blocks_nothing(edge: &Edge) -> Option<&'static str> {
    match () {
        () if edge.kind != EdgeKind::Call => Some("it is a callback, which somebody else calls"),
        () if !edge.effects.has(Effects::BLOCKING) => Some("the call itself is not known to block its thread"),
        () if edge.awaited => Some("it is awaited"),
        () if edge.effects.any(Effects::BARRIER) => Some("it hands its work to another thread or process"),
        () => None,
    }
}

/// What else is on the loops that functions run on, found once for each function.
struct Loops<'l> {
    eval: &'l Evaluator<'l>,
    /// Those that are known, and those by a method's name alone, for functions of which no others are known.
    callers: (&'l CallSites, &'l CallSites),
    known: FxHashMap<FnId, Company>,
}

impl Loops<'_> {
    fn company(&mut self, project: &Project, function: FnId) -> Company {
        let known = self.known.entry(function);
        *known.or_insert_with(|| private_loop::company(project, self.eval, self.callers, function))
    }
}

/// Whether what a call reads as a file is a buffer: `Image.open(BytesIO(data))`.
fn is_in_memory(eval: &Evaluator<'_>, file: FileId, module: &Module, edge: &Edge) -> bool {
    let Some(first) = module.call(edge.expr).and_then(|call| call.arg(0)) else {
        return false;
    };
    is_light(edge.effects)
        && eval
            .value(file, first)
            .library_name()
            .is_some_and(|name| matches!(name, "io.BytesIO" | "io.StringIO"))
}

/// The library of a call or query: what stands before the first dot. SQL texts go to the driver, whichever it is.
fn library_of(name: &str) -> String {
    let package = name.split(['.', '_']).next().unwrap_or(name);
    if is_sql_driver(package) {
        registry::TEXT.to_owned()
    } else {
        package.to_owned()
    }
}

/// Functions that an event loop calls though they are plain: `loop.call_later(5, f)`, `io_loop.add_callback(f)`.
fn loop_callbacks(project: &Project) -> FxHashSet<FnId> {
    let mut out = FxHashSet::default();
    for node in project
        .graph
        .functions
        .iter()
        .filter(|node| !project.code.module(node.file).language.runs_on_event_loop())
    {
        let module = project.code.module(node.file);
        for edge in node
            .edges
            .iter()
            .filter(|edge| edge.kind == EdgeKind::Later || edge.kind == EdgeKind::Inline)
        {
            let Parent::Expr(outer) = module.expr(edge.expr).parent else {
                continue;
            };
            let Some(call) = module.call(outer) else { continue };
            let receiver = call.receiver().and_then(|receiver| module.dotted(receiver)).unwrap_or_default();
            let by_loop = call.method().is_some_and(api_names::runs_on_loop);
            if by_loop && receiver.to_ascii_lowercase().ends_with("loop") {
                out.extend(edge.targets.iter().copied());
            }
        }
    }
    out
}

/// Start-up code and commands may block: nobody else waits.
fn on_event_loop(project: &Project, function: FnId) -> bool {
    match reach::reached(project, function).0 {
        Reached::Startup | Reached::Command => false,
        Reached::Unknown => !waits::is_script(project, project.graph.function(function).file),
        Reached::Request | Reached::Job => true,
    }
}

/// Calls that run on the caller's thread, by callee. Resolved by name alone does not count.
fn callers(project: &Project, guessed: bool) -> CallSites {
    let mut callers = CallSites::default();
    for (index, node) in project.graph.functions.iter().enumerate() {
        for edge in &node.edges {
            if !matches!(edge.kind, EdgeKind::Call | EdgeKind::Inline) || edge.guessed != guessed {
                continue;
            }
            for &target in &edge.targets {
                callers.entry(target).or_default().push((FnId(index as u32), edge.expr));
            }
        }
    }
    callers
}

/// Finds who leads to a blocking call.
struct Ways<'p> {
    project: &'p Project,
    eval: &'p Evaluator<'p>,
    callers: &'p CallSites,
    /// Plain functions that an event loop calls.
    callbacks: &'p FxHashSet<FnId>,
    constants: &'p Constants<'p>,
    /// What may still be looked at, for all causes: as many calls as places times causes would be.
    steps: Steps,
}

impl Ways<'_> {
    /// Adds what a function's own calls block, by cause. `left` are the steps that the function may still take.
    fn of_calls(&self, id: FnId, left: &Cell<u64>, causes: &mut BTreeMap<Cause, Vec<Place>>) {
        let project = self.project;
        let node = project.graph.function(id);
        let module = project.code.module(node.file);
        let is_callback = self.callbacks.contains(&id);
        for edge in &node.edges {
            let silent = |why: &str| project.silent(ID, node.file, module.expr(edge.expr).span, || why);
            if let Some(why) = blocks_nothing(edge) {
                silent(why);
                continue;
            }
            if project.once.runs(&project.code, &project.graph, id, edge.expr) {
                silent("it runs once in the life of the process");
                continue;
            }
            if is_in_memory(self.eval, node.file, module, edge) {
                silent("what it reads as a file is a buffer in memory");
                continue;
            }
            let name = edge.external.as_deref().unwrap_or_default().to_owned();
            let effects = effects_of(module, edge);
            let mut places = self.places(id, edge.expr, effects, &name, left);
            if places.is_empty() && !is_callback {
                silent(NO_WAY);
            }
            if is_callback {
                places.push(Place {
                    function: id,
                    expr: edge.expr,
                    way: Vec::new(),
                    end: (id, edge.expr),
                    effects,
                    name: name.clone(),
                });
            }
            let is_store = redis::is_python_client(&name) && edge.effects.has(Effects::NETWORK);
            let cause = match () {
                () if is_store || edge.effects.any(Effects::QUERY.and(Effects::WRITE)) => Cause::Database {
                    library: library_of(&name),
                },
                () if places.is_empty() => continue,
                () if node.is_async || is_callback => Cause::Call { function: id, name },
                () => Cause::Helper { function: id },
            };
            causes.entry(cause).or_default().extend(places);
        }
    }

    /// As [`Ways::of_calls`], of the statements that a function sends.
    fn of_queries(&self, id: FnId, left: &Cell<u64>, causes: &mut BTreeMap<Cause, Vec<Place>>) {
        let project = self.project;
        for &site in &project.graph.function(id).queries {
            let site = &project.graph.sites[site];
            let silent = |why: &str| project.silent(ID, site.file, site.span, || why);
            if !site.query.blocking || site.awaited {
                silent("the statement's driver does not block, or it is awaited");
                continue;
            }
            let name = evidence::describe(&site.query);
            let library = library_of(site.query.library);
            let places = self.places(id, site.expr, Effects::QUERY, &name, left);
            if places.is_empty() {
                silent(NO_WAY);
            }
            causes.entry(Cause::Database { library }).or_default().extend(places);
        }
    }

    /// The async functions that run a blocking call on their thread: the function itself, or those that reach it through
    /// plain functions, with arguments that let it happen.
    ///
    /// `left` are the steps that the function may still take.
    fn places(&self, from: FnId, end: ExprId, effects: Effects, name: &str, left: &Cell<u64>) -> Vec<Place> {
        let project = self.project;
        let place = |function: FnId, way: Vec<(FnId, ExprId)>| Place {
            function,
            expr: way.first().map_or(end, |&(_, expr)| expr),
            way,
            end: (from, end),
            effects,
            name: name.to_owned(),
        };
        if project.graph.function(from).is_async {
            return if on_event_loop(project, from) {
                vec![place(from, Vec::new())]
            } else {
                Vec::new()
            };
        }
        let mut out = Vec::new();
        let mut found: FxHashSet<(FnId, ExprId)> = FxHashSet::default();
        let mut seen: FxHashMap<FnId, u32> = FxHashMap::from_iter([(from, MAX_WAYS)]);
        let mut queue: VecDeque<(FnId, Vec<(FnId, ExprId)>)> = VecDeque::from([(from, Vec::new())]);
        while let Some((at, way)) = queue.pop_front() {
            for &(caller, expr) in self.callers.get(&at).into_iter().flatten() {
                if !self.take(1 + way.len() as u64, left) {
                    project.tell(Limit::BlockingCallers, from);
                    return out;
                }
                if project.once.runs(&project.code, &project.graph, caller, expr) {
                    continue;
                }
                let is_async = project.graph.function(caller).is_async;
                let ways = seen.get(&caller).copied().unwrap_or_default();
                let is_done = if is_async {
                    found.contains(&(caller, expr))
                } else {
                    ways >= MAX_WAYS || self.is_crowded(from, seen.len()) || way.iter().any(|&(on_way, _)| on_way == caller)
                };
                if is_done {
                    continue;
                }
                let mut next = vec![(caller, expr)];
                next.extend(way.iter().copied());
                if !branches::is_open_way(project, self.constants, &next, (from, end)) {
                    continue;
                }
                if !is_async {
                    seen.insert(caller, ways + 1);
                    queue.push_back((caller, next));
                } else if on_event_loop(project, caller) {
                    found.insert((caller, expr));
                    self.take(PLACE_COST, left);
                    out.push(place(caller, next));
                }
            }
        }
        out
    }

    /// Takes steps of a function's and of all functions'.
    fn take(&self, steps: u64, left: &Cell<u64>) -> bool {
        let has = left.get() >= steps && self.steps.take(steps);
        left.set(left.get().saturating_sub(steps));
        has
    }

    /// Whether no further callers are looked at on the way from a function.
    fn is_crowded(&self, from: FnId, callers: usize) -> bool {
        let is_crowded = callers >= MAX_CALLERS;
        if is_crowded {
            self.project.tell(Limit::BlockingCallers, from);
        }
        is_crowded
    }
}

/// Notes why nothing is said of a place, where it blocks and where the blocking starts.
fn silent(project: &Project, place: &Place, why: &str) {
    for (function, expr) in [(place.function, place.expr), place.end] {
        let file = project.graph.function(function).file;
        project.silent(ID, file, project.code.module(file).expr(expr).span, || why);
    }
}

/// The places where somebody waits, the most urgent first.
fn waited_for(project: &Project, loops: &mut Loops<'_>, mut places: Vec<Place>) -> Vec<Place> {
    places.retain(|place| {
        let is_alone = loops.company(project, place.function) == Company::Nobody;
        if is_alone {
            silent(project, place, "nothing else runs on the event loop that it stops");
        }
        !is_alone
    });
    places.sort_by_cached_key(|place| {
        let reach = reach::at(project, place.function, place.expr);
        let judgement = priority::judge(&cost(place.effects), &reach, Confidence::High, 0);
        (judgement.priority, Reverse(judgement.gain), place.function, place.expr)
    });
    places
}

/// Where the calls that block stand, each with what it is.
type Ends = Vec<(FnId, ExprId, String)>;

fn finding(project: &Project, loops: &mut Loops<'_>, cause: &Cause, places: Vec<Place>, most: usize) -> Option<Finding> {
    let mut places = waited_for(project, loops, places);
    let mut ends: Ends = places
        .iter()
        .filter(|place| !place.way.is_empty())
        .map(|place| (place.end.0, place.end.1, place.name.clone()))
        .collect();
    ends.sort();
    ends.dedup();
    let mut seen = FxHashSet::default();
    places.retain(|place| seen.insert((place.function, place.expr)));
    let first = places.first()?.clone();
    let reach = reach::at(project, first.function, first.expr);
    let module = project.code.module(project.graph.function(first.function).file);
    let refuses = matches!(cause, Cause::Database { library } if registry::refuses_event_loops(library)) && !allows_unsafe(project);
    let is_private = loops.company(project, first.function) == Company::Own;
    // A file that is read on a loop of its own keeps nobody waiting but the tasks that wait for what it says.
    if is_private && is_light(first.effects) {
        let why = "it is short, and its event loop runs nothing but the tasks that wait for it";
        silent(project, &first, why);
        return None;
    }
    // A database within the process: a statement by key takes microseconds.
    let is_embedded = matches!(cause, Cause::Database { .. }) && module.language.blocking_drivers_are_embedded();
    let cost = match () {
        () if refuses => Cost::Stall { by: Stall::Refused },
        () if is_embedded || is_private => Cost::Stall { by: Stall::Moment },
        () => cost(first.effects),
    };
    let is_rare = places.iter().all(|place| is_after_an_error(project, place));
    let judgement = priority::judge(&cost, &reach, Confidence::High, if is_rare { RARE } else { 0 });
    let location = project.place_in(first.function, module.expr(first.expr).span);
    let mut finding = Finding::new(ID, judgement, Confidence::High, location);
    let stall = StallWords {
        project,
        cause,
        places: &places,
        first: &first,
        refuses,
        is_private,
        reach: &reach,
    };
    finding.title = stall.title(&ends);
    finding.message = stall.message(most);
    finding.impact = stall.impact();
    finding.subject = stall.subject();
    finding.related = evidence::path_to_place(project, first.function, first.expr);
    relate_way(project, &mut finding, &first);
    for place in places.iter().skip(1).take(most) {
        relate_place(project, &mut finding, place);
    }
    for (function, expr, name) in ends.iter().filter(|end| (end.0, end.1) != first.end).take(most) {
        relate_end(project, &mut finding, (*function, *expr), name);
    }
    finding.fix = fix(cause, &first, module.language, refuses);
    finding.remedy = remedy(project, cause, &places);
    Some(finding)
}

/// How each place is to be written. Another driver is no matter of one call.
fn remedy(project: &Project, cause: &Cause, places: &[Place]) -> Option<Remedy> {
    let rewrite = |place: &Place| {
        let file = project.graph.function(place.function).file;
        Rewrite {
            file: project.path(file).to_owned(),
            span: project.code.module(file).expr(place.expr).span,
            how: match place.way.is_empty() {
                true if place.effects.has(Effects::SLEEP) => RewriteKind::Sleep,
                true if place.name.ends_with("Sync") => RewriteKind::Sister,
                _ => RewriteKind::Thread,
            },
        }
    };
    let is_driver = matches!(cause, Cause::Database { .. });
    (!is_driver).then(|| Remedy::Calls(places.iter().map(rewrite).collect()))
}

/// Whether the project turns Django's guard against synchronous statements on an event loop off.
fn allows_unsafe(project: &Project) -> bool {
    project.code.modules().any(|(_, module)| {
        let mut exprs = module.exprs.iter();
        exprs.any(|expr| matches!(expr.kind, ExprKind::Str(text) if module.str(text) == clients::ALLOWS_SYNCHRONOUS))
    })
}

/// Only a file is read or written, or something small is packed.
fn is_light(effects: Effects) -> bool {
    effects.any(Effects::FILE.and(Effects::BRIEF))
        && !effects.any(Effects::NETWORK.and(Effects::SLEEP).and(Effects::SPAWN).and(Effects::CPU))
}

fn cost(effects: Effects) -> Cost {
    let by = match effects {
        _ if is_light(effects) || effects.has(Effects::BRIEF) => Stall::Moment,
        // A pause is as long as it says, each time.
        _ if effects.any(Effects::SPAWN.and(Effects::SLEEP)) => Stall::Work,
        _ if effects.any(Effects::CPU) => Stall::Compute,
        _ => Stall::Wait,
    };
    Cost::Stall { by }
}

/// The calls from the async function to the blocking one, then the blocking call.
fn relate_way(project: &Project, finding: &mut Finding, place: &Place) {
    for (index, &(function, expr)) in place.way.iter().enumerate() {
        let module = project.code.module(project.graph.function(function).file);
        if matches!(module.kind(expr), ExprKind::Lambda(_)) {
            continue;
        }
        let callee = place.way.get(index + 1).map_or(place.end.0, |&(next, _)| next);
        let kind = if index == 0 { "async " } else { "" };
        let message = format!("{kind}`{}` calls {}", project.short_name(function), project.short_name(callee));
        finding.relate(project.place_in(function, module.expr(expr).span), Role::Call, message);
    }
    if !place.way.is_empty() {
        relate_end(project, finding, place.end, &place.name);
    }
}

/// One more place that leads to the cause.
fn relate_place(project: &Project, finding: &mut Finding, place: &Place) {
    let module = project.code.module(project.graph.function(place.function).file);
    let here = project.short_name(place.function);
    let next = place.way.get(1).map(|&(function, _)| function);
    let message = match next.or((!place.way.is_empty()).then_some(place.end.0)) {
        Some(via) => format!("async `{here}` calls {}", project.short_name(via)),
        None => format!("async `{here}`: {}", evidence::readable(&place.name)),
    };
    finding.relate(project.place_in(place.function, module.expr(place.expr).span), Role::Call, message);
}

fn relate_end(project: &Project, finding: &mut Finding, (function, expr): (FnId, ExprId), name: &str) {
    let module = project.code.module(project.graph.function(function).file);
    let message = format!("blocks in {}", evidence::readable(name));
    finding.relate(project.place_in(function, module.expr(expr).span), Role::Callee, message);
}

/// Whether it blocks only where something has failed: a pause before the next try.
fn is_after_an_error(project: &Project, place: &Place) -> bool {
    let starts = (place.function, place.expr);
    let mut steps = place.way.iter().copied().chain([starts, place.end]);
    steps.any(|(function, expr)| {
        let module = project.code.module(project.graph.function(function).file);
        in_handler(module, expr)
    })
}

fn fix(cause: &Cause, place: &Place, language: Language, refuses: bool) -> Fix {
    let effects = place.effects;
    let shape = match cause {
        Cause::Database { .. } if refuses => Unblock::Refused,
        Cause::Database { .. } => Unblock::Database,
        _ if effects.any(Effects::SLEEP) => Unblock::Sleep,
        _ if effects.any(Effects::CPU.and(Effects::BRIEF)) => Unblock::Compute,
        _ if effects.any(Effects::SPAWN) => Unblock::Process,
        _ if is_light(effects) => Unblock::File,
        _ => Unblock::Call,
    };
    let library = place.name.split('.').next().unwrap_or_default();
    advice_of_first(Advised::Unblock(shape), [library, language.name()], &[])
}
