//! `sequential-awaits`: waits that follow one another though none needs what the one before brought.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::advice::texts::{Advised, Gather, advice};
use crate::analysis::Analyses;
use crate::analysis::waits::{self, FileIo, Io, IoKind};
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::judge::cost::{self, Cost, Unit};
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::shared::api_names;
use crate::libraries::shared::objects;
use crate::libraries::shared::query_hooks::is_refresh;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::source::Span;
use crate::vocabulary::List;

const ID: &str = "sequential-awaits";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files.into_par_iter().flat_map_iter(|file| check_file(run, file)).collect()
}

fn check_file(run: &Analyses<'_>, file: FileId) -> Vec<Finding> {
    let project = run.project;
    let module = project.code.module(file);
    let awaits = module.exprs.iter().filter(|expr| matches!(expr.kind, ExprKind::Await(_))).count();
    if awaits < 2 {
        return Vec::new();
    }
    let Some(io) = run.waits(file) else { return Vec::new() };
    let search = Search {
        project,
        file,
        module,
        io,
        eval: Evaluator::new(&project.code),
    };
    let mut out = Vec::new();
    for (id, function) in module.function_ids() {
        if id == FunctionId::MODULE {
            continue;
        }
        let mut open: Vec<&[StmtId]> = vec![&function.body];
        while let Some(block) = open.pop() {
            search.block(block, &mut out);
            for &stmt in block {
                open.extend(module.stmt_blocks(stmt));
            }
        }
    }
    out.into_iter().filter_map(|group| search.finding(&group)).collect()
}

/// One wait of a group.
#[derive(Clone, Debug)]
struct Wait {
    at: ExprId,
    span: Span,
    owner: FunctionId,
    io: Io,
    callee: String,
    /// Guards that may leave and stand before it.
    guards: usize,
}

struct Search<'p> {
    project: &'p Project,
    file: FileId,
    module: &'p Module,
    io: &'p FileIo<'p>,
    eval: Evaluator<'p>,
}

/// What has been met in a block since the last thing that binds.
#[derive(Default)]
struct State {
    group: Vec<Wait>,
    /// Names that hold something of the group's results.
    tainted: FxHashSet<Sym>,
    /// Guards so far that look at a result and may leave.
    guards: usize,
}

impl Search<'_> {
    /// Finds the groups of one block.
    fn block(&self, block: &[StmtId], out: &mut Vec<Vec<Wait>>) {
        let mut state = State::default();
        for &stmt in block {
            self.statement(stmt, &mut state, out);
        }
        self.flush(&mut state, out);
    }

    fn statement(&self, id: StmtId, state: &mut State, out: &mut Vec<Vec<Wait>>) {
        let stmt = self.module.stmt(id);
        match &stmt.kind {
            StmtKind::Expr(value) => self.waits(*value, None, stmt.span, true, state, out),
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => self.waits(*value, Some(*target), stmt.span, false, state, out),
            StmtKind::Return(Some(value)) => {
                self.waits(*value, None, stmt.span, false, state, out);
                self.flush(state, out);
            }
            StmtKind::Try {
                body, handlers, finally, ..
            } if finally.is_empty() => match body.as_ref() {
                // `try { labels = await load() } catch { log() }`.
                &[only] if !self.leaves_any(handlers.iter().flat_map(|block| block.iter().copied())) && self.is_plain(only) => {
                    self.statement(only, state, out);
                }
                _ => self.other(id, state, out),
            },
            StmtKind::Function(_) | StmtKind::Class(_) => {}
            _ => self.other(id, state, out),
        }
    }

    /// Ends a group.
    fn flush(&self, state: &mut State, out: &mut Vec<Vec<Wait>>) {
        if let [only] = state.group.as_slice() {
            self.silent(
                only.span,
                "no wait beside it could run at the same time: what is there needs its result, or keeps its order",
            );
        }
        if state.group.len() > 1 {
            out.push(std::mem::take(&mut state.group));
        }
        *state = State::default();
    }

    fn silent(&self, span: Span, why: &str) {
        self.project.silent(ID, self.file, span, || why);
    }

    /// A wait that keeps the order of what stands around it.
    fn bound(&self, at: ExprId, why: &str) -> Judged {
        self.silent(self.module.expr(at).span, why);
        Judged::Binds
    }

    fn is_plain(&self, stmt: StmtId) -> bool {
        matches!(self.module.stmt(stmt).kind, StmtKind::Expr(_) | StmtKind::Assign { .. })
    }

    /// A statement with blocks: a guard, a loop.
    fn other(&self, id: StmtId, state: &mut State, out: &mut Vec<Vec<Wait>>) {
        let span = self.module.stmt(id).span;
        let uses = self.uses(span, &state.tainted);
        let is_guard = uses && self.leaves_any(std::iter::once(id));
        if self.io.has_await(span) {
            match self.only_reads(id, state) {
                Some(set) => state.tainted.extend(set),
                None => self.flush(state, out),
            }
        } else if is_guard && self.binds(id, state) {
            self.flush(state, out);
        } else if is_guard {
            state.guards += 1;
        } else if uses {
            state.tainted.extend(self.io.names(span));
        }
    }

    /// What a branch sets that asks something of its own and then goes on: `if (owner) { plan = await planOf(owner) }`. What stands
    /// behind it and uses none of that could have been started with what stands before it. `None` where it may leave, or changes
    /// something.
    fn only_reads(&self, id: StmtId, state: &State) -> Option<Vec<Sym>> {
        if state.group.is_empty() || !matches!(self.module.stmt(id).kind, StmtKind::If { .. }) || self.leaves_any(std::iter::once(id)) {
            return None;
        }
        let span = self.module.stmt(id).span;
        let reads = self.io.awaits_in(span).all(|at| {
            let ExprKind::Await(inner) = *self.module.kind(at) else {
                return true;
            };
            let is_discarded =
                matches!(self.module.expr(at).parent, Parent::Stmt(stmt) if matches!(self.module.stmt(stmt).kind, StmtKind::Expr(_)));
            match self.wait(at, inner, is_discarded, state.guards) {
                Judged::Neutral => true,
                Judged::Wait(wait) => wait.io.kind == IoKind::Read,
                Judged::Binds => false,
            }
        });
        reads.then(|| self.set_in(id))
    }

    /// The names that statements bind or may change.
    fn set_in(&self, id: StmtId) -> Vec<Sym> {
        let (mut open, mut out) = (vec![id], Vec::new());
        while let Some(id) = open.pop() {
            match self.module.stmt(id).kind {
                StmtKind::Assign { target, .. } => out.extend(self.targets(target)),
                StmtKind::Expr(value) => out.extend(self.io.names(self.module.expr(value).span)),
                _ => {}
            }
            for block in self.module.stmt_blocks(id) {
                open.extend(block.iter().copied());
            }
        }
        out
    }

    /// Whether what follows a guard must stay after it: it refuses those who may not ask, or does more than leave.
    fn binds(&self, id: StmtId, state: &State) -> bool {
        let StmtKind::If { then, orelse, .. } = &self.module.stmt(id).kind else {
            return true;
        };
        let is_plain = orelse.is_empty()
            && then.len() <= 2
            && then.iter().all(|&inner| {
                matches!(
                    self.module.stmt(inner).kind,
                    StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Expr(_)
                )
            });
        // `if (!hasAccess(user, workspaceId))`: the look itself decides who may ask.
        let StmtKind::If { test, .. } = self.module.stmt(id).kind else {
            return true;
        };
        let refuses = self
            .io
            .names(self.module.expr(test).span)
            .any(|name| waits::admits(self.module.str(name)))
            || self.calls_admitting(test);
        !is_plain || refuses || state.group.iter().any(|wait| waits::admits(&wait.callee))
    }

    /// Whether a test calls something that decides who may ask.
    fn calls_admitting(&self, test: ExprId) -> bool {
        let mut open = vec![test];
        while let Some(id) = open.pop() {
            if self.module.call(id).and_then(|call| call.method()).is_some_and(waits::admits) {
                return true;
            }
            open.extend(self.module.children(id));
        }
        false
    }

    /// The awaits of one expression, in order.
    fn waits(&self, value: ExprId, target: Option<ExprId>, span: Span, is_discarded: bool, state: &mut State, out: &mut Vec<Vec<Wait>>) {
        let found = self.outermost_awaits(value);
        if found.is_empty() {
            self.plain(value, target, span, state, out);
            return;
        }
        let has_branch = self.is_branch(value);
        for &at in &found {
            let ExprKind::Await(inner) = *self.module.kind(at) else { continue };
            let discarded = is_discarded && at == value;
            let place = if has_branch {
                self.module.expr(value).span
            } else {
                self.module.expr(at).span
            };
            let depends = self.uses(place, &state.tainted);
            let wait = self.wait(at, inner, discarded, state.guards);
            let counts = matches!(wait, Judged::Wait(_));
            match wait {
                Judged::Neutral => {}
                Judged::Binds => self.flush(state, out),
                // Somebody has thought about what runs together: a check first, then all the rest at once.
                Judged::Wait(wait) if depends || wait.guards > 0 && is_together(&wait.callee) => {
                    self.flush(state, out);
                    state.group.push(wait);
                }
                Judged::Wait(wait) => {
                    let fits = state.group.last().is_none_or(|last| fits(last, &wait));
                    if !fits || has_branch && found.len() > 1 && at != found[0] {
                        if has_branch && at != found[0] {
                            continue;
                        }
                        self.flush(state, out);
                    }
                    state.group.push(wait);
                }
            }
            // `getOrderOrThrow(id)` is its own guard.
            state.guards += usize::from(state.group.last().is_some_and(|last| last.callee.ends_with("OrThrow")));
            if let Some(target) = target.filter(|_| counts || depends) {
                state.tainted.extend(self.targets(target));
            }
        }
    }

    /// A statement that waits for nothing.
    fn plain(&self, value: ExprId, target: Option<ExprId>, span: Span, state: &mut State, out: &mut Vec<Vec<Wait>>) {
        if !self.uses(self.module.expr(value).span, &state.tainted) {
            return;
        }
        if let Some(target) = target {
            state.tainted.extend(self.targets(target));
            return;
        }
        let callee = self.module.call(value).and_then(|call| call.method()).unwrap_or("");
        if waits::is_check(callee) || api_names::leaves(callee) {
            self.flush(state, out);
        } else if !self.is_log(value) {
            state.tainted.extend(self.io.names(span));
        }
    }

    fn wait(&self, at: ExprId, inner: ExprId, is_discarded: bool, guards: usize) -> Judged {
        let callee = self.module.call(inner).and_then(|call| call.method()).unwrap_or("");
        if waits::is_check(callee) && !self.io.is_statement(inner) {
            return self.bound(at, "its name says that it refuses by throwing: what follows must stay behind it");
        }
        let is_cache = self.is_cache_removal(inner, callee);
        let io = self.io.awaited(inner).or_else(|| is_cache.then(|| Io::guessed_write(callee)));
        let Some(io) = io else {
            if is_discarded || waits::is_changing(callee) {
                return self.bound(at, "it may change something: its name says so, or nobody uses its result");
            }
            self.silent(self.module.expr(at).span, "what it awaits is not known to ask another machine");
            return Judged::Neutral;
        };
        let repeats = is_refresh(callee) || is_removal(callee) || is_cache;
        if is_discarded && !repeats && io.kind == IoKind::Read {
            return self.bound(at, "nobody uses what it reads, so it is there for what it does besides");
        }
        if self.io.shares_handle(&self.eval, self.file, inner) {
            return self.bound(at, "it runs on one transaction or connection, which does one thing at a time");
        }
        if io.kind == IoKind::Write && !repeats {
            return self.bound(at, "it changes something, so its order matters");
        }
        if !self.module.language.has_pooled_handles() && (io.is_query || io.is_guess || io.kind == IoKind::Write) {
            return self.bound(at, "it may go through a session or a connection, which does one thing at a time");
        }
        Judged::Wait(Wait {
            at,
            span: self.module.expr(at).span,
            owner: self.module.owner(at),
            io,
            callee: callee.to_owned(),
            guards,
        })
    }

    /// `cache.remove(key)`.
    fn is_cache_removal(&self, inner: ExprId, callee: &str) -> bool {
        let receiver = self.module.call(inner).and_then(|call| call.receiver());
        let handle = receiver.and_then(|receiver| objects::last_name(self.module, receiver));
        api_names::removes_entry(callee) && handle.is_some_and(|name| List::Caches.has(name))
    }

    fn uses(&self, span: Span, names: &FxHashSet<Sym>) -> bool {
        !names.is_empty() && self.io.names(span).any(|name| names.contains(&name))
    }

    /// The names that a pattern binds, or the root of what it changes.
    fn targets(&self, target: ExprId) -> Vec<Sym> {
        self.io.names(self.module.expr(target).span).collect()
    }

    fn is_log(&self, value: ExprId) -> bool {
        let path = self.module.call(value).and_then(|call| self.module.dotted(call.callee));
        path.is_some_and(|path| List::Loggers.has(path.rsplit_once('.').map_or(path.as_str(), |(handle, _)| handle)))
    }

    /// `cond ? await a() : await b()`, `a && await b()`: one of them runs.
    fn is_branch(&self, value: ExprId) -> bool {
        matches!(self.module.kind(value), ExprKind::Cond { .. })
            || matches!(self.module.kind(value), ExprKind::Binary { op, .. } if matches!(self.module.str(*op), "and" | "or" | "??"))
    }

    /// Awaits of the statement's own function, without those inside others.
    fn outermost_awaits(&self, value: ExprId) -> Vec<ExprId> {
        let mut out = Vec::new();
        let mut open = vec![value];
        while let Some(id) = open.pop() {
            if matches!(self.module.kind(id), ExprKind::Await(_)) {
                out.push(id);
                continue;
            }
            // What a comprehension awaits is a loop's.
            if matches!(self.module.kind(id), ExprKind::Comp(_)) {
                continue;
            }
            let mut children = self.module.children(id);
            children.reverse();
            open.extend(children);
        }
        out
    }

    /// Whether statements can leave the block: return, throw, break, a redirect.
    fn leaves_any(&self, stmts: impl Iterator<Item = StmtId>) -> bool {
        let mut open: Vec<StmtId> = stmts.collect();
        while let Some(id) = open.pop() {
            match &self.module.stmt(id).kind {
                StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Break | StmtKind::Continue => return true,
                StmtKind::Expr(value) => {
                    let callee = self.module.call(*value).and_then(|call| call.method()).unwrap_or("");
                    if waits::is_check(callee) || List::Leaving.has(callee) {
                        return true;
                    }
                }
                _ => {}
            }
            for block in self.module.stmt_blocks(id) {
                open.extend(block.iter().copied());
            }
        }
        false
    }

    fn finding(&self, group: &[Wait]) -> Option<Finding> {
        let (first, last) = (group.first()?, group.last()?);
        if group.len() < 2 {
            return None;
        }
        let function = self.project.graph.id(self.file, first.owner);
        let reach = reach::at(self.project, function, first.at);
        let reached = reach.level;
        let is_guess = group.iter().any(|wait| wait.io.is_guess);
        // After a guard the second wait is wasted when the guard leaves: a matter of taste, and worth a word.
        let is_guarded = last.guards > first.guards;
        // Two doubts at once are no finding, and a job that leaves early saves more than it loses.
        let silent = |why: &str| group.iter().for_each(|wait| self.silent(wait.span, why));
        if is_guarded && (is_guess || reached != Reached::Request) {
            // Those behind the last guard wait for one another whatever it says, and so do those before it.
            let behind = group.iter().position(|wait| wait.guards == last.guards).unwrap_or(0);
            if let Some(found) = self.finding(&group[behind..]).or_else(|| self.finding(&group[..behind])) {
                return Some(found);
            }
            silent("a guard between the waits may leave, and that they gain anything is not sure");
            return None;
        }
        match reached {
            Reached::Startup | Reached::Command => {
                silent("only start-up code or a command reaches it");
                return None;
            }
            Reached::Unknown if waits::is_script(self.project, self.file) => {
                silent("it stands in a script, a command or a migration");
                return None;
            }
            _ => {}
        }
        let confidence = if is_guess || is_guarded {
            Confidence::Medium
        } else {
            Confidence::High
        };
        let span = Span {
            start: first.span.start,
            end: last.span.end,
        };
        let is_statement = |wait: &Wait| wait.io.is_query || is_removal(&wait.callee);
        let cost = Cost::Trips {
            what: if group.iter().all(is_statement) {
                cost::statement(self.project)
            } else {
                Unit::Request
            },
            saved: group.len() - 1,
        };
        // Some milliseconds for one request each: of thirteen such places on the way of requests readers of the code would change three.
        let less = 1 + usize::from(is_guarded || is_guess);
        let judgement = priority::judge(&cost, &reach, confidence, less);
        let label = reach.label;
        let mut finding = Finding::new(ID, judgement, confidence, self.project.place_in(function, span));
        finding.title = format!("{} independent waits one after another", group.len());
        finding.message = format!(
            "{} are awaited one after another, and none of them uses what the ones before brought.{}",
            list(group),
            label.as_deref().map(|label| format!(" Reached from {label}.")).unwrap_or_default()
        );
        if is_guarded {
            finding
                .message
                .push_str(" A guard in between leaves early; the later waits need nothing of what it looks at.");
        }
        finding.impact = format!(
            "the sum of {} waits where the longest would do{}",
            group.len(),
            evidence::reach_words(label.as_deref())
        );
        finding.subject = group.iter().map(|wait| wait.callee.as_str()).collect::<Vec<_>>().join(", ");
        finding.related = evidence::path_to_place(self.project, function, first.at);
        for wait in group {
            finding.relate(
                self.project.place_in(function, wait.span),
                Role::Evidence,
                format!("awaits {}", wait.io.words),
            );
        }
        finding.fix = advice(Advised::Gather(Gather::Steps), self.module.language.name(), &[]);
        Some(finding)
    }
}

enum Judged {
    /// Nothing that counts, and nothing that binds.
    Neutral,
    /// What follows must stay after it.
    Binds,
    /// A wait that others may overlap.
    Wait(Wait),
}

/// Deleting several keys: in any order.
fn is_removal(callee: &str) -> bool {
    api_names::removes_key(callee)
}

fn is_together(callee: &str) -> bool {
    api_names::waits_for_all(callee)
}

/// Refreshes go with refreshes, reads with reads.
fn fits(last: &Wait, next: &Wait) -> bool {
    let is_discarded = |wait: &Wait| is_refresh(&wait.callee) || is_removal(&wait.callee) || wait.io.kind == IoKind::Write;
    is_discarded(last) == is_discarded(next) && last.owner == next.owner
}

fn list(group: &[Wait]) -> String {
    let mut words: Vec<&str> = group.iter().map(|wait| wait.io.words.as_str()).collect();
    let rest = words.len().saturating_sub(4);
    words.truncate(4);
    let mut text = words.join(", ");
    if rest > 0 {
        text.push_str(&format!(" and {rest} more"));
    }
    text
}
