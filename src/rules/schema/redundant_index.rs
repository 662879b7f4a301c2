//! `redundant-index`: an index that another one of the table makes needless.

use std::fmt::Write as _;

use crate::advice;
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::cost::Cost;
use crate::judge::evidence;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::project::Project;
use crate::project::schema::{Index, IndexOrigin, SourceKind, Table};

const ID: &str = "redundant-index";

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = Vec::new();
    let tables = project.schema.tables.iter().enumerate();
    for (number, table) in tables.filter(|(_, table)| !table.partition || !table.open) {
        for (at, index) in table.indexes.iter().enumerate() {
            if let Some(keeper) = keeper(table, at) {
                findings.extend(report(project, number, index, keeper));
            } else {
                project.silent_of_schema(ID, &index.places, || kept_for(index).to_owned());
            }
        }
    }
    findings
}

/// The index that makes the one at `at` needless.
pub(crate) fn keeper(table: &Table, at: usize) -> Option<&Index> {
    let index = &table.indexes[at];
    if index.origin == IndexOrigin::Primary || index.origin == IndexOrigin::ForeignKey || index.only {
        return None;
    }
    table
        .indexes
        .iter()
        .enumerate()
        .filter(|&(other, _)| other != at)
        .find(|&(other, candidate)| replaces(candidate, other, index, at))
        .map(|(_, candidate)| candidate)
}

/// Why an index stays for which no other one stands in.
fn kept_for(index: &Index) -> &'static str {
    match index.origin {
        IndexOrigin::Primary => "it is the primary key",
        IndexOrigin::ForeignKey => "it is one that a foreign key brings along",
        _ if index.unique => "it holds a rule, that its values are unique, and no other index holds the same",
        _ => "no other index of the table begins with the same columns in the same order, for the same rows",
    }
}

/// Whether `keeper` does all that `index` does. Of two equal ones the primary key stays, then the unique one, then the first.
fn replaces(keeper: &Index, keeper_at: usize, index: &Index, index_at: usize) -> bool {
    if keeper.origin == IndexOrigin::ForeignKey || keeper.only || !keeper.covers(index) {
        return false;
    }
    // An index that only a script outside of the migrations makes may never have been made.
    let only_in_scripts = |index: &Index| index.places.iter().all(|place| place.kind == SourceKind::Sql);
    if only_in_scripts(keeper) && !only_in_scripts(index) {
        return false;
    }
    let equal = keeper.keys.len() == index.keys.len() && index.covers(keeper);
    if index.unique {
        // A unique index holds a rule: only the same rule can stand in for it.
        return equal && keeper.unique && rank(keeper, keeper_at) < rank(index, index_at);
    }
    !equal || keeper.unique || rank(keeper, keeper_at) < rank(index, index_at)
}

fn rank(index: &Index, at: usize) -> (u8, usize) {
    let kind = match index.origin {
        IndexOrigin::Primary => 0,
        IndexOrigin::Unique => 1,
        _ if index.unique => 2,
        _ => 3,
    };
    (kind, at)
}

fn describe(index: &Index) -> String {
    let kind = match index.origin {
        IndexOrigin::Primary => "the primary key",
        IndexOrigin::Unique => "the unique constraint",
        _ if index.unique => "the unique index",
        _ => "the index",
    };
    let name = index.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    format!("{kind}{name} on ({})", index.key_list())
}

fn report(project: &Project, number: usize, index: &Index, keeper: &Index) -> Option<Finding> {
    let table = project.schema.tables.get(number)?;
    let place = index.place()?;
    let symbol = format!(
        "{}.{}",
        table.name,
        index.name.clone().unwrap_or_else(|| index.key_list().replace(", ", "+"))
    );
    let equal = keeper.keys.len() == index.keys.len();
    let relation = if equal { "repeats" } else { "is a prefix of" };
    let confidence = if table.open || table.phantom {
        Confidence::Medium
    } else {
        Confidence::High
    };
    let judgement = priority::judge(&Cost::Upkeep, &Reach::service(), confidence, 0);
    let mut finding = Finding::new(ID, judgement, confidence, project.location(&place.file, place.span, &symbol));
    finding.subject = format!("{}.{}", table.name, index.key_list());
    "indexes that another one makes needless".clone_into(&mut finding.cause);
    finding.title = format!(
        "{} on {} {relation} {}",
        evidence::capitalised(&describe(index)),
        table.name,
        describe(keeper)
    );
    finding.message = format!(
        "On {}, {} {relation} {}. Every query that the first serves, the second serves too; both are written on each insert and update.",
        table.name,
        describe(index),
        describe(keeper)
    );
    let sizes = project.sizes.as_ref();
    let scans = sizes.and_then(|sizes| sizes.scans(number, index.name.as_deref()?));
    match scans {
        Some(0) => finding.message.push_str(" The database has not used the first once."),
        Some(scans) => {
            let _ = write!(
                finding.message,
                " The database has used the first {scans} times; the second will do that."
            );
        }
        None => {}
    }
    if let Some(other) = keeper.place() {
        finding.relate(
            project.location(&other.file, other.span, &symbol),
            Role::Index,
            format!("{} stays", describe(keeper)),
        );
    }
    for other in index.places.iter().skip(1) {
        finding.relate(
            project.location(&other.file, other.span, &symbol),
            Role::Place,
            "the same index in the other view of the schema",
        );
    }
    finding.impact = format!(
        "one more index to write for each row of {}, its pages and its share of the cache",
        table.name
    );
    finding.fix.summary = format!("Drop {}; keep {}.", describe(index), describe(keeper));
    finding.fix.ddl = advice::index::drop_index(table, index).filter(|_| index.origin == IndexOrigin::Declared);
    Some(finding)
}
