//! What a parameter holds: what the one use passes, its annotation, what a framework injects, what a callback is given.

use super::{Evaluator, MAX_HOPS};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Language, ParamKind, Parent};
use crate::libraries::shared::callbacks::is_iteration;
use crate::libraries::shared::injected;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::scope::PatternStep;

impl Evaluator<'_> {
    /// `{ store }: { store: OrderStore }`: a destructured part by the type that is written for it.
    pub(super) fn typed_part(&self, file: FileId, function: FunctionId, index: usize, path: &[PatternStep]) -> Value {
        let module = self.m(file);
        let (Some(PatternStep::Key(key)), Some(param)) = (path.first(), module.function(function).params.get(index)) else {
            return Value::Unknown;
        };
        let mut open: Vec<ExprId> = param.annotation.into_iter().collect();
        for _ in 0..MAX_HOPS {
            let Some(at) = open.pop() else { break };
            match module.kind(at) {
                ExprKind::Object(_) => {
                    if let Some(part) = module.entry(at, module.str(*key)) {
                        let held = self.annotation(file, part);
                        return self.step_into(file, held, &path[1..]);
                    }
                }
                ExprKind::Binary { left, right, .. } => open.extend([*right, *left]),
                _ => {}
            }
        }
        Value::Unknown
    }

    pub(super) fn param(&self, file: FileId, function: FunctionId, index: usize) -> Value {
        let module = self.m(file);
        let Some(param) = module.function(function).params.get(index) else {
            return Value::Unknown;
        };
        if param.kind == ParamKind::Rest || param.kind == ParamKind::Keywords {
            return Value::Unknown;
        }
        if let Some((_, value, _)) = self.within.as_ref().and_then(|within| within.param((file, function, index)))
            && !value.is_unknown()
        {
            return value.clone();
        }
        if let Some(annotation) = param.annotation {
            let value = self.annotation(file, annotation);
            if !value.is_unknown() {
                return self.sourced((file, function, index), &value).unwrap_or(value);
            }
        }
        if let Some(default) = param.default {
            let value = self.injected(file, default);
            if !matches!(value, Value::Unknown | Value::Literal(..)) {
                return value;
            }
        }
        if let Parent::Expr(lambda) = module.function(function).definition {
            let value = self.callback_param(file, lambda, index);
            if !value.is_unknown() {
                return value;
            }
        }
        let parameter = (file, function, index);
        self.asked.borrow_mut().insert(parameter);
        self.code.arguments.get(&parameter).cloned().unwrap_or(Value::Unknown)
    }

    /// The rows that calls pass to a parameter whose annotation says only their model.
    fn sourced(&self, parameter: (FileId, FunctionId, usize), annotated: &Value) -> Option<Value> {
        if self.m(parameter.0).language != Language::Python || model_of(annotated).is_none() {
            return None;
        }
        self.asked.borrow_mut().insert(parameter);
        let passed = self.code.arguments.get(&parameter)?;
        let is_one = |value: &Value| !matches!(value, Value::Many(_));
        let (wanted, (file, class)) = (model_of(annotated)?, model_of(passed)?);
        (is_one(annotated) == is_one(passed) && self.lineage(file, class).contains(&wanted)).then(|| passed.clone())
    }

    /// What a framework injects for a default: `Depends(f)` is what `f` gives.
    pub(super) fn injected(&self, file: FileId, default: ExprId) -> Value {
        let module = self.m(file);
        let Some(call) = module.call(default) else {
            let held = self.value(file, default);
            return match module.kind(default) {
                ExprKind::Index { base, .. } if self.value(file, *base).library_name().is_some_and(injected::is_request) => {
                    self.called(&held)
                }
                _ => held,
            };
        };
        if !call.method().is_some_and(injected::takes_maker) {
            return self.value(file, default);
        }
        let Some(dependency) = call.arg(0) else { return Value::Unknown };
        self.called(&self.value(file, dependency))
    }

    /// What a library or an array method passes to a callback.
    fn callback_param(&self, file: FileId, lambda: ExprId, index: usize) -> Value {
        let module = self.m(file);
        let Parent::Expr(parent) = module.expr(lambda).parent else {
            return Value::Unknown;
        };
        let Some(call) = module.call(parent) else { return Value::Unknown };
        let method = call.method().unwrap_or("");
        let place = usize::from(method == "reduce");
        match call.receiver() {
            Some(receiver) if is_iteration(method) && index == place => {
                let held = self.value(file, receiver);
                self.element(&held)
            }
            // What is awaited is what is handed on.
            Some(receiver) if matches!(method, "transaction" | "$transaction" | "withTransaction" | "then") && index == 0 => {
                self.value(file, receiver)
            }
            None if index == 0 => match call.arg(0) {
                // `pMap(rows, async (row) => …)`.
                Some(first) if first != lambda => {
                    let held = self.value(file, first);
                    self.element(&held)
                }
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }
}

/// The class of an instance or a row, or of those in a collection.
fn model_of(value: &Value) -> Option<(FileId, ClassId)> {
    match value {
        Value::Instance(file, class) | Value::Row(RowModel::Class(file, class), _) => Some((*file, *class)),
        Value::Many(element) => model_of(element),
        _ => None,
    }
}
