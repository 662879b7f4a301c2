//! What a parameter holds: what the one use passes, its annotation, what a framework injects, what a callback is given.

use super::{Evaluator, MAX_HOPS};
use crate::ir::{ExprId, ExprKind, FunctionId, ParamKind, Parent};
use crate::libraries::shared::value::{FileId, Value};
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
                return value;
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

    /// What a framework injects for a default: `Depends(f)` is what `f` gives.
    pub(super) fn injected(&self, file: FileId, default: ExprId) -> Value {
        let module = self.m(file);
        let Some(call) = module.call(default) else {
            return self.value(file, default);
        };
        if !matches!(call.method(), Some("Depends" | "Security" | "Inject" | "Provide")) {
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

/// Methods that run their callback once an element.
pub fn is_iteration(method: &str) -> bool {
    matches!(
        method,
        "map"
            | "forEach"
            | "filter"
            | "flatMap"
            | "reduce"
            | "find"
            | "findIndex"
            | "some"
            | "every"
            | "sort"
            | "mapSeries"
            | "each"
            | "eachSeries"
            | "eachOf"
            | "reduceRight"
            | "toSorted"
    )
}
