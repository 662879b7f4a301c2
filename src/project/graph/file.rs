//! What one file adds to the call graph: its functions with their calls, its query sites, its entry points.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{CallTotals, Edge, EdgeKind, FnId, QuerySite};
use crate::ir::{ExprId, ExprKind, FunctionId, Module};
use crate::libraries::entries::{self, Entry};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Callees, Code, Evaluator, Parameter};

/// What is found in one file.
pub(super) struct FileGraph {
    pub(super) functions: Vec<(Vec<Edge>, Vec<usize>)>,
    /// Calls of each function that lead nowhere.
    pub(super) unresolved: Vec<Vec<ExprId>>,
    pub(super) sites: Vec<QuerySite>,
    pub(super) entries: Vec<Entry>,
    pub(super) mounts: Vec<entries::Mount>,
    pub(super) calls: CallTotals,
    pub(super) arguments: Vec<(Parameter, Passed)>,
    /// Parameters on whose arguments something here depends.
    pub(super) asked: FxHashSet<Parameter>,
}

/// What a call passes to a parameter.
pub(super) struct Passed {
    pub(super) value: Value,
    /// The query that its rows come from.
    pub(super) query: Option<Arc<Query>>,
}

/// The graphs of the wanted files, by place. A file that the tool fails on has its functions, without what they do.
pub(super) fn build(
    code: &Code,
    first: &[u32],
    properties: &FxHashSet<String>,
    wanted: impl Fn(usize) -> bool + Sync,
) -> Vec<Option<FileGraph>> {
    (0..code.files.len())
        .into_par_iter()
        .map(|index| {
            let file = FileId(index as u32);
            let builder = || FileBuilder::new(code, first, properties, file);
            wanted(index).then(|| code.part(file, || builder().run()).unwrap_or_else(|| builder().out))
        })
        .collect()
}

pub(super) struct FileBuilder<'c> {
    pub(super) code: &'c Code,
    pub(super) eval: Evaluator<'c>,
    pub(super) first: &'c [u32],
    pub(super) properties: &'c FxHashSet<String>,
    pub(super) file: FileId,
    pub(super) module: &'c Module,
    pub(super) out: FileGraph,
    /// Calls that belong to a query site's chain: no edges of their own.
    pub(super) claimed: FxHashSet<ExprId>,
    /// What decorators make of plain and of `async` functions.
    pub(super) wrapped: FxHashMap<(FileId, FunctionId, bool), Vec<FunctionId>>,
    /// Whether a call of a function only puts it into a queue.
    pub(super) queued: FxHashMap<(FileId, FunctionId), bool>,
    /// Whether a function waits for a thread that it starts.
    pub(super) joins: FxHashMap<FunctionId, bool>,
}

impl<'c> FileBuilder<'c> {
    /// What reads one file into the graph: `first` has the number of each file's first function, `properties` the names of all properties
    /// of the project.
    pub(super) fn new(code: &'c Code, first: &'c [u32], properties: &'c FxHashSet<String>, file: FileId) -> Self {
        let module = code.module(file);
        let has_module = code.files.get(file.index()).is_some_and(|facts| facts.module.is_some());
        let count = if has_module { module.functions.len() } else { 0 };
        let out = FileGraph {
            functions: vec![(Vec::new(), Vec::new()); count],
            unresolved: vec![Vec::new(); count],
            sites: Vec::new(),
            entries: Vec::new(),
            mounts: Vec::new(),
            calls: CallTotals::default(),
            arguments: Vec::new(),
            asked: FxHashSet::default(),
        };
        FileBuilder {
            code,
            eval: Evaluator::new(code),
            first,
            properties,
            file,
            module,
            out,
            claimed: FxHashSet::default(),
            wrapped: FxHashMap::default(),
            queued: FxHashMap::default(),
            joins: FxHashMap::default(),
        }
    }

    fn run(mut self) -> FileGraph {
        if self.out.functions.is_empty() {
            return self.out;
        }
        let module = self.module;
        self.find_sites();
        for (id, expr) in module.expr_ids() {
            match &expr.kind {
                ExprKind::Call { .. } if !self.claimed.contains(&id) => self.edges(id),
                ExprKind::Call { .. } => self.callbacks_of_claimed(id),
                ExprKind::Attr { base, name } if self.properties.contains(module.str(*name)) => self.property(id, *base, module.str(*name)),
                _ => {}
            }
        }
        for (id, function) in module.function_ids() {
            for &decorator in &function.decorators {
                self.decorated(id, decorator);
            }
        }
        self.entries();
        let sort = |edges: &mut Vec<Edge>| edges.sort_by_key(|edge| (module.expr(edge.expr).span.start, edge.expr));
        for (edges, _) in &mut self.out.functions {
            sort(edges);
        }
        self.out.asked = self.eval.asked();
        self.out
    }

    pub(super) fn fn_id(&self, file: FileId, function: FunctionId) -> FnId {
        FnId(self.first[file.index()] + function.0)
    }

    pub(super) fn entries(&mut self) {
        let path = self.code.files.get(self.file.index()).map_or("", |facts| facts.path.as_str());
        let found = entries::entries(&self.eval, self.file, path);
        for entry in &found {
            let (file, function) = entry.function;
            if file != self.file {
                continue;
            }
            for dependency in entries::dependencies(&self.eval, file, function) {
                let (at, dependency) = dependency;
                let Callees::Functions(functions) = self.eval.callees(at, dependency) else {
                    continue;
                };
                // An alias of another file has no place in this one: the decorator stands for it.
                let own = if at == file {
                    Some(dependency)
                } else {
                    self.module.function(function).decorators.first().copied()
                };
                let Some(expr) = own else { continue };
                let edge = Edge {
                    expr,
                    targets: functions.into_iter().map(|(file, function)| self.fn_id(file, function)).collect(),
                    external: None,
                    effects: Effects::NONE,
                    // The framework awaits async dependencies and runs others on its thread pool.
                    kind: EdgeKind::Barrier,
                    awaited: true,
                    guessed: false,
                };
                self.out.functions[function.index()].0.push(edge);
            }
        }
        self.out.entries = found;
        self.out.mounts = entries::mounts(&self.eval, self.file, path);
    }
}
