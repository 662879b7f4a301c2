//! The findings of `duplicate-query`.

use super::DatabaseRead;
use crate::analysis::rows::keys::RowKey;
use crate::analysis::rows::reads::RowRead;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::ir::{ExprId, Module};
use crate::judge::cost::{Cost, Unit};
use crate::judge::scale::Rows;
use crate::judge::{evidence, priority, reach};
use crate::project::Project;
use crate::project::graph::FnId;
use crate::project::loops::Loop;

const ID: &str = "duplicate-query";

/// A finding at the needless read of a function.
/// What asking once would save.
const TRIP: Cost = Cost::Trips {
    what: Unit::Statement,
    saved: 1,
};

fn start(project: &Project, function: FnId, at: ExprId, confidence: Confidence, cost: &Cost) -> (Finding, String) {
    let reach = reach::of(project, function);
    let judgement = priority::judge(cost, &reach, confidence, 0);
    let label = reach.label;
    let module = project.code.module(project.graph.function(function).file);
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(function, module.expr(at).span));
    finding.related = evidence::path_from_entry(project, function);
    (finding, evidence::reach_words(label.as_deref()))
}

fn keep_it() -> Fix {
    Fix {
        summary: "Keep the first result and use it again, or hand it on.".to_owned(),
        ..Fix::default()
    }
}

fn first_time(project: &Project, function: FnId, at: ExprId, finding: &mut Finding, words: &str) {
    let module = project.code.module(project.graph.function(function).file);
    finding.relate(project.place_in(function, module.expr(at).span), Role::Query, words);
}

fn query_of(project: &Project, read: &RowRead, finding: &mut Finding) {
    if let (Some(_), Some(site)) = (read.via, project.graph.sites.get(read.site)) {
        let text = evidence::describe(&site.query);
        finding.relate(project.place_in(site.function, site.span), Role::Query, text);
    }
}

/// `id`, `user_id and role`.
fn columns(key: &RowKey) -> String {
    let names: Vec<String> = key.equals.iter().map(|(column, _)| format!("`{column}`")).collect();
    names.join(" and ")
}

/// Where a read happens: in a called function, or here.
fn place(project: &Project, read: &RowRead) -> String {
    read.via
        .map_or_else(|| "here".to_owned(), |callee| format!("in `{}`", project.short_name(callee)))
}

/// The same rows, by two reads in one run of a function.
pub fn rows(project: &Project, function: FnId, first: &RowRead, second: &RowRead) -> Finding {
    let direct = first.via.is_none() && second.via.is_none();
    let confidence = if direct { Confidence::High } else { Confidence::Medium };
    let (mut finding, reach) = start(project, function, second.at, confidence, &TRIP);
    let table = &second.key.table;
    let what = if second.key.is_one_row() { "row" } else { "rows" };
    finding.title = format!(
        "The same {what} of `{table}` {} read twice",
        if what == "row" { "is" } else { "are" }
    );
    finding.message = format!(
        "`{}` reads `{table}` by the same {} twice: {}, then {}. Nothing seen in between changes it{reach}.",
        project.short_name(function),
        columns(&second.key),
        place(project, first),
        place(project, second),
    );
    finding.impact = format!("one round trip too many{reach}");
    finding.subject = format!("{table} {} twice", columns(&second.key));
    first_time(project, function, first.at, &mut finding, "the first time");
    query_of(project, first, &mut finding);
    query_of(project, second, &mut finding);
    finding.fix = keep_it();
    finding
}

/// A row that the function already holds, read again by its own key.
pub fn reload(project: &Project, function: FnId, source: ExprId, read: &RowRead) -> Finding {
    let (mut finding, reach) = start(project, function, read.at, Confidence::Medium, &TRIP);
    let table = &read.key.table;
    finding.title = format!("A row of `{table}` that is loaded already is read again");
    finding.message = format!(
        "`{}` holds the row of `{table}` and reads it again by its own {} ({}). Nothing seen in between changes it{reach}.",
        project.short_name(function),
        columns(&read.key),
        place(project, read),
    );
    finding.impact = format!("one round trip too many{reach}");
    finding.subject = format!("{table} {} again", columns(&read.key));
    first_time(project, function, source, &mut finding, "the row comes from here");
    query_of(project, read, &mut finding);
    finding.fix = Fix {
        summary: "Use the row that is there; where another session needs it, attach it to that session instead of loading it again."
            .to_owned(),
        ..Fix::default()
    };
    finding
}

/// What a read is, for a sentence.
fn what(project: &Project, function: FnId, read: DatabaseRead<'_>) -> String {
    let file = project.graph.function(function).file;
    match read.edge.and_then(|edge| edge.targets.first()) {
        Some(target) => format!("`{}` with the same arguments", project.short_name(*target)),
        None => project
            .graph
            .site_at(file, read.expr)
            .map_or_else(|| "the same statement".to_owned(), |site| evidence::describe(&site.query)),
    }
}

/// The same statement or the same call, twice in one run of a function.
pub fn calls(project: &Project, function: FnId, module: &Module, first: DatabaseRead<'_>, second: DatabaseRead<'_>) -> Finding {
    let alike = second.edge.is_none() && !differs(module, first.expr, second.expr);
    let confidence = if alike { Confidence::High } else { Confidence::Medium };
    let (mut finding, reach) = start(project, function, second.expr, confidence, &TRIP);
    let what = what(project, function, second);
    "The same rows are read twice".clone_into(&mut finding.title);
    finding.message = format!(
        "{what} runs twice in `{}`, and nothing seen in between changes what it reads{reach}.",
        project.short_name(function),
    );
    finding.impact = format!("one round trip too many{reach}");
    finding.subject.clone_from(&what);
    first_time(project, function, first.expr, &mut finding, "the first time");
    if let Some((edge, &target)) = second.edge.and_then(|edge| Some((edge, edge.targets.first()?))) {
        let call = (function, edge.expr);
        finding.related.extend(evidence::chain_down(project, call, target, 0));
    }
    finding.fix = keep_it();
    finding
}

/// A read that asks for the same in each pass of a loop.
pub fn in_loop(project: &Project, function: FnId, read: DatabaseRead<'_>, around: &Loop) -> Finding {
    let cost = Cost::Each {
        times: 1,
        what: Unit::Statement,
        rows: Rows::unknown("the passes of the loop"),
    };
    let (mut finding, reach) = start(project, function, read.expr, Confidence::Medium, &cost);
    let what = what(project, function, read);
    "The same rows are read in each pass of a loop".clone_into(&mut finding.title);
    finding.message = format!(
        "{what} runs in each pass of a loop in `{}`, and uses nothing of the loop{reach}.",
        project.short_name(function)
    );
    finding.impact = format!("n reads where one would do{reach}");
    finding.subject = format!("{what} in a loop");
    finding.relate(project.place_in(function, around.header), Role::Loop, "the loop");
    if let Some((edge, &target)) = read.edge.and_then(|edge| Some((edge, edge.targets.first()?))) {
        let call = (function, edge.expr);
        finding.related.extend(evidence::chain_down(project, call, target, 0));
    }
    finding.fix = Fix {
        summary: "Read before the loop and use the result in it.".to_owned(),
        ..Fix::default()
    };
    finding
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
