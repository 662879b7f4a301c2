//! What made the object behind an expression: the call, or the annotation that says of what it is.

use super::{Evaluator, Found, Parameter};
use crate::ir::{ExprId, ExprKind};
use crate::libraries::shared::injected;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::scope::{Bound, Member};

/// Names between a receiver and what made it.
const MAX_STEPS: u32 = 8;

impl Evaluator<'_> {
    /// The call that made what an expression holds, or the annotation that says what it is of.
    pub(super) fn maker(&self, file: FileId, expr: ExprId, steps: u32) -> Option<(FileId, ExprId)> {
        if steps > MAX_STEPS {
            return None;
        }
        let module = self.m(file);
        match module.kind(expr) {
            ExprKind::Await(inner) => self.maker(file, *inner, steps + 1),
            ExprKind::Index { .. } => Some((file, expr)),
            ExprKind::Call { callee, .. } => match self.value(file, *callee) {
                Value::Function(at, function) => {
                    let made = self.returned(at, function).first().copied()?;
                    self.maker(at, made, steps + 1)
                }
                Value::Class(..) => Some((file, expr)),
                _ => match module.kind(*callee) {
                    // `Store[Plane](Plane)`.
                    ExprKind::Index { .. } => Some((file, expr)),
                    _ => None,
                },
            },
            ExprKind::Name(name) => {
                let found = self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)?;
                self.bound_maker(&found, steps)
            }
            ExprKind::Attr { base, name } => {
                let name = module.str(*name);
                match self.value(file, *base) {
                    Value::Module(at) => self.bound_maker(&self.exported(at, name, 0)?, steps),
                    Value::Instance(at, class) | Value::Class(at, class) => match self.member(at, class, name)? {
                        (owner, Member::Value(value, annotation)) => self
                            .maker(owner, value, steps + 1)
                            .or_else(|| self.maker(owner, annotation?, steps + 1)),
                        (owner, Member::ParamField(function, index)) => self.param_maker((owner, function, index), steps),
                        (owner, Member::Annotation(annotation)) => self.maker(owner, annotation, steps + 1),
                        (owner, Member::Method(function)) if self.m(owner).function(function).is_property => {
                            let made = self.returned(owner, function).first().copied()?;
                            self.maker(owner, made, steps + 1)
                        }
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn bound_maker(&self, found: &Found, steps: u32) -> Option<(FileId, ExprId)> {
        let Found::Binding(at, _, binding) = found else { return None };
        match &binding.bound {
            Bound::Value(value, path) if path.is_empty() => self
                .maker(*at, *value, steps + 1)
                .or_else(|| self.maker(*at, binding.annotation?, steps + 1)),
            Bound::Param(function, index, path) if path.is_empty() => self.param_maker((*at, *function, *index), steps),
            Bound::Annotation(annotation) => self.maker(*at, *annotation, steps + 1),
            Bound::Context(value) => self.maker(*at, *value, steps + 1),
            _ => None,
        }
    }

    fn param_maker(&self, (at, function, index): Parameter, steps: u32) -> Option<(FileId, ExprId)> {
        let module = self.m(at);
        let param = module.function(function).params.get(index)?;
        let of_told = |told: ExprId| {
            let call = module.call(told)?;
            call.method().filter(|method| injected::takes_maker(method))?;
            let Value::Function(at, function) = self.value(at, call.arg(0)?) else {
                return None;
            };
            let made = self.returned(at, function).first().copied()?;
            self.maker(at, made, steps + 1)
        };
        if let Some(found) = param.default.and_then(of_told) {
            return Some(found);
        }
        let annotation = param.annotation?;
        let ExprKind::Index { base, index } = module.kind(annotation) else {
            return None;
        };
        let is_annotated = module
            .dotted(*base)
            .is_some_and(|name| name.rsplit('.').next() == Some("Annotated"));
        match module.kind(*index) {
            ExprKind::Tuple(parts) if is_annotated => {
                let found = parts.iter().skip(1).find_map(|&part| of_told(part));
                found.or_else(|| self.maker(at, *parts.first()?, steps + 1))
            }
            _ => Some((at, annotation)),
        }
    }
}
