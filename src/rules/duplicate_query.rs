//! `duplicate-query`: the same read twice in one run of a function, with no write between.

use rayon::prelude::*;

use super::evidence::{self, Reached};
use super::same;
use crate::finding::{Confidence, Finding, Fix, Priority, Role};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::data::Effects;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::statement::Operation;

const ID: &str = "duplicate-query";
/// Reads of one function that are compared.
const MAX_READS: usize = 200;

/// Runs the rule.
pub fn check(project: &Project) -> Vec<Finding> {
    let files: Vec<_> = project
        .code
        .modules()
        .map(|(file, module)| (file, module.functions.len()))
        .collect();
    let found = files.into_par_iter().map(|(file, count)| {
        let eval = Evaluator::new(&project.code);
        let ids = (0..count as u32).map(|id| project.graph.id(file, crate::ir::FunctionId(id)));
        ids.flat_map(|id| in_function(project, &eval, id)).collect::<Vec<_>>()
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// A read of the database: a statement, or a call of a function that reads and does not write.
#[derive(Clone, Copy)]
struct Read<'p> {
    expr: ExprId,
    edge: Option<&'p Edge>,
}

fn reads(project: &Project, function: FnId) -> Vec<Read<'_>> {
    let node = project.graph.function(function);
    let sites = node.queries.iter().filter_map(|&site| project.graph.sites.get(site));
    let own = sites
        .filter(|site| site.query.statement.operation == Operation::Select && !site.query.fetch && !site.query.statement.tables.is_empty())
        .map(|site| Read {
            expr: site.expr,
            edge: None,
        });
    let calls = node.edges.iter().filter(|edge| {
        let [target] = edge.targets.as_slice() else { return false };
        let callee = project.graph.function(*target);
        let module = project.code.module(callee.file);
        let definition = module.function(callee.id);
        let named = definition
            .name
            .is_some_and(|name| !matches!(module.str(name), "__init__" | "constructor" | "__call__"));
        edge.kind == EdgeKind::Call
            && !edge.guessed
            && named
            && !callee.is_cached
            && !definition.is_generator
            && callee.effects.has(Effects::QUERY)
            && !callee.effects.has(Effects::WRITE)
    });
    let mut all: Vec<Read<'_>> = own
        .chain(calls.map(|edge| Read {
            expr: edge.expr,
            edge: Some(edge),
        }))
        .collect();
    let module = project.code.module(node.file);
    all.sort_by_key(|read| (module.expr(read.expr).span.start, read.expr));
    all.dedup_by_key(|read| read.expr);
    all.truncate(MAX_READS);
    all
}

fn in_function(project: &Project, eval: &Evaluator<'_>, function: FnId) -> Vec<Finding> {
    let node = project.graph.function(function);
    if node.id == crate::ir::FunctionId::MODULE {
        return Vec::new();
    }
    let module = project.code.module(node.file);
    let reads = reads(project, function);
    let mut out = Vec::new();
    let mut taken: Vec<ExprId> = Vec::new();
    for (at, first) in reads.iter().enumerate() {
        if taken.contains(&first.expr) {
            continue;
        }
        for second in &reads[at + 1..] {
            if taken.contains(&second.expr) || !is_repeat(project, eval, function, *first, *second) {
                continue;
            }
            taken.push(second.expr);
            out.push(report(project, function, module, *first, *second));
        }
    }
    out
}

fn is_repeat(project: &Project, eval: &Evaluator<'_>, function: FnId, first: Read<'_>, second: Read<'_>) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let same_target = match (first.edge, second.edge) {
        (None, None) => true,
        (Some(first), Some(second)) => first.targets == second.targets && !has_call_argument(module, first.expr),
        _ => false,
    };
    // A statement inside the other is no repeat.
    let (one, two) = (module.expr(first.expr).span, module.expr(second.expr).span);
    same_target
        && one.end <= two.start
        && (same::expressions(eval, node.file, first.expr, second.expr) || is_same_row(project, eval, function, first, second))
        && same::always_before(module, first.expr, second.expr)
        && !changes_between(project, function, one.end, two.start)
}

/// `findUnique` of one row twice, with other columns selected.
fn is_same_row(project: &Project, eval: &Evaluator<'_>, function: FnId, first: Read<'_>, second: Read<'_>) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let is_unique = |name: Option<&str>| name.is_some_and(|name| name.starts_with("findUnique"));
    let (Some(one), Some(two)) = (module.call(first.expr), module.call(second.expr)) else {
        return false;
    };
    let (Some(left), Some(right)) = (one.receiver(), two.receiver()) else {
        return false;
    };
    let filter = |call: &Call<'_>| call.arg(0).and_then(|arg| module.entry(arg, "where"));
    let (Some(ours), Some(theirs)) = (filter(&one), filter(&two)) else {
        return false;
    };
    is_unique(one.method())
        && is_unique(two.method())
        && same::expressions(eval, node.file, left, right)
        && same::expressions(eval, node.file, ours, theirs)
}

/// An argument that is computed by a call may differ each time.
fn has_call_argument(module: &Module, expr: ExprId) -> bool {
    let Some(call) = module.call(expr) else { return true };
    call.args.iter().any(|arg| {
        let mut open = vec![arg.value];
        while let Some(id) = open.pop() {
            if matches!(module.kind(id), ExprKind::Call { .. } | ExprKind::Lambda(_)) {
                return true;
            }
            open.extend(module.children(id));
        }
        false
    })
}

/// Whether something between two places can change what the second reads.
fn changes_between(project: &Project, function: FnId, from: u32, to: u32) -> bool {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let inside = |expr: ExprId| {
        let span = module.expr(expr).span;
        span.start >= from && span.start < to
    };
    let by_site = node
        .queries
        .iter()
        .filter_map(|&site| project.graph.sites.get(site))
        .any(|site| inside(site.expr) && site.query.statement.operation != Operation::Select);
    let by_edge = node.edges.iter().any(|edge| {
        let effects = edge.effects;
        let targets = edge.targets.iter().map(|target| project.graph.function(*target).effects);
        inside(edge.expr)
            && targets
                .chain([effects])
                .any(|effects| effects.has(Effects::WRITE) || effects.has(Effects::SLEEP) || effects.has(Effects::NETWORK))
    });
    by_site || by_edge || same::calls_between(module, node.id, from, to).any(is_change)
}

/// Names of methods that change what is stored, whatever they are called on.
pub(super) fn is_change(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = [
        "save",
        "update",
        "delete",
        "insert",
        "create",
        "commit",
        "flush",
        "refresh",
        "expire",
        "rollback",
        "remove",
        "add",
        "set",
        "write",
        "upsert",
        "sleep",
        "lock",
        "acquire",
        "sync",
        "apply",
        "process",
        "enqueue",
        "transaction",
        "begin",
        "mark",
        "run",
        "execute_write",
        "clear",
        "reset",
        "invalidate",
        "store",
        "put",
        "push",
        "register",
        "import",
        "ensure",
        "attach",
        "assign",
        "move",
        "merge",
        "reload",
        "migrate",
        "wait",
    ];
    words.iter().any(|word| lower.starts_with(word) || lower.ends_with(word))
}

/// Whether the two select other columns: their texts differ in length.
fn differs(module: &Module, first: ExprId, second: ExprId) -> bool {
    let count = |expr: ExprId| {
        let mut open = vec![expr];
        let mut nodes = 0_usize;
        while let Some(id) = open.pop() {
            nodes += 1;
            open.extend(module.children(id));
        }
        nodes
    };
    count(first) != count(second)
}

fn report(project: &Project, function: FnId, module: &Module, first: Read<'_>, second: Read<'_>) -> Finding {
    let (reached, label) = evidence::reached(project, function);
    let priority = match reached {
        Reached::Request | Reached::Job | Reached::Unknown => Priority::P2,
        Reached::Startup | Reached::Command => Priority::P3,
    };
    let file = project.graph.function(function).file;
    let what = match second.edge.and_then(|edge| edge.targets.first()) {
        Some(target) => format!("`{}` with the same arguments", project.short_name(*target)),
        None => project
            .graph
            .sites
            .iter()
            .find(|site| site.file == file && site.expr == second.expr)
            .map_or_else(|| "the same statement".to_owned(), |site| evidence::describe(&site.query)),
    };
    let alike = second.edge.is_none() && !differs(module, first.expr, second.expr);
    let confidence = if alike { Confidence::High } else { Confidence::Medium };
    let span = module.expr(second.expr).span;
    let mut finding = Finding::new(ID, priority, confidence, project.place_in(function, span));
    "The same rows are read twice".clone_into(&mut finding.title);
    finding.message = format!(
        "{what} runs twice in `{}`, and nothing that was seen between the two changes what it reads{}.",
        project.short_name(function),
        evidence::reach_words(label.as_deref())
    );
    finding.impact = format!("one round trip too many{}", evidence::reach_words(label.as_deref()));
    finding.subject.clone_from(&what);
    finding.related = evidence::path_from_entry(project, function);
    finding.relate(
        project.place_in(function, module.expr(first.expr).span),
        Role::Query,
        "the first time",
    );
    if let Some(target) = second.edge.and_then(|edge| edge.targets.first()) {
        finding.related.extend(evidence::chain_down(project, *target, 0));
    }
    finding.fix = Fix {
        summary: "Keep the first result and use it again, or pass it on.".to_owned(),
        ..Fix::default()
    };
    finding
}
