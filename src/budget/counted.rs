//! A list that counts how often one of its items is looked at.

use std::cmp::Ordering;
use std::ops::{Index, IndexMut, Range};
use std::slice;

use rayon::iter::IntoParallelIterator;
use serde::{Deserialize, Serialize};

use super::work::looked;

/// A list of what a run is about (expressions, functions, tables): each look at an item is a unit of the run's [`Work`](super::Work), so
/// that a search which goes through all of them for each of them shows in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CountedVec<T>(Vec<T>);

/// The items of a list in order, each counted as it comes.
#[derive(Debug)]
pub struct CountedItems<'a, T>(slice::Iter<'a, T>);

impl<'a, T> Iterator for CountedItems<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        looked(1);
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> DoubleEndedIterator for CountedItems<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        looked(1);
        self.0.next_back()
    }
}

impl<T> ExactSizeIterator for CountedItems<'_, T> {}

impl<T> Clone for CountedItems<'_, T> {
    fn clone(&self) -> Self {
        CountedItems(self.0.clone())
    }
}

impl<T> CountedVec<T> {
    /// Its items in order.
    pub fn iter(&self) -> CountedItems<'_, T> {
        CountedItems(self.0.iter())
    }

    /// Its items, shared out among threads: counted at once.
    pub fn par_iter(&self) -> rayon::slice::Iter<'_, T>
    where
        T: Sync,
    {
        self.as_slice().into_par_iter()
    }

    /// Its items in order, to be changed: counted at once.
    pub fn iter_mut(&mut self) -> slice::IterMut<'_, T> {
        looked(self.0.len());
        self.0.iter_mut()
    }

    /// All of it, for those who look at all of it: counted at once.
    pub fn as_slice(&self) -> &[T] {
        looked(self.0.len());
        &self.0
    }

    /// The item at a place.
    pub fn get(&self, at: usize) -> Option<&T> {
        looked(1);
        self.0.get(at)
    }

    /// The first item.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// As of a slice: the place of the item at which `compare` says `Equal`, of a list in its order.
    pub fn binary_search_by(&self, mut compare: impl FnMut(&T) -> Ordering) -> Result<usize, usize> {
        self.0.binary_search_by(|item| {
            looked(1);
            compare(item)
        })
    }

    /// As of a slice: the place of the first item for which `is_before` is false, of a list in which those come last.
    pub fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        self.0.partition_point(|item| {
            looked(1);
            is_before(item)
        })
    }

    /// Adds an item.
    pub fn push(&mut self, item: T) {
        self.0.push(item);
    }

    /// The list itself, for those who make it: what they look at is not counted.
    pub fn as_mut_vec(&mut self) -> &mut Vec<T> {
        &mut self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for CountedVec<T> {
    fn default() -> Self {
        CountedVec(Vec::new())
    }
}

impl<T> From<Vec<T>> for CountedVec<T> {
    fn from(items: Vec<T>) -> Self {
        CountedVec(items)
    }
}

impl<T> FromIterator<T> for CountedVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        CountedVec(items.into_iter().collect())
    }
}

impl<T> Extend<T> for CountedVec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.0.extend(items);
    }
}

impl<T> Index<usize> for CountedVec<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        looked(1);
        &self.0[at]
    }
}

impl<T> IndexMut<usize> for CountedVec<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        looked(1);
        &mut self.0[at]
    }
}

impl<T> Index<Range<usize>> for CountedVec<T> {
    type Output = [T];

    fn index(&self, range: Range<usize>) -> &[T] {
        looked(range.len());
        &self.0[range]
    }
}

impl<'a, T> IntoIterator for &'a CountedVec<T> {
    type Item = &'a T;
    type IntoIter = CountedItems<'a, T>;

    fn into_iter(self) -> CountedItems<'a, T> {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut CountedVec<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> slice::IterMut<'a, T> {
        self.iter_mut()
    }
}

impl<T> IntoIterator for CountedVec<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> std::vec::IntoIter<T> {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::work::done;
    use super::*;

    #[test]
    #[cfg(debug_assertions)]
    fn each_look_counts_and_asking_how_many_there_are_does_not() {
        let list = CountedVec::from(vec![1, 2, 3, 4]);
        let before = done().looks;
        assert_eq!((list.len(), list.is_empty()), (4, false));
        assert_eq!(done().looks - before, 0);
        assert_eq!(list[1] + list.get(2).copied().unwrap_or(0), 5);
        assert_eq!(list.iter().position(|&item| item == 2), Some(1));
        assert_eq!(list[1..4].len(), 3);
        assert_eq!(done().looks - before, 2 + 2 + 3);
    }
}
