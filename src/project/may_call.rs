//! Calls that are not certain: of functions that a table holds, of functions inside functions, of methods that several classes have by
//! a name that says much, of the many classes behind one interface. Enough to say who probably reaches a function; not enough to say
//! what a call costs.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Code, Evaluator};
use super::graph::{FnId, Graph, is_distinctive};
use super::scope::Member;
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

/// Functions of one name, or classes behind one interface, of which each may be the one: of more, none is likelier than what is not
/// known.
const MOST_CANDIDATES: usize = 40;
/// Expressions around a function's name that are looked at for the table that holds it.
const MOST_LEVELS: usize = 12;

/// What functions may call.
#[derive(Debug, Default)]
pub struct MayCall {
    /// For each function those that it may call, in their order.
    calls: Vec<Vec<FnId>>,
    /// For each function the tables that it names.
    tables: Vec<Vec<usize>>,
    /// What each table of functions holds.
    held: Vec<Vec<FnId>>,
}

impl MayCall {
    /// What a function may call, without what its tables hold.
    pub fn calls_of(&self, function: FnId) -> &[FnId] {
        self.calls.get(function.index()).map_or(&[], Vec::as_slice)
    }

    /// The tables that a function names.
    pub fn tables_of(&self, function: FnId) -> &[usize] {
        self.tables.get(function.index()).map_or(&[], Vec::as_slice)
    }

    /// The functions of a table.
    pub fn held(&self, table: usize) -> &[FnId] {
        self.held.get(table).map_or(&[], Vec::as_slice)
    }
}

/// Looks at all functions.
pub fn find(code: &Code, graph: &Graph) -> MayCall {
    let names = Names::of(code, graph);
    let files: Vec<(FileId, &Module)> = code.modules().collect();
    let found: Vec<Found> = files
        .par_iter()
        .map(|&(file, module)| {
            let mut search = Search {
                code,
                graph,
                names: &names,
                file,
                module,
                eval: Evaluator::new(code),
                behind: FxHashMap::default(),
                out: Found::default(),
            };
            search.inside();
            search.named();
            search.by_name();
            search.implemented();
            search.out
        })
        .collect();
    let mut all = MayCall {
        calls: vec![Vec::new(); graph.functions.len()],
        tables: vec![Vec::new(); graph.functions.len()],
        held: Vec::new(),
    };
    for found in found {
        let first = all.held.len();
        all.held.extend(found.held);
        for (from, to) in found.calls {
            all.calls[from.index()].push(to);
        }
        for (from, table) in found.tables {
            all.tables[from.index()].push(first + table);
        }
    }
    for list in &mut all.calls {
        list.sort_unstable();
        list.dedup();
    }
    for list in &mut all.tables {
        list.sort_unstable();
        list.dedup();
    }
    all
}

/// What is found in one file.
#[derive(Default)]
struct Found {
    calls: Vec<(FnId, FnId)>,
    tables: Vec<(FnId, usize)>,
    held: Vec<Vec<FnId>>,
}

/// The functions of a project by their names.
struct Names<'c> {
    /// Those that do something, of a distinctive name that few in a language have.
    by_name: FxHashMap<(Language, &'c str), Vec<FnId>>,
    all: FxHashSet<&'c str>,
}

impl<'c> Names<'c> {
    fn of(code: &'c Code, graph: &Graph) -> Names<'c> {
        let mut by_name: FxHashMap<(Language, &str), Vec<FnId>> = FxHashMap::default();
        let mut all = FxHashSet::default();
        for (index, node) in graph.functions.iter().enumerate() {
            let module = code.module(node.file);
            let Some(name) = module.function(node.id).name.map(|name| module.str(name)) else {
                continue;
            };
            all.insert(name);
            if is_distinctive(name) && !module.is_abstract(node.id) {
                by_name.entry((module.language, name)).or_default().push(FnId(index as u32));
            }
        }
        by_name.retain(|_, functions| functions.len() <= MOST_CANDIDATES);
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
    /// Methods of the classes behind an interface, once looked for.
    behind: FxHashMap<(FileId, ClassId, &'c str), Vec<FnId>>,
    out: Found,
}

impl<'c> Search<'_, 'c> {
    fn push(&mut self, from: FunctionId, to: FnId) {
        let from = self.graph.id(self.file, from);
        if from != to {
            self.out.calls.push((from, to));
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
        let mut tables: FxHashMap<(Option<ClassId>, Sym), usize> = FxHashMap::default();
        let mut of_classes: FxHashMap<Sym, Vec<usize>> = FxHashMap::default();
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
                    if let Some((class, name)) = self.table_of(id) {
                        let table = *tables.entry((class, name)).or_insert(self.out.held.len());
                        if table == self.out.held.len() {
                            self.out.held.push(Vec::new());
                            if class.is_some() {
                                of_classes.entry(name).or_default().push(table);
                            }
                        }
                        self.out.held[table].push(target);
                    }
                }
                owner => self.push(owner, target),
            }
        }
        if tables.is_empty() {
            return;
        }
        for (id, expr) in self.module.expr_ids() {
            let owner = self.module.owner(id);
            if owner == FunctionId::MODULE {
                continue;
            }
            let named: &[usize] = match expr.kind {
                ExprKind::Name(name) => match tables.get(&(None, name)) {
                    Some(table) if !self.is_bound_inside(owner, name) => std::slice::from_ref(table),
                    _ => &[],
                },
                // What a class holds is no name of its methods: `self.handlers`, `Barn.handlers`.
                ExprKind::Attr { name, .. } => of_classes.get(&name).map_or(&[], Vec::as_slice),
                _ => &[],
            };
            let from = self.graph.id(self.file, owner);
            self.out.tables.extend(named.iter().map(|&table| (from, table)));
        }
    }

    /// Whether a function, or one that it stands in, has a variable of a name of its own.
    fn is_bound_inside(&self, function: FunctionId, name: Sym) -> bool {
        let scope = self.code.scopes.get(self.file.index());
        let outer = |id: &FunctionId| self.module.function(*id).parent.filter(|&outer| outer != FunctionId::MODULE);
        std::iter::successors(Some(function), outer).any(|id| scope.is_some_and(|scope| scope.binds(id, name)))
    }

    /// The name stands as a value: in a table, on the right of an assignment, as what is returned.
    fn is_held(&self, id: ExprId) -> bool {
        match self.module.expr(id).parent {
            Parent::Expr(parent) => match self.module.kind(parent) {
                ExprKind::Object(_) | ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Set(_) | ExprKind::Cond { .. } => true,
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

    /// The name of the module, or of a class, that holds what an expression is a part of.
    fn table_of(&self, id: ExprId) -> Option<(Option<ClassId>, Sym)> {
        let mut at = self.module.expr(id).parent;
        for _ in 0..MOST_LEVELS {
            at = match at {
                Parent::Expr(expr) => self.module.expr(expr).parent,
                Parent::Stmt(stmt) => {
                    return match self.module.stmt(stmt).kind {
                        StmtKind::Assign { target, .. } => match *self.module.kind(target) {
                            ExprKind::Name(name) => Some((self.class_around(stmt), name)),
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

    fn class_around(&self, stmt: StmtId) -> Option<ClassId> {
        match self.module.stmt(stmt).parent {
            Parent::Class(class) => Some(class),
            _ => None,
        }
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
                    targets = self.kept(&call, method);
                }
                if targets.is_empty() {
                    let known = self.names.by_name.get(&(self.module.language, method));
                    targets = known.cloned().unwrap_or_default();
                }
                for target in targets {
                    self.push(FunctionId(function), target);
                }
            }
        }
    }

    /// The methods of the classes behind the interface that a call's receiver is declared as.
    fn behind(&mut self, call: &Call<'c>, method: &'c str) -> Vec<FnId> {
        let Some(Value::Instance(file, class)) = call.receiver().map(|receiver| self.eval.value(self.file, receiver)) else {
            return Vec::new();
        };
        if let Some(known) = self.behind.get(&(file, class, method)) {
            return known.clone();
        }
        let classes = self.below(file, class).into_iter();
        let methods = classes.filter_map(|(file, class)| match self.eval.member(file, class, method) {
            Some((at, Member::Method(function))) => Some(self.graph.id(at, function)),
            _ => None,
        });
        let found: Vec<FnId> = methods.collect();
        self.behind.insert((file, class, method), found.clone());
        found
    }

    /// `checks[kind].run()`: the methods of the objects, or of the classes, that a table which is written out keeps by a key.
    fn kept(&self, call: &Call<'c>, method: &str) -> Vec<FnId> {
        let Some(table) = call.receiver().and_then(|receiver| self.table_behind(receiver)) else {
            return Vec::new();
        };
        let module = self.code.module(table.0);
        let ExprKind::Object(entries) = module.kind(table.1) else {
            return Vec::new();
        };
        if entries.len() > MOST_CANDIDATES || !self.eval.afford(self.file, entries.len()) {
            return Vec::new();
        }
        let methods = entries.iter().filter_map(|entry| {
            let (Value::Instance(at, class) | Value::Class(at, class)) = self.eval.value(table.0, entry.value) else {
                return None;
            };
            match self.eval.member(at, class, method)? {
                (at, Member::Method(function)) => Some(self.graph.id(at, function)),
                _ => None,
            }
        });
        methods.collect()
    }

    /// The table from which a key takes what an expression holds: `checks[kind]`, `checks.get(kind)`, `new checks[kind]()`.
    fn table_behind(&self, receiver: ExprId) -> Option<(FileId, ExprId)> {
        let (at, mut taken) = self.eval.definition(self.file, receiver).unwrap_or((self.file, receiver));
        let module = self.code.module(at);
        if let Some(made) = module.call(taken).filter(|made| made.method().is_none()) {
            taken = made.callee;
        }
        let table = match module.kind(taken) {
            ExprKind::Index { base, index } if module.string(*index).is_none() => *base,
            ExprKind::Call { .. } => module.call(taken).filter(|get| get.method() == Some("get"))?.receiver()?,
            _ => return None,
        };
        match self.eval.value(at, table) {
            Value::Literal(at, object) => Some((at, object)),
            _ => None,
        }
    }

    /// What only declares a method leads to the classes that have it, of the same file's declarations.
    fn implemented(&mut self) {
        for (id, function) in self.module.function_ids() {
            let (Some(class), Some(name)) = (function.class, function.name) else {
                continue;
            };
            if !self.module.is_abstract(id) {
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

    /// The classes below one; none where they are too many.
    fn below(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![(file, class)];
        while let Some(place) = open.pop() {
            for &sub in self.code.subclasses.get(&place).into_iter().flatten() {
                if found.len() == MOST_CANDIDATES {
                    return Vec::new();
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
