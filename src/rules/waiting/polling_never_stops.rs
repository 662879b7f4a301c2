//! `polling-never-stops`: an interval that asks a server and outlives the component that started it.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::libraries::shared::api_names;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::polling;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Callees, Evaluator};
use crate::project::graph::FnId;
use crate::source::Span;

const ID: &str = "polling-never-stops";

/// Callbacks between a timer and the hook of its component.
const MAX_CALLBACKS: usize = 12;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files.into_par_iter().flat_map_iter(|file| check_file(project, file)).collect()
}

fn check_file(project: &Project, file: FileId) -> Vec<Finding> {
    let module = project.code.module(file);
    if !module.language.has_timers() {
        return Vec::new();
    }
    let eval = Evaluator::new(&project.code);
    let timers = module.calls().filter(|call| call.method() == Some("setInterval"));
    // A component with many timers is looked through once.
    let mut cleared = FxHashMap::default();
    timers
        .filter_map(|call| finding(project, &eval, file, &call, &mut cleared))
        .collect()
}

fn finding(project: &Project, eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, cleared: &mut FxHashMap<Span, bool>) -> Option<Finding> {
    let module = project.code.module(file);
    let silent = |why: &str| project.silent(ID, file, module.expr(call.id).span, || why);
    let Some(callback) = call.arg(0).and_then(|callback| callee(project, eval, file, callback)) else {
        silent("what the interval runs is not known");
        return None;
    };
    let asks = project.graph.function(callback).effects.any(Effects::NETWORK.and(Effects::QUERY));
    let name = project.short_name(callback);
    if !(asks || refetches(project, callback)) || polling::is_keep_alive(&name) {
        silent("what the interval runs is not known to ask a server, or keeps a session alive");
        return None;
    }
    let Some((hook, outer)) = component(module, call.id) else {
        silent("it is not started when a component appears");
        return None;
    };
    let how = match kept(module, call.id) {
        Kept::Nowhere => "nothing keeps its handle, so nothing can stop it",
        Kept::Somewhere if !*cleared.entry(outer).or_insert_with(|| clears(module, outer)) => "nothing clears it",
        Kept::Somewhere => {
            silent("something in the component clears an interval");
            return None;
        }
    };
    let function = project.graph.id(file, module.owner(call.id));
    let place = project.place_in(function, module.expr(call.id).span);
    // One more for each visit, until the page is loaded anew.
    let judgement = priority::judge(
        &Cost::Poll(0.0),
        &Reach::read(project, "for each page that was left"),
        Confidence::High,
        0,
    );
    let mut finding = Finding::new(ID, judgement, Confidence::High, place);
    finding.title = "An interval that asks the server is never stopped".to_owned();
    finding.message = format!(
        "The interval is started in `{hook}`, and {how}: it goes on after the component is gone, once more for each time it was shown."
    );
    finding.impact = "requests grow with each visit of the page, until it is reloaded".to_owned();
    finding.subject = name.clone();
    finding.relate(
        project.place_in(callback, module_span(project, callback)),
        Role::Callee,
        format!("what it runs: `{name}`"),
    );
    finding.fix = Fix {
        summary: "Keep the handle and clear it when the component goes; stop asking once the state is final.".to_owned(),
        code: Some(
            "useEffect(() => {\n  const timer = setInterval(load, 10_000);\n  return () => clearInterval(timer);\n}, []);".to_owned(),
        ),
        ..Fix::default()
    };
    Some(finding)
}

fn module_span(project: &Project, function: FnId) -> Span {
    let node = project.graph.function(function);
    project.code.module(node.file).function(node.id).name_span
}

fn callee(project: &Project, eval: &Evaluator<'_>, file: FileId, callback: ExprId) -> Option<FnId> {
    if let ExprKind::Lambda(function) = project.code.module(file).kind(callback) {
        return Some(project.graph.id(file, *function));
    }
    match eval.callees(file, callback) {
        Callees::Functions(functions) => functions.first().map(|&(file, function)| project.graph.id(file, function)),
        _ => None,
    }
}

fn refetches(project: &Project, function: FnId) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    module.call_ids_in(node.id).any(|id| {
        module.owner(id) == node.id
            && module
                .call(id)
                .and_then(|call| call.method())
                .is_some_and(|method| polling::is_refetch(module, id, method))
    })
}

/// The hook that starts the timer when a component appears, and the span of the component.
fn component(module: &Module, timer: ExprId) -> Option<(&str, Span)> {
    let mut at = module.owner(timer);
    let mut hook = None;
    for _ in 0..MAX_CALLBACKS {
        let function = module.function(at);
        if let Parent::Expr(lambda) = function.definition
            && let Parent::Expr(outer) = module.expr(lambda).parent
        {
            let method = module.call(outer).and_then(|call| call.method()).unwrap_or("");
            if api_names::is_mount_hook(method) {
                hook = Some(method);
            }
        }

        match function.parent {
            Some(parent) if parent != FunctionId::MODULE => at = parent,
            Some(_) if hook == Some("onMount") || hook == Some("onMounted") => {
                return hook.map(|hook| (hook, Span { start: 0, end: u32::MAX }));
            }
            _ => break,
        }
    }
    hook.map(|hook| (hook, module.function(at).span))
}

enum Kept {
    Nowhere,
    Somewhere,
}

fn kept(module: &Module, timer: ExprId) -> Kept {
    match module.expr(timer).parent {
        Parent::Stmt(stmt) if matches!(module.stmt(stmt).kind, StmtKind::Expr(_)) => Kept::Nowhere,
        _ => Kept::Somewhere,
    }
}

fn clears(module: &Module, span: Span) -> bool {
    module.expr_ids().any(|(_, expr)| match expr.kind {
        ExprKind::Name(name) => span.encloses(expr.span) && matches!(module.str(name), "clearInterval" | "clearTimeout"),
        ExprKind::Attr { name, .. } => span.encloses(expr.span) && module.str(name) == "clearInterval",
        _ => false,
    })
}
