//! Calls that may lead to functions of the project and have no known target, by why.

use rustc_hash::FxHashSet;

use super::Project;
use super::eval::{Callees, Evaluator, Found};
use super::scope::Bound;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::shared::callbacks::is_iteration;
use crate::libraries::shared::value::{FileId, Value};

/// Names that one receiver is followed through.
const MOST_STEPS: usize = 6;
/// Places that are kept of each cause.
const SHOWN: usize = 3;

/// Why it is not known what a call runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A parameter that says no type, and whose callers do not agree.
    Parameter,
    /// The function is a parameter itself.
    Callback,
    /// A field or member of what is not known.
    Member,
    /// A member that is not found on a class of the project.
    NoSuchMember,
    /// What a call gives whose own target is not known, or which says no type.
    Result,
    /// An element of a collection whose elements are not known.
    Element,
    /// A member by a computed name.
    Computed,
    /// A module by a computed name.
    DynamicImport,
    /// What a name stands for is not known.
    Name,
    /// Anything else.
    Other,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 10] = [
        Cause::Parameter,
        Cause::Callback,
        Cause::Member,
        Cause::NoSuchMember,
        Cause::Result,
        Cause::Element,
        Cause::Computed,
        Cause::DynamicImport,
        Cause::Name,
        Cause::Other,
    ];

    /// The name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Parameter => "parameter",
            Cause::Callback => "callback",
            Cause::Member => "member",
            Cause::NoSuchMember => "no-such-member",
            Cause::Result => "result",
            Cause::Element => "element",
            Cause::Computed => "computed",
            Cause::DynamicImport => "dynamic-import",
            Cause::Name => "name",
            Cause::Other => "other",
        }
    }

    /// In words.
    pub fn about(self) -> &'static str {
        match self {
            Cause::Parameter => "on a parameter that says no type",
            Cause::Callback => "of a function that is a parameter",
            Cause::Member => "on a member of what is not known",
            Cause::NoSuchMember => "of a member that a class of the project is not known to have",
            Cause::Result => "on what a call gives, of which no type is known",
            Cause::Element => "on an element of a collection of which no type is known",
            Cause::Computed => "of a member by a computed name",
            Cause::DynamicImport => "on a module that is loaded by a computed name",
            Cause::Name => "on a name whose value is not known",
            Cause::Other => "of something else",
        }
    }
}

/// The calls of one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Why.
    pub cause: Cause,
    /// How many.
    pub calls: usize,
    /// The first ones.
    pub places: Vec<(FileId, ExprId)>,
}

/// What is not resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unresolved {
    /// By cause, the most frequent first.
    pub causes: Vec<Tally>,
    /// Calls whose name no function or class of the project has, and of functions that a library hands in.
    pub elsewhere: usize,
}

/// Counts the unresolved calls of a project by cause.
pub fn count(project: &Project) -> Unresolved {
    let names = names(project);
    let entries: FxHashSet<(FileId, FunctionId)> = project.graph.entries.iter().map(|entry| entry.function).collect();
    let mut tallies: Vec<Tally> = Cause::ALL
        .into_iter()
        .map(|cause| Tally {
            cause,
            calls: 0,
            places: Vec::new(),
        })
        .collect();
    let mut elsewhere = 0;
    for (file, module) in project.code.modules() {
        let eval = Evaluator::new(&project.code);
        for (id, _) in module.function_ids() {
            for &expr in &project.graph.function(project.graph.id(file, id)).unresolved {
                let Some(call) = module.call(expr) else { continue };
                let cause = cause(&eval, file, &call);
                let is_named = call.method().is_none_or(|method| names.contains(method));
                let is_elsewhere = match cause {
                    Cause::Computed => false,
                    Cause::Callback => handed_in(&eval, file, &call)
                        .is_some_and(|(at, function)| entries.contains(&(at, function)) || is_given_away(&eval, at, function)),
                    _ => !is_named,
                };
                if is_elsewhere {
                    elsewhere += 1;
                    continue;
                }
                if let Some(tally) = tallies.iter_mut().find(|tally| tally.cause == cause) {
                    tally.calls += 1;
                    if tally.places.len() < SHOWN {
                        tally.places.push((file, expr));
                    }
                }
            }
        }
    }
    tallies.retain(|tally| tally.calls > 0);
    tallies.sort_by(|a, b| b.calls.cmp(&a.calls).then(a.cause.cmp(&b.cause)));
    Unresolved {
        causes: tallies,
        elsewhere,
    }
}

/// The names of all functions and classes.
fn names(project: &Project) -> FxHashSet<&str> {
    let mut names = FxHashSet::default();
    for (_, module) in project.code.modules() {
        let functions = module.functions.iter().filter_map(|function| function.name);
        let classes = module.classes.iter().filter_map(|class| class.name);
        names.extend(functions.chain(classes).map(|name| module.str(name)));
    }
    names
}

/// Why it is not known what a call runs, of which that is not known.
pub fn cause(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>) -> Cause {
    let module = call.module;
    match module.kind(call.callee) {
        ExprKind::Index { .. } => Cause::Computed,
        ExprKind::Name(_) => match of_name(eval, file, call.callee, 0) {
            Cause::Parameter => Cause::Callback,
            cause => cause,
        },
        ExprKind::Attr { base, .. } => of_receiver(eval, file, *base, 0),
        ExprKind::Call { .. } => Cause::Result,
        _ => Cause::Other,
    }
}

/// The function whose parameter a call runs.
fn handed_in(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>) -> Option<(FileId, FunctionId)> {
    let ExprKind::Name(name) = call.module.kind(call.callee) else {
        return None;
    };
    let found = eval.lookup(
        file,
        call.module.owner(call.callee),
        *name,
        call.module.expr(call.callee).span.start,
    )?;
    match found {
        Found::Binding(at, _, binding) => match binding.bound {
            Bound::Param(function, ..) => Some((at, function)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a function is written where a library takes it, which calls it with what is its own: `new Promise((resolve, reject) => …)`.
fn is_given_away(eval: &Evaluator<'_>, file: FileId, function: FunctionId) -> bool {
    let module = eval.code.module(file);
    let Parent::Expr(lambda) = module.function(function).definition else {
        return false;
    };
    let Parent::Expr(holder) = module.expr(lambda).parent else {
        return false;
    };
    let Some(call) = module.call(holder).filter(|call| call.args.iter().any(|arg| arg.value == lambda)) else {
        return false;
    };
    matches!(eval.callees(file, call.callee), Callees::External(_) | Callees::BuiltIn)
}

fn of_receiver(eval: &Evaluator<'_>, file: FileId, receiver: ExprId, steps: usize) -> Cause {
    let module = eval.code.module(file);
    if steps > MOST_STEPS {
        return Cause::Other;
    }
    match eval.value(file, receiver) {
        Value::Instance(..) | Value::Class(..) | Value::Row(..) => return Cause::NoSuchMember,
        _ => {}
    }
    match module.kind(receiver) {
        ExprKind::Name(_) => of_name(eval, file, receiver, steps),
        ExprKind::Attr { .. } => Cause::Member,
        ExprKind::Call { .. } => of_result(module, receiver),
        ExprKind::Index { .. } => Cause::Element,
        ExprKind::Await(inner) => of_receiver(eval, file, *inner, steps + 1),
        _ => Cause::Other,
    }
}

fn of_result(module: &Module, call: ExprId) -> Cause {
    let Some(call) = module.call(call) else { return Cause::Result };
    let loads = matches!(
        module.name(call.callee),
        Some("require" | "import" | "import_module" | "__import__")
    );
    if loads || call.method() == Some("import_module") {
        Cause::DynamicImport
    } else {
        Cause::Result
    }
}

fn of_name(eval: &Evaluator<'_>, file: FileId, expr: ExprId, steps: usize) -> Cause {
    let module = eval.code.module(file);
    let ExprKind::Name(name) = module.kind(expr) else {
        return Cause::Other;
    };
    let found = eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start);
    let Some(Found::Binding(at, _, binding)) = found else {
        return Cause::Name;
    };
    match binding.bound {
        Bound::Param(function, index, _) if is_element(eval.code.module(at), function, index) => Cause::Element,
        Bound::Param(..) => Cause::Parameter,
        Bound::Element(..) => Cause::Element,
        Bound::Value(value, path) if path.is_empty() => of_value(eval, at, value, steps + 1),
        Bound::Value(..) => Cause::Member,
        _ => Cause::Name,
    }
}

fn of_value(eval: &Evaluator<'_>, file: FileId, value: ExprId, steps: usize) -> Cause {
    let module = eval.code.module(file);
    if steps > MOST_STEPS {
        return Cause::Other;
    }
    match module.kind(value) {
        ExprKind::Await(inner) => of_value(eval, file, *inner, steps + 1),
        ExprKind::Name(_) => of_name(eval, file, value, steps),
        ExprKind::Call { .. } => of_result(module, value),
        ExprKind::Attr { .. } => Cause::Member,
        ExprKind::Index { .. } => Cause::Element,
        _ => Cause::Name,
    }
}

/// Whether a function is a callback of an array's method, which is given its elements.
fn is_element(module: &Module, function: FunctionId, index: usize) -> bool {
    let Parent::Expr(lambda) = module.function(function).definition else {
        return false;
    };
    let holder = match module.expr(lambda).parent {
        Parent::Expr(holder) => holder,
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Expr(holder) => holder,
            _ => return false,
        },
        _ => return false,
    };
    let method = module.call(holder).and_then(|call| call.method());
    index < 2 && method.is_some_and(is_iteration)
}
