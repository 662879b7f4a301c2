//! What calling an expression runs.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Evaluator, Functions};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Language, Module, StmtKind};
use crate::libraries::shared::collections;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::scope::Member;

/// An abstract method that more than so many classes implement leads nowhere in particular.
const MOST_OVERRIDES: usize = 8;

impl Evaluator<'_> {
    /// The functions of the project that calling an expression runs.
    pub fn callees(&self, file: FileId, callee: ExprId) -> Callees {
        let value = self.value(file, callee);
        self.callees_of(file, callee, &value)
    }

    pub(super) fn callees_of(&self, file: FileId, callee: ExprId, value: &Value) -> Callees {
        match value {
            Value::Function(at, function) => {
                let from = self.receiving_class(file, callee, *at);
                Callees::Functions(self.overrides(*at, *function, from).to_vec())
            }
            Value::Class(at, class) => {
                let init = self
                    .member(*at, *class, "__init__")
                    .or_else(|| self.member(*at, *class, "constructor"));
                match init {
                    Some((owner, Member::Method(function))) => Callees::Functions(vec![(owner, function)]),
                    _ => Callees::Nothing,
                }
            }
            Value::Instance(at, class) => match self.member(*at, *class, "__call__") {
                Some((owner, Member::Method(function))) => Callees::Functions(vec![(owner, function)]),
                _ => Callees::Nothing,
            },
            Value::External(name) => Callees::External(self.callable(name)),
            Value::ExternalInstance(name) => match self.wrapped_function(file, callee) {
                Some(function) => Callees::Functions(vec![function]),
                None => Callees::External(Arc::from(format!("{name}.__call__"))),
            },
            _ => match self.wrapped_function(file, callee) {
                Some(function) => Callees::Functions(vec![function]),
                None if self.is_built_in(file, callee) => Callees::BuiltIn,
                None => Callees::Unknown,
            },
        }
    }

    /// `lines.push(…)`, `name.trim()`: a method of what is known to be an array or a text.
    fn is_built_in(&self, file: FileId, callee: ExprId) -> bool {
        let module = self.m(file);
        let ExprKind::Attr { base, name } = module.kind(callee) else {
            return false;
        };
        if module.language == Language::Python {
            return collections::is_plain_method(module.str(*name)) && self.is_plain(file, *base);
        }
        match self.value(file, *base) {
            Value::Many(_) => true,
            Value::Literal(at, literal) => matches!(
                self.m(at).kind(literal),
                ExprKind::List(_) | ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Num(_)
            ),
            Value::ExternalInstance(name) => matches!(&*name, "globalThis.string" | "globalThis.number"),
            _ => false,
        }
    }

    /// Whether Python's own text or collection is what an expression holds: `"…"`, `found or {}`, `set(ids)`, and a name of one.
    fn is_plain(&self, file: FileId, expr: ExprId) -> bool {
        let (file, expr) = match self.m(file).kind(expr) {
            ExprKind::Name(_) => self.definition(file, expr).unwrap_or((file, expr)),
            _ => (file, expr),
        };
        let module = self.m(file);
        let written = match module.kind(expr) {
            ExprKind::Binary { op, right, .. } if module.str(*op) == "or" => *right,
            _ => expr,
        };
        match module.kind(written) {
            ExprKind::Str(_)
            | ExprKind::Template(_)
            | ExprKind::List(_)
            | ExprKind::Set(_)
            | ExprKind::Tuple(_)
            | ExprKind::Object(_)
            | ExprKind::Comp(_) => true,
            ExprKind::Call { callee, .. } => match self.value(file, *callee) {
                Value::External(name) => collections::makes_plain(&name),
                _ => false,
            },
            _ => false,
        }
    }

    /// `const load = cache(async () => …)`: the function inside the wrapper.
    pub(super) fn wrapped_function(&self, file: FileId, callee: ExprId) -> Option<(FileId, FunctionId)> {
        let (at, definition) = self.definition(file, callee)?;
        if (at, definition) == (file, callee) {
            return None;
        }
        let module = self.m(at);
        let call = module.call(definition)?;
        let literal = call.args.iter().find_map(|arg| match module.kind(arg.value) {
            ExprKind::Lambda(function) => Some((at, *function)),
            _ => None,
        });
        // `lazy(() => import("./Row"))`: what the import gives is called.
        if let Some((at, function)) = literal {
            return self.imported_default(at, function).or(literal);
        }
        // `memo(Row)`.
        let mut named = call.args.iter().filter_map(|arg| match self.value(at, arg.value) {
            Value::Function(at, function) if module.language == Language::TypeScript => Some((at, function)),
            _ => None,
        });
        named.next().filter(|_| named.next().is_none())
    }

    /// The function that a module exports by default, of `() => import("./row")` and `() => import("./row").then((m) => m.Row)`.
    fn imported_default(&self, file: FileId, function: FunctionId) -> Option<(FileId, FunctionId)> {
        let module = self.m(file);
        let &[value] = &*self.returned(file, function) else { return None };
        let call = module.call(module.unawaited(value))?;
        let is_import = module.name(call.root()) == Some("import");
        if !is_import {
            return None;
        }
        let held = match (call.method(), call.arg(0)) {
            (Some("then"), Some(pick)) => self.called(&self.value(file, pick)),
            _ => self.attribute(&self.value(file, call.id), "default", file),
        };
        match held {
            Value::Function(at, function) => Some((at, function)),
            _ => None,
        }
    }

    /// The class of the object on which a method is called: `self` of a base class that runs a hook of its subclasses.
    fn receiving_class(&self, file: FileId, callee: ExprId, at: FileId) -> Option<(FileId, ClassId)> {
        let module = self.m(file);
        // TypeScript has interfaces: their implementations have no common class below the one that is named.
        if module.language != Language::Python || self.m(at).language != Language::Python {
            return None;
        }
        let ExprKind::Attr { base, .. } = module.kind(callee) else {
            return None;
        };
        match self.value(file, *base) {
            Value::Instance(at, class) => Some((at, class)),
            _ => None,
        }
    }

    /// A method, or where it only declares, the methods of the classes that implement it: of those below the class that calls.
    fn overrides(&self, at: FileId, function: FunctionId, from: Option<(FileId, ClassId)>) -> Functions {
        let Some(declaring) = self.m(at).function(function).class else {
            return [(at, function)].into();
        };
        let from = from.unwrap_or((at, declaring));
        if let Some(known) = self.overridden.borrow().get(&(at, function, from)) {
            return Rc::clone(known);
        }
        let found: Functions = self.find_overrides(at, function, from).into();
        self.overridden.borrow_mut().insert((at, function, from), Rc::clone(&found));
        found
    }

    fn find_overrides(&self, at: FileId, function: FunctionId, from: (FileId, ClassId)) -> Vec<(FileId, FunctionId)> {
        let module = self.m(at);
        let definition = module.function(function);
        let Some(name) = definition.name else {
            return vec![(at, function)];
        };
        let is_hollow = module.is_abstract(function);
        if !is_hollow && !only_keeps(module, function) {
            return vec![(at, function)];
        }
        let name = module.str(name);
        // A default that only keeps or gives something runs too, where no class says more.
        let mut found = if is_hollow { Vec::new() } else { vec![(at, function)] };
        let mut open = vec![from];
        let mut seen = FxHashSet::default();
        while let Some(place) = open.pop() {
            if !seen.insert(place) {
                continue;
            }
            // Of more than a few it is not known which one runs.
            if found.len() > MOST_OVERRIDES {
                break;
            }
            let subclasses = self.code.subclasses.get(&place).map_or(&[] as &[_], Vec::as_slice);
            if !self.afford(place.0, subclasses.len()) {
                break;
            }
            for &(sub_file, sub) in subclasses {
                let scope = self.code.scopes.get(sub_file.index());
                let members = scope.map_or(&[] as &[_], |scope| scope.member(self.m(sub_file), sub, name));
                if let Some((_, Member::Method(method))) = members.first() {
                    found.push((sub_file, *method));
                }
                open.push((sub_file, sub));
            }
        }
        if found.is_empty() || found.len() > MOST_OVERRIDES {
            vec![(at, function)]
        } else {
            found
        }
    }

    /// Methods of the classes that implement an interface, for calls on a value of the interface's type.
    pub fn implementations(&self, file: FileId, class: ClassId, method: &str) -> Rc<[(FileId, FunctionId)]> {
        if let Some(known) = self
            .implemented
            .borrow()
            .get(&(file, class))
            .and_then(|methods| methods.get(method))
        {
            return Rc::clone(known);
        }
        let found: Functions = self.find_implementations(file, class, method).into();
        let mut implemented = self.implemented.borrow_mut();
        implemented
            .entry((file, class))
            .or_default()
            .insert(method.into(), Rc::clone(&found));
        found
    }

    /// The function that a field of a class holds, also behind a wrapper: `list = caught(async (request) => …)`.
    fn held_function(&self, file: FileId, value: ExprId) -> Option<(FileId, FunctionId)> {
        let module = self.module(file);
        if let ExprKind::Lambda(function) = module.kind(value) {
            return Some((file, *function));
        }
        let call = module.call(value)?;
        let [arg] = call.args else { return None };
        match *module.kind(arg.value) {
            ExprKind::Lambda(function) => Some((file, function)),
            _ => None,
        }
    }

    fn find_implementations(&self, file: FileId, class: ClassId, method: &str) -> Vec<(FileId, FunctionId)> {
        let mut found = Vec::new();
        for &(sub_file, sub) in self.code.subclasses.get(&(file, class)).into_iter().flatten() {
            // Of more than a few it is not known which one runs.
            if found.len() > MOST_OVERRIDES || !self.afford(file, 1) {
                break;
            }
            match self.member(sub_file, sub, method) {
                Some((owner, Member::Method(function))) => found.push((owner, function)),
                Some((owner, Member::Value(value, _))) => found.extend(self.held_function(owner, value)),
                _ => {}
            }
        }
        let of_classes = found.len();
        for &(at, object) in self.code.objects_as.get(&(file, class)).into_iter().flatten() {
            // Of more than a few objects it is not known which one is meant; the classes stay.
            if found.len() > MOST_OVERRIDES {
                found.truncate(of_classes);
                break;
            }
            if !self.afford(file, 1) {
                break;
            }
            let held = self.member_of_object(at, object, method).map(|member| self.found_value(&member));
            if let Some(Value::Function(at, function)) = held
                && !found.contains(&(at, function))
            {
                found.push((at, function));
            }
        }
        found
    }
}

/// What a call runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callees {
    /// Functions of the project.
    Functions(Vec<(FileId, FunctionId)>),
    /// A library's function.
    External(Arc<str>),
    /// A constructor without code, or the like.
    Nothing,
    /// A method of the language itself: of an array, a text.
    BuiltIn,
    /// Not known.
    Unknown,
}

/// Whether a method only keeps what it is given, or gives a constant: a default that subclasses fill in.
pub(super) fn only_keeps(module: &Module, function: FunctionId) -> bool {
    let is_plain = |expr: ExprId| {
        matches!(
            module.kind(expr),
            ExprKind::Name(_) | ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null
        )
    };
    let definition = module.function(function);
    !definition.is_lambda
        && definition.decorators.is_empty()
        && definition
            .name
            .is_some_and(|name| !module.str(name).starts_with("__") && module.str(name) != "constructor")
        && definition.body.iter().all(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Expr(expr) => matches!(module.kind(*expr), ExprKind::Str(_) | ExprKind::Other(_)),
            StmtKind::Return(value) => value.is_none_or(is_plain),
            StmtKind::Assign {
                op: None,
                value: Some(value),
                target,
                ..
            } => is_plain(*value) && matches!(module.kind(*target), ExprKind::Attr { .. }),
            _ => false,
        })
}
