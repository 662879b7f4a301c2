//! Code that a framework runs for each row outside any loop of the project: model loading hooks, nested bulk validators.

use rayon::prelude::*;

use crate::advice::texts::{Advised, DeclaredIn, in_python};
use crate::finding::{Confidence, Finding, Repeats, Role};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::judge::cost::{Cost, Unit};
use crate::judge::reach::Reach;
use crate::judge::scale::{self, Rows};
use crate::judge::{evidence, priority, reach};
use crate::libraries::registry;
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Evaluator;
use crate::project::schema::Tool;
use crate::project::serializers::{self, Need};
use crate::project::{Project, rows};
use crate::statement::Operation;

const RULE: &str = "n-plus-one";

/// The findings of all classes.
pub fn findings(project: &Project) -> Vec<Finding> {
    let files: Vec<(FileId, &Module)> = project.code.modules_of(pagination::LANGUAGE).collect();
    let found = files.into_par_iter().map(|(file, module)| {
        let eval = Evaluator::new(&project.code);
        let mut out = Vec::new();
        for (class, _) in module.class_ids() {
            out.extend(loading_hooks(project, &eval, file, class));
            out.extend(bulk_validators(project, &eval, file, class));
        }
        out
    });
    let mut out: Vec<Finding> = found.collect::<Vec<_>>().into_iter().flatten().collect();
    // A validator that several serializers nest is one finding.
    out.sort_by(|a, b| a.location.cmp(&b.location));
    out.dedup_by(|b, a| a.location == b.location && a.subject == b.subject);
    out
}

/// `from_db` and `__init__` of a Django model run for each row that any query loads.
fn loading_hooks(project: &Project, eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Vec<Finding> {
    let Some(library) = eval.model_library(file, class).map(Tool::name) else {
        return Vec::new();
    };
    let Some(model) = rows::schema_model(project, &RowModel::Class(file, class)) else {
        return Vec::new();
    };
    let module = project.code.module(file);
    let mut out = Vec::new();
    for function in methods(module, class) {
        let Some(object) = registry::loaded_row(library, module, function) else {
            continue;
        };
        let needs = serializers::reads_of(project, eval, (file, function), object, model);
        let to_one: Vec<Need> = needs.into_iter().filter(|need| !need.to_many).collect();
        out.extend(loading_finding(project, (file, function), &model.name, &to_one));
    }
    out
}

fn methods(module: &Module, class: ClassId) -> impl Iterator<Item = FunctionId> {
    let body = module.class(class).body.iter();
    body.filter_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Function(function) => Some(function),
        _ => None,
    })
}

fn loading_finding(project: &Project, (file, function): (FileId, FunctionId), model: &str, needs: &[Need]) -> Option<Finding> {
    let first = needs.first()?;
    let id = project.graph.id(file, function);
    let hook = project.short_name(id);
    let cost = Cost::Each {
        times: 1,
        what: Unit::Statement,
        rows: scale::of_name(project, model),
    };
    let judgement = priority::judge(
        &cost,
        &Reach::read(project, &format!("wherever a list of {model} is loaded")),
        Confidence::High,
        0,
    );
    let mut finding = Finding::new(RULE, judgement, Confidence::High, project.place_in(id, first.span));
    finding.title = format!("`{hook}` loads `{}` for each `{model}` that any query gives", first.path);
    finding.message = format!(
        "Django runs `{hook}` for every row it loads. Reading the relation `{}` there asks the database once for each row, in every list of `{model}`.",
        first.path
    );
    finding.impact = format!("1 + n queries wherever n rows of `{model}` are loaded");
    finding.subject = format!("{hook} reads {}", first.path);
    for need in needs.iter().skip(1) {
        finding.relate(
            project.place_in(id, need.span),
            Role::Evidence,
            format!("reads `{}` too", need.path),
        );
    }
    finding.repeats = Some(Repeats::Relation);
    finding.fix = in_python(Advised::Declare(DeclaredIn::RowHook), &[("relation", &first.path)]);
    Some(finding)
}

/// `items = ItemValidator(many=True)`: its `validate_…` methods run for each element of the request's list.
fn bulk_validators(project: &Project, eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Vec<Finding> {
    let module = project.code.module(file);
    let mut out = Vec::new();
    for &stmt in &module.class(class).body {
        let StmtKind::Assign { value: Some(value), .. } = module.stmt(stmt).kind else {
            continue;
        };
        let Some(call) = module.call(value) else { continue };
        let is_many = call
            .keyword("many")
            .is_some_and(|many| matches!(module.kind(many), ExprKind::Bool(true)));
        let is_read_only = call
            .keyword("read_only")
            .is_some_and(|only| matches!(module.kind(only), ExprKind::Bool(true)));
        if !is_many || is_read_only {
            continue;
        }
        let Value::Class(at, inner) = eval.value(file, call.callee) else {
            continue;
        };
        for (at, inner) in eval.lineage(at, inner) {
            let there = project.code.module(at);
            for function in methods(there, inner) {
                let name = there.function(function).name.map_or("", |name| there.str(name));
                if name == "validate" || name.starts_with("validate_") {
                    out.extend(validator_finding(project, (at, function), (file, value)));
                }
            }
        }
    }
    out
}

fn validator_finding(project: &Project, (at, function): (FileId, FunctionId), (file, field): (FileId, ExprId)) -> Option<Finding> {
    let id = project.graph.id(at, function);
    let node = project.graph.function(id);
    let mut sites = node.queries.iter().filter_map(|&site| project.graph.sites.get(site));
    let site = sites.find(|site| site.query.statement.operation == Operation::Select)?;
    let hook = project.short_name(id);
    let cost = Cost::Each {
        times: 1,
        what: Unit::Statement,
        rows: Rows::unknown("the elements of a request's list"),
    };
    let judgement = priority::judge(&cost, &reach::of(project, id), Confidence::High, 0);
    let mut finding = Finding::new(RULE, judgement, Confidence::High, project.place_in(id, site.span));
    finding.title = format!(
        "`{hook}` runs {} once for each element of a request's list",
        evidence::describe(&site.query)
    );
    finding.message = format!(
        "The serializer is nested with `many=True`, so `{hook}` runs for each element of the list that a request brings, with a query of its own."
    );
    finding.impact = "n queries for a list of n elements".to_owned();
    finding.subject = format!("{hook} {}", evidence::describe(&site.query));
    finding.relate(
        project.place(file, project.code.module(file).expr(field).span, ""),
        Role::Loop,
        "nested for each element of the list",
    );
    finding.repeats = Some(Repeats::Statement);
    finding.fix = in_python(Advised::Declare(DeclaredIn::Validator), &[]);
    Some(finding)
}
