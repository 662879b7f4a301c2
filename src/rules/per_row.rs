//! Queries and writes in loops: the search that `n-plus-one` and `unbatched-write` share.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::evidence::{self, Reached, capped, lower};
use crate::finding::{Confidence, Finding, Priority, Related, Role};
use crate::ir::{ExprId, ExprKind, Module};
use crate::libraries::data::Effects;
use crate::libraries::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId, QuerySite};
use crate::project::loops::{self, Loop, LoopForm, Verdict};
use crate::source::Span;
use crate::statement::{Limit, Operation};

const QUERY_SLOT: usize = 0;
const WRITE_SLOT: usize = 1;

/// What happens once a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A read.
    Query,
    /// A write.
    Write,
}

/// A query or a call to one, in a loop.
pub struct PerRow<'p> {
    /// The function it stands in.
    pub function: FnId,
    /// The query or call.
    pub expr: ExprId,
    /// Read or write.
    pub what: What,
    /// The query, when it stands in the loop itself.
    pub site: Option<&'p QuerySite>,
    /// The called function that leads to it, otherwise.
    pub target: Option<FnId>,
    /// The call was resolved by its name alone.
    pub guessed: bool,
    /// The loop that counts.
    pub around: Loop,
    /// Loops over rows around that, outermost last.
    pub outer: usize,
    /// A chunk loop stands between: fewer queries than rows.
    pub chunked: bool,
}

/// Finds every query and write that runs once a row.
pub fn find(project: &Project) -> Vec<PerRow<'_>> {
    let files: Vec<FileId> = project.code.modules().map(|(file, _)| file).collect();
    files.into_par_iter().flat_map_iter(|file| find_in(project, file)).collect()
}

fn find_in(project: &Project, file: FileId) -> Vec<PerRow<'_>> {
    let eval = Evaluator::new(&project.code);
    let module = project.code.module(file);
    let mut out = Vec::new();
    let mut seen: FxHashSet<(Span, Vec<FnId>)> = FxHashSet::default();
    for (id, _) in module.function_ids() {
        let function = project.graph.id(file, id);
        let node = project.graph.function(function);
        for &site in &node.queries {
            let site = &project.graph.sites[site];
            let Some((around, outer, chunked)) = pick(loops::around(&eval, file, site.expr)) else {
                continue;
            };
            let what = if site.query.statement.operation == Operation::Select {
                What::Query
            } else {
                What::Write
            };
            out.push(PerRow {
                function,
                expr: site.expr,
                what,
                site: Some(site),
                target: None,
                guessed: false,
                around,
                outer,
                chunked,
            });
        }
        for edge in &node.edges {
            let Some((target, what)) = target_effect(project, module, edge) else {
                continue;
            };
            let Some((around, outer, chunked)) = pick(loops::around(&eval, file, edge.expr)).or_else(|| by_reference(module, edge)) else {
                continue;
            };
            if !seen.insert((around.span, edge.targets.clone())) {
                continue;
            }
            out.push(PerRow {
                function,
                expr: edge.expr,
                what,
                site: None,
                target: Some(target),
                guessed: edge.guessed,
                around,
                outer,
                chunked,
            });
        }
    }
    out
}

fn target_effect(project: &Project, module: &Module, edge: &Edge) -> Option<(FnId, What)> {
    let is_lambda = matches!(module.kind(edge.expr), ExprKind::Lambda(_));
    if edge.kind == EdgeKind::Later || is_lambda {
        return None;
    }
    let has = |effect: Effects| {
        edge.targets
            .iter()
            .copied()
            .find(|&target| project.graph.function(target).effects.has(effect))
    };
    has(Effects::QUERY)
        .map(|target| (target, What::Query))
        .or_else(|| has(Effects::WRITE).map(|target| (target, What::Write)))
}

/// `rows.map(load)`: the function's name is the callback.
fn by_reference(module: &Module, edge: &Edge) -> Option<(Loop, usize, bool)> {
    let crate::ir::Parent::Expr(parent) = module.expr(edge.expr).parent else {
        return None;
    };
    let call = module.call(parent)?;
    if edge.kind != EdgeKind::Inline || !call.args.iter().any(|arg| arg.value == edge.expr) {
        return None;
    }
    let method = call.method()?;
    if !crate::project::eval::is_iteration(method) || method == "then" {
        return None;
    }
    let span = module.expr(parent).span;
    let around = Loop {
        span,
        header: span,
        kind: LoopForm::Callback(method.to_owned()),
        iterable: call.receiver(),
        target_names: Vec::new(),
        verdict: Verdict::PerRow,
        parallel: false,
    };
    Some((around, 0, false))
}

/// The innermost loop that makes the cost grow, how many more are around it, and whether chunks are between.
fn pick(loops: Vec<Loop>) -> Option<(Loop, usize, bool)> {
    let mut picked: Option<Loop> = None;
    let mut outer = 0;
    let mut chunked = false;
    for around in loops {
        match around.verdict {
            Verdict::PerRow | Verdict::CacheGuarded => {
                if picked.is_some() {
                    outer += 1;
                } else {
                    picked = Some(around);
                }
            }
            Verdict::Chunk => chunked |= picked.is_none(),
            Verdict::FirstMatch | Verdict::Dependent => {
                if picked.is_none() {
                    return None;
                }
            }
            Verdict::Constant { .. } | Verdict::Retry | Verdict::Cursor | Verdict::Worker => {}
        }
    }
    picked.map(|picked| (picked, outer, chunked))
}

/// What the loop runs over, as far as it is known.
struct Source {
    /// In words: `the rows of SELECT on users`.
    words: String,
    /// The query behind the rows.
    related: Option<Related>,
    /// Nothing bounds it.
    unbounded: bool,
    /// A literal limit bounds it.
    rows: Option<u64>,
}

fn source(project: &Project, eval: &Evaluator<'_>, file: FileId, around: &Loop) -> Option<Source> {
    let iterable = around.iterable?;
    let (at, expr) = match eval.value(file, iterable) {
        Value::Many(element) => match *element {
            Value::Row(_, Some(place)) => place,
            _ => return None,
        },
        Value::Query(at, expr) => (at, expr),
        _ => return None,
    };
    let query = eval.query_at(at, expr)?;
    let span = project.code.module(at).expr(expr).span;
    let words = format!("the rows of {}", evidence::describe(&query));
    let location = project.place(at, span, "");
    let related = Related {
        location,
        message: format!("the loop's rows: {}", evidence::describe(&query)),
        role: Role::Evidence,
    };
    let rows = match query.statement.limit {
        Limit::Rows(rows) => Some(rows),
        _ => None,
    };
    Some(Source {
        words,
        related: Some(related),
        unbounded: evidence::is_unbounded(&query),
        rows,
    })
}

/// Makes the findings of one kind.
pub fn findings(project: &Project, rule: &str, what: What) -> Vec<Finding> {
    find(project)
        .into_par_iter()
        .filter(|row| row.what == what)
        .filter_map(|row| finding(project, rule, &row))
        .collect()
}

fn finding(project: &Project, rule: &str, row: &PerRow<'_>) -> Option<Finding> {
    let node = project.graph.function(row.function);
    let module = project.code.module(node.file);
    let eval = Evaluator::new(&project.code);
    let from = source(project, &eval, node.file, &row.around);
    if from.as_ref().and_then(|source| source.rows).is_some_and(|rows| rows <= 3) {
        return None;
    }
    let (reached, label) = evidence::reached(project, row.function);
    let confidence = confidence(row, from.as_ref());
    let priority = capped(priority(row, reached, from.as_ref(), confidence), confidence);
    let location = project.place_in(row.function, module.expr(row.expr).span);
    let mut finding = Finding::new(rule, priority, confidence, location);
    let callee = row.target.map(|target| project.short_name(target));
    let thing = thing(row, callee.as_deref());
    let over = over(module, row, from.as_ref());
    finding.title = match row.what {
        What::Query => format!("{thing} once for each {over}"),
        What::Write => format!("{thing} once for each {over}, one round trip at a time"),
    };
    finding.message = message(row, &thing, &over, from.as_ref(), label.as_deref());
    finding.impact = impact(row, label.as_deref());
    finding.subject = subject(module, row, callee.as_deref());
    finding.related = evidence::path_from_entry(project, row.function);
    finding.relate(
        project.place_in(row.function, header(module, &row.around)),
        Role::Loop,
        format!("loop over {over}"),
    );
    finding.related.extend(from.and_then(|source| source.related));
    if let Some(target) = row.target {
        let span = module.expr(row.expr).span;
        finding.relate(
            project.place_in(row.function, span),
            Role::Call,
            format!("calls {}", callee.unwrap_or_default()),
        );
        let slot = if row.what == What::Query { QUERY_SLOT } else { WRITE_SLOT };
        finding.related.extend(evidence::chain_down(project, target, slot));
    } else if let Some(site) = row.site {
        finding.relate(
            project.place_in(row.function, site.span),
            Role::Query,
            evidence::describe(&site.query),
        );
    }
    finding.fix = super::per_row_fix::fix(row);
    Some(finding)
}

fn confidence(row: &PerRow<'_>, source: Option<&Source>) -> Confidence {
    if row.guessed {
        return Confidence::Low;
    }
    if row.chunked || row.around.verdict == Verdict::CacheGuarded || row.site.is_some_and(|site| site.query.opaque) {
        return Confidence::Medium;
    }
    match (source, &row.around.kind) {
        (Some(_), _) => Confidence::High,
        (None, LoopForm::While) => Confidence::Medium,
        (None, _) => Confidence::High,
    }
}

fn priority(row: &PerRow<'_>, reached: Reached, source: Option<&Source>, confidence: Confidence) -> Priority {
    let base = match reached {
        Reached::Request if source.is_some_and(|source| source.unbounded) && confidence == Confidence::High => Priority::P0,
        Reached::Request => Priority::P1,
        Reached::Job if source.is_some_and(|source| source.unbounded) => Priority::P1,
        Reached::Job | Reached::Unknown => Priority::P2,
        Reached::Startup | Reached::Command => Priority::P3,
    };
    let mut steps = 0;
    if row.chunked || row.around.verdict == Verdict::CacheGuarded {
        steps += 1;
    }
    if source.and_then(|source| source.rows).is_some_and(|rows| rows <= 20) {
        steps += 1;
    }
    if base == Priority::P3 { base } else { lower(base, steps) }
}

fn thing(row: &PerRow<'_>, callee: Option<&str>) -> String {
    match (row.site, callee, row.what) {
        (Some(site), _, _) => format!("{} runs", evidence::describe(&site.query)),
        (None, Some(callee), What::Query) => format!("`{callee}`, which queries the database, is called"),
        (None, Some(callee), What::Write) => format!("`{callee}`, which writes to the database, is called"),
        (None, None, _) => "a query runs".to_owned(),
    }
}

/// The loop's element in words: `workshop of workshops`.
fn over(module: &Module, row: &PerRow<'_>, source: Option<&Source>) -> String {
    let names: Vec<&str> = row
        .around
        .target_names
        .iter()
        .map(|&name| module.str(name))
        .filter(|name| !name.starts_with('_'))
        .collect();
    let iterable = row.around.iterable.and_then(|iterable| module.dotted(module.unawaited(iterable)));
    match (names.first(), iterable, source) {
        (Some(name), Some(iterable), _) => format!("`{name}` of `{iterable}`"),
        (Some(name), None, Some(source)) => format!("`{name}` of {}", source.words),
        (Some(name), None, None) => format!("`{name}`"),
        (None, Some(iterable), _) => format!("element of `{iterable}`"),
        (None, None, _) => "pass of the loop".to_owned(),
    }
}

fn message(row: &PerRow<'_>, thing: &str, over: &str, source: Option<&Source>, label: Option<&str>) -> String {
    let mut text = format!("{}{} once for each {over}", &thing[..1].to_uppercase(), &thing[1..]);
    if row.outer > 0 {
        text.push_str(", inside a further loop");
    }
    text.push('.');
    if row.around.parallel {
        text.push_str(" The calls run at the same time, which shortens the wait but takes a pool connection each.");
    }
    if row.around.verdict == Verdict::CacheGuarded {
        text.push_str(" A look-up guards it, so it runs once for each distinct key.");
    }
    if let Some(source) = source {
        text.push_str(&format!(" The loop runs over {}", source.words));
        text.push_str(if source.unbounded { ", which has no limit." } else { "." });
    }
    if let Some(label) = label {
        text.push_str(&format!(" Reached from {label}."));
    }
    if row.guessed {
        text.push_str(" The callee was found by its name alone.");
    }
    text
}

fn impact(row: &PerRow<'_>, label: Option<&str>) -> String {
    let word = if row.what == What::Query { "queries" } else { "statements" };
    let formula = match row.outer {
        0 => format!("1 + n {word}"),
        1 => format!("1 + n + n·m {word}"),
        _ => format!("1 + n·m·k {word}"),
    };
    format!("{formula}{}", evidence::reach_words(label))
}

fn subject(module: &Module, row: &PerRow<'_>, callee: Option<&str>) -> String {
    let over = row
        .around
        .iterable
        .and_then(|iterable| module.dotted(module.unawaited(iterable)))
        .unwrap_or_default();
    match (row.site, callee) {
        (Some(site), _) => format!("{} in {over}", evidence::describe(&site.query)),
        (None, callee) => format!("{} in {over}", callee.unwrap_or_default()),
    }
}

fn header(module: &Module, around: &Loop) -> Span {
    let _ = module;
    around.header
}
