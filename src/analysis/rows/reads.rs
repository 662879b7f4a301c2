//! What each function reads of the database, itself and through calls, as rows that its caller can compare.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::equivalence;
use super::keys::{self, RowKey};
use super::origin::{self, Root, ValueOrigin};
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::registry;
use crate::libraries::shared::collections::is_collection;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::handles;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::statement::Operation;
use crate::vocabulary::List;

/// How many calls a read may be away.
const LEVELS: usize = 3;
/// Reads that are kept of one function; what has more is told, see [`Limit::Reads`].
const MAX_READS: usize = 60;

/// One read of a function.
#[derive(Clone, Debug)]
pub struct RowRead {
    /// The query, or the call that leads to it.
    pub at: ExprId,
    /// The called function, where the query is not this function's own.
    pub via: Option<FnId>,
    /// The query, as an index into the graph's sites.
    pub site: usize,
    /// Which rows are read: the same key means the same rows.
    pub key: Arc<RowKey>,
    /// Nothing is changed in the called functions before it.
    pub clean_before: bool,
    /// Nothing is changed in the called functions after it.
    pub clean_after: bool,
    /// A called function keeps what it read, and may have it already.
    pub kept: bool,
}

/// The reads of all functions.
pub struct Reads<'p> {
    /// The project whose functions are read.
    pub project: &'p Project,
    changes: Vec<Changes>,
    /// By function.
    pub of: Vec<Vec<RowRead>>,
    /// Where each function does something, for those that were asked for.
    spots: Vec<OnceLock<Spots>>,
    nothing: Spots,
}

/// Where functions of a file may change what is stored, and which of them keep what they read.
#[derive(Default)]
struct Changes {
    calls: FxHashMap<FunctionId, Vec<(u32, u32)>>,
    keepers: FxHashSet<FunctionId>,
}

/// Offsets at which a function does something, each list sorted.
#[derive(Clone, Debug, Default)]
struct Spots {
    /// Statements and calls that write.
    writes: Vec<u32>,
    /// Those, and what lets time pass.
    changes: Vec<u32>,
    /// Calls that may change anything: where they begin and end.
    calls: Vec<(u32, u32)>,
}

impl Spots {
    fn has_call(&self, from: u32, to: u32) -> bool {
        let first = self.calls.partition_point(|&(start, _)| start < from);
        let mut inside = self.calls[first..].iter().take_while(|&&(start, _)| start <= to);
        inside.any(|&(_, end)| end <= to)
    }
}

/// Whether one of sorted offsets lies between two.
fn has_between(sorted: &[u32], from: u32, to: u32) -> bool {
    let first = sorted.partition_point(|&start| start < from);
    sorted.get(first).is_some_and(|&start| start < to)
}

impl<'p> Reads<'p> {
    /// Collects the row reads of all functions: those in its own statements first, then those of what it calls, callees before callers.
    pub fn new(project: &'p Project) -> Reads<'p> {
        let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
        let count = files.iter().map(|file| file.index() + 1).max().unwrap_or_default();
        let mut changes: Vec<Changes> = (0..count).map(|_| Changes::default()).collect();
        // Only what comes between two reads of a function is asked for.
        let reads_rows = |file: &FileId| {
            let functions = 0..project.code.module(*file).functions.len() as u32;
            let mut nodes = functions.map(|id| project.graph.function(project.graph.id(*file, FunctionId(id))));
            nodes.any(|node| node.effects.has(Effects::QUERY))
        };
        let asked: Vec<FileId> = files.iter().copied().filter(reads_rows).collect();
        for (file, found) in asked
            .into_par_iter()
            .map(|file| (file, changes_of(project, file)))
            .collect::<Vec<_>>()
        {
            if let Some(slot) = changes.get_mut(file.index()) {
                *slot = found;
            }
        }
        let mut reads = Reads {
            project,
            changes,
            of: vec![Vec::new(); project.graph.functions.len()],
            spots: vec![OnceLock::new(); project.graph.functions.len()],
            nothing: Spots::default(),
        };
        reads.of = reads.level(&files, &|eval, id| reads.own(eval, id));
        for _ in 0..LEVELS {
            reads.of = reads.level(&files, &|eval, id| reads.with_calls(eval, id));
        }
        reads
    }

    fn level(&self, files: &[FileId], of: &(dyn Fn(&Evaluator<'_>, FnId) -> Vec<RowRead> + Sync)) -> Vec<Vec<RowRead>> {
        let graph = &self.project.graph;
        let per_file = files.par_iter().map(|&file| {
            let eval = Evaluator::new(&self.project.code);
            let functions = self.project.code.module(file).functions.len() as u32;
            let ids = (0..functions).map(|id| graph.id(file, FunctionId(id)));
            ids.map(|id| {
                (
                    id,
                    if graph.function(id).effects.has(Effects::QUERY) {
                        of(&eval, id)
                    } else {
                        Vec::new()
                    },
                )
            })
            .collect::<Vec<_>>()
        });
        let mut out = vec![Vec::new(); graph.functions.len()];
        for (id, reads) in per_file.collect::<Vec<_>>().into_iter().flatten() {
            if let Some(slot) = out.get_mut(id.index()) {
                *slot = reads;
            }
        }
        out
    }

    fn own(&self, eval: &Evaluator<'_>, id: FnId) -> Vec<RowRead> {
        let node = self.project.graph.function(id);
        let mut out = Vec::new();
        self.tell_of_more(id, node.queries.len());
        for &index in node.queries.iter().take(MAX_READS) {
            let Some(site) = self.project.graph.sites.get(index) else {
                continue;
            };
            let Some(key) = keys::of_site(self.project, eval, site) else {
                continue;
            };
            out.push(RowRead {
                at: site.expr,
                via: None,
                site: index,
                key: Arc::new(key),
                clean_before: true,
                clean_after: true,
                kept: false,
            });
        }
        out
    }

    /// The function's own reads and those of the functions that it calls, as seen from it.
    fn with_calls(&self, eval: &Evaluator<'_>, id: FnId) -> Vec<RowRead> {
        let known = self.of.get(id.index()).map_or(&[][..], Vec::as_slice);
        let mut out: Vec<RowRead> = known.iter().filter(|read| read.via.is_none()).cloned().collect();
        let node = self.project.graph.function(id);
        let module = self.project.code.module(node.file);
        for edge in &node.edges {
            let Some(target) = self.followed(edge) else { continue };
            let Some(call) = module.call(edge.expr) else { continue };
            let callee = self.project.graph.function(target);
            let inner = self.of.get(target.index()).map_or(&[][..], Vec::as_slice);
            for read in inner {
                if out.len() >= MAX_READS {
                    self.tell_of_more(id, MAX_READS + 1);
                    return out;
                }
                out.extend(self.seen_from((eval, id), edge, (target, read), call, (callee.file, callee.id)));
            }
        }
        out.sort_by_key(|read| (module.expr(read.at).span.start, read.at, read.site));
        out
    }

    fn tell_of_more(&self, function: FnId, reads: usize) {
        if reads > MAX_READS {
            self.project.tell(Limit::Reads, function);
        }
    }

    fn seen_from(
        &self,
        (eval, id): (&Evaluator<'_>, FnId),
        edge: &Edge,
        (target, read): (FnId, &RowRead),
        call: Call<'_>,
        callee: (FileId, FunctionId),
    ) -> Option<RowRead> {
        let inside = self.project.code.module(callee.0);
        if !is_always(inside, read.at) {
            return None;
        }
        let node = self.project.graph.function(id);
        let mut key = (*read.key).clone();
        key.value = match key.equals.as_slice() {
            [
                (
                    _,
                    ValueOrigin {
                        root: Root::Param(index),
                        path,
                    },
                ),
            ] if path.is_empty() => origin::argument(inside, callee.1, *index, call),
            _ => None,
        };
        for (_, value) in &mut key.equals {
            *value = value.in_caller(eval, (node.file, node.id), call, callee)?;
        }
        let (whole, at) = (inside.function(callee.1).span, inside.expr(read.at).span);
        Some(RowRead {
            at: edge.expr,
            via: Some(target),
            site: read.site,
            key: Arc::new(key),
            clean_before: read.clean_before && !self.changes(target, whole.start, at.start),
            clean_after: read.clean_after && !self.changes(target, at.end, whole.end),
            kept: read.kept || self.keeps(callee),
        })
    }

    /// The function whose reads an edge brings.
    fn followed(&self, edge: &Edge) -> Option<FnId> {
        let [target] = edge.targets.as_slice() else { return None };
        let callee = self.project.graph.function(*target);
        let is_generator = self.project.code.module(callee.file).function(callee.id).is_generator;
        let follows = edge.kind == EdgeKind::Call && !edge.guessed && !callee.is_cached && !is_generator;
        follows.then_some(*target)
    }

    fn keeps(&self, (file, function): (FileId, FunctionId)) -> bool {
        self.changes
            .get(file.index())
            .is_some_and(|changes| changes.keepers.contains(&function))
    }

    /// Whether something of a function between two offsets can change what is stored, or lets time pass.
    pub fn changes(&self, function: FnId, from: u32, to: u32) -> bool {
        let spots = self.spots(function);
        has_between(&spots.changes, from, to) || spots.has_call(from, to)
    }

    /// Whether something of a function between two offsets can change what is stored.
    pub fn writes(&self, function: FnId, from: u32, to: u32) -> bool {
        let spots = self.spots(function);
        has_between(&spots.writes, from, to) || spots.has_call(from, to)
    }

    /// Where a function does something: found once, however many callers ask.
    fn spots(&self, function: FnId) -> &Spots {
        let found = self.spots.get(function.index());
        // Each function of the graph has a place.
        found.map_or(&self.nothing, |spots| spots.get_or_init(|| self.find_spots(function)))
    }

    fn find_spots(&self, function: FnId) -> Spots {
        let node = self.project.graph.function(function);
        let module = self.project.code.module(node.file);
        let mut spots = Spots::default();
        let sites = node.queries.iter().filter_map(|&site| self.project.graph.sites.get(site));
        for site in sites.filter(|site| site.query.statement.operation != Operation::Select) {
            let start = module.expr(site.expr).span.start;
            spots.writes.push(start);
            spots.changes.push(start);
        }
        for edge in &node.edges {
            let start = module.expr(edge.expr).span.start;
            let has = |wanted: Effects| {
                let mut targets = edge.targets.iter().map(|target| self.project.graph.function(*target).effects);
                edge.effects.has(wanted) || targets.any(|effects| effects.has(wanted))
            };
            if has(Effects::WRITE) {
                spots.writes.push(start);
                spots.changes.push(start);
            } else if has(Effects::SLEEP) || has(Effects::NETWORK) {
                spots.changes.push(start);
            }
        }
        let calls = self.changes.get(node.file.index()).and_then(|changes| changes.calls.get(&node.id));
        spots.calls = calls.cloned().unwrap_or_default();
        spots.calls.sort_unstable();
        spots.writes.sort_unstable();
        spots.changes.sort_unstable();
        spots
    }

    /// Pairs of reads of the same rows in one run of a function, the second of which brings nothing new. Only pairs
    /// that meet in this function: what repeats within a called one is told there.
    pub fn repeats(&self, id: FnId) -> Vec<(&RowRead, &RowRead)> {
        let node = self.project.graph.function(id);
        let module = self.project.code.module(node.file);
        let reads = self.of.get(id.index()).map_or(&[][..], Vec::as_slice);
        let mut out: Vec<(&RowRead, &RowRead)> = Vec::new();
        for (place, second) in reads.iter().enumerate() {
            let first = reads.iter().take(place).find(|first| self.is_repeat(id, module, first, second));
            if let Some(first) = first
                && !out.iter().any(|(_, known)| known.at == second.at)
            {
                out.push((first, second));
            }
        }
        out
    }

    fn is_repeat(&self, id: FnId, module: &Module, first: &RowRead, second: &RowRead) -> bool {
        let (one, two) = (module.expr(first.at).span, module.expr(second.at).span);
        one.end <= two.start
            && first.key.is_same(&second.key)
            && first.clean_after
            && second.clean_before
            && !second.kept
            && self.brings_nothing_new(first, second)
            && equivalence::always_before(module, first.at, second.at)
            && !self.changes(id, one.end, two.start)
    }

    fn brings_nothing_new(&self, first: &RowRead, second: &RowRead) -> bool {
        let sites = &self.project.graph.sites;
        let (Some(one), Some(two)) = (sites.get(first.site), sites.get(second.site)) else {
            return false;
        };
        self.is_trip(second) && two.query.eager.iter().all(|path| one.query.eager.contains(path))
    }

    /// Whether a read always asks the database (no identity map knows the row), and not for a lock.
    fn is_trip(&self, read: &RowRead) -> bool {
        let Some(site) = self.project.graph.sites.get(read.site) else {
            return false;
        };
        let module = self.project.code.module(site.file);
        let method = module.call(site.expr).and_then(|call| call.method());
        !registry::answers_from_memory(site.query.library, method) && !locks(module, site.expr)
    }

    /// Whether a read asks for the row alone: nothing is loaded along.
    pub fn is_plain(&self, read: &RowRead) -> bool {
        let site = self.project.graph.sites.get(read.site);
        site.is_some_and(|site| site.query.eager.is_empty()) && self.is_trip(read)
    }

    /// Whether a called function keeps what it read.
    pub fn may_have_it(&self, edge: Option<&Edge>) -> bool {
        let Some([target]) = edge.map(|edge| edge.targets.as_slice()) else {
            return false;
        };
        let callee = self.project.graph.function(*target);
        callee.is_cached || self.keeps((callee.file, callee.id))
    }
}

/// Whether a read locks its rows: it is there for the lock.
fn locks(module: &Module, expr: ExprId) -> bool {
    let mut open = vec![expr];
    while let Some(id) = open.pop() {
        let by_name = |name: &str| List::Locking.has(name);
        let found = match module.kind(id) {
            ExprKind::Attr { name, .. } => by_name(module.str(*name)),
            ExprKind::Call { args, .. } => args.iter().filter_map(|arg| arg.name).any(|name| by_name(module.str(name))),
            ExprKind::Str(text) => module.str(*text).to_ascii_lowercase().contains("for update"),
            ExprKind::Object(entries) => entries.iter().filter_map(|entry| module.string(entry.key?)).any(by_name),
            _ => false,
        };
        if found {
            return true;
        }
        open.extend(module.children(id));
    }
    false
}

/// Whether an expression runs whenever its function comes past its guards: in no branch, loop or handler.
fn is_always(module: &Module, expr: ExprId) -> bool {
    let mut below = Parent::Expr(expr);
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        let always = match at {
            Parent::Expr(id) => match module.kind(id) {
                ExprKind::Cond { test, .. } => below == Parent::Expr(*test),
                ExprKind::Binary { op, left, .. } if matches!(module.str(*op), "and" | "or" | "??") => below == Parent::Expr(*left),
                ExprKind::Comp(_) | ExprKind::Lambda(_) => false,
                _ => true,
            },
            Parent::Stmt(id) => match &module.stmt(id).kind {
                StmtKind::If { test, .. } => below == Parent::Expr(*test),
                StmtKind::Loop { iterable, .. } => Some(below) == iterable.map(Parent::Expr),
                StmtKind::Switch { subject, .. } => below == Parent::Expr(*subject),
                StmtKind::Try { body, .. } => matches!(below, Parent::Stmt(stmt) if body.contains(&stmt)),
                _ => true,
            },
            Parent::Function(_) => return true,
            Parent::Class(_) | Parent::None => false,
        };
        if !always {
            return false;
        }
        below = at;
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => module.stmt(id).parent,
            Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

fn changes_of(project: &Project, file: FileId) -> Changes {
    let eval = Evaluator::new(&project.code);
    let module = project.code.module(file);
    let mut out = Changes::default();
    // Asked once a name, and only for names of methods and of what is read.
    let mut changes: Vec<Option<bool>> = vec![None; module.strings.len()];
    let mut keepers = changes.clone();
    for (id, expr) in module.expr_ids() {
        match &expr.kind {
            ExprKind::Call { .. } => {
                let change = module.call(id).filter(|call| {
                    call.method_sym()
                        .is_some_and(|name| *changes[name.0 as usize].get_or_insert_with(|| is_change(module.str(name))))
                        && !is_local(&eval, file, *call)
                });
                if change.is_some() {
                    out.calls
                        .entry(module.owner(id))
                        .or_default()
                        .push((expr.span.start, expr.span.end));
                }
            }
            ExprKind::Name(name) | ExprKind::Attr { name, .. }
                if *keepers[name.0 as usize].get_or_insert_with(|| handles::keeps_results(module.str(*name))) =>
            {
                out.keepers.insert(module.owner(id));
            }
            _ => {}
        }
    }
    out
}

/// Whether a call only makes or changes a collection of the program: `seen.add(x)`, `set(xs)`.
fn is_local(eval: &Evaluator<'_>, file: FileId, call: Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else {
        return call.method() == Some("set");
    };
    // A connection is taken, not a lock.
    if call.method() == Some("acquire")
        && call
            .module
            .dotted(receiver)
            .is_some_and(|name| name.to_ascii_lowercase().contains("pool"))
    {
        return true;
    }
    match eval.value(file, receiver) {
        Value::Literal(..) | Value::Many(_) => true,
        value => value
            .library_name()
            .is_some_and(|name| is_collection(name.rsplit('.').next().unwrap_or(name))),
    }
}

/// Names of methods that change what is stored, whatever they are called on.
fn is_change(name: &str) -> bool {
    List::StoredChanges.has(&name.to_ascii_lowercase().replace("async", ""))
}
