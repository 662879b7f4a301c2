//! Rows that are given to a class that shows them: what it reads of each is read where they are given.

use rustc_hash::FxHashMap;

use super::eval::Evaluator;
use super::rows::{self, RelationRead};
use super::serializers::{self, Need};
use super::{Project, schema};
use crate::ir::{ClassId, ExprId, ExprKind, StmtKind};
use crate::libraries::registry;
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::response_models::{self, Given};
use crate::libraries::shared::value::{FileId, Value};

/// What a type that shows rows takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One row.
    One((FileId, ClassId)),
    /// Each of many rows.
    Many((FileId, ClassId)),
    /// A page of rows with what belongs to it; its element where it is told beside the class (`Paged[OrderOut]`).
    Page((FileId, ClassId), Option<(FileId, ExprId)>),
}

/// What a type that is written at an expression takes.
pub fn shape(eval: &Evaluator<'_>, file: FileId, told: ExprId) -> Option<Shape> {
    let module = eval.module(file);
    if let ExprKind::Index { base, index } = module.kind(told) {
        match eval.value(file, *base) {
            // `Page[OrderOut]` of a paginating library.
            Value::External(name) if name.contains("pagination") || name.ends_with("Page") => {
                return class_of(eval, file, *index).map(Shape::Many);
            }
            Value::Class(at, class) if response_models::kind(eval, at, class).is_some() => {
                return Some(Shape::Page((at, class), Some((file, *index))));
            }
            _ => {}
        }
    }
    match eval.annotation(file, told) {
        Value::Instance(at, class) => response_models::kind(eval, at, class).map(|_| Shape::One((at, class))),
        Value::Many(element) => match *element {
            Value::Instance(at, class) => response_models::kind(eval, at, class).map(|_| Shape::Many((at, class))),
            _ => None,
        },
        _ => None,
    }
}

fn class_of(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<(FileId, ClassId)> {
    match shape(eval, file, expr)? {
        Shape::One(class) | Shape::Many(class) => Some(class),
        Shape::Page(..) => None,
    }
}

/// The fields of a page that hold lists of rows: name and what each element is shown by.
pub fn lists_of(eval: &Evaluator<'_>, class: (FileId, ClassId), element: Option<(FileId, ExprId)>) -> Vec<(String, (FileId, ClassId))> {
    let mut out = Vec::new();
    for (at, class) in eval.lineage(class.0, class.1) {
        let module = eval.module(at);
        for &stmt in &module.class(class).body {
            let StmtKind::Assign {
                target,
                annotation: Some(annotation),
                ..
            } = module.stmt(stmt).kind
            else {
                continue;
            };
            let Some(name) = module.name(target) else { continue };
            let shown = match (shape(eval, at, annotation), element) {
                (Some(Shape::Many(class)), _) => Some(class),
                // `items: list[T]`.
                (None, Some((file, told))) if matches!(module.kind(annotation), ExprKind::Index { .. }) => class_of(eval, file, told),
                _ => None,
            };
            out.extend(shown.map(|class| (name.to_owned(), class)));
        }
    }
    out
}

/// What a class that shows rows reads of each and the query has not loaded.
pub fn unloaded(
    project: &Project,
    eval: &Evaluator<'_>,
    class: (FileId, ClassId),
    model: &schema::SchemaModel,
    query: &Query,
) -> Vec<Need> {
    if !registry::loads_lazily(query) {
        return Vec::new();
    }
    let needs = serializers::shown_needs(project, eval, class, model).into_iter();
    needs
        .filter(|need| {
            if need.is_column {
                return rows::is_left_out(project, eval, query, &need.path);
            }
            rows::is_lazy_at(project, model, &need.path)
                && !rows::is_loaded(&query.eager, &need.path)
                && !rows::comes_back(project, model, &need.path)
        })
        .collect()
}

/// The relations that are read in one file because a row is given to a class that shows it, `Out.model_validate(row)`.
pub fn reads(project: &Project, eval: &Evaluator<'_>, file: FileId) -> Vec<RelationRead> {
    let module = project.code.module(file);
    let mut out = Vec::new();
    let mut known: FxHashMap<((FileId, ClassId), String), Vec<Need>> = FxHashMap::default();
    if !module.mentions(&["model_validate", "from_orm", "parse_obj", "dump", "validate", "convert"]) {
        return out;
    }
    for id in module.call_ids() {
        let Some(call) = module.call(id) else { continue };
        let Some(Given {
            shape: told,
            rows,
            single: true,
            ..
        }) = response_models::given(eval, file, &call)
        else {
            continue;
        };
        let Some(class) = class_of(eval, told.0, told.1) else { continue };
        let Some(row) = rows::row_of(project, eval, file, rows, 0) else {
            continue;
        };
        let source = row.source.and_then(|(at, expr)| eval.query_at(at, expr));
        if source.is_some_and(|query| !registry::loads_lazily(&query)) {
            continue;
        }
        let needs = known
            .entry((class, row.model.name.clone()))
            .or_insert_with(|| serializers::shown_needs(project, eval, class, row.model));
        for need in needs.iter() {
            if !need.is_column && !rows::is_lazy_at(project, row.model, &need.path) {
                continue;
            }
            out.push(RelationRead {
                file,
                expr: rows,
                label: format!("{}.{}", row.model.name, need.path),
                path: row.path_to(&need.path),
                source: row.source,
                root: row.root,
                param: row.param,
                to_many: need.to_many,
                is_column: need.is_column,
                target: String::new(),
            });
        }
    }
    out
}
