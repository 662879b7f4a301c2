//! What a run can say of known findings that it did not find again.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use crate::engine::baseline::{BaselineScope, Known};
use crate::project::Project;

/// What a run can say of known findings.
pub(super) struct Checked<'a> {
    plan: &'a Plan<'a>,
    /// Names of functions and classes by file.
    symbols: BTreeMap<&'a str, BTreeSet<String>>,
}

impl<'a> Checked<'a> {
    pub(super) fn of(plan: &'a Plan<'a>, project: &'a Project) -> Self {
        let symbols = if plan.baseline.is_some() {
            project.symbols()
        } else {
            BTreeMap::new()
        };
        Checked { plan, symbols }
    }

    fn is_gone(&self, file: &str) -> bool {
        !self.symbols.contains_key(file) && !self.plan.config.root.join(file).exists()
    }
}

impl BaselineScope for Checked<'_> {
    fn is_checked(&self, known: &Known) -> bool {
        self.plan.rules.wanted().any(|id| id == known.rule) && (self.symbols.contains_key(known.file.as_str()) || self.is_gone(&known.file))
    }

    fn is_moved(&self, known: &Known) -> bool {
        match self.symbols.get(known.file.as_str()) {
            Some(symbols) => !known.symbol.is_empty() && !symbols.contains(&known.symbol),
            None => self.is_gone(&known.file),
        }
    }
}
