//! Which lazy relations functions read of their parameters, also through what they pass them on to.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::repeats::single::passed_as;
use crate::budget;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::graph::{EdgeKind, FnId};
use crate::project::rows::{self, RelationRead};
use crate::project::{Project, branches};

/// Calls between a loop and the function that reads the relation.
const MAX_PASSED_ON: usize = 3;

/// Relations kept of what one function reads of its parameters; more are told, see [`budget::Limit::Relations`].
const MAX_SUMMARY: usize = 24;

/// Lazy relations that functions read of their parameters.
pub(super) type Summaries = FxHashMap<FnId, Vec<(usize, RelationRead)>>;

/// What each function reads of what it is given, from the reads of each file.
pub(super) fn of(project: &Project, files: &[FileId], reads: &[Vec<RelationRead>]) -> Summaries {
    let mut summaries = lazy_parameters(project, reads);
    for _ in 0..MAX_PASSED_ON {
        let found: Vec<Vec<_>> = files.par_iter().map(|&file| passed_on(project, file, &summaries)).collect();
        if !found.into_iter().flatten().fold(false, |more, (function, index, read)| {
            summarise(project, &mut summaries, function, index, read) || more
        }) {
            break;
        }
    }
    summaries
}

/// Adds a read to what a function reads of a parameter; whether it is new.
fn summarise(project: &Project, summaries: &mut Summaries, function: FnId, index: usize, read: RelationRead) -> bool {
    let known = summaries.entry(function).or_default();
    if known.iter().any(|(at, other)| *at == index && other.path == read.path) {
        return false;
    }
    if known.len() >= MAX_SUMMARY {
        project.tell(budget::Limit::Relations, function);
        return false;
    }
    known.push((index, read));
    true
}

fn lazy_parameters(project: &Project, reads: &[Vec<RelationRead>]) -> Summaries {
    let mut summaries = Summaries::default();
    for read in reads.iter().flatten() {
        if let Some((function, index)) = read.param {
            let id = project.graph.id(read.file, function);
            summarise(project, &mut summaries, id, index, read.clone());
        }
    }
    summaries
}

/// Functions that pass a parameter on to one that reads a lazy relation of it.
fn passed_on(project: &Project, file: FileId, summaries: &Summaries) -> Vec<(FnId, usize, RelationRead)> {
    let module = project.code.module(file);
    let eval = Evaluator::new(&project.code);
    let mut out = Vec::new();
    for (id, _) in module.function_ids() {
        let function = project.graph.id(file, id);
        for edge in &project.graph.function(function).edges {
            let &[target] = edge.targets.as_slice() else { continue };
            if edge.guessed || edge.kind == EdgeKind::Later {
                continue;
            }
            for (index, read) in summaries.get(&target).into_iter().flatten() {
                let Some(arg) = passed_as(project, module, edge, target, *index) else {
                    continue;
                };
                let Some(row) = rows::row_of(project, &eval, file, arg, 0) else {
                    continue;
                };
                let Some((owner, at)) = row.param else {
                    continue;
                };
                if !branches::reaches(project, function, edge, target, (read.file, read.expr)) {
                    continue;
                }
                let path = row.path_to(&read.path);
                out.push((project.graph.id(file, owner), at, RelationRead { path, ..read.clone() }));
            }
        }
    }
    out
}
