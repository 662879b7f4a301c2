//! What a Django REST framework serializer reads of each object: nested serializers, sources, methods, key lists.

use rustc_hash::FxHashSet;

use super::eval::{Evaluator, Found};
use super::schema::Model as SchemaModel;
use super::scope::{Bound, Member};
use super::{Project, rows};
use crate::budget::Limit;
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::response_models::{self, Kind};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::source::Span;

/// Serializers in serializers, and properties that read properties.
const MAX_DEPTH: u32 = 4;
/// Names in one method that hold the object or what it leads to.
const MAX_NAMES: usize = 12;
/// Arguments of fields that leave alone what a nested serializer shows.
const KNOWN_ARGUMENTS: [&str; 14] = [
    "many",
    "source",
    "read_only",
    "write_only",
    "required",
    "default",
    "allow_null",
    "allow_empty",
    "help_text",
    "label",
    "initial",
    "validators",
    "style",
    "error_messages",
];

/// A relation that a serializer reads of each object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Dotted path of relations from the object.
    pub path: String,
    /// The last relation leads to many rows.
    pub to_many: bool,
    /// It is no relation but a column, which a query may have left out.
    pub is_column: bool,
    /// What reads it, in words.
    pub by: String,
    /// The file of the reading place.
    pub file: FileId,
    /// The reading place.
    pub span: Span,
}

/// Whether a class is a serializer, by what it descends from.
pub fn is_serializer(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    eval.ancestors(file, class)
        .iter()
        .any(|ancestor| ancestor.ends_with("Serializer") && !ancestor.ends_with("ListSerializer"))
}

/// The relations that a serializer reads of each object, each path once.
pub fn needs(project: &Project, eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Vec<Need> {
    let mut reader = Reader {
        project,
        eval,
        out: Vec::new(),
        open: Vec::new(),
    };
    reader.serializer(file, class, &[], 0);
    reader.out
}

/// The relations that a class that shows rows (a Pydantic model, a marshmallow schema) reads of each object of a model, and the columns
/// that it shows.
pub fn shown_needs<'p>(project: &'p Project, eval: &Evaluator<'_>, (file, class): (FileId, ClassId), model: &'p SchemaModel) -> Vec<Need> {
    let mut reader = Reader {
        project,
        eval,
        out: Vec::new(),
        open: Vec::new(),
    };
    reader.response_model((file, class), model, &[], 0);
    reader.out
}

/// The relations that a method reads of the object that a name holds.
pub fn reads_of<'p>(
    project: &'p Project,
    eval: &Evaluator<'_>,
    (file, function): (FileId, FunctionId),
    object: Sym,
    model: &'p SchemaModel,
) -> Vec<Need> {
    let mut reader = Reader {
        project,
        eval,
        out: Vec::new(),
        open: Vec::new(),
    };
    let words = project.code.module(file).qualified(function);
    reader.reads((file, function), object, model, &[], &format!("`{words}`"), MAX_DEPTH);
    reader.out
}

/// The relations behind a dotted name that a template reads of an object, `order.customer.name` without its first: of the
/// object itself or of its model's property. The place of the first kind is the caller's to give.
pub fn reads_path<'p>(project: &'p Project, eval: &Evaluator<'_>, model: &'p SchemaModel, names: &[&str]) -> Vec<Need> {
    let mut reader = Reader {
        project,
        eval,
        out: Vec::new(),
        open: Vec::new(),
    };
    let Some(walked) = walk(project, model, names.iter().copied(), true) else {
        return Vec::new();
    };
    if walked.relations.is_empty() {
        reader.property(model, names.first().copied().unwrap_or_default(), &[], 0);
    } else {
        let span = Span { start: 0, end: 0 };
        reader.add(
            &[],
            &walked.relations,
            walked.to_many,
            "the template".to_owned(),
            FileId(u32::MAX),
            span,
        );
    }
    reader.out
}

/// The schema's model of a serializer: `class Meta: model = Order`.
pub fn model_of<'p>(project: &'p Project, eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<&'p SchemaModel> {
    let (at, meta) = meta(eval, file, class)?;
    let (at, Member::Value(value, _)) = eval.member(at, meta, "model")? else {
        return None;
    };
    let Value::Class(at, model) = eval.value(at, value) else {
        return None;
    };
    rows::schema_model(project, &Model::Class(at, model))
}

fn meta(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<(FileId, ClassId)> {
    match eval.member(file, class, "Meta")? {
        (at, Member::Class(meta)) => Some((at, meta)),
        _ => None,
    }
}

/// Which fields a serializer writes out.
enum Shown {
    /// These.
    Named(Vec<String>),
    /// All of the model but these.
    All(Vec<String>),
    /// Not understood: the declared ones are taken.
    Unknown,
}

struct Reader<'p, 'e, 'c> {
    project: &'p Project,
    eval: &'e Evaluator<'c>,
    out: Vec<Need>,
    open: Vec<(FileId, ClassId)>,
}

impl<'p> Reader<'p, '_, '_> {
    fn add(&mut self, prefix: &[String], relations: &[String], to_many: bool, by: String, file: FileId, span: Span) {
        self.add_need(prefix, relations, (to_many, false), by, file, span);
    }

    fn add_need(
        &mut self,
        prefix: &[String],
        relations: &[String],
        (to_many, is_column): (bool, bool),
        by: String,
        file: FileId,
        span: Span,
    ) {
        let path = prefix.iter().chain(relations).map(String::as_str).collect::<Vec<_>>().join(".");
        if self.out.iter().any(|known| known.path == path) {
            return;
        }
        if self.out.len() >= Limit::Relations.count() {
            self.project.code.tell(Limit::Relations, file, span.start);
        } else {
            self.out.push(Need {
                path,
                to_many,
                is_column,
                by,
                file,
                span,
            });
        }
    }

    /// The fields of a class that shows rows, its own and those of its ancestors.
    fn response_model(&mut self, (file, class): (FileId, ClassId), model: &'p SchemaModel, prefix: &[String], depth: u32) {
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
                        Kind::Annotated,
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
                        Kind::Declared,
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
                    (StmtKind::Function(function), Kind::Annotated) => {
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
        if kind == Kind::Annotated && matches!(shown, Shown::Named(_)) {
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
                let made = crate::project::eval::returned(module, *function).first().copied()?;
                self.schema_named(at, module.call(made).map_or(made, |call| call.callee))
            }
            _ => match self.eval.value(at, expr) {
                Value::Class(file, class) | Value::Instance(file, class) => Some((file, class)),
                _ => None,
            },
        }
    }

    fn serializer(&mut self, file: FileId, class: ClassId, prefix: &[String], depth: u32) {
        if depth > MAX_DEPTH || self.open.contains(&(file, class)) {
            return;
        }
        let Some(model) = model_of(self.project, self.eval, file, class) else {
            return;
        };
        self.open.push((file, class));
        let shown = self.shown(file, class);
        let mut done: FxHashSet<String> = FxHashSet::default();
        let declared = self.declared(file, class);
        for (at, name, value) in declared {
            if !done.insert(name.clone()) {
                continue;
            }
            let is_shown = match &shown {
                Shown::Named(names) => names.contains(&name),
                Shown::All(left_out) => !left_out.contains(&name),
                Shown::Unknown => true,
            };
            if is_shown {
                self.field((file, class), (at, &name, value), model, prefix, depth);
            }
        }
        self.plain_fields(file, class, model, &shown, &done, prefix);
        if let Some((at, Member::Method(function))) = self.eval.member(file, class, "to_representation") {
            let words = "`to_representation`".to_owned();
            self.method(at, function, model, prefix, &words, 0);
        }
        self.open.pop();
    }

    /// Fields declared in the class and its ancestors, nearest first.
    fn declared(&self, file: FileId, class: ClassId) -> Vec<(FileId, String, ExprId)> {
        let mut out = Vec::new();
        for (at, class) in self.eval.lineage(file, class) {
            let module = self.project.code.module(at);
            for &stmt in &module.class(class).body {
                if let StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } = module.stmt(stmt).kind
                    && let Some(name) = module.name(target)
                {
                    out.push((at, name.to_owned(), value));
                }
            }
        }
        out
    }

    fn shown(&self, file: FileId, class: ClassId) -> Shown {
        let Some((at, meta)) = meta(self.eval, file, class) else {
            return Shown::Unknown;
        };
        let texts = |name: &str| -> Option<Vec<String>> {
            let (at, Member::Value(value, _)) = self.eval.member(at, meta, name)? else {
                return None;
            };
            let module = self.project.code.module(at);
            match module.kind(value) {
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                    items.iter().map(|&item| module.string(item).map(ToOwned::to_owned)).collect()
                }
                ExprKind::Str(text) => Some(vec![module.str(*text).to_owned()]),
                _ => None,
            }
        };
        match (texts("fields"), texts("exclude")) {
            (Some(fields), _) if fields.as_slice() == ["__all__"] => Shown::All(Vec::new()),
            (Some(fields), _) => Shown::Named(fields),
            (None, Some(left_out)) => Shown::All(left_out),
            (None, None) => Shown::Unknown,
        }
    }

    /// A declared field.
    fn field(
        &mut self,
        serializer: (FileId, ClassId),
        (at, name, value): (FileId, &str, ExprId),
        model: &'p SchemaModel,
        prefix: &[String],
        depth: u32,
    ) {
        let module = self.project.code.module(at);
        let Some(call) = module.call(value) else { return };
        let is_true = |keyword: &str| {
            call.keyword(keyword)
                .is_some_and(|value| matches!(module.kind(value), ExprKind::Bool(true)))
        };
        if is_true("write_only") {
            return;
        }
        let many = is_true("many");
        let kind = call.method().unwrap_or_default();
        let span = module.expr(value).span;
        if kind == "SerializerMethodField" {
            let named = call
                .keyword("method_name")
                .or_else(|| call.arg(0))
                .and_then(|expr| module.string(expr));
            let method = named.map_or_else(|| format!("get_{name}"), ToOwned::to_owned);
            if let Some((owner, Member::Method(function))) = self.eval.member(serializer.0, serializer.1, &method) {
                self.method(owner, function, model, prefix, &format!("`{method}`"), 0);
            }
            return;
        }
        let source = call.keyword("source").and_then(|expr| module.string(expr)).unwrap_or(name);
        let nested = match self.eval.value(at, call.callee) {
            Value::Class(file, class) => Some((file, class)),
            _ => None,
        };
        let ancestors = nested.map(|(file, class)| self.eval.ancestors(file, class)).unwrap_or_default();
        let is_kind = |suffix: &str| kind == suffix || ancestors.iter().any(|ancestor| ancestor.rsplit('.').next() == Some(suffix));
        let is_nested = nested.is_some_and(|(file, class)| is_serializer(self.eval, file, class));
        // A key list of a to-one relation is the column itself.
        let reads_last = is_nested || many || is_kind("StringRelatedField") || is_kind("SlugRelatedField");
        let Some(walked) = walk(self.project, model, source.split('.'), reads_last) else {
            return;
        };
        if walked.relations.is_empty() {
            self.property(model, source, prefix, 0);
            return;
        }
        let by = if is_nested {
            format!("the nested `{kind}`")
        } else {
            format!("the field `{name}`")
        };
        self.add(prefix, &walked.relations, walked.to_many, by, at, span);
        // An argument of the project's own, `nested=True`, changes what the inner serializer shows.
        let is_plain = call
            .args
            .iter()
            .all(|arg| arg.name.is_none_or(|name| KNOWN_ARGUMENTS.contains(&module.str(name))));
        if let (true, true, Some((file, class))) = (is_nested, is_plain, nested) {
            let inner: Vec<String> = prefix.iter().cloned().chain(walked.relations).collect();
            self.serializer(file, class, &inner, depth + 1);
        }
    }

    /// Fields that only `Meta.fields` names: lists of keys, and the model's own properties.
    fn plain_fields(
        &mut self,
        file: FileId,
        class: ClassId,
        model: &'p SchemaModel,
        shown: &Shown,
        done: &FxHashSet<String>,
        prefix: &[String],
    ) {
        let Some((at, meta)) = meta(self.eval, file, class) else { return };
        let fields = self
            .eval
            .member(at, meta, "fields")
            .or_else(|| self.eval.member(at, meta, "exclude"));
        let Some((at, Member::Value(value, _))) = fields else { return };
        let span = self.project.code.module(at).expr(value).span;
        let depth = match self.eval.member(at, meta, "depth") {
            Some((at, Member::Value(value, _))) => self.project.code.module(at).number(value).unwrap_or(0.0),
            _ => 0.0,
        };
        let names: Vec<String> = match shown {
            Shown::Named(names) => names.clone(),
            // Reverse relations are left out unless they are named.
            Shown::All(left_out) => {
                let own = model.relations.iter().filter(|relation| relation.makes_inverse.is_some());
                own.map(|relation| relation.name.clone())
                    .filter(|name| !left_out.contains(name))
                    .collect()
            }
            Shown::Unknown => return,
        };
        for name in names.iter().filter(|name| !done.contains(*name)) {
            match model.relation(name) {
                Some(relation) if relation.to_many || depth >= 1.0 => {
                    let by = format!("the field `{name}`");
                    self.add(prefix, std::slice::from_ref(name), relation.to_many, by, at, span);
                }
                Some(_) => {}
                None => self.property(model, name, prefix, 0),
            }
        }
    }

    /// A property or method of the model that reads relations of its own.
    fn property(&mut self, model: &'p SchemaModel, name: &str, prefix: &[String], depth: u32) {
        let name = name.split('.').next().unwrap_or(name);
        if depth > MAX_DEPTH || name.ends_with("_id") {
            return;
        }
        let Some((file, class)) = self.class_of(model) else { return };
        match self.eval.member(file, class, name) {
            Some((owner, Member::Method(function))) => {
                self.method(owner, function, model, prefix, &format!("`{}.{name}`", model.name), depth + 1);
            }
            // `tag_names = association_proxy("tags", "name")`.
            Some((owner, Member::Value(value, _))) => {
                let module = self.project.code.module(owner);
                let Some(call) = module.call(value).filter(|call| call.method() == Some("association_proxy")) else {
                    return;
                };
                let through = call.arg(0).and_then(|arg| module.string(arg)).unwrap_or_default();
                if let Some(relation) = model.relation(through) {
                    let by = format!("`{}.{name}`", model.name);
                    self.add(prefix, &[through.to_owned()], relation.to_many, by, owner, module.expr(value).span);
                }
            }
            _ => {}
        }
    }

    fn class_of(&self, model: &'p SchemaModel) -> Option<(FileId, ClassId)> {
        let file = self.project.code.imports.file(&model.file)?;
        let module = self.project.code.module(file);
        let is_it = |name: Option<Sym>| name.is_some_and(|name| module.str(name) == model.name);
        module.class_ids().find(|(_, class)| is_it(class.name)).map(|(id, _)| (file, id))
    }

    /// What a method reads of the object: its parameter, or for a model's own method `self`.
    fn method(&mut self, file: FileId, function: FunctionId, model: &'p SchemaModel, prefix: &[String], words: &str, depth: u32) {
        let module = self.project.code.module(file);
        let definition = module.function(function);
        let is_model = depth > 0;
        let index = usize::from(!is_model && !definition.is_static);
        if let Some(object) = definition.params.get(index).and_then(|param| param.name) {
            self.reads((file, function), object, model, prefix, words, depth);
        }
    }

    fn reads(
        &mut self,
        (file, function): (FileId, FunctionId),
        object: Sym,
        model: &'p SchemaModel,
        prefix: &[String],
        words: &str,
        depth: u32,
    ) {
        let module = self.project.code.module(file);
        let (first, end) = module.function(function).exprs;
        let inside = |expr: &ExprId| module.is_within(*expr, function);
        let names: Vec<(ExprId, Sym)> = (first.0..end.0)
            .map(ExprId)
            .filter_map(|id| match module.kind(id) {
                ExprKind::Name(name) if inside(&id) => Some((id, *name)),
                _ => None,
            })
            .collect();
        // The object under its name, under others, and the elements of its relations.
        let mut held: Vec<(Sym, &SchemaModel, Vec<String>)> = vec![(object, model, prefix.to_vec())];
        let mut next = 0;
        while let Some((object, model, prefix)) = held.get(next).cloned() {
            next += 1;
            for &(id, _) in names.iter().filter(|(_, name)| *name == object) {
                let further = self.read(file, id, (model, &prefix), words, depth);
                if let Some(further) = further
                    && held.len() < MAX_NAMES
                    && held.iter().all(|(name, ..)| *name != further.0)
                {
                    held.push(further);
                }
            }
        }
    }

    /// One use of a name that holds an object; a further name that then holds what it leads to.
    fn read(
        &mut self,
        file: FileId,
        id: ExprId,
        (model, prefix): (&'p SchemaModel, &[String]),
        words: &str,
        depth: u32,
    ) -> Option<(Sym, &'p SchemaModel, Vec<String>)> {
        let module = self.project.code.module(file);
        let (names, called) = chain(module, id);
        let Some(first) = names.first() else {
            let name = bound_to(module, id)?;
            return Some((name, model, prefix.to_vec()));
        };
        // What is called on the last relation: `.all()` reads what was loaded, the rest asks again.
        let walked = walk(self.project, model, names.iter().copied(), true)?;
        if walked.relations.is_empty() {
            if depth < MAX_DEPTH {
                self.property(model, first, prefix, depth);
            }
            return None;
        }
        let rest = names.get(walked.relations.len()).copied();
        if walked.to_many && called && !matches!(rest, Some("all" | "iterator")) || is_assigned(module, id) {
            return None;
        }
        let span = module.expr(id).span;
        self.add(prefix, &walked.relations, walked.to_many, words.to_owned(), file, span);
        let target = target_of(self.project, model, &walked.relations)?;
        let steps = walked.relations.len();
        let inner: Vec<String> = prefix.iter().cloned().chain(walked.relations).collect();
        // A method or property of the object that it leads to.
        if let (Some(rest), false) = (rest, walked.to_many)
            && depth < MAX_DEPTH
        {
            self.property(target, rest, &inner, depth);
        }
        let is_whole = names.len() == steps || names.len() == steps + 1 && called && walked.to_many;
        let top = top_of(module, id, names.len(), called);
        let name = bound_to(module, top).filter(|_| is_whole && !walked.to_many);
        let name = name.or_else(|| element_of(module, top).filter(|_| is_whole && walked.to_many));
        Some((name?, target, inner))
    }
}

/// The model that a way along relations ends at.
fn target_of<'p>(project: &'p Project, model: &'p SchemaModel, relations: &[String]) -> Option<&'p SchemaModel> {
    let mut names = relations.iter();
    names.try_fold(model, |model, name| project.schema.model(&model.relation(name)?.target))
}

/// Whether a model has a relation or column at the start of a dotted name.
fn knows(project: &Project, model: &SchemaModel, source: &str) -> bool {
    let first = source.split('.').next().unwrap_or(source);
    model.relation(first).is_some() || rows::has_column(project, model, first)
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

/// The end of a chain of attributes, with the call of the last one.
fn top_of(module: &Module, start: ExprId, attributes: usize, called: bool) -> ExprId {
    let mut at = start;
    for _ in 0..attributes + usize::from(called) {
        match module.expr(at).parent {
            Parent::Expr(parent) => at = parent,
            _ => break,
        }
    }
    at
}

/// The name that an expression is assigned to.
fn bound_to(module: &Module, expr: ExprId) -> Option<Sym> {
    let target = match module.expr(expr).parent {
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } if value == expr => target,
            _ => return None,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Assign { target, value } if *value == expr => *target,
            _ => return None,
        },
        _ => return None,
    };
    match module.kind(target) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

/// The name of the elements where an expression is iterated.
fn element_of(module: &Module, expr: ExprId) -> Option<Sym> {
    let target = match module.expr(expr).parent {
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Loop {
                iterable: Some(iterable),
                target,
                ..
            } if iterable == expr => target?,
            _ => return None,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Comp(comp) => comp.clauses.iter().find(|clause| clause.iterable == expr)?.target,
            _ => return None,
        },
        _ => return None,
    };
    match module.kind(target) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

/// A way along relations.
struct Walked {
    relations: Vec<String>,
    to_many: bool,
}

/// The relations at the start of a chain of attributes; `reads_last` when the last one's row itself is read. `None` for
/// the whole object.
fn walk<'n>(project: &Project, model: &SchemaModel, names: impl Iterator<Item = &'n str>, reads_last: bool) -> Option<Walked> {
    let names: Vec<&str> = names.collect();
    if names == ["*"] {
        return None;
    }
    let mut walked = Walked {
        relations: Vec::new(),
        to_many: false,
    };
    let mut at = Some(model);
    for (position, name) in names.iter().enumerate() {
        let Some(relation) = at.and_then(|model| model.relation(name)) else {
            break;
        };
        let is_last = position + 1 == names.len();
        if is_last && !reads_last {
            break;
        }
        walked.relations.push((*name).to_owned());
        walked.to_many = relation.to_many;
        if relation.to_many || walked.relations.len() > 6 {
            break;
        }
        at = project.schema.model(&relation.target);
    }
    Some(walked)
}

/// The attributes read from a name, `a.b.c`, and whether the last of them is called.
fn chain(module: &Module, mut at: ExprId) -> (Vec<&str>, bool) {
    let mut names = Vec::new();
    while let Parent::Expr(parent) = module.expr(at).parent {
        match module.kind(parent) {
            ExprKind::Attr { base, name } if *base == at => names.push(module.str(*name)),
            ExprKind::Call { callee, .. } if *callee == at => return (names, true),
            _ => break,
        }
        at = parent;
        if names.len() > 8 {
            break;
        }
    }
    (names, false)
}

/// `instance.owner = user`: set, not read.
fn is_assigned(module: &Module, mut at: ExprId) -> bool {
    while let Parent::Expr(parent) = module.expr(at).parent {
        if !matches!(module.kind(parent), ExprKind::Attr { .. }) {
            return false;
        }
        at = parent;
    }
    match module.expr(at).parent {
        Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, StmtKind::Assign { target, .. } if target == at),
        _ => false,
    }
}
