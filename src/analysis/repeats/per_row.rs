//! What runs once a row: `n-plus-one` and `unbatched-write`, whose search runs once for both.

use std::cell::OnceCell;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::shape::{by_reference, holds, in_handler, is_another_table, is_batched, is_bulk, is_dispatched, is_kept, pick, searches};
use super::single::{self, Callers, callers, passed_as};
use crate::budget;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtKind, Sym};
use crate::libraries::entries::EntryKind;
use crate::libraries::registry;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::row_methods::{self, RowMethod};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::project::eval::{Evaluator, returned};
use crate::project::graph::{Edge, EdgeKind, FnId, QuerySite};
use crate::project::loops::{self, Loop, LoopForm, Verdict};
use crate::project::rows::{self, RelationRead};
use crate::project::{Project, branches, held, validated};
use crate::source::Span;
use crate::statement::Operation;
use crate::vocabulary::List;

const NETWORK_SLOT: usize = 2;
/// Calls between a loop and the function that reads the relation.
const PASSED_ON: usize = 3;
/// Calls that are followed to see that all reads are batched, by design: what lies further down counts as not.
const BATCHED_DEPTH: u32 = 3;
/// Relations kept of what one function reads of its parameters; more are told, see [`budget::Limit::Relations`].
const MAX_SUMMARY: usize = 24;

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
    /// A relation to one row that the session keeps once it is loaded: one statement for each distinct one.
    pub once_a_parent: bool,
}

/// Finds every query and write that runs once a row.
pub fn find(project: &Project) -> Vec<PerRow<'_>> {
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    let names = rows::relation_names(project);
    let reads: Vec<Vec<RelationRead>> = files
        .par_iter()
        .map(|&file| {
            let eval = Evaluator::new(&project.code);
            let mut reads = rows::relation_reads(project, &eval, file, &names);
            reads.extend(validated::reads(project, &eval, file));
            reads
        })
        .collect();
    let mut summaries = lazy_parameters(project, &reads);
    for _ in 0..PASSED_ON {
        let found: Vec<Vec<_>> = files.par_iter().map(|&file| passed_on(project, file, &summaries)).collect();
        if !found.into_iter().flatten().fold(false, |more, (function, index, read)| {
            summarise(project, &mut summaries, function, index, read) || more
        }) {
            break;
        }
    }
    let known = Known {
        summaries,
        callers: callers(project),
        fields: row_fields(project),
        entries: project.graph.entries.iter().map(|entry| entry.function).collect(),
    };
    let files: Vec<_> = files.into_iter().zip(reads).collect();
    files
        .into_par_iter()
        .flat_map_iter(|(file, reads)| Search::new(project, file, &known).run(reads))
        .collect()
}

/// What is known of the whole project before single files are searched.
struct Known {
    summaries: Summaries,
    callers: Callers,
    /// Resolvers of GraphQL fields that are asked for each row, by file; those of decorated methods are found by their decorators.
    fields: FxHashMap<FileId, Vec<FunctionId>>,
    /// Functions that are called from outside.
    entries: FxHashSet<(FileId, FunctionId)>,
}

fn row_fields(project: &Project) -> FxHashMap<FileId, Vec<FunctionId>> {
    let eval = Evaluator::new(&project.code);
    let mut fields: FxHashMap<FileId, Vec<FunctionId>> = FxHashMap::default();
    let mut seen = FxHashSet::default();
    for entry in project.graph.entries.iter().filter(|entry| entry.kind == EntryKind::Resolver) {
        let on = entry.field.as_ref().and_then(|field| field.on.as_deref());
        let (file, function) = entry.function;
        let is_row_field = on.is_some_and(|on| row_methods::is_row_field(&eval, on, entry.function));
        if is_row_field && seen.insert(entry.function) && row_methods::row_method(&eval, file, function).is_none() {
            fields.entry(file).or_default().push(function);
        }
    }
    fields
}

/// Lazy relations that functions read of their parameters.
type Summaries = FxHashMap<FnId, Vec<(usize, RelationRead)>>;

/// Adds a read to what a function reads of a parameter; whether it is new.
fn summarise(project: &Project, summaries: &mut Summaries, function: FnId, index: usize, read: RelationRead) -> bool {
    let known = summaries.entry(function).or_default();
    if known.iter().any(|(at, other)| *at == index && other.path == read.path) {
        return false;
    }
    if known.len() >= MAX_SUMMARY {
        project.tell(budget::Limit::Relations, function);
        return false;
    }
    known.push((index, read));
    true
}

fn lazy_parameters(project: &Project, reads: &[Vec<RelationRead>]) -> Summaries {
    let mut summaries = Summaries::default();
    for read in reads.iter().flatten() {
        if let Some((function, index)) = read.param {
            let id = project.graph.id(read.file, function);
            summarise(project, &mut summaries, id, index, read.clone());
        }
    }
    summaries
}

/// Functions that pass a parameter on to one that reads a lazy relation of it.
fn passed_on(project: &Project, file: FileId, summaries: &Summaries) -> Vec<(FnId, usize, RelationRead)> {
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let mut out = Vec::new();
    for (id, _) in module.function_ids() {
        let function = project.graph.id(file, id);
        for edge in &project.graph.function(function).edges {
            let &[target] = edge.targets.as_slice() else { continue };
            if edge.guessed || edge.kind == EdgeKind::Later {
                continue;
            }
            for (index, read) in summaries.get(&target).into_iter().flatten() {
                let Some(arg) = passed_as(project, module, edge, target, *index) else {
                    continue;
                };
                let Some(row) = rows::row_of(project, &eval, file, arg, 0) else {
                    continue;
                };
                let Some((owner, at)) = row.param else {
                    continue;
                };
                if !branches::reaches(project, function, edge, target, (read.file, read.expr)) {
                    continue;
                }
                let path = row.path_to(&read.path);
                out.push((project.graph.id(file, owner), at, RelationRead { path, ..read.clone() }));
            }
        }
    }
    out
}

struct Search<'p, 's> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    known: &'s Known,
    seen: FxHashSet<(Span, String)>,
    /// Where attributes of names are set: `line.order = order`.
    set: OnceCell<FxHashMap<(Sym, Sym), Vec<Span>>>,
    names: OnceCell<single::Names>,
    out: Vec<PerRow<'p>>,
}

impl<'p, 's> Search<'p, 's> {
    fn new(project: &'p Project, file: FileId, known: &'s Known) -> Self {
        Search {
            project,
            eval: Evaluator::new(&project.code),
            file,
            module: project.code.module(file),
            known,
            seen: FxHashSet::default(),
            set: OnceCell::new(),
            names: OnceCell::new(),
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
                // A call of a body for several models is a query of its own.
                if !node.queries.iter().any(|&site| self.project.graph.sites[site].expr == edge.expr) {
                    self.edge(function, edge);
                }
                self.mapper(function, edge);
            }
        }
        for (id, _) in self.module.function_ids() {
            if let Some(kind) = row_methods::row_method(&self.eval, self.file, id) {
                self.row_method(id, kind, &reads);
            }
        }
        for &id in self.known.fields.get(&self.file).map_or(&[] as &[_], Vec::as_slice) {
            self.row_method(id, RowMethod::GraphQlField, &reads);
        }
        for read in reads {
            self.relation(read);
        }
        self.out
    }

    fn names(&self) -> &single::Names {
        self.names.get_or_init(|| single::Names::of(self.module))
    }

    fn around(&self, expr: ExprId) -> Option<(Loop, usize, bool)> {
        if in_handler(self.module, expr) {
            return None;
        }
        let found = pick(loops::around(&self.eval, self.file, expr))?;
        if is_dispatched(self.module, &found.0, expr)
            || single::is_given_one(
                self.project,
                &self.eval,
                (&self.known.callers, &self.known.entries),
                self.file,
                &found.0,
            )
        {
            return None;
        }
        Some(found)
    }

    /// The loops around that bring other rows: over the same objects again, a relation is loaded the first time only.
    fn renewing(&self, around: &Loop, expr: ExprId) -> usize {
        let outer = loops::around(&self.eval, self.file, expr).into_iter();
        outer
            .filter(|outer| outer.span != around.span && outer.span.encloses(around.span))
            .filter(|outer| matches!(outer.verdict, Verdict::PerRow | Verdict::CacheGuarded))
            .filter(|outer| single::is_renewed(&self.eval, self.file, around, outer))
            .count()
    }

    /// Whether the session keeps the one row that a relation leads to.
    fn is_once_a_parent(&self, read: &RelationRead) -> bool {
        let source = read.source.and_then(|(at, expr)| self.eval.query_at(at, expr));
        !read.to_many && !read.is_column && source.is_some_and(|query| registry::has_identity_map(query.library))
    }

    /// Whether the loop sets the first relation of a path before a place that reads it: `line.order = order` before `line.save()`.
    fn is_set_before(&self, around: &Loop, root: Option<Sym>, path: &str, expr: ExprId) -> bool {
        let first = path.split('.').next().unwrap_or_default();
        let attribute = self.module.strings.iter().position(|text| text == first);
        let (Some(root), Some(attribute)) = (root, attribute) else {
            return false;
        };
        let places = self.set.get_or_init(|| set_attributes(self.module));
        let at = self.module.expr(expr).span.start;
        let places = places.get(&(root, Sym(attribute as u32))).into_iter().flatten();
        places.into_iter().any(|span| around.span.encloses(*span) && span.end <= at)
    }

    /// A finding for each loop and thing in it, once.
    fn push(&mut self, key: String, mut row: PerRow<'p>) {
        if row.what == What::Query && single::is_repetition(self.module, self.names(), &row.around) || self.falls_back(row.expr) {
            return;
        }
        row.searches = searches(self.module, &row.around, row.expr);
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
        if site.held || self.is_prefetched(site) || is_bulk(&self.eval, site) {
            return;
        }
        let Some((around, outer, chunked)) = self.around(site.expr) else {
            return;
        };
        if around.parallel && is_batched(self.module, site) {
            return;
        }
        if is_another_table(&self.eval, &around, site) || is_kept(self.module, &around, site) {
            return;
        }
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
            once_a_parent: false,
        };
        self.push(key, row);
    }

    /// `order.items.all()` and `order.items.count()` read what a prefetch loaded; a filter, an order or a limit ask again.
    fn is_prefetched(&self, site: &QuerySite) -> bool {
        let Some((instance, name)) = &site.query.relation else {
            return false;
        };
        if !held::reads_all(self.module, site) {
            return false;
        }
        let Some(row) = rows::row_of(self.project, &self.eval, instance.0, instance.1, 0) else {
            return false;
        };
        let Some((at, expr)) = row.source else { return false };
        self.eval
            .query_at(at, expr)
            .is_some_and(|query| rows::is_loaded(&query.eager, &row.path_to(name)))
    }

    fn edge(&mut self, function: FnId, edge: &Edge) {
        let found = target_effects(self.project, self.module, edge);
        let asked = remote(self.project, edge);
        if found.is_empty() && asked.is_none() {
            return;
        }
        let Some((around, outer, chunked)) = self.around(edge.expr).or_else(|| by_reference(self.module, edge)) else {
            return;
        };
        let found = self
            .first_open(function, edge, &found)
            .map(|(target, what)| (Some(target), what, None));
        let Some((target, what, remote)) = found.or_else(|| asked.map(|(target, name)| (target, What::Query, Some(name)))) else {
            return;
        };
        if what == What::Write && remote.is_none() && self.commits_nothing(function, edge) {
            return;
        }
        if around.parallel && target.is_some_and(|target| remote.is_none() && self.only_batched(target, 0)) {
            return;
        }
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
            once_a_parent: false,
        };
        self.push(key, row);
    }

    /// `with session_of(tenant) as session:` commits at its end: where the block only reads, there is nothing to commit.
    fn commits_nothing(&self, function: FnId, edge: &Edge) -> bool {
        let Some(block) = single::entered(self.module, edge.expr) else {
            return false;
        };
        let node = self.project.graph.function(function);
        let is_inside = |expr: ExprId| block.encloses(self.module.expr(expr).span) && expr != edge.expr;
        let writes = node.edges.iter().any(|other| {
            let targets = || other.targets.iter().map(|&target| self.project.graph.function(target).effects);
            is_inside(other.expr) && (other.effects.has(Effects::WRITE) || targets().any(|effects| effects.has(Effects::WRITE)))
        });
        let changes = node.queries.iter().any(|&site| {
            let site = &self.project.graph.sites[site];
            is_inside(site.expr) && site.query.statement.operation != Operation::Select
        });
        let adds = self.module.call_ids_in(node.id).filter(|&id| is_inside(id)).any(|id| {
            let method = self.module.call(id).and_then(|call| call.method());
            method.is_some_and(|method| List::SessionChanges.has(method))
        });
        !writes && !changes && !adds
    }

    /// Whether all that a function reads, it reads by calls that the client makes one statement of, as they come in one tick.
    fn only_batched(&self, function: FnId, depth: u32) -> bool {
        let node = self.project.graph.function(function);
        let module = self.project.code.module(node.file);
        let mut sites = node.queries.iter().filter_map(|&site| self.project.graph.sites.get(site));
        let is_open = |edge: &&Edge| edge.kind != EdgeKind::Later;
        let mut edges = node.edges.iter().filter(is_open);
        depth < BATCHED_DEPTH
            && sites.all(|site| is_batched(module, site))
            && edges.all(|edge| {
                let mut targets = edge.targets.iter().copied();
                !edge.effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK))
                    && targets.all(|target| {
                        let effects = self.project.graph.function(target).effects;
                        !effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK)) || self.only_batched(target, depth + 1)
                    })
            })
    }

    /// The first effect that the call's constant arguments leave open.
    fn first_open(&self, function: FnId, edge: &Edge, found: &[(FnId, What)]) -> Option<(FnId, What)> {
        found.iter().copied().find(|&(target, what)| {
            let effect = if what == What::Query { Effects::QUERY } else { Effects::WRITE };
            branches::runs(self.project, function, edge, target, effect)
        })
    }

    /// `[to_card(order) for order in orders]`, where `to_card` reads a lazy relation of what it is given.
    fn mapper(&mut self, function: FnId, edge: &Edge) {
        let &[target] = edge.targets.as_slice() else { return };
        let Some(summary) = self.known.summaries.get(&target) else { return };
        for (index, read) in summary {
            let Some(arg) = passed_as(self.project, self.module, edge, target, *index) else {
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
            if !self.is_lazy(row.source, &path, read) || !branches::reaches(self.project, function, edge, target, (read.file, read.expr)) {
                continue;
            }
            let Some((around, outer, chunked)) = self.around(edge.expr).filter(|(around, _, _)| holds(self.module, around, arg)) else {
                continue;
            };
            let root = root_of(self.module, arg);
            if self.is_set_before(&around, root, &path, edge.expr) {
                continue;
            }
            let key = format!("relation {path}");
            let outer = outer.min(self.renewing(&around, edge.expr));
            let once_a_parent = self.is_once_a_parent(&RelationRead {
                source: row.source,
                ..read.clone()
            });
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
                once_a_parent,
            };
            self.push(key, row);
        }
    }

    fn relation(&mut self, read: RelationRead) {
        if !self.is_lazy(read.source, &read.path, &read) {
            return;
        }
        let Some((around, outer, chunked)) = self
            .around(read.expr)
            .filter(|(around, _, _)| holds(self.module, around, read.expr))
        else {
            return;
        };
        if self.is_set_before(&around, read.root, &read.path, read.expr) {
            return;
        }
        let function = self.project.graph.id(self.file, self.module.owner(read.expr));
        let key = format!("relation {}", read.path);
        let outer = outer.min(self.renewing(&around, read.expr));
        let once_a_parent = self.is_once_a_parent(&read);
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
            once_a_parent,
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
            once_a_parent: false,
        };
        for &site in &node.queries {
            let site = &self.project.graph.sites[site];
            let is_loaded = held::reads_all(self.module, site)
                && site
                    .query
                    .relation
                    .as_ref()
                    .is_some_and(|(owner, name)| self.is_loaded_somewhere(*owner, name));
            let is_batched = kind == RowMethod::GraphQlField && is_batched(self.module, site);
            if site.query.statement.operation == Operation::Select && !is_loaded && !site.held && !is_batched {
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
            // What the ancestor's hook does is told there.
            if calls_super(self.module, edge) {
                continue;
            }
            let found = target_effects(self.project, self.module, edge);
            if let Some((target, What::Query)) = self.first_open(function, edge, &found).filter(|_| !edge.guessed) {
                // The resolvers of a list run in one tick.
                if kind == RowMethod::GraphQlField && self.only_batched(target, 0) {
                    continue;
                }
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
        for value in returned(self.module, id) {
            if let Some(read) = self.returned_relation(value) {
                self.push(
                    format!("relation {}", read.path),
                    PerRow {
                        relation: Some(read),
                        ..row(value, around.clone())
                    },
                );
            }
        }
        for read in reads
            .iter()
            .filter(|read| !read.is_column && read.param.is_some_and(|(owner, _)| owner == id) && !self.project.held.has_label(&read.label))
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

    /// `if (!review.product) load()`, where a query of the project loads the relation along: it runs for what came another way.
    fn falls_back(&self, expr: ExprId) -> bool {
        single::missing(&self.eval, self.names(), self.file, expr).is_some_and(|(owner, name)| {
            let model = match self.eval.value(self.file, owner) {
                Value::Instance(at, class) | Value::Row(Model::Class(at, class), _) => {
                    let module = self.project.code.module(at);
                    module.class(class).name.map(|name| module.str(name).to_owned())
                }
                Value::Row(Model::Table(name), _) => Some(name),
                _ => None,
            };
            model.is_some_and(|model| self.project.held.has(Some(&model), name))
        })
    }

    /// `return root.orders.all()`: the queryset that a resolver gives back runs once for each object.
    fn returned_relation(&self, value: ExprId) -> Option<RelationRead> {
        let query = self
            .eval
            .query_at(self.file, value)
            .filter(|query| !query.executed && !query.opaque)?;
        let (owner, name) = query.relation.as_ref().filter(|(owner, _)| owner.0 == self.file)?;
        let row = rows::row_of(self.project, &self.eval, owner.0, owner.1, 0)?;
        let statement = &query.statement;
        if held::is_plain(statement) && self.is_loaded_somewhere(*owner, name) {
            return None;
        }
        let relation = row.model.relation(name)?;
        Some(RelationRead {
            file: self.file,
            expr: value,
            label: format!("{}.{name}", row.model.name),
            path: row.path_to(name),
            source: row.source,
            root: row.root,
            param: row.param,
            to_many: true,
            is_column: false,
            target: relation.target.clone(),
        })
    }

    /// Whether any query loads the relation along: by its model's name where that is known.
    fn is_loaded_somewhere(&self, owner: (FileId, ExprId), name: &str) -> bool {
        match rows::row_of(self.project, &self.eval, owner.0, owner.1, 0) {
            Some(row) => self.project.held.has(Some(&row.model.name), name),
            None => self.project.held.has(None, name),
        }
    }

    /// Whether the query of the row is known and did not load what a read asks for by this path: a relation, or a column.
    fn is_lazy(&self, source: Option<(FileId, ExprId)>, path: &str, read: &RelationRead) -> bool {
        let Some((at, expr)) = source else { return false };
        if read.is_column {
            return self
                .eval
                .query_at(at, expr)
                .is_some_and(|query| rows::is_left_out(self.project, &self.eval, &query, path));
        }
        if self.project.held.has_label(&read.label) && held::is_of_given(&self.eval, (at, expr)) {
            return false;
        }
        self.eval
            .query_at(at, expr)
            .is_some_and(|query| !rows::is_at_hand(self.project, &query, path))
    }
}

/// Where a file sets attributes of names.
fn set_attributes(module: &Module) -> FxHashMap<(Sym, Sym), Vec<Span>> {
    let mut out: FxHashMap<(Sym, Sym), Vec<Span>> = FxHashMap::default();
    for stmt in &module.stmts {
        if let StmtKind::Assign { target, op: None, .. } = stmt.kind
            && let ExprKind::Attr { base, name } = module.kind(target)
            && let ExprKind::Name(root) = module.kind(*base)
        {
            out.entry((*root, *name)).or_default().push(stmt.span);
        }
    }
    out
}

/// The name at the start of an expression, where it is one.
fn root_of(module: &Module, expr: ExprId) -> Option<Sym> {
    match module.kind(expr) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

fn calls_super(module: &Module, edge: &Edge) -> bool {
    let chain = module.call(edge.expr).map(|call| call.chain()).unwrap_or_default();
    chain
        .iter()
        .any(|call| call.receiver().is_none() && module.name(call.callee) == Some("super"))
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

/// The reads and writes that a call leads to, reads first.
fn target_effects(project: &Project, module: &Module, edge: &Edge) -> Vec<(FnId, What)> {
    let is_lambda = matches!(module.kind(edge.expr), ExprKind::Lambda(_));
    if edge.kind == EdgeKind::Later || is_lambda {
        return Vec::new();
    }
    let of = |effect: Effects, what: What| {
        let targets = edge.targets.iter().copied();
        targets
            .filter(move |&target| project.graph.function(target).effects.has(effect))
            .map(move |target| (target, what))
    };
    of(Effects::QUERY, What::Query).chain(of(Effects::WRITE, What::Write)).collect()
}
