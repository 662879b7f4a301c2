//! What calling something gives: functions of the project by what they return, those of libraries by what is known of them.

use std::rc::Rc;

use super::{Evaluator, context};
use crate::ir::{Call, ExprId, FunctionId, Language};
use crate::libraries::registry;
use crate::libraries::shared::injected::{self, Provided};
use crate::libraries::shared::query::Outcome;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::scope::Member;
use crate::vocabulary::List;

impl Evaluator<'_> {
    pub(super) fn call_value(&self, file: FileId, expr: ExprId) -> Value {
        if let Some(query) = self.own_query(file, expr) {
            if !query.executed {
                return Value::Query(file, expr);
            }
            let row = query.model.clone().map(|model| Value::Row(model, Some((file, expr))));
            return match (query.outcome, row) {
                (Outcome::Rows | Outcome::Stream, Some(row)) => row.many(),
                (Outcome::One, Some(row)) => row,
                _ => Value::Unknown,
            };
        }
        let module = self.m(file);
        let Some(call) = module.call(expr) else { return Value::Unknown };
        if module.name(call.callee) == Some("super")
            && let Some(class) = module.enclosing_class(module.owner(expr))
        {
            return match self.bases(file, class).first().cloned() {
                Some(Value::Class(at, base)) => Value::Instance(at, base),
                Some(Value::External(name)) => Value::ExternalInstance(name),
                _ => Value::Unknown,
            };
        }
        if let Some(required) = self.required(file, &call) {
            return self.found_value(&required);
        }
        let callee = self.value(file, call.callee);
        match (&callee, call.method()) {
            // `asyncio.gather(*[f(x) for x in xs])`, `Promise.all(xs.map(f))`, `list(q)`: what the argument holds.
            (Value::External(name), _) if is_transparent(name) => call.arg(0).map_or(Value::Unknown, |arg| self.value(file, arg)),
            (Value::External(name), _) if is_collector(name) => {
                let first = call.args.first().map_or(Value::Unknown, |arg| self.value(file, arg.value));
                match first {
                    Value::Query(..) => self.element(&first).many(),
                    other => other,
                }
            }
            // A provider stands for what it makes, so that calling it is making it.
            (Value::External(name), _) if let Some(provided) = injected::provided(name) => {
                let made = call.arg(0).map_or(Value::Unknown, |arg| self.value(file, arg));
                match provided {
                    Provided::Made => made,
                    Provided::Container => self.called(&made),
                }
            }
            (Value::External(_), Some("get_object")) => {
                let on = call.receiver().map(|receiver| self.value(file, receiver));
                match on {
                    Some(Value::Instance(at, class)) => self.shown_object((at, class)).unwrap_or_else(|| self.called(&callee)),
                    _ => self.called(&callee),
                }
            }
            (Value::External(_) | Value::Unknown, Some(method)) if registry::makes_manager(method).is_some() => {
                self.manager(file, &call, method).unwrap_or_else(|| self.called(&callee))
            }
            (Value::External(name), _) if name.as_ref() == "builtins.getattr" => self.computed_member(file, &call),
            (Value::External(name), _) if name.as_ref() == "builtins.next" => {
                let first = call.args.first().map_or(Value::Unknown, |arg| self.value(file, arg.value));
                self.element(&first)
            }
            (Value::Unknown, Some("save")) => self.saved_object(file, &call).unwrap_or(Value::Unknown),
            (Value::Unknown, Some(method)) => self.collection_call(file, call.receiver(), method, call.arg(0)),
            (Value::Unknown, None) => Value::Unknown,
            _ => {
                let plain = self.called(&callee);
                if !matches!(callee, Value::Function(..)) || !context::is_vague(&plain) {
                    return plain;
                }
                match self.specialised_value(file, expr) {
                    Value::Unknown => plain,
                    special => special,
                }
            }
        }
    }

    /// `OrderQuerySet.as_manager()`, `Manager.from_queryset(OrderQuerySet)`: what has the methods of the queryset's class.
    fn manager(&self, file: FileId, call: &Call<'_>, method: &str) -> Option<Value> {
        let made = registry::makes_manager(method)?;
        let queryset = match made {
            registry::Manager::OfReceiver => call.receiver(),
            registry::Manager::ClassOfArgument => call.arg(0),
        };
        let Value::Class(at, class) = self.value(file, queryset?) else {
            return None;
        };
        Some(match made {
            registry::Manager::OfReceiver => Value::Instance(at, class),
            registry::Manager::ClassOfArgument => Value::Class(at, class),
        })
    }

    /// Methods of collections, and registries that hand out an instance of the class they are asked for.
    fn collection_call(&self, file: FileId, receiver: Option<ExprId>, method: &str, arg: Option<ExprId>) -> Value {
        let Some(receiver) = receiver else { return Value::Unknown };
        let held = self.value(file, receiver);
        match (&held, method) {
            (Value::Many(_), "filter" | "slice" | "sort" | "reverse" | "concat" | "toSorted" | "copy" | "flat") => held,
            (Value::Many(element), "find" | "at" | "pop" | "shift") => (**element).clone(),
            (Value::Many(_), "map" | "flatMap") => match arg.map(|arg| self.value(file, arg)) {
                Some(Value::Function(at, function)) => self.result(at, function).many(),
                _ => Value::Unknown,
            },
            _ if arg.is_some() && List::InstanceReads.has(method) => match arg.map(|arg| self.value(file, arg)) {
                Some(Value::Class(at, class)) => Value::Instance(at, class),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// What calling a value gives.
    pub fn called(&self, callee: &Value) -> Value {
        match callee {
            Value::Class(file, class) => Value::Instance(*file, *class),
            Value::Function(file, function) => self.result(*file, *function),
            Value::External(name) if registry::gives_user_model(name) => match self.code.user_model {
                Some((file, class)) => Value::Class(file, class),
                None => self.external_result(name),
            },
            Value::External(name) => self.external_result(&self.callable(name)),
            Value::ExternalInstance(name) => {
                let call = format!("{name}.__call__");
                match self.returns(&call) {
                    Some(returns) => Value::instance(&returns),
                    None => Value::instance(&call),
                }
            }
            Value::Instance(file, class) => match self.member(*file, *class, "__call__") {
                Some((owner, Member::Method(function))) => self.result(owner, function),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn external_result(&self, name: &str) -> Value {
        match self.returns(name) {
            Some(returns) => Value::instance(&returns),
            None => Value::instance(name),
        }
    }

    fn returns(&self, name: &str) -> Option<String> {
        let python = self
            .code
            .data
            .of(Language::Python)
            .call(name)
            .and_then(|facts| facts.returns.clone());
        python.or_else(|| {
            self.code
                .data
                .of(Language::TypeScript)
                .call(name)
                .and_then(|facts| facts.returns.clone())
        })
    }

    /// What a function of the project returns or, for generators, yields.
    pub fn result(&self, file: FileId, function: FunctionId) -> Value {
        if let Some(value) = self.results.borrow().get(&(file, function)) {
            return value.clone();
        }
        if !self.busy_functions.borrow_mut().insert((file, function)) {
            self.cut.set(true);
            return Value::Unknown;
        }
        let outer_cut = self.cut.replace(false);
        let value = self.bounded(file, Value::Unknown, || self.result_inner(file, function));
        self.busy_functions.borrow_mut().remove(&(file, function));
        if !self.cut.get() {
            self.results.borrow_mut().insert((file, function), value.clone());
        }
        self.cut.set(outer_cut || self.cut.get());
        value
    }

    /// The values that a function returns or yields, in order.
    pub fn returned(&self, file: FileId, function: FunctionId) -> Rc<[ExprId]> {
        let mut returns = self.returns.borrow_mut();
        let found = returns
            .entry((file, function))
            .or_insert_with(|| self.m(file).returned(function).into());
        Rc::clone(found)
    }

    fn result_inner(&self, file: FileId, function: FunctionId) -> Value {
        let module = self.m(file);
        let mut known = Value::Unknown;
        for &value in self.returned(file, function).iter() {
            let held = self.value(file, value);
            match held {
                Value::Row(..) | Value::Query(..) => return held,
                Value::Many(ref element) if matches!(**element, Value::Row(..)) => return held,
                Value::Unknown => {}
                Value::Literal(..) => {
                    if known.is_unknown() {
                        known = held;
                    }
                }
                _ => {
                    if matches!(known, Value::Unknown | Value::Literal(..)) {
                        known = held;
                    }
                }
            }
        }
        let definition = module.function(function);
        if let Some(returns) = definition.returns {
            return self.told(known, file, returns);
        }
        known
    }
}

fn is_transparent(name: &str) -> bool {
    matches!(
        name,
        "globalThis.Promise.resolve"
            | "globalThis.Object.freeze"
            | "globalThis.Object.seal"
            | "asyncio.wait_for"
            | "asyncio.shield"
            | "typing.cast"
            | "copy.copy"
            | "react.use"
    )
}

fn is_collector(name: &str) -> bool {
    matches!(
        name,
        "asyncio.gather"
            | "globalThis.Promise.all"
            | "globalThis.Promise.allSettled"
            | "builtins.list"
            | "builtins.sorted"
            | "builtins.tuple"
            | "builtins.set"
            | "builtins.reversed"
            | "builtins.filter"
            | "globalThis.Array.from"
    )
}
