//! Entry points as rows, with the query sites that each reaches.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::analysis::Analyses;
use crate::analysis::queries::{RowBound, SiteFacts};
use crate::budget;
use crate::inventory::rows::EndpointRow;
use crate::libraries::entries::{Entry, EntryKind};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query::Outcome;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{EdgeKind, FnId};
use crate::project::loops::{self, LoopVerdict};
use crate::statement::{Operation, RowLimit};

/// A query or a call that leads to one, in a function.
#[derive(Clone, Copy)]
struct Step {
    to: To,
    per_row: bool,
}

#[derive(Clone, Copy)]
enum To {
    Site(usize),
    Function(FnId),
}

/// For each function, its steps towards queries.
pub struct StepsToQueries {
    steps: Vec<Vec<Step>>,
}

impl StepsToQueries {
    /// Looks at every function that leads to a query.
    pub fn of(project: &Project) -> StepsToQueries {
        let ids: Vec<FnId> = (0..project.graph.functions.len()).map(|at| FnId(at as u32)).collect();
        let steps = ids.into_par_iter().map(|function| steps(project, function)).collect();
        StepsToQueries { steps }
    }

    /// One row an entry point.
    pub fn rows(&self, run: &Analyses<'_>) -> Vec<EndpointRow> {
        let (project, facts) = (run.project, run.queries());
        let mut rows: Vec<EndpointRow> = project
            .graph
            .entries
            .par_iter()
            // What stands around handlers has no address of its own.
            .filter(|entry| entry.kind != EntryKind::Hook)
            .map(|entry| self.row(project, facts, entry))
            .collect();
        rows.sort_by(|left, right| (&left.location, &left.label).cmp(&(&right.location, &right.label)));
        rows.dedup();
        rows
    }

    fn row(&self, project: &Project, facts: &[SiteFacts<'_>], entry: &Entry) -> EndpointRow {
        let function = project.graph.id(entry.function.0, entry.function.1);
        let node = project.graph.function(function);
        let definition = project.code.module(node.file).function(node.id);
        let mut row = EndpointRow {
            label: entry.label.clone(),
            kind: kind(entry.kind).to_owned(),
            location: project.place_in(function, definition.name_span),
            asked_by: project.clients.words(entry),
            is_complete: true,
            ..EndpointRow::default()
        };
        let mut lists = (0, 0);
        let (sites, is_complete) = self.sites(function);
        for (at, per_row) in sites {
            let (Some(site), Some(known)) = (project.graph.sites.get(at), facts.get(at)) else {
                continue;
            };
            if site.query.fetch {
                continue;
            }
            row.fixed += usize::from(!per_row);
            row.per_row += usize::from(per_row);
            row.writes += usize::from(site.query.statement.operation != Operation::Select);
            let is_list = site.query.statement.operation == Operation::Select && site.query.outcome == Outcome::Rows && !per_row;
            let has_limit = matches!(site.query.statement.limit, RowLimit::Rows(_) | RowLimit::Value);
            lists.0 += usize::from(is_list && has_limit);
            lists.1 += usize::from(is_list && known.rows == RowBound::Unbounded);
        }
        row.is_complete = is_complete;
        if !is_complete {
            let place = format!("{}:{}", row.location.file, row.location.start_line);
            project.code.overruns.add(budget::Limit::Reach, place);
        }
        if entry.is_list_capable {
            row.paged = match lists {
                (_, 1..) => "no",
                (1.., 0) => "yes",
                _ => "",
            }
            .to_owned();
        }
        row
    }

    /// The query sites that a function reaches, each with whether it runs once a row, and whether all calls were followed.
    fn sites(&self, from: FnId) -> (Vec<(usize, bool)>, bool) {
        let most = budget::Limit::Reach.count();
        let mut seen: FxHashSet<(FnId, bool)> = FxHashSet::default();
        let mut sites: FxHashSet<(usize, bool)> = FxHashSet::default();
        let mut open = vec![(from, false)];
        seen.insert((from, false));
        while let Some((function, repeated)) = open.pop() {
            for step in self.steps.get(function.index()).into_iter().flatten() {
                let per_row = repeated || step.per_row;
                match step.to {
                    To::Site(site) => drop(sites.insert((site, per_row))),
                    To::Function(next) => {
                        if seen.len() < most && seen.insert((next, per_row)) {
                            open.push((next, per_row));
                        }
                    }
                }
            }
        }
        let mut sites: Vec<_> = sites.iter().copied().collect::<Vec<_>>();
        // What runs once a row on one way and once on another counts as what costs more.
        sites.sort_by_key(|&(site, per_row)| (site, !per_row));
        sites.dedup_by_key(|(site, _)| *site);
        (sites, seen.len() < most)
    }
}

fn steps(project: &Project, function: FnId) -> Vec<Step> {
    let node = project.graph.function(function);
    if !node.effects.has(Effects::QUERY) && !node.effects.has(Effects::WRITE) && node.queries.is_empty() {
        return Vec::new();
    }
    let eval = Evaluator::new(&project.code);
    let per_row = |expr| {
        loops::around(&eval, node.file, expr)
            .iter()
            .any(|one| one.verdict == LoopVerdict::PerRow)
    };
    let mut steps = Vec::new();
    for &site in &node.queries {
        if let Some(at) = project.graph.sites.get(site) {
            steps.push(Step {
                to: To::Site(site),
                per_row: per_row(at.expr),
            });
        }
    }
    for edge in node.edges.iter().filter(|edge| edge.kind != EdgeKind::Later && !edge.guessed) {
        let leads = |target: &&FnId| {
            let effects = project.graph.function(**target).effects;
            effects.has(Effects::QUERY) || effects.has(Effects::WRITE)
        };
        let targets: Vec<FnId> = edge.targets.iter().filter(leads).copied().collect();
        if targets.is_empty() {
            continue;
        }
        let per_row = per_row(edge.expr);
        steps.extend(targets.into_iter().map(|target| Step {
            to: To::Function(target),
            per_row,
        }));
    }
    steps
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Route => "route",
        EntryKind::Page => "page",
        EntryKind::Action => "action",
        EntryKind::Resolver => "resolver",
        EntryKind::Job => "job",
        EntryKind::Socket => "socket",
        EntryKind::Startup => "startup",
        EntryKind::Command => "command",
        EntryKind::Hook => "hook",
    }
}
