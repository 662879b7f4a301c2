//! Where a statement reaches a database: at a chain of calls, and where a lazy query is iterated, counted or awaited.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::QuerySite;
use super::awaited::is_awaited;
use super::file::FileBuilder;
use super::lazy_reads::{self, Runs};
use crate::ir::{Branch, Call, ExprId, ExprKind, FunctionId, Module, Parent, Sym};
use crate::libraries::registry;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::statement::RowLimit;

/// How deep a value is looked into for what was waited for.
const MAX_DEPTH: u32 = 12;

impl FileBuilder<'_> {
    /// Finds all sites of the file.
    pub(super) fn find_sites(&mut self) {
        let module = self.module;
        let outermost: Vec<ExprId> = module.call_ids().filter(|&id| !is_chained(module, id)).collect();
        // As the source has them first: a query that statements build one after the other is known before what builds on it.
        let mut in_order = outermost.clone();
        in_order.sort_by_key(|&call| module.expr(call).span.start);
        for call in in_order {
            self.eval.query_at(self.file, call);
        }
        for &call in &outermost {
            self.find_site(call);
        }
        self.find_iterated();
    }

    /// Finds the query that a chain runs: at its outermost recognised call.
    fn find_site(&mut self, outermost: ExprId) {
        let mut at = Some(outermost);
        while let Some(id) = at {
            let Some(call) = self.module.call(id) else { return };
            if let Some(query) = self.eval.query_at(self.file, id) {
                self.claim(id);
                if query.executed && !query.fetch {
                    self.add_site(id, query);
                } else if query.fetch {
                    // A helper that gives what it has run: the statement is the one that it is given here.
                    self.add_specialised(id);
                }
                return;
            }
            self.add_specialised(id);
            at = inner_call(self.module, &call);
        }
    }

    fn add_specialised(&mut self, call: ExprId) {
        for query in self.eval.specialised_sites(self.file, call) {
            self.add_site(call, query);
        }
    }

    fn claim(&mut self, id: ExprId) {
        let Some(call) = self.module.call(id) else { return };
        // A helper of the project does what it does besides, whatever query it gives. One that a library's recogniser knows is a step of
        // the library's, as a method that wraps a driver's.
        let is_helper = |call: &Call<'_>| {
            !self.eval.is_recognised(self.file, call.id) && matches!(self.eval.value(self.file, call.callee), Value::Function(..))
        };
        let library: Vec<ExprId> = call.chain().iter().filter(|call| !is_helper(call)).map(|call| call.id).collect();
        self.claimed.extend(library);
    }

    fn add_site(&mut self, expr: ExprId, query: Arc<Query>) {
        let owner = self.module.owner(expr);
        let site = self.out.sites.len();
        self.out.functions[owner.index()].1.push(site);
        self.out.sites.push(QuerySite {
            file: self.file,
            expr,
            function: self.fn_id(self.file, owner),
            span: self.module.expr(expr).span,
            query,
            awaited: is_awaited(self.module, expr),
            held: false,
        });
    }

    /// Lazy queries run where they are iterated, counted or awaited.
    fn find_iterated(&mut self) {
        let mut kept = Kept::default();
        for (place, runs) in lazy_reads::find(&self.eval, self.file) {
            let Some(query) = self.eval.query_at(self.file, place).filter(|query| !query.executed) else {
                continue;
            };
            if registry::keeps_rows(query.library) && self.is_kept(&mut kept, place, runs) {
                continue;
            }
            let is_promise = registry::runs_when_awaited(&query);
            let is_run = match runs {
                Runs::Any => true,
                Runs::Iterable | Runs::First => registry::is_lazy_iterable(&query),
                // A step of a longer chain runs with it.
                Runs::Promise => is_promise && !(self.module.call(place).is_some() && self.eval.is_recognised(self.file, place)),
            };
            if !is_run || is_promise && self.has_run(place) {
                continue;
            }
            self.claim(place);
            let changed = self.eval.changed_in_place(self.file, place, &query);
            let run = run_by(runs, (*changed.unwrap_or(query)).clone());
            self.add_site(place, Arc::new(run));
        }
        self.find_iterated_by_helpers(&mut kept);
    }

    /// Lazy queries that a call hands to a helper, which goes over them: `export(Boat.objects.filter(dock=dock))`.
    fn find_iterated_by_helpers(&mut self, kept: &mut Kept) {
        let module = self.module;
        for call in module.call_ids() {
            let reads = |eval: &Evaluator<'_>, at: FileId, function: FunctionId| {
                let found = lazy_reads::find_in(eval, at, function).into_iter();
                found.filter(|(_, runs)| *runs != Runs::Promise).collect()
            };
            for (runs, given, query) in self.eval.specialised_reads(self.file, call, reads) {
                if runs != Runs::Any && !registry::is_lazy_iterable(&query) {
                    continue;
                }
                let is_kept = |place: ExprId| registry::keeps_rows(query.library) && self.is_kept(kept, place, runs);
                if given.is_some_and(is_kept) {
                    continue;
                }
                self.add_site(call, Arc::new(run_by(runs, query)));
            }
        }
    }
}

/// A lazy query as it is run where its rows are read.
fn run_by(runs: Runs, mut query: Query) -> Query {
    query.executed = true;
    if runs == Runs::First {
        query.statement.limit = RowLimit::One;
        query.outcome = Outcome::One;
    }
    query
}

/// Queries whose rows a name holds from some place on: by the name and the query, and the branch in which it was read as a whole.
type Kept = FxHashSet<(FunctionId, Sym, (FileId, ExprId), Branch)>;

impl FileBuilder<'_> {
    /// Whether a name's query object was read as a whole before it comes here, so that it has its rows: the second `for` over one asks
    /// nothing. Notes a whole read for those that follow.
    fn is_kept(&self, kept: &mut Kept, place: ExprId, runs: Runs) -> bool {
        let ExprKind::Name(name) = *self.module.kind(place) else {
            return false;
        };
        let Value::Query(at, made) = self.eval.value(self.file, place) else {
            return false;
        };
        let key = |branch: Branch| (self.module.owner(place), name, (at, made), branch);
        let branches = self.module.branches_around(place);
        if branches.iter().any(|&branch| kept.contains(&key(branch))) {
            return true;
        }
        if runs != Runs::First
            && let Some(&branch) = branches.first()
        {
            kept.insert(key(branch));
        }
        false
    }

    /// Whether a builder ran before it comes here: a name holds what was awaited, or an asynchronous function of the project gives it, which
    /// waits for what it gives back.
    fn has_run(&self, place: ExprId) -> bool {
        let module = self.module;
        let bound = self.eval.alternatives(self.file, place);
        if let Some(&(at, value)) = bound.last() {
            return is_waited(self.eval.module(at), value, 0);
        }
        let Some(call) = module.call(module.unawaited(place)) else {
            return false;
        };
        match self.eval.value(self.file, call.callee) {
            Value::Function(at, function) => self.eval.module(at).function(function).is_async,
            _ => false,
        }
    }
}

/// Whether a value, or one that it may be, was waited for: `await q`, `fresh ? await q : []`, `(await q) ?? []`.
fn is_waited(module: &Module, value: ExprId, depth: u32) -> bool {
    let inner = |expr: ExprId| depth < MAX_DEPTH && is_waited(module, expr, depth + 1);
    match *module.kind(value) {
        ExprKind::Await(_) => true,
        ExprKind::Cond { then, orelse, .. } => inner(then) || inner(orelse),
        ExprKind::Binary { left, right, .. } => inner(left) || inner(right),
        _ => false,
    }
}

/// Whether a call's result is at once called upon: it is not its chain's outermost call.
fn is_chained(module: &Module, id: ExprId) -> bool {
    let mut parent = module.expr(id).parent;
    while let Parent::Expr(at) = parent {
        match module.kind(at) {
            ExprKind::Await(_) => parent = module.expr(at).parent,
            ExprKind::Attr { .. } => {
                let Parent::Expr(outer) = module.expr(at).parent else {
                    return false;
                };
                return match module.kind(outer) {
                    ExprKind::Call { callee, .. } => *callee == at,
                    ExprKind::Attr { .. } => is_chained(module, at),
                    _ => false,
                };
            }
            _ => return false,
        }
    }
    false
}

fn inner_call(module: &Module, call: &Call<'_>) -> Option<ExprId> {
    let mut at = call.receiver()?;
    loop {
        at = module.unawaited(at);
        match module.kind(at) {
            ExprKind::Call { .. } => return Some(at),
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => at = *base,
            _ => return None,
        }
    }
}
