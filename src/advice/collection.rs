//! What to do about a collection that only grows.

use super::texts::{Advised, advice};
use crate::analysis::growth::Growing;
use crate::finding::Finding;

/// The finding of a rule on a collection, with what to do about it.
pub fn finding(growing: &Growing<'_>, rule: &str) -> Finding {
    Finding {
        fix: advice(Advised::Limit, growing.language().name(), &[]),
        ..growing.finding(rule)
    }
}
