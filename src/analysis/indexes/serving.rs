//! Which index serves a query: one answer for every list.

use super::needs::{IndexNeed, serves};
use crate::libraries::shared::query::Query;
use crate::project::Project;
use crate::project::schema::{Index, Table};
use crate::statement::FilterKind;

/// The index that serves a query best, with its table: on the query's first table before those that it joins.
///
/// `needs` is what the query asks of indexes; where it asks for nothing that the schema lacks, its conditions alone decide.
pub fn index_of<'p>(project: &'p Project, query: &Query, needs: &[IndexNeed]) -> Option<(&'p Table, &'p Index)> {
    let own = project.table_of(query);
    if let Some(table) = own {
        let found =
            by_conditions(table, query).or_else(|| by_needs(project, needs, |other| std::ptr::eq(table, other)).map(|(_, index)| index));
        if let Some(index) = found {
            return Some((table, index));
        }
    }
    by_needs(project, needs, |other| own.is_none_or(|table| !std::ptr::eq(table, other)))
}

/// The first declared index that leaves a need nothing to ask for.
fn by_needs<'p>(project: &'p Project, needs: &[IndexNeed], is_wanted: impl Fn(&Table) -> bool) -> Option<(&'p Table, &'p Index)> {
    needs.iter().find_map(|need| {
        let table = project.schema.tables.get(need.table).filter(|table| is_wanted(table))?;
        let index = table.indexes.iter().find(|index| serves(index, need))?;
        Some((table, index))
    })
}

/// The index whose first keys are most of the columns that the first table is compared by; after equal ones, one range.
fn by_conditions<'t>(table: &'t Table, query: &Query) -> Option<&'t Index> {
    let named = |kinds: &[FilterKind]| -> Vec<&str> {
        let filters = query.statement.filters.iter().filter(|filter| !filter.optional);
        let own = filters.filter(|filter| filter.column.table.is_none_or(|at| at == 0) && kinds.contains(&filter.kind));
        own.map(|filter| match filter.column.column.as_str() {
            "pk" if !table.primary_key.is_empty() => table.primary_key.first().map_or("pk", String::as_str),
            column => table.column_name(column),
        })
        .collect()
    };
    let equal = named(&[FilterKind::Equality, FilterKind::In]);
    let range = named(&[FilterKind::Range, FilterKind::Prefix]);
    let has = |list: &[&str], key: &str| list.iter().any(|column| column.eq_ignore_ascii_case(key));
    let used = |index: &Index| -> usize {
        if !index.is_btree() || index.only || !index.holds_for(&equal) {
            return 0;
        }
        let keys: Vec<&str> = index.columns().collect();
        let lead = keys.iter().take_while(|key| has(&equal, key)).count();
        lead + usize::from(keys.get(lead).is_some_and(|key| has(&range, key)))
    };
    let best = table
        .indexes
        .iter()
        .map(|index| (used(index), index))
        .filter(|(used, _)| *used > 0)
        // Of equal ones the first declared.
        .min_by_key(|(used, index)| (usize::MAX - used, index.keys.len()));
    best.map(|(_, index)| index)
}
