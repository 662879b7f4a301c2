//! `sequential-await-in-loop`: requests that wait for one another though each concerns an element of its own.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::advice::texts::{Advised, Gather, advice};
use crate::analysis::Analyses;
use crate::analysis::waits::{self, FileIo, Io, IoKind, loop_state};
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::ir::{ExprId, ExprKind, FunctionId, Language, Module, StmtKind, Sym};
use crate::judge::cost::{self, Cost, Unit};
use crate::judge::reach::{self, Reached};
use crate::judge::scale::{self, Rows};
use crate::judge::{evidence, lists, priority};
use crate::libraries::shared::api_names;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::loops::{self, Loop, LoopForm, LoopVerdict};
use crate::source::Span;
use crate::vocabulary::List;

const ID: &str = "sequential-await-in-loop";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files.into_par_iter().flat_map_iter(|file| check_file(run, file)).collect()
}

struct Wait {
    at: ExprId,
    inner: ExprId,
    io: Io,
    around: Loop,
}

fn check_file(run: &Analyses<'_>, file: FileId) -> Vec<Finding> {
    let project = run.project;
    let module = project.code.module(file);
    if !module.exprs.iter().any(|expr| matches!(expr.kind, ExprKind::Await(_))) {
        return Vec::new();
    }
    let eval = Evaluator::new(&project.code);
    let Some(waits) = run.waits(file) else { return Vec::new() };
    let order = Order::new(project, file);
    let mut assigned: FxHashMap<Span, FxHashSet<Sym>> = FxHashMap::default();
    let mut found: FxHashMap<Span, Vec<Wait>> = FxHashMap::default();
    for (at, expr) in module.expr_ids() {
        let ExprKind::Await(inner) = expr.kind else { continue };
        let silent = |why: &str| project.silent(ID, file, expr.span, || why);
        if module.owner(at) == FunctionId::MODULE {
            silent("it stands at the top level of its module");
            continue;
        }
        let known = waits.awaited(inner);
        if known.as_ref().is_some_and(|what| what.is_query) {
            silent("it goes to a database, where one statement for all is the way: see n-plus-one and unbatched-write");
            continue;
        }
        if known.is_none() && !is_sending(module, inner) {
            silent("what it awaits is not known to ask another machine");
            continue;
        }
        let Some(around) = pick(loops::around(&eval, file, at)) else {
            project.silent(ID, file, expr.span, || no_loop(&loops::around(&eval, file, at)));
            continue;
        };
        let Some(what) = known.or_else(|| of_element(module, inner, &around)) else {
            silent("what it awaits is known by its name alone, and is not called on the loop's element");
            continue;
        };
        if waits.shares_handle(&eval, file, inner) {
            silent("it runs on one transaction or connection, which does one thing at a time");
            continue;
        }
        let made = assigned.entry(around.span).or_insert_with(|| made_in(module, waits, around.span));
        if !varies(module, waits, inner, &around, made) {
            silent("it has no name of the loop in it, so it does not concern the element");
            continue;
        }
        found.entry(around.span).or_default().push(Wait {
            at,
            inner,
            io: what,
            around,
        });
    }
    let mut groups: Vec<Vec<Wait>> = found.into_values().collect();
    groups.sort_by_key(|group| group.first().map(|wait| wait.around.span));
    let silent = |group: &[Wait], why: &str| {
        for wait in group {
            project.silent(ID, file, module.expr(wait.at).span, || why);
        }
    };
    let is_free = |group: &&Vec<Wait>| {
        if group.first().is_none_or(|wait| order.keeps(module, wait)) {
            silent(
                group,
                "the order of the loop matters: it may end early, paces itself, streams, or goes on by what it counts",
            );
            return false;
        }
        let decides = |wait: &Wait| loop_state::decides(module, waits, wait.around.span, wait.at);
        if group.iter().any(decides) {
            silent(group, "what one round brings decides on the next");
            return false;
        }
        true
    };
    groups
        .iter()
        .filter(is_free)
        .filter_map(|group| finding(project, &eval, file, group))
        .collect()
}

fn is_sending(module: &Module, inner: ExprId) -> bool {
    let method = module.call(inner).and_then(|call| call.method());
    method.is_some_and(|method| List::Sending.has(method))
}

/// `await action.send()` for each `action`: what the element itself sends, known by its name.
fn of_element(module: &Module, inner: ExprId, around: &Loop) -> Option<Io> {
    let call = module.call(inner)?;
    let receiver = call.receiver()?;
    let ExprKind::Name(name) = module.kind(receiver) else { return None };
    let is_element = around.target_names.contains(name);
    is_element.then(|| Io::guessed_write(&format!("{}.{}", module.str(*name), call.method().unwrap_or("send"))))
}

/// Why no loop's iterations could overlap.
fn no_loop(loops: &[Loop]) -> String {
    let of = |around: &Loop| {
        let form = match &around.kind {
            LoopForm::For => "for",
            LoopForm::While => "while",
            LoopForm::Comprehension => "comprehension",
            LoopForm::Callback(_) => "callback",
        };
        let parallel = if around.parallel { ", all at once already" } else { "" };
        format!("{form}, {}{parallel}", around.verdict.words())
    };
    if loops.is_empty() {
        return "no loop of its function is around it".to_owned();
    }
    let words: Vec<String> = loops.iter().map(of).collect();
    format!(
        "no loop around it is one over elements that waits for each: {} (innermost first)",
        words.join("; ")
    )
}

/// The loop whose iterations could overlap.
fn pick(loops: Vec<Loop>) -> Option<Loop> {
    for around in loops {
        match around.verdict {
            LoopVerdict::PerRow if around.parallel => return None,
            LoopVerdict::PerRow => {
                return matches!(around.kind, LoopForm::For | LoopForm::Comprehension).then_some(around);
            }
            LoopVerdict::Constant { .. } => {}
            _ => return None,
        }
    }
    None
}

/// A call that concerns the element: it uses a name that the loop binds, or one that was made in the loop.
fn varies(module: &Module, io: &FileIo<'_>, inner: ExprId, around: &Loop, made: &FxHashSet<Sym>) -> bool {
    let mut names = io.names(module.expr(inner).span);
    names.any(|name| around.target_names.contains(&name) || made.contains(&name))
}

/// The names in what a loop assigns to.
fn made_in(module: &Module, io: &FileIo<'_>, span: Span) -> FxHashSet<Sym> {
    let assigned = module.stmts_in(span).filter_map(|id| match module.stmt(id).kind {
        StmtKind::Assign { target, .. } => Some(target),
        _ => None,
    });
    assigned.flat_map(|target| io.names(module.expr(target).span)).collect()
}

/// What keeps an order in a file, each list by place.
struct Order {
    yields: Vec<Span>,
    pauses: Vec<Span>,
}

impl Order {
    fn new(project: &Project, file: FileId) -> Order {
        let module = project.code.module(file);
        let is_yield = |expr: &&crate::ir::Expr| matches!(expr.kind, ExprKind::Yield(_));
        let mut yields: Vec<Span> = module.exprs.iter().filter(is_yield).map(|expr| expr.span).collect();
        let mut pauses = pauses(project, file);
        yields.sort_unstable();
        pauses.sort_unstable();
        Order { yields, pauses }
    }

    /// Something in the loop keeps the order: it may end early, it paces itself, it streams, it holds a lock.
    fn keeps(&self, module: &Module, wait: &Wait) -> bool {
        let span = wait.around.span;
        let owner = module.owner(wait.at);
        let mut tested: Option<FxHashSet<&str>> = None;
        let stops = module.stmts_in(span).any(|id| {
            let stmt = module.stmt(id);
            module.owner_of(stmt.parent) == owner
                && match &stmt.kind {
                    StmtKind::Return(_) | StmtKind::Break => true,
                    StmtKind::Loop { is_async, iterable, .. } => {
                        *is_async && stmt.span == span && !iterable.is_some_and(|iterable| is_array(module, iterable))
                    }
                    StmtKind::Assign { op: Some(_), target, .. } => module
                        .name(*target)
                        .is_some_and(|name| tested.get_or_insert_with(|| tested_in(module, span)).contains(name)),
                    _ => false,
                }
        });
        stops || has_inside(&self.yields, span) || has_inside(&self.pauses, span)
    }
}

/// Whether one of sorted places is inside of another one.
fn has_inside(places: &[Span], around: Span) -> bool {
    let first = places.partition_point(|place| place.start < around.start);
    let mut begun = places[first..].iter().take_while(|place| place.start < around.end);
    begun.any(|place| around.encloses(*place))
}

/// `for await (const x of rows)` where `rows` is asked for its length: an array, of which nothing arrives bit by bit.
fn is_array(module: &Module, iterable: ExprId) -> bool {
    let Some(name) = module.name(iterable) else { return false };
    module.expr_ids().any(|(_, expr)| match expr.kind {
        ExprKind::Attr { base, name: attribute } => module.name(base) == Some(name) && api_names::is_of_arrays(module.str(attribute)),
        _ => false,
    })
}

/// `while`-like state: the names that decide whether to go on.
fn tested_in(module: &Module, span: Span) -> FxHashSet<&str> {
    let tests = module.stmts_in(span).filter_map(|id| match module.stmt(id).kind {
        StmtKind::If { test, .. } => module.name(test),
        _ => None,
    });
    tests.collect()
}

/// The calls of a file that pace what they stand in.
fn pauses(project: &Project, file: FileId) -> Vec<Span> {
    let module = project.code.module(file);
    let mut out = Vec::new();
    for (id, _) in module.function_ids() {
        let node = project.graph.function(project.graph.id(file, id));
        for edge in &node.edges {
            let through = edge.targets.iter().any(|&target| is_pause(project, target));
            let name = edge.external.as_deref().unwrap_or("");
            let is_delay = module
                .call(edge.expr)
                .is_some_and(|call| polling::delay(module, name, &call).is_some());
            if edge.effects.has(Effects::SLEEP) || is_delay || through {
                out.push(module.expr(edge.expr).span);
            }
        }
    }
    out
}

fn is_pause(project: &Project, function: crate::project::graph::FnId) -> bool {
    List::Pacing.has(&project.short_name(function))
}

fn finding(project: &Project, eval: &Evaluator<'_>, file: FileId, group: &[Wait]) -> Option<Finding> {
    let first = group.first()?;
    let module = project.code.module(file);
    let function = project.graph.id(file, module.owner(first.at));
    let reach = reach::at(project, function, first.at);
    let is_guess = group.iter().all(|wait| wait.io.is_guess);
    let silent = |why: &str| project.silent(ID, file, module.expr(first.at).span, || why);
    match reach.level {
        Reached::Startup | Reached::Command => {
            silent("only start-up code or a command reaches it");
            return None;
        }
        Reached::Unknown if waits::is_script(project, file) => {
            silent("it stands in a script, a command or a migration");
            return None;
        }
        _ => {}
    }
    let confidence = if is_guess { Confidence::Medium } else { Confidence::High };
    let words = &first.io.words;
    let over = first.around.iterable.and_then(|iterable| module.dotted(module.unawaited(iterable)));
    let over = over.map_or_else(|| "element".to_owned(), |over| format!("element of `{over}`"));
    let rows = scale::of_loop(project, eval, file, &first.around);
    let cost = Cost::InTurn {
        what: if first.io.is_query {
            cost::statement(project)
        } else {
            Unit::Request
        },
        rows: rows
            .or_else(|| lists::elements(eval, file, first.around.iterable, None))
            .unwrap_or_else(|| Rows::unknown(format!("the passes of the loop over each {over} (how many is not known)"))),
    };
    let judgement = priority::judge(&cost, &reach, confidence, usize::from(is_guess));
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(function, module.expr(first.at).span));
    finding.title = format!("{words} is awaited once for each {over}, one after another");
    finding.message = format!(
        "The loop waits for {words} for one {over} before it starts the next, though no iteration uses what another brought.{}",
        label.as_deref().map(|label| format!(" Reached from {label}.")).unwrap_or_default()
    );
    finding.impact = format!("n waits in a row{}", evidence::reach_words(label.as_deref()));
    finding.subject = format!("{words} in {over}");
    finding.related = evidence::path_to_place(project, function, first.at);
    finding.relate(
        project.place_in(function, first.around.header),
        Role::Loop,
        format!("loop over each {over}"),
    );
    for wait in group {
        let span = module.expr(wait.inner).span;
        finding.relate(project.place_in(function, span), Role::Call, format!("awaits {}", wait.io.words));
    }
    finding.fix = fix(module.language, first.io.kind, words);
    Some(finding)
}

fn fix(language: Language, kind: IoKind, words: &str) -> Fix {
    let has_bulk = List::SentInBulk.has(words);
    let bulk = if has_bulk {
        " If the service takes many at once, one call for all of them is better still."
    } else {
        ""
    };
    let shape = match kind {
        IoKind::Read => Gather::Reads,
        IoKind::Write => Gather::Writes,
    };
    let mut fix = advice(Advised::Gather(shape), language.name(), &[]);
    fix.summary.push_str(bulk);
    fix
}
