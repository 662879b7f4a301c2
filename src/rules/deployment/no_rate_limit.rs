//! `no-rate-limit`: an application that serves any client as often as it asks.

use crate::advice::texts::{self, AppPart};
use crate::analysis::Analyses;
use crate::finding::Finding;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = deployed::unregistered(
        project,
        "no-rate-limit",
        project.deployment.features.limiter.map(|place| place.is_some()),
        |_| true,
    );
    for finding in &mut findings {
        finding.title = format!("The {} application has no rate limit", finding.subject);
        finding.message.push_str(
            "; no limiter is registered as middleware, decorator or dependency, and no proxy configuration here limits requests.",
        );
        "one client can take all workers and connections".clone_into(&mut finding.impact);
        "Limit requests by client, with lower limits for expensive routes (search, export, sign-in, calls to models)."
            .clone_into(&mut finding.fix.summary);
        finding.fix.code = texts::of_framework(AppPart::RateLimit, &finding.subject).code;
    }
    findings
}
