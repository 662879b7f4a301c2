//! The limit that a class or a file gives its other requests already: `timeout=self._timeout`, `timeout=REQUEST_TIMEOUT`.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::project::Project;

/// What a file has to bound its waits with.
#[derive(Debug, Default)]
pub(super) struct OwnLimits {
    /// An attribute of the object, by its class.
    of_class: FxHashMap<ClassId, String>,
    /// A constant of the file.
    of_file: Option<String>,
}

impl OwnLimits {
    /// Reads a file once.
    pub(super) fn of(project: &Project, file: FileId) -> Self {
        let module = project.code.module(file);
        let mut found = OwnLimits::default();
        let given = given(project, file);
        if given.is_empty() {
            return found;
        }
        for stmt in &module.stmts {
            if let StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } = stmt.kind
            {
                found.note(module, &given, (target, value));
            }
        }
        found
    }

    fn note(&mut self, module: &Module, given: &FxHashSet<String>, (target, value): (ExprId, ExprId)) {
        let Some(path) = module.dotted(target).filter(|path| given.contains(path)) else {
            return;
        };
        let owner = module.owner(target);
        let is_number = module.number(value).is_some_and(|seconds| seconds > 0.0);
        match path.split_once('.') {
            None if owner == FunctionId::MODULE && is_number => {
                self.of_file.get_or_insert(path);
            }
            // Of the object, as it is made: a number, or what its maker gives.
            Some(("self" | "this", attribute))
                if !attribute.contains('.') && (is_number || matches!(module.kind(value), ExprKind::Name(_))) =>
            {
                if let Some(class) = module.function(owner).class {
                    self.of_class.entry(class).or_insert(path);
                }
            }
            _ => {}
        }
    }

    /// How code of a function writes the limit that it has at hand.
    pub(super) fn at(&self, module: &Module, function: FunctionId) -> Option<&str> {
        let class = module.function(function).class;
        class
            .and_then(|class| self.of_class.get(&class))
            .or(self.of_file.as_ref())
            .map(String::as_str)
    }
}

/// What requests of a file are given as their timeout, as it is written: `get(url, timeout=self._timeout)`, `AbortSignal.timeout(LIMIT)`.
/// A cache's `timeout` says how long it keeps something.
fn given(project: &Project, file: FileId) -> FxHashSet<String> {
    let module = project.code.module(file);
    let functions = module.function_ids().map(|(id, _)| project.graph.id(file, id));
    let edges = functions.flat_map(|function| &project.graph.function(function).edges);
    let requests = edges.filter(|edge| edge.effects.has(Effects::NETWORK));
    let named = requests.filter_map(|edge| module.call(edge.expr)?.keyword("timeout"));
    let signals = module
        .calls()
        .filter(|call| module.dotted(call.callee).as_deref() == Some("AbortSignal.timeout"));
    let limits = named.chain(signals.filter_map(|call| call.arg(0)));
    limits.filter_map(|value| module.dotted(value)).collect()
}
