//! What a value of an annotated type is.

use super::Evaluator;
use crate::ir::{ExprId, ExprKind, FunctionId, TYPE_OF};
use crate::libraries::shared::injected;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

impl Evaluator<'_> {
    /// What a value of an annotated type is.
    pub fn annotation(&self, file: FileId, annotation: ExprId) -> Value {
        self.bounded(file, Value::Unknown, || self.annotation_inner(file, annotation))
    }

    fn annotation_inner(&self, file: FileId, annotation: ExprId) -> Value {
        let module = self.m(file);
        if let (Some(within), ExprKind::Name(name)) = (&self.within, module.kind(annotation))
            && let Some((at, class)) = within.named_type(module.str(*name))
        {
            return Value::Instance(at, class);
        }
        match module.kind(annotation) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => match self.value(file, annotation) {
                Value::Class(at, class) => Value::Instance(at, class),
                // It says nothing: what is passed or assigned may say more.
                Value::External(name) if is_anything(&name) => Value::Unknown,
                Value::External(name) => Value::ExternalInstance(name),
                Value::ExternalInstance(name) if is_new_type(&name) => self.base_of_new_type(file, annotation),
                Value::Unknown => match self.definition(file, annotation) {
                    Some((at, alias)) if (at, alias) != (file, annotation) => self.annotation(at, alias),
                    _ => Value::Unknown,
                },
                other => other,
            },
            ExprKind::Str(name) => self.quoted(file, module.owner(annotation), module.str(*name)),
            ExprKind::Binary { op, left, right } if module.str(*op) == "|" => match self.annotation(file, *left) {
                Value::Unknown | Value::Literal(..) => self.annotation(file, *right),
                value => value,
            },
            ExprKind::Index { base, index } => self.generic(file, *base, *index),
            ExprKind::Call { .. } => self.value(file, annotation),
            _ => Value::Unknown,
        }
    }

    /// `Session = NewType("Session", AsyncSession)`: a value of it is one of the type that it is made from.
    fn base_of_new_type(&self, file: FileId, name: ExprId) -> Value {
        let Some((at, made)) = self.definition(file, name).filter(|&made| made != (file, name)) else {
            return Value::Unknown;
        };
        let base = self.m(at).call(made).and_then(|call| call.arg(1));
        base.map_or(Value::Unknown, |base| self.annotation(at, base))
    }

    fn quoted(&self, file: FileId, function: FunctionId, text: &str) -> Value {
        let name = text
            .trim_start_matches("Optional[")
            .trim_end_matches(']')
            .split('|')
            .next()
            .unwrap_or(text)
            .trim();
        let module = self.m(file);
        let Some(sym) = module.sym(name) else {
            return Value::Unknown;
        };
        match self.lookup(file, function, sym, u32::MAX).map(|found| self.found_value(&found)) {
            Some(Value::Class(at, class)) => Value::Instance(at, class),
            Some(Value::External(name)) => Value::ExternalInstance(name),
            _ => Value::Unknown,
        }
    }

    fn generic(&self, file: FileId, base: ExprId, index: ExprId) -> Value {
        let module = self.m(file);
        let name = match module.kind(base) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
            _ => return Value::Unknown,
        };
        let parts: Vec<ExprId> = match module.kind(index) {
            ExprKind::Tuple(items) => items.to_vec(),
            _ => vec![index],
        };
        let Some(&first) = parts.first() else { return Value::Unknown };
        match name {
            "Annotated" => {
                // `Annotated[Session, Depends(get_db)]`: what is injected is more exact than the type.
                let injected = parts
                    .iter()
                    .skip(1)
                    .map(|&part| self.injected(file, part))
                    .find(|value| matches!(value, Value::Instance(..) | Value::Row(..)));
                injected.unwrap_or_else(|| self.annotation(file, first))
            }
            "Optional"
            | "ClassVar"
            | "Final"
            | "Mapped"
            | "Promise"
            | "Awaitable"
            | "Readonly"
            | "Required"
            | "Partial"
            | "NonNullable"
            | "Pick"
            | "Omit"
            | "Awaited"
            | "Generator"
            | "AsyncGenerator"
            | "ContextManager"
            | "AsyncContextManager"
            | "AbstractAsyncContextManager"
            | "AbstractContextManager"
            | "Depends" => self.annotation(file, first),
            name if injected::is_mark(name) => self.annotation(file, first),
            "Coroutine" => parts.last().map_or(Value::Unknown, |&last| self.annotation(file, last)),
            "Type" | "type" => match self.annotation(file, first) {
                Value::Instance(at, class) => Value::Class(at, class),
                _ => Value::Unknown,
            },
            // What makes things of a library, as the library's class does: `Callable[..., AsyncSession]`.
            "Callable" => match parts.last().map(|&last| self.annotation(file, last)) {
                Some(Value::ExternalInstance(name)) if !name.starts_with("builtins.") => Value::External(name),
                _ => self.annotation(file, base),
            },
            "list" | "List" | "Sequence" | "Iterable" | "Iterator" | "AsyncIterator" | "AsyncIterable" | "Set" | "set" | "frozenset"
            | "Collection" | "Array" | "ReadonlyArray" | "tuple" | "Tuple" | "QuerySet" | "InstrumentedList" => {
                self.annotation(file, first).many()
            }
            // `ReturnType<typeof makeOrders>`: TypeScript names what a function gives.
            "ReturnType" => match self.value(file, first) {
                Value::Function(at, function) => self.result(at, function),
                _ => Value::Unknown,
            },
            "InstanceType" | TYPE_OF => self.annotation(file, first),
            "Union" => parts
                .iter()
                .map(|&part| self.annotation(file, part))
                .find(|value| !value.is_unknown())
                .unwrap_or(Value::Unknown),
            _ => self.annotation(file, base),
        }
    }

    /// What is held, or what its annotation says of it where that says more: a class of the project where a library gives something.
    pub(super) fn told(&self, held: Value, file: FileId, annotation: ExprId) -> Value {
        let is_loose = matches!(held, Value::ExternalInstance(_));
        if !is_loose && !matches!(held, Value::Unknown | Value::Literal(..)) {
            return held;
        }
        match self.annotation(file, annotation) {
            Value::Unknown => held,
            annotated if !is_loose || self.is_class_of_its_own(&annotated) => annotated,
            _ => held,
        }
    }

    /// Whether a value is of a class of the project: TypeScript's interfaces say less than the library whose object it is.
    fn is_class_of_its_own(&self, value: &Value) -> bool {
        matches!(*value, Value::Instance(at, class) if !self.m(at).class(class).is_interface)
    }
}

fn is_new_type(name: &str) -> bool {
    name == "typing.NewType" || name == "typing_extensions.NewType"
}

/// `Any`, `object`: a type that everything has.
fn is_anything(name: &str) -> bool {
    matches!(name, "builtins.object" | "typing.Any" | "typing_extensions.Any")
}
