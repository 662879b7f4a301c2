//! How long the instances of a class live: as long as the process, or as long as a request.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::judge::reach::{self, Reached};
use crate::libraries::entries::{CONSUMER, EntryKind};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::FnId;
use crate::vocabulary::List;

/// Where a class is instantiated.
#[derive(Clone, Copy, Debug)]
pub struct Instantiation {
    /// File that is read.
    pub file: FileId,
    /// The call.
    pub expr: ExprId,
    /// The instance outlives the function that makes it.
    pub is_kept: bool,
}

/// The instantiations of the classes of a project.
#[derive(Debug, Default)]
pub struct Lifetimes {
    made: FxHashMap<(FileId, ClassId), Vec<Instantiation>>,
    decorated: FxHashSet<(FileId, ClassId)>,
}

impl Lifetimes {
    /// Whether an instance lives as long as the process.
    pub fn is_long(&self, file: FileId, class: ClassId) -> bool {
        self.decorated.contains(&(file, class)) || self.made(file, class).iter().any(|made| made.is_kept)
    }

    /// Where a class is instantiated.
    pub fn made(&self, file: FileId, class: ClassId) -> &[Instantiation] {
        self.made.get(&(file, class)).map_or(&[], Vec::as_slice)
    }
}

/// Collects the instantiations.
pub fn of(project: &Project) -> Lifetimes {
    let mut out = Lifetimes::default();
    let mut names: FxHashSet<&str> = FxHashSet::default();
    for (file, module) in project.code.modules() {
        for (class, node) in module.class_ids() {
            names.extend(node.name.map(|name| module.str(name)));
            let decorators = node.decorators.iter().map(|&decorator| (decorator, module.call(decorator)));
            let single = decorators.into_iter().any(|(decorator, call)| {
                let callee = call.map_or(decorator, |call| call.callee);
                match module.kind(callee) {
                    // A provider of a container is one instance, unless its scope says otherwise.
                    ExprKind::Name(name) if module.str(*name) == "Injectable" => call.is_none_or(|call| call.args.is_empty()),
                    ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name).eq_ignore_ascii_case("singleton"),
                    _ => false,
                }
            });
            if single {
                out.decorated.insert((file, class));
            }
        }
    }
    let files: Vec<(FileId, &Module)> = project.code.modules().collect();
    let found: Vec<((FileId, ClassId), Instantiation)> = files
        .into_par_iter()
        .flat_map_iter(|(file, module)| {
            let eval = Evaluator::new(&project.code);
            let mut out = Vec::new();
            let of_classes: Vec<bool> = module.strings.iter().map(|name| names.contains(name) || name == "cls").collect();
            if !of_classes.contains(&true) {
                return out;
            }
            for expr in module.call_ids() {
                let is_class = |call: &Call<'_>| call.method_sym().is_some_and(|name| of_classes[name.0 as usize]);
                let Some(call) = module.call(expr).filter(is_class) else {
                    continue;
                };
                if let Value::Class(at, class) = eval.value(file, call.callee) {
                    let is_kept = is_kept(project, file, module, expr);
                    out.push(((at, class), Instantiation { file, expr, is_kept }));
                }
            }
            out
        })
        .collect();
    let consuming = consumers(project);
    let called = if consuming.is_empty() {
        FxHashSet::default()
    } else {
        called_by_modules(project)
    };
    for (class, mut made) in found {
        made.is_kept |= consuming.contains(&class) && is_made_once(project, &called, made.file, made.expr);
        out.made.entry(class).or_default().push(made);
    }
    out
}

/// The classes with a method that takes one message after the other: their objects live as long as that goes on.
fn consumers(project: &Project) -> FxHashSet<(FileId, ClassId)> {
    let entries = project
        .graph
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Job && entry.label.starts_with(CONSUMER));
    let classes = entries.filter_map(|entry| {
        let (file, function) = entry.function;
        Some((file, project.code.module(file).function(function).class?))
    });
    classes.collect()
}

/// The functions that a module calls at its top level: `asyncio.run(main())`.
fn called_by_modules(project: &Project) -> FxHashSet<FnId> {
    let modules = project.graph.functions.iter().filter(|node| node.id == FunctionId::MODULE);
    modules
        .flat_map(|node| &node.edges)
        .flat_map(|edge| edge.targets.iter().copied())
        .collect()
}

/// Whether what starts the process makes an instance, and no loop does.
fn is_made_once(project: &Project, called: &FxHashSet<FnId>, file: FileId, expr: ExprId) -> bool {
    let module = project.code.module(file);
    let function = project.graph.id(file, module.owner(expr));
    let starts = match reach::reached(project, function).0 {
        Reached::Startup | Reached::Command => true,
        Reached::Unknown => called.contains(&function),
        _ => false,
    };
    let mut at = module.expr(expr).parent;
    starts
        && loop {
            at = match at {
                Parent::Expr(id) => match module.kind(id) {
                    ExprKind::Comp(_) => break false,
                    _ => module.expr(id).parent,
                },
                Parent::Stmt(id) => match module.stmt(id).kind {
                    StmtKind::Loop { .. } => break false,
                    _ => module.stmt(id).parent,
                },
                Parent::Class(_) | Parent::Function(_) | Parent::None => break true,
            };
        }
}

/// At the top level, into a name of the module, into a class or application attribute, or in a function whose result is kept.
fn is_kept(project: &Project, file: FileId, module: &Module, expr: ExprId) -> bool {
    let function = module.owner(expr);
    if function == FunctionId::MODULE || project.graph.function(project.graph.id(file, function)).is_cached {
        return true;
    }
    let target = match module.expr(expr).parent {
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => target,
            _ => return false,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Assign { target, .. } => *target,
            _ => return false,
        },
        _ => return false,
    };
    match module.kind(target) {
        ExprKind::Name(name) => project
            .code
            .scopes
            .get(file.index())
            .is_some_and(|scope| scope.binds(FunctionId::MODULE, *name)),
        ExprKind::Attr { base, name } => {
            let name = module.str(*name).trim_start_matches('_').to_ascii_lowercase();
            name == "instance"
                || match module.kind(*base) {
                    ExprKind::Attr { name, .. } => module.str(*name) == "state",
                    ExprKind::Name(name) => List::LastingHolders.has(module.str(*name)),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// The instantiation in a function that serves a request, when no instance lives longer.
pub fn per_request(project: &Project, lifetimes: &Lifetimes, file: FileId, class: ClassId) -> Option<Instantiation> {
    if lifetimes.is_long(file, class) {
        return None;
    }
    lifetimes.made(file, class).iter().copied().find(|made| {
        let module = project.code.module(made.file);
        let function = project.graph.id(made.file, module.owner(made.expr));
        reach::reached(project, function).0 == Reached::Request
    })
}
