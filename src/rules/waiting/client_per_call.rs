//! `client-per-call`: a client, pool or engine that is built again for every request.

use std::cell::RefCell;
use std::rc::Rc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

mod entered;
mod names;
mod objects;
mod once;

use crate::advice::texts::{Advised, advice};
use crate::analysis::Analyses;
use crate::budget::Limit;
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, Sym};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::entries;
use crate::libraries::shared::api_names;
use crate::libraries::shared::callbacks;
use crate::libraries::shared::clients::{self, is_meant_for_one_use};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::loops;
use crate::project::scope::Bound;
use crate::vocabulary::List;
use crate::walk;
use names::{NameMentions, ValueContents};
use objects::InstancesByClass;

/// Expressions around a new client that are passed on the way to where it ends up.
const MAX_FATE_STEPS: usize = 30;

const ID: &str = "client-per-call";

/// How far a client that a function returns is followed to its callers.
const HOPS: u32 = 4;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let callers = callers(project);
    let made = objects::made(project, &runs_once);
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files
        .into_par_iter()
        .flat_map_iter(|file| check_file(project, file, &callers, &made))
        .collect()
}

/// For each function, the calls of the program that lead to it: the caller and the call. A migration or a test runs once.
fn callers(project: &Project) -> Vec<Vec<(FnId, ExprId)>> {
    let mut callers = vec![Vec::new(); project.graph.functions.len()];
    for (index, node) in project.graph.functions.iter().enumerate() {
        if runs_once(project, node.file) {
            continue;
        }
        let module = project.code.module(node.file);
        let is_followed = |edge: &&Edge| !edge.guessed && (edge.kind != EdgeKind::Later || is_handed_over(module, edge.expr));
        for edge in node.edges.iter().filter(is_followed) {
            for target in &edge.targets {
                if let Some(list) = callers.get_mut(target.index()) {
                    list.push((FnId(index as u32), edge.expr));
                }
            }
        }
    }
    callers
}

/// `background_tasks.add_task(search, words)`: what the request started runs for it.
fn is_handed_over(module: &Module, expr: ExprId) -> bool {
    let Parent::Expr(holder) = module.expr(expr).parent else {
        return false;
    };
    module
        .call(holder)
        .and_then(|call| call.method())
        .is_some_and(callbacks::hands_over)
}

fn runs_once(project: &Project, file: FileId) -> bool {
    matches!(project.role(file), walk::FileRole::Migration | walk::FileRole::Test)
}

fn check_file(project: &Project, file: FileId, callers: &[Vec<(FnId, ExprId)>], made: &InstancesByClass) -> Vec<Finding> {
    let module = project.code.module(file);
    let mut out: Vec<Finding> = Vec::new();
    if runs_once(project, file) {
        return out;
    }
    let fates = Fates::new(project, callers, made);
    let is_for_workers = entries::is_for_workers(&Evaluator::new(&project.code), file);
    for (id, _) in module.function_ids() {
        let function = project.graph.id(file, id);
        let mut by_subject: FxHashMap<String, usize> = FxHashMap::default();
        for edge in &project.graph.function(function).edges {
            let (Some(name), Some(call)) = (edge.external.as_deref(), module.call(edge.expr)) else {
                continue;
            };
            if !edge.effects.has(Effects::CLIENT) || edge.kind != EdgeKind::Call {
                continue;
            }
            let silent = |why: &str| project.silent(ID, file, module.expr(edge.expr).span, || why);
            if is_for_workers {
                silent("it runs on Workers, where requests share no connection");
                continue;
            }
            if is_meant_for_one_use(name) {
                silent("the client is meant to be used once");
                continue;
            }
            let given = Given { fates: &fates, function };
            if is_tenants(&given, &fates.names(file), module, id, &call, name) {
                silent("it is made with what a caller or a store gives, so it may be somebody's own");
                continue;
            }
            if fates.is_kept(function, edge.expr, 0) {
                silent("it outlives the call: it is made at the top level, is kept in something that stays, or its callers keep it");
                continue;
            }
            if once::has_own_loop(project, callers, function, name) {
                silent("it belongs to an event loop that ends with the call");
                continue;
            }
            if once::is_in_layer(module, id) {
                silent("it is made in a layer of services, which is built once");
                continue;
            }
            let is_factory = fates.fate(file, id, edge.expr) == Fate::Returned;
            let Some(finding) = finding(&fates, function, edge.expr, name, is_factory) else {
                continue;
            };
            // The branches of one function are one thing to mend.
            if let Some(known) = by_subject.get(&finding.subject).and_then(|&at| out.get_mut(at)) {
                known.relate(finding.location, Role::Evidence, "built here, too");
                continue;
            }
            by_subject.insert(finding.subject.clone(), out.len());
            out.push(finding);
        }
    }
    out
}

/// A client with somebody's own credentials cannot be shared by all.
fn is_tenants(given: &Given<'_>, all: &NameMentions, module: &Module, function: FunctionId, call: &Call<'_>, name: &str) -> bool {
    if clients::asks_anyone(name) {
        return false;
    }
    let mut params: FxHashSet<Sym> = FxHashSet::default();
    let mut at = Some(function);
    while let Some(id) = at.filter(|&id| id != FunctionId::MODULE) {
        let definition = module.function(id);
        // A parameter with a default is an override of what everybody shares.
        for param in definition.params.iter().filter(|param| param.default.is_none()) {
            params.extend(param.name);
            if let Some(pattern) = param.pattern {
                params.extend(names::of(module, pattern));
            }
        }
        at = definition.parent;
    }
    params.retain(|&name| !is_settings(module.str(name)) && !given.is_settings(module, function, name));
    // One for each element, with what is the element's.
    let eval = Evaluator::new(&given.fates.project.code);
    let file = given.fates.project.graph.function(given.function).file;
    let around = loops::around(&eval, file, call.id);
    params.extend(around.into_iter().flat_map(|around| around.target_names));
    // What is derived from a parameter, or read from a store, is somebody's.
    let passed = ValueContents::of(module, call.args.iter().map(|arg| arg.value));
    let mut open = vec![Rc::new(passed)];
    let mut seen = FxHashSet::default();
    while let Some(held) = open.pop() {
        if held.is_awaited || held.names.iter().any(|name| params.contains(name)) {
            return true;
        }
        for &name in &held.names {
            if !seen.insert(name) {
                continue;
            }
            if seen.len() > Limit::Origins.count() {
                given.tell(call.id);
                return true;
            }
            open.push(all.held(module, function, name));
        }
    }
    false
}

/// What callers pass.
struct Given<'a> {
    fates: &'a Fates<'a>,
    function: FnId,
}

impl Given<'_> {
    /// Tells that what a client is made with is not followed to its end.
    fn tell(&self, expr: ExprId) {
        let project = self.fates.project;
        let file = project.graph.function(self.function).file;
        project
            .code
            .tell(Limit::Origins, file, project.code.module(file).expr(expr).span.start);
    }

    /// Whether every caller passes the process's own settings for a parameter: `run(settings.api_key)`.
    fn is_settings(&self, module: &Module, function: FunctionId, name: Sym) -> bool {
        let definition = module.function(function);
        let Some(index) = definition.params.iter().position(|param| param.name == Some(name)) else {
            return false;
        };
        let shift = usize::from(module.takes_receiver(function));
        let Fates { project, callers, .. } = self.fates;
        let calls = callers.get(self.function.index()).map(Vec::as_slice).unwrap_or_default();
        let passes = |&(caller, call): &(FnId, ExprId)| {
            let node = project.graph.function(caller);
            let at = project.code.module(node.file);
            let Some(call) = at.call(call) else { return false };
            let positional = || call.arg(index.checked_sub(shift)?);
            let arg = call.keyword(module.str(name)).or_else(positional);
            arg.is_some_and(|arg| self.is_own(node.file, node.id, arg))
        };
        !calls.is_empty() && calls.iter().all(passes)
    }

    /// Whether an expression, or all that a local name is given, is a setting of the process: `settings.api_key`,
    /// `os.getenv("API_KEY")`.
    fn is_own(&self, file: FileId, function: FunctionId, value: ExprId) -> bool {
        let module = self.fates.project.code.module(file);
        let of_process = |value: ExprId| {
            let value = module.call(value).map_or(value, |call| call.callee);
            let value = match module.kind(value) {
                ExprKind::Index { base, .. } => *base,
                _ => value,
            };
            let path = module.dotted(value);
            path.is_some_and(|path| path.contains('.') && path.split('.').any(is_settings) && !path.starts_with("self."))
        };
        let ExprKind::Name(name) = *module.kind(value) else {
            return of_process(value);
        };
        let names = self.fates.names(file);
        let mut values = names.values(function, name).peekable();
        values.peek().is_some() && values.all(of_process)
    }
}

fn is_settings(name: &str) -> bool {
    List::ProcessSettings.has(name)
}

/// What becomes of the clients of a project: each question is answered once, however many lead to it.
struct Fates<'p> {
    project: &'p Project,
    callers: &'p [Vec<(FnId, ExprId)>],
    made: &'p InstancesByClass,
    names: RefCell<FxHashMap<FileId, Rc<NameMentions>>>,
    of_names: RefCell<FxHashMap<(FileId, FunctionId, Sym, u32), Fate>>,
    kept: RefCell<FxHashMap<(FnId, ExprId, u32), bool>>,
    dropped: RefCell<FxHashMap<(FnId, ExprId, u32), bool>>,
}

impl<'p> Fates<'p> {
    fn new(project: &'p Project, callers: &'p [Vec<(FnId, ExprId)>], made: &'p InstancesByClass) -> Self {
        Fates {
            project,
            callers,
            made,
            names: RefCell::default(),
            of_names: RefCell::default(),
            kept: RefCell::default(),
            dropped: RefCell::default(),
        }
    }

    fn names(&self, file: FileId) -> Rc<NameMentions> {
        let mut names = self.names.borrow_mut();
        names
            .entry(file)
            .or_insert_with(|| Rc::new(NameMentions::in_module(self.project.code.module(file))))
            .clone()
    }

    /// Whether what an expression makes outlives the call: it stands at the top level, is stored on an object, in a
    /// variable outside or in a collection, or every caller of the function that returns it keeps it.
    fn is_kept(&self, function: FnId, expr: ExprId, depth: u32) -> bool {
        let known = self.kept.borrow().get(&(function, expr, depth)).copied();
        known.unwrap_or_else(|| {
            let kept = self.looks_kept(function, expr, depth);
            self.kept.borrow_mut().insert((function, expr, depth), kept);
            kept
        })
    }

    fn looks_kept(&self, function: FnId, expr: ExprId, depth: u32) -> bool {
        let node = self.project.graph.function(function);
        let module = self.project.code.module(node.file);
        if let Some(class) = objects::holder(module, node.id, expr) {
            return depth > HOPS || objects::is_filed(module, node.id, expr) || self.lives_on((node.file, class), depth);
        }
        if node.id == FunctionId::MODULE || node.is_cached || depth > HOPS || is_constructor(module, node.id) {
            return true;
        }
        match self.fate(node.file, node.id, expr) {
            Fate::Kept => true,
            Fate::Used => false,
            Fate::Yielded => !entered::ends_with_request(self.project, self.callers, function),
            Fate::Returned => {
                let calls = self.callers.get(function.index()).map(Vec::as_slice).unwrap_or_default();
                calls.is_empty() || calls.iter().all(|&(caller, call)| self.is_kept(caller, call, depth + 1))
            }
        }
    }

    /// Whether every object of a class that the code makes is kept. Of a class that it makes none of, a container makes one.
    fn lives_on(&self, class: (FileId, ClassId), depth: u32) -> bool {
        self.passing(class, depth).is_none()
    }

    /// The function that makes an object of a class and keeps it nowhere.
    fn passing(&self, class: (FileId, ClassId), depth: u32) -> Option<FnId> {
        let made = self.made.get(&class).map(Vec::as_slice).unwrap_or_default();
        let is_passing = |&&(maker, call): &&(FnId, ExprId)| {
            let waits = matches!(reach::of(self.project, maker).level, Reached::Request);
            waits && self.is_dropped(maker, call, depth)
        };
        made.iter().find(is_passing).map(|&(maker, _)| maker)
    }

    /// Whether an object is used where it is made and kept nowhere. What a factory makes is, where none of its callers keeps it.
    fn is_dropped(&self, maker: FnId, call: ExprId, depth: u32) -> bool {
        let known = self.dropped.borrow().get(&(maker, call, depth)).copied();
        known.unwrap_or_else(|| {
            let dropped = self.looks_dropped(maker, call, depth);
            self.dropped.borrow_mut().insert((maker, call, depth), dropped);
            dropped
        })
    }

    fn looks_dropped(&self, maker: FnId, call: ExprId, depth: u32) -> bool {
        let node = self.project.graph.function(maker);
        if node.is_cached {
            return false;
        }
        match self.fate(node.file, node.id, call) {
            Fate::Kept | Fate::Yielded => false,
            Fate::Used => !self.is_kept(maker, call, depth + 1),
            Fate::Returned => {
                let calls = self.callers.get(maker.index()).map(Vec::as_slice).unwrap_or_default();
                depth < HOPS && !calls.is_empty() && calls.iter().all(|&(caller, call)| self.is_dropped(caller, call, depth + 1))
            }
        }
    }

    /// What becomes of a value in its function.
    fn fate(&self, file: FileId, function: FunctionId, expr: ExprId) -> Fate {
        let (project, module) = (self.project, self.project.code.module(file));
        let mut at = expr;
        let mut in_call = false;
        for _ in 0..MAX_FATE_STEPS {
            let stmt = match module.expr(at).parent {
                Parent::Expr(outer) => {
                    match module.kind(outer) {
                        // `client.get()`: only the result goes on.
                        ExprKind::Attr { .. } => return Fate::Used,
                        ExprKind::Call { .. } => {
                            let method = module.call(outer).and_then(|call| call.method()).unwrap_or("");
                            if keeps(method) {
                                return self.keeper(file, function, outer, 0);
                            }
                            in_call = true;
                        }
                        ExprKind::Assign { target, .. } => {
                            return if is_outside(project, file, module, *target) {
                                Fate::Kept
                            } else {
                                Fate::Used
                            };
                        }
                        _ => {}
                    }
                    at = outer;
                    continue;
                }
                Parent::Stmt(stmt) => stmt,
                _ => return Fate::Used,
            };
            return match &module.stmt(stmt).kind {
                StmtKind::Return(_) => Fate::Returned,
                StmtKind::Expr(value) if matches!(module.kind(*value), ExprKind::Yield(_)) => Fate::Yielded,
                StmtKind::Assign { target, .. } if is_outside(project, file, module, *target) => Fate::Kept,
                StmtKind::Assign { target, .. } if !in_call || matches!(module.kind(*target), ExprKind::Name(_)) => {
                    match module.kind(*target) {
                        ExprKind::Name(name) => self.of_name(file, function, *name, 0),
                        _ => Fate::Used,
                    }
                }
                StmtKind::With { .. } if module.function(function).is_generator => Fate::Yielded,
                _ => Fate::Used,
            };
        }
        Fate::Used
    }

    /// What becomes of a local name.
    fn of_name(&self, file: FileId, function: FunctionId, name: Sym, depth: u32) -> Fate {
        let key = (file, function, name, depth);
        let known = self.of_names.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let fate = self.look_at_name(file, function, name, depth);
            self.of_names.borrow_mut().insert(key, fate);
            fate
        })
    }

    /// What becomes of what is put into a collection: of one that the function makes for itself, what becomes of that.
    fn keeper(&self, file: FileId, function: FunctionId, call: ExprId, depth: u32) -> Fate {
        let module = self.project.code.module(file);
        let receiver = module.call(call).and_then(|call| call.receiver());
        let Some(ExprKind::Name(holder)) = receiver.map(|receiver| module.kind(receiver)) else {
            return Fate::Kept;
        };
        let scope = self.project.code.scopes.get(file.index());
        let is_own = scope.is_some_and(|scope| {
            let mut bindings = scope.bindings_of(function, *holder).peekable();
            bindings.peek().is_some()
                && bindings.all(|binding| matches!(&binding.bound, Bound::Value(value, _) if is_empty_list(module, *value)))
        });
        if depth >= HOPS || !is_own {
            return Fate::Kept;
        }
        self.of_name(file, function, *holder, depth + 1)
    }

    fn look_at_name(&self, file: FileId, function: FunctionId, name: Sym, depth: u32) -> Fate {
        let (project, module) = (self.project, self.project.code.module(file));
        let names = self.names(file);
        let mut fate = Fate::Used;
        for stmt in names.statements(function, name).map(|id| module.stmt(id)) {
            match &stmt.kind {
                // `broker = Broker(client)`: it lives as long as what holds it.
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } if depth < HOPS && is_made(module, *value) => {
                    let ExprKind::Name(holder) = *module.kind(*target) else { continue };
                    if is_outside(project, file, module, *target) {
                        return Fate::Kept;
                    }
                    if holder == name {
                        continue;
                    }
                    match self.of_name(file, function, holder, depth + 1) {
                        Fate::Kept => return Fate::Kept,
                        Fate::Used => {}
                        goes_on => fate = goes_on,
                    }
                }
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } if is_outside(project, file, module, *target) => return Fate::Kept,
                StmtKind::Expr(value) => {
                    let Some(call) = module.call(*value) else {
                        if matches!(module.kind(*value), ExprKind::Yield(_)) {
                            fate = Fate::Yielded;
                        }
                        continue;
                    };
                    if call.method().is_some_and(keeps) && call.args.iter().any(|arg| names::holds(module, arg.value, name)) {
                        match self.keeper(file, function, call.id, depth) {
                            Fate::Kept => return Fate::Kept,
                            Fate::Used => {}
                            goes_on => fate = goes_on,
                        }
                    }
                }
                StmtKind::Return(Some(_)) => fate = Fate::Returned,
                _ => {}
            }
        }
        fate
    }
}

fn is_constructor(module: &Module, function: FunctionId) -> bool {
    let function = module.function(function);
    function.name.is_some_and(|name| {
        let name = module.str(name);
        api_names::makes_object(name) || List::SettingUp.has(name)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Returned,
    /// A generator lends it: it lives until whoever took it asks the generator to go on.
    Yielded,
    Used,
}

/// Calls that hold on to what they are given.
fn keeps(method: &str) -> bool {
    List::Keeping.has(method)
}

/// An attribute, a subscript, or a name of an enclosing scope.
fn is_outside(project: &Project, file: FileId, module: &Module, target: ExprId) -> bool {
    match module.kind(target) {
        ExprKind::Attr { .. } | ExprKind::Index { .. } => true,
        ExprKind::Name(name) => {
            let Some(scope) = project.code.scopes.get(file.index()) else {
                return false;
            };
            let mut outer = module.function(module.owner(target)).parent;
            while let Some(id) = outer.filter(|&id| id != FunctionId::MODULE) {
                if scope.binds(id, *name) && module.language.assigns_outer_variables() {
                    return true;
                }
                outer = module.function(id).parent;
            }
            scope.binds(FunctionId::MODULE, *name)
        }
        _ => false,
    }
}

/// `[]`, `{}`: a collection that the function fills.
fn is_empty_list(module: &Module, value: ExprId) -> bool {
    match module.kind(value) {
        ExprKind::List(items) => items.is_empty(),
        ExprKind::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// `Broker(…)`, `new Broker(…)`: an object is made.
fn is_made(module: &Module, value: ExprId) -> bool {
    let made = module.call(module.unawaited(value));
    made.and_then(|call| call.method())
        .is_some_and(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// Pools and engines: each costs connections of the database.
fn is_pool(name: &str) -> bool {
    List::Pools.has(name)
}

fn finding(fates: &Fates<'_>, function: FnId, expr: ExprId, name: &str, is_factory: bool) -> Option<Finding> {
    let project = fates.project;
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let holder = objects::holder(module, node.id, expr);
    let maker = holder.and_then(|class| fates.passing((node.file, class), 0));
    let reach = reach::of(project, maker.unwrap_or(function));
    let reached = reach.level;
    let silent = |why: &str| project.silent(ID, node.file, module.expr(expr).span, || why);
    let runs_once = match reached {
        Reached::Startup => true,
        Reached::Command => !once::repeats(project, fates.callers, function, expr),
        _ => false,
    };
    if runs_once {
        silent("only start-up code or a command reaches it");
        return None;
    }
    if reached != Reached::Request && once::is_workers(&fates.names(node.file), module, node.id, expr) {
        silent("it is a worker's, which keeps it while it runs");
        return None;
    }
    // A factory may have callers that keep what it makes and others that do not.
    let less = usize::from(is_factory);
    let confidence = if reached == Reached::Unknown || is_factory {
        Confidence::Medium
    } else {
        Confidence::High
    };
    let readable = evidence::readable(name);
    let pool = is_pool(name);
    let judgement = priority::judge(&Cost::Connect { pool }, &reach, confidence, less);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(function, module.expr(expr).span));
    finding.title = format!("`{readable}` is built at each call");
    let owner = match (maker, holder.and_then(|class| module.class(class).name)) {
        (Some(maker), Some(class)) => format!("{}` makes a `{}`, which", project.short_name(maker), module.str(class)),
        _ => format!("{}`", project.short_name(function)),
    };
    finding.message = format!(
        "`{} builds a `{readable}` at each call and keeps it nowhere, so the next call finds no open connection.{}",
        owner,
        label.as_deref().map(|label| format!(" Reached from {label}.")).unwrap_or_default()
    );
    finding.impact = format!(
        "{}{}",
        if pool {
            "a new set of connections each time"
        } else {
            "a new connection and TLS handshake each time"
        },
        evidence::reach_words(label.as_deref())
    );
    finding.subject = readable;
    finding.related = evidence::path_from_entry(project, maker.unwrap_or(function));
    finding.relate(project.place_in(function, module.expr(expr).span), Role::Evidence, "built here");
    finding.fix = advice(Advised::Share, module.language.name(), &[]);
    Some(finding)
}
