//! A row that is there already and is read again by its own key: the signed-in user, the row found a line before.

use crate::analysis::rows::equivalence;
use crate::analysis::rows::reads::{Reads, RowRead};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::injected;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::Project;
use crate::project::eval::{Callees, Evaluator, Found};
use crate::project::graph::FnId;
use crate::project::scope::Bound;

/// Pairs of the place that gave a row and the read that asks for it again.
pub fn of<'r>(all: &'r Reads<'_>, eval: &Evaluator<'_>, function: FnId) -> Vec<(ExprId, &'r RowRead)> {
    let reads = all.of.get(function.index()).map_or(&[][..], Vec::as_slice);
    reads
        .iter()
        .filter_map(|read| Some((source(all, eval, function, read)?, read)))
        .collect()
}

fn source(all: &Reads<'_>, eval: &Evaluator<'_>, function: FnId, read: &RowRead) -> Option<ExprId> {
    let project = all.project;
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    if !read.key.is_one_row() || !read.clean_before || read.kept || !all.is_plain(read) {
        return None;
    }
    let [(column, _)] = read.key.equals.as_slice() else { return None };
    let ExprKind::Attr { base, name } = module.kind(read.key.value?) else {
        return None;
    };
    let table = project.schema.table(&read.key.table)?;
    if table.column_name(module.str(*name)) != column || !is_row_of(project, &eval.value(node.file, *base), &table.name) {
        return None;
    }
    let ExprKind::Name(held) = module.kind(*base) else { return None };
    let found = eval.lookup(node.file, module.owner(*base), *held, module.expr(*base).span.start)?;
    let Found::Binding(at, _, binding) = found else { return None };
    let until = module.expr(read.at).span.start;
    match &binding.bound {
        Bound::Value(value, path) if at == node.file && path.is_empty() && module.owner(*value) == node.id => {
            let call = module.unawaited(*value);
            let from = module.expr(call).span.start;
            let loads = module.call(call).is_some_and(|call| reads_only(project, eval, node.file, call));
            (loads && from < until && equivalence::always_before(module, call, read.at) && !all.changes(function, from, until))
                .then_some(call)
        }
        // What a FastAPI dependency gave.
        Bound::Param(owner, index, path) if at == node.file && *owner == node.id && path.is_empty() => {
            let default = module.function(node.id).params.get(*index)?.default?;
            let given = dependency(module, default)?;
            let from = module.function(node.id).span.start;
            (queries(project, eval, node.file, given) && !all.changes(function, from, until)).then_some(default)
        }
        _ => None,
    }
}

/// The function in `Depends(function)`.
fn dependency(module: &Module, default: ExprId) -> Option<ExprId> {
    let call: Call<'_> = module.call(default)?;
    call.method().is_some_and(injected::is_depends).then(|| call.arg(0)).flatten()
}

fn is_row_of(project: &Project, value: &Value, table: &str) -> bool {
    let class = match value {
        Value::Row(RowModel::Table(name), _) => return project.schema.table(name).is_some_and(|found| found.name == table),
        Value::Row(RowModel::Class(file, class), _) | Value::Instance(file, class) => (*file, *class),
        _ => return false,
    };
    let module = project.code.module(class.0);
    let name = module.class(class.1).name.map(|name| module.str(name));
    let model = name
        .and_then(|name| project.schema.model(name))
        .and_then(|model| project.schema.tables.get(model.table));
    model.is_some_and(|found| found.name == table)
}

/// Whether a call loads a row and changes nothing.
fn reads_only(project: &Project, eval: &Evaluator<'_>, file: FileId, call: Call<'_>) -> bool {
    if let Some(query) = eval.query_at(file, call.id) {
        return query.statement.operation == crate::statement::Operation::Select;
    }
    queries(project, eval, file, call.callee)
}

fn queries(project: &Project, eval: &Evaluator<'_>, file: FileId, callee: ExprId) -> bool {
    let Callees::Functions(functions) = eval.callees(file, callee) else {
        return false;
    };
    let effects: Vec<Effects> = functions
        .into_iter()
        .map(|(at, function)| project.graph.function(project.graph.id(at, function)).effects)
        .collect();
    !effects.is_empty()
        && effects
            .iter()
            .all(|effects| effects.has(Effects::QUERY) && !effects.has(Effects::WRITE))
}
