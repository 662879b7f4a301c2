//! `no-metrics`: an application whose latency and errors nobody can see.

use crate::advice::texts::{self, AppPart};
use crate::analysis::Analyses;
use crate::finding::Finding;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = deployed::unregistered(
        project,
        "no-metrics",
        project.deployment.features.metrics.map(|place| place.is_some()),
        |_| true,
    );
    for finding in &mut findings {
        finding.title = format!("The {} application exports no metrics or traces", finding.subject);
        finding
            .message
            .push_str("; no Prometheus, OpenTelemetry, StatsD, APM or error tracker with traces is set up.");
        "a slow route shows only once users complain".clone_into(&mut finding.impact);
        "Export request counts, latencies and errors by route; OpenTelemetry or a Prometheus middleware does so without changes to the routes."
            .clone_into(&mut finding.fix.summary);
        finding.fix.code = texts::of_framework(AppPart::Metrics, &finding.subject).code;
    }
    findings
}
