//! The index advisor: from what query sites ask of a table to the smallest set of indexes that serves them.
//!
//! Columns of equality come before a range, a range before an order. One index serves every need that it starts with, and
//! nothing is advised that the schema has, or that the indexes which foreign keys need serve already.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::foreign_keys;
use super::needs::{IndexNeed, serves};
use crate::judge::columns::{is_fixed_size, is_identifying, is_tenant};
use crate::judge::scale;
use crate::libraries::shared::api_names;
use crate::project::Project;
use crate::project::schema::{ForeignKey, Index, IndexOrigin, Table, Trait};
use crate::statement::{Dialect, IndexKey};

/// What notes on statements that no index is advised for are filed under, see [`crate::silence`].
pub const NOTES: &str = "index advice";

/// How many indexes are advised for one table that has one on the first column already.
const MAX_LONGER: usize = 3;
/// Columns that an index carries besides its keys.
const MAX_INCLUDED: usize = 2;
/// Statements that make a longer index worth it, where one on the first column is there.
const WORTH_LONGER: usize = 2;
/// The same, where the first column is a foreign key: a parent has few rows as a rule.
const WORTH_LONGER_KEY: usize = 3;
/// One in how many statements that compare the columns before it must compare a last column, to make it worth its place.
const WORTH_COLUMN: usize = 3;

/// An index to add, with the needs that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexProposal {
    /// Index into the schema's tables.
    pub table: usize,
    /// How many columns are compared for equality; they come first.
    pub equal: usize,
    /// Columns in order.
    pub columns: Vec<String>,
    /// The columns after those of equality go down.
    pub descending: bool,
    /// The rows that it is for, as SQL, where all statements ask for those alone: the column and its literal.
    pub only: Vec<(String, String)>,
    /// Columns that it carries so that the table is not read.
    pub include: Vec<String>,
    /// What it serves.
    pub needs: Vec<IndexNeed>,
    /// An index exists that starts with the first column.
    pub longer: bool,
    /// It serves a foreign key too, which no index leads with: the key's columns.
    pub foreign_key: Option<Vec<String>>,
}

impl IndexProposal {
    /// The sites that it serves, without repetition.
    pub fn sites(&self) -> Vec<usize> {
        let mut sites: Vec<usize> = self.needs.iter().map(|need| need.site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }
}

/// All proposals for what statements need, by table.
pub fn proposals(project: &Project, needs: &[IndexNeed]) -> Vec<IndexProposal> {
    let mut by_table: BTreeMap<usize, Vec<IndexNeed>> = BTreeMap::new();
    for need in needs {
        by_table.entry(need.table).or_default().push(need.clone());
    }
    let mut out = Vec::new();
    let asked = project.silence.asks(NOTES);
    for (index, needs) in by_table {
        let is_measured_small = project.sizes.as_ref().is_some_and(|sizes| sizes.is_small(index));
        if let Some(table) = project.schema.tables.get(index).filter(|_| !is_measured_small) {
            let small = scale::is_small(project, table);
            // A name that says "few rows" is a guess: a look-up by a column that no index has is still told.
            out.extend(
                for_table(table, &needs)
                    .into_iter()
                    .filter(|proposal| !small || proposal.equal > 0 && !proposal.longer),
            );
        }
    }
    if asked {
        note_left_out(project, needs, &out);
    }
    out
}

/// Notes at each statement without a proposal why it has none.
fn note_left_out(project: &Project, needs: &[IndexNeed], proposals: &[IndexProposal]) {
    for (at, site) in project.graph.sites.iter().enumerate() {
        if proposals.iter().any(|proposal| proposal.needs.iter().any(|need| need.site == at)) {
            continue;
        }
        let mut asked_for = needs.iter().filter(|need| need.site == at).peekable();
        if asked_for.peek().is_none() {
            project.silent(NOTES, site.file, site.span, || {
                "it asks no index for anything: of no table of the schema does it compare, range over or order by a column, as far as was understood"
            });
        }
        for need in asked_for {
            project.silent(NOTES, site.file, site.span, || why_not(project, need));
        }
    }
}

/// Why no index is advised for a need.
fn why_not(project: &Project, need: &IndexNeed) -> String {
    let Some(table) = project.schema.tables.get(need.table) else {
        return "its table is not in the schema".to_owned();
    };
    let columns: Vec<&str> = need
        .equal
        .iter()
        .map(String::as_str)
        .chain(need.tails().into_iter().map(|(column, _)| column))
        .collect();
    let asked = format!("{} ({})", table.name, columns.join(", "));
    let narrow = narrowed(need.clone());
    if let Some(index) = table.indexes.iter().find(|index| serves(index, need) || serves(index, &narrow)) {
        return format!("{asked}: the index on ({}) serves it", index.key_list());
    }
    if project.sizes.as_ref().is_some_and(|sizes| sizes.is_small(need.table)) {
        return format!("{asked}: the table is small by the statistics");
    }
    if !is_open(&table.indexes, need) {
        return format!("{asked}: it sorts all that an index finds, for which no longer one is advised");
    }
    let planned = foreign_keys::unserved(table).map(|key| plain_index(&key.columns));
    if let Some(index) = planned.into_iter().find(|index| !is_open(std::slice::from_ref(index), need)) {
        return format!(
            "{asked}: the index that the foreign key on ({}) lacks serves it, see unindexed-foreign-key",
            index.key_list()
        );
    }
    if scale::is_small(project, table) {
        return format!("{asked}: the table has few rows by its name");
    }
    format!("{asked}: an index starts with the first of these; too few statements gain from a longer one, or others are advised already")
}

/// The proposals for one table. What an index on one of its foreign keys serves is left to that index.
pub fn for_table(table: &Table, needs: &[IndexNeed]) -> Vec<IndexProposal> {
    let keys: Vec<&ForeignKey> = foreign_keys::unserved(table).collect();
    let planned: Vec<Index> = keys.iter().map(|key| plain_index(&key.columns)).collect();
    // A parent has few rows, which is all that a filter by it and by another column needs; a tenant has many.
    let mut parents = planned.clone();
    parents.retain(|index| index.columns().next().is_some_and(|first| !is_tenant(first)));
    // Many sites ask for the same.
    let mut known: FxHashMap<IndexNeed, bool> = FxHashMap::default();
    let mut is_wanted = |need: &IndexNeed| {
        let asked = IndexNeed { site: 0, ..need.clone() };
        *known.entry(asked).or_insert_with(|| {
            let is_open_at_first = is_open(&table.indexes, need) && is_open(&parents, need);
            let need = narrowed(need.clone());
            is_open_at_first && is_open(&table.indexes, &need) && is_open(&planned, &need)
        })
    };
    let open: Vec<IndexNeed> = needs.iter().filter(|need| is_wanted(need)).cloned().map(narrowed).collect();
    let leads = |column: &str| table.leads(column) || planned.iter().any(|index| index.leads_with(&[column]));
    let mut candidates = candidates(&open, leads);
    for candidate in &mut candidates {
        drop_rare(candidate, needs);
    }
    let mut kept = merged(candidates);
    kept.retain(|proposal| !exists(&table.indexes, proposal) && !exists(&planned, proposal) && is_worth(table, proposal));
    for proposal in &mut kept {
        let key = keys.iter().find(|key| proposal.columns.starts_with(&key.columns));
        proposal.foreign_key = key.map(|key| key.columns.clone());
        proposal.longer = proposal.columns.first().is_some_and(|first| table.leads(first));
        complete(table, proposal);
    }
    limited(kept)
}

fn plain_index(columns: &[String]) -> Index {
    let key = |column: &String| IndexKey {
        column: column.clone(),
        ..IndexKey::default()
    };
    Index {
        name: None,
        keys: columns.iter().map(key).collect(),
        include: Vec::new(),
        unique: false,
        method: None,
        predicate: None,
        origin: IndexOrigin::Declared,
        only: false,
        places: Vec::new(),
    }
}

/// Of a column whose values differ for nearly every row, an index on it alone finds what there is.
fn narrowed(mut need: IndexNeed) -> IndexNeed {
    if let Some(exact) = need.equal.iter().find(|column| is_identifying(column)).cloned() {
        need.equal = vec![exact];
        need.range.clear();
        need.order.clear();
    }
    need
}

/// One index for each need, equal ones once.
fn candidates(open: &[IndexNeed], leads: impl Fn(&str) -> bool) -> Vec<IndexProposal> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for column in open.iter().flat_map(|need| &need.equal) {
        *uses.entry(column).or_default() += 1;
    }
    let mut candidates: Vec<IndexProposal> = Vec::new();
    for need in open {
        let mut columns = need.equal.clone();
        // The columns that most statements compare come first, so that one index serves more of them.
        columns.sort_by_key(|column| (usize::MAX - uses.get(column.as_str()).copied().unwrap_or(0), column.clone()));
        let equal = columns.len();
        for (tail, _) in need.tails() {
            if !columns.iter().any(|column| column == tail) {
                columns.push(tail.to_owned());
            }
        }
        match candidates.iter_mut().find(|known| known.columns == columns && known.equal == equal) {
            Some(known) => known.needs.push(need.clone()),
            None => candidates.push(IndexProposal {
                table: need.table,
                equal,
                longer: columns.first().is_some_and(|first| leads(first)),
                columns,
                descending: false,
                only: Vec::new(),
                include: Vec::new(),
                needs: vec![need.clone()],
                foreign_key: None,
            }),
        }
    }
    candidates
}

/// Leaves last columns out that few of the statements compare which compare those before them: two columns leave so few rows that
/// filtering them costs less than a longer key does at each write.
fn drop_rare(candidate: &mut IndexProposal, needs: &[IndexNeed]) {
    let asked_by = |columns: &[String]| {
        needs
            .iter()
            .filter(|need| columns.iter().all(|column| need.equal.contains(column)))
            .count()
    };
    while let Some((_, before)) = candidate
        .columns
        .split_last()
        .filter(|_| candidate.equal == candidate.columns.len())
    {
        let tells_apart = before.len() > 1 && before.iter().any(|column| !is_tenant(column));
        if !tells_apart || asked_by(&candidate.columns) * WORTH_COLUMN > asked_by(before) {
            return;
        }
        candidate.columns.pop();
        candidate.equal -= 1;
    }
}

/// Whether none of the indexes serves the need.
fn is_open(indexes: &[Index], need: &IndexNeed) -> bool {
    if !need.limited && !need.order.is_empty() && need.range.is_empty() {
        // A sort of all that an index finds is no reason for a longer one.
        let unsorted = IndexNeed {
            order: Vec::new(),
            ..need.clone()
        };
        return !indexes.iter().any(|index| serves(index, &unsorted));
    }
    !indexes.iter().any(|index| serves(index, need))
}

/// Whether several statements gain from a longer index, where the first column's own index leaves few rows as a rule.
fn is_worth(table: &Table, proposal: &IndexProposal) -> bool {
    let Some(first) = proposal.columns.first().filter(|_| proposal.longer) else {
        return true;
    };
    let is_key = table.foreign_keys.iter().any(|key| key.columns.first() == Some(first));
    let least = if is_key && !is_tenant(first) {
        WORTH_LONGER_KEY
    } else {
        WORTH_LONGER
    };
    proposal.sites().len() >= least && !is_identifying(first)
}

/// Direction, predicate and carried columns, where all that the index serves agrees on them.
fn complete(table: &Table, proposal: &mut IndexProposal) {
    let last = proposal.columns.get(proposal.equal..).unwrap_or_default();
    let ways: Vec<bool> = proposal
        .needs
        .iter()
        .filter_map(|need| need.order.first())
        .filter(|(column, _)| last.first() == Some(column))
        .map(|(_, descending)| *descending)
        .collect();
    proposal.descending = !ways.is_empty() && ways.iter().all(|way| *way);
    proposal.only = only(table, proposal);
    proposal.include = included(table, proposal);
}

/// Conditions that every served statement has, as a partial index can have them.
fn only(table: &Table, proposal: &IndexProposal) -> Vec<(String, String)> {
    let has_partial = matches!(table.dialect, Dialect::Postgres | Dialect::Sqlite);
    let declares = table.tool().is_none_or(|tool| tool.has(Trait::DeclaresPartialIndexes));
    let Some((first, others)) = proposal
        .needs
        .split_first()
        .filter(|_| has_partial && declares && proposal.foreign_key.is_none())
    else {
        return Vec::new();
    };
    let common = first.fixed.iter().filter(|pair| {
        let (column, literal) = pair;
        let is_key = proposal.columns.contains(column);
        !is_key && api_names::is_state(literal) && others.iter().all(|other| other.fixed.contains(pair))
    });
    common.map(|(column, literal)| (column.clone(), literal.to_lowercase())).collect()
}

/// The few small columns with which an index alone answers every served statement.
fn included(table: &Table, proposal: &IndexProposal) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for need in &proposal.needs {
        let Some(reads) = &need.reads else { return Vec::new() };
        all.extend(reads.iter().cloned());
    }
    all.sort();
    all.dedup();
    all.retain(|column| !proposal.columns.contains(column) && !proposal.only.iter().any(|(name, _)| name == column));
    let small = all.iter().all(|name| table.column(name).is_some_and(is_fixed_size));
    let fits =
        table.dialect == Dialect::Postgres && table.tool().is_none_or(|tool| tool.has(Trait::DeclaresIncludedColumns)) && !proposal.longer;
    if fits && small && all.len() <= MAX_INCLUDED {
        all
    } else {
        Vec::new()
    }
}

/// Puts what one index serves together: the longest first, those that it starts with join it.
fn merged(mut candidates: Vec<IndexProposal>) -> Vec<IndexProposal> {
    candidates.sort_by(|left, right| {
        let key = |proposal: &IndexProposal| (usize::MAX - proposal.columns.len(), usize::MAX - proposal.needs.len());
        key(left)
            .cmp(&key(right))
            .then_with(|| left.columns.cmp(&right.columns))
            .then(left.equal.cmp(&right.equal))
    });
    let mut kept: Vec<IndexProposal> = Vec::new();
    for candidate in candidates {
        match kept.iter_mut().find(|known| covers(known, &candidate)) {
            Some(known) => {
                known.longer &= candidate.longer;
                known.needs.extend(candidate.needs);
            }
            None => kept.push(candidate),
        }
    }
    kept
}

/// Whether an index on one proposal's columns serves what another asks for.
fn covers(known: &IndexProposal, other: &IndexProposal) -> bool {
    let count = other.columns.len();
    if count > known.columns.len() {
        return false;
    }
    let first = &known.columns[..count];
    let (equal, tail) = other.columns.split_at(other.equal.min(count));
    let set = first.iter().take(other.equal).all(|column| equal.contains(column));
    set && first.get(other.equal..).is_none_or(|rest| rest == tail)
}

/// Whether one of the indexes begins with these columns.
fn exists(indexes: &[Index], proposal: &IndexProposal) -> bool {
    let (equal, tail) = proposal.columns.split_at(proposal.equal.min(proposal.columns.len()));
    indexes.iter().any(|index| {
        let keys: Vec<&str> = index.columns().take(proposal.columns.len()).collect();
        let (first, rest) = keys.split_at(equal.len().min(keys.len()));
        index.is_btree()
            && index.predicate.is_none()
            && keys.len() == proposal.columns.len()
            && first.iter().all(|key| equal.iter().any(|column| column.eq_ignore_ascii_case(key)))
            && rest.iter().zip(tail).all(|(key, column)| column.eq_ignore_ascii_case(key))
    })
}

/// Of the indexes that would only go further than one that exists, the most asked for.
fn limited(mut kept: Vec<IndexProposal>) -> Vec<IndexProposal> {
    kept.sort_by(|left, right| {
        let key = |proposal: &IndexProposal| (proposal.longer, usize::MAX - proposal.sites().len());
        key(left).cmp(&key(right)).then_with(|| left.columns.cmp(&right.columns))
    });
    let mut longer = 0;
    kept.retain(|proposal| {
        longer += usize::from(proposal.longer);
        !proposal.longer || longer <= MAX_LONGER
    });
    kept
}

#[cfg(test)]
#[path = "advisor_tests.rs"]
mod tests;
