//! What runs once a row: `n-plus-one` and `unbatched-write`, whose search runs once for both.

mod calls;
mod context;
mod framework;
mod pace;
mod relations;
mod sites;
pub mod spared;
mod summaries;
pub mod work;

use std::cell::{OnceCell, RefCell};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::shape::{in_handler, is_dispatched, pick, searches};
use super::single::{self, Callers, callers};
use crate::ir::{ExprId, FunctionId, Module, Sym};
use crate::libraries::shared::row_methods::{self, RowMethod};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Evaluator;
use crate::project::graph::{FnId, QuerySite};
use crate::project::kept_results::KeptAttribute;
use crate::project::loops::{self, Loop};
use crate::project::rows::{self, RelationRead};
use crate::project::{Project, validated};
use crate::source::Span;
use framework::row_fields;
use summaries::Summaries;

/// What the notes on reads once a row are filed under, see [`crate::silence`], and those on writes.
pub const READS: &str = "reads once a row";
/// As [`READS`].
pub const WRITES: &str = "writes once a row";

/// What happens once a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A read.
    Read,
    /// A write.
    Write,
}

impl Access {
    /// What notes on it are filed under.
    fn topic(self) -> &'static str {
        match self {
            Access::Read => READS,
            Access::Write => WRITES,
        }
    }
}

/// A query or a call to one, in a loop.
pub struct PerRow<'p> {
    /// The function it stands in.
    pub function: FnId,
    /// The query or call.
    pub expr: ExprId,
    /// Read or write.
    pub access: Access,
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
    /// How many elements every caller of the function gives the loop at most, where that can be counted.
    pub given: Option<u32>,
}

/// The loop around a place, how many loops over rows are around that, and whether a chunk loop stands between.
type Around = (Loop, usize, bool);

impl PerRow<'_> {
    /// A read at a place within loops, without what is known of single kinds.
    fn read(function: FnId, expr: ExprId, (around, outer, chunked): Around) -> Self {
        PerRow {
            function,
            expr,
            access: Access::Read,
            site: None,
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
            given: None,
        }
    }
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
    let known = Known {
        summaries: summaries::of(project, &files, &reads),
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

struct Search<'p, 's> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    known: &'s Known,
    seen: FxHashSet<(Span, String)>,
    /// Where attributes of names are set or deleted: `line.order = order`.
    set: OnceCell<FxHashMap<(Sym, Sym), Vec<relations::AttributeChange>>>,
    names: OnceCell<single::NameUses>,
    /// The objects on which functions that are called keep all that they ask for.
    kept_on: RefCell<FxHashMap<FnId, Option<KeptAttribute>>>,
    /// The attributes of their object that functions empty.
    emptied: RefCell<FxHashMap<FnId, Vec<Sym>>>,
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
            kept_on: RefCell::default(),
            emptied: RefCell::default(),
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
            let queries: FxHashSet<ExprId> = node.queries.iter().map(|&site| self.project.graph.sites[site].expr).collect();
            for edge in &node.edges {
                // A call of a body for several models is a query of its own.
                if !queries.contains(&edge.expr) {
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

    fn names(&self) -> &single::NameUses {
        self.names.get_or_init(|| single::NameUses::of(self.module))
    }

    /// Notes why something is not said to run once a row.
    fn silent<W: Into<String>>(&self, access: Access, expr: ExprId, why: impl FnOnce() -> W) {
        let span = self.module.expr(expr).span;
        self.project.silent(access.topic(), self.file, span, why);
    }

    fn around(&self, access: Access, expr: ExprId) -> Option<Around> {
        if in_handler(self.module, expr) {
            self.silent(access, expr, || "it runs only where an error is handled");
            return None;
        }
        let Some(found) = pick(loops::around(&self.eval, self.file, expr)) else {
            self.silent(access, expr, || self.no_loop(expr));
            return None;
        };
        if is_dispatched(self.module, &found.0, expr) {
            self.silent(
                access,
                expr,
                || "each element of the loop takes a branch of its own: this one runs once",
            );
            return None;
        }
        if let Some(most @ 0..=1) = self.given(&found.0) {
            self.silent(access, expr, || match most {
                0 => "every caller leaves out what the loop runs over",
                _ => "every caller gives the loop a list of one element",
            });
            return None;
        }
        Some(found)
    }

    /// How many elements every caller gives a loop at most.
    fn given(&self, around: &Loop) -> Option<u32> {
        let known = (&self.known.callers, &self.known.entries);
        single::given(self.project, &self.eval, known, self.file, around)
    }

    /// Why none of the loops around an expression makes it cost more.
    fn no_loop(&self, expr: ExprId) -> String {
        let loops = loops::around(&self.eval, self.file, expr);
        let words: Vec<&str> = loops.iter().map(|around| around.verdict.words()).collect();
        if words.is_empty() {
            "no loop of its function is around it".to_owned()
        } else {
            format!("no loop around it runs once a row: {} (innermost first)", words.join(", "))
        }
    }

    /// A finding for each loop and thing in it, once.
    fn push(&mut self, key: String, mut row: PerRow<'p>) {
        if row.access == Access::Read && single::is_repetition(self.module, self.names(), &row.around) {
            return self.silent(row.access, row.expr, || "the loop does the same again and uses no element");
        }
        if self.falls_back(row.expr) {
            return self.silent(
                row.access,
                row.expr,
                || "it runs only where the relation is missing, and a query of the project loads that along",
            );
        }
        row.searches = searches(self.module, &row.around, row.expr);
        row.given = self.given(&row.around);
        row.handle = self
            .module
            .call(row.expr)
            .and_then(|call| self.module.name(call.root()))
            .map(ToOwned::to_owned);
        if self.seen.insert((row.around.span, key)) {
            self.out.push(row);
        }
    }

    /// `if (!review.product) load()`, where a query of the project loads the relation along: it runs for what came another way.
    fn falls_back(&self, expr: ExprId) -> bool {
        single::missing(&self.eval, self.names(), self.file, expr).is_some_and(|(owner, name)| {
            let model = match self.eval.value(self.file, owner) {
                Value::Instance(at, class) | Value::Row(RowModel::Class(at, class), _) => {
                    let module = self.project.code.module(at);
                    module.class(class).name.map(|name| module.str(name).to_owned())
                }
                Value::Row(RowModel::Table(name), _) => Some(name),
                _ => None,
            };
            model.is_some_and(|model| self.project.held.has(Some(&model), name))
        })
    }
}
