//! What calling an expression runs.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Callees, Evaluator, is_abstract};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId};
use crate::libraries::value::{FileId, Resolver, Value};
use crate::project::scope::Member;

impl Evaluator<'_> {
    /// The functions of the project that calling an expression runs.
    pub fn callees(&self, file: FileId, callee: ExprId) -> Callees {
        let value = self.value(file, callee);
        self.callees_of(file, callee, &value)
    }

    pub(super) fn callees_of(&self, file: FileId, callee: ExprId, value: &Value) -> Callees {
        match value {
            Value::Function(at, function) => Callees::Functions(self.overrides(*at, *function)),
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
            Value::External(name) => Callees::External(name.clone()),
            Value::ExternalInstance(name) => match self.wrapped_function(file, callee) {
                Some(function) => Callees::Functions(vec![function]),
                None => Callees::External(Arc::from(format!("{name}.__call__"))),
            },
            _ => match self.wrapped_function(file, callee) {
                Some(function) => Callees::Functions(vec![function]),
                None => Callees::Unknown,
            },
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
        call.args.iter().find_map(|arg| match module.kind(arg.value) {
            ExprKind::Lambda(function) => Some((at, *function)),
            _ => None,
        })
    }

    /// A method, or where it only declares, the methods of the classes that implement it.
    pub(super) fn overrides(&self, at: FileId, function: FunctionId) -> Vec<(FileId, FunctionId)> {
        let module = self.m(at);
        let definition = module.function(function);
        let (Some(class), Some(name)) = (definition.class, definition.name) else {
            return vec![(at, function)];
        };
        if !is_abstract(module, function) {
            return vec![(at, function)];
        }
        let name = module.str(name);
        let mut found = Vec::new();
        let mut open = vec![(at, class)];
        let mut seen = FxHashSet::default();
        while let Some(place) = open.pop() {
            if !seen.insert(place) || seen.len() > 200 {
                continue;
            }
            for &(sub_file, sub) in self.code.subclasses.get(&place).into_iter().flatten() {
                let scope = self.code.scopes.get(sub_file.index());
                let members = scope.map_or(&[] as &[_], |scope| scope.member(self.m(sub_file), sub, name));
                if let Some((_, Member::Method(method))) = members.first() {
                    found.push((sub_file, *method));
                }
                open.push((sub_file, sub));
            }
        }
        if found.is_empty() || found.len() > 8 {
            vec![(at, function)]
        } else {
            found
        }
    }

    /// Methods of the classes that implement an interface, for calls on a value of the interface's type.
    pub fn implementations(&self, file: FileId, class: ClassId, method: &str) -> Vec<(FileId, FunctionId)> {
        let mut found = Vec::new();
        for &(sub_file, sub) in self.code.subclasses.get(&(file, class)).into_iter().flatten() {
            if let Some((owner, Member::Method(function))) = self.member(sub_file, sub, method) {
                found.push((owner, function));
            }
        }
        found
    }
}
