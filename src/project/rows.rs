//! Relations that are read from rows: which query the row came from, by which way, and whether that query loaded it.

use rustc_hash::FxHashSet;

use super::Project;
use super::eval::{Code, Evaluator, Found};
use super::schema::{Schema, SchemaModel, Trait};
use super::scope::{Bound, Member};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, Sym};
use crate::libraries::registry;
use crate::libraries::shared::collections::handed_on;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{FilterKind, Loading};
use crate::vocabulary::List;

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
    /// File that it stands in.
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
    /// It is no relation but a column, which the row's query may have left out.
    pub is_column: bool,
    /// Table it leads to, as far as known.
    pub target: String,
}

/// Names of all lazy relations of the project and of the columns that a query leaves out, to look at few attributes only.
pub fn relation_names(project: &Project) -> FxHashSet<&str> {
    let relations = project.schema.models.iter().flat_map(|model| &model.relations);
    let lazy = relations.filter(|relation| is_lazy(relation.loading));
    let mut names: FxHashSet<&str> = lazy.map(|relation| relation.name.as_str()).collect();
    for site in &project.graph.sites {
        let last = |path: &'_ String| path.rfind('.').map_or(0, |dot| dot + 1);
        names.extend(site.query.deferred.iter().map(|path| &path[last(path)..]));
        for (path, columns) in &site.query.only {
            let Some(table) = model_at(project, &site.query, path).and_then(|model| project.schema.tables.get(model.table)) else {
                continue;
            };
            let left_out = table
                .columns
                .iter()
                .map(|column| column.field.as_ref().unwrap_or(&column.name).as_str());
            names.extend(left_out.filter(|name| !columns.iter().any(|column| column == name)));
        }
    }
    for (_, module) in project.code.modules().filter(|(_, module)| module.mentions(&["deferred"])) {
        names.extend(module.class_ids().flat_map(|(_, class)| deferred_members(module, class)));
    }
    names
}

/// The columns that a model itself leaves out of its queries: `deferred(Column(…))`, `mapped_column(deferred=True)`.
fn deferred_members<'m>(module: &'m Module, class: &'m crate::ir::Class) -> impl Iterator<Item = &'m str> {
    class.body.iter().filter_map(|&stmt| match &module.stmt(stmt).kind {
        crate::ir::StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if is_deferred(module, *value) => module.name(*target),
        _ => None,
    })
}

fn is_deferred(module: &Module, value: ExprId) -> bool {
    let Some(call) = module.call(value) else { return false };
    let is_told = || {
        call.keyword("deferred")
            .is_some_and(|told| matches!(module.kind(told), ExprKind::Bool(true)))
    };
    matches!(call.method(), Some("deferred")) || matches!(call.method(), Some("Column" | "mapped_column" | "column_property")) && is_told()
}

/// The model of the rows at a dotted path from a query's own.
fn model_at<'p>(project: &'p Project, query: &Query, path: &str) -> Option<&'p SchemaModel> {
    let start = query.model.as_ref().and_then(|model| schema_model(project, model));
    let mut names = path.split('.').filter(|name| !name.is_empty());
    names.try_fold(start?, |model, name| project.schema.model(&model.relation(name)?.target))
}

/// Whether a query leaves out a column of its rows, or of those behind a dotted path: reading it queries again.
pub fn is_left_out(project: &Project, eval: &Evaluator<'_>, query: &Query, path: &str) -> bool {
    let (way, column) = path.rsplit_once('.').unwrap_or(("", path));
    if is_loaded(&query.eager, path) {
        return false;
    }
    let Some(model) = model_at(project, query, way) else { return false };
    let is_key = || {
        let table = project.schema.tables.get(model.table);
        List::PrimaryKeys.has(column) || table.is_some_and(|table| table.primary_key.iter().any(|name| name == column))
    };
    if query.deferred.iter().any(|left_out| left_out == path) {
        return true;
    }
    if let Some((_, columns)) = query.only.iter().find(|(known, _)| known == way) {
        return !columns.iter().any(|name| name == column) && !is_key();
    }
    match &query.model {
        Some(RowModel::Class(file, class)) if way.is_empty() => match eval.member(*file, *class, column) {
            Some((at, Member::Value(value, _))) => is_deferred(project.code.module(at), value),
            _ => false,
        },
        _ => false,
    }
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
        let relation = row.model.relation(name);
        let is_column = relation.is_none() && has_column(project, row.model, name) && !asks_what_is_there(eval, file, id);
        if !is_column && !relation.is_some_and(|relation| is_lazy(relation.loading)) {
            continue;
        }
        if relation.is_some_and(|relation| is_for_want_of_key(project, (module, id), row.model, &relation.target)) {
            continue;
        }
        out.push(RelationRead {
            file,
            expr: id,
            label: format!("{}.{name}", row.model.name),
            path: row.path_to(name),
            source: row.source,
            root: row.root,
            param: row.param,
            to_many: relation.is_some_and(|relation| relation.to_many),
            is_column,
            target: relation.map(|relation| relation.target.clone()).unwrap_or_default(),
        });
    }
    out
}

/// Whether a relation is read only where its own foreign key is empty: `line.order_id or line.order.id`. Of such a row it leads to
/// nothing, and no statement is sent.
fn is_for_want_of_key(project: &Project, (module, read): (&Module, ExprId), model: &SchemaModel, target: &str) -> bool {
    let (Some(table), Some(target)) = (project.schema.tables.get(model.table), project.schema.model(target)) else {
        return false;
    };
    let target = project.schema.tables.get(target.table).map(|table| table.name.as_str());
    let leads_there = |column: &str| {
        let mut keys = table.foreign_keys.iter().filter(|key| Some(key.target.as_str()) == target);
        keys.any(|key| key.columns.iter().any(|own| own == column))
    };
    let owner = |expr: ExprId| match module.kind(expr) {
        ExprKind::Attr { base, name } => module.dotted(*base).map(|base| (base, module.str(*name))),
        _ => None,
    };
    let Some((row, _)) = owner(read) else { return false };
    let is_key = |expr: ExprId| owner(expr).is_some_and(|(base, column)| base == row && leads_there(table.column_name(column)));
    let mut inner = read;
    while let Parent::Expr(outer) = module.expr(inner).parent {
        match module.kind(outer) {
            ExprKind::Binary { op, left, right } if *right == inner && matches!(module.str(*op), "or" | "??") => {
                return is_key(module.unawaited(*left));
            }
            ExprKind::Cond { test, orelse, .. } if *orelse == inner => return is_key(*test),
            ExprKind::Attr { .. } => inner = outer,
            _ => return false,
        }
    }
    false
}

/// Whether the function around an expression looks first which attributes its object has: `if hasattr(self, "body_size")`.
fn asks_what_is_there(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> bool {
    let module = eval.code.module(file);
    if !module.mentions(&["hasattr", "get_deferred_fields"]) {
        return false;
    }
    let calls = module.call_ids_in(module.owner(expr));
    if !eval.afford(file, calls.len()) {
        return true;
    }
    let mut calls = calls.filter_map(|id| module.call(id));
    calls.any(|call| matches!(call.method(), Some("hasattr" | "get_deferred_fields")))
}

/// Whether the last relation of a dotted path is loaded on its first use.
pub fn is_lazy_at(project: &Project, model: &SchemaModel, path: &str) -> bool {
    let (way, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut names = way.split('.').filter(|name| !name.is_empty());
    let owner = names.try_fold(model, |model, name| project.schema.model(&model.relation(name)?.target));
    // Django's managers of many rows ask when they are listed; what SQLAlchemy calls dynamic cannot be listed as it is.
    let is_asked = |model: &SchemaModel, loading| {
        is_lazy(loading) || loading == Loading::Query && model.tool.is_some_and(|tool| tool.has(Trait::RelationsAreManagers))
    };
    owner.is_some_and(|model| model.relation(last).is_some_and(|relation| is_asked(model, relation.loading)))
}

/// Whether a program's name of a field is that of a column of a model.
pub(super) fn has_column(project: &Project, model: &SchemaModel, name: &str) -> bool {
    project.schema.tables.get(model.table).is_some_and(|table| table.has_field(name))
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
        ExprKind::Call { callee, .. } => match module.kind(*callee) {
            ExprKind::Attr { base, name } if matches!(module.str(*name), "all" | "first" | "last" | "iterator") => {
                row_of(project, eval, file, *base, steps + 1)
            }
            _ => match module.call(expr).as_ref().and_then(handed_on) {
                Some(collection) => row_of(project, eval, file, collection, steps + 1),
                None => plain(project, eval, file, expr),
            },
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
        Value::Instance(at, class) => (RowModel::Class(at, class), None),
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
pub fn schema_model<'p>(project: &'p Project, model: &RowModel) -> Option<&'p SchemaModel> {
    model_in(&project.code, &project.schema, model)
}

/// The same while the project is still being linked.
pub fn model_in<'s>(code: &Code, schema: &'s Schema, model: &RowModel) -> Option<&'s SchemaModel> {
    let RowModel::Class(file, class) = model else { return None };
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
    if model.is_some_and(|model| model.tool.is_some_and(|tool| tool.has(Trait::RowsKnowTheirOwner)) && comes_back(project, model, path)) {
        return true;
    }
    if model.is_some_and(|model| leads_to_one(project, query, model, path)) {
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

/// Whether all rows of a query lead to the same row of another table, which the session keeps once it has loaded it: the query asks for
/// one value of the foreign key (`Line.order_id == order_id`, then `line.order`).
fn leads_to_one(project: &Project, query: &Query, model: &SchemaModel, path: &str) -> bool {
    if !registry::has_identity_map(query.library) {
        return false;
    }
    let first = path.split('.').next().unwrap_or(path);
    let Some(relation) = model.relation(first).filter(|relation| !relation.to_many) else {
        return false;
    };
    let (Some(table), Some(target)) = (project.schema.tables.get(model.table), project.schema.model(&relation.target)) else {
        return false;
    };
    let target = project.schema.tables.get(target.table).map(|table| table.name.as_str());
    let mut keys = table.foreign_keys.iter().filter(|key| Some(key.target.as_str()) == target);
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return false;
    };
    let fixed = |column: &String| {
        query.statement.filters.iter().any(|filter| {
            let is_own = filter.column.table.is_none_or(|at| at == 0);
            filter.kind == FilterKind::Equality && !filter.optional && is_own && table.column_name(&filter.column.column) == column
        })
    };
    !key.columns.is_empty() && key.columns.iter().all(fixed)
}

/// Whether a dotted path can be walked from a model, as far as the models on it are known.
pub fn has_path(project: &Project, model: &SchemaModel, path: &str) -> bool {
    let mut at = model;
    for name in path.split('.') {
        let Some(relation) = at.relation(name) else { return false };
        let Some(next) = project.schema.model(&relation.target) else {
            return true;
        };
        at = next;
    }
    true
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

/// A path without the steps that lead back to where it came from: `lines.order.customer` of an order is its `customer`.
pub fn straight(project: &Project, model: &SchemaModel, path: &str) -> String {
    let mut at = Some(model);
    let mut steps: Vec<(&str, Option<&str>, Option<&SchemaModel>)> = Vec::new();
    for name in path.split('.') {
        let relation = at.and_then(|model| model.relation(name));
        let is_back = relation.is_some_and(|relation| !relation.to_many) && steps.last().is_some_and(|step| step.1 == Some(name));
        if is_back {
            at = steps.pop().and_then(|step| step.2);
            continue;
        }
        steps.push((name, relation.and_then(|relation| relation.inverse.as_deref()), at));
        at = relation.and_then(|relation| project.schema.model(&relation.target));
    }
    let names: Vec<&str> = steps.into_iter().map(|step| step.0).collect();
    names.join(".")
}

/// Whether a query loads a relation along: by name, or all of a longer path to it.
pub fn is_loaded(eager: &[String], path: &str) -> bool {
    let holds = |loaded: &str| {
        // `selectinload(User.orders).raiseload("*")`: all that lies behind.
        let is_behind = loaded.strip_suffix('*').is_some_and(|way| path.starts_with(way));
        is_behind || loaded == path || loaded.starts_with(&format!("{path}."))
    };
    eager.iter().any(|loaded| holds(loaded))
}
