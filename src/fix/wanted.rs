//! What is to be mended.

use std::path::Path;

use crate::finding::Finding;

/// What is to be mended, and what may be changed for it.
pub struct FixRequest<'a> {
    /// Rules; none stands for all.
    pub rules: &'a [String],
    /// Files and folders, relative to the root; none stands for all.
    pub only: &'a [String],
    /// Findings that are left alone, by fingerprint.
    pub without: &'a [String],
    /// Also what changes the meaning in a corner.
    pub with_unsafe: bool,
    /// Whether a file may be changed, else why not.
    pub may_change: &'a (dyn Fn(&str) -> Result<(), String> + Sync),
}

impl FixRequest<'_> {
    /// Whether a finding is to be mended.
    pub fn has(&self, finding: &Finding) -> bool {
        let is_below = |path: &String| path.is_empty() || Path::new(&finding.location.file).starts_with(path);
        let is_rule = self.rules.is_empty() || self.rules.contains(&finding.rule);
        let is_left = self.without.contains(&finding.fingerprint);
        !is_left && is_rule && (self.only.is_empty() || self.only.iter().any(is_below))
    }
}
