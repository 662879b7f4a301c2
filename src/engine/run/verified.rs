//! One run, and what a database's planner says of what it finds.

use super::{Plan, inputs};
use crate::config::Config;
use crate::error::Error;
use crate::finding::Finding;
use crate::progress::Observer;
use crate::project::Project;
use crate::report::Report;

/// Reports on what a configuration names, and hands what was found to `prove`.
pub fn verify<T: Send>(
    config: &Config,
    observer: &dyn Observer,
    prove: impl FnOnce(&Project, &[Finding]) -> T + Send,
) -> Result<(Report, T), Error> {
    let plan = Plan::of(config, None, observer)?;
    let (files, with_tests, coverage) = inputs(config)?;
    plan.run_and(files, with_tests, coverage, |project, report| prove(project, &report.findings))
}
