//! Work that is counted, for one piece of work at a time.

use std::cell::Cell;

use super::{Limit, work};

/// The steps that one piece of work (the reading of a file, the analysis of a function) may still take.
#[derive(Debug)]
pub struct Steps {
    pub(super) left: Cell<u64>,
}

impl Steps {
    /// All the steps of a bound.
    pub fn of(limit: Limit) -> Steps {
        Steps {
            left: Cell::new(limit.most()),
        }
    }

    /// So many steps, where a bound depends on the length of what is read.
    pub fn with(steps: u64) -> Steps {
        Steps { left: Cell::new(steps) }
    }

    /// Takes some steps; `false` once there are no more, and ever after.
    pub fn take(&self, steps: u64) -> bool {
        work::stepped(steps);
        let left = self.left.get();
        self.left.set(left.saturating_sub(steps));
        left >= steps && left > 0
    }

    /// Whether a step was asked for that was not there any more.
    pub fn are_spent(&self) -> bool {
        self.left.get() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_and_stay_ended() {
        let steps = Steps { left: Cell::new(3) };
        assert!(steps.take(2) && !steps.are_spent() && steps.take(1));
        assert!(!steps.take(1) && steps.are_spent());
        let steps = Steps { left: Cell::new(3) };
        assert!(!steps.take(4) && !steps.take(1));
    }
}
