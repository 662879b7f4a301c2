//! `unbounded-cache`: a cache without a maximum, by hand or by `lru_cache(maxsize=None)`.

use crate::advice::collection;
use crate::advice::texts::{Advised, in_python};
use crate::analysis::Analyses;
use crate::analysis::growth;
use crate::analysis::growth::lifetime::{self, Lifetimes};
use crate::finding::{Confidence, Finding};
use crate::ir::{ExprKind, FunctionId, Module};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::shared::api_names;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;

const ID: &str = "unbounded-cache";

/// The findings, of all collections that only grow and of functions that keep their results.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let (project, lifetimes) = (run.project, run.lifetimes());
    let (found, others): (Vec<_>, Vec<_>) = run.growing().iter().partition(|growing| growing.is_cache);
    for growing in others {
        growing.silent(ID, "it only grows and is no cache: unbounded-growth tells it");
    }
    let mut findings: Vec<Finding> = found.iter().map(|growing| collection::finding(growing, ID)).collect();
    let keeps = |module: &Module| module.mentions(api_names::MEMOIZERS);
    for (file, module) in project.code.modules().filter(|(_, module)| keeps(module)) {
        let eval = Evaluator::new(&project.code);
        for (function, _) in module.function_ids().skip(1) {
            if has_endless_memory(&eval, file, module, function) {
                findings.extend(memory(project, lifetimes, file, module, function));
            }
        }
    }
    findings
}

/// `@cache`, `@lru_cache(maxsize=None)`, `@lru_cache(None)`.
fn has_endless_memory(eval: &Evaluator<'_>, file: FileId, module: &Module, function: FunctionId) -> bool {
    module.function(function).decorators.iter().any(|&decorator| {
        let call = module.call(decorator);
        let callee = call.map_or(decorator, |call| call.callee);
        let value = eval.value(file, callee);
        match value.library_name() {
            Some("functools.cache") => true,
            Some("functools.lru_cache") => call
                .and_then(|call| call.keyword("maxsize").or_else(|| call.arg(0)))
                .is_some_and(|size| matches!(module.kind(size), ExprKind::Null)),
            _ => false,
        }
    })
}

fn memory(project: &Project, lifetimes: &Lifetimes, file: FileId, module: &Module, function: FunctionId) -> Option<Finding> {
    let node = module.function(function);
    let id = project.graph.id(file, function);
    let names: Vec<&str> = node
        .params
        .iter()
        .filter_map(|param| param.name)
        .map(|name| module.str(name))
        .collect();
    let reach = reach::of(project, id);
    let per_request = node
        .class
        .filter(|_| names.first() == Some(&"self"))
        .and_then(|class| lifetime::per_request(project, lifetimes, file, class));
    let open = names.iter().find(|name| growth::uses::is_open_name(name));
    let what = match (per_request, open) {
        (Some(_), _) => "`self`, of which each request makes a new one, and which is never freed".to_owned(),
        (None, Some(name)) if matches!(reach.level, Reached::Request | Reached::Job) => format!("each value of `{name}`"),
        (None, Some(_)) => {
            project.silent(ID, file, node.name_span, || "no request and no job is known to reach it");
            return None;
        }
        (None, None) => {
            project.silent(
                ID,
                file,
                node.name_span,
                || "no name of a parameter says that its values are ever new ones",
            );
            return None;
        }
    };
    let name = node.name.map_or("", |name| module.str(name));
    let judgement = priority::judge(&Cost::Growth, &reach, Confidence::Medium, 0);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place_in(id, node.name_span));
    finding.title = format!("The cache of `{name}` has no maximum");
    finding.message = format!("The decorator keeps every result of `{name}` for as long as the process lives: one for {what}.");
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!(
        "memory of each process grows until it is restarted{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = name.to_owned();
    finding.related = evidence::path_from_entry(project, id);
    finding.fix = in_python(Advised::BoundResults, &[]);
    Some(finding)
}
