//! What an expression holds, by its form: names, indexes, collections, and what iterating or entering it yields.

use super::{Evaluator, Found};
use crate::ir::{Call, ExprId, ExprKind, Language, Sym};
use crate::libraries::registry;
use crate::libraries::shared::collections;
use crate::libraries::shared::injected;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::scope::{Binding, Bound, Member, PatternStep};

/// Elements of a list as it is written that are compared, whether they are of one class.
const MOST_ELEMENTS: usize = 64;

impl Evaluator<'_> {
    pub(super) fn compute(&self, file: FileId, expr: ExprId) -> Value {
        let module = self.m(file);
        match module.kind(expr) {
            ExprKind::Name(name) => self.name_value(file, expr, *name),
            ExprKind::Attr { base, name } => {
                let name = module.str(*name);
                if let Some((at, function)) = self.kept_function(file, *base, name) {
                    return Value::Function(at, function);
                }
                let held = self.value(file, *base);
                // `Order.query`, as it stands.
                if name == "query" && matches!(held, Value::Class(..)) && self.query_at(file, expr).is_some() {
                    return Value::Query(file, expr);
                }
                let value = self.attribute(&held, name, file);
                // What the framework puts on the requests that it hands over.
                match self
                    .code
                    .user_model
                    .filter(|_| value.is_unknown() && registry::is_user_of(module, *base, name))
                {
                    Some((at, class)) => Value::Row(RowModel::Class(at, class), None),
                    None => value,
                }
            }
            ExprKind::Call { .. } => self.call_value(file, expr),
            ExprKind::Await(inner) => self.value(file, *inner),
            ExprKind::Lambda(function) => Value::Function(file, *function),
            ExprKind::Cond { then, orelse, .. } => self.either(file, *then, *orelse),
            ExprKind::Binary { op, left, right } if matches!(module.str(*op), "or" | "and" | "??" | "+") => {
                self.either(file, *left, *right)
            }
            ExprKind::Assign { value, .. } => self.value(file, *value),
            ExprKind::Spread(inner) => self.value(file, *inner),
            ExprKind::Index { base, index } => {
                let base_value = self.value(file, *base);
                if matches!(module.kind(*index), ExprKind::Slice(_)) {
                    return match base_value {
                        // A sliced queryset is the queryset.
                        Value::Query(..) => self.query(file, expr).map_or(base_value, |_| Value::Query(file, expr)),
                        other => other,
                    };
                }
                match &base_value {
                    Value::Many(_) | Value::Query(..) => self.element(&base_value),
                    Value::Literal(at, object) => match module.string(*index) {
                        Some(key) => self
                            .m(*at)
                            .entry(*object, key)
                            .map_or(Value::Unknown, |entry| self.value(*at, entry)),
                        None => self.computed_entry(*at, *object),
                    },
                    // `Provide[Container.mailer]`: the provider.
                    Value::External(path) if injected::is_request(path) => self.value(file, *index),
                    Value::External(path) | Value::ExternalInstance(path) => {
                        let key = module.string(*index);
                        key.and_then(|key| self.kept(path, key)).unwrap_or(Value::Unknown)
                    }
                    // `Store[Plane]` is the class.
                    Value::Class(..) if module.language == Language::Python && self.is_type(file, *index) => base_value,
                    _ => Value::Unknown,
                }
            }
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                let mut known = items.iter().map(|&item| self.value(file, item)).filter(|value| !value.is_unknown());
                match known.next() {
                    Some(Value::Literal(..)) | None => Value::Literal(file, expr),
                    // Objects of several classes: what they have in common is not known.
                    Some(first @ Value::Instance(..)) if known.take(MOST_ELEMENTS).any(|next| next != first) => Value::Literal(file, expr),
                    Some(value) => value.many(),
                }
            }
            ExprKind::Comp(comp) => match comp.elements.last() {
                Some(&element) => self.value(file, element).many(),
                None => Value::Unknown,
            },
            ExprKind::Object(_) | ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null => {
                Value::Literal(file, expr)
            }
            _ => Value::Unknown,
        }
    }

    /// Whether what stands in brackets behind a class are types, and no key of an enumeration.
    fn is_type(&self, file: FileId, index: ExprId) -> bool {
        match self.m(file).kind(index) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => matches!(self.value(file, index), Value::Class(..)),
            ExprKind::Tuple(items) => items.iter().any(|&item| matches!(self.value(file, item), Value::Class(..))),
            _ => false,
        }
    }

    fn either(&self, file: FileId, a: ExprId, b: ExprId) -> Value {
        let usable = |value: &Value| {
            !matches!(value, Value::Unknown)
                && !matches!(value, Value::Literal(at, lit) if matches!(self.m(*at).kind(*lit), ExprKind::Null))
        };
        let first = self.value(file, a);
        // `globalThis.prisma ?? new PrismaClient()`: the second side says what it is.
        let vague = matches!(&first, Value::Literal(..)) || matches!(&first, Value::External(name) if name.starts_with("globalThis."));
        if usable(&first) && !vague {
            return first;
        }
        let second = self.value(file, b);
        if usable(&second) { second } else { first }
    }

    fn name_value(&self, file: FileId, expr: ExprId, name: Sym) -> Value {
        let module = self.m(file);
        let text = module.str(name);
        if matches!(text, "self" | "cls")
            && let Some(class) = module.enclosing_class(module.owner(expr))
        {
            let own = self.within.as_ref().filter(|within| within.lineage.contains(&(file, class)));
            let (file, class) = own.and_then(|within| within.context.own).unwrap_or((file, class));
            return if text == "self" {
                Value::Instance(file, class)
            } else {
                Value::Class(file, class)
            };
        }
        if text == "self"
            && let Some(keeper) = self.keeper_of(file, module.owner(expr))
        {
            return if keeper.is_row {
                Value::Row(RowModel::Table(keeper.model), None)
            } else {
                Value::Unknown
            };
        }
        match self.lookup(file, module.owner(expr), name, module.expr(expr).span.start) {
            Some(found) => self.found_value(&found),
            None => match self.within.as_ref().and_then(|within| within.named_type(text)) {
                Some((at, class)) => Value::Class(at, class),
                None => self.global(file, text),
            },
        }
    }

    fn global(&self, file: FileId, text: &str) -> Value {
        match self.m(file).language {
            Language::Python => Value::external(&format!("builtins.{text}")),
            Language::TypeScript => Value::external(&format!("globalThis.{text}")),
        }
    }

    pub(super) fn found_value(&self, found: &Found) -> Value {
        match found {
            Found::Module(file) => Value::Module(*file),
            Found::External(name) => Value::external(name),
            Found::Binding(file, _, binding) => self.binding_value(*file, binding),
        }
    }

    fn binding_value(&self, file: FileId, binding: &Binding) -> Value {
        match &binding.bound {
            Bound::Function(function) => Value::Function(file, *function),
            Bound::Class(class) => Value::Class(file, *class),
            Bound::Import(_) => Value::Unknown,
            Bound::Annotation(annotation) => self.annotation(file, *annotation),
            Bound::Value(value, path) => {
                let held = self.value(file, *value);
                let held = self.step_into(file, held, path);
                match binding.annotation {
                    Some(annotation) => self.told(held, file, annotation),
                    None => held,
                }
            }
            Bound::Element(iterable, path) => {
                let held = self.iterated(file, *iterable);
                self.step_into(file, held, path)
            }
            Bound::Context(value) => self.entered(file, *value),
            Bound::Param(function, index, path) => match self.typed_part(file, *function, *index, path) {
                Value::Unknown => {
                    let held = self.param(file, *function, *index);
                    self.step_into(file, held, path)
                }
                part => part,
            },
        }
    }

    /// What [`collections::handed_on`] says, of a function that the project has not written itself.
    pub fn handed_on(&self, file: FileId, call: &Call<'_>) -> Option<ExprId> {
        let collection = collections::handed_on(call)?;
        (!self.is_own(file, call)).then_some(collection)
    }

    /// Whether a call is of a function or class of the project.
    pub fn is_own(&self, file: FileId, call: &Call<'_>) -> bool {
        matches!(self.value(file, call.callee), Value::Function(..) | Value::Class(..))
    }

    /// What iterating an expression yields, with the usual wrappers (`enumerate`, `zip`, `.items()`, `sorted`, …).
    fn iterated(&self, file: FileId, iterable: ExprId) -> Value {
        let module = self.m(file);
        if let Some(call) = module.call(module.unawaited(iterable)) {
            let method = call.method().unwrap_or("");
            if let Some(collection) = self.handed_on(file, &call) {
                let element = self.iterated(file, collection);
                return if method == "enumerate" {
                    Value::Many(Box::new(element))
                } else {
                    element
                };
            }
            if let (true, Some(receiver)) = (matches!(method, "entries" | "iterator" | "values" | "items"), call.receiver()) {
                let held = self.value(file, receiver);
                match held {
                    Value::Many(element) if method == "entries" => return element.many(),
                    Value::Many(element) if method == "iterator" => return *element,
                    _ => {}
                }
            }
        }
        let held = self.value(file, iterable);
        self.element(&held)
    }

    /// An element of a collection.
    pub fn element(&self, value: &Value) -> Value {
        match value {
            Value::Many(element) => (**element).clone(),
            Value::Query(file, expr) => match self.query_at(*file, *expr).and_then(|query| query.model.clone()) {
                Some(model) => Value::Row(model, Some((*file, *expr))),
                None => Value::Unknown,
            },
            Value::Literal(file, expr) => match self.m(*file).kind(*expr) {
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => self.one_of(*file, items),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// What stands for the elements of a list as it is written: the first one, unless others are objects of another class.
    fn one_of(&self, file: FileId, items: &[ExprId]) -> Value {
        let Some(&first) = items.first() else { return Value::Unknown };
        let value = self.value(file, first);
        let is_object = matches!(value, Value::Instance(..));
        if is_object && items.iter().take(MOST_ELEMENTS).any(|&item| self.value(file, item) != value) {
            return Value::Unknown;
        }
        value
    }

    pub(super) fn step_into(&self, file: FileId, mut value: Value, path: &[PatternStep]) -> Value {
        for step in path {
            value = match (step, value) {
                (_, Value::Unknown) => return Value::Unknown,
                (PatternStep::Key(key), value) => self.attribute(&value, self.m(file).str(*key), file),
                (PatternStep::Index(index), Value::Literal(at, expr)) => match self.m(at).kind(expr) {
                    ExprKind::Tuple(items) | ExprKind::List(items) => match items.get(*index as usize) {
                        Some(&item) => self.value(at, item),
                        None => Value::Unknown,
                    },
                    _ => Value::Unknown,
                },
                (PatternStep::Index(_), Value::Many(element)) => *element,
                // `const [row, isNew] = await Order.findOrCreate(…)`.
                (PatternStep::Index(0), row @ Value::Row(..)) if self.m(file).language == Language::TypeScript => row,
                (PatternStep::Rest, value @ Value::Many(_)) => value,
                _ => Value::Unknown,
            };
        }
        value
    }

    /// What `with expr as x` gives to `x`.
    fn entered(&self, file: FileId, expr: ExprId) -> Value {
        match self.value(file, expr) {
            Value::Instance(at, class) => {
                for method in ["__enter__", "__aenter__"] {
                    if let Some((owner, Member::Method(function))) = self.member(at, class, method) {
                        let result = self.result(owner, function);
                        return if result.is_unknown() { Value::Instance(at, class) } else { result };
                    }
                }
                Value::Instance(at, class)
            }
            Value::Many(element) => *element,
            other => other,
        }
    }
}
