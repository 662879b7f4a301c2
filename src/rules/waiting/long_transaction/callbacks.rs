//! Transactions that run a function which they are given: written in the call, passed by name, or handed to a function of the project that
//! runs it in a transaction.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Region;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Sym};
use crate::libraries::shared::api_names;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{EdgeKind, FnId, is_awaited, is_given_back};

/// How many functions of the project hand the function on, one to the next, by design.
const HOPS: usize = 4;

/// The functions of a project that run in a transaction which waits for what they give.
pub(super) fn regions(project: &Project) -> Vec<Region> {
    let mut search = Search {
        project,
        eval: Evaluator::new(&project.code),
        out: Vec::new(),
        seen: FxHashSet::default(),
    };
    let mut known: FxHashSet<Wrapper> = FxHashSet::default();
    let mut wrappers = search.direct();
    for _ in 0..HOPS {
        wrappers.retain(|wrapper| known.insert(*wrapper));
        if wrappers.is_empty() {
            break;
        }
        wrappers = search.through(&wrappers);
    }
    search.out
}

/// A function of the project that runs a parameter, by its place, in a transaction.
type Wrapper = (FnId, usize);

struct Search<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    out: Vec<Region>,
    /// What runs in a transaction already.
    seen: FxHashSet<(FileId, FunctionId)>,
}

impl Search<'_> {
    /// Looks at the calls of libraries' own transactions; gives the functions that hand them a parameter.
    fn direct(&mut self) -> Vec<Wrapper> {
        let project = self.project;
        let modules = project.code.modules().filter(|(_, module)| module.language.hands_over_blocks());
        let mut wrappers = Vec::new();
        for (file, module) in modules {
            for call in module.calls() {
                if call.receiver().is_some() && call.method().is_some_and(api_names::runs_in_transaction) {
                    wrappers.extend(call.args.iter().filter_map(|arg| self.handed(file, &call, arg.value)));
                }
            }
        }
        wrappers
    }

    /// Looks at the calls of wrappers; gives the functions that hand them a parameter in turn.
    fn through(&mut self, wrappers: &[Wrapper]) -> Vec<Wrapper> {
        let project = self.project;
        let mut places: FxHashMap<FnId, Vec<usize>> = FxHashMap::default();
        for &(function, place) in wrappers {
            places.entry(function).or_default().push(place);
        }
        let mut found = Vec::new();
        for node in &project.graph.functions {
            for edge in node.edges.iter().filter(|edge| edge.kind == EdgeKind::Call && !edge.guessed) {
                let Some(call) = project.code.module(node.file).call(edge.expr) else {
                    continue;
                };
                let of_targets = edge.targets.iter().filter_map(|target| places.get(target)).flatten();
                let handed: Vec<ExprId> = of_targets.filter_map(|&place| call.arg(place)).collect();
                found.extend(handed.into_iter().filter_map(|arg| self.handed(node.file, &call, arg)));
            }
        }
        found
    }

    /// Takes what a transaction is given to run; where that is a parameter of the function around, that one is a wrapper.
    fn handed(&mut self, file: FileId, call: &Call<'_>, given: ExprId) -> Option<Wrapper> {
        let module = call.module;
        match *module.kind(given) {
            ExprKind::Lambda(body) => {
                self.add((file, body), file, call);
                let ran = ran(module, body);
                self.parameter(file, call, |name| ran.contains(&name))
            }
            ExprKind::Name(name) => self.parameter(file, call, |own| own == name).or_else(|| {
                self.named(file, call, given);
                None
            }),
            ExprKind::Attr { .. } => {
                self.named(file, call, given);
                None
            }
            _ => None,
        }
    }

    fn named(&mut self, file: FileId, call: &Call<'_>, given: ExprId) {
        if let Value::Function(at, function) = self.eval.value(file, given) {
            self.add((at, function), file, call);
        }
    }

    fn add(&mut self, (at, function): (FileId, FunctionId), file: FileId, call: &Call<'_>) {
        if !self.seen.insert((at, function)) {
            return;
        }
        self.out.push(Region {
            file: at,
            function,
            body: self.project.code.module(at).function(function).span,
            opened: call.module.expr(call.callee).span,
            opened_in: (file, call.module.owner(call.id)),
            injected: false,
            is_callback: true,
        });
    }

    /// The first parameter of a function around a call that is wanted.
    fn parameter(&self, file: FileId, call: &Call<'_>, is_wanted: impl Fn(Sym) -> bool) -> Option<Wrapper> {
        let module = call.module;
        let mut around = Some(module.owner(call.id));
        while let Some(id) = around.filter(|&id| id != FunctionId::MODULE) {
            let function = module.function(id);
            let place = function.params.iter().position(|param| param.name.is_some_and(&is_wanted));
            if let Some(place) = place {
                return Some((self.project.graph.id(file, id), place));
            }
            around = function.parent;
        }
        None
    }
}

/// The names of functions that a function waits for: it calls them, or has them run in a context (`storage.run(tx, fn)`). What is only
/// handed on may run later: `afterCommit(tx, notify)`.
fn ran(module: &Module, function: FunctionId) -> FxHashSet<Sym> {
    let body = module.function(function);
    let mut names = FxHashSet::default();
    for call in module.call_ids_in(function).filter_map(|id| module.call(id)) {
        if !is_awaited(module, call.id) && !is_given_back(module, call.id) {
            continue;
        }
        let runs = if call.method() == Some("run") && call.receiver().is_some() {
            call.args
        } else {
            &[]
        };
        let called = std::iter::once(call.callee).chain(runs.iter().map(|arg| arg.value));
        names.extend(called.filter_map(|expr| match *module.kind(expr) {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }));
    }
    names.retain(|name| body.params.iter().all(|param| param.name != Some(*name)));
    names
}
