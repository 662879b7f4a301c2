//! What a class that shows rows (a Pydantic model, a marshmallow schema) reads of each object.

use rustc_hash::FxHashSet;

use super::fields::Shown;
use super::relations::{knows, target_of, walk};
use super::{MAX_DEPTH, Reader};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, StmtKind};
use crate::libraries::shared::response_models::{self, FieldStyle};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Evaluator, Found};
use crate::project::rows;
use crate::project::schema::SchemaModel;
use crate::project::scope::{Bound, Member};
use crate::source::Span;

impl<'p> Reader<'p, '_, '_> {
    /// The fields of a class that shows rows, its own and those of its ancestors.
    pub(super) fn response_model(&mut self, (file, class): (FileId, ClassId), model: &'p SchemaModel, prefix: &[String], depth: u32) {
        if depth > MAX_DEPTH || self.open.contains(&(file, class)) {
            return;
        }
        let Some(kind) = response_models::kind(self.eval, file, class) else {
            return;
        };
        let lineage = self.eval.lineage(file, class);
        if lineage.iter().any(|&(at, class)| response_models::prepares(self.eval, at, class)) {
            return;
        }
        self.open.push((file, class));
        let shown = self.shown(file, class);
        let mut done: FxHashSet<String> = FxHashSet::default();
        for (at, class) in lineage {
            let module = self.project.code.module(at);
            for &stmt in &module.class(class).body {
                match (&module.stmt(stmt).kind, kind) {
                    (
                        StmtKind::Assign {
                            target,
                            value,
                            annotation: Some(annotation),
                            ..
                        },
                        FieldStyle::Annotated,
                    ) => {
                        let Some(name) = module.name(*target).filter(|name| !name.starts_with('_')) else {
                            continue;
                        };
                        if done.insert(name.to_owned()) {
                            self.annotated_field(at, (name, *annotation, *value), model, prefix, depth);
                        }
                    }
                    (
                        StmtKind::Assign {
                            target,
                            value: Some(value),
                            ..
                        },
                        FieldStyle::Declared,
                    ) => {
                        let Some(name) = module.name(*target) else { continue };
                        let is_shown = match &shown {
                            Shown::Named(names) => names.iter().any(|shown| shown == name),
                            Shown::All(left_out) => !left_out.iter().any(|left_out| left_out == name),
                            Shown::Unknown => true,
                        };
                        if done.insert(name.to_owned()) && is_shown {
                            self.declared_field((file, class), (at, name, *value), model, prefix, depth);
                        }
                    }
                    // Ninja's `resolve_total(order)`.
                    (StmtKind::Function(function), FieldStyle::Annotated) => {
                        let definition = module.function(*function);
                        let name = definition.name.map_or("", |name| module.str(name));
                        if let (true, Some(object)) = (name.starts_with("resolve_"), definition.params.first().and_then(|param| param.name))
                        {
                            self.reads((at, *function), object, model, prefix, &format!("`{name}`"), 0);
                        }
                    }
                    _ => {}
                }
            }
        }
        // A Ninja `ModelSchema` names fields of the model: of relations to many rows it shows the keys.
        if kind == FieldStyle::Annotated && matches!(shown, Shown::Named(_)) {
            self.plain_fields(file, class, model, &shown, &done, prefix);
        }
        self.open.pop();
    }

    /// `customer: CustomerOut`.
    fn annotated_field(
        &mut self,
        at: FileId,
        (name, annotation, value): (&str, ExprId, Option<ExprId>),
        model: &'p SchemaModel,
        prefix: &[String],
        depth: u32,
    ) {
        let module = self.project.code.module(at);
        let field = value.and_then(|value| module.call(value));
        let alias = field.and_then(|call| {
            let told = call.keyword("validation_alias").or_else(|| call.keyword("alias"));
            told.and_then(|told| module.string(told))
        });
        let source = alias.filter(|alias| knows(self.project, model, alias)).unwrap_or(name);
        let span = module.expr(annotation).span;
        let nested = shown_class(self.eval, at, annotation);
        self.shown_field((at, name, span), source, nested, model, prefix, depth);
    }

    /// A field that shows an attribute of the object: what lies on the way to it is read, a relation or a property of the model.
    fn shown_field(
        &mut self,
        (at, name, span): (FileId, &str, Span),
        source: &str,
        nested: Option<(FileId, ClassId)>,
        model: &'p SchemaModel,
        prefix: &[String],
        depth: u32,
    ) {
        let Some(walked) = walk(self.project, model, source.split('.'), true) else {
            return;
        };
        if walked.relations.is_empty() {
            if rows::has_column(self.project, model, source) {
                let by = format!("the field `{name}`");
                self.add_need(prefix, &[source.to_owned()], (false, true), by, at, span);
            } else {
                self.property(model, source, prefix, 0);
            }
            return;
        }
        let class = nested.and_then(|(file, class)| self.project.code.module(file).class(class).name.map(|name| (file, name)));
        let by = match class {
            Some((file, class)) => format!("the field `{name}` of `{}`", self.project.code.module(file).str(class)),
            None => format!("the field `{name}`"),
        };
        self.add(prefix, &walked.relations, walked.to_many, by, at, span);
        if let (Some(nested), Some(target)) = (nested, target_of(self.project, model, &walked.relations)) {
            let inner: Vec<String> = prefix.iter().cloned().chain(walked.relations).collect();
            self.response_model(nested, target, &inner, depth + 1);
        }
    }

    /// `customer = fields.Nested(CustomerSchema)`, `customer = fields.String(attribute="customer.name")`.
    fn declared_field(
        &mut self,
        schema: (FileId, ClassId),
        (at, name, value): (FileId, &str, ExprId),
        model: &'p SchemaModel,
        prefix: &[String],
        depth: u32,
    ) {
        let module = self.project.code.module(at);
        let Some(mut call) = module.call(value) else { return };
        let is_true = |keyword: &str| {
            let told = call.keyword(keyword);
            told.is_some_and(|value| matches!(module.kind(value), ExprKind::Bool(true)))
        };
        if is_true("load_only") {
            return;
        }
        let source = call.keyword("attribute").and_then(|expr| module.string(expr)).unwrap_or(name);
        // `fields.List(fields.Nested(…))`.
        if call.method() == Some("List")
            && let Some(inner) = call.arg(0).and_then(|arg| module.call(arg))
        {
            call = inner;
        }
        let span = module.expr(value).span;
        match call.method() {
            Some("Method") => {
                let method = call.arg(0).and_then(|arg| module.string(arg)).unwrap_or_default();
                if let Some((owner, Member::Method(function))) = self.eval.member(schema.0, schema.1, method) {
                    self.method(owner, function, model, prefix, &format!("`{method}`"), 0);
                }
            }
            Some("Function") => {
                if let Some(ExprKind::Lambda(function)) = call.arg(0).map(|arg| module.kind(arg))
                    && let Some(object) = module.function(*function).params.first().and_then(|param| param.name)
                {
                    self.reads((at, *function), object, model, prefix, &format!("the field `{name}`"), 0);
                }
            }
            Some("Nested" | "Pluck") => {
                // A choice of the inner schema's fields: which of them are shown is not followed.
                let chooses = |call: &Call<'_>| ["only", "exclude"].iter().any(|name| call.keyword(name).is_some());
                let inner = call.arg(0).and_then(|arg| module.call(arg));
                let is_whole = !chooses(&call) && !inner.is_some_and(|inner| chooses(&inner));
                let nested = call.arg(0).filter(|_| is_whole).and_then(|arg| self.schema_named(at, arg));
                self.shown_field((at, name, span), source, nested, model, prefix, depth);
            }
            // A list of keys, or of what `Related` names.
            _ => self.shown_field((at, name, span), source, None, model, prefix, depth),
        }
    }

    /// The schema that a nested field is given: a class, its name, an instance, or a lambda that makes one.
    fn schema_named(&self, at: FileId, expr: ExprId) -> Option<(FileId, ClassId)> {
        let module = self.project.code.module(at);
        match module.kind(expr) {
            ExprKind::Str(name) => {
                let name = module.sym(module.str(*name).rsplit('.').next()?)?;
                match self.eval.lookup(at, FunctionId::MODULE, name, u32::MAX)? {
                    Found::Binding(file, _, binding) => match binding.bound {
                        Bound::Class(class) => Some((file, class)),
                        _ => None,
                    },
                    _ => None,
                }
            }
            ExprKind::Lambda(function) => {
                let made = module.returned(*function).first().copied()?;
                self.schema_named(at, module.call(made).map_or(made, |call| call.callee))
            }
            _ => match self.eval.value(at, expr) {
                Value::Class(file, class) | Value::Instance(file, class) => Some((file, class)),
                _ => None,
            },
        }
    }
}

/// The class of a field's type that shows rows: `CustomerOut | None`, `list[ItemOut]`.
fn shown_class(eval: &Evaluator<'_>, file: FileId, annotation: ExprId) -> Option<(FileId, ClassId)> {
    let class = match eval.annotation(file, annotation) {
        Value::Instance(at, class) => (at, class),
        Value::Many(element) => match *element {
            Value::Instance(at, class) => (at, class),
            _ => return None,
        },
        _ => return None,
    };
    response_models::kind(eval, class.0, class.1).map(|_| class)
}
