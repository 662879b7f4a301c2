//! `no-compression`: an application that registers nothing to compress its responses.

use crate::advice::texts::{self, AppPart};
use crate::analysis::Analyses;
use crate::finding::Finding;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = deployed::unregistered(
        project,
        "no-compression",
        project.deployment.features.compression.map(|place| place.is_some()),
        |_| true,
    );
    for finding in &mut findings {
        finding.title = format!("The {} application does not compress responses", finding.subject);
        finding.message.push_str(
            "; no compression middleware is registered, and no proxy configuration here compresses. Where a platform in front of it compresses, that is enough.",
        );
        "large JSON and HTML answers cross the network at five to ten times their compressed size".clone_into(&mut finding.impact);
        finding.fix = texts::of_framework(AppPart::Compression, &finding.subject);
    }
    findings
}
