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
        return !table.indexes.iter().any(|index| serves(index, &unsorted));
    }
    !table.indexes.iter().any(|index| serves(index, demand))
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

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::finding::Confidence;
    use crate::libraries::facts::extract;
    use crate::walk::FileKind;

    /// Numbers that are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % end.max(1)
        }

        fn some(&mut self, columns: &[String], most: usize) -> Vec<String> {
            let mut out: Vec<String> = Vec::new();
            for _ in 0..self.below(most + 1) {
                let column = &columns[self.below(columns.len())];
                if !out.contains(column) {
                    out.push(column.clone());
                }
            }
            out
        }
    }

    fn schema(dice: &mut Dice, columns: &[String]) -> Project {
        let list: Vec<String> = columns.iter().map(|column| format!("{column} int")).collect();
        let mut sql = format!("CREATE TABLE things (id int PRIMARY KEY, {});\n", list.join(", "));
        for number in 0..dice.below(4) {
            let keys = dice.some(columns, 3);
            let unique = if dice.below(4) == 0 { "UNIQUE " } else { "" };
            let partial = if dice.below(4) == 0 { " WHERE c0 > 1" } else { "" };
            if !keys.is_empty() {
                let _ = writeln!(sql, "CREATE {unique}INDEX i{number} ON things ({}){partial};", keys.join(", "));
            }
        }
        Project::link(vec![extract("schema.sql", FileKind::Sql, &sql)])
    }

    fn demand(dice: &mut Dice, columns: &[String], site: usize) -> Demand {
        let mut equal = dice.some(columns, 3);
        equal.sort();
        let order = dice
            .some(columns, 2)
            .into_iter()
            .map(|column| (column, dice.below(2) == 0))
            .collect();
        Demand {
            site,
            table: 0,
            equal,
            flags: dice.some(columns, 1),
            range: dice.some(columns, 1),
            order,
            limited: dice.below(2) == 0,
            joined: false,
            confidence: Confidence::High,
        }
    }

    fn starts_with(keys: &[&str], columns: &[String]) -> bool {
        keys.len() >= columns.len() && keys.iter().zip(columns).all(|(key, column)| key == column)
    }

    #[test]
    fn advice_is_new_needed_and_names_known_columns() {
        let columns: Vec<String> = (0..5).map(|number| format!("c{number}")).collect();
        let mut dice = Dice(7);
        for round in 0..400 {
            let project = schema(&mut dice, &columns);
            let table = &project.schema.tables[0];
            let asked: Vec<Demand> = (0..=dice.below(5)).map(|site| demand(&mut dice, &columns, site)).collect();
            let asked: Vec<Demand> = asked
                .into_iter()
                .filter(|demand| demand.tail().is_some() || !demand.equal.is_empty())
                .collect();
            let advice = for_table(table, asked.clone());
            for (at, one) in advice.iter().enumerate() {
                let seen = format!("round {round}: {:?} for {asked:?} on {:?}", one.columns, table.indexes);
                assert!(!one.columns.is_empty() && !one.demands.is_empty(), "{seen}");
                assert!(one.columns.iter().all(|column| columns.contains(column)), "unknown column, {seen}");
                let mut distinct = one.columns.clone();
                distinct.sort();
                distinct.dedup();
                assert_eq!(distinct.len(), one.columns.len(), "a column twice, {seen}");
                let has = |index: &crate::project::schema::Index| {
                    index.predicate.is_none() && starts_with(&index.columns().collect::<Vec<_>>(), &one.columns)
                };
                assert!(!table.indexes.iter().any(has), "exists, {seen}");
                for (other_at, other) in advice.iter().enumerate() {
                    let keys: Vec<&str> = other.columns.iter().map(String::as_str).collect();
                    assert!(
                        other_at == at || !starts_with(&keys, &one.columns),
                        "redundant with {keys:?}, {seen}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_index_serves_several_statements() {
        let columns: Vec<String> = (0..3).map(|number| format!("c{number}")).collect();
        let project = schema(&mut Dice(0), &columns);
        let table = &Table {
            indexes: Vec::new(),
            ..project.schema.tables[0].clone()
        };
        let ask = |equal: &[&str], order: &[&str], site| Demand {
            site,
            table: 0,
            equal: equal.iter().map(|&name| name.to_owned()).collect(),
            flags: Vec::new(),
            range: Vec::new(),
            order: order.iter().map(|&name| (name.to_owned(), true)).collect(),
            limited: true,
            joined: false,
            confidence: Confidence::High,
        };
        let advice = for_table(
            table,
            vec![ask(&["c0"], &[], 0), ask(&["c0", "c1"], &[], 1), ask(&["c0", "c1"], &["c2"], 2)],
        );
        assert_eq!(advice.iter().map(|one| one.columns.join(",")).collect::<Vec<_>>(), ["c0,c1,c2"]);
        assert_eq!(advice[0].demands.len(), 3);
    }
}
