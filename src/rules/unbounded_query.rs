//! `unbounded-query`: all rows of a growing table are loaded.

use rayon::prelude::*;

use super::bounds::{self, Bound};
use super::evidence::{self, Reached, lower};
use crate::finding::{Confidence, Finding, Fix, Priority, Role};
use crate::project::Project;
use crate::project::graph::QuerySite;

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    project.graph.sites.par_iter().filter_map(|site| finding(project, site)).collect()
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let columns = match bounds::bound(project, site) {
        Bound::Open => Vec::new(),
        Bound::Filtered(columns) => columns,
        Bound::Limited | Bound::Keyed | Bound::Unknown => return None,
    };
    let (reached, label) = evidence::reached(project, site.function);
    let base = match reached {
        Reached::Request => Priority::P1,
        Reached::Job | Reached::Unknown => Priority::P2,
        Reached::Startup | Reached::Command => Priority::P3,
    };
    let priority = lower(base, u32::from(!columns.is_empty()));
    let confidence = if columns.is_empty() && !site.query.statement.open {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let table = site.query.table().unwrap_or("the table");
    let mut finding = Finding::new("unbounded-query", priority, confidence, project.place_in(site.function, site.span));
    finding.title = format!("Loads every matching row of `{table}`, with no limit");
    finding.message = if columns.is_empty() {
        format!("The query on `{table}` has no limit and no filter that bounds it: what it loads grows with the table.")
    } else {
        format!(
            "The query on `{table}` has no limit; it is bounded only by {}: what it loads grows with each parent's rows.",
            list(&columns)
        )
    };
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!(
        "memory and time grow with the rows of `{table}`{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = format!("{} by {}", evidence::describe(&site.query), columns.join(","));
    finding.related = evidence::path_from_entry(project, site.function);
    if let Some(table) = project.schema.table(table)
        && let Some(place) = table.place()
    {
        finding.relate(project.schema_place(place), Role::Table, format!("table `{}`", table.name));
    }
    finding.fix = fix(site.query.library);
    Some(finding)
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
}

fn fix(library: &str) -> Fix {
    let code = match library {
        "sqlalchemy" => ".order_by(Model.id).where(Model.id > last_id).limit(page_size)",
        "django" => "queryset.order_by(\"pk\").filter(pk__gt=last_pk)[:page_size]  # or .iterator() in a job",
        "prisma" => "take: pageSize, cursor: lastId ? { id: lastId } : undefined, orderBy: { id: \"asc\" }",
        "drizzle" => ".where(gt(table.id, lastId)).orderBy(table.id).limit(pageSize)",
        "sql" => "… WHERE id > $1 ORDER BY id LIMIT $2",
        _ => "",
    };
    Fix {
        summary: "Page it: order by a unique key, start after the last one seen, and limit; or aggregate in the database when only a figure is needed.".to_owned(),
        code: (!code.is_empty()).then(|| code.to_owned()),
        ..Fix::default()
    }
}
