//! The index advisor: from what query sites ask of a table to the smallest set of indexes that serves them.
//!
//! Columns of equality come before a range, a range before an order. One index serves every demand that it starts
//! with, and nothing is advised that the schema has.

use std::collections::BTreeMap;

use super::columns::is_small;
use super::index_demand::{Demand, demands, serves};
use crate::project::Project;
use crate::project::schema::Table;

/// How many indexes are advised for one table that has one on the first column already.
const MAX_LONGER: usize = 3;

/// An index to add, with the demands that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Index into the schema's tables.
    pub table: usize,
    /// How many columns are compared for equality; they come first.
    pub equal: usize,
    /// Columns in order.
    pub columns: Vec<String>,
    /// The last column is only ordered by, this way round.
    pub descending: bool,
    /// What it serves.
    pub demands: Vec<Demand>,
    /// An index exists that starts with the first column.
    pub longer: bool,
}

/// All advice for a project, by table.
pub fn advise(project: &Project) -> Vec<Advice> {
    let mut by_table: BTreeMap<usize, Vec<Demand>> = BTreeMap::new();
    for demand in demands(project) {
        by_table.entry(demand.table).or_default().push(demand);
    }
    let mut out = Vec::new();
    for (index, demands) in by_table {
        if let Some(table) = project.schema.tables.get(index).filter(|table| !is_small(table)) {
            out.extend(for_table(table, demands));
        }
    }
    out
}

/// The advice for one table.
pub fn for_table(table: &Table, demands: Vec<Demand>) -> Vec<Advice> {
    let open: Vec<Demand> = demands.into_iter().filter(|demand| is_open(table, demand)).collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for column in open.iter().flat_map(|demand| &demand.equal) {
        *uses.entry(column).or_default() += 1;
    }
    let mut candidates: Vec<Advice> = Vec::new();
    for demand in &open {
        let mut columns = demand.equal.clone();
        // The columns that most statements compare come first, so that one index serves more of them.
        columns.sort_by_key(|column| (usize::MAX - uses.get(column.as_str()).copied().unwrap_or(0), column.clone()));
        let equal = columns.len();
        let tail = demand.tail().filter(|(tail, _)| !columns.iter().any(|column| column == tail));
        columns.extend(tail.map(|(tail, _)| tail.to_owned()));
        let descending = equal == 0 && tail.is_some_and(|(_, descending)| descending);
        match candidates.iter_mut().find(|known| known.columns == columns && known.equal == equal) {
            Some(known) => known.demands.push(demand.clone()),
            None => candidates.push(Advice {
                table: demand.table,
                equal,
                longer: columns.first().is_some_and(|first| table.leads(first)),
                columns,
                descending,
                demands: vec![demand.clone()],
            }),
        }
    }
    let mut kept = merged(candidates);
    kept.retain(|advice| !exists(table, advice) && !is_foreign_key_alone(table, advice));
    limited(kept)
}

/// Whether no index serves the demand.
fn is_open(table: &Table, demand: &Demand) -> bool {
    if !demand.limited && !demand.order.is_empty() && demand.range.is_empty() {
        // A sort of all that an index finds is no reason for a longer one.
        let unsorted = Demand {
            order: Vec::new(),
            ..demand.clone()
        };
        return !table.indexes.iter().any(|index| serves(table, index, &unsorted));
    }
    !table.indexes.iter().any(|index| serves(table, index, demand))
}

/// Puts what one index serves together: the longest first, those that it starts with join it.
fn merged(mut candidates: Vec<Advice>) -> Vec<Advice> {
    candidates.sort_by(|left, right| {
        let key = |advice: &Advice| (usize::MAX - advice.columns.len(), usize::MAX - advice.demands.len());
        key(left)
            .cmp(&key(right))
            .then_with(|| left.columns.cmp(&right.columns))
            .then(left.equal.cmp(&right.equal))
    });
    let mut kept: Vec<Advice> = Vec::new();
    for candidate in candidates {
        match kept.iter_mut().find(|known| covers(known, &candidate)) {
            Some(known) => {
                known.longer &= candidate.longer;
                known.demands.extend(candidate.demands);
            }
            None => kept.push(candidate),
        }
    }
    kept
}

/// Whether an index on one advice's columns serves what another asks for.
fn covers(known: &Advice, other: &Advice) -> bool {
    let count = other.columns.len();
    if count > known.columns.len() {
        return false;
    }
    let first = &known.columns[..count];
    let (equal, tail) = other.columns.split_at(other.equal.min(count));
    let set = first.iter().take(other.equal).all(|column| equal.contains(column));
    set && first.get(other.equal..).is_none_or(|rest| rest == tail)
}

/// Whether the table has an index that begins with these columns.
fn exists(table: &Table, advice: &Advice) -> bool {
    table.indexes.iter().any(|index| {
        index.is_btree() && index.predicate.is_none() && {
            let keys: Vec<&str> = index.columns().take(advice.columns.len()).collect();
            let (equal, tail) = advice.columns.split_at(advice.equal.min(advice.columns.len()));
            keys.len() == advice.columns.len()
                && keys
                    .iter()
                    .take(advice.equal)
                    .all(|key| equal.iter().any(|column| column.eq_ignore_ascii_case(key)))
                && keys
                    .iter()
                    .skip(advice.equal)
                    .zip(tail)
                    .all(|(key, column)| column.eq_ignore_ascii_case(key))
        }
    })
}

/// One column that is a foreign key is another rule's to report.
fn is_foreign_key_alone(table: &Table, advice: &Advice) -> bool {
    matches!(advice.columns.as_slice(), [only] if table.foreign_keys.iter().any(|key| key.columns.first() == Some(only)))
}

/// Of the indexes that would only go further than one that exists, the most asked for.
fn limited(mut kept: Vec<Advice>) -> Vec<Advice> {
    kept.sort_by(|left, right| {
        let key = |advice: &Advice| (advice.longer, usize::MAX - advice.demands.len());
        key(left).cmp(&key(right)).then_with(|| left.columns.cmp(&right.columns))
    });
    let mut longer = 0;
    kept.retain(|advice| {
        longer += usize::from(advice.longer);
        !advice.longer || longer <= MAX_LONGER
    });
    kept
}
