//! Queries and writes in loops: the search that `n-plus-one` and `unbatched-write` share.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::bounds::{self, Bound};
use super::evidence::{self, Reached, capped, lower};
use crate::finding::{Confidence, Finding, Priority, Related, Role};
use crate::ir::{ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtId, StmtKind};
use crate::libraries::data::Effects;
use crate::libraries::row_methods::{self, RowMethod};
use crate::libraries::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId, QuerySite};
use crate::project::loops::{self, Loop, LoopForm, Verdict};
use crate::project::rows::{self, RelationRead};
use crate::source::Span;
use crate::statement::{Limit, Operation};

const QUERY_SLOT: usize = 0;
const WRITE_SLOT: usize = 1;
const NETWORK_SLOT: usize = 2;

/// What happens once a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A read.
    Query,
    /// A write.
    Write,
}

/// A query or a call to one, in a loop.
pub struct PerRow<'p> {
    /// The function it stands in.
    pub function: FnId,
    /// The query or call.
    pub expr: ExprId,
    /// Read or write.
    pub what: What,
    /// The query, when it stands in the loop itself.
    pub site: Option<&'p QuerySite>,
    /// The called function that leads to it, otherwise.
    pub target: Option<FnId>,
    /// The lazy relation that is read, in the loop or in the called function.
    pub relation: Option<RelationRead>,
    /// The library's function that asks another machine.
    pub remote: Option<std::sync::Arc<str>>,
    /// The call was resolved by its name alone.
    pub guessed: bool,
    /// The loop that counts.
    pub around: Loop,
    /// Loops over rows around that, outermost last.
    pub outer: usize,
    /// A chunk loop stands between: fewer queries than rows.
    pub chunked: bool,
    /// The loop ends as soon as a result is what it looks for.
    pub searches: bool,
    /// The name at the start of the call: `tx` of `tx.user.update(…)`.
    pub handle: Option<String>,
}

/// Finds every query and write that runs once a row.
pub fn find(project: &Project) -> Vec<PerRow<'_>> {
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    let names = rows::relation_names(project);
    let reads: Vec<Vec<RelationRead>> = files
        .par_iter()
        .map(|&file| rows::relation_reads(project, &Evaluator::new(&project.code), file, &names))
        .collect();
    let summaries = lazy_parameters(project, &reads);
    let eager = eager_names(project);
    let files: Vec<_> = files.into_iter().zip(reads).collect();
    files
        .into_par_iter()
        .flat_map_iter(|(file, reads)| Search::new(project, file, &summaries, &eager).run(reads))
        .collect()
}

/// Lazy relations that functions read of their parameters.
type Summaries = FxHashMap<FnId, Vec<(usize, RelationRead)>>;

fn lazy_parameters(project: &Project, reads: &[Vec<RelationRead>]) -> Summaries {
    let mut summaries = Summaries::default();
    for read in reads.iter().flatten() {
        if let Some((function, index)) = read.param {
            let id = project.graph.id(read.file, function);
            let known = summaries.entry(id).or_default();
            if !known.iter().any(|(at, other)| *at == index && other.path == read.path) {
                known.push((index, read.clone()));
            }
        }
    }
    summaries
}

/// Names of all relations that any query loads along: a serializer's rows may come from such a query.
fn eager_names(project: &Project) -> FxHashSet<String> {
    let paths = project.graph.sites.iter().flat_map(|site| &site.query.eager);
    let mut names: FxHashSet<String> = paths.flat_map(|path| path.split('.')).map(ToOwned::to_owned).collect();
    // Querysets of class-based views are no query sites of their own.
    for (_, module) in project.code.modules() {
        for (id, _) in module.expr_ids() {
            let Some(call) = module
                .call(id)
                .filter(|call| matches!(call.method(), Some("prefetch_related" | "select_related")))
            else {
                continue;
            };
            let texts = call.args.iter().filter_map(|arg| {
                module.string(arg.value).or_else(|| {
                    module
                        .call(arg.value)
                        .and_then(|call| call.arg(0))
                        .and_then(|arg| module.string(arg))
                })
            });
            names.extend(texts.flat_map(|text| text.split("__")).map(ToOwned::to_owned));
        }
    }
    names
}

struct Search<'p, 's> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    summaries: &'s Summaries,
    eager: &'s FxHashSet<String>,
    seen: FxHashSet<(Span, String)>,
    out: Vec<PerRow<'p>>,
}

impl<'p, 's> Search<'p, 's> {
    fn new(project: &'p Project, file: FileId, summaries: &'s Summaries, eager: &'s FxHashSet<String>) -> Self {
        Search {
            project,
            eval: Evaluator::new(&project.code),
            file,
            module: project.code.module(file),
            summaries,
            eager,
            seen: FxHashSet::default(),
            out: Vec::new(),
        }
    }

    fn run(mut self, reads: Vec<RelationRead>) -> Vec<PerRow<'p>> {
        for (id, _) in self.module.function_ids() {
            let function = self.project.graph.id(self.file, id);
            let node = self.project.graph.function(function);
            for &site in &node.queries {
                self.site(function, &self.project.graph.sites[site]);
            }
            for edge in &node.edges {
                self.edge(function, edge);
                self.mapper(function, edge);
            }
        }
        for (id, _) in self.module.function_ids() {
            if let Some(kind) = row_methods::row_method(&self.eval, self.file, id) {
                self.row_method(id, kind, &reads);
            }
        }
        for read in reads {
            self.relation(read);
        }
        self.out
    }

    fn around(&self, expr: ExprId) -> Option<(Loop, usize, bool)> {
        if in_handler(self.module, expr) {
            return None;
        }
        let found = pick(loops::around(&self.eval, self.file, expr))?;
        (!is_dispatched(self.module, &found.0, expr)).then_some(found)
    }

    /// A finding for each loop and thing in it, once.
    fn push(&mut self, key: String, mut row: PerRow<'p>) {
        row.searches = searches(self.module, row.expr);
        row.handle = self
            .module
            .call(row.expr)
            .and_then(|call| self.module.name(call.root()))
            .map(ToOwned::to_owned);
        if self.seen.insert((row.around.span, key)) {
            self.out.push(row);
        }
    }

    fn site(&mut self, function: FnId, site: &'p QuerySite) {
        let what = match site.query.statement.operation {
            Operation::Select => What::Query,
            Operation::Insert | Operation::Update | Operation::Delete => What::Write,
            Operation::Other => return,
        };
        if self.is_prefetched(site) || is_bulk(self.module, site.expr) {
            return;
        }
        let Some((around, outer, chunked)) = self.around(site.expr) else {
            return;
        };
        let key = format!("site {}", site.expr.0);
        let row = PerRow {
            function,
            expr: site.expr,
            what,
            site: Some(site),
            target: None,
            relation: None,
            remote: None,
            guessed: false,
            around,
            outer,
            chunked,
            searches: false,
            handle: None,
        };
        self.push(key, row);
    }

    /// `order.items.all()` reads what a prefetch loaded; `.filter()`, `.count()`, an order or a limit ask again.
    fn is_prefetched(&self, site: &QuerySite) -> bool {
        let Some((instance, name)) = &site.query.relation else {
            return false;
        };
        if !is_plain(site) {
            return false;
        }
        let Some(row) = rows::row_of(self.project, &self.eval, self.file, *instance, 0) else {
            return false;
        };
        let Some((at, expr)) = row.source else { return false };
        self.eval
            .query_at(at, expr)
            .is_some_and(|query| rows::is_loaded(&query.eager, &row.path_to(name)))
    }

    fn edge(&mut self, function: FnId, edge: &Edge) {
        let found = target_effect(self.project, self.module, edge).map(|(target, what)| (Some(target), what, None));
        let found = found.or_else(|| remote(self.project, edge).map(|(target, name)| (target, What::Query, Some(name))));
        let Some((target, what, remote)) = found else { return };
        let Some((around, outer, chunked)) = self.around(edge.expr).or_else(|| by_reference(self.module, edge)) else {
            return;
        };
        let key = match (target, &remote) {
            (Some(target), _) => format!("call {}", target.0),
            (None, name) => format!("remote {name:?}"),
        };
        let row = PerRow {
            function,
            expr: edge.expr,
            what,
            site: None,
            target,
            relation: None,
            remote,
            guessed: edge.guessed,
            around,
            outer,
            chunked,
            searches: false,
            handle: None,
        };
        self.push(key, row);
    }

    /// `[to_card(order) for order in orders]`, where `to_card` reads a lazy relation of what it is given.
    fn mapper(&mut self, function: FnId, edge: &Edge) {
        let &[target] = edge.targets.as_slice() else { return };
        let Some(summary) = self.summaries.get(&target) else { return };
        let Some(call) = self.module.call(edge.expr) else { return };
        let callee = self.project.graph.function(target);
        let definition = self.project.code.module(callee.file).function(callee.id);
        let callee_module = self.project.code.module(callee.file);
        let bound = definition
            .params
            .first()
            .and_then(|param| param.name)
            .is_some_and(|name| matches!(callee_module.str(name), "self" | "cls"));
        for (index, read) in summary {
            let name = definition
                .params
                .get(*index)
                .and_then(|param| param.name)
                .map(|name| callee_module.str(name));
            let by_name = name.and_then(|name| call.keyword(name));
            let position = index.checked_sub(usize::from(bound && callee_module.language == Language::Python));
            let Some(arg) = by_name.or_else(|| position.and_then(|position| call.arg(position))) else {
                continue;
            };
            let Some(row) = rows::row_of(self.project, &self.eval, self.file, arg, 0) else {
                continue;
            };
            let path = row
                .path
                .iter()
                .map(String::as_str)
                .chain([read.path.as_str()])
                .collect::<Vec<_>>()
                .join(".");
            if !self.is_lazy(row.source, &path) {
                continue;
            }
            let Some((around, outer, chunked)) = self.around(edge.expr).filter(|(around, _, _)| holds(self.module, around, arg)) else {
                continue;
            };
            let key = format!("relation {path}");
            let row = PerRow {
                function,
                expr: edge.expr,
                what: What::Query,
                site: None,
                target: Some(target),
                relation: Some(RelationRead {
                    path,
                    source: row.source,
                    ..read.clone()
                }),
                remote: None,
                guessed: edge.guessed,
                around,
                outer,
                chunked,
                searches: false,
                handle: None,
            };
            self.push(key, row);
        }
    }

    fn relation(&mut self, read: RelationRead) {
        if !self.is_lazy(read.source, &read.path) {
            return;
        }
        let Some((around, outer, chunked)) = self
            .around(read.expr)
            .filter(|(around, _, _)| holds(self.module, around, read.expr))
        else {
            return;
        };
        let function = self.project.graph.id(self.file, self.module.owner(read.expr));
        let key = format!("relation {}", read.path);
        let row = PerRow {
            function,
            expr: read.expr,
            what: What::Query,
            site: None,
            target: None,
            relation: Some(read),
            remote: None,
            guessed: false,
            around,
            outer,
            chunked,
            searches: false,
            handle: None,
        };
        self.push(key, row);
    }

    /// Queries and relation reads of a method that a framework calls once a row.
    fn row_method(&mut self, id: FunctionId, kind: RowMethod, reads: &[RelationRead]) {
        let function = self.project.graph.id(self.file, id);
        let definition = self.module.function(id);
        let names = definition
            .params
            .iter()
            .filter_map(|param| param.name)
            .filter(|&name| !matches!(self.module.str(name), "self" | "cls" | "info"));
        let around = Loop {
            span: definition.span,
            header: definition.name_span,
            kind: LoopForm::Callback(kind.words().to_owned()),
            iterable: None,
            target_names: names.take(1).collect(),
            verdict: Verdict::PerRow,
            parallel: false,
        };
        let node = self.project.graph.function(function);
        let row = |expr: ExprId, around: Loop| PerRow {
            function,
            expr,
            what: What::Query,
            site: None,
            target: None,
            relation: None,
            remote: None,
            guessed: false,
            around,
            outer: 0,
            chunked: false,
            searches: false,
            handle: None,
        };
        for &site in &node.queries {
            let site = &self.project.graph.sites[site];
            let is_loaded = site
                .query
                .relation
                .as_ref()
                .is_some_and(|(_, name)| self.eager.contains(name) && is_plain(site));
            if site.query.statement.operation == Operation::Select && !is_loaded {
                self.push(
                    format!("site {}", site.expr.0),
                    PerRow {
                        site: Some(site),
                        ..row(site.expr, around.clone())
                    },
                );
            }
        }
        for edge in &node.edges {
            if let Some((target, What::Query)) = target_effect(self.project, self.module, edge).filter(|_| !edge.guessed) {
                self.push(
                    format!("call {}", target.0),
                    PerRow {
                        target: Some(target),
                        ..row(edge.expr, around.clone())
                    },
                );
            }
        }
        if kind != RowMethod::GraphQlField {
            return;
        }
        for read in reads
            .iter()
            .filter(|read| read.param.is_some_and(|(owner, _)| owner == id) && !self.eager.contains(&read.path))
        {
            self.push(
                format!("relation {}", read.path),
                PerRow {
                    relation: Some(read.clone()),
                    ..row(read.expr, around.clone())
                },
            );
        }
    }

    /// Whether the query of the row is known and did not load the relation.
    fn is_lazy(&self, source: Option<(FileId, ExprId)>, path: &str) -> bool {
        let Some((at, expr)) = source else { return false };
        self.eval
            .query_at(at, expr)
            .is_some_and(|query| !rows::is_loaded(&query.eager, path))
    }
}

/// All rows of a relation as they are: what a prefetch holds.
fn is_plain(site: &QuerySite) -> bool {
    let statement = &site.query.statement;
    statement.filters.len() <= 1
        && statement.order.is_empty()
        && statement.limit == Limit::None
        && matches!(statement.projection, crate::statement::Projection::All)
}

/// Whether the name at the start of an expression is the loop's variable.
fn holds(module: &Module, around: &Loop, expr: ExprId) -> bool {
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Name(name) => return around.target_names.contains(name),
            _ => return false,
        };
    }
}

/// `found = load(key); if found: return found`: worst case once a row, usually fewer.
fn searches(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let stmt = loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => break id,
            _ => return false,
        };
    };
    let siblings: Vec<StmtId> = match module.stmt(stmt).parent {
        Parent::Stmt(outer) => module
            .stmt_blocks(outer)
            .into_iter()
            .find(|block| block.contains(&stmt))
            .map(<[StmtId]>::to_vec)
            .unwrap_or_default(),
        _ => return false,
    };
    let ends = |block: &[StmtId]| {
        block
            .last()
            .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_) | StmtKind::Break))
    };
    match &module.stmt(stmt).kind {
        // `if await exists(key): return key`.
        StmtKind::If { then, .. } => ends(then),
        StmtKind::Assign { target, .. } => {
            let ExprKind::Name(name) = module.kind(*target) else { return false };
            let next = siblings.iter().skip_while(|&&sibling| sibling != stmt).nth(1);
            match next.map(|&next| &module.stmt(next).kind) {
                Some(StmtKind::If { test, then, .. }) => mentions(module, *test, *name) && ends(then),
                _ => false,
            }
        }
        _ => false,
    }
}

fn mentions(module: &Module, expr: ExprId, name: crate::ir::Sym) -> bool {
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        if matches!(module.kind(at), ExprKind::Name(other) if *other == name) {
            return true;
        }
        module.each_child(at, &mut |child| open.push(child));
    }
    false
}

/// `for kind in kinds: if kind == "user": …`: each kind's branch runs once, however long the list is.
fn is_dispatched(module: &Module, around: &Loop, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let mut below: Option<StmtId> = None;
    for _ in 0..200 {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) if around.span.encloses(module.stmt(id).span) => {
                match &module.stmt(id).kind {
                    StmtKind::If { test, then, .. }
                        if below.is_some_and(|below| then.contains(&below))
                            && compares_with_literal(module, *test, &around.target_names) =>
                    {
                        return true;
                    }
                    StmtKind::Switch { subject, .. } => {
                        if matches!(module.kind(*subject), ExprKind::Name(name) if around.target_names.contains(name)) {
                            return true;
                        }
                    }
                    _ => {}
                }
                below = Some(id);
                module.stmt(id).parent
            }
            _ => return false,
        };
    }
    false
}

fn compares_with_literal(module: &Module, test: ExprId, names: &[crate::ir::Sym]) -> bool {
    let ExprKind::Binary { op, left, right } = module.kind(test) else {
        return false;
    };
    let is_name = |id: ExprId| matches!(module.kind(id), ExprKind::Name(name) if names.contains(name));
    matches!(module.str(*op), "==" | "is")
        && is_name(*left)
        && matches!(module.kind(*right), ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Attr { .. })
}

/// One statement for many rows: in a loop it is the batched form, once a parent or a chunk.
fn is_bulk(module: &Module, expr: ExprId) -> bool {
    module.call(expr).and_then(|call| call.method()).is_some_and(|method| {
        matches!(
            method,
            "bulk_create"
                | "bulk_update"
                | "abulk_create"
                | "abulk_update"
                | "createMany"
                | "createManyAndReturn"
                | "insert_many"
                | "insertMany"
                | "bulkWrite"
                | "bulk_write"
                | "bulk_insert_mappings"
                | "bulk_update_mappings"
                | "bulk_save_objects"
                | "execute_values"
                | "execute_batch"
                | "bulkCreate"
                | "bulkInsert"
                | "batchInsert"
                | "add_all"
                | "copy_records_to_table"
        )
    })
}

/// Whether an expression stands in an exception's handler: there a loop is the way out after the batch failed.
fn in_handler(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    let mut below: Option<StmtId> = None;
    for _ in 0..400 {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if let (StmtKind::Try { handlers, .. }, Some(below)) = (&module.stmt(id).kind, below)
                    && handlers.iter().any(|handler| handler.contains(&below))
                {
                    return true;
                }
                below = Some(id);
                module.stmt(id).parent
            }
            Parent::Function(id) => match module.function(id).definition {
                Parent::Expr(lambda) => module.expr(lambda).parent,
                _ => return false,
            },
            Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

/// A synchronous request to another machine, made here or by what is called.
fn remote(project: &Project, edge: &Edge) -> Option<(Option<FnId>, std::sync::Arc<str>)> {
    if edge.kind != EdgeKind::Call || edge.awaited || edge.guessed {
        return None;
    }
    let counts = |effects: Effects| {
        effects.has(Effects::NETWORK.and(Effects::BLOCKING)) && !effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::CACHE_SET))
    };
    if counts(edge.effects) {
        return edge.external.clone().map(|name| (None, name));
    }
    let target = edge
        .targets
        .iter()
        .copied()
        .find(|&target| !project.graph.function(target).is_async && project.graph.function(target).next[NETWORK_SLOT].is_some())?;
    let (function, step) = *project.graph.chain(target, NETWORK_SLOT).last()?;
    let crate::project::graph::Step::Direct(at) = step else {
        return None;
    };
    let last = project.graph.function(function).edges.get(at)?;
    if counts(last.effects) {
        last.external.clone().map(|name| (Some(target), name))
    } else {
        None
    }
}

fn target_effect(project: &Project, module: &Module, edge: &Edge) -> Option<(FnId, What)> {
    let is_lambda = matches!(module.kind(edge.expr), ExprKind::Lambda(_));
    if edge.kind == EdgeKind::Later || is_lambda {
        return None;
    }
    let has = |effect: Effects| {
        edge.targets
            .iter()
            .copied()
            .find(|&target| project.graph.function(target).effects.has(effect))
    };
    has(Effects::QUERY)
        .map(|target| (target, What::Query))
        .or_else(|| has(Effects::WRITE).map(|target| (target, What::Write)))
}

/// `rows.map(load)`: the function's name is the callback.
fn by_reference(module: &Module, edge: &Edge) -> Option<(Loop, usize, bool)> {
    let crate::ir::Parent::Expr(parent) = module.expr(edge.expr).parent else {
        return None;
    };
    let call = module.call(parent)?;
    if edge.kind != EdgeKind::Inline || !call.args.iter().any(|arg| arg.value == edge.expr) {
        return None;
    }
    let method = call.method()?;
    if !crate::project::eval::is_iteration(method) || method == "then" {
        return None;
    }
    let span = module.expr(parent).span;
    let around = Loop {
        span,
        header: span,
        kind: LoopForm::Callback(method.to_owned()),
        iterable: call.receiver(),
        target_names: Vec::new(),
        verdict: Verdict::PerRow,
        parallel: false,
    };
    Some((around, 0, false))
}

/// The innermost loop that makes the cost grow, how many more are around it, and whether chunks are between.
fn pick(loops: Vec<Loop>) -> Option<(Loop, usize, bool)> {
    let mut picked: Option<Loop> = None;
    let mut outer = 0;
    let mut chunked = false;
    for around in loops {
        match around.verdict {
            Verdict::PerRow | Verdict::CacheGuarded => {
                if picked.is_some() {
                    outer += 1;
                } else {
                    picked = Some(around);
                }
            }
            Verdict::Chunk => chunked |= picked.is_none(),
            Verdict::FirstMatch | Verdict::Dependent => {
                picked.as_ref()?;
            }
            Verdict::Constant { .. } | Verdict::Retry | Verdict::Cursor | Verdict::Worker => {}
        }
    }
    picked.map(|picked| (picked, outer, chunked))
}

/// What the loop runs over, as far as it is known.
struct Source {
    /// In words: `the rows of SELECT on users`.
    words: String,
    /// The query behind the rows.
    related: Option<Related>,
    /// Nothing bounds it.
    unbounded: bool,
    /// Only a parent bounds it.
    of_parent: bool,
    /// A literal limit bounds it.
    rows: Option<u64>,
}

fn source(project: &Project, eval: &Evaluator<'_>, file: FileId, around: &Loop) -> Option<Source> {
    let iterable = around.iterable?;
    let (at, expr) = match eval.value(file, iterable) {
        Value::Many(element) => match *element {
            Value::Row(_, Some(place)) => place,
            _ => return None,
        },
        Value::Query(at, expr) => (at, expr),
        _ => return None,
    };
    let query = eval.query_at(at, expr)?;
    let span = project.code.module(at).expr(expr).span;
    let words = format!("the rows of {}", evidence::describe(&query));
    let location = project.place(at, span, "");
    let related = Related {
        location,
        message: format!("the loop's rows: {}", evidence::describe(&query)),
        role: Role::Evidence,
    };
    let rows = match query.statement.limit {
        Limit::Rows(rows) => Some(rows),
        _ => None,
    };
    let bound = bounds::judge(project, &query);
    Some(Source {
        words,
        related: Some(related),
        unbounded: bound == Bound::Open,
        of_parent: matches!(bound, Bound::Filtered(_)),
        rows,
    })
}

/// Makes the findings of one kind.
pub fn findings(project: &Project, rule: &str, what: What) -> Vec<Finding> {
    find(project)
        .into_par_iter()
        .filter(|row| row.what == what)
        .filter_map(|row| finding(project, rule, &row))
        .collect()
}

fn finding(project: &Project, rule: &str, row: &PerRow<'_>) -> Option<Finding> {
    let node = project.graph.function(row.function);
    let module = project.code.module(node.file);
    let eval = Evaluator::new(&project.code);
    let from = source(project, &eval, node.file, &row.around);
    if from.as_ref().and_then(|source| source.rows).is_some_and(|rows| rows <= 3) {
        return None;
    }
    let (reached, label) = evidence::reached(project, row.function);
    let confidence = confidence(row, from.as_ref());
    let priority = capped(priority(row, reached, from.as_ref(), confidence), confidence);
    let location = project.place_in(row.function, module.expr(row.expr).span);
    let mut finding = Finding::new(rule, priority, confidence, location);
    let callee = row.target.map(|target| project.short_name(target));
    let thing = thing(row, callee.as_deref());
    let over = over(module, row, from.as_ref());
    finding.title = match row.what {
        What::Query => format!("{thing} once for each {over}"),
        What::Write if row.around.parallel => format!("{thing} once for each {over}"),
        What::Write => format!("{thing} once for each {over}, one round trip at a time"),
    };
    finding.message = message(row, &thing, &over, from.as_ref(), label.as_deref());
    finding.impact = impact(row, label.as_deref());
    finding.subject = subject(module, row, callee.as_deref());
    finding.related = evidence::path_from_entry(project, row.function);
    finding.relate(
        project.place_in(row.function, row.around.header),
        Role::Loop,
        format!("loop over {over}"),
    );
    finding.related.extend(from.and_then(|source| source.related));
    if let Some(read) = &row.relation {
        if row.target.is_some() {
            finding.relate(
                project.place_in(row.function, module.expr(row.expr).span),
                Role::Call,
                format!("calls {}", callee.unwrap_or_default()),
            );
        }
        let holder = project.graph.id(read.file, project.code.module(read.file).owner(read.expr));
        let span = project.code.module(read.file).expr(read.expr).span;
        finding.relate(
            project.place_in(holder, span),
            Role::Query,
            format!("reads `{}`, which is loaded on first use", read.label),
        );
    } else if let Some(target) = row.target {
        let span = module.expr(row.expr).span;
        finding.relate(
            project.place_in(row.function, span),
            Role::Call,
            format!("calls {}", callee.unwrap_or_default()),
        );
        let slot = match (&row.remote, row.what) {
            (Some(_), _) => NETWORK_SLOT,
            (None, What::Query) => QUERY_SLOT,
            (None, What::Write) => WRITE_SLOT,
        };
        finding.related.extend(evidence::chain_down(project, target, slot));
    } else if let Some(site) = row.site {
        finding.relate(
            project.place_in(row.function, site.span),
            Role::Query,
            evidence::describe(&site.query),
        );
    }
    finding.fix = super::per_row_fix::fix(row);
    Some(finding)
}

fn confidence(row: &PerRow<'_>, source: Option<&Source>) -> Confidence {
    if row.guessed || row.remote.is_some() && !is_batchable(row) {
        return Confidence::Low;
    }
    if row.chunked || row.searches || row.around.verdict == Verdict::CacheGuarded || row.site.is_some_and(|site| site.query.opaque) {
        return Confidence::Medium;
    }
    match (source, &row.around.kind) {
        (Some(_), _) => Confidence::High,
        (None, LoopForm::While) => Confidence::Medium,
        (None, _) => Confidence::High,
    }
}

fn priority(row: &PerRow<'_>, reached: Reached, source: Option<&Source>, confidence: Confidence) -> Priority {
    if row.remote.is_some() && !is_batchable(row) {
        return Priority::P3;
    }
    let unbounded = source.is_some_and(|source| source.unbounded);
    let of_parent = source.is_some_and(|source| source.of_parent);
    let is_near = row.site.is_some() || row.relation.is_some();
    let base = match reached {
        Reached::Request if unbounded && confidence == Confidence::High && row.remote.is_none() => Priority::P0,
        Reached::Request if unbounded || of_parent => Priority::P1,
        // What is looped over is not known: it may be short.
        Reached::Request if is_near && row.what == What::Query => Priority::P1,
        Reached::Job if unbounded => Priority::P1,
        Reached::Request | Reached::Job | Reached::Unknown => Priority::P2,
        Reached::Startup | Reached::Command => Priority::P3,
    };
    let mut steps = 0;
    if row.chunked || row.around.verdict == Verdict::CacheGuarded {
        steps += 1;
    }
    if source.and_then(|source| source.rows).is_some_and(|rows| rows <= 20) {
        steps += 1;
    }
    if row.searches {
        steps += 2;
    }
    if base == Priority::P3 { base } else { lower(base, steps) }
}

/// Requests that have a form for many at once: caches and embeddings.
fn is_batchable(row: &PerRow<'_>) -> bool {
    row.remote.as_deref().is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("redis") || name.contains("embed") || name.contains("memcache") || name.contains("valkey")
    })
}

fn thing(row: &PerRow<'_>, callee: Option<&str>) -> String {
    if let Some(read) = &row.relation {
        return match callee {
            Some(callee) => format!("`{callee}` loads the relation `{}`", read.label),
            None => format!("the relation `{}` is loaded", read.label),
        };
    }
    if let Some(name) = &row.remote {
        let name = evidence::readable(name);
        return match callee {
            Some(callee) => format!("`{callee}`, which asks another machine with `{name}`, is called"),
            None => format!("`{name}` asks another machine"),
        };
    }
    match (row.site, callee, row.what) {
        (Some(site), _, _) => format!("{} runs", evidence::describe(&site.query)),
        (None, Some(callee), What::Query) => format!("`{callee}`, which queries the database, is called"),
        (None, Some(callee), What::Write) => format!("`{callee}`, which writes to the database, is called"),
        (None, None, _) => "a query runs".to_owned(),
    }
}

/// The loop's element in words: `workshop of workshops`.
fn over(module: &Module, row: &PerRow<'_>, source: Option<&Source>) -> String {
    if let (LoopForm::Callback(words), None) = (&row.around.kind, row.around.iterable)
        && words.starts_with("the ")
    {
        return format!("object that {words} is asked for");
    }
    let names: Vec<&str> = row
        .around
        .target_names
        .iter()
        .map(|&name| module.str(name))
        .filter(|name| !name.starts_with('_'))
        .collect();
    let iterable = row.around.iterable.and_then(|iterable| module.dotted(module.unawaited(iterable)));
    match (names.first(), iterable, source) {
        (Some(name), Some(iterable), _) => format!("`{name}` of `{iterable}`"),
        (Some(name), None, Some(source)) => format!("`{name}` of {}", source.words),
        (Some(name), None, None) => format!("`{name}`"),
        (None, Some(iterable), _) => format!("element of `{iterable}`"),
        (None, None, _) => "pass of the loop".to_owned(),
    }
}

fn message(row: &PerRow<'_>, thing: &str, over: &str, source: Option<&Source>, label: Option<&str>) -> String {
    let mut text = format!("{} once for each {over}", evidence::capitalised(thing));
    if row.outer > 0 {
        text.push_str(", inside a further loop");
    }
    text.push('.');
    if row.around.parallel {
        text.push_str(if on_transaction(row) {
            " The calls are started together, but one transaction's connection runs them one by one."
        } else {
            " The calls run at the same time, which shortens the wait but takes a pool connection each."
        });
    }
    if row.around.verdict == Verdict::CacheGuarded {
        text.push_str(" A look-up guards it, so it runs once for each distinct key.");
    }
    if row.searches {
        text.push_str(" The loop ends at the first result that fits.");
    }
    if let Some(source) = source {
        text.push_str(&format!(" The loop runs over {}", source.words));
        text.push_str(if source.unbounded { ", which has no limit." } else { "." });
    }
    if let Some(label) = label {
        text.push_str(&format!(" Reached from {label}."));
    }
    if row.guessed {
        text.push_str(" The callee was found by its name alone.");
    }
    text
}

/// Whether the statement runs on the handle of a transaction, by the handle's usual names.
fn on_transaction(row: &PerRow<'_>) -> bool {
    row.handle
        .as_deref()
        .is_some_and(|name| matches!(name, "tx" | "trx" | "txn" | "transaction" | "t"))
}

fn impact(row: &PerRow<'_>, label: Option<&str>) -> String {
    let word = if row.what == What::Query { "queries" } else { "statements" };
    let formula = match row.outer {
        0 => format!("1 + n {word}"),
        1 => format!("1 + n + n·m {word}"),
        _ => format!("1 + n·m·k {word}"),
    };
    let formula = if row.remote.is_some() {
        formula.replace("queries", "requests")
    } else {
        formula
    };
    format!("{formula}{}", evidence::reach_words(label))
}

fn subject(module: &Module, row: &PerRow<'_>, callee: Option<&str>) -> String {
    let over = row
        .around
        .iterable
        .and_then(|iterable| module.dotted(module.unawaited(iterable)))
        .unwrap_or_default();
    match (row.site, callee) {
        (Some(site), _) => format!("{} in {over}", evidence::describe(&site.query)),
        (None, callee) => format!("{} in {over}", callee.unwrap_or_default()),
    }
}
