//! Where a value comes from, in a form that two places of a program can compare, also through calls.

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module};
use crate::libraries::shared::collections::converts;
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Evaluator, Found};
use crate::project::scope::{Bound, PatternStep};

const MAX_DEPTH: u32 = 10;

/// What a value starts from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// A parameter of the function that is looked at, by its place.
    Param(usize),
    /// The object that the method was called on (`this`).
    Receiver,
    /// A name's binding: its file, where it begins to hold, the name.
    Binding(FileId, u32, String),
    /// A literal or a global name, as text.
    Text(String),
}

/// A value: what it starts from, and the attributes and keys that lead on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueOrigin {
    /// The start.
    pub root: Root,
    /// The way from there.
    pub path: Vec<String>,
}

impl ValueOrigin {
    /// A literal.
    pub fn text(text: &str) -> ValueOrigin {
        ValueOrigin {
            root: Root::Text(text.to_owned()),
            path: Vec::new(),
        }
    }

    fn step(mut self, name: &str) -> ValueOrigin {
        self.path.push(name.to_owned());
        self
    }

    /// The same value as the caller of `function` sees it; `None` when the call does not show it.
    pub fn in_caller(
        &self,
        eval: &Evaluator<'_>,
        place: (FileId, FunctionId),
        call: Call<'_>,
        callee: (FileId, FunctionId),
    ) -> Option<ValueOrigin> {
        let mut outer = match &self.root {
            Root::Text(_) => return Some(self.clone()),
            Root::Binding(..) => return None,
            Root::Receiver => of(eval, place, call.receiver()?)?,
            Root::Param(index) => {
                let passed = argument(eval.code.module(callee.0), callee.1, *index, call)?;
                of(eval, place, passed)?
            }
        };
        outer.path.extend(self.path.iter().cloned());
        Some(outer)
    }
}

/// The argument that a call gives for a parameter of the function it runs; Python's `self` is the receiver.
pub fn argument(target: &Module, function: FunctionId, index: usize, call: Call<'_>) -> Option<ExprId> {
    let definition = target.function(function);
    let named = |index: usize| {
        definition
            .params
            .get(index)
            .and_then(|param| param.name)
            .map(|name| target.str(name))
    };
    let is_bound = target.takes_receiver(function);
    if is_bound && index == 0 {
        return call.receiver();
    }
    let by_name = named(index).and_then(|name| call.keyword(name));
    by_name.or_else(|| call.arg(index - usize::from(is_bound)))
}

/// Where the value of an expression comes from, seen from a function; `None` when it is computed.
pub fn of(eval: &Evaluator<'_>, place: (FileId, FunctionId), expr: ExprId) -> Option<ValueOrigin> {
    follow(eval, place, expr, 0)
}

fn follow(eval: &Evaluator<'_>, place: (FileId, FunctionId), expr: ExprId, depth: u32) -> Option<ValueOrigin> {
    if depth > MAX_DEPTH {
        return None;
    }
    let module = eval.code.module(place.0);
    match module.kind(expr) {
        ExprKind::Str(text) => Some(ValueOrigin::text(&format!("{:?}", module.str(*text)))),
        ExprKind::Num(number) => Some(ValueOrigin::text(&number.to_string())),
        ExprKind::Bool(flag) => Some(ValueOrigin::text(if *flag { "true" } else { "false" })),
        ExprKind::Null => Some(ValueOrigin::text("null")),
        ExprKind::Attr { base, name } => Some(follow(eval, place, *base, depth + 1)?.step(module.str(*name))),
        ExprKind::Index { base, index } => {
            let key = module.string(*index)?;
            Some(follow(eval, place, *base, depth + 1)?.step(key))
        }
        ExprKind::Call { .. } => follow(eval, place, converted(module.call(expr)?)?, depth + 1),
        ExprKind::Name(_) => named(eval, place, expr, depth),
        _ => None,
    }
}

/// The value that a conversion keeps: `str(x)`, `UUID(x)`, `Number(x)`.
fn converted(call: Call<'_>) -> Option<ExprId> {
    let keeps = converts(call.method()?);
    (keeps && call.args.len() == 1).then(|| call.arg(0)).flatten()
}

fn named(eval: &Evaluator<'_>, place: (FileId, FunctionId), expr: ExprId, depth: u32) -> Option<ValueOrigin> {
    let module = eval.code.module(place.0);
    let ExprKind::Name(name) = module.kind(expr) else { return None };
    let text = module.str(*name);
    let Some(found) = eval.lookup(place.0, module.owner(expr), *name, module.expr(expr).span.start) else {
        let root = if text == "this" {
            Root::Receiver
        } else {
            Root::Text(text.to_owned())
        };
        return Some(ValueOrigin { root, path: Vec::new() });
    };
    let (at, binding) = match found {
        Found::Binding(at, _, binding) => (at, binding),
        Found::Module(file) => return Some(ValueOrigin::text(&format!("module {}", file.0))),
        Found::External(name) => return Some(ValueOrigin::text(&name)),
    };
    let here = ValueOrigin {
        root: Root::Binding(at, binding.range.start, text.to_owned()),
        path: Vec::new(),
    };
    let (start, steps) = match &binding.bound {
        Bound::Param(function, index, steps) if at == place.0 && *function == place.1 => (
            Some(ValueOrigin {
                root: Root::Param(*index),
                path: Vec::new(),
            }),
            steps,
        ),
        Bound::Value(value, steps) if at == place.0 => (follow(eval, place, *value, depth + 1), steps),
        _ => return Some(here),
    };
    let Some(mut origin) = start else { return Some(here) };
    for step in steps {
        let PatternStep::Key(key) = step else { return Some(here) };
        origin = origin.step(module.str(*key));
    }
    Some(origin)
}
