//! `small-batch-size`: database writes or embedding calls in batches of a few.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{ExprId, ExprKind, Parent, StmtKind};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::libraries::shared::api_names;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::deployment::batches::{self, Batch};
use crate::project::deployment::sources;
use crate::project::eval::Evaluator;
use crate::project::graph::FnId;

const ID: &str = "small-batch-size";

/// The largest batch that counts as small.
const SMALL: u64 = 10;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut batches = batches::find(&project.code);
    for batch in batches.iter().filter(|batch| batch.size > SMALL) {
        project.silent(ID, batch.file, batch.span, || format!("more than {SMALL} are no small batch"));
    }
    batches.retain(|batch| batch.size <= SMALL);
    if batches.is_empty() {
        return Vec::new();
    }
    let uses = uses(project, &batches);
    let judged = batches.iter().filter_map(|batch| {
        let found = finding(project, &uses, batch);
        if found.is_none() {
            let why = "nothing that it sizes is known to send rows or texts away";
            project.silent(ID, batch.file, batch.span, || why);
        }
        found
    });
    judged.collect()
}

fn finding(project: &Project, uses: &Uses, batch: &Batch) -> Option<Finding> {
    let (user, at) = uses.get(&(batch.file, batch.value))?.iter().find_map(|&(file, expr)| {
        let function = project.graph.id(file, project.code.module(file).owner(expr));
        let what = work(project, function, batch.embeds)?;
        (what != WRITES || is_written(project, function, expr)).then_some(((file, expr), what))
    })?;
    let size = batch.size;
    let cost = if size <= TINY { Cost::Setting } else { Cost::Upkeep };
    let judgement = priority::judge(&cost, &Reach::service(), Confidence::Medium, 0);
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place(batch.file, batch.span, ""));
    finding.title = format!("{at} go out in batches of {size}");
    finding.message = format!(
        "`{}` is {size}: n rows or texts cost n / {size} round trips, where one call takes a hundred or more.",
        batch.name
    );
    finding.impact = format!("n / {size} round trips, one after the other");
    finding.subject.clone_from(&batch.name);
    finding.relate(
        project.place(user.0, project.code.module(user.0).expr(user.1).span, ""),
        Role::Evidence,
        "it sizes the batches here",
    );
    "Raise it to what the database or the provider takes in one call, a hundred or more, and measure.".clone_into(&mut finding.fix.summary);
    Some(finding)
}

/// Batches of so few are nearly single calls.
const TINY: u64 = 5;

/// Where constants are read, here or through an import: by the number's place.
type Uses = FxHashMap<(FileId, ExprId), Vec<(FileId, ExprId)>>;

fn uses(project: &Project, batches: &[Batch]) -> Uses {
    let names: FxHashSet<&str> = batches.iter().map(|batch| batch.name.as_str()).collect();
    let targets: FxHashSet<(FileId, ExprId)> = batches.iter().map(|batch| (batch.file, batch.target)).collect();
    let eval = Evaluator::new(&project.code);
    let mut out = Uses::default();
    for (file, module) in sources(&project.code) {
        if !module.strings.iter().any(|text| names.contains(text)) {
            continue;
        }
        for (id, _) in module.expr_ids() {
            let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = module.kind(id) else {
                continue;
            };
            if !names.contains(module.str(*name)) || targets.contains(&(file, id)) {
                continue;
            }
            if let Value::Literal(at, number) = eval.value(file, id) {
                out.entry((at, number)).or_default().push((file, id));
            }
        }
    }
    out
}

const WRITES: &str = "Database writes";

/// Whether the function that is called for each batch writes, where one is given beside the size: `inBatches(rows, SIZE, store)`.
fn is_written(project: &Project, function: FnId, size: ExprId) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let Parent::Expr(call) = module.expr(size).parent else {
        return true;
    };
    let mut args = module.call(call).into_iter().flat_map(|call| call.args.iter());
    let Some(work) = args.find_map(|arg| match *module.kind(arg.value) {
        ExprKind::Lambda(work) => Some(work),
        _ => None,
    }) else {
        return true;
    };
    project
        .graph
        .function(project.graph.id(node.file, work))
        .effects
        .has(Effects::WRITE)
}

/// What a function does with a batch: embedding calls or writes in a loop. Batches that run side by side limit
/// concurrency, which is another thing.
fn work(project: &Project, function: FnId, embeds: bool) -> Option<&'static str> {
    if embeds {
        return Some("Embedding calls");
    }
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let span = module.function(node.id).span;
    let inside = |offset: u32| span.contains(offset);
    let together = module
        .expr_ids()
        .any(|(id, expr)| inside(expr.span.start) && module.call(id).and_then(|call| call.method()).is_some_and(api_names::runs_together));
    if together || node.id.index() == 0 {
        return None;
    }
    let loops = module
        .stmts
        .iter()
        .any(|stmt| inside(stmt.span.start) && matches!(stmt.kind, StmtKind::Loop { .. }));
    let calls_embed = module.expr_ids().any(|(id, expr)| {
        inside(expr.span.start)
            && module
                .call(id)
                .and_then(|call| call.method())
                .is_some_and(|method| method.to_lowercase().contains("embed"))
    });
    match (loops, calls_embed, node.effects.has(Effects::WRITE)) {
        (true, true, _) => Some("Embedding calls"),
        (true, _, true) => Some(WRITES),
        _ => None,
    }
}
