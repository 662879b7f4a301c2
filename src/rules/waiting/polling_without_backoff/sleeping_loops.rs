//! Loops that ask, sleep and ask again.

use super::{Check, ID};
use crate::analysis::repeats::shape::in_handler;
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, LoopKind, Module, Parent, StmtId, StmtKind};
use crate::libraries::shared::api_names;
use crate::libraries::shared::polling::{self, Delay};
use crate::project::loops::{self, LoopVerdict};
use crate::source::Span;
use crate::vocabulary::List;

/// Branches in each other among which the way out of a loop is looked for.
const MAX_BRANCHES: u32 = 4;

/// A mailbox that can wake its reader may be given this long at least.
const SHORT_WAIT: f64 = 0.5;

impl Check<'_> {
    /// `while …: request(); sleep(2)`.
    pub(super) fn sleeping_loop(&mut self, id: StmtId) {
        let stmt = self.module.stmt(id);
        let StmtKind::Loop {
            kind: LoopKind::While,
            body,
            test,
            ..
        } = &stmt.kind
        else {
            return;
        };
        let exprs = self.inside(body);
        // The place to show is the loop's head: its test, or the first thing in it.
        let head = test.or_else(|| exprs.first().copied());
        let (project, file, module) = (self.project, self.file, self.module);
        let silent = |why: &str| {
            if let Some(head) = head {
                project.silent(ID, file, module.expr(head).span, || why);
            }
        };
        if self.mailbox(&exprs) {
            return silent("the loop waits at a mailbox that wakes it");
        }
        // A pause after an error is the way back, not the rhythm.
        let calm = exprs.iter().filter(|&&expr| !in_handler(self.module, expr));
        let Some((sleep, seconds)) = calm.into_iter().find_map(|&expr| self.sleep(expr)) else {
            return silent("the loop has no pause of a constant length");
        };
        if self.goes_on(sleep, stmt.span) {
            return self.silent(sleep, "the loop goes on with something else after the pause, or the pause grows");
        }
        if self.works_off(&exprs) || self.takes_work(&exprs) {
            return self.silent(sleep, "the loop takes work off a queue and does it");
        }
        if self.gives_up(sleep, id) {
            return self.silent(sleep, "the loop gives up after a number of rounds or a time");
        }
        let mut request = None;
        for &expr in exprs.iter().chain(test.iter()) {
            if expr == sleep {
                continue;
            }
            request = self.request_at(expr);
            if request.is_some() {
                break;
            }
        }
        let Some(request) = request else {
            return self.silent(sleep, "nothing in the loop is known to ask a server");
        };
        self.report(sleep, seconds, &request, false);
    }

    /// The sleep is of another rhythm than the loop's: page after page, batch after batch, or in a loop of its own that can be
    /// interrupted.
    fn goes_on(&self, sleep: ExprId, span: Span) -> bool {
        let around = loops::around(&self.eval, self.file, sleep);
        let is_inner = around.first().is_some_and(|inner| inner.span != span && span.encloses(inner.span));
        let own = around.iter().find(|around| around.span == span);
        is_inner || own.is_some_and(|own| matches!(own.verdict, LoopVerdict::Cursor | LoopVerdict::Chunk))
    }

    /// The sleep stands where something failed, in a handler that also leaves the loop: after so many tries it gives up.
    fn gives_up(&self, sleep: ExprId, repeated: StmtId) -> bool {
        let module = self.module;
        let mut below = None;
        let mut at = module.expr(sleep).parent;
        for _ in 0..Limit::Holders.count() {
            at = match at {
                Parent::Expr(id) => module.expr(id).parent,
                Parent::Stmt(id) if id == repeated => return false,
                Parent::Stmt(id) => {
                    if let (StmtKind::Try { handlers, .. }, Some(below)) = (&module.stmt(id).kind, below)
                        && let Some(handler) = handlers.iter().find(|handler| handler.contains(&below))
                    {
                        return handler.iter().any(|&stmt| leaves(module, stmt, 0));
                    }
                    below = Some(id);
                    module.stmt(id).parent
                }
                Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
            };
        }
        false
    }

    /// The loop's own test looks at the clock: `while (Date.now() - started < 10_000)`.
    pub(super) fn is_timed(&self, sleep: ExprId) -> bool {
        let module = self.module;
        let mut at = module.expr(sleep).parent;
        for _ in 0..Limit::Holders.count() {
            at = match at {
                Parent::Expr(id) => module.expr(id).parent,
                Parent::Stmt(id) => {
                    if let StmtKind::Loop {
                        kind: LoopKind::While,
                        test,
                        ..
                    } = module.stmt(id).kind
                    {
                        return test.is_some_and(|test| self.reads_clock(test));
                    }
                    module.stmt(id).parent
                }
                Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
            };
        }
        false
    }

    fn reads_clock(&self, test: ExprId) -> bool {
        let mut open = vec![test];
        while let Some(expr) = open.pop() {
            if self
                .module
                .call(expr)
                .and_then(|call| call.method())
                .is_some_and(|name| List::Clocks.has(name))
            {
                return true;
            }
            open.extend(self.module.children(expr));
        }
        false
    }

    /// `item = await queue.get()`: the loop waits for the next piece of work and asks nobody for it.
    fn takes_work(&self, exprs: &[ExprId]) -> bool {
        exprs.iter().any(|&expr| {
            let Some(call) = self.module.call(expr) else { return false };
            let takes = call.method().is_some_and(api_names::takes_from_queue);
            let receiver = call.receiver().map(|receiver| self.module.kind(receiver));
            let is_queue =
                matches!(receiver, Some(ExprKind::Name(name) | ExprKind::Attr { name, .. }) if List::Queues.has(self.module.str(*name)));
            takes && is_queue && call.args.iter().all(|arg| arg.name.is_some())
        })
    }

    /// Each round removes or changes what it has found: the next round finds other rows.
    fn works_off(&self, exprs: &[ExprId]) -> bool {
        exprs.iter().any(|&expr| {
            let method = self.module.call(expr).and_then(|call| call.method());
            method.is_some_and(|method| List::WorkingOff.has(method))
        })
    }

    /// `while True: message = pubsub.get_message()`: asks a mailbox that could wake it, with no pause or a very short one.
    fn mailbox(&mut self, exprs: &[ExprId]) -> bool {
        let asks = exprs.iter().copied().find(|&expr| {
            let Some(call) = self.module.call(expr).filter(|call| call.method() == Some("get_message")) else {
                return false;
            };
            let receiver = call
                .receiver()
                .and_then(|receiver| self.module.dotted(receiver))
                .unwrap_or_default();
            receiver.to_ascii_lowercase().contains("pubsub")
        });
        let Some((ask, call)) = asks.and_then(|ask| Some((ask, self.module.call(ask)?))) else {
            return false;
        };
        let wait = match call.keyword("timeout").map(|timeout| self.constant(timeout)) {
            None => 0.0,
            Some(Some(seconds)) => seconds,
            Some(None) => return false,
        };
        let pause = exprs.iter().find_map(|&expr| self.sleep(expr)).map_or(0.0, |(_, seconds)| seconds);
        if wait + pause < SHORT_WAIT {
            let words = "`get_message`".to_owned();
            let request = self.finish(self.project.graph.id(self.file, self.module.owner(ask)), ask, words, &[]);
            self.report(ask, wait + pause, &request, false);
        }
        true
    }

    /// All calls in statements, lambdas that run where they stand included.
    fn inside(&self, body: &[StmtId]) -> Vec<ExprId> {
        let mut out = Vec::new();
        let (Some(&first), Some(&last)) = (body.first(), body.last()) else {
            return out;
        };
        let span = Span {
            start: self.module.stmt(first).span.start,
            end: self.module.stmt(last).span.end,
        };
        let start = |id: ExprId| self.module.expr(id).span.start;
        let calls = self.calls.get_or_init(|| {
            let mut all: Vec<ExprId> = self.module.call_ids().collect();
            all.sort_by_key(|&id| start(id));
            all
        });
        let (from, to) = (
            calls.partition_point(|&id| start(id) < span.start),
            calls.partition_point(|&id| start(id) < span.end),
        );
        out.extend(calls[from..to].iter().filter(|&&id| span.encloses(self.module.expr(id).span)));
        out.sort_unstable();
        out
    }

    /// A sleep of a constant time: the call and its seconds.
    fn sleep(&self, expr: ExprId) -> Option<(ExprId, f64)> {
        let call = self.module.call(expr)?;
        let value = self.eval.value(self.file, call.callee);
        let name = value
            .library_name()
            .map_or_else(|| call.method().unwrap_or("").to_owned(), ToOwned::to_owned);
        let seconds = match polling::delay(self.module, &name, &call)? {
            Delay::Seconds(arg) => self.constant(arg)?,
            Delay::Milliseconds(arg) => self.constant(arg)? / 1000.0,
        };
        (seconds > 0.0).then_some((expr, seconds))
    }
}

/// Whether a statement leaves the loop around it, in one of its branches.
fn leaves(module: &Module, stmt: StmtId, depth: u32) -> bool {
    match module.stmt(stmt).kind {
        StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise(_) => true,
        StmtKind::If { .. } if depth < MAX_BRANCHES => module
            .stmt_blocks(stmt)
            .into_iter()
            .flatten()
            .any(|&stmt| leaves(module, stmt, depth + 1)),
        _ => false,
    }
}
