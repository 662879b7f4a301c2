//! One run, and what would mend what it finds.

use super::{Plan, inputs};
use crate::config::Config;
use crate::error::Error;
use crate::fix::disk::Disk;
use crate::fix::{self, FixRequest};
use crate::progress::Observer;
use crate::report::Report;

/// Reports on what a configuration names, whatever a baseline knows, and works out the changes that mend what is wanted. Nothing is
/// written.
pub fn mend(config: &Config, disk: &Disk, wanted: &FixRequest<'_>, observer: &dyn Observer) -> Result<(Report, fix::FixPlan), Error> {
    let plan = Plan::of(config, None, observer)?;
    let (files, with_tests, coverage) = inputs(config)?;
    plan.run_and(files, with_tests, coverage, |project, report| {
        fix::plan(project, &report.findings, disk, wanted)
    })
}
