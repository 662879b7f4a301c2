//! Which sites an index serves, for every index of a table.

use rustc_hash::FxHashMap;

use super::needs::{IndexNeed, serves, serves_by_text};
use crate::project::schema::Index;

/// What is asked of one table: sites that ask the same together, so that an index is asked once for all of them, and only for those
/// that name its first column.
pub struct NeedsByColumn<'d> {
    groups: Vec<(&'d IndexNeed, Vec<usize>)>,
    /// Places of the groups that name a column, in lower case.
    by_column: FxHashMap<String, Vec<usize>>,
}

impl<'d> NeedsByColumn<'d> {
    /// Groups the needs of a table.
    pub fn of(needs: &[&'d IndexNeed]) -> NeedsByColumn<'d> {
        let mut places: FxHashMap<_, usize> = FxHashMap::default();
        let mut wanted = NeedsByColumn {
            groups: Vec::new(),
            by_column: FxHashMap::default(),
        };
        for &need in needs {
            let asked = (&need.equal, &need.flags, &need.linked, &need.range, &need.order);
            let place = *places.entry(asked).or_insert(wanted.groups.len());
            if place == wanted.groups.len() {
                wanted.groups.push((need, Vec::new()));
                wanted.name(need, place);
            }
            wanted.groups[place].1.push(need.site);
        }
        wanted
    }

    /// Notes the columns that an index which serves a need can start with.
    fn name(&mut self, need: &IndexNeed, place: usize) {
        let tail = need.tail().map(|(column, _)| column);
        for column in need
            .compared()
            .into_iter()
            .chain(need.linked.iter().map(String::as_str))
            .chain(tail)
        {
            let places = self.by_column.entry(column.to_ascii_lowercase()).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }

    /// The sites that an index serves, each once, in order.
    pub fn sites(&self, index: &Index) -> Vec<usize> {
        let first = index.columns().next().filter(|_| !serves_by_text(index));
        let named = first.map(|column| self.by_column.get(&column.to_ascii_lowercase()).map_or(&[][..], Vec::as_slice));
        let groups: Vec<usize> = named.map_or_else(|| (0..self.groups.len()).collect(), <[usize]>::to_vec);
        let served = groups
            .into_iter()
            .filter_map(|place| self.groups.get(place))
            .filter(|(need, _)| serves(index, need));
        let mut sites: Vec<usize> = served.flat_map(|(_, sites)| sites.iter().copied()).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }
}
