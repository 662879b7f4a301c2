//! `aggregate-in-memory`: rows loaded only to make figures of them.

use crate::advice::texts::{Advised, Select, advice};
use crate::analysis::Analyses;
use crate::analysis::rows::figures;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach, scale};
use crate::libraries::shared::query::Outcome;
use crate::project::Project;
use crate::project::row_usage::RowLoad;

const ID: &str = "aggregate-in-memory";

mod relations;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let is_other = |load: &&RowLoad| {
        let is_counting = figures::is_counting(project.code.module(load.file), &load.usage);
        if is_counting {
            silent(project, load, || "the rows are only counted: count-for-existence tells it");
        }
        !is_counting
    };
    let figures = project.loads.iter().filter(is_other).filter_map(|load| finding(project, load));
    figures.chain(relations::check(project)).collect()
}

fn silent(project: &Project, load: &RowLoad, why: impl FnOnce() -> &'static str) {
    let span = project.code.module(load.file).expr(load.expr).span;
    project.silent(ID, load.file, span, why);
}

/// Why [`figures_of`] is nothing, for a load whose rows are loaded.
fn why_no_figures(project: &Project, load: &RowLoad) -> &'static str {
    let statement = &load.query.statement;
    if load.query.outcome != Outcome::Rows {
        return "it gives no rows to make figures of";
    }
    if statement.grouped {
        return "the database groups the rows already";
    }
    if !load.usage.only_aggregated() {
        return "its rows are used for something else than figures";
    }
    if load.usage.only_tested(project.code.module(load.file)) {
        return "it is only asked whether there are rows: count-for-existence tells it";
    }
    match bounds::judge(project, &load.query) {
        ReadBound::Open | ReadBound::Filtered(_) | ReadBound::Window(_) => "what is read of the rows is no column of a known table",
        ReadBound::Limited | ReadBound::Keyed | ReadBound::Unknown => "how many rows come is bounded, or not known",
    }
}

/// Whether figures are made of the rows that the database can make as well, and whether a filter leaves a part of them.
pub(crate) fn figures_of(project: &Project, load: &RowLoad) -> Option<bool> {
    if load.query.outcome != Outcome::Rows
        || load.query.statement.grouped
        || !load.usage.only_aggregated()
        || load.usage.only_tested(project.code.module(load.file))
    {
        return None;
    }
    // What is read must be columns: a method or a relation of the row cannot be summed in the database.
    let table = project.schema.table(load.query.table()?);
    if table.is_some_and(|table| load.usage.read.iter().any(|read| table.column(read).is_none())) {
        return None;
    }
    match bounds::judge(project, &load.query) {
        ReadBound::Open => Some(false),
        ReadBound::Filtered(_) | ReadBound::Window(_) => Some(true),
        ReadBound::Limited | ReadBound::Keyed | ReadBound::Unknown => None,
    }
}

fn finding(project: &Project, load: &RowLoad) -> Option<Finding> {
    if figures_of(project, load).is_none() {
        silent(project, load, || why_no_figures(project, load));
        return None;
    }
    let name = load.query.table()?;
    let table = project.schema.table(name);
    let reach = reach::at(project, load.function, load.expr);
    let module = project.code.module(load.file);
    let span = module.expr(load.expr).span;
    let confidence = if load.via.is_some() || table.is_none() {
        Confidence::Medium
    } else {
        Confidence::High
    };
    let cost = Cost::Waste(scale::of_query(project, &load.query));
    let judgement = priority::judge(&cost, &reach, confidence, 0);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(load.function, span));
    finding.title = format!("Rows of `{name}` are loaded only to make figures of them");
    finding.message = format!(
        "The rows of `{name}` are summed, counted or compared in the application, and used for nothing else{}.",
        evidence::reach_words(label.as_deref())
    );
    finding.impact = format!(
        "every matching row of `{name}` is read, sent and built{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = evidence::essence(&load.query);
    finding.related = evidence::path_to_place(project, load.function, load.expr);
    for &used in load.usage.aggregated.iter().take(6) {
        let span = module.expr(used).span;
        finding.relate(
            project.place(load.file, span, &project.symbol(load.function)),
            Role::Evidence,
            "the figure is made here",
        );
    }
    if load.via.is_some() {
        let holder = project
            .graph
            .id(load.source.0, project.code.module(load.source.0).owner(load.source.1));
        let span = project.code.module(load.source.0).expr(load.source.1).span;
        finding.relate(project.place_in(holder, span), Role::Query, evidence::describe(&load.query));
    }
    finding.fix = advice(Advised::Select(Select::Figures), load.query.library, &[]);
    Some(finding)
}
