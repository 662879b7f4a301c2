//! `missing-timeout`: a request or connection that may wait for ever, or nearly.

use std::cell::{LazyCell, RefCell};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

mod handed;
mod pages;

use crate::advice::texts::{Advised, WaitBound, advice};
use crate::analysis::Analyses;
use crate::analysis::repeats::single;
use crate::budget::{Limit, Steps};
use crate::finding::{Confidence, Finding};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym, TemplatePart};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reach, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::entries;
use crate::libraries::shared::effects::{LanguageData, TimeoutFacts};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::deployment::workers::RequestLimit;
use crate::project::eval::Evaluator;
use crate::project::graph::Edge;
use crate::vocabulary::List;
use handed::Handed;
use pages::Pages;

const ID: &str = "missing-timeout";

/// A default of this many seconds or less is a timeout.
const SHORT: f64 = 60.0;
/// A server's limit of this many seconds is no limit.
const LONGEST_REQUEST: u32 = 600;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let defaults = Defaults::of(project);
    let pages = Pages::of(project);
    let callers = single::callers(project);
    let handed = Handed {
        project,
        callers: &callers,
    };
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    let mut out: Vec<Finding> = files
        .into_par_iter()
        .flat_map_iter(|file| check_file(&handed, file, &defaults, &pages))
        .collect();
    out.extend(project.deployment.limits.iter().filter_map(|limit| of_server(project, limit)));
    out
}

/// A server that lets a request take many minutes, or for ever.
fn of_server(project: &Project, limit: &RequestLimit) -> Option<Finding> {
    let is_endless = limit.seconds == 0;
    if !is_endless && limit.seconds < LONGEST_REQUEST {
        return None;
    }
    let judgement = priority::judge(&Cost::Setting, &Reach::service(), Confidence::Medium, 0);
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place(limit.file, limit.span, ""));
    finding.title = if is_endless {
        format!("`{}` lets a request take for ever", limit.program)
    } else {
        format!("`{}` lets a request take {} min", limit.program, limit.seconds / 60)
    };
    finding.message = format!(
        "The command sets `--timeout {}`: a worker that hangs is not replaced before that, and its requests wait as long.",
        limit.seconds
    );
    "workers that hang stay, until none is left to answer".clone_into(&mut finding.impact);
    finding.subject = format!("{} --timeout", limit.program);
    "Set it a little above the slowest good answer, half a minute or so, and hand longer work to a job."
        .clone_into(&mut finding.fix.summary);
    finding.fix.code = Some("gunicorn app:app --timeout 60".to_owned());
    Some(finding)
}

/// Timeouts that are set for all calls of a library at once.
struct Defaults {
    socket: bool,
    axios: bool,
}

impl Defaults {
    fn of(project: &Project) -> Defaults {
        let mut defaults = Defaults {
            socket: false,
            axios: false,
        };
        for (_, module) in project.code.modules() {
            defaults.socket |= module.strings.iter().any(|text| text == "setdefaulttimeout");
            defaults.axios |= module.stmts.iter().any(|stmt| match &stmt.kind {
                StmtKind::Assign { target, .. } => module.dotted(*target).is_some_and(|name| name.ends_with("defaults.timeout")),
                _ => false,
            });
        }
        defaults
    }
}

fn check_file(handed: &Handed<'_, '_>, file: FileId, defaults: &Defaults, pages: &Pages) -> Vec<Finding> {
    let project = handed.project;
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let table = project.code.data.of(module.language);
    let about = About::of(project, file);
    let mut out = Vec::new();
    for (id, _) in module.function_ids() {
        for edge in &project.graph.function(project.graph.id(file, id)).edges {
            let (Some(name), Some(call)) = (edge.external.as_deref(), module.call(edge.expr)) else {
                continue;
            };
            let Some(facts) = table.timeout(name) else { continue };
            let is_covered = defaults.axios && name.starts_with("axios.")
                || defaults.socket && (name.starts_with("urllib.") || name.starts_with("socket.") || name.starts_with("smtplib."));
            let silent = |why: &str| project.silent(ID, file, module.expr(edge.expr).span, || why);
            if is_covered {
                silent("a default that the project sets for all calls of the library covers it");
                continue;
            }
            if is_guarded(&about, edge) {
                silent("something around the call ends the wait");
                continue;
            }
            if about.has_adapter(name) || makes_adapter(&eval, file, &call, name) {
                silent(
                    "an adapter with a timeout is named in the file, or in that of the helper that makes the session, which may have it",
                );
                continue;
            }
            if entries::is_at_the_edge(module) {
                silent("it runs at the edge, whose platform ends what does not answer");
                continue;
            }
            if is_lock_with_limit(&eval, file, &call, name) {
                silent("the lock was made with a limit, or out of sight");
                continue;
            }
            let setting = setting(&eval, file, &call, facts, &about);
            let place = Place {
                project,
                file,
                module,
                function: id,
                pages,
                about: &about,
            };
            let waits = match setting {
                Setting::Set => {
                    silent("the call says how long it may take");
                    continue;
                }
                Setting::Open => {
                    silent(
                        "its options come through a name, a spread or a wrapper, which may hold a timeout; the callers are asked where one parameter holds them",
                    );
                    if facts.default.is_none_or(|seconds| seconds > SHORT)
                        && let Some(parameter) = handed::parameter(&eval, file, &call, facts, &about)
                    {
                        out.extend(handed.finding(&place, parameter, &call, name, facts));
                    }
                    continue;
                }
                Setting::Never => None,
                Setting::Missing if is_clients(table, name) || about.calls_tell(table, edge, name) => {
                    silent("its client takes the timeout, where that is made, or each call of the client brings its own");
                    continue;
                }
                Setting::Missing => facts.default,
            };
            if waits.is_some_and(|seconds| seconds <= SHORT) {
                silent("its library gives up by itself within a minute");
                continue;
            }
            out.extend(place.finding(&call, name, facts, waits, setting));
        }
    }
    out
}

/// Where each name of each function stands.
type Uses = FxHashMap<(FunctionId, Sym), Vec<ExprId>>;

fn uses(module: &Module) -> Uses {
    let mut uses = Uses::default();
    for (id, expr) in module.expr_ids() {
        if let ExprKind::Name(name) = expr.kind {
            uses.entry((module.owner(id), name)).or_default().push(id);
        }
    }
    uses
}

/// What is asked of a whole file for each of its calls: found once, when it is first asked for.
struct About<'p> {
    project: &'p Project,
    file: FileId,
    module: &'p Module,
    uses: LazyCell<Uses, Box<dyn FnOnce() -> Uses + 'p>>,
    /// Clients whose calls all bring their own timeout, by the function, the client's name and its library's.
    told: RefCell<FxHashMap<(FunctionId, Sym, String), bool>>,
    has_adapter: LazyCell<bool, Box<dyn FnOnce() -> bool + 'p>>,
    is_for_browsers: LazyCell<bool, Box<dyn FnOnce() -> bool + 'p>>,
    /// Names with parts that are set, by file: options may be another file's.
    changed: RefCell<FxHashMap<FileId, FxHashSet<&'p str>>>,
    /// `with` statements, and whether one of their items ends a wait.
    guards: RefCell<FxHashMap<StmtId, bool>>,
    /// What may still be looked at for this file: options of options can name each other many times over.
    steps: Steps,
}

impl<'p> About<'p> {
    fn of(project: &'p Project, file: FileId) -> Self {
        let module = project.code.module(file);
        About {
            project,
            file,
            module,
            uses: LazyCell::new(Box::new(move || uses(module))),
            told: RefCell::default(),
            has_adapter: LazyCell::new(Box::new(move || has_adapter(module))),
            is_for_browsers: LazyCell::new(Box::new(move || is_for_browsers(project, file))),
            changed: RefCell::default(),
            guards: RefCell::default(),
            steps: Steps::of(Limit::FileSteps),
        }
    }

    /// A session whose adapter sets the timeout.
    fn has_adapter(&self, name: &str) -> bool {
        name.starts_with("requests.Session") && *self.has_adapter
    }

    /// Takes a step; without one, what is asked stays open.
    fn has_steps(&self) -> bool {
        let has = self.steps.take(1);
        if !has {
            self.project.code.overruns.add(Limit::FileSteps, self.project.path(self.file));
        }
        has
    }

    /// `options.signal = …` after it was made.
    fn is_changed(&self, file: FileId, name: ExprId) -> bool {
        let module = self.project.code.module(file);
        let mut files = self.changed.borrow_mut();
        let names = files.entry(file).or_insert_with(|| changed(module));
        module.name(name).is_none_or(|name| names.contains(name))
    }

    /// `async with asyncio.timeout(5):`.
    fn is_guard(&self, stmt: StmtId) -> bool {
        let module = self.module;
        let StmtKind::With { items, .. } = &module.stmt(stmt).kind else {
            return false;
        };
        *self.guards.borrow_mut().entry(stmt).or_insert_with(|| {
            items.iter().any(|(value, _)| {
                let method = module
                    .call(*value)
                    .and_then(|call| call.method())
                    .unwrap_or("")
                    .to_ascii_lowercase();
                method.contains("timeout") || matches!(method.as_str(), "move_on_after" | "fail_after")
            })
        })
    }

    /// A client that is only called where it was made, and each call brings its own timeout.
    fn calls_tell(&self, table: &LanguageData, edge: &Edge, name: &str) -> bool {
        let Some(bound) = evidence::bound(self.module, edge.expr) else {
            return false;
        };
        let owner = self.module.owner(edge.expr);
        let key = (owner, bound, name.to_owned());
        let known = self.told.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let tell = self
                .uses
                .get(&(owner, bound))
                .is_some_and(|uses| calls_tell(self.module, uses, table, name));
            self.told.borrow_mut().insert(key, tell);
            tell
        })
    }
}

/// A call on a client that takes the timeout itself: where the client is made tells, and is reported.
fn is_clients(table: &LanguageData, name: &str) -> bool {
    is_call(name) && name.rsplit_once('.').is_some_and(|(client, _)| table.timeout(client).is_some())
}

/// Whether each call of a client brings its own timeout, by the places where its name stands.
fn calls_tell(module: &Module, uses: &[ExprId], table: &LanguageData, name: &str) -> bool {
    let mut calls = 0;
    for &id in uses {
        let Parent::Expr(attribute) = module.expr(id).parent else {
            continue;
        };
        let method = match module.expr(attribute).parent {
            Parent::Expr(call) => module.call(call).filter(|call| call.callee == attribute),
            _ => None,
        };
        let Some(call) = method else { return false };
        let Some(facts) = call.method().and_then(|method| table.timeout(&format!("{name}.{method}"))) else {
            continue;
        };
        if !facts.arguments.iter().any(|argument| call.keyword(argument).is_some()) {
            return false;
        }
        calls += 1;
    }
    calls > 0
}

/// A lock that was made with its limit: `client.lock(name, blocking_timeout=5)`. One that was made out of sight may have it.
fn is_lock_with_limit(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, name: &str) -> bool {
    if !name.ends_with("Lock.acquire") {
        return false;
    }
    let made = call.receiver().and_then(|lock| eval.definition(file, lock));
    made.and_then(|(at, value)| eval.module(at).call(value))
        .is_none_or(|made| made.is_open() || made.keyword("blocking_timeout").is_some() || made.keyword("blocking").is_some())
}

/// What a call says of its timeout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Set,
    /// It may come through a spread, a variable, a wrapper.
    Open,
    /// `timeout=None`.
    Never,
    Missing,
}

fn setting(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, facts: &TimeoutFacts, about: &About<'_>) -> Setting {
    let module = eval.module(file);
    for argument in &facts.arguments {
        if let Some(value) = call.keyword(argument) {
            return if matches!(module.kind(value), ExprKind::Null) {
                Setting::Never
            } else {
                Setting::Set
            };
        }
    }
    if call.is_open() {
        return spread(eval, file, call, facts, about);
    }
    if module.language.names_arguments() {
        if facts.position.is_some_and(|position| call.arg(position).is_some()) {
            return Setting::Set;
        }
        // `postgresql://…?connect_timeout=5`, `redis://…?socket_timeout=5`.
        let told = call.args.iter().any(|arg| {
            let (at, value) = eval.definition(file, arg.value).unwrap_or((file, arg.value));
            eval.module(at)
                .literal_text(value)
                .is_some_and(|text| facts.arguments.iter().any(|argument| text.contains(argument.as_str())))
        });
        return if told { Setting::Set } else { Setting::Missing };
    }
    match facts.position.and_then(|position| call.arg(position)) {
        Some(options) => of_options(eval, file, options, facts, about, 0),
        None => Setting::Missing,
    }
}

/// `requests.get(url, **options)`: where the options are a literal, they tell.
fn spread(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, facts: &TimeoutFacts, about: &About<'_>) -> Setting {
    let module = eval.module(file);
    let mut spreads = call.args.iter().filter_map(|arg| match module.kind(arg.value) {
        ExprKind::Spread(inner) => Some(*inner),
        _ => None,
    });
    let (Some(only), None) = (spreads.next(), spreads.next()) else {
        return Setting::Open;
    };
    if matches!(module.kind(only), ExprKind::Object(_)) {
        of_options(eval, file, only, facts, about, 0)
    } else {
        Setting::Open
    }
}

/// What an options object says, through names and spreads.
fn of_options(eval: &Evaluator<'_>, file: FileId, options: ExprId, facts: &TimeoutFacts, about: &About<'_>, depth: u32) -> Setting {
    if depth > 4 || !about.has_steps() {
        return Setting::Open;
    }
    let module = eval.module(file);
    match module.kind(options) {
        ExprKind::Object(entries) => {
            for entry in entries {
                let Some(key) = entry.key else {
                    if of_options(eval, file, entry.value, facts, about, depth + 1) != Setting::Missing {
                        return Setting::Open;
                    }
                    continue;
                };
                match module.string(key) {
                    Some(key) if facts.arguments.iter().any(|argument| argument == key) => return Setting::Set,
                    Some(_) => {}
                    None => return Setting::Open,
                }
            }
            Setting::Missing
        }
        ExprKind::Null => Setting::Missing,
        ExprKind::Binary { op, right, .. } if module.str(*op) == "and" => of_options(eval, file, *right, facts, about, depth + 1),
        ExprKind::Binary { left, right, .. } => both(eval, file, [*left, *right], facts, about, depth),
        ExprKind::Call { callee, args, .. } if matches!(module.name(*callee), Some("omit" | "pick")) => match args.first() {
            Some(first) => of_options(eval, file, first.value, facts, about, depth + 1),
            None => Setting::Open,
        },
        ExprKind::Cond { then, orelse, .. } => both(eval, file, [*then, *orelse], facts, about, depth),
        ExprKind::Name(_) => match eval.definition(file, options) {
            Some((at, value)) if (at, value) != (file, options) && !about.is_changed(file, options) => {
                if matches!(eval.module(at).kind(value), ExprKind::Object(_)) {
                    of_options(eval, at, value, facts, about, depth + 1)
                } else {
                    Setting::Open
                }
            }
            _ => Setting::Open,
        },
        _ => Setting::Open,
    }
}

/// `condition ? { … } : {}`, `given ?? {}`.
fn both(eval: &Evaluator<'_>, file: FileId, parts: [ExprId; 2], facts: &TimeoutFacts, about: &About<'_>, depth: u32) -> Setting {
    let missing = parts
        .into_iter()
        .all(|part| of_options(eval, file, part, facts, about, depth + 1) == Setting::Missing);
    if missing { Setting::Missing } else { Setting::Open }
}

/// Names with parts that are set: `options.signal = …`.
fn changed(module: &Module) -> FxHashSet<&str> {
    let parts = module.stmts.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Assign { target, .. } => match module.kind(*target) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => module.name(*base),
            _ => None,
        },
        _ => None,
    });
    parts.collect()
}

/// Something around the call ends the wait: `asyncio.wait_for(…)`, `Promise.race([…])`, `withTimeout(…)`.
fn is_guarded(about: &About<'_>, edge: &Edge) -> bool {
    let module = about.module;
    let mut at = module.expr(edge.expr).parent;
    for _ in 0..40 {
        at = match at {
            Parent::Expr(id) => {
                let method = module.call(id).and_then(|call| call.method()).unwrap_or("").to_ascii_lowercase();
                if method.contains("timeout") && method != "settimeout"
                    || matches!(method.as_str(), "wait_for" | "race" | "move_on_after" | "fail_after")
                {
                    return true;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                if about.is_guard(id) {
                    return true;
                }
                module.stmt(id).parent
            }
            Parent::Function(id) => match module.function(id).definition {
                Parent::Expr(lambda) if module.function(id).is_lambda => Parent::Expr(lambda),
                _ => return false,
            },
            _ => return false,
        };
    }
    false
}

/// Whether a helper of the project makes the session that a call is made on, and speaks of an adapter with a timeout.
fn makes_adapter(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, name: &str) -> bool {
    let Some(session) = call.receiver().filter(|_| name.starts_with("requests.Session")) else {
        return false;
    };
    let (at, made) = eval.definition(file, session).unwrap_or((file, session));
    let Some(made) = eval.module(at).call(made) else { return false };
    match eval.value(at, made.callee) {
        Value::Function(holder, helper) => mounts_adapter(eval.module(holder), helper),
        _ => false,
    }
}

/// Whether a name or text of the file speaks of an adapter with a timeout.
fn has_adapter(module: &Module) -> bool {
    module.strings.iter().any(is_adapter)
}

/// Whether a name in a function speaks of one.
fn mounts_adapter(module: &Module, function: FunctionId) -> bool {
    module.expr_ids().any(|(id, expr)| match expr.kind {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => is_adapter(module.str(name)) && module.owner(id) == function,
        _ => false,
    })
}

fn is_adapter(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("timeout") && text.contains("adapter")
}

/// A helper that touches the window.
fn is_for_browsers(project: &Project, file: FileId) -> bool {
    let module = project.code.module(file);
    let scope = project.code.scopes.get(file.index());
    // A `document` of the program's own is no page.
    let is_global = |id: ExprId, name: Sym| {
        let around = std::iter::successors(Some(module.owner(id)), |&at| module.function(at).parent);
        !around.take(20).any(|at| scope.is_some_and(|scope| scope.binds(at, name)))
    };
    module.language.runs_in_browsers()
        && module.expr_ids().any(|(id, expr)| match expr.kind {
            ExprKind::Name(name) => {
                matches!(
                    module.str(name),
                    "window" | "document" | "localStorage" | "sessionStorage" | "navigator"
                ) && is_global(id, name)
            }
            _ => false,
        })
}

struct Place<'a, 'p> {
    project: &'p Project,
    file: FileId,
    module: &'p Module,
    function: FunctionId,
    pages: &'p Pages,
    about: &'a About<'p>,
}

impl Place<'_, '_> {
    /// A browser's request, which its user can see and stop.
    fn is_browser(&self, call: &Call<'_>, name: &str) -> bool {
        if !self.module.language.runs_in_browsers() {
            return false;
        }
        let path = self.project.path(self.file);
        let is_client = self
            .module
            .functions
            .first()
            .and_then(|top| top.directive)
            .is_some_and(|text| self.module.str(text) == "use client");
        let relative = call
            .arg(0)
            .and_then(|url| first_text(self.module, url))
            .is_some_and(|url| url.starts_with('/') || url.starts_with("./") || url.starts_with("blob:") || url.starts_with("data:"));
        is_client
            || relative
            || [".svelte", ".vue"].iter().any(|end| path.ends_with(end))
            || path.split('/').any(|part| part.ends_with("extension") || part.ends_with("-ext"))
            || List::BrowserFolders.has_folder(path)
            || name.ends_with(".fetch") && call.arg(0).is_some_and(|url| self.is_request(url))
    }

    /// `fetch(request)`: the request may carry a signal.
    fn is_request(&self, url: ExprId) -> bool {
        self.module.name(url).is_some_and(|name| name.to_ascii_lowercase().contains("req"))
    }

    fn finding(&self, call: &Call<'_>, name: &str, facts: &TimeoutFacts, waits: Option<f64>, setting: Setting) -> Option<Finding> {
        let silent = |why: &str| self.project.silent(ID, self.file, self.module.expr(call.id).span, || why);
        if self.is_browser(call, name) {
            silent("it is a browser's request, which its user sees and can stop");
            return None;
        }
        let function = self.project.graph.id(self.file, self.function);
        let reach = reach::at(self.project, function, call.id);
        let reached = reach.level;
        // What no server entry reaches may run in the browser.
        if reached == Reached::Unknown && (self.pages.has(self.file) || *self.about.is_for_browsers) {
            silent("no entry point of a server is known to reach it, and its file may run in a browser");
            return None;
        }
        // Somebody watches a command, and its library gives up one day.
        if reached == Reached::Command && waits.is_some() {
            silent("only a command reaches it, and its library gives up one day");
            return None;
        }
        let confidence = if self.module.language.runs_in_browsers() && reached == Reached::Unknown {
            Confidence::Medium
        } else {
            Confidence::High
        };
        // On an event loop a socket and a promise are kept meanwhile, not a worker. A client that is only made here waits elsewhere.
        let holds_worker = !self.module.language.runs_on_event_loop();
        let limits = self.project.deployment.limits.iter();
        let until = limits
            .filter(|_| holds_worker && reached == Reached::Request)
            .map(|limit| (limit.program, limit.seconds));
        let until = until
            .filter(|(_, seconds)| (1..LONGEST_REQUEST).contains(seconds))
            .max_by_key(|(_, seconds)| *seconds);
        let holds_worker = holds_worker && waits.is_none();
        let cost = Cost::Endless { holds_worker, until };
        let less = usize::from(!is_call(name)) + usize::from(waits.is_some());
        let judgement = priority::judge(&cost, &reach, confidence, less);
        let label = reach.label;
        let readable = evidence::readable(name);
        let span = self.module.expr(call.id).span;
        let mut finding = Finding::new(ID, judgement, confidence, self.project.place_in(function, span));
        let argument = facts.arguments.first().map_or("timeout", String::as_str);
        let how_long = match (waits, until) {
            (Some(seconds), _) => format!("up to {} min", seconds / 60.0),
            (None, Some((server, _))) => format!("until {server} ends its worker"),
            (None, None) => "for ever".to_owned(),
        };
        finding.title = format!("`{readable}` waits {how_long}: no `{argument}`");
        let why = if setting == Setting::Never {
            format!("`{readable}` is told to wait for ever")
        } else if waits.is_some() {
            format!("`{readable}` is given no `{argument}`, and its own default is {how_long}")
        } else {
            format!("`{readable}` is given no `{argument}`, and has no default: it waits for ever")
        };
        finding.message = format!(
            "{why}.{}",
            label.as_deref().map(|label| format!(" Reached from {label}.")).unwrap_or_default()
        );
        finding.impact = format!(
            "when the other side hangs, each caller keeps its thread, task or connection{}",
            evidence::reach_words(label.as_deref())
        );
        finding.cause = format!("{} {argument} {how_long}", name.split('.').next().unwrap_or(name));
        finding.subject = readable;
        finding.related = evidence::path_to_place(self.project, function, call.id);
        let language = self.module.language.name();
        let usual = if self.module.language.names_arguments() { "10" } else { "10_000" };
        let value = facts.value.as_deref().unwrap_or(usual);
        finding.fix = advice(
            Advised::Bound(bound(argument)),
            language,
            &[("argument", argument), ("value", value)],
        );
        Some(finding)
    }
}

/// A request, not a client or a connection.
fn is_call(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.chars().next().is_some_and(char::is_lowercase) && !matches!(last, "connect" | "from_url" | "create" | "extend")
}

fn first_text(module: &Module, expr: ExprId) -> Option<String> {
    match module.kind(expr) {
        ExprKind::Binary { left, .. } => first_text(module, *left),
        ExprKind::Template(parts) => match parts.first() {
            Some(TemplatePart::Text(text)) => Some(module.str(*text).to_owned()),
            _ => None,
        },
        _ => module.literal_text(expr),
    }
}

/// What the argument bounds.
fn bound(argument: &str) -> WaitBound {
    match argument {
        "signal" => WaitBound::Signal,
        "connect_timeout" => WaitBound::Connect,
        "socket_timeout" => WaitBound::Socket,
        _ => WaitBound::Call,
    }
}
