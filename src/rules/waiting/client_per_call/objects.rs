//! Clients that an object holds: they live as long as it does.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::shared::api_names;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::FnId;

/// Where objects of each class are made.
pub type InstancesByClass = FxHashMap<(FileId, ClassId), Vec<(FnId, ExprId)>>;

/// The class whose objects hold what an expression makes: it stands in the constructor, or gives a field its value.
pub fn holder(module: &Module, function: FunctionId, expr: ExprId) -> Option<ClassId> {
    let definition = module.function(function);
    if let Some(class) = definition.class {
        let is_constructor = definition.name.is_some_and(|name| api_names::is_initializer(module.str(name)));
        return is_constructor.then_some(class);
    }
    if module.language.shares_class_values() {
        return None;
    }
    let mut at = module.expr(expr).parent;
    loop {
        at = match at {
            Parent::Expr(outer) => module.expr(outer).parent,
            Parent::Stmt(stmt) => match module.stmt(stmt).parent {
                Parent::Class(class) => return Some(class),
                _ => return None,
            },
            _ => return None,
        };
    }
}

/// Whether a function puts what an expression gives a field into a collection, too: `self.client = Client()`, then
/// `_clients[key] = self.client`.
pub fn is_filed(module: &Module, function: FunctionId, expr: ExprId) -> bool {
    let Parent::Stmt(stmt) = module.expr(expr).parent else {
        return false;
    };
    let StmtKind::Assign { target, .. } = module.stmt(stmt).kind else {
        return false;
    };
    let Some(field) = module.dotted(target).filter(|path| path.contains('.')) else {
        return false;
    };
    module.stmts.iter().any(|stmt| match stmt.kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } => {
            matches!(module.kind(target), ExprKind::Index { .. })
                && module.owner(target) == function
                && module.dotted(value).is_some_and(|path| path == field)
        }
        _ => false,
    })
}

/// The places where the code makes objects of its own classes, but for those that run once.
pub fn made(project: &Project, runs_once: &(impl Fn(&Project, FileId) -> bool + Sync)) -> InstancesByClass {
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    let found: Vec<Vec<_>> = files
        .into_par_iter()
        .filter(|&file| !runs_once(project, file))
        .map(|file| in_file(project, file))
        .collect();
    let mut made = InstancesByClass::default();
    for (class, place) in found.into_iter().flatten() {
        made.entry(class).or_default().push(place);
    }
    made
}

type Place = ((FileId, ClassId), (FnId, ExprId));

fn in_file(project: &Project, file: FileId) -> Vec<Place> {
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let has_new = module.language.constructs_with_new();
    let is_class = |call: &Call<'_>| call.method().is_some_and(|name| name.starts_with(char::is_uppercase));
    let calls = module.calls().filter(|call| if has_new { call.is_new } else { is_class(call) });
    calls
        .filter_map(|call| match eval.value(file, call.callee) {
            Value::Class(at, class) => {
                let maker = project.graph.id(file, module.owner(call.id));
                // `if (!Factory.instance) Factory.instance = new Client()`: one for the process.
                (!project.once.runs(&project.code, &project.graph, maker, call.id)).then_some(((at, class), (maker, call.id)))
            }
            _ => None,
        })
        .collect()
}
