//! What a Django REST framework serializer reads of each object: nested serializers, sources, methods, key lists.

mod fields;
mod methods;
mod relations;
mod response_models;

use super::eval::Evaluator;
use super::schema::SchemaModel;
use super::scope::Member;
use super::{Project, rows};
use crate::budget::Limit;
use crate::ir::{ClassId, FunctionId, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::source::Span;
pub use fields::chooses_fields;
use fields::meta;
use relations::walk;

/// Serializers in serializers, and properties that read properties.
const MAX_DEPTH: u32 = 4;

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
    rows::schema_model(project, &RowModel::Class(at, model))
}

struct Reader<'p, 'e, 'c> {
    project: &'p Project,
    eval: &'e Evaluator<'c>,
    out: Vec<Need>,
    open: Vec<(FileId, ClassId)>,
}

impl Reader<'_, '_, '_> {
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
}
