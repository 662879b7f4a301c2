//! Calls that are not certain: of functions that a table holds, of functions inside functions, of methods that several classes have by
//! a name that says much, of the many classes behind one interface. Enough to say who probably reaches a function; not enough to say
//! what a call costs.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Code, Evaluator, is_abstract};
use super::graph::{FnId, Graph, is_distinctive};
use super::scope::Member;
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, Sym};
use crate::libraries::shared::value::{FileId, Value};

/// Functions of one name, or classes behind one interface, of which each may be the one: of more, none is likelier than what is not
/// known.
const MOST_CANDIDATES: usize = 40;
/// Expressions around a function's name that are looked at for the table that holds it.
const MOST_LEVELS: usize = 12;

/// For each function those that it may call, in their order.
pub fn find(code: &Code, graph: &Graph) -> Vec<Vec<FnId>> {
    let names = Names::of(code, graph);
    let files: Vec<(FileId, &Module)> = code.modules().collect();
    let found: Vec<(FnId, FnId)> = files
        .par_iter()
        .flat_map_iter(|&(file, module)| {
            let mut search = Search {
                code,
                graph,
                names: &names,
                file,
                module,
                eval: Evaluator::new(code),
                out: Vec::new(),
            };
            search.inside();
            search.named();
            search.by_name();
            search.implemented();
            search.out
        })
        .collect();
    let mut out = vec![Vec::new(); graph.functions.len()];
    for (from, to) in found {
        if let Some(list) = out.get_mut(from.index()) {
            list.push(to);
        }
    }
    for list in &mut out {
        list.sort_unstable();
        list.dedup();
    }
    out
}

/// The functions of a project by their names.
struct Names<'c> {
    /// Those that do something, of a distinctive name.
    by_name: FxHashMap<&'c str, Vec<FnId>>,
    all: FxHashSet<&'c str>,
}

impl<'c> Names<'c> {
    fn of(code: &'c Code, graph: &Graph) -> Names<'c> {
        let mut by_name: FxHashMap<&str, Vec<FnId>> = FxHashMap::default();
        let mut all = FxHashSet::default();
        for (index, node) in graph.functions.iter().enumerate() {
            let module = code.module(node.file);
            let Some(name) = module.function(node.id).name.map(|name| module.str(name)) else {
                continue;
            };
            all.insert(name);
            if is_distinctive(name) && !is_abstract(module, node.id) {
                by_name.entry(name).or_default().push(FnId(index as u32));
            }
        }
        Names { by_name, all }
    }
}

struct Search<'s, 'c> {
    code: &'c Code,
    graph: &'s Graph,
    names: &'s Names<'c>,
    file: FileId,
    module: &'c Module,
    eval: Evaluator<'c>,
    out: Vec<(FnId, FnId)>,
}

impl Search<'_, '_> {
    fn push(&mut self, from: FunctionId, to: FnId) {
        let from = self.graph.id(self.file, from);
        if from != to {
            self.out.push((from, to));
        }
    }

    /// A function inside another one runs when that one does, or what it is handed to runs it.
    fn inside(&mut self) {
        for (id, function) in self.module.function_ids() {
            if let Some(outer) = function
                .parent
                .filter(|&outer| outer != FunctionId::MODULE && function.class.is_none())
            {
                self.push(outer, self.graph.id(self.file, id));
            }
        }
    }

    /// `handlers = {"add": add_goat}`: whoever names the table may call what it holds; a function that names another one, that one.
    fn named(&mut self) {
        let mut tables: FxHashMap<Sym, Vec<FnId>> = FxHashMap::default();
        for (id, expr) in self.module.expr_ids() {
            let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = expr.kind else {
                continue;
            };
            if !self.names.all.contains(self.module.str(name)) || !self.is_held(id) {
                continue;
            }
            let Value::Function(at, function) = self.eval.value(self.file, id) else {
                continue;
            };
            let target = self.graph.id(at, function);
            match self.module.owner(id) {
                FunctionId::MODULE => {
                    if let Some(table) = self.table_of(id) {
                        tables.entry(table).or_default().push(target);
                    }
                }
                owner => self.push(owner, target),
            }
        }
        if tables.is_empty() {
            return;
        }
        for (id, expr) in self.module.expr_ids() {
            let ExprKind::Name(name) = expr.kind else { continue };
            let owner = self.module.owner(id);
            if let Some(held) = tables.get(&name).filter(|_| owner != FunctionId::MODULE) {
                for &target in held {
                    self.push(owner, target);
                }
            }
        }
    }

    /// The name stands as a value: in a table, on the right of an assignment, as what is returned.
    fn is_held(&self, id: ExprId) -> bool {
        match self.module.expr(id).parent {
            Parent::Expr(parent) => match self.module.kind(parent) {
                ExprKind::Object(entries) => entries.iter().any(|entry| entry.value == id),
                ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Set(_) | ExprKind::Cond { .. } => true,
                ExprKind::Call { callee, .. } => *callee != id,
                _ => false,
            },
            Parent::Stmt(stmt) => match self.module.stmt(stmt).kind {
                StmtKind::Assign { value, .. } => value == Some(id),
                StmtKind::Return(_) => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// The name of the module that holds what an expression is a part of.
    fn table_of(&self, id: ExprId) -> Option<Sym> {
        let mut at = self.module.expr(id).parent;
        for _ in 0..MOST_LEVELS {
            at = match at {
                Parent::Expr(expr) => self.module.expr(expr).parent,
                Parent::Stmt(stmt) => {
                    return match self.module.stmt(stmt).kind {
                        StmtKind::Assign { target, .. } => match *self.module.kind(target) {
                            ExprKind::Name(name) => Some(name),
                            _ => None,
                        },
                        _ => None,
                    };
                }
                _ => return None,
            };
        }
        None
    }

    /// `service.update_organization(…)` on what is not known, where a few classes have such a method.
    fn by_name(&mut self) {
        let (first, count) = (self.graph.id(self.file, FunctionId::MODULE), self.module.functions.len());
        for function in 0..count as u32 {
            let Some(node) = self.graph.functions.get((first.0 + function) as usize) else {
                continue;
            };
            for &id in &node.unresolved {
                let Some(call) = self.module.call(id) else { continue };
                let Some(method) = call.method() else { continue };
                let mut targets = self.behind(&call, method);
                if targets.is_empty() {
                    targets = self.names.by_name.get(method).cloned().unwrap_or_default();
                }
                for target in targets.into_iter().take(MOST_CANDIDATES) {
                    if self.is_same_language(target) {
                        self.push(FunctionId(function), target);
                    }
                }
            }
        }
    }

    /// The methods of the classes behind the interface that a call's receiver is declared as.
    fn behind(&self, call: &Call<'_>, method: &str) -> Vec<FnId> {
        let Some(Value::Instance(file, class)) = call.receiver().map(|receiver| self.eval.value(self.file, receiver)) else {
            return Vec::new();
        };
        let classes = self.below(file, class).into_iter();
        let methods = classes.filter_map(|(file, class)| match self.eval.member(file, class, method) {
            Some((at, Member::Method(function))) => Some(self.graph.id(at, function)),
            _ => None,
        });
        methods.collect()
    }

    fn is_same_language(&self, target: FnId) -> bool {
        self.code.module(self.graph.function(target).file).language == self.module.language
    }

    /// What only declares a method leads to the classes that have it, of the same file's declarations.
    fn implemented(&mut self) {
        for (id, function) in self.module.function_ids() {
            let (Some(class), Some(name)) = (function.class, function.name) else {
                continue;
            };
            if !is_abstract(self.module, id) {
                continue;
            }
            for (file, class) in self.below(self.file, class) {
                let scope = self.code.scopes.get(file.index());
                let members = scope.map_or(&[] as &[_], |scope| {
                    scope.member(self.code.module(file), class, self.module.str(name))
                });
                if let Some((_, Member::Method(method))) = members.first() {
                    self.push(id, self.graph.id(file, *method));
                }
            }
        }
    }

    /// The classes below one, so many.
    fn below(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![(file, class)];
        while let Some(place) = open.pop() {
            for &sub in self.code.subclasses.get(&place).into_iter().flatten() {
                if found.len() == MOST_CANDIDATES {
                    return found;
                }
                if seen.insert(sub) {
                    found.push(sub);
                    open.push(sub);
                }
            }
        }
        found
    }
}
