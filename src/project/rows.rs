//! Relations that are read from rows: which query the row came from, by which way, and whether that query loaded it.

use rustc_hash::FxHashSet;

use super::Project;
use super::eval::{Code, Evaluator, Found};
use super::schema::{Model as SchemaModel, Schema, Tool};
use super::scope::Bound;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Sym};
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::statement::Loading;

const MAX_STEPS: u32 = 8;

/// A row, and the way to it from the row that a query or a caller gave.
#[derive(Clone, Debug)]
pub struct Row<'s> {
    /// The row's model.
    pub model: &'s SchemaModel,
    /// The query that gave the first row.
    pub source: Option<(FileId, ExprId)>,
    /// The name that holds the first row.
    pub root: Option<Sym>,
    /// The parameter of the enclosing function that the name is.
    pub param: Option<(FunctionId, usize)>,
    /// Relations from the first row to this one.
    pub path: Vec<String>,
}

impl Row<'_> {
    /// The dotted path of a further attribute.
    pub fn path_to(&self, attribute: &str) -> String {
        let mut path = self.path.clone();
        path.push(attribute.to_owned());
        path.join(".")
    }
}

/// A relation that an expression reads.
#[derive(Clone, Debug)]
pub struct RelationRead {
    /// File.
    pub file: FileId,
    /// The attribute's expression.
    pub expr: ExprId,
    /// Model and attribute: `Annotation.trace`.
    pub label: String,
    /// From the first row.
    pub path: String,
    /// The query of the first row.
    pub source: Option<(FileId, ExprId)>,
    /// The name that holds the first row.
    pub root: Option<Sym>,
    /// The parameter that name is.
    pub param: Option<(FunctionId, usize)>,
    /// It leads to many rows.
    pub to_many: bool,
    /// Table it leads to, as far as known.
    pub target: String,
}

/// Names of all lazy relations of the project, to look at few attributes only.
pub fn relation_names(project: &Project) -> FxHashSet<&str> {
    let relations = project.schema.models.iter().flat_map(|model| &model.relations);
    relations
        .filter(|relation| is_lazy(relation.loading))
        .map(|relation| relation.name.as_str())
        .collect()
}

fn is_lazy(loading: Loading) -> bool {
    matches!(loading, Loading::Lazy)
}

/// The reads of lazy relations in one file.
pub(crate) fn relation_reads(project: &Project, eval: &Evaluator<'_>, file: FileId, names: &FxHashSet<&str>) -> Vec<RelationRead> {
    let module = project.code.module(file);
    let mut out = Vec::new();
    let wanted: Vec<bool> = module.strings.iter().map(|name| names.contains(name)).collect();
    if !wanted.contains(&true) {
        return out;
    }
    for (id, expr) in module.expr_ids() {
        let ExprKind::Attr { base, name } = &expr.kind else { continue };
        if !wanted[name.0 as usize] {
            continue;
        }
        let name = module.str(*name);
        if is_target(module, id) {
            continue;
        }
        let Some(row) = row_of(project, eval, file, *base, 0) else {
            continue;
        };
        let Some(relation) = row.model.relation(name).filter(|relation| is_lazy(relation.loading)) else {
            continue;
        };
        out.push(RelationRead {
            file,
            expr: id,
            label: format!("{}.{name}", row.model.name),
            path: row.path_to(name),
            source: row.source,
            root: row.root,
            param: row.param,
            to_many: relation.to_many,
            target: relation.target.clone(),
        });
    }
    out
}

fn is_target(module: &Module, id: ExprId) -> bool {
    match module.expr(id).parent {
        crate::ir::Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, crate::ir::StmtKind::Assign { target, .. } if target == id),
        _ => false,
    }
}

/// The row that an expression holds.
pub fn row_of<'p>(project: &'p Project, eval: &Evaluator<'_>, file: FileId, expr: ExprId, steps: u32) -> Option<Row<'p>> {
    if steps > MAX_STEPS {
        return None;
    }
    let module = project.code.module(file);
    match module.kind(expr) {
        ExprKind::Attr { base, name } => {
            let row = row_of(project, eval, file, *base, steps + 1)?;
            let name = module.str(*name);
            let relation = row.model.relation(name)?;
            let model = project.schema.model(&relation.target)?;
            let mut path = row.path;
            path.push(name.to_owned());
            Some(Row { model, path, ..row })
        }
        // `order.items.all()`, `list(order.items)`.
        ExprKind::Call { callee, args, .. } => match module.kind(*callee) {
            ExprKind::Attr { base, name } if matches!(module.str(*name), "all" | "first" | "last" | "iterator") => {
                row_of(project, eval, file, *base, steps + 1)
            }
            ExprKind::Name(name) if matches!(module.str(*name), "list" | "sorted" | "reversed" | "enumerate") => {
                row_of(project, eval, file, args.first()?.value, steps + 1)
            }
            _ => plain(project, eval, file, expr),
        },
        ExprKind::Index { base, .. } => row_of(project, eval, file, *base, steps + 1)
            .filter(|row| !row.path.is_empty())
            .or_else(|| plain(project, eval, file, expr)),
        ExprKind::Name(name) => {
            let found = eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)?;
            let Found::Binding(at, _, binding) = found else { return None };
            match binding.bound {
                // `for item in order.items`: the way goes on.
                Bound::Element(iterable, path) if path.is_empty() && at == file => {
                    let inner = row_of(project, eval, file, iterable, steps + 1).filter(|row| !row.path.is_empty());
                    inner.or_else(|| plain(project, eval, file, expr).map(|row| Row { root: Some(*name), ..row }))
                }
                Bound::Param(function, index, path) if path.is_empty() && at == file => plain(project, eval, file, expr).map(|row| Row {
                    root: Some(*name),
                    param: Some((function, index)),
                    ..row
                }),
                _ => plain(project, eval, file, expr).map(|row| Row { root: Some(*name), ..row }),
            }
        }
        _ => plain(project, eval, file, expr),
    }
}

fn plain<'p>(project: &'p Project, eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<Row<'p>> {
    let (model, source) = match eval.value(file, expr) {
        Value::Row(model, source) => (model, source),
        // A parameter or attribute annotated with a model.
        Value::Instance(at, class) => (Model::Class(at, class), None),
        _ => return None,
    };
    let model = schema_model(project, &model)?;
    Some(Row {
        model,
        source,
        root: None,
        param: None,
        path: Vec::new(),
    })
}

/// The schema's model of a class.
pub fn schema_model<'p>(project: &'p Project, model: &Model) -> Option<&'p SchemaModel> {
    model_in(&project.code, &project.schema, model)
}

/// The same while the project is still being linked.
pub fn model_in<'s>(code: &Code, schema: &'s Schema, model: &Model) -> Option<&'s SchemaModel> {
    let Model::Class(file, class) = model else { return None };
    let module = code.module(*file);
    let name = module.str(module.class(*class).name?);
    let path = code.files.get(file.index()).map(|facts| facts.path.as_str())?;
    schema.models_named(name).find(|model| model.file.as_ref() == path)
}

/// Whether the rows of a query have a relation at hand: the query loads it, its model always does, or the rows were reached from
/// the very object that it leads to (`order.lines.all()` gives lines that know their order).
pub fn is_at_hand(project: &Project, query: &Query, path: &str) -> bool {
    if is_loaded(&query.eager, path) {
        return true;
    }
    let declared = query.model.as_ref().and_then(|model| schema_model(project, model));
    // Of a relation's rows the table alone may be known.
    let named = || {
        project
            .table_of(query)
            .and_then(|table| table.models.first())
            .and_then(|&model| project.schema.models.get(model))
    };
    let model = declared.or_else(named);
    if model.is_some_and(|model| model.tool.is_some_and(Tool::rows_know_their_owner) && comes_back(project, model, path)) {
        return true;
    }
    let relation = model.and_then(|model| model.relation(path));
    // `order.lines.order_by(…)`: each line was given the very order it was asked of.
    let asked_of = query.relation.as_ref().map(|(_, name)| name.as_str());
    relation.is_some_and(|relation| {
        let is_way_back = !relation.to_many && asked_of.is_some() && relation.inverse.as_deref() == asked_of;
        relation.loading == Loading::Eager || is_way_back
    })
}

/// Whether a path ends where it came from: the `order` of an order's own lines is at hand once the lines are loaded.
pub fn comes_back(project: &Project, model: &SchemaModel, path: &str) -> bool {
    let mut at = Some(model);
    let mut before: Option<&str> = None;
    let mut back = false;
    for name in path.split('.') {
        let Some(relation) = at.and_then(|model| model.relation(name)) else {
            return false;
        };
        back = !relation.to_many && before == Some(name);
        before = relation.inverse.as_deref();
        at = project.schema.model(&relation.target);
    }
    back
}

/// Whether a query loads a relation along: by name, or all of a longer path to it.
pub fn is_loaded(eager: &[String], path: &str) -> bool {
    eager
        .iter()
        .any(|loaded| loaded == "*" || loaded == path || loaded.starts_with(&format!("{path}.")))
}
