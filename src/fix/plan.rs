//! Which mends are made: those that are asked for, may be, and do not stand in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Disk, FileChange, SourceText};
use super::edits::{self, Edit, Mend, Safety};
use super::remedy::Remedy;
use super::site::{FixContext, FixOutcome, is_broken};
use super::wanted::FixRequest;
use super::{calls, index};
use crate::finding::{Finding, Replacement};
use crate::project::Project;
use crate::syntax::facts;
use crate::walk::FileKind;

/// A finding that is not mended although its rule knows a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Id of the finding's rule.
    pub rule: String,
    /// Its file and line.
    pub place: String,
    /// What stands in the way of mending it, for people.
    pub why: String,
}

/// What a run of `perfaudit fix` is to write, and what it leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixPlan {
    /// What is made.
    pub mends: Vec<Mend>,
    /// What changes the meaning in a corner and is not asked for.
    pub held: Vec<Mend>,
    /// What is not mended, and why.
    pub left: Vec<Left>,
    /// How many findings have no fixer.
    pub without: usize,
    /// The files, as they are to be, by path.
    pub changes: Vec<FileChange>,
}

/// Works out what mends the findings that are asked for, those that a finding stands for included.
pub fn plan(project: &Project, findings: &[Finding], disk: &Disk, wanted: &FixRequest<'_>) -> FixPlan {
    let all = findings.iter().flat_map(|finding| std::iter::once(finding).chain(&finding.others));
    let asked: Vec<&Finding> = all.filter(|finding| wanted.has(finding)).collect();
    let (mendable, without): (Vec<&Finding>, Vec<&Finding>) = asked.into_iter().partition(|finding| finding.remedy.is_some());
    let site = FixContext::new(project, disk, wanted);
    let of = |is_it: fn(&Remedy) -> bool| -> Vec<&Finding> {
        let all = mendable.iter().copied();
        all.filter(|finding| finding.remedy.as_ref().is_some_and(is_it)).collect()
    };
    let mut outcome = index::mend(&site, &of(|remedy| matches!(remedy, Remedy::Index(_))));
    let of_calls = calls::mend(&site, &of(|remedy| matches!(remedy, Remedy::Calls(_))));
    outcome.mends.extend(of_calls.mends);
    outcome.left.extend(of_calls.left);
    let mut plan = FixPlan {
        without: without.len(),
        ..FixPlan::default()
    };
    choose(&mut plan, outcome, &site, wanted, &mendable);
    plan
}

fn choose(plan: &mut FixPlan, outcome: FixOutcome, site: &FixContext<'_>, wanted: &FixRequest<'_>, findings: &[&Finding]) {
    let mut left = outcome.left;
    let mut leave = |mend: &Mend, why: &str| left.extend(mend.findings.iter().map(|id| (id.clone(), why.to_owned())));
    for mend in outcome.mends {
        if mend.safety == Safety::Unsafe && !wanted.with_unsafe {
            plan.held.push(mend);
            continue;
        }
        let refused = mend.paths().find_map(|path| Some((path, (wanted.may_change)(path).err()?)));
        if let Some((path, why)) = refused {
            leave(&mend, &format!("{path} is left alone: {why}"));
            continue;
        }
        if let Some(other) = plan.mends.iter().find(|other| mend.conflicts(other)) {
            leave(
                &mend,
                &format!("it changes the same lines as another fix: {}; run it again", other.title),
            );
            continue;
        }
        plan.mends.push(mend);
    }
    loop {
        match changes(site, &plan.mends) {
            Ok(changes) => {
                plan.changes = changes;
                break;
            }
            Err(path) => {
                let (out, kept): (Vec<Mend>, Vec<Mend>) = plan.mends.drain(..).partition(|mend| mend.paths().any(|own| own == path));
                for mend in &out {
                    leave(mend, &format!("{path} would not parse afterwards"));
                }
                plan.mends = kept;
                if out.is_empty() {
                    break;
                }
            }
        }
    }
    let place = |id: &str| findings.iter().find(|finding| finding.fingerprint == id);
    let told = left.into_iter().filter_map(|(id, why)| {
        let finding = place(&id)?;
        Some(Left {
            rule: finding.rule.clone(),
            place: format!("{}:{}", finding.location.file, finding.location.start_line),
            why,
        })
    });
    plan.left = told.collect();
    plan.left
        .sort_by(|one, other| (&one.place, &one.rule).cmp(&(&other.place, &other.rule)));
}

/// The files with all mends made; fails with the file that would not parse.
fn changes(site: &FixContext<'_>, mends: &[Mend]) -> Result<Vec<FileChange>, String> {
    let mut by_file: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in mends.iter().flat_map(|mend| &mend.edits) {
        by_file.entry(&edit.file).or_default().push(edit);
    }
    let mut out = Vec::new();
    for (path, edits) in by_file {
        let fail = || path.to_owned();
        let old: SourceText = site.text(path).map_err(|_| fail())?.as_ref().clone();
        let new = edits::apply(&old.text, &edits).ok_or_else(fail)?;
        check(path, &new)?;
        out.push(FileChange {
            path: path.to_owned(),
            old: Some(old),
            new,
        });
    }
    let mut seen = BTreeSet::new();
    for file in mends.iter().flat_map(|mend| &mend.files).filter(|file| seen.insert(&file.path)) {
        check(&file.path, &file.text)?;
        if site.disk.has(&file.path) {
            return Err(file.path.clone());
        }
        out.push(FileChange {
            path: file.path.clone(),
            old: None,
            new: file.text.clone(),
        });
    }
    out.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(out)
}

/// Whether a text parses as what its name says.
fn check(path: &str, text: &str) -> Result<(), String> {
    let Some(kind) = FileKind::of(path) else { return Ok(()) };
    match facts::read(path, kind, text) {
        Ok(facts) if !is_broken(&facts) => Ok(()),
        _ => Err(path.to_owned()),
    }
}

/// Gives findings the edits that an editor can make at once: those that need no new file.
pub fn offer(project: &Project, findings: &mut [Finding], disk: &Disk) {
    let wanted = FixRequest {
        rules: &[],
        only: &[],
        without: &[],
        with_unsafe: true,
        may_change: &|_| Ok(()),
    };
    let site = FixContext::new(project, disk, &wanted);
    let rewritten: Vec<&Finding> = findings
        .iter()
        .filter(|finding| matches!(finding.remedy, Some(Remedy::Calls(_))))
        .collect();
    let mends = calls::mend(&site, &rewritten).mends;
    for mend in mends.into_iter().filter(|mend| changes(&site, std::slice::from_ref(mend)).is_ok()) {
        let is_its = |finding: &&mut Finding| mend.findings.contains(&finding.fingerprint);
        let Some(finding) = findings.iter_mut().find(is_its) else {
            continue;
        };
        let replacement = |edit: &Edit| Replacement {
            at: project.location(&edit.file, edit.span, ""),
            text: edit.text.clone(),
        };
        finding.fix.edits = mend.edits.iter().map(replacement).collect();
        finding.fix.edits.sort_by(|one, other| one.at.cmp(&other.at));
        finding.fix.edits.dedup();
        finding.fix.edits_note = match mend.safety {
            Safety::Safe => mend.title,
            Safety::Unsafe => format!("{} (unsafe: {})", mend.title, mend.reason),
        };
    }
}
