//! The index advisor: from what query sites ask of a table to the smallest set of indexes that serves them.
//!
//! Columns of equality come before a range, a range before an order. One index serves every demand that it starts with, and
//! nothing is advised that the schema has, or that the indexes which foreign keys need serve already.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::demand::{Demand, serves};
use super::foreign_keys;
use crate::judge::columns::{is_fixed_size, is_identifying, is_small, is_tenant};
use crate::project::Project;
use crate::project::schema::{ForeignKey, Index, Origin, Table, Tool};
use crate::statement::{Dialect, IndexKey};

/// How many indexes are advised for one table that has one on the first column already.
const MAX_LONGER: usize = 3;
/// Columns that an index carries besides its keys.
const MAX_INCLUDED: usize = 2;
/// Statements that make a longer index worth it, where one on the first column is there.
const WORTH_LONGER: usize = 2;
/// The same, where the first column is a foreign key: a parent has few rows as a rule.
const WORTH_LONGER_KEY: usize = 3;

/// An index to add, with the demands that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
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
    pub demands: Vec<Demand>,
    /// An index exists that starts with the first column.
    pub longer: bool,
    /// It serves a foreign key too, which no index leads with: the key's columns.
    pub foreign_key: Option<Vec<String>>,
}

impl Advice {
    /// The sites that it serves, without repetition.
    pub fn sites(&self) -> Vec<usize> {
        let mut sites: Vec<usize> = self.demands.iter().map(|demand| demand.site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }
}

/// All advice for what statements need, by table.
pub fn advise(project: &Project, needs: &[Demand]) -> Vec<Advice> {
    let mut by_table: BTreeMap<usize, Vec<Demand>> = BTreeMap::new();
    for demand in needs {
        by_table.entry(demand.table).or_default().push(demand.clone());
    }
    let mut out = Vec::new();
    for (index, demands) in by_table {
        let is_measured_small = project.sizes.as_ref().is_some_and(|sizes| sizes.is_small(index));
        if let Some(table) = project.schema.tables.get(index).filter(|_| !is_measured_small) {
            let small = is_small(project, table);
            // A name that says "few rows" is a guess: a look-up by a column that no index has is still told.
            out.extend(
                for_table(table, demands)
                    .into_iter()
                    .filter(|advice| !small || advice.equal > 0 && !advice.longer),
            );
        }
    }
    out
}

/// The advice for one table. What an index on one of its foreign keys serves is left to that index.
pub fn for_table(table: &Table, demands: Vec<Demand>) -> Vec<Advice> {
    let keys: Vec<&ForeignKey> = foreign_keys::unserved(table).collect();
    let planned: Vec<Index> = keys.iter().map(|key| plain_index(&key.columns)).collect();
    // A parent has few rows, which is all that a filter by it and by another column needs; a tenant has many.
    let mut parents = planned.clone();
    parents.retain(|index| index.columns().next().is_some_and(|first| !is_tenant(first)));
    // Many sites ask for the same.
    let mut known: FxHashMap<Demand, bool> = FxHashMap::default();
    let mut is_wanted = |demand: &Demand| {
        let asked = Demand { site: 0, ..demand.clone() };
        *known.entry(asked).or_insert_with(|| {
            let is_open_at_first = is_open(&table.indexes, demand) && is_open(&parents, demand);
            let demand = narrowed(demand.clone());
            is_open_at_first && is_open(&table.indexes, &demand) && is_open(&planned, &demand)
        })
    };
    let open: Vec<Demand> = demands.into_iter().filter(|demand| is_wanted(demand)).map(narrowed).collect();
    let leads = |column: &str| table.leads(column) || planned.iter().any(|index| index.leads_with(&[column]));
    let mut kept = merged(candidates(&open, leads));
    kept.retain(|advice| !exists(&table.indexes, advice) && !exists(&planned, advice) && is_worth(table, advice));
    for advice in &mut kept {
        let key = keys.iter().find(|key| advice.columns.starts_with(&key.columns));
        advice.foreign_key = key.map(|key| key.columns.clone());
        advice.longer = advice.columns.first().is_some_and(|first| table.leads(first));
        complete(table, advice);
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
        origin: Origin::Declared,
        only: false,
        places: Vec::new(),
    }
}

/// Of a column whose values differ for nearly every row, an index on it alone finds what there is.
fn narrowed(mut demand: Demand) -> Demand {
    if let Some(exact) = demand.equal.iter().find(|column| is_identifying(column)).cloned() {
        demand.equal = vec![exact];
        demand.range.clear();
        demand.order.clear();
    }
    demand
}

/// One index for each demand, equal ones once.
fn candidates(open: &[Demand], leads: impl Fn(&str) -> bool) -> Vec<Advice> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for column in open.iter().flat_map(|demand| &demand.equal) {
        *uses.entry(column).or_default() += 1;
    }
    let mut candidates: Vec<Advice> = Vec::new();
    for demand in open {
        let mut columns = demand.equal.clone();
        // The columns that most statements compare come first, so that one index serves more of them.
        columns.sort_by_key(|column| (usize::MAX - uses.get(column.as_str()).copied().unwrap_or(0), column.clone()));
        let equal = columns.len();
        for (tail, _) in demand.tails() {
            if !columns.iter().any(|column| column == tail) {
                columns.push(tail.to_owned());
            }
        }
        match candidates.iter_mut().find(|known| known.columns == columns && known.equal == equal) {
            Some(known) => known.demands.push(demand.clone()),
            None => candidates.push(Advice {
                table: demand.table,
                equal,
                longer: columns.first().is_some_and(|first| leads(first)),
                columns,
                descending: false,
                only: Vec::new(),
                include: Vec::new(),
                demands: vec![demand.clone()],
                foreign_key: None,
            }),
        }
    }
    candidates
}

/// Whether none of the indexes serves the demand.
fn is_open(indexes: &[Index], demand: &Demand) -> bool {
    if !demand.limited && !demand.order.is_empty() && demand.range.is_empty() {
        // A sort of all that an index finds is no reason for a longer one.
        let unsorted = Demand {
            order: Vec::new(),
            ..demand.clone()
        };
        return !indexes.iter().any(|index| serves(index, &unsorted));
    }
    !indexes.iter().any(|index| serves(index, demand))
}

/// Whether several statements gain from a longer index, where the first column's own index leaves few rows as a rule.
fn is_worth(table: &Table, advice: &Advice) -> bool {
    let Some(first) = advice.columns.first().filter(|_| advice.longer) else {
        return true;
    };
    let is_key = table.foreign_keys.iter().any(|key| key.columns.first() == Some(first));
    let least = if is_key && !is_tenant(first) {
        WORTH_LONGER_KEY
    } else {
        WORTH_LONGER
    };
    advice.sites().len() >= least && !is_identifying(first)
}

/// Direction, predicate and carried columns, where all that the index serves agrees on them.
fn complete(table: &Table, advice: &mut Advice) {
    let last = advice.columns.get(advice.equal..).unwrap_or_default();
    let ways: Vec<bool> = advice
        .demands
        .iter()
        .filter_map(|demand| demand.order.first())
        .filter(|(column, _)| last.first() == Some(column))
        .map(|(_, descending)| *descending)
        .collect();
    advice.descending = !ways.is_empty() && ways.iter().all(|way| *way);
    advice.only = only(table, advice);
    advice.include = included(table, advice);
}

/// Conditions that every served statement has, as a partial index can have them.
fn only(table: &Table, advice: &Advice) -> Vec<(String, String)> {
    let has_partial = matches!(table.dialect, Dialect::Postgres | Dialect::Sqlite);
    let declares = matches!(
        table.tool(),
        None | Some(Tool::SqlAlchemy | Tool::SqlModel | Tool::Django | Tool::Drizzle | Tool::TypeOrm)
    );
    let Some((first, others)) = advice
        .demands
        .split_first()
        .filter(|_| has_partial && declares && advice.foreign_key.is_none())
    else {
        return Vec::new();
    };
    let is_simple = |literal: &str| ["null", "true", "false"].iter().any(|simple| literal.eq_ignore_ascii_case(simple));
    let common = first.fixed.iter().filter(|pair| {
        let (column, literal) = pair;
        let is_key = advice.columns.contains(column);
        !is_key && is_simple(literal) && others.iter().all(|other| other.fixed.contains(pair))
    });
    common.map(|(column, literal)| (column.clone(), literal.to_lowercase())).collect()
}

/// The few small columns with which an index alone answers every served statement.
fn included(table: &Table, advice: &Advice) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for demand in &advice.demands {
        let Some(reads) = &demand.reads else { return Vec::new() };
        all.extend(reads.iter().cloned());
    }
    all.sort();
    all.dedup();
    all.retain(|column| !advice.columns.contains(column) && !advice.only.iter().any(|(name, _)| name == column));
    let small = all.iter().all(|name| table.column(name).is_some_and(is_fixed_size));
    let fits = table.dialect == Dialect::Postgres && table.tool().is_none_or(|tool| tool == Tool::SqlAlchemy) && !advice.longer;
    if fits && small && all.len() <= MAX_INCLUDED {
        all
    } else {
        Vec::new()
    }
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

/// Whether one of the indexes begins with these columns.
fn exists(indexes: &[Index], advice: &Advice) -> bool {
    let (equal, tail) = advice.columns.split_at(advice.equal.min(advice.columns.len()));
    indexes.iter().any(|index| {
        let keys: Vec<&str> = index.columns().take(advice.columns.len()).collect();
        let (first, rest) = keys.split_at(equal.len().min(keys.len()));
        index.is_btree()
            && index.predicate.is_none()
            && keys.len() == advice.columns.len()
            && first.iter().all(|key| equal.iter().any(|column| column.eq_ignore_ascii_case(key)))
            && rest.iter().zip(tail).all(|(key, column)| column.eq_ignore_ascii_case(key))
    })
}

/// Of the indexes that would only go further than one that exists, the most asked for.
fn limited(mut kept: Vec<Advice>) -> Vec<Advice> {
    kept.sort_by(|left, right| {
        let key = |advice: &Advice| (advice.longer, usize::MAX - advice.sites().len());
        key(left).cmp(&key(right)).then_with(|| left.columns.cmp(&right.columns))
    });
    let mut longer = 0;
    kept.retain(|advice| {
        longer += usize::from(advice.longer);
        !advice.longer || longer <= MAX_LONGER
    });
    kept
}

#[cfg(test)]
#[path = "advisor_tests.rs"]
mod tests;
