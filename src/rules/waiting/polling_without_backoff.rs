//! `polling-without-backoff`: a server that is asked again and again at a constant interval.

mod delays;
mod options;
mod requests;
mod sleeping_loops;
mod timers;

use std::cell::{OnceCell, RefCell};
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reach};
use crate::judge::{evidence, priority};
use crate::libraries::shared::api_names;
use crate::libraries::shared::polling;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::vocabulary::List;
use requests::PolledRequest;
use timers::{Elements, Timer};

/// Seconds from which on an interval that ends by itself is a wait like any other.
const PATIENT: f64 = 2.0;
/// An interval of this many seconds or more is a job of its own, and no poll.
const SELDOM: f64 = 600.0;

const ID: &str = "polling-without-backoff";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    let elements = OnceLock::new();
    files
        .into_par_iter()
        .flat_map_iter(|file| Check::new(project, file, &elements).run())
        .collect()
}

struct Check<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    out: Vec<Finding>,
    /// The file's calls as its text has them, for the loops that are looked into.
    calls: OnceCell<Vec<ExprId>>,
    /// Names that were asked for, and whether their functions set them more than once.
    reassigned: RefCell<FxHashMap<(FileId, FunctionId, Sym), bool>>,
    timers: RefCell<FxHashMap<(FileId, FunctionId), Option<Timer>>>,
    /// Where the functions that were asked for are left early, when they end their intervals.
    passing: RefCell<FxHashMap<FunctionId, Option<u32>>>,
    /// Worked out for the first timer that calls what a component is given.
    elements: &'p OnceLock<Elements>,
}

impl<'p> Check<'p> {
    fn new(project: &'p Project, file: FileId, elements: &'p OnceLock<Elements>) -> Self {
        Check {
            project,
            eval: Evaluator::new(&project.code),
            file,
            module: project.code.module(file),
            out: Vec::new(),
            calls: OnceCell::new(),
            reassigned: RefCell::default(),
            timers: RefCell::default(),
            passing: RefCell::default(),
            elements,
        }
    }

    /// Notes why nothing is said of a place.
    fn silent(&self, expr: ExprId, why: &str) {
        self.project.silent(ID, self.file, self.module.expr(expr).span, || why);
    }

    fn run(mut self) -> Vec<Finding> {
        let has_timers = self.module.language.has_timers();
        for (id, expr) in self.module.expr_ids() {
            match &expr.kind {
                ExprKind::Call { .. } if has_timers => self.timer(id),
                ExprKind::Object(_) if has_timers => self.options(id),
                _ => {}
            }
        }
        for index in 0..self.module.stmts.len() {
            self.sleeping_loop(StmtId(index as u32));
        }
        self.out
    }

    /// An interval that an effect starts in one state only, and ends with it: `if (!running) return; const t = setInterval(…);
    /// return () => clearInterval(t);`.
    fn is_passing(&self, timer: ExprId) -> bool {
        let Some(call) = self.module.call(timer).filter(|call| call.method() == Some("setInterval")) else {
            return false;
        };
        let function = self.module.owner(call.id);
        let mut known = self.passing.borrow_mut();
        let guard = *known.entry(function).or_insert_with(|| passes_from(self.module, function));
        guard.is_some_and(|end| end <= self.module.expr(timer).span.start)
    }

    fn report(&mut self, at: ExprId, seconds: f64, request: &PolledRequest, is_client: bool) {
        let function = self.project.graph.id(self.file, self.module.owner(at));
        let path = self.project.path(self.file);
        if polling::is_keep_alive(&self.project.short_name(function)) {
            return self.silent(at, "the name of its function says that it keeps something alive");
        }
        if seconds >= SELDOM {
            return self.silent(at, "it asks so seldom that no back-off would save anything");
        }
        let in_ui = api_names::is_component_file(path) || List::BrowserPaths.has(path);
        let mut reach = reach::of(self.project, function);
        let label = reach.label.clone();
        if reach.often.is_none() && (is_client || in_ui) {
            reach = Reach::read(self.project, "for each open page");
        }
        let ends = ends_itself(self.module, at);
        if ends && seconds >= PATIENT {
            return self.silent(at, "the timer ends by itself, and is patient until then");
        }
        let rests = rests_while_hidden(self.module, at);
        let passes = ends || self.is_passing(at) || self.is_timed(at) || rests;
        let judgement = priority::judge(&Cost::Poll(seconds), &reach, Confidence::High, usize::from(passes));
        let span = self.module.expr(at).span;
        let mut finding = Finding::new(ID, judgement, Confidence::High, self.project.place_in(function, span));
        let rate = 60.0 / seconds;
        let is_spin = seconds <= 0.0;
        finding.title = format!("Asks the server every {} without back-off", duration(seconds));
        finding.message = format!(
            "{} is asked again every {} {}, whether or not anything changed{}.",
            evidence::capitalised(&request.words),
            duration(seconds),
            match (rests, passes) {
                (true, _) => "while its page is shown",
                (_, true) => "while the condition before it holds",
                _ => "as long as this runs",
            },
            label.as_deref().map(|label| format!("; reached from {label}")).unwrap_or_default()
        );
        finding.impact = format!(
            "{} requests a minute for each {}",
            trim(rate),
            match (is_client, passes) {
                (true, true) => "open client in that state",
                (true, false) => "open client",
                (false, _) => "running loop",
            }
        );
        if is_spin {
            "Asks the server again and again without a pause".clone_into(&mut finding.title);
            finding.message = format!(
                "{} is asked again as soon as it has answered, whether or not anything came.",
                evidence::capitalised(&request.words)
            );
            "one processor is busy with asking for each running loop".clone_into(&mut finding.impact);
        }
        finding.subject = request.words.clone();
        finding.related.extend(request.steps.iter().cloned());
        finding.fix = Fix {
            summary: "Let the interval grow while nothing changes and stop at a terminal state; or have the server push (SSE, WebSocket) and fetch on that signal.".to_owned(),
            code: self.module.string(at).and_then(polling::growing).map(ToOwned::to_owned),
            ..Fix::default()
        };
        self.out.push(finding);
    }
}

/// An interval whose own callback ends it, when what it waits for has come: `if (answer.ready) clearInterval(timer)`.
fn ends_itself(module: &Module, timer: ExprId) -> bool {
    let Some(call) = module.call(timer).filter(|call| call.method() == Some("setInterval")) else {
        return false;
    };
    let Some(ExprKind::Lambda(callback)) = call.arg(0).map(|callback| module.kind(callback)) else {
        return false;
    };
    let (first, end) = module.function(*callback).exprs;
    (first.0..end.0)
        .map(ExprId)
        .any(|id| module.call(id).is_some_and(|call| call.method() == Some("clearInterval")))
}

/// Whether a timer's callback asks only while its page is shown: `if (document.hidden) return`, `document.visibilityState === "visible" && …`.
fn rests_while_hidden(module: &Module, timer: ExprId) -> bool {
    if module.sym("document").is_none() {
        return false;
    }
    let mut open = vec![timer];
    let mut inside = Vec::new();
    while let Some(expr) = open.pop() {
        if let ExprKind::Lambda(function) = module.kind(expr) {
            let (first, end) = module.function(*function).exprs;
            inside.extend((first.0..end.0).map(ExprId));
        }
        open.extend(module.children(expr));
    }
    inside.into_iter().any(|id| asks_if_shown(module, id) && decides(module, id))
}

fn asks_if_shown(module: &Module, id: ExprId) -> bool {
    match module.kind(id) {
        ExprKind::Attr { base, name } => module.name(*base) == Some("document") && api_names::says_if_shown(module.str(*name)),
        _ => false,
    }
}

/// Whether what an expression says decides what runs.
fn decides(module: &Module, id: ExprId) -> bool {
    let mut at = module.expr(id).parent;
    loop {
        at = match at {
            Parent::Expr(outer) => match module.kind(outer) {
                ExprKind::Cond { .. } => return true,
                ExprKind::Binary { op, .. } if matches!(module.str(*op), "and" | "or") => return true,
                ExprKind::Binary { .. } | ExprKind::Unary { .. } => module.expr(outer).parent,
                _ => return false,
            },
            Parent::Stmt(stmt) => return matches!(module.stmt(stmt).kind, StmtKind::If { .. }),
            _ => return false,
        };
    }
}

/// Where the first `if (…) return;` of a function's body ends, in a function that clears an interval.
fn passes_from(module: &Module, function: FunctionId) -> Option<u32> {
    let guard = module
        .function(function)
        .body
        .iter()
        .find_map(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::If { then, .. } => matches!(then.as_ref(), [only] if matches!(module.stmt(*only).kind, StmtKind::Return(_)))
                .then_some(module.stmt(stmt).span.end),
            _ => None,
        })?;
    let mut calls = module.call_ids_in(function).filter_map(|id| module.call(id));
    calls.any(|call| call.method() == Some("clearInterval")).then_some(guard)
}

fn duration(seconds: f64) -> String {
    if seconds >= 120.0 {
        format!("{} min", trim(seconds / 60.0))
    } else {
        format!("{} s", trim(seconds))
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
