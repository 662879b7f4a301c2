//! `unindexed-foreign-key`: foreign keys that no index leads with.

use super::schema_fix;
use crate::finding::{Confidence, Finding, Priority, Role};
use crate::project::Project;
use crate::project::schema::{ForeignKey, Place, Table};

const ID: &str = "unindexed-foreign-key";

/// Indexes that a message lists.
const MAX_LISTED: usize = 6;

/// Runs the rule.
pub fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &project.schema.tables {
        for key in &table.foreign_keys {
            if !is_served(table, key) {
                findings.extend(report(project, table, key));
            }
        }
    }
    findings
}

/// An index leads with the key's columns, or with enough of them that few rows are left to look through.
fn is_served(table: &Table, key: &ForeignKey) -> bool {
    let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
    if columns.is_empty() || table.index_leading_with(&columns).is_some() || table.is_unique(&columns) {
        return true;
    }
    // A partition's indexes come from its parent; a column that the state does not have was removed or never read.
    let unknown = columns.iter().any(|column| table.column(column).is_none());
    let inherits = table.partition && table.open;
    // `(tenant_id, user_id) → users`: an index on the column that is not shared with other keys serves the lookup.
    let selective = columns.len() > 1 && columns.iter().any(|column| table.leads(column) && is_own(table, key, column));
    unknown || inherits || selective
}

fn is_own(table: &Table, key: &ForeignKey, column: &str) -> bool {
    table
        .foreign_keys
        .iter()
        .filter(|other| other.columns.iter().any(|name| name == column))
        .count()
        == 1
        && key.columns.iter().any(|name| name == column)
}

/// The column's definition in the model where there is one, else the constraint.
fn primary_place<'a>(table: &'a Table, key: &'a ForeignKey) -> Option<&'a Place> {
    let columns = key
        .columns
        .first()
        .and_then(|name| table.column(name))
        .map_or(&[][..], |column| &column.places);
    columns
        .iter()
        .find(|place| place.kind.is_model())
        .or_else(|| key.places.first())
        .or_else(|| columns.first())
}

fn report(project: &Project, table: &Table, key: &ForeignKey) -> Option<Finding> {
    let place = primary_place(table, key)?;
    let columns = key.columns.join(", ");
    let symbol = format!("{}.{}", table.name, key.columns.join("+"));
    let certain = !table.open && !table.phantom && project.schema.is_complete();
    let confidence = if certain { Confidence::High } else { Confidence::Medium };
    let mut finding = Finding::new(ID, Priority::P2, confidence, project.location(&place.file, place.span, &symbol));
    finding.subject.clone_from(&symbol);
    finding.title = format!("{}.{columns} references {} and no index leads with it", table.name, key.target);
    finding.message = message(table, key, &columns);
    let mut seen = vec![place];
    let columns_at = key
        .columns
        .iter()
        .filter_map(|name| table.column(name))
        .flat_map(|column| &column.places);
    for (other, text) in key
        .places
        .iter()
        .map(|at| (at, "the foreign key"))
        .chain(columns_at.map(|at| (at, "the column")))
    {
        if seen.contains(&other) {
            continue;
        }
        finding.relate(
            project.location(&other.file, other.span, &symbol),
            Role::Column,
            format!("{text} is declared here"),
        );
        seen.push(other);
    }
    for index in near_misses(table, key) {
        if let Some(place) = index.place() {
            let text = format!(
                "this index on ({}) holds the column, but does not lead with it or does not cover all rows",
                index.key_list()
            );
            finding.relate(project.location(&place.file, place.span, &symbol), Role::Index, text);
        }
    }
    finding.impact = format!(
        "every join or filter on {columns}, and every delete in {}, reads all of {}",
        key.target, table.name
    );
    finding.fix.summary = format!("Add an index that starts with ({columns}).");
    finding.fix.ddl = Some(schema_fix::create_index(table, &key.columns));
    finding.fix.orm = schema_fix::declare_index(table, &key.columns);
    Some(finding)
}

fn near_misses<'a>(table: &'a Table, key: &ForeignKey) -> Vec<&'a crate::project::schema::Index> {
    table
        .indexes
        .iter()
        .filter(|index| index.keys.iter().any(|at| key.columns.contains(&at.column)))
        .collect()
}

fn message(table: &Table, key: &ForeignKey, columns: &str) -> String {
    let mut existing: Vec<String> = table
        .indexes
        .iter()
        .take(MAX_LISTED)
        .map(|index| format!("({})", index.key_list()))
        .collect();
    if table.indexes.len() > MAX_LISTED {
        existing.push(format!("{} more", table.indexes.len() - MAX_LISTED));
    }
    let known = match existing.as_slice() {
        [] => format!("No index of {} is known.", table.name),
        list => format!("{} has indexes on {}.", table.name, list.join(", ")),
    };
    format!(
        "{}.{columns} is a foreign key to {}. {known} None starts with {columns}, so a lookup by it scans the table.",
        table.name, key.target
    )
}
