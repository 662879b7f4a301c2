//! Findings about one query site: place, reach and evidence that every such rule gives alike.

use crate::finding::{Confidence, Finding, Priority, Role};
use crate::judge::evidence;
use crate::judge::reach::{self, Reached};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::vocabulary::Open;

/// Starts a finding at a site. `priority` is what it has when a request reaches it.
pub fn start(project: &Project, site: &QuerySite, rule: &str, priority: Priority, confidence: Confidence) -> (Finding, Option<String>) {
    let (reached, label) = reach::reached(project, site.function);
    let priority = match reached {
        Reached::Request => priority,
        Reached::Job | Reached::Unknown => priority.max(Priority::P2),
        Reached::Startup | Reached::Command => Priority::P3,
    };
    let mut finding = Finding::new(rule, priority, confidence, project.place_in(site.function, site.span));
    finding.related = evidence::path_from_entry(project, site.function);
    let table = site.query.table().and_then(|name| project.schema.table(name));
    if let Some((table, place)) = table.and_then(|table| Some((table, table.place()?))) {
        finding.relate(project.schema_place(place), Role::Table, format!("table `{}`", table.name));
    }
    (finding, label)
}

/// Whether only staff sees what a site gives: by its path or its entry's address.
pub fn is_admin(project: &Project, site: &QuerySite) -> bool {
    let (_, label) = reach::reached(project, site.function);
    let is_it = |place: &str| project.words.has(Open::StaffPlaces, place);
    is_it(project.path(site.file)) || label.is_some_and(|label| is_it(&label))
}

#[cfg(test)]
mod tests {
    use super::is_admin;
    use crate::project::Project;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    fn is_admin_in(path: &str) -> bool {
        let text = "import sqlite3\n\ndef courts(connection: sqlite3.Connection):\n    return connection.execute('SELECT id FROM courts').fetchall()\n";
        let project = Project::link(vec![extract(path, FileKind::Python, text)]);
        let site = project.graph.sites.first().expect("a query");
        is_admin(&project, site)
    }

    #[test]
    fn a_place_is_for_staff_by_a_whole_word() {
        assert!(is_admin_in("shop/admin/courts.py") && is_admin_in("shop/court_admin.py"));
        assert!(!is_admin_in("shop/badminton.py"));
    }
}
