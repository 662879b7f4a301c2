//! Findings about one query site: place, reach and evidence that every such rule gives alike.

use crate::finding::{Confidence, Finding, Role};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach};
use crate::project::Project;
use crate::project::graph::QuerySite;

/// Starts a finding at a site, of which one use costs this. The name of the entry point comes along.
pub fn start(project: &Project, site: &QuerySite, rule: &str, cost: &Cost, confidence: Confidence) -> (Finding, Option<String>) {
    let reach = reach::at(project, site.function, site.expr);
    let judgement = priority::judge(cost, &reach, confidence, 0);
    let label = reach.label;
    let mut finding = Finding::new(rule, judgement, confidence, project.place_in(site.function, site.span));
    finding.related = evidence::path_to_place(project, site.function, site.expr);
    let table = site.query.table().and_then(|name| project.schema.table(name));
    if let Some((table, place)) = table.and_then(|table| Some((table, table.place()?))) {
        finding.relate(project.schema_place(place), Role::Table, format!("table `{}`", table.name));
    }
    (finding, label)
}
