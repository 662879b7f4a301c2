//! What the fields of a Django REST framework serializer read: declared ones, and those that `Meta.fields` names.

use rustc_hash::FxHashSet;

use super::relations::walk;
use super::{MAX_DEPTH, Reader, is_serializer, model_of};
use crate::ir::{ClassId, ExprId, ExprKind, Module, StmtId, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::project::schema::SchemaModel;
use crate::project::scope::Member;

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

pub(super) fn meta(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<(FileId, ClassId)> {
    match eval.member(file, class, "Meta")? {
        (at, Member::Class(meta)) => Some((at, meta)),
        _ => None,
    }
}

/// The field that `del self.fields["notes"]` or `self.fields.pop("notes")` takes out.
fn taken_out(module: &Module, expr: ExprId) -> Option<&str> {
    let (fields, key) = if let ExprKind::Index { base, index } = module.kind(expr) {
        (*base, *index)
    } else {
        let call = module.call(expr).filter(|call| call.method() == Some("pop"))?;
        (call.receiver()?, call.arg(0)?)
    };
    let is_own = module.dotted(fields).as_deref() == Some("self.fields");
    module.string(key).filter(|_| is_own)
}

/// Whether a serializer, or one that it extends, takes out the fields that nobody asked for, by their names in a loop:
/// `for name in set(self.fields) - asked: self.fields.pop(name)`.
pub fn chooses_fields(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    let lineage = eval.lineage(file, class);
    lineage.into_iter().any(|(at, class)| {
        let module = eval.module(at);
        let methods = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Function(function) => Some(function),
            _ => None,
        });
        methods.flat_map(|function| module.call_ids_in(function)).any(|id| {
            let Some(call) = module.call(id).filter(|call| call.method() == Some("pop")) else {
                return false;
            };
            let on_fields = call.receiver().and_then(|fields| module.dotted(fields)).as_deref() == Some("self.fields");
            on_fields && call.arg(0).is_some_and(|key| module.string(key).is_none())
        })
    })
}

/// The field that `self.fields["notes"] = …` puts in again.
fn put_in(module: &Module, stmt: StmtId) -> Option<&str> {
    let StmtKind::Assign {
        target, value: Some(_), ..
    } = module.stmt(stmt).kind
    else {
        return None;
    };
    matches!(module.kind(target), ExprKind::Index { .. }).then(|| taken_out(module, target))?
}

/// Whether a statement may end its function.
fn leaves(module: &Module, stmt: StmtId) -> bool {
    match module.stmt(stmt).kind {
        StmtKind::Return(_) | StmtKind::Raise(_) => true,
        StmtKind::Function(_) | StmtKind::Class(_) => false,
        _ => module.stmt_blocks(stmt).into_iter().flatten().any(|&inner| leaves(module, inner)),
    }
}

/// Which fields a serializer writes out.
pub(super) enum Shown {
    /// These.
    Named(Vec<String>),
    /// All of the model but these.
    All(Vec<String>),
    /// Not understood: the declared ones are taken.
    Unknown,
}

impl<'p> Reader<'p, '_, '_> {
    pub(super) fn serializer(&mut self, file: FileId, class: ClassId, prefix: &[String], depth: u32) {
        if depth > MAX_DEPTH || self.open.contains(&(file, class)) {
            return;
        }
        let Some(model) = model_of(self.project, self.eval, file, class) else {
            return;
        };
        self.open.push((file, class));
        let shown = self.shown(file, class);
        let mut done = self.taken_out(file, class);
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

    /// Fields that the constructors take out whatever they are given: `del self.fields["notes"]`, `self.fields.pop("notes")`.
    fn taken_out(&self, file: FileId, class: ClassId) -> FxHashSet<String> {
        let mut out = FxHashSet::default();
        for (at, class) in self.eval.lineage(file, class) {
            let module = self.project.code.module(at);
            let made = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Function(function) => Some(module.function(function)),
                _ => None,
            });
            for function in made.filter(|function| function.name.is_some_and(|name| module.str(name) == "__init__")) {
                for &stmt in &function.body {
                    // What follows a way out depends on more.
                    if leaves(module, stmt) {
                        break;
                    }
                    if let Some(field) = put_in(module, stmt) {
                        out.remove(field);
                        continue;
                    }
                    // A test's or a loop's block stands apart: what it takes out depends on more.
                    let exprs = module.stmt_exprs(stmt).into_iter();
                    let several = exprs.flat_map(|expr| match module.kind(expr) {
                        ExprKind::Tuple(items) => items.to_vec(),
                        _ => vec![expr],
                    });
                    out.extend(several.filter_map(|expr| taken_out(module, expr).map(ToOwned::to_owned)));
                }
            }
        }
        out
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

    pub(super) fn shown(&self, file: FileId, class: ClassId) -> Shown {
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
        let nested = match self.eval.value(at, call.callee) {
            Value::Class(file, class) => Some((file, class)),
            _ => None,
        };
        let ancestors = nested.map(|(file, class)| self.eval.ancestors(file, class)).unwrap_or_default();
        let is_kind = |suffix: &str| kind == suffix || ancestors.iter().any(|ancestor| ancestor.rsplit('.').next() == Some(suffix));
        if is_kind("SerializerMethodField") {
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
    pub(super) fn plain_fields(
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

    pub(super) fn class_of(&self, model: &'p SchemaModel) -> Option<(FileId, ClassId)> {
        let file = self.project.code.imports.file(&model.file)?;
        let module = self.project.code.module(file);
        let is_it = |name: Option<Sym>| name.is_some_and(|name| module.str(name) == model.name);
        module.class_ids().find(|(_, class)| is_it(class.name)).map(|(id, _)| (file, id))
    }
}
