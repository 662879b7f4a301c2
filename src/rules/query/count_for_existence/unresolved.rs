//! Django counts that are only tested, on querysets of models that are not known: by their keyword filters, or by the
//! name of a relation.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{ID, Waste, fix};
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::judge::cost::Cost;
use crate::judge::scale::Rows;
use crate::judge::{evidence, priority, reach};
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::row_usage::{Holds, Users};
use crate::project::schema::{Table, Tool, Trait};

/// Finds them; nothing in a project without Django models.
pub fn check(project: &Project) -> Vec<Finding> {
    let mut tools = project.schema.tables.iter().filter_map(Table::tool);
    let Some(tool) = tools.find(|tool| tool.has(Trait::CountsQuerysets)) else {
        return Vec::new();
    };
    let relations: FxHashSet<&str> = (project.schema.models.iter())
        .flat_map(|model| &model.relations)
        .filter(|relation| relation.to_many)
        .map(|relation| relation.name.as_str())
        .collect();
    let files: Vec<FileId> = project.code.modules_of(pagination::LANGUAGE).map(|(file, _)| file).collect();
    let found = files.into_par_iter().map(|file| in_file(project, (file, tool), &relations));
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn in_file(project: &Project, (file, tool): (FileId, Tool), relations: &FxHashSet<&str>) -> Vec<Finding> {
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let users = Users::new(&eval, file);
    let counts = module.calls().filter(|call| call.method() == Some("count") && call.args.is_empty());
    let mut out = Vec::new();
    for call in counts {
        let Some(what) = call.receiver().and_then(|receiver| queryset(&eval, file, receiver, relations)) else {
            continue;
        };
        if eval.query_at(file, call.id).is_some() {
            continue;
        }
        let usage = users.uses(call.id, Holds::Figure);
        let tested = !usage.zero_tests.is_empty() || !usage.truths.is_empty();
        if tested && usage.is_local() && usage.lengths.is_empty() {
            out.push(finding(project, (file, tool), call, &what));
        }
    }
    out
}

/// The name of what is counted, when only a queryset can stand there.
fn queryset(eval: &Evaluator<'_>, file: FileId, receiver: ExprId, relations: &FxHashSet<&str>) -> Option<String> {
    let module = eval.code.module(file);
    if let ExprKind::Attr { name, .. } = module.kind(receiver) {
        let name = module.str(*name);
        return relations.contains(name).then(|| name.to_owned());
    }
    if has_lookup(module, receiver) {
        return Some("a queryset".to_owned());
    }
    let (at, definition) = Resolver::definition(eval, file, receiver)?;
    (at == file && has_lookup(module, definition)).then(|| module.name(receiver).unwrap_or("a queryset").to_owned())
}

/// `….filter(field=value)`, `….exclude(field=value)`.
fn has_lookup(module: &Module, expr: ExprId) -> bool {
    let is_lookup = |call: Call<'_>| {
        matches!(call.method(), Some("filter" | "exclude")) && call.receiver().is_some() && call.args.iter().any(|arg| arg.name.is_some())
    };
    module.call(module.unawaited(expr)).is_some_and(is_lookup)
}

fn finding(project: &Project, (file, tool): (FileId, Tool), call: Call<'_>, what: &str) -> Finding {
    let module = project.code.module(file);
    let function = project.graph.id(file, module.owner(call.id));
    let reach = reach::of(project, function);
    let judgement = priority::judge(&Cost::Waste(Rows::unknown("the rows")), &reach, Confidence::Medium, 1);
    let label = reach.label;
    let span = module.expr(call.id).span;
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place_in(function, span));
    let name = if what == "a queryset" {
        what.to_owned()
    } else {
        format!("`{what}`")
    };
    finding.title = format!("Rows of {name} are counted only to see whether there are any");
    finding.message = format!("The count is only tested against zero{}.", evidence::reach_words(label.as_deref()));
    finding.impact = format!("a count reads every matching row of {name}, where the first would do");
    finding.subject = format!("{what} count tested");
    finding.related = evidence::path_from_entry(project, function);
    finding.relate(project.place_in(function, span), Role::Query, "the count");
    finding.fix = fix(Waste::CountTested, tool.library());
    finding
}
