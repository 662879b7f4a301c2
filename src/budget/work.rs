//! How much a run does, counted: tests hold it against what is read, in place of a clock, which tells of the machine and of what else
//! runs there.
//!
//! Each thread counts for itself; a run asks all of its own at the end. Builds without debug assertions count nothing.

use std::cell::Cell;
use std::ops::Add;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// How often something of what was read was looked at: an expression, a statement, a function, a name, a table, a query.
    pub looks: u64,
    /// What the counters of bounds took ([`Steps`](super::Steps)): most of it is the parser's.
    pub steps: u64,
}

impl Add for Work {
    type Output = Work;

    fn add(self, other: Work) -> Work {
        Work {
            looks: self.looks.wrapping_add(other.looks),
            steps: self.steps.wrapping_add(other.steps),
        }
    }
}

thread_local! {
    static LOOKS: Cell<u64> = const { Cell::new(0) };
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts so many looks.
#[inline]
pub fn looked(looks: usize) {
    if cfg!(debug_assertions) {
        LOOKS.set(LOOKS.get().wrapping_add(looks as u64));
    }
}

/// Counts so many steps of a bound.
#[inline]
pub fn stepped(steps: u64) {
    if cfg!(debug_assertions) {
        STEPS.set(STEPS.get().wrapping_add(steps));
    }
}

/// What this thread has done since it began.
pub fn done() -> Work {
    Work {
        looks: LOOKS.get(),
        steps: STEPS.get(),
    }
}

/// Counts what another thread has done for this one.
pub fn count(work: Work) {
    looked(work.looks as usize);
    stepped(work.steps);
}
