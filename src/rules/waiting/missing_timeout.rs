//! `missing-timeout`: a request or connection that may wait for ever, or nearly.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

mod about;
mod handed;
mod own_limit;
mod pages;
mod setting;

use crate::advice::texts::{Advised, ToldIn, WaitBound, advice};
use crate::analysis::Analyses;
use crate::analysis::repeats::single;
use crate::finding::{Confidence, Finding};
use crate::fix::remedy::{Remedy, Rewrite, RewriteKind};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, StmtKind, TemplatePart};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reach, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::entries;
use crate::libraries::shared::api_names;
use crate::libraries::shared::clients;
use crate::libraries::shared::effects::{LanguageData, TimeoutFacts};
use crate::libraries::shared::kept_requests;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::deployment::workers::RequestLimit;
use crate::project::eval::Evaluator;
use crate::project::graph::FnId;
use crate::vocabulary::List;
use crate::walk::FileRole;
use about::{FileContext, is_guarded, makes_adapter};
use handed::Handed;
use pages::BrowserModules;
use setting::{TimeoutSetting, is_lock_with_limit, setting};

const ID: &str = "missing-timeout";

/// A default of this many seconds or less is a timeout.
const SHORT: f64 = 60.0;
/// A server's limit of this many seconds is no limit.
const LONGEST_REQUEST: u32 = 600;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let pages = BrowserModules::of(project);
    let callers = single::callers(project);
    let defaults = Defaults::of(project, &callers);
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
        "It is told so ({} s): a worker that hangs is not replaced before that, and its requests wait as long.",
        limit.seconds
    );
    "workers that hang stay, until none is left to answer".clone_into(&mut finding.impact);
    finding.subject = format!("{} --timeout", limit.program);
    let is_configured = project.code.modules().any(|(file, _)| file == limit.file);
    let told_in = if is_configured { ToldIn::Settings } else { ToldIn::Command };
    finding.fix = advice(Advised::WorkerTimeout(told_in), limit.program, &[]);
    Some(finding)
}

/// Timeouts that are set for all calls of a library at once.
struct Defaults {
    socket: bool,
    axios: bool,
    sessions: Sessions,
}

/// Where a program makes its sessions of requests, and whether with an adapter that has a timeout.
#[derive(Default)]
struct Sessions {
    /// Some have one.
    limited: bool,
    /// A part of the program itself makes one without.
    plain: bool,
    /// The files that make one without.
    files: FxHashSet<FileId>,
}

impl Sessions {
    fn of(project: &Project, callers: &single::Callers) -> Sessions {
        let mut found = Sessions::default();
        for (file, module) in project.code.modules() {
            let makes = |id: FunctionId| {
                let mut edges = project.graph.function(project.graph.id(file, id)).edges.iter();
                edges.any(|edge| {
                    edge.external.as_deref().is_some_and(clients::makes_session) && !is_fallback(project, callers, (file, id), edge.expr)
                })
            };
            if !module.function_ids().any(|(id, _)| makes(id)) {
                continue;
            }
            if about::has_adapter(module) {
                found.limited = true;
            } else {
                found.plain |= project
                    .code
                    .files
                    .get(file.index())
                    .is_some_and(|facts| facts.role == FileRole::Source);
                found.files.insert(file);
            }
        }
        found
    }

    /// Whether a session that a file is handed has such an adapter: all that the program makes have one.
    fn are_limited(&self, file: FileId, name: &str) -> bool {
        clients::is_session(name) && self.limited && !self.plain && !self.files.contains(&file)
    }
}

impl Defaults {
    fn of(project: &Project, callers: &single::Callers) -> Defaults {
        let mut defaults = Defaults {
            socket: false,
            axios: false,
            sessions: Sessions::of(project, callers),
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

/// `if session is None: session = requests.Session()`: a parameter's value where nobody gives one, while all known callers give one.
fn is_fallback(project: &Project, callers: &single::Callers, (file, function): (FileId, FunctionId), made: ExprId) -> bool {
    let module = project.code.module(file);
    let Some(name) = evidence::bound(module, made) else { return false };
    let definition = module.function(function);
    let Some(index) = definition.params.iter().position(|param| param.name == Some(name)) else {
        return false;
    };
    let before = index - usize::from(definition.class.is_some() && index > 0);
    let gives = |&(caller, at): &(FnId, usize)| {
        let node = project.graph.function(caller);
        let calling = project.code.module(node.file);
        let call = node.edges.get(at).and_then(|edge| calling.call(edge.expr));
        call.is_some_and(|call| call.arg(before).is_some() || call.keyword(module.str(name)).is_some())
    };
    let calls = callers.get(&project.graph.id(file, function));
    calls.is_some_and(|calls| calls.iter().all(gives))
}

fn check_file(handed: &Handed<'_, '_>, file: FileId, defaults: &Defaults, pages: &BrowserModules) -> Vec<Finding> {
    let project = handed.project;
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let table = project.code.data.of(module.language);
    let about = FileContext::of(project, file);
    let mut out = Vec::new();
    for (id, _) in module.function_ids() {
        for edge in &project.graph.function(project.graph.id(file, id)).edges {
            let (Some(name), Some(call)) = (edge.external.as_deref(), module.call(edge.expr)) else {
                continue;
            };
            let Some(facts) = table.timeout(name) else { continue };
            let is_short = facts
                .short_since
                .as_ref()
                .is_some_and(|(package, since)| project.asks_for_version(package, *since));
            let is_covered = defaults.axios && clients::takes_axios_default(name) || defaults.socket && clients::takes_socket_default(name);
            let silent = |why: &str| project.silent(ID, file, module.expr(edge.expr).span, || why);
            if is_covered {
                silent("a default that the project sets for all calls of the library covers it");
                continue;
            }
            if is_short {
                silent("the version that the manifest asks for gives up by itself");
                continue;
            }
            if is_guarded(&about, edge) {
                silent("something around the call ends the wait");
                continue;
            }
            if about.has_adapter(name) || makes_adapter(&eval, file, &call, name) || defaults.sessions.are_limited(file, name) {
                silent("an adapter with a timeout is named in the file, or where the session is made, which may have it");
                continue;
            }
            if entries::is_at_the_edge(module) || entries::is_for_workers(&eval, file) {
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
                TimeoutSetting::Set => {
                    silent("the call says how long it may take");
                    continue;
                }
                TimeoutSetting::Open => {
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
                TimeoutSetting::Never => None,
                TimeoutSetting::Missing if is_clients(table, name) || about.calls_tell(table, edge, name) => {
                    silent("its client takes the timeout, where that is made, or each call of the client brings its own");
                    continue;
                }
                TimeoutSetting::Missing => facts.default,
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

/// A call on a client that takes the timeout itself: where the client is made tells, and is reported.
fn is_clients(table: &LanguageData, name: &str) -> bool {
    is_call(name) && name.rsplit_once('.').is_some_and(|(client, _)| table.timeout(client).is_some())
}

struct Place<'a, 'p> {
    project: &'p Project,
    file: FileId,
    module: &'p Module,
    function: FunctionId,
    pages: &'p BrowserModules,
    about: &'a FileContext<'p>,
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
            || path.split('/').any(|part| List::BrowserExtensions.has(part))
            || List::BrowserFolders.has_folder(path)
            || name.ends_with(".fetch") && call.arg(0).is_some_and(|url| self.is_request(url))
    }

    /// `fetch(request)`: the request may carry a signal.
    fn is_request(&self, url: ExprId) -> bool {
        self.module.name(url).is_some_and(|name| name.to_ascii_lowercase().contains("req"))
    }

    /// Why a wait is left alone that has no bound. `waits` is the library's own one, in seconds.
    fn left_alone(&self, call: &Call<'_>, name: &str, waits: Option<f64>, reached: Reached) -> Option<&'static str> {
        match () {
            () if self.is_browser(call, name) => Some("it is a browser's request, which its user sees and can stop"),
            // What no server entry reaches may run in the browser.
            () if reached == Reached::Unknown && (self.pages.has(self.file) || *self.about.is_for_browsers) => {
                Some("no entry point of a server is known to reach it, and its file may run in a browser")
            }
            // Somebody watches a command, and its library gives up one day.
            () if reached == Reached::Command && waits.is_some() => Some("only a command reaches it, and its library gives up one day"),
            () if kept_requests::is_kept(&Evaluator::new(&self.project.code), self.file, call) => {
                Some("its framework keeps the answer and gives it to those who ask next")
            }
            () => None,
        }
    }

    /// The longest limit by which a server ends a request that keeps its worker, with the server's name.
    fn ends_with_worker(&self, holds_worker: bool, reached: Reached) -> Option<(&'static str, u32)> {
        let limits = self.project.deployment.limits.iter();
        let limits = limits.filter(|_| holds_worker && reached == Reached::Request);
        limits
            .map(|limit| (limit.program, limit.seconds))
            .filter(|(_, seconds)| (1..LONGEST_REQUEST).contains(seconds))
            .max_by_key(|(_, seconds)| *seconds)
    }

    fn finding(&self, call: &Call<'_>, name: &str, facts: &TimeoutFacts, waits: Option<f64>, setting: TimeoutSetting) -> Option<Finding> {
        let function = self.project.graph.id(self.file, self.function);
        let reach = reach::at(self.project, function, call.id);
        let reached = reach.level;
        let span = self.module.expr(call.id).span;
        if let Some(why) = self.left_alone(call, name, waits, reached) {
            self.project.silent(ID, self.file, span, || why);
            return None;
        }
        let confidence = if self.module.language.runs_in_browsers() && reached == Reached::Unknown {
            Confidence::Medium
        } else {
            Confidence::High
        };
        // On an event loop a socket and a promise are kept meanwhile, not a worker. A client that is only made here waits elsewhere.
        let holds_worker = !self.module.language.runs_on_event_loop();
        let until = self.ends_with_worker(holds_worker, reached);
        let holds_worker = holds_worker && waits.is_none();
        let cost = Cost::Endless { holds_worker, until };
        let argument = facts.arguments.first().map_or("timeout", String::as_str);
        let bound = bound(argument);
        // The system ends a connection that nobody answers, and the database is mostly near: readers of the code would mend one of eight.
        let is_near = matches!(bound, WaitBound::Connect);
        let less = usize::from(!is_call(name)) + usize::from(waits.is_some()) + 2 * usize::from(is_near);
        let judgement = priority::judge(&cost, &reach, confidence, less);
        let label = reach.label;
        let readable = evidence::readable(name);
        let mut finding = Finding::new(ID, judgement, confidence, self.project.place_in(function, span));
        let how_long = match (waits, until) {
            (None, _) if is_near => "minutes".to_owned(),
            (Some(seconds), _) => format!("up to {} min", seconds / 60.0),
            (None, Some((server, _))) => format!("until {server} ends its worker"),
            (None, None) => "for ever".to_owned(),
        };
        finding.title = format!("`{readable}` waits {how_long}: no `{argument}`");
        let why = if setting == TimeoutSetting::Never {
            format!("`{readable}` is told to wait for ever")
        } else if waits.is_some() {
            format!("`{readable}` is given no `{argument}`, and its own default is {how_long}")
        } else if is_near {
            format!(
                "`{readable}` is given no `{argument}`: the system gives up after some two minutes, and never on a server that accepts and is silent"
            )
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
        let called = name.rsplit('.').next().unwrap_or(name);
        let usual = if self.module.language.names_arguments() { "10" } else { "10_000" };
        // Where the program has a limit of its own for such calls, it is that.
        let own = is_call(name)
            .then(|| self.about.own_limits.at(self.module, self.function))
            .flatten();
        let value = facts.value.as_deref().or(own).unwrap_or(usual);
        finding.fix = advice(
            Advised::Bound(bound),
            language,
            &[("argument", argument), ("value", value), ("called", called)],
        );
        let signal = format!("AbortSignal.timeout({value})");
        finding.remedy = (setting == TimeoutSetting::Missing).then(|| {
            Remedy::Calls(vec![Rewrite {
                file: self.project.path(self.file).to_owned(),
                span,
                how: RewriteKind::Argument {
                    name: argument.to_owned(),
                    value: if argument == "signal" { signal } else { value.to_owned() },
                    position: facts.position,
                },
            }])
        });
        Some(finding)
    }
}

/// A request, not a client or a connection.
fn is_call(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.chars().next().is_some_and(char::is_lowercase) && !api_names::makes_client(last)
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

/// What a time limit in an argument of this name ends: the whole call, the connection, or a silent socket.
fn bound(argument: &str) -> WaitBound {
    match argument {
        "signal" => WaitBound::Signal,
        "connect_timeout" => WaitBound::Connect,
        "socket_timeout" => WaitBound::Socket,
        _ => WaitBound::Call,
    }
}
