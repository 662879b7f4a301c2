//! The order of migrations: which series a file belongs to and where in it; Alembic's revision graph.

use std::collections::{BTreeMap, BTreeSet};

use super::{SchemaSource, SourceKind};
use crate::libraries::{prisma, sql};
use crate::statement::SchemaOp;
use crate::vocabulary::List;

/// A place within a series: numbers and words of the file's name, compared piece by piece.
pub type SeriesKey = Vec<NamePiece>;

/// A run of digits or of other characters in a file's name: `0010_add` comes after `0009_init`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamePiece {
    /// Digits.
    Number(u128),
    /// Anything else.
    Word(String),
}

/// Splits a name into numbers and words, so that `9_a` comes before `10_b`.
pub fn key(name: &str) -> SeriesKey {
    let mut out = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        out.push(match piece.parse() {
            Ok(number) if digits => NamePiece::Number(number),
            _ => NamePiece::Word(piece.to_lowercase()),
        });
        rest = tail;
    }
    out
}

/// The series of a file and its place there: its folder and its name; for `…/20240101_name/migration.sql` one folder up.
pub fn place(file: &str) -> (String, SeriesKey) {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if matches!(stem, "migration" | "up" | "down") {
        let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        return (parent.to_owned(), key(name));
    }
    let rank = if List::FirstScripts.has(stem) { "!" } else { "" };
    // Flyway's versions come before its repeatable scripts, and `V10` after `V9`.
    let stem = stem
        .strip_prefix('V')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(stem);
    (folder.to_owned(), key(&format!("{rank}{stem}")))
}

/// Whether a SQL file is the half of a migration that undoes it.
pub fn undoes(file: &str) -> bool {
    let lower = file.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let stem = name.strip_suffix(".sql").unwrap_or(name);
    let flyway = file
        .rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with('U') && name.contains("__"));
    flyway || List::Undoing.has(stem) || lower.split('/').rev().skip(1).any(|folder| List::UndoFolders.has(folder))
}

/// Whether a SQL file is a migration step or some other script.
pub fn sql_kind(file: &str) -> SourceKind {
    let name = file.rsplit('/').next().unwrap_or(file);
    let numbered = name.trim_start_matches(['V', 'v']).starts_with(|c: char| c.is_ascii_digit());
    // A script without a number has no place in a series: what it finds there when it runs is not known.
    if !(numbered || matches!(name, "migration.sql" | "up.sql")) {
        return SourceKind::Sql;
    }
    SourceKind::Migration(if name == "migration.sql" { prisma::TOOL } else { sql::TOOL })
}

/// Sorts the sources of one series in the order they run; gives what a reader must know of that order, a sentence each.
pub(super) fn sort(sources: &mut Vec<SchemaSource>) -> Vec<String> {
    sources.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.file.cmp(&b.file)));
    if sources.iter().any(|source| source.revision.is_some()) {
        return by_revision(sources);
    }
    Vec::new()
}

/// What becomes of series and scripts in folders that say they are old.
#[derive(Default)]
pub(super) struct Archives {
    /// Others make their tables: they are no longer run.
    pub replaced: BTreeSet<(bool, String)>,
    /// The first steps of another series, by which: only their files were moved.
    pub joined: BTreeMap<String, String>,
}

/// Tells them apart: a folder that says so, below or beside that of a series which makes tables. Scripts are put aside then, and steps where
/// that series makes the tables anew.
pub(super) fn archives(groups: &BTreeMap<(bool, String), Vec<SchemaSource>>) -> Archives {
    let mut found = Archives::default();
    for (key, sources) in groups.iter().filter(|((_, group), _)| is_archive(group)) {
        let (in_series, group) = key;
        let folder = parent(group);
        let is_near = |other: &str| !is_archive(other) && (other == folder || parent(other) == folder);
        let near: Vec<(&(bool, String), BTreeSet<String>)> = groups
            .iter()
            .filter(|((_, other), _)| is_near(other))
            .map(|(other, sources)| (other, made(sources)))
            .filter(|(_, made)| !made.is_empty())
            .collect();
        let series = near.iter().find(|((in_series, _), _)| *in_series).map(|((_, series), _)| series);
        let own = made(sources);
        let anew = own
            .iter()
            .filter(|table| near.iter().any(|(_, made)| made.contains(*table)))
            .count();
        match series {
            Some(series) if *in_series && anew * 2 < own.len() => {
                found.joined.insert(group.clone(), series.clone());
            }
            _ if !near.is_empty() => {
                found.replaced.insert(key.clone());
            }
            _ => {}
        }
    }
    found
}

fn is_archive(group: &str) -> bool {
    List::Archives.has(group.rsplit('/').next().unwrap_or(group))
}

fn parent(group: &str) -> String {
    group.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned())
}

/// The tables that a series makes.
fn made(sources: &[SchemaSource]) -> BTreeSet<String> {
    let changes = sources.iter().flat_map(|source| &source.changes);
    let made = changes.filter_map(|change| match &change.op {
        SchemaOp::CreateTable(table, ..) => Some(table.name.to_lowercase()),
        _ => None,
    });
    made.collect()
}

/// Sentences on one series that are kept.
const MAX_NOTES: usize = 10;

/// Revision order: each step after all that it follows; steps of a cycle, and those that follow something unknown,
/// keep the order of their names.
fn by_revision(sources: &mut Vec<SchemaSource>) -> Vec<String> {
    let revisions: Vec<Option<String>> = sources
        .iter()
        .map(|source| source.revision.as_ref().map(|(revision, _)| revision.clone()))
        .collect();
    let find = |revision: &str| {
        revisions.iter().position(|own| {
            own.as_deref()
                .is_some_and(|own| own == revision || own.starts_with(revision) && revision.len() >= 6)
        })
    };
    let waits_for: Vec<Vec<usize>> = sources
        .iter()
        .map(|source| {
            source
                .revision
                .iter()
                .flat_map(|(_, down)| down)
                .filter_map(|down| find(down))
                .collect()
        })
        .collect();
    let mut notes: Vec<String> = Vec::new();
    for source in sources.iter() {
        let unknown = source.revision.iter().flat_map(|(_, down)| down).find(|down| find(down).is_none());
        notes.extend(unknown.map(|down| format!("{} follows the revision {down}, which no file has", source.file)));
    }
    let mut done = vec![false; sources.len()];
    let mut order = Vec::with_capacity(sources.len());
    let mut in_circle = false;
    while order.len() < sources.len() {
        let ready = |at: &usize| !done[*at] && waits_for[*at].iter().all(|&other| done[other] || other == *at);
        let first_ready = (0..sources.len()).find(ready);
        let Some(next) = first_ready.or_else(|| done.iter().position(|&done| !done)) else {
            break;
        };
        if first_ready.is_none() && !in_circle {
            in_circle = true;
            let file = sources.get(next).map_or("", |source| &source.file);
            notes.push(format!(
                "the revisions that {file} follows lead back to it: their order is that of the names"
            ));
        }
        done[next] = true;
        order.push(next);
        // A chain runs to its end before a branch starts: one pass over a linear history instead of one a step.
        let mut tip = next;
        while let Some(follower) =
            (0..sources.len()).find(|&at| !done[at] && waits_for[at].contains(&tip) && waits_for[at].iter().all(|&other| done[other]))
        {
            done[follower] = true;
            order.push(follower);
            tip = follower;
        }
    }
    let mut slots: Vec<Option<SchemaSource>> = sources.drain(..).map(Some).collect();
    sources.extend(order.into_iter().filter_map(|at| slots[at].take()));
    notes.truncate(MAX_NOTES);
    notes
}
