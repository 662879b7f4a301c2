//! Priorities and what lowers them.

use crate::finding::{Confidence, Priority};

/// Lowers a priority by steps; `P3` is the floor.
pub fn lower(priority: Priority, steps: u32) -> Priority {
    (0..steps).fold(priority, |at, _| match at {
        Priority::P0 => Priority::P1,
        Priority::P1 => Priority::P2,
        _ => Priority::P3,
    })
}

/// A low-confidence finding is never P0 or P1.
pub fn capped(priority: Priority, confidence: Confidence) -> Priority {
    match confidence {
        Confidence::Low => priority.max(Priority::P2),
        Confidence::Medium | Confidence::High => priority,
    }
}
