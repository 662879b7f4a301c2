//! Rows that a class shows all at once: a route's response model, a schema over a list, a page of rows.

use rayon::prelude::*;

use super::serializer::{self, FEW, FindingPlace};
use crate::advice;
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId};
use crate::judge::cost::{Cost, Unit};
use crate::judge::{evidence, priority, reach, scale};
use crate::libraries::shared::query::Query;
use crate::libraries::shared::response_models;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Evaluator;
use crate::project::validated::{self, Shape};
use crate::project::{Project, rows};
use crate::statement::RowLimit;

/// The findings of all routes and calls.
pub fn findings(project: &Project) -> Vec<Finding> {
    let files: Vec<FileId> = project.code.modules_of(response_models::LANGUAGE).map(|(file, _)| file).collect();
    let found = files.into_par_iter().map(|file| of_file(project, file));
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn of_file(project: &Project, file: FileId) -> Vec<Finding> {
    let eval = Evaluator::new(&project.code);
    let mut search = Search {
        project,
        eval: &eval,
        file,
        out: Vec::new(),
    };
    let module = project.code.module(file);
    for (id, _) in module.function_ids() {
        search.route(id);
    }
    for id in module.call_ids() {
        search.call(id);
    }
    search.out
}

struct Search<'p, 'e> {
    project: &'p Project,
    eval: &'e Evaluator<'p>,
    file: FileId,
    out: Vec<Finding>,
}

impl Search<'_, '_> {
    /// What a route returns is shown by the model that it answers with.
    fn route(&mut self, function: FunctionId) {
        if self.project.code.module(self.file).function(function).decorators.is_empty() {
            return;
        }
        let Some((told, each)) = response_models::answered(self.eval, self.file, function) else {
            return;
        };
        let Some(shape) = validated::shape(self.eval, told.0, told.1) else {
            return;
        };
        for &value in self.eval.returned(self.file, function).iter() {
            match (shape, each) {
                (Shape::One(class), true) => self.shown(class, value),
                _ => self.given(shape, value),
            }
        }
    }

    fn given(&mut self, shape: Shape, value: ExprId) {
        let module = self.project.code.module(self.file);
        match shape {
            Shape::Many(class) => self.shown(class, value),
            Shape::One(class) | Shape::Page(class, _) => {
                let element = match shape {
                    Shape::Page(_, element) => element,
                    _ => None,
                };
                // `return {"items": rows, "total": total}`.
                let ExprKind::Object(entries) = module.kind(value) else { return };
                for (name, shown) in validated::lists_of(self.eval, class, element) {
                    let is_it = |key: ExprId| module.string(key) == Some(name.as_str());
                    if let Some(entry) = entries.iter().find(|entry| entry.key.is_some_and(is_it)) {
                        self.shown(shown, entry.value);
                    }
                }
            }
        }
    }

    /// `OrdersOut(items=rows)`, `TypeAdapter(list[Out]).validate_python(rows)`, `schema.dump(rows)`.
    fn call(&mut self, id: ExprId) {
        let module = self.project.code.module(self.file);
        let Some(call) = module.call(id) else { return };
        if let Some(given) = response_models::given(self.eval, self.file, &call).filter(|given| !given.single) {
            if let Some(shape) = validated::shape(self.eval, given.shape.0, given.shape.1) {
                match (shape, given.each) {
                    (Shape::One(class), true) => self.shown(class, given.rows),
                    _ => self.given(shape, given.rows),
                }
            }
            return;
        }
        if call.args.iter().all(|arg| arg.name.is_none()) {
            return;
        }
        let (class, element) = match module.kind(call.callee) {
            ExprKind::Index { base, index } => (*base, Some((self.file, *index))),
            _ => (call.callee, None),
        };
        // Each step of a long chain has keywords, too: only what is called like a class is looked up.
        let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = module.kind(class) else {
            return;
        };
        if !module.str(*name).starts_with(|first: char| first.is_ascii_uppercase()) {
            return;
        }
        let Value::Class(at, class) = self.eval.value(self.file, class) else {
            return;
        };
        if response_models::kind(self.eval, at, class) != Some(response_models::FieldStyle::Annotated) {
            return;
        }
        for (name, shown) in validated::lists_of(self.eval, (at, class), element) {
            if let Some(value) = call.keyword(&name) {
                self.shown(shown, value);
            }
        }
    }

    fn shown(&mut self, class: (FileId, ClassId), value: ExprId) {
        let finding = self.finding(class, value);
        self.out.extend(finding);
    }

    fn finding(&self, class: (FileId, ClassId), value: ExprId) -> Option<Finding> {
        let project = self.project;
        let (from, query, model) = held(self.eval, self.file, value)?;
        if matches!(query.statement.limit, RowLimit::Rows(limit) if limit <= FEW) {
            return None;
        }
        let model = rows::schema_model(project, &model)?;
        let lazy = validated::unloaded(project, self.eval, class, model, &query);
        let module = project.code.module(self.file);
        let id = project.graph.id(self.file, module.owner(value));
        let reach = reach::of(project, id);
        let cost = Cost::Each {
            times: lazy.len(),
            what: Unit::Statement,
            rows: scale::of_query(project, &query),
        };
        let judgement = priority::judge(&cost, &reach, Confidence::High, 0);
        let place = FindingPlace {
            file: self.file,
            span: module.expr(value).span,
            symbol: project.symbol(id),
        };
        let shown = project.code.module(class.0);
        let name = shown.str(shown.class(class.1).name?);
        let mut finding = serializer::finding(project, &place, (judgement, Confidence::High), &lazy, &format!("`{name}`"))?;
        let path = evidence::path_from_entry(project, id);
        finding.related.splice(0..0, path);
        let holder = project.graph.id(from.0, project.code.module(from.0).owner(from.1));
        let span = project.code.module(from.0).expr(from.1).span;
        finding.relate(
            project.place_in(holder, span),
            Role::Evidence,
            format!("the rows: {}", evidence::describe(&query)),
        );
        let paths: Vec<(&str, bool)> = lazy.iter().map(|need| (need.path.as_str(), need.to_many)).collect();
        finding.fix.code = advice::per_row::relations(query.library, query.table().unwrap_or("Model"), &paths);
        finding.message = format!("`{name}` shows each row of a query that does not load what it reads: each of them asks again.");
        if let Some(label) = &reach.label {
            finding.message.push_str(&format!(" Reached from {label}."));
        }
        let count = match lazy.len() {
            1 => "n".to_owned(),
            many => format!("{many}·n"),
        };
        finding.impact = format!("1 + {count} queries{}", evidence::reach_words(reach.label.as_deref()));
        Some(finding)
    }
}

/// The query whose rows an expression holds, and their model.
fn held(eval: &Evaluator<'_>, file: FileId, value: ExprId) -> Option<((FileId, ExprId), std::sync::Arc<Query>, RowModel)> {
    let (place, query) = serializer::query_of(eval, file, value)?;
    let model = match eval.value(file, value) {
        Value::Many(element) => match *element {
            Value::Row(model, _) => Some(model),
            _ => None,
        },
        _ => None,
    };
    let model = model.or_else(|| query.model.clone())?;
    Some((place, query, model))
}
