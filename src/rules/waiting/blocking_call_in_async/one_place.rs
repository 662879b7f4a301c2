//! What several causes of one place are told as: one finding.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::MAX_PLACES;
use crate::finding::{Finding, Location, Role};
use crate::fix::remedy::Remedy;

/// What one place of an async function leads to is mended there at once: several causes of it are one finding, the worst one's.
pub(super) fn one_a_place(found: Vec<Finding>) -> Vec<Finding> {
    let mut out: Vec<MergedFinding> = Vec::new();
    let mut known: FxHashMap<Location, usize> = FxHashMap::default();
    for mut finding in found {
        let at = *known.entry(finding.location.clone()).or_insert(out.len());
        let remedy = finding.remedy.take();
        let Some(MergedFinding { first, others, remedies }) = out.get_mut(at) else {
            out.push(MergedFinding {
                first: finding,
                others: 0,
                remedies: VecDeque::from([remedy]),
            });
            continue;
        };
        if finding.priority < first.priority {
            std::mem::swap(first, &mut finding);
            remedies.push_front(remedy);
        } else {
            remedies.push_back(remedy);
        }
        *others += 1;
        if *others == 1 {
            first.message.push_str(" More on the same way blocks as well.");
        }
        if *others <= MAX_PLACES {
            // Its own; those after it are of others that it stood for.
            let end = finding.related.iter().find(|related| related.role == Role::Callee);
            let place = end.map_or(finding.location, |end| end.location.clone());
            first.relate(place, Role::Callee, finding.title);
        }
    }
    let merged = out.into_iter().map(|MergedFinding { mut first, remedies, .. }| {
        first.remedy = all_ways(remedies);
        first
    });
    merged.collect()
}

/// Findings of one place that are told as one.
struct MergedFinding {
    /// The worst of them, without its way out.
    first: Finding,
    /// How many it stands for beside itself.
    others: usize,
    /// The ways out of all, that of the worst first.
    remedies: VecDeque<Option<Remedy>>,
}

/// The way out of findings that are told as one: of all, where each has one that rewrites calls. One alone keeps what it has.
fn all_ways(mut remedies: VecDeque<Option<Remedy>>) -> Option<Remedy> {
    if remedies.len() == 1 {
        return remedies.pop_front().flatten();
    }
    let (mut all, mut known) = (Vec::new(), FxHashSet::default());
    for remedy in remedies {
        let Remedy::Calls(rewrites) = remedy? else { return None };
        all.extend(rewrites.into_iter().filter(|one| known.insert(one.clone())));
    }
    Some(Remedy::Calls(all))
}
