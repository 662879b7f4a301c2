//! What reached a bound, and where.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Limit;

/// A place where a bound was reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Overrun {
    /// The bound.
    pub limit: Limit,
    /// `path`, `path:line` or the name of a table.
    pub place: String,
}

/// What reached a bound while a project was linked and judged: filled from all threads, the same whatever their order.
#[derive(Debug, Default)]
pub struct Overruns(Mutex<BTreeSet<Overrun>>);

impl Overruns {
    /// Tells that something reached a bound at a place: `path`, `path:line` or the name of a table.
    pub fn add(&self, limit: Limit, place: impl Into<String>) {
        let place = place.into();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(Overrun { limit, place });
    }

    /// All of them, by bound and place.
    pub fn list(&self) -> Vec<Overrun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

thread_local! {
    static TOLD: RefCell<BTreeSet<(Limit, u32)>> = RefCell::default();
}

/// Tells that the file which this thread reads reached a bound at a byte offset.
///
/// Front ends read a file on one thread from start to end, and call this from deep inside; [`hearing`] gathers it.
pub fn tell(limit: Limit, offset: u32) {
    TOLD.with_borrow_mut(|told| told.insert((limit, offset)));
}

/// Runs the reading of one file; what it told comes with its result, by bound and offset.
pub fn hearing<T>(read: impl FnOnce() -> T) -> (T, Vec<(Limit, u32)>) {
    // What is kept aside is that of a reading around this one, or of an earlier one that ended in a panic; neither is this one's.
    let around = TOLD.take();
    let result = read();
    (result, TOLD.replace(around).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_file_told_is_not_told_of_the_next() {
        tell(Limit::Nesting, 1);
        let (value, told) = hearing(|| {
            tell(Limit::Nesting, 7);
            tell(Limit::Nesting, 7);
            tell(Limit::CodeSize, 9);
            5
        });
        assert_eq!((value, told), (5, vec![(Limit::CodeSize, 9), (Limit::Nesting, 7)]));
        assert_eq!(hearing(|| ()).1, []);
        // A text of SQL in a migration that is read.
        let (inner, outer) = hearing(|| {
            tell(Limit::Changes, 3);
            let ((), inner) = hearing(|| tell(Limit::SqlNesting, 0));
            tell(Limit::Changes, 4);
            inner
        });
        assert_eq!(
            (inner, outer),
            (vec![(Limit::SqlNesting, 0)], vec![(Limit::Changes, 3), (Limit::Changes, 4)])
        );
    }
}
