//! `duplicate-query`: the same read twice in one run of a function, with no write between.

use rayon::prelude::*;

use crate::analysis::Analyses;
use crate::analysis::rows::equivalence;
use crate::analysis::rows::reads::Reads;
use crate::budget::Limit;
use crate::finding::Finding;
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::api_names;
use crate::libraries::shared::effects::Effects;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::statement::Operation;
use crate::walk;

mod duplicate_report;
mod in_loop;
mod reload;

const ID: &str = "duplicate-query";

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let reads = Reads::new(project);
    let files: Vec<_> = project
        .code
        .modules()
        .map(|(file, module)| (file, module.functions.len()))
        .collect();
    let found = files.into_par_iter().map(|(file, count)| {
        let eval = Evaluator::new(&project.code);
        let ids = (0..count as u32).map(|id| project.graph.id(file, crate::ir::FunctionId(id)));
        ids.flat_map(|id| in_function(&reads, &eval, id)).collect::<Vec<_>>()
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// A read of the database: a statement, or a call of a function that reads and does not write.
#[derive(Clone, Copy)]
pub struct DatabaseRead<'p> {
    /// The query, or the call.
    pub expr: ExprId,
    /// The call, where it is one.
    pub edge: Option<&'p Edge>,
}

fn reads(project: &Project, function: FnId) -> Vec<DatabaseRead<'_>> {
    let node = project.graph.function(function);
    let sites = node.queries.iter().filter_map(|&site| project.graph.sites.get(site));
    let own = sites
        .filter(|site| site.query.statement.operation == Operation::Select && !site.query.fetch && !site.query.statement.tables.is_empty())
        .map(|site| DatabaseRead {
            expr: site.expr,
            edge: None,
        });
    let calls = node.edges.iter().filter(|edge| {
        let [target] = edge.targets.as_slice() else { return false };
        let callee = project.graph.function(*target);
        let module = project.code.module(callee.file);
        let definition = module.function(callee.id);
        let named = definition.name.is_some_and(|name| {
            let name = module.str(name);
            !api_names::is_initializer(name) && name != "__call__"
        });
        edge.kind == EdgeKind::Call
            && !edge.guessed
            && named
            && !callee.is_cached
            && !definition.is_generator
            && callee.effects.has(Effects::QUERY)
            && !callee.effects.has(Effects::WRITE)
    });
    let mut all: Vec<DatabaseRead<'_>> = own
        .chain(calls.map(|edge| DatabaseRead {
            expr: edge.expr,
            edge: Some(edge),
        }))
        .collect();
    let module = project.code.module(node.file);
    all.sort_by_key(|read| (module.expr(read.expr).span.start, read.expr));
    all.dedup_by_key(|read| read.expr);
    if all.len() > Limit::Reads.count() {
        project.tell(Limit::Reads, function);
        all.truncate(Limit::Reads.count());
    }
    all
}

fn in_function(all: &Reads<'_>, eval: &Evaluator<'_>, function: FnId) -> Vec<Finding> {
    let project = all.project;
    let node = project.graph.function(function);
    let is_migration = project.role(node.file) == walk::FileRole::Migration;
    if is_migration || node.id == crate::ir::FunctionId::MODULE || !node.effects.has(Effects::QUERY) {
        if project.silence.asks(ID) {
            let why = "it runs once: in a migration, or when the module is loaded";
            let sites = node.queries.iter().filter_map(|&site| project.graph.sites.get(site));
            sites.for_each(|site| project.silent(ID, site.file, site.span, || why));
        }
        return Vec::new();
    }
    let module = project.code.module(node.file);
    let mut out = Vec::new();
    let mut taken: Vec<ExprId> = Vec::new();
    for (first, second) in all.repeats(function) {
        taken.push(second.at);
        out.push(duplicate_report::rows(project, function, first, second));
    }
    for (first, second) in reload::of(all, eval, function) {
        if !taken.contains(&second.at) {
            taken.push(second.at);
            out.push(duplicate_report::reload(project, function, first, second));
        }
    }
    let reads = reads(project, function);
    for (at, first) in reads.iter().enumerate() {
        if taken.contains(&first.expr) {
            continue;
        }
        for second in reads.iter().skip(at + 1) {
            if taken.contains(&second.expr) || !is_repeat(all, eval, function, *first, *second) {
                continue;
            }
            taken.push(second.expr);
            out.push(duplicate_report::calls(project, function, module, *first, *second));
        }
    }
    for read in &reads {
        if taken.contains(&read.expr) {
            continue;
        }
        if let Some(around) = in_loop::of(all, eval, function, *read) {
            out.push(duplicate_report::in_loop(project, function, *read, &around));
        } else {
            let why = "nothing that is sure to run before it in its function reads the same, or something may write in between";
            project.silent(ID, node.file, module.expr(read.expr).span, || why);
        }
    }
    out
}

fn is_repeat(all: &Reads<'_>, eval: &Evaluator<'_>, function: FnId, first: DatabaseRead<'_>, second: DatabaseRead<'_>) -> bool {
    let project = all.project;
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
        && (equivalence::expressions(eval, node.file, first.expr, second.expr) || is_same_row(project, eval, function, first, second))
        && equivalence::always_before(module, first.expr, second.expr)
        && !all.changes(function, one.end, two.start)
        && !all.may_have_it(second.edge)
}

/// `findUnique` of one row twice, with other columns selected.
fn is_same_row(project: &Project, eval: &Evaluator<'_>, function: FnId, first: DatabaseRead<'_>, second: DatabaseRead<'_>) -> bool {
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
        && equivalence::expressions(eval, node.file, left, right)
        && equivalence::expressions(eval, node.file, ours, theirs)
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
